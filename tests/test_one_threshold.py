"""One threshold runs through an audit: metrics, disagreement, groups, reasons and costs are of the same decisions."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.analyses import ANALYSES
from tabinterp.report.html import render
from tabinterp.report.words import number
from tests import cases
from tests.resamples import few_resamples
from tests.shared import once_per_run

UNDECIDED = {
    "ladder",
    "decomposition",
    "maximisation",
    "path_weights",
    "trust",
}  # of scores; they take half of the time


@functools.cache
def made() -> tuple[ti.Table, ti.Model, ti.Model]:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 900))
    sex = rng.choice(["f", "m"], 900)
    frame = pd.DataFrame({"a": a, "b": b, "sex": sex, "y": a + b + (sex == "m") + rng.logistic(size=900) > 1})
    how = {"target": "y", "positive": True, "adverse": False, "protected": ["sex"], "drop": ["sex"], "split": 0.5}
    models = [
        ti.wrap(cases.affine([w], [c]), encoder="passthrough") for w, c in (([1.0, 1.0], -1.0), ([1.3, 0.6], -0.8))
    ]
    return ti.read_table(frame, **how), models[0], models[1]


@once_per_run
def audited(**how: Any):
    table, network, linear = made()
    part = ["decision_curve", "disagreement", "groups", "alternatives", "reason_codes"]
    if "threshold" in how:  # every analysis that may decide is seen at one threshold
        part = [one.name for one in ANALYSES if one.name not in UNDECIDED]
    with few_resamples():
        return ti.audit(network, table, counterpart=linear, rows=100, analyses=part, **how).document


def thresholds(part: Any, at: str = "") -> Iterator[tuple[str, float]]:
    """Every threshold of a decision that a document states, and where."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name in ("threshold", "decision_threshold") and value is not None:
                yield f"{at}.{name}", value
            yield from thresholds(value, f"{at}.{name}")
    if isinstance(part, list):
        for value in part:
            yield from thresholds(value, at)


# every threshold of a curve; of an association; of a number in a rule; the limit of a check
OTHERS = (".judged.decisions.curve.", ".together.", ".disagreement.leaves.", ".findings.")


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"threshold": 0.3}, 0.3),
        ({"costs": (1.0, 4.0)}, 0.2),
        ({}, 0.5),
    ],
)
def test_a_document_states_one_threshold(how, expected, undrawn):
    found = [one for one in thresholds(audited(**how).model_dump()) if not one[0].startswith(OTHERS)]
    assert {value for _, value in found} == {expected}
    places = {at for at, _ in found}
    given = {".judged.decisions.policy.threshold"} if how else set()
    stated = {
        ".performance.threshold",
        ".disagreement.decision_threshold",
        ".groups.table.threshold",
        ".reasons.threshold",
    }
    assert places >= stated | given
    assert f"the predicted probability of this class exceeds {number(expected)}" in render(audited(**how))


@pytest.mark.parametrize("how", [{"threshold": 0.3}, {"costs": (1.0, 4.0)}])
def test_every_number_of_a_decision_is_of_this_threshold(how):
    document, (table, _, _) = audited(**how), made()
    cut = how.get("threshold", 0.2)
    held = table.frame[table.held_out]
    scores = [held["a"] + held["b"] - 1.0, 1.3 * held["a"] + 0.6 * held["b"] - 0.8]
    called = [(1 / (1 + np.exp(-score)) > cut).to_numpy() for score in scores]
    y = held["y"].to_numpy(dtype=bool)
    (accuracy,) = [row for row in document.performance.metrics if row.metric == "accuracy"]
    for model, one in zip(("network", "linear"), called, strict=True):
        assert getattr(accuracy, model).value == pytest.approx((one == y).mean())
    (labels,) = [line for line in document.verdict.lines if line.key.startswith("verdict.labels")]
    alone = [(called[i] & ~called[1 - i] & (y == outcome)).sum() for i in (0, 1) for outcome in (False, True)]
    least = abs(alone[0] - alone[2]) + abs(alone[1] - alone[3])
    if sum(alone) - least >= 20:
        assert document.disagreement.count == labels.values["count"] == sum(alone)
    else:  # fewer than ten rows are on one side: told is the number in the middle of those that are possible
        about = {float(f"{(least + more) / len(y):.2g}") for more in (9, 10)}
        assert document.disagreement.count is None
        assert document.disagreement.share.value in about
        assert labels.key == "verdict.labels.about"
        assert labels.values["percent"] == pytest.approx(100 * document.disagreement.share.value)
    assert document.reasons.declined_rows == (~called[0]).sum()
    for row in document.groups.table.columns:
        inside = (held["sex"] == row.group[0].values["level"]).to_numpy()
        assert row.network.rate.value == pytest.approx(called[0][inside].mean())
    (decided,) = [row for row in document.judged.decisions.policy.metrics if row.metric == "accuracy"]
    assert decided.network.value == pytest.approx(accuracy.network.value)
    ratios = document.groups.alternatives.versions[0].ratios[0].value
    rates = [called[0][(held["sex"] == sex).to_numpy()].mean() for sex in ("f", "m")]
    assert (
        ratios
        == pytest.approx(min(rates) / max(rates))
        == pytest.approx(document.groups.table.impact.network[0].headline.ratio.value)
    )
