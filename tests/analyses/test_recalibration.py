"""The verdict after recalibration: maps of lowest loss, found by a slow search, and gaps that are of scale alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from torch import nn

import tabinterp as ti
from tabinterp.analyses.performance.estimator import compare
from tabinterp.analyses.recalibration.estimator import FOLDS, crossfitted, fit, folds, recalibrated
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases, oracles


def slow(scores, y, weights, task):
    """(slope, shift) by a search without derivatives over plain losses, row by row."""
    loss = {"regression": "squared_error", "count": "count poisson_deviance"}.get(task, "log_loss")
    centre, w = scores.mean(axis=0), weights / weights.sum()
    prior = 0.0 if task == "regression" else 1.0 / len(y)

    def mean(x):
        moved = x[0] * (scores - centre) + centre + x[1:]
        rows = sum(a * oracles.row_loss(loss, t, list(s)) for a, t, s in zip(w, y, moved, strict=True))
        return rows + prior * ((x[0] - 1) ** 2 + (x[1:] ** 2).sum())

    start = np.r_[1.0, np.zeros(scores.shape[1])]
    found = minimize(mean, start, method="Powell", options={"xtol": 1e-7, "ftol": 1e-13, "maxiter": 4000}).x
    return found[0], found[1:] + (1 - found[0]) * centre


@pytest.mark.parametrize("task", cases.TASKS)
def test_the_map_is_the_one_of_lowest_loss(task):
    rng = np.random.default_rng(3)
    n, k = 40, 3 if task == "multiclass" else 1
    scores, weights = rng.normal(0.3, 1.5, (n, k)), rng.integers(1, 4, n).astype(float)
    y = {
        "binary": rng.random(n) < 1 / (1 + np.exp(-0.4 * scores[:, 0])),
        "multiclass": np.argmax(0.5 * scores + rng.gumbel(size=(n, k)), axis=1),
        "regression": 2 + 0.4 * scores[:, 0] + rng.normal(size=n),
        "count": rng.poisson(np.exp(0.5 * scores[:, 0] + 0.2)),
    }[task].astype(float)
    slope, shift = fit(scores, y, weights, task)
    expected = slow(scores, y, weights, task)
    assert slope == pytest.approx(expected[0], abs=2e-4)
    assert shift == pytest.approx(expected[1], abs=3e-4)


def test_a_score_that_separates_or_says_nothing_has_a_map():
    y = np.r_[np.zeros(20), np.ones(20)]
    slope, shift = fit((y - 0.5)[:, None], y, np.ones(40), "binary")
    assert np.isfinite([slope, *shift]).all()
    assert slope > 1
    assert fit(np.ones((40, 1)), y, np.ones(40), "binary")[0] == 1.0


def linear_pair(scale, shift, n=1500, seed=0, **more):
    """Two models that know the same: the first one's log-odds are those of the second, moved."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    frame = pd.DataFrame({"x": x, "y": (rng.random(n) < 1 / (1 + np.exp(-x))).astype(int)})
    frame["team"] = np.arange(n) // 3
    table = ti.read_table(frame if more else frame.drop(columns="team"), target="y", **more)
    layers = cases.affine([scale], [shift]), cases.affine([1.0])
    return [bind(ti.wrap(nn.Sequential(a), encoder="passthrough", classes=[0, 1]), table) for a in layers]


def test_a_gap_of_scale_alone_is_gone():
    """As class weights make it: an intercept too high, and the log loss is worse; recalibrated, the two are one."""
    bounds = linear_pair(1.6, 1.2)
    before = compare(*bounds, held_out=True)
    after = recalibrated(*bounds, before)
    assert (before.status, after.before, after.status, after.changed) == ("worse", "worse", "equivalent", True)
    assert after.metric.difference[0] == pytest.approx(0, abs=2e-4)
    assert after.metric.linear[0] == pytest.approx(before.metrics[0].linear[0], abs=0.003)  # it was calibrated


def test_no_row_is_in_the_fit_of_its_own_map():
    network, _ = linear_pair(1.0, 0.0, 300)
    table = network.table
    fold = folds(table, 0, FOLDS)
    found = crossfitted(network.scores, table, fold)
    for one in range(FOLDS):
        turned = replace(table, y=np.where(fold == one, 1 - table.y, table.y))
        again = crossfitted(network.scores, turned, fold)
        assert again[fold == one] == pytest.approx(found[fold == one], abs=1e-12)
        assert not np.allclose(again[fold != one], found[fold != one], atol=1e-3)


def test_a_group_is_in_one_fold_and_order_says_nothing():
    network, linear = linear_pair(1.5, 0.4, 600, group="team")
    fold = folds(network.table, 1, FOLDS)
    assert (pd.Series(fold).groupby(network.table.frame["team"]).nunique() == 1).all()
    assert np.bincount(fold, minlength=FOLDS).min() > 60
    before = compare(network, linear, held_out=True)
    order = np.random.default_rng(0).permutation(600)
    one, other = recalibrated(network, linear, before), recalibrated(network.take(order), linear.take(order), before)
    assert other.metric.difference == pytest.approx(one.metric.difference, rel=1e-6)


def test_without_held_out_rows_there_is_none():
    bounds = linear_pair(1.0, 0.0, 100)
    with pytest.raises(NotApplicableError, match="needs a verdict on held-out rows"):
        recalibrated(*bounds, compare(*bounds, held_out=False))
    few = np.concatenate([np.flatnonzero(bounds[0].table.y == k)[:22] for k in (0, 1)])
    with pytest.raises(NotApplicableError, match="at least 10 rows in each fold"):
        recalibrated(*(b.take(few) for b in bounds), compare(*bounds, held_out=True))
