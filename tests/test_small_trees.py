"""Columns cut into bins beforehand: scikit-learn grows the same trees as on the columns themselves."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from tabinterp.stats.small_trees import few_trees, in_bins, unless_equal
from tests.shared import BINS_USE_WEIGHTS


@pytest.mark.skipif(not BINS_USE_WEIGHTS, reason="this scikit-learn cuts its own bins without the weights")
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: rng.gamma(2.0, size=400),
        lambda rng: np.where(rng.random(400) < 0.25, 3.0, 1 / 3),
        lambda rng: rng.integers(0, 3, 400).astype(float),
    ],
    ids=["all differ", "two values", "some nought"],
)
def test_trees_on_bins_are_those_on_the_columns(draw):
    rng = np.random.default_rng(0)
    columns = rng.normal(size=400), rng.integers(0, 9, 400), rng.normal(size=400).round(1), rng.integers(0, 90, 400)
    x = np.column_stack(columns).astype(float)
    x[rng.random(x.shape) < 0.05] = np.nan
    y, rows = (rng.random(400) < 0.5).astype(int), rng.random(400) < 0.7
    weights = unless_equal(draw(rng)[rows])
    binned = in_bins(x, rows, weights)
    own, ours = (
        HistGradientBoostingClassifier(**few_trees(30, 6, 1)).fit(each[rows], y[rows], weights).predict_proba(each)
        for each in (x, binned)
    )
    np.testing.assert_array_equal(ours, own)
    assert (binned[:, 1] == x[:, 1])[~np.isnan(x[:, 1])].all(), "few values need no bins"
    assert len(np.unique(binned[rows, 0])) <= 64, "63 bins, and missing"


def test_without_weights_columns_stay_as_they_are():
    x = np.random.default_rng(0).normal(size=(100, 2))
    assert in_bins(x, np.arange(100), unless_equal(np.ones(100))) is x
