"""What holds for every reading: shapes and names, nothing changed, equal answers over dataframe libraries and orders."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import stats

import tabinterp as ti
from tabinterp.analyses.gradients.estimator import METHODS
from tabinterp.analyses.performance.estimator import compare
from tabinterp.models import bind
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.estimates import Estimates
from tests import cases
from tests.shared import every_nth


def gradients(method):
    return lambda model, linear, table: ti.gradient_importance(model, table, method=method, background=20).frame()


READINGS = {
    "permutation": lambda model, linear, table: ti.permutation_importance(model, table, n_repeats=3).frame(),
    "permutation, exact": lambda model, linear, table: ti.permutation_importance(model, table, n_repeats=50).frame(),
    "shapley": lambda model, linear, table: ti.shapley_values(model, table, 15, "exact").frame(),
    **{method: gradients(method) for method in METHODS},
    "effects": lambda model, linear, table: ti.effects(model, table, grid=5).frame(),
    "coefficients": lambda model, linear, table: ti.coefficients(linear, table).frame(),
    "average derivatives": lambda model, linear, table: ti.coefficients(model, table).frame(),
    "neurons": lambda model, linear, table: ti.neuron_correlations(model, table).frame(),
    "units": lambda model, linear, table: ti.neurons(model, table).profile(),
    "incoming weights": lambda model, linear, table: ti.neurons(model, table).weights(),
    "maximisation": lambda model, linear, table: ti.maximise(
        model, table, objective=[ti.unit(1, 0), -ti.unit(2, 1)], starts=16
    ).frame(),
    "performance": lambda model, linear, table: compare(bind(model, table), bind(linear, table), held_out=True).frame(),
}
COLUMNS = {
    "permutation": ["column", "importance", "stderr", "ci_low", "ci_high", "off_support", "exact"],
    "permutation, exact": ["column", "importance", "stderr", "ci_low", "ci_high", "off_support", "exact"],
    "shapley": [
        "output", "column", "mean", "stderr", "ci_low", "ci_high", "mean_abs", "mean_abs_stderr", "tied_with_next",
    ],
    **{method: ["output", "column", "mean", "stderr", "ci_low", "ci_high", "mean_abs"] for method in METHODS},
    "coefficients": [
        "output", "column", "level", "reference", "unit", "sd", "estimate", "per_sd", "stderr", "ci_low", "ci_high", "z", "p",
        "odds_ratio", "odds_ratio_low", "odds_ratio_high", "model", "reason",
    ],
    "average derivatives": [
        "output", "column", "level", "reference", "unit", "sd", "estimate", "per_sd", "stderr", "ci_low", "ci_high",
        "sign_flip", "surrogate",
    ],
}  # fmt: skip


@cache
def scenery(task):
    frame = cases.mixed_frame(90, 8, task)
    return frame, (ti.wrap(cases.network_pipeline(frame, task)), ti.wrap(cases.linear_pipeline(frame, task)))


@cache
def plain(name, task):
    frame, models = scenery(task)
    return READINGS[name](*models, cases.mixed_table(frame, task))


@pytest.mark.parametrize("task", every_nth(2, ["multiclass", "binary", "count", "regression"]))
@pytest.mark.parametrize("name", READINGS)
def test_frames_hold_original_columns_and_the_names_that_are_documented(name, task):
    made = plain(name, task)
    documented = COLUMNS.get(name, list(made.columns))
    if task == "count":  # exp of a coefficient is named for what it is
        documented = [column.replace("odds_ratio", "rate_ratio") for column in documented]
    assert list(made.columns) == documented
    if name != "performance":
        assert set(made["column"]) == set(cases.INPUTS)
    outputs = 3 if task == "multiclass" else 1
    if name in METHODS:
        assert len(made) == outputs * len(cases.INPUTS)
    if name.startswith("permutation"):
        assert made["column"].tolist() == cases.INPUTS


# What follows holds for reasons that do not depend on the task: each is seen on one, and all tasks are seen.


@pytest.mark.parametrize("name", every_nth(2, READINGS))
def test_a_reading_changes_nothing(name):
    frame, models = scenery("multiclass")
    table = cases.mixed_table(frame, "multiclass", weighted=True)
    before, y, weights = table.frame.copy(), table.y.copy(), table.weights.copy()
    READINGS[name](*models, table)
    pd.testing.assert_frame_equal(table.frame, before)
    np.testing.assert_array_equal(table.y, y)
    np.testing.assert_array_equal(table.weights, weights)


def in_polars(frame):
    return pl.from_arrow(pa.Table.from_pandas(frame, preserve_index=False))


def of_another_library(library, frame, task):
    return ti.read_table(library(frame.drop(columns="w")), target="y", task=task, levels={"grade": cases.GRADES})


@pytest.mark.parametrize("name", every_nth(2, [*READINGS][::-1]))
def test_the_same_answers_over_pandas_and_polars(name):
    frame, models = scenery("binary")
    pd.testing.assert_frame_equal(
        READINGS[name](*models, of_another_library(in_polars, frame, "binary")), plain(name, "binary")
    )


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
@pytest.mark.parametrize(
    "name", ["permutation", "effects"]
)  # numbers and levels as they are encoded, and as they are shown
def test_the_same_answers_over_pyarrow(name, task):
    frame, models = scenery(task)
    table = of_another_library(pa.Table.from_pandas, frame, task)
    pd.testing.assert_frame_equal(READINGS[name](*models, table), plain(name, task))


@pytest.mark.parametrize("name", every_nth(2, [*READINGS][::-1]))
def test_the_order_of_the_columns_does_not_matter(name):
    frame, models = scenery("multiclass")
    turned = frame[["y", "grade", "income", "w", "city", "age", "member"]]
    one, two = plain(name, "multiclass"), READINGS[name](*models, cases.mixed_table(turned, "multiclass"))
    keys = [k for k in ("metric", "output", "layer", "unit", "objective", "column", "level") if k in one]
    one, two = (made.sort_values(keys).reset_index(drop=True) for made in (one, two))
    pd.testing.assert_frame_equal(one, two, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", READINGS)
def test_the_same_seed_gives_the_same_numbers(name):
    frame, models = scenery("count")
    pd.testing.assert_frame_equal(READINGS[name](*models, cases.mixed_table(frame, "count")), plain(name, "count"))


INSIDE = {
    "conductance": lambda model, linear, table: ti.conductance(model, table).frame(),
    "ablation": lambda model, linear, table: ti.ablate(model, table, n_repeats=2).frame(),
    "regions": lambda model, linear, table: ti.linear_regions(model, table, counterpart=linear).frame(),
    "paths": lambda model, linear, table: ti.path_weights(model, table).frame(),
    "probe rows": lambda model, linear, table: ti.probe_rows(model, table, grid=4).frame(),
    "six panels": lambda model, linear, table: ti.card(model, table, objective=ti.unit(1, 0)).frame(),
    "facets": lambda model, linear, table: ti.facets(model, table, objective=ti.unit(2, 1), number=2, starts=4).frame(),
    "path of budgets": lambda model, linear, table: ti.pareto(
        model, table, objective=ti.unit(2, 1), budgets=[0.5, None], starts=4
    ).frame(),
}


@pytest.fixture(scope="module")
def binary():
    frame = cases.mixed_frame(60, 8)
    return frame, (ti.wrap(cases.network_pipeline(frame)), ti.wrap(cases.linear_pipeline(frame)))


@pytest.mark.parametrize("name", every_nth(2, INSIDE))
def test_what_reads_the_inside_changes_nothing_and_minds_neither_library_nor_order(name, binary):
    frame, models = binary
    table = cases.mixed_table(frame, weighted=True)
    before = table.frame.copy()
    one = INSIDE[name](*models, table)
    pd.testing.assert_frame_equal(table.frame, before)
    turned = frame[["y", "grade", "income", "w", "city", "age", "member"]]
    two = INSIDE[name](
        *models, ti.read_table(in_polars(turned), target="y", levels={"grade": cases.GRADES}, weight="w")
    )
    if "column" in one:
        assert set(one["column"].dropna()) == set(cases.INPUTS)
    wanted = ("output", "layer", "unit", "group", "panel", "facet", "budget", "method", "column", "level", "value")
    keys = [k for k in wanted if k in one]
    one, two = (made.sort_values(keys, key=lambda c: c.astype(str)).reset_index(drop=True) for made in (one, two))
    pd.testing.assert_frame_equal(one, two, rtol=1e-4, atol=1e-5)


# ---- estimates


def test_a_mean_over_rows_is_students():
    values = np.random.default_rng(0).normal(size=(12, 2))
    result = mean_over_rows(values)
    for k in range(2):
        low, high = stats.t.interval(0.95, 11, values[:, k].mean(), stats.sem(values[:, k]))
        assert (result.low[k], result.high[k]) == pytest.approx((low, high))


def test_a_mean_leaves_missing_entries_out_and_weighs():
    values = np.array([[1.0, np.nan], [2.0, np.nan], [4.0, 3.0]])
    w = np.array([1.0, 2.0, 3.0])
    result = mean_over_rows(values, w)
    mean = 17 / 6
    error = np.sqrt((1 * (1 - mean) ** 2 + 4 * (2 - mean) ** 2 + 9 * (4 - mean) ** 2) * 3 / 2) / 6
    assert (result.value[0], result.stderr[0]) == pytest.approx((mean, error))
    assert result.value[1] == 3.0
    assert np.isnan(result.stderr[1])
    assert np.isnan(mean_over_rows(np.full((4, 1), np.nan)).value[0])


def test_an_interval_without_degrees_of_freedom_is_normal():
    result = Estimates.of(1.0, 0.5)
    assert (result.low, result.high) == pytest.approx(stats.norm.interval(0.95, 1.0, 0.5))
