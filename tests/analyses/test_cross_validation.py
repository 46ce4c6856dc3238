"""Refits on folds: the corrected variance in closed form, and its coverage where the truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

import tabinterp as ti
from tabinterp.analyses.cross_validation.estimator import Crossvalidated, corrected_stderr
from tabinterp.analyses.recalibration.estimator import folds
from tabinterp.errors import NotApplicableError, TabinterpError
from tests import cases


def table(n=240, group=None):
    x = np.random.default_rng(0).normal(size=n)
    frame = pd.DataFrame({"x": x, "y": x**2 + np.random.default_rng(1).normal(size=n), "g": np.arange(n) // 4})
    return ti.read_table(frame if group else frame.drop(columns="g"), target="y", task="regression", group=group)


def curved(seen=None):
    def fitted(rows):
        if seen is not None:
            seen.append(set(rows.numbers))
        pipeline = make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler(), LinearRegression())
        return ti.wrap(pipeline.fit(rows.inputs, rows.y))

    return fitted


def test_every_fold_is_scored_by_models_that_have_not_seen_it():
    data, seen = table(), []
    found = ti.crossvalidate(curved(seen), data, folds=6, seed=3)
    place = folds(data, 3, 6)
    for one in range(6):
        assert seen[one] == set(data.numbers[place != one])
        x, y = data.inputs.to_numpy(), data.y
        model = make_pipeline(PolynomialFeatures(2), LinearRegression()).fit(x[place != one], y[place != one])
        said = model.predict(x[place == one])
        assert found.network[one] == pytest.approx(np.mean((y[place == one] - said) ** 2), rel=1e-4)
    assert found.status == "equivalent"  # the counterpart is fitted on the same encoding, squares included
    assert sum(found.rows) == len(data)


def test_the_interval_is_the_corrected_ts():
    """Of the plain t test's by sqrt(1 + K / (K - 1))."""
    draws = np.random.default_rng(2).normal(0.1, 1, (2, 10))
    found = Crossvalidated("log_loss", draws[0], draws[1], (30,) * 10, 0.01, 0)
    plain = ttest_1samp(draws[0] - draws[1], 0).confidence_interval()
    wider = np.sqrt(1 + 10 / 9)
    assert np.diff(found.interval)[0] == pytest.approx(wider * (plain.high - plain.low), rel=1e-9)
    assert np.mean(found.interval) == pytest.approx(found.value)
    assert corrected_stderr(draws[0]) == pytest.approx(np.sqrt((1 / 10 + 1 / 9) * draws[0].var(ddof=1)))


def test_groups_stay_together_and_folds_are_large_enough():
    seen = []
    data = table(group="g")
    ti.crossvalidate(curved(seen), data, folds=3)
    for numbers in seen:
        assert all({4 * (i // 4) + j for j in range(4)} <= numbers for i in numbers)
    with pytest.raises(TabinterpError, match="at least two folds"):
        ti.crossvalidate(curved(), data, folds=1)
    with pytest.raises(NotApplicableError, match="with 30 folds the smallest fold has"):
        ti.crossvalidate(curved(), table(60), folds=30)


def test_classes_are_compared_by_log_loss():
    frame = cases.mixed_frame(120)
    found = ti.crossvalidate(
        lambda rows: ti.wrap(cases.linear_pipeline(rows.frame)), cases.mixed_table(frame, weighted=False), folds=2
    )
    assert found.metric == "log_loss"
    assert found.frame().shape == (2, 4)
