"""Slope, intercept and reliability curve, beside statsmodels, closed forms and loops over rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch
from scipy.optimize import minimize
from scipy.special import expit
from statsmodels.stats.proportion import proportion_confint

import tabinterp as ti
from tabinterp.comparison.calibration import calibration
from tabinterp.comparison.reliability import cuts, wilson
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tabinterp.models.scores import probabilities
from tests import cases

PARTS = ["slope", "slope_stderr", "intercept", "intercept_stderr"]


def bound(task: str = "binary", n: int = 900, **more):
    frame = cases.mixed_frame(n, task=task)
    frame["house"] = np.arange(n) // 3
    table = cases.mixed_table(
        frame, task, split=0.5, **({"group": "house"} | more if "group" in more else {"drop": ["house"], **more})
    )
    return bind(ti.wrap(cases.network_pipeline(frame, task)), table)


def held(model):
    rows = model.take(model.table.held_out)
    return rows, rows.table


def by_hand(fitted) -> list[float]:
    (intercept, slope), (intercept_error, slope_error) = fitted.params, fitted.bse
    return [slope, slope_error, intercept, intercept_error]


@pytest.mark.parametrize("task", ["binary", "regression", "count"])
def test_slope_and_intercept_are_those_of_statsmodels(task):
    model = bound(task)
    rows, table = held(model)
    kind = {"binary": sm.Logit, "regression": sm.OLS, "count": sm.Poisson}[task]
    settings = {} if task == "regression" else {"disp": 0, "tol": 1e-12, "maxiter": 200}
    expected = kind(table.y, sm.add_constant(rows.scores[:, 0])).fit(cov_type="HC0", **settings)
    found = calibration(model).frame().iloc[0]
    assert found[PARTS].astype(float).tolist() == pytest.approx(by_hand(expected), rel=1e-5, abs=1e-8)
    low, high = expected.conf_int()[1]
    assert [found["slope_low"], found["slope_high"]] == pytest.approx([low, high], rel=1e-5)


def test_several_classes_are_each_set_against_the_others():
    model = bound("multiclass")
    rows, table = held(model)
    p = probabilities(rows.scores)
    found = calibration(model).frame()
    assert found["output"].tolist() == ["a", "b", "c"]
    for k in range(3):
        odds = np.log(p[:, k] / (1 - p[:, k]))
        expected = sm.Logit(table.y == k, sm.add_constant(odds)).fit(cov_type="HC0", disp=0, tol=1e-12)
        assert found.iloc[k][PARTS].astype(float).tolist() == pytest.approx(by_hand(expected), rel=1e-4, abs=1e-7)


def test_rows_of_a_group_count_together():
    model = bound(group="house")
    rows, table = held(model)
    fit = sm.Logit(table.y, sm.add_constant(rows.scores[:, 0]))
    groups = table.frame["house"].factorize()[0]
    expected = fit.fit(cov_type="cluster", cov_kwds={"groups": groups}, disp=0, tol=1e-12)
    found = calibration(model).frame().iloc[0]
    assert found[PARTS].astype(float).tolist() == pytest.approx(by_hand(expected), rel=1e-5)


def test_weighted_slopes_have_the_sandwich_of_weighted_scores():
    model = bound(weighted=True)
    rows, table = held(model)
    w = table.weights / table.weights.mean()
    x, beta = sm.add_constant(rows.scores[:, 0]), np.zeros(2)
    for _ in range(60):  # Newton
        p = 1 / (1 + np.exp(-x @ beta))
        hessian = (x * (w * p * (1 - p))[:, None]).T @ x
        beta = beta + np.linalg.solve(hessian, x.T @ (w * (table.y - p)))
    scores = x * (w * (table.y - p))[:, None]
    inverse = np.linalg.inv(hessian)
    covariance = inverse @ (scores.T @ scores) @ inverse
    error = np.sqrt(np.diag(covariance))
    found = calibration(model).frame().iloc[0]
    assert found[PARTS].astype(float).tolist() == pytest.approx([beta[1], error[1], beta[0], error[0]], rel=1e-5)


def number(factor: float, shift: float, y):
    x = np.random.default_rng(0).normal(size=600)
    table = ti.read_table(
        pd.DataFrame({"x": x, "y": y(x)}), target="y", split=0.5, task=None if y(x).dtype != bool else "binary"
    )
    layer = torch.nn.Linear(1, 1)
    torch.nn.init.constant_(layer.weight, factor)
    torch.nn.init.constant_(layer.bias, shift)
    settings = {"task": "regression"} if table.schema.task == "regression" else {"classes": [False, True]}
    return bind(ti.wrap(layer, encoder="passthrough", **settings), table)


def test_scores_too_large_by_half_have_a_slope_of_two_thirds():
    found = calibration(number(1.5, 3.0, lambda x: x + 1)).frame().iloc[0]
    assert found["slope"] == pytest.approx(2 / 3, rel=1e-6)
    assert found["intercept"] == pytest.approx(-1, rel=1e-6)


@pytest.mark.parametrize(
    "model",
    [number(1.0, 0.0, lambda x: x > 0), number(0.0, 0.3, lambda x: x + np.random.default_rng(1).normal(size=600))],
)
def test_what_the_rows_do_not_determine_is_no_number(model):
    found = calibration(model)
    assert np.isnan(found.frame()[PARTS].to_numpy(dtype=float)).all()
    assert sum(b.rows for b in found.outputs[0].bins) == found.rows


def test_rows_that_were_not_held_out_show_no_calibration():
    frame = cases.mixed_frame(100)
    model = bind(ti.wrap(cases.network_pipeline(frame)), cases.mixed_table(frame))
    with pytest.raises(NotApplicableError, match="not trained on"):
        calibration(model)


@pytest.mark.parametrize("task", cases.TASKS)
def test_bins_hold_the_rows_they_say(task):
    model = bound(task)
    rows, table = held(model)
    for k, output in enumerate(calibration(model).outputs):
        scores = rows.scores
        if table.schema.goal.classes:
            prediction = probabilities(scores)[:, 1 if scores.shape[1] == 1 else k]
            y = (table.y == (1 if scores.shape[1] == 1 else k)).astype(float)
        else:
            prediction, y = np.exp(scores[:, 0]) if task == "count" else scores[:, 0], table.y
        order, start = np.argsort(prediction, kind="stable"), 0
        assert len(output.bins) <= 10
        assert len(output.bins) == 10 or len(np.unique(prediction)) < len(prediction)
        for one in output.bins:
            inside = order[start : start + one.rows]
            start += one.rows
            assert one.rows >= 10
            assert start == len(order) or prediction[order[start]] > prediction[inside].max()
            assert one.predicted == pytest.approx(prediction[inside].mean())
            assert one.observed == pytest.approx(y[inside].mean())
            if table.schema.goal.classes:
                ends = proportion_confint(y[inside].sum(), one.rows, method="wilson")
            else:
                ends = sm.stats.DescrStatsW(y[inside]).tconfint_mean()
            assert (one.low, one.high) == pytest.approx(ends, abs=1e-9)
        assert start == len(table)


def test_ties_stay_together_and_no_bin_is_small():
    draw = np.random.default_rng(3)
    for n in (9, 10, 25, 137, 400):
        ordered = np.sort(draw.integers(0, draw.integers(1, 30), n)).astype(float)
        edges = cuts(ordered)
        if n < 10:
            assert edges.tolist() == [0]
            continue
        assert (edges[0], edges[-1]) == (0, n)
        assert np.diff(edges).min() >= 10
        assert len(edges) <= 11
        assert all(ordered[at - 1] < ordered[at] for at in edges[1:-1])


@pytest.mark.parametrize(("hits", "rows"), [(0, 10), (3, 10), (10, 10), (1, 1), (450, 1000)])
def test_wilson_is_that_of_statsmodels(hits, rows):
    assert wilson(hits / rows, rows) == pytest.approx(proportion_confint(hits, rows, method="wilson"), abs=1e-12)


def _weighed(score, won, weight):
    frame = pd.DataFrame({"x": score, "y": np.where(won == 1, "yes", "no"), "w": weight, "part": "test"})
    spare = frame.iloc[:4].assign(part="train")
    table = ti.read_table(pd.concat([frame, spare]), target="y", positive="yes", weight="w", split="part")
    model = ti.wrap(lambda rows: rows["x"].to_numpy(), classes=["no", "yes"], outputs="logits")
    return calibration(bind(model, table)).outputs[0]


def test_rows_that_do_not_determine_a_slope_have_none():
    """Classes overlap in rows of next to no weight only: the others are predicted with certainty, and have no curvature."""
    score = np.repeat([0.0, 1.0, 0.0, 1.0], 5)
    won = np.repeat([0, 1, 1, 0], 5)
    found = _weighed(score, won, np.repeat([1e9, 1e9, 1e-6, 1e-6], 5))
    assert np.isnan([found.slope, found.intercept]).all()


def test_errors_hold_beside_rows_that_are_predicted_with_certainty():
    """The optimum by a direct search, and the sandwich about it; at a score of 1000 p underflows."""
    score = np.array([1, 1000, 0, 0, 2, 1, 2, 3, 1000, 1, 1, 3, 1000, 1, 2, 2, 2, 3, 1, 2, 1000.0])
    won = np.array([0, 0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0, 0])
    light, heavy = 1e-6, 1e9
    weight = [light, heavy, heavy, light, 2.5, 1e6, 2.5, light, heavy, 1e6, heavy]
    weight += [2.5, heavy, heavy, heavy, 2.5, light, heavy, heavy, light, 1e6]
    share = np.array(weight) / np.mean(weight)

    def loss(b):
        return share @ (np.logaddexp(0, b[0] + b[1] * score) - won * (b[0] + b[1] * score))

    best = minimize(
        loss, [1.0, -0.3], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14, "maxiter": 9999}
    ).x
    x = np.column_stack([np.ones(len(score)), score])
    p = expit(x @ best)
    bread = np.linalg.inv((x.T * (share * p * (1 - p))) @ x)
    stderr = np.sqrt(np.diag(bread @ (x.T * (share * (won - p)) ** 2) @ x @ bread))
    found = _weighed(score, won, weight)
    assert (found.intercept[0], found.slope[0]) == pytest.approx(tuple(best), rel=1e-5)
    assert (found.intercept[1], found.slope[1]) == pytest.approx(tuple(stderr), rel=1e-4)
