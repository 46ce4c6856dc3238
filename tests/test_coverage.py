"""The judge of the intervals: its truths against closed forms, its shares against intervals of known coverage, and its parts."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from benchmarks.coverage import __main__ as command
from benchmarks.coverage.cases import CASES, Population
from benchmarks.coverage.parts import drawn, read
from benchmarks.coverage.readings import READINGS, Reading, Told
from tabinterp.readouts.result import Estimates

SLOPES = np.array([1.0, -2.0, 0.5, 0.0, 3.0])
MANY = 40_000


@pytest.fixture(scope="module")
def linear():
    """The population of the independent columns under a linear model, whose truths are known."""
    module = nn.Linear(5, 1).requires_grad_(False)
    module.weight.copy_(torch.as_tensor(SLOPES[None]))
    return Population(replace(CASES[0], module=module), many=MANY)


def test_truths_of_a_linear_model_are_its_closed_forms(linear):
    uniform, skewed, share = 4 / 3, np.exp(0.75**2) * (np.exp(0.75**2) - 1), 0.3
    mean = np.array([0, 0, 0, np.exp(0.75**2 / 2) - 1, share])
    variance = np.array([1, 1, uniform, skewed, share * (1 - share)])
    error = np.sqrt(variance / MANY)
    np.testing.assert_allclose(linear.derivatives, SLOPES, atol=1e-5)
    np.testing.assert_allclose(
        linear.importance, 2 * SLOPES**2 * variance, atol=0.15
    )  # products of squares: wide tails
    away = mean - linear.background.mean(axis=0)
    assert (np.abs(linear.shapley - SLOPES * away) < 5 * np.abs(SLOPES) * error + 1e-5).all()
    others = np.array([np.sqrt(2 / np.pi), 0, 0, mean[3], share])  # the first column above zero
    assert (np.abs(linear.gradients_along - SLOPES * (mean - others)) < 7 * np.abs(SLOPES) * error + 1e-5).all()


@pytest.mark.parametrize("kind", ["effect", "ale"])
def test_curves_of_a_linear_model_are_lines_through_the_mean(linear, kind):
    for j in (0, 3):
        values, curve = linear.curve(kind, j)
        np.testing.assert_allclose(curve, SLOPES[j] * (values - linear.x[:, j].mean()), atol=0.01)


@pytest.mark.parametrize("width", [1.0, 0.8])
def test_shares_are_those_of_intervals_of_known_coverage(width):
    """Means of normal columns, by their own t intervals and by narrower ones."""

    def means(bound, population, seed):
        x = bound.table.inputs.to_numpy()
        told = Estimates.of(x.mean(axis=0), width * x.std(axis=0, ddof=1) / np.sqrt(len(x)), len(x) - 1)
        return [(told, np.zeros(4))]

    (held,) = read(CASES[1], Reading("means", means, (Told("mean", "mean"),)), 0, 400)
    expected = 2 * stats.t(399).cdf(width * stats.t(399).ppf(0.975)) - 1
    assert np.abs(held / 400 - expected).max() < 4 * np.sqrt(expected * (1 - expected) / 400)


def test_a_set_is_the_same_rows_whichever_sets_are_read_beside_it():
    beside, alone = drawn(CASES[1], 0, 5)[3], drawn(CASES[1], 3, 1)[0]
    np.testing.assert_array_equal(beside.x, alone.x)
    np.testing.assert_array_equal(beside.table.y, alone.table.y)
    assert not np.array_equal(beside.x, drawn(CASES[1], 0, 5)[2].x)


def run(monkeypatch, folder, name, *more):
    out, kept = folder / f"{name}.md", folder / f"{name}.json"
    monkeypatch.setattr(sys, "argv", ["coverage", "--out", str(out), "--kept", str(kept), *more])
    command.main()
    return out.read_text(), json.loads(kept.read_text())


def test_what_is_kept_is_added_to(tmp_path, monkeypatch):
    at_once = run(monkeypatch, tmp_path, "once", "--sets", "12", "--only", "tanh/derivative")
    run(monkeypatch, tmp_path, "parts", "--sets", "5", "--only", "tanh/derivative")
    assert run(monkeypatch, tmp_path, "parts", "--sets", "12", "--only", "tanh/derivative") == at_once
    table, kept = at_once
    assert kept["sets"] == {"tanh/derivative": 12}
    assert [line.count("| 12 | 5 |") for line in table.splitlines() if "average derivative" in line] == [1]
    both, kept = run(monkeypatch, tmp_path, "parts", "--sets", "4", "--only", "relu/permutation_1")
    assert kept["sets"] == {"tanh/derivative": 12, "relu/permutation_1": 4}
    assert "average derivative" in both
    assert "permutation importance, 1 draw" in both


def test_a_part_that_is_not_there_is_refused(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, tmp_path, "none", "--only", "tanh/derivatives")
    assert "tanh/derivative, " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("covered", "verdict"),
    [
        ([0.95, 0.94, 0.96], "holds"),
        ([0.95, 0.95, 0.91], "**misses**: few"),
        ([0.92, 0.93, 0.93], "**misses**: few"),
        ([0.98, 0.98, 0.98], "conservative: many"),
        ([0.95, 0.95, 0.99], "conservative: many"),
    ],
)
def test_the_bar(covered, verdict):
    line = command.Line("network", Told("reading", "estimand", less="few", more="many"), np.array(covered), 2000)
    assert line.row().endswith(f"| {verdict} |")


def test_every_part_has_a_name_of_its_own():
    slugs = [part.slug for part in command.PARTS]
    assert len(set(slugs)) == len(slugs) >= len(CASES) * len(READINGS)
