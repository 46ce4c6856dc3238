"""Conformal prediction beside MAPIE, coverage on simulated tables, and a slice in which the errors are larger."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from mapie.classification import SplitConformalClassifier
from mapie.regression import SplitConformalRegressor
from scipy import stats
from sklearn.compose import ColumnTransformer

import tabinterp as ti
from tabinterp.analyses.conformal.estimator import conformal, threshold
from tabinterp.analyses.slices.estimator import groups_of
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tabinterp.table.folds import folds
from tests import cases


@functools.cache
def fitted(task: str):
    frame = cases.mixed_frame(900, task=task)
    table = cases.mixed_table(frame, task, split=0.5)
    return table, cases.network_pipeline(frame, task), cases.linear_pipeline(frame, task)


@functools.cache
def both(task: str):
    table, *pipelines = fitted(task)
    rows = table.evaluation_rows()
    return tuple(bind(ti.wrap(one), rows) for one in pipelines)


def three(task: str):
    network, linear = both(task)
    return network, network.table, linear


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_sets_are_those_of_mapie(task):
    table, *pipelines = fitted(task)
    rows = table.evaluation_rows()
    found, half = conformal(*three(task), seed=3), folds(rows, 3 + 7, 2)
    target = rows.frame[rows.schema.target].to_numpy()
    for name, pipeline in zip(("network", "linear"), pipelines, strict=True):
        sizes, hits = np.zeros(len(rows)), np.zeros(len(rows))
        for k in (0, 1):
            mapie = SplitConformalClassifier(pipeline, confidence_level=0.9, conformity_score="lac", prefit=True)
            mapie.conformalize(rows.inputs[half != k], target[half != k])
            _, sets = mapie.predict_set(rows.inputs[half == k])
            sizes[half == k] = sets[:, :, 0].sum(axis=1)
            place = np.searchsorted(pipeline.classes_, target[half == k])
            hits[half == k] = sets[np.arange(len(place)), place, 0]
        own = getattr(found, name)
        assert own.width[0] == pytest.approx(
            sizes.mean(), abs=2 / len(rows)
        )  # a probability at the threshold, by rounding
        assert own.coverage[0] == pytest.approx(hits.mean(), abs=2 / len(rows))
        assert own.width[1] == pytest.approx(stats.sem(sizes), rel=0.02)


def test_intervals_are_those_of_mapie():
    table, *pipelines = fitted("regression")
    rows = table.evaluation_rows()
    found, half = conformal(*three("regression"), seed=3), folds(rows, 3 + 7, 2)
    widths = []
    for name, pipeline in zip(("network", "linear"), pipelines, strict=True):
        width, hits = np.zeros(len(rows)), np.zeros(len(rows))
        for k in (0, 1):
            mapie = SplitConformalRegressor(pipeline, confidence_level=0.9, prefit=True)
            mapie.conformalize(rows.inputs[half != k], rows.y[half != k])
            _, ends = mapie.predict_interval(rows.inputs[half == k])
            low, high = ends[:, :, 0].T
            width[half == k] = high - low
            y = rows.y[half == k]
            hits[half == k] = (y >= low - 1e-6) & (y <= high + 1e-6)  # one row lies on its end
        widths.append(width)
        own = getattr(found, name)
        assert own.width[0] == pytest.approx(width.mean(), rel=1e-4)
        assert own.coverage[0] == pytest.approx(hits.mean(), abs=2 / len(rows))
    assert found.difference[0] == pytest.approx((widths[0] - widths[1]).mean(), abs=1e-4 * widths[0].mean())


def test_the_threshold_is_the_quantile_of_the_papers_and_of_repeated_rows():
    draw = np.random.default_rng(0)
    for n in (9, 10, 57, 200):
        strange = draw.random(n)
        place = int(np.ceil(0.9 * (n + 1)))
        expected = np.sort(strange)[place - 1] if place <= n else np.inf
        assert threshold(strange, np.ones(n), 0.9) == expected
        assert threshold(strange, np.full(n, 2.5), 0.9) == expected
    assert threshold(draw.random(8), np.ones(8), 0.9) == np.inf
    strange, counts = draw.random(300), draw.integers(1, 4, 300)
    repeated = threshold(np.repeat(strange, counts), np.ones(counts.sum()), 0.9)
    order = np.sort(strange)
    assert (
        abs(np.searchsorted(order, threshold(strange, counts.astype(float), 0.9)) - np.searchsorted(order, repeated))
        <= 1
    )


@pytest.mark.parametrize("task", ["regression", "count"])
def test_new_rows_are_covered_nine_times_in_ten(task):
    """Over 60 tables of 200 rows: a mean coverage of 90 to 90 + 1/101 percent, with a standard error of about 0.3 points."""
    shares = []
    for number in range(60):
        draw = np.random.default_rng([4, number])
        x = draw.normal(size=400)
        y = draw.poisson(np.exp(0.5 * x + 1)) + 0.0 if task == "count" else x + draw.standard_t(3, 400)
        frame = pd.DataFrame({"x": x, "y": y, "split": np.where(np.arange(400) < 200, "train", "test")})
        table = ti.read_table(frame, target="y", task=task, split="split")
        module = cases.affine([0.5], [1.0]) if task == "count" else cases.affine([1.0])
        more = {"outputs": "log_rate"} if task == "count" else {}
        model = ti.wrap(module, encoder="passthrough", task=task, **more)
        bound = bind(model, table.evaluation_rows())
        shares.append(conformal(bound, bound.table, bound, seed=number).network.coverage[0])
    low, high = (0.9, 0.91) if task == "regression" else (0.9, 0.97)  # counts lie on the ends of intervals
    assert low - 3 * stats.sem(shares) < np.mean(shares) < high + 3 * stats.sem(shares)


def test_slices_are_one_family_and_few_uncovered_rows_are_not_told():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {"a": rng.normal(size=4000), "b": rng.normal(size=4000), "city": rng.choice(list("uvwx"), 4000)}
    )
    frame["y"] = frame["a"] + rng.normal(size=4000) * np.where(frame["city"] == "w", 3.0, 1.0)
    table = ti.read_table(
        frame.assign(split=np.where(np.arange(4000) < 2000, "train", "test")), target="y", split="split"
    )
    plain = frame[["a", "b", "city"]]
    numbers = ColumnTransformer([("numbers", "passthrough", ["a", "b"])]).fit(plain)
    network = bind(ti.wrap(cases.affine([1.0, 0.0]), encoder=numbers, task="regression"), table)
    rows = network.take(np.flatnonzero(table.held_out))
    found = conformal(rows, rows.table, rows)
    worst = found.slices[0]
    assert worst.group.level == "w"
    assert found.difference == pytest.approx((0.0, 0.0, 0.0, 0.0))
    half = folds(rows.table, 7, 2)
    strange = np.abs(rows.table.y - rows.scores[:, 0])
    most = [np.sort(strange[half != k])[int(np.ceil(0.9 * ((half != k).sum() + 1))) - 1] for k in (0, 1)]
    missed = strange > np.array(most)[half]
    others = int(missed[~worst.group.rows].sum())
    assert 0 < others < 10  # in the three other cities together: ten are assumed there
    assert worst.coverage[0] == pytest.approx(1 - (missed.sum() - 10) / worst.rows)
    p = worst.coverage[0]
    assert worst.coverage[1] == pytest.approx(np.sqrt(p * (1 - p) / (worst.rows - 1)), rel=0.01)
    assert worst.coverage[3] < 0.8
    shown = [one for one in found.slices if one.group.column == "city"]
    assert len(shown) == 1


def test_all_slices_are_tested_and_those_with_few_uncovered_rows_are_not_told():
    found = conformal(*three("binary"))
    assert found.tested == len([*groups_of(both("binary")[0].table, 100)])
    assert len(found.slices) <= found.tested


@pytest.mark.parametrize("lost", ["split", "rows"])
def test_what_is_too_little_is_said(lost):
    network, linear = both("binary")
    rows = np.arange(len(network.table) if lost == "split" else 90)
    few = [one.take(rows) for one in (network, linear)]
    if lost == "split":
        _, *pipelines = fitted("binary")
        plain = cases.mixed_table(cases.mixed_frame(900, task="binary"), "binary")
        few = [bind(ti.wrap(one), plain) for one in pipelines]
    with pytest.raises(NotApplicableError):
        conformal(few[0], few[0].table, few[1])
