"""A quick part of the truth suite: every formula read as if it were a network, and networks built by hand."""

from __future__ import annotations

import pytest
import torch

from benchmarks.truth import readings
from benchmarks.truth.functions import CLOSED, SYN, VARIANCE, XAI_BENCH
from benchmarks.truth.lines import at_least, near
from benchmarks.truth.networks import BY_HAND
from tests.shared import every_nth


def held(lines):
    lines = list(lines)
    assert lines
    missed = [line.row() for line in lines if not line.passed]
    assert missed == []


@pytest.fixture(autouse=True)
def fewer_replicates(monkeypatch):
    """Of the main effects: half of those that `make truth` takes, whose errors are larger; the distances stay."""
    monkeypatch.setattr(readings, "REPLICATES", 8)


@pytest.mark.nightly
@pytest.mark.parametrize("name", VARIANCE)
def test_shares_of_the_variance(name):
    function = VARIANCE[name]
    held(readings.variance_lines(name, function, readings.FORMULA, function.module(), 2000))


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_of_shapley_values(name):
    function = CLOSED[name]
    held(readings.shapley_lines(name, function, readings.FORMULA, function.module(), 40))


@pytest.mark.parametrize("name", every_nth(2, XAI_BENCH))
def test_xai_bench(name):
    function = XAI_BENCH[name]
    held(readings.xai_bench_lines(name, function, readings.FORMULA, function.module(), 60))


@pytest.mark.parametrize("name", every_nth(2, SYN))
def test_syn(name):
    held(readings.generator_lines(name, SYN[name], 20_000))
    held(readings.syn_lines(name, SYN[name], readings.FORMULA, SYN[name].module(), 60))


@pytest.mark.parametrize("name", every_nth(2, BY_HAND))
def test_networks_by_hand(name):
    held(readings.by_hand_lines(name, 100))


@pytest.mark.nightly
def test_a_wrong_answer_is_a_miss():
    function = VARIANCE["Ishigami"]
    wrong = readings.variance_lines(
        "Ishigami", function, readings.FORMULA, torch.nn.Sequential(function.module(), torch.nn.Softplus()), 2000
    )
    assert sum(not line.passed for line in wrong) >= 4
    assert not near(
        "f", "s", "w", "e", [1.0], [1.02], 0.1, [0.001]
    ).passed  # within the distance, not within its errors
    assert not near("f", "s", "w", "e", [1.0], [1.2], 0.1, [0.1]).passed  # within its errors, too coarse
    assert not near("f", "s", "w", "e", [1.0], [float("nan")], 0.1).passed
    assert not at_least("f", "s", "w", "e", float("nan"), 0.9).passed
