"""Versions of both models beside fairlearn's ratio and sklearn's AUC, and a protected column whose removal is known to matter."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import demographic_parity_ratio
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tabinterp as ti
from tabinterp.analyses.alternatives.estimator import _ratios, alternatives
from tabinterp.analyses.groups.partition import partition
from tabinterp.analyses.groups.selection import Decided
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind

COLUMNS = ["x", "older", "by"]


@functools.cache
def made():
    """The outcome follows `x`, and `older`, a protected input; `by` stands in for `circle`, which is protected and no input."""
    rng = np.random.default_rng(0)
    n = 3000
    older, circle = rng.integers(0, 2, n), rng.integers(0, 2, n)
    x, by = rng.normal(size=n), circle + 0.3 * rng.normal(size=n)
    y = rng.random(n) < 1 / (1 + np.exp(-(1.2 * x + 1.8 * (older - 0.5) + 1.2 * (by - 0.5))))
    names = {"circle": np.where(circle, "in", "out"), "y": np.where(y, "yes", "no")}
    frame = pd.DataFrame({"x": x, "older": older.astype(float), "by": by, **names})
    how = {"kinds": {"older": "numeric"}, "protected": ["older", "circle"], "drop": ["circle"], "split": 0.4}
    table = ti.read_table(frame, target="y", positive="yes", adverse="no", **how)
    rows = table.training_rows()
    net = MLPClassifier((8,), tol=1e-3, random_state=0)
    network = make_pipeline(StandardScaler(), net).fit(rows.inputs, rows.frame["y"])
    bound = bind(ti.wrap(network), table)
    return network, bound, bind(ti.fit_counterpart(bound, table), table)


@functools.cache
def found():
    _, network, linear = made()
    return alternatives(network, linear, ["by"])


def version(model, how, *without):
    return next(v for v in found().versions if (v.model, v.how, v.without) == (model, how, without))


def held_out():
    return made()[1].table.take(made()[1].table.held_out)


def sensitive(table, column):
    return table.frame[column] > 0.5 if column == "older" else table.frame[column]


def agrees(one, score):
    table = held_out()
    assert one.auc[0] == pytest.approx(roc_auc_score(table.y, score), abs=1e-6)
    for i, column in enumerate(found().columns):
        ratio = demographic_parity_ratio(table.y, score > 0, sensitive_features=sensitive(table, column))
        assert one.ratios[i][0] == pytest.approx(ratio, abs=1e-6)
        assert one.ratios[i][2] <= one.ratios[i][0] <= one.ratios[i][3]


def test_both_models_have_the_auc_of_sklearn_and_the_ratio_of_fairlearn():
    rows = held_out()
    assert found().columns == ("older", "circle")
    agrees(version("network", "whole"), made()[1].take(made()[1].table.held_out).scores[:, 0])
    agrees(version("linear", "whole"), made()[2].take(made()[2].table.held_out).scores[:, 0])
    assert found().rows == len(rows)


def test_a_column_held_at_its_mean_is_that_of_every_row():
    network, table = made()[0], made()[1].table
    for columns in (("older",), ("by",), ("older", "by")):
        inputs = held_out().inputs.assign(**{c: table.training_rows().inputs[c].mean() for c in columns})
        p = network.predict_proba(inputs)[:, 1]
        agrees(version("network", "held", *columns), np.log(p / (1 - p)))


def test_a_refit_without_a_column_is_a_fit_that_never_saw_it():
    """Penalised, and hardly, so that an unpenalised fit is near it."""
    rows = made()[1].table.training_rows()
    kept = ["x", "by"]
    plain = LogisticRegression(C=np.inf).fit(rows.inputs[kept], rows.frame["y"])
    one = version("linear", "refitted", "older")
    assert one.auc[0] == pytest.approx(
        roc_auc_score(held_out().y, plain.decision_function(held_out().inputs[kept])), abs=2e-3
    )


def test_doing_without_the_protected_column_costs_auc_and_brings_the_ratio_near_one():
    for how, model in (("held", "network"), ("refitted", "linear")):
        for i, (column, gone) in enumerate((("older", "older"), ("circle", "by"))):
            whole, without = version(model, "whole"), version(model, how, gone)
            assert whole.ratios[i][0] < 0.75, (model, column)
            assert without.ratios[i][0] > 0.85, (model, column)
            assert without.auc[0] < whole.auc[0] - 0.02


def test_the_frontier_is_what_no_other_version_beats():
    for i in range(2):
        points = [(v.auc[0], v.ratios[i][0]) for v in found().versions]
        for v, (auc, ratio) in zip(found().versions, points, strict=True):
            beaten = any(a >= auc and r >= ratio and (a, r) != (auc, ratio) for a, r in points)
            assert v.frontier[i] != beaten
        assert sum(v.frontier[i] for v in found().versions) >= 2
    frame = found().frame()
    assert len(frame) == 2 * len(found().versions) == 16
    assert frame["frontier"].sum() == sum(sum(v.frontier) for v in found().versions)


def test_what_alternatives_need():
    _, network, linear = made()
    bare = network.table.take(network.table.held_out)
    with pytest.raises(NotApplicableError, match="both training and held-out rows"):
        alternatives(bind(network.model, bare), bind(linear.model, bare))


def test_versions_are_compared_on_the_groups_that_may_be_told_of_all_of_them():
    """Of the first version five rows of group c are not selected, which is withheld, and so is a, which would tell of it."""
    groups, rows = ["a", "b", "c", "d"], 200
    frame = pd.DataFrame({"x": 0.0, "g": np.repeat(groups, rows), "y": np.tile(["yes", "no"], 2 * rows)})
    table = ti.read_table(frame, target="y", positive="yes", adverse="no", protected=["g"])

    def version(selected: list[int]) -> Decided:
        chosen = np.concatenate([np.arange(rows) < count for count in selected]).astype(float)
        return Decided(chosen, chosen, table.y > 0, None, None)

    hidden, told = version([150, 100, 195, 60]), version([150, 100, 50, 60])
    (alone,), (together,) = (
        _ratios(partition(table), [told], table)[0],
        _ratios(partition(table), [told, hidden], table)[0],
    )
    assert alone[0] == pytest.approx(50 / 150)
    assert together[0] == pytest.approx(60 / 100)
