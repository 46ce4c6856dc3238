"""Effect curves against scikit-learn, loops from the papers, closed forms, and their own promises."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.decomposition import PCA
from sklearn.inspection import partial_dependence as of_sklearn
from torch import nn

import tabinterp as ti
from tabinterp.analyses.effects import estimator as fx
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases, oracles
from tests.shared import every_nth

FLOAT32 = 5e-6
N = 40


@cache
def scene(task="binary", weighted=False, mixed=False):
    frame = cases.mixed_frame(N, 0, task)
    table = cases.mixed_table(frame, task, weighted)
    pipeline = cases.network_pipeline(frame, task, after=[PCA(4, random_state=0)] if mixed else [])
    return frame, table, pipeline, cases.scorer(pipeline, task), frame["w"].to_numpy() if weighted else np.ones(N)


# ---- oracles


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_a_linear_model_has_straight_lines_with_its_own_slope(task):
    frame = cases.mixed_frame(120, 1, task)
    pipeline = cases.linear_pipeline(frame, task)
    result = ti.effects(ti.wrap(pipeline), cases.mixed_table(frame, task))
    coefficients = np.atleast_2d(pipeline[-1].coef_)
    coefficients = coefficients - coefficients.mean(axis=0) if task == "multiclass" else coefficients
    slope = coefficients[:, 1] / pipeline[0].transformers_[0][1][-1].scale_[1]
    income = result["income"]
    at = frame["income"].clip(income.values[0], income.values[-1])  # rows beyond the outer points are at them
    expected = (np.array(income.values)[:, None] - at.mean()) * slope
    for told in (income.effect.value, income.ale.value, income.ice_low, income.ice_high):
        np.testing.assert_allclose(told, expected, atol=2e-5)
    np.testing.assert_allclose(income.pdp.value - income.pdp.value[0], expected - expected[0], atol=2e-5)
    error = abs(slope) * at.std() / np.sqrt(120)  # only the column's mean is uncertain
    np.testing.assert_allclose(income.effect.stderr, np.broadcast_to(error, expected.shape), rtol=1e-3)
    grade = result["grade"].ale.value
    np.testing.assert_allclose(np.diff(grade, axis=0), np.diff(result["grade"].pdp.value, axis=0), atol=2e-5)


@pytest.mark.parametrize(("task", "scale"), every_nth(2, [("regression", "log_odds"), ("binary", "probability")]))
def test_partial_dependence_is_scikit_learns(task, scale):
    frame, table, pipeline, *_ = scene(task)
    result = ti.effects(ti.wrap(pipeline), table, columns=["income"], grid=N + 1, scale=scale)
    theirs = of_sklearn(
        pipeline,
        frame[cases.INPUTS],
        ["income"],
        grid_resolution=N + 1,
        percentiles=(0, 1),
        method="brute",
        kind="both",
    )
    curve = result["income"]
    np.testing.assert_allclose(curve.values, theirs["grid_values"][0])
    np.testing.assert_allclose(curve.pdp.value[:, 0], theirs["average"][0], rtol=1e-5, atol=FLOAT32)
    single = theirs["individual"][0]
    centred = single - single.mean(axis=1, keepdims=True)
    low, high = np.quantile(centred, [0.1, 0.9], axis=0, method="inverted_cdf")
    np.testing.assert_allclose(curve.ice_low[:, 0], low, atol=2e-5)
    np.testing.assert_allclose(curve.ice_high[:, 0], high, atol=2e-5)


@pytest.mark.parametrize(
    ("task", "weighted", "mixed"),  # each two of them together
    every_nth(
        2, [("binary", True, True), ("binary", False, False), ("multiclass", True, False), ("multiclass", False, True)]
    ),
)
def test_partial_dependence_by_hand_for_every_kind_of_column(task, weighted, mixed):
    frame, table, pipeline, score, w = scene(task, weighted, mixed)
    result = ti.effects(ti.wrap(pipeline), table, grid=4)
    assert result["age"].values[-1] is None
    assert result["city"].values == ("bern", "oslo", "rome", None)
    assert result["member"].values == (False, True)
    assert result["grade"].values == tuple(cases.GRADES)
    for curve in result.curves:
        for at, value in enumerate(curve.values):
            given = np.nan if value is None else value
            expected = oracles.partial_dependence(score, frame[cases.INPUTS], curve.column, given, w)
            np.testing.assert_allclose(curve.pdp.value[at], expected, atol=FLOAT32)


def correlated(n=50, seed=0, weighted=True, digits=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)) @ np.array([[1.0, 0.8, 0.0], [0.0, 0.6, 0.0], [0.0, 0.0, 1.0]])
    frame = pd.DataFrame(np.round(x, digits), columns=["x1", "x2", "x3"])
    frame["y"], frame["w"] = x[:, 0], rng.integers(1, 4, n) + 0.0
    frame = frame if weighted else frame.drop(columns="w")
    return frame, ti.read_table(frame, target="y", task="regression", weight="w" if weighted else None)


@pytest.mark.parametrize(("points", "name"), every_nth(2, product([2, 5, 12], cases.RELUS)))
def test_accumulated_effects_by_hand_with_their_errors(name, points):
    """The error is that of the infinitesimal jackknife: the curve's derivatives by the rows' weights, edges fixed."""
    frame, table = correlated()
    module = cases.relu_network(cases.RELUS[name])
    curve = ti.effects(cases.wrapped(module), table, columns=["x1"], grid=points)["x1"]
    x, w = frame[["x1", "x2", "x3"]].to_numpy(), frame["w"].to_numpy()

    def difference(i, a, b):
        rows = np.array([[b, *x[i, 1:]], [a, *x[i, 1:]]])
        above, below = module(torch.as_tensor(rows)).detach().numpy()[:, 0]
        return above - below

    table_of = {
        (i, k): difference(i, a, b)
        for k, (a, b) in enumerate(zip(curve.values[:-1], curve.values[1:], strict=True))
        for i in range(50)
    }
    place = {edge: k for k, edge in enumerate(curve.values)}
    inside = np.clip(x[:, 0], curve.values[0], curve.values[-1])  # rows beyond the outer points are at them

    def ale(weights):
        return np.array(oracles.accumulated(lambda i, a, b: table_of[i, place[a]], inside, curve.values, weights))

    assert len(curve.values) == min(points, 3)  # of fifty rows, ten at least for each
    np.testing.assert_allclose(curve.ale.value[:, 0], ale(w), atol=FLOAT32)
    for at in (0, len(curve.values) - 1):
        expected = oracles.infinitesimal_jackknife(lambda v, at=at: ale(v)[at], w)
        assert curve.ale.stderr[at, 0] == pytest.approx(expected, rel=1e-3)


def test_accumulated_effects_of_ordered_levels_and_the_error_of_the_centred_curve():
    frame, table, pipeline, score, w = scene("binary", True)
    curve = ti.effects(ti.wrap(pipeline), table, columns=["grade"])["grade"]
    codes = frame["grade"].map(cases.GRADES.index).to_numpy()
    at = np.stack([score(frame[cases.INPUTS].assign(grade=g))[:, 0] for g in cases.GRADES])
    expected = oracles.accumulated_levels(lambda i, a, b: at[b, i] - at[a, i], codes, 3, w)
    np.testing.assert_allclose(curve.ale.value[:, 0], expected, atol=FLOAT32)

    def centred(v):
        level = at @ v / v.sum()
        return level[0] - (level[codes] * v).sum() / v.sum()

    assert curve.effect.value[0, 0] == pytest.approx(centred(w), abs=FLOAT32)
    assert curve.effect.stderr[0, 0] == pytest.approx(oracles.infinitesimal_jackknife(centred, w), rel=1e-3)
    plain = oracles.infinitesimal_jackknife(lambda v: at[1] @ v / v.sum(), w)
    assert curve.pdp.stderr[1, 0] == pytest.approx(plain, rel=1e-3)


def test_levels_without_an_order_are_not_accumulated():
    _, table, pipeline, *_ = scene()
    result = ti.effects(ti.wrap(pipeline), table)
    assert [c.ordered for c in result.curves] == [True, True, False, True, True]
    assert np.isnan(result["city"].ale.value).all()
    assert np.isnan(result["age"].ale.value[-1]).all()  # missing has no place in the order
    assert not np.isnan(result["age"].ale.value[:-1]).any()


def test_a_product_has_its_closed_forms_where_columns_are_correlated():
    """f = x1 x2: partial dependence v mean(x2); the accumulated effect follows E(x2 | x1), which rises with x1."""
    frame, table = correlated(4000, weighted=False, digits=12)
    curve = ti.effects(cases.wrapped(cases.product_network()), table, columns=["x1"], grid=30)["x1"]
    v = np.array(curve.values)
    np.testing.assert_allclose(curve.pdp.value[:, 0], v * frame["x2"].mean(), atol=1e-4)
    inside = np.abs(v) < 1.5
    expected = 0.4 * (v**2 - 1)
    assert np.all(np.abs(curve.ale.value[inside, 0] - expected[inside]) < 4 * curve.ale.stderr[inside, 0] + 0.01)
    assert np.abs(curve.effect.value[inside, 0]).max() < 0.1


@pytest.mark.nightly
def test_intervals_cover_the_population_value():
    """f = x1 x2, E x2 = 1: the centred curve is v - E x1, beyond the ends as at them. 400 tables: three standard errors of a
    count are 3.3%."""
    inside, reps, n = np.zeros(3), 400, 120
    frame = pd.DataFrame(
        np.random.default_rng(3).normal([0.5, 1.0, 0.0], size=(reps * n, 3)), columns=["x1", "x2", "x3"]
    )
    table = ti.read_table(frame.assign(y=range(reps * n)), target="y", task="regression")
    everything = bind(cases.wrapped(cases.product_network()), table)
    for rows in np.arange(reps * n).reshape(reps, n):
        bound = everything.take(rows)
        curve = ti.effects(bound, bound.table, columns=["x1"], grid=9)["x1"]
        v = np.array(curve.values)
        low, high = v[0] - 0.5, v[-1] - 0.5  # E of x1 drawn in to the ends, of a normal variable
        mean = 0.5 + norm.pdf(low) - norm.pdf(high) + low * norm.cdf(low) + high * norm.sf(high)
        at = [1, len(v) // 2, len(v) - 2]
        inside += (curve.effect.low[at, 0] <= v[at] - mean) & (curve.effect.high[at, 0] >= v[at] - mean)
    assert np.all(inside / reps > 0.917)
    assert np.all(inside / reps < 0.983)


# ---- what is evaluated, and how


@pytest.mark.parametrize("mixed", [False, True])
def test_every_row_is_read_once_at_every_point(monkeypatch, mixed):
    _, table, pipeline, *_ = scene("binary", False, mixed)
    bound = bind(ti.wrap(pipeline), table)
    plan = fx.start(bound, grid=6)
    rest, rows = bound.rest, []
    monkeypatch.setitem(plan.asked.__dict__, "rest", lambda z: rows.append(len(z)) or rest(z))
    fx.update(plan, np.arange(N))
    ages, incomes = (len(grid) for grid in plan.grids[:2])
    assert min(ages, incomes) >= 2
    assert sum(rows) == N * (
        ages + incomes + 4 + 2 + 3
    )  # missing values and three cities, false and true, three grades


def test_a_column_that_the_model_does_not_read_is_flat_at_no_cost(monkeypatch):
    frame, _, pipeline, *_ = scene()
    table = cases.mixed_table(frame.assign(extra=np.arange(float(N))))
    bound = bind(ti.wrap(pipeline), table)
    plan = fx.start(bound, columns=["extra"])
    rest, rows = bound.rest, []
    monkeypatch.setitem(plan.asked.__dict__, "rest", lambda z: rows.append(len(z)) or rest(z))
    curve = fx.finish(plan, fx.update(plan, np.arange(N)))["extra"]
    assert sum(rows) == N
    np.testing.assert_allclose(np.abs([curve.effect.value, curve.ale.value, curve.ice_low]).max(), 0, atol=1e-12)
    np.testing.assert_allclose(curve.effect.stderr, 0, atol=1e-7)


PLAN: list = []


@settings(max_examples=15)
@given(data=st.data())
def test_any_batches_in_any_order_give_the_same_answer(data):
    if not PLAN:
        _, table, pipeline, *_ = scene("multiclass", True, True)
        plan = fx.start(bind(ti.wrap(pipeline), table), grid=5)
        PLAN.extend([plan, fx.finish(plan, fx.update(plan, np.arange(N))).frame()])
    plan, whole = PLAN
    rows = np.array(data.draw(st.permutations(range(N))))
    cuts = sorted(data.draw(st.lists(st.integers(0, N), max_size=4)))
    parts = [fx.update(plan, part) for part in np.split(rows, cuts)]
    while len(parts) > 1:
        i = data.draw(st.integers(0, len(parts) - 2))
        parts[i : i + 2] = [fx.merge(parts[i], parts[i + 1])]
    pd.testing.assert_frame_equal(fx.finish(plan, parts[0]).frame(), whole, atol=FLOAT32, rtol=1e-4)


def test_the_order_of_the_rows_does_not_matter():
    _, table, pipeline, *_ = scene("binary", True)
    shuffled = table.take(np.random.default_rng(5).permutation(N))
    a, b = (ti.effects(ti.wrap(pipeline), t).frame() for t in (table, shuffled))
    pd.testing.assert_frame_equal(a, b, atol=FLOAT32, rtol=1e-4)


# ---- grids, density, refusals


def test_tied_numbers_still_fill_the_grid_and_cells_are_counted():
    x = np.r_[np.zeros(900), np.linspace(1, 100, 100)]
    table = ti.read_table(pd.DataFrame({"x": x, "y": x}), target="y", task="regression")
    curve = ti.effects(cases.wrapped(nn.Sequential(cases.affine([[1.0]]))), table, grid=10)["x"]
    assert len(curve.values) == 8
    assert (curve.values[0], curve.values[-1]) == (0.0, 90.0)
    nearest = np.abs(x[:, None] - np.array(curve.values)).argmin(axis=1)
    assert curve.rows.tolist() == np.bincount(nearest, minlength=8).tolist()
    assert curve.share.sum() == pytest.approx(1)
    assert curve.sparse.tolist() == (curve.rows < 30).tolist()
    assert curve.sparse.any()
    assert not curve.small.any()


def test_of_few_values_all_are_points_and_those_of_few_rows_are_marked():
    x = np.repeat([1.0, 2.0, 3.0], [40, 9, 10])
    table = ti.read_table(pd.DataFrame({"x": x, "y": x}), target="y", task="regression")
    curve = ti.effects(cases.wrapped(nn.Sequential(cases.affine([[1.0]]))), table, grid=10)["x"]
    assert (curve.values, curve.small.tolist()) == ((1.0, 2.0, 3.0), [False, True, False])


def test_a_curve_with_a_hidden_point_is_centred_on_the_points_whose_rows_are_told():
    """Of 40, 30, 9 and 10 rows, 9 are hidden and 10 are not told, since 9 would follow; so two points set the centre."""
    network = ti.wrap(lambda rows: rows["x"].to_numpy() ** 2, task="regression")
    x = np.repeat([1.0, 2.0, 3.0, 4.0], [40, 30, 9, 10])
    table = ti.read_table(pd.DataFrame({"x": x, "y": x}), target="y", task="regression")
    curve = ti.effects(network, table, grid=10)["x"]
    assert curve.small.tolist() == [False, False, True, False]
    centre = (40 * 1 + 30 * 4) / 70
    np.testing.assert_allclose(curve.effect.value[:, 0], np.array([1, 4, 9, 16]) - centre)
    np.testing.assert_allclose(curve.ale.value[:, 0], np.array([1, 4, 9, 16]) - centre)
    np.testing.assert_allclose(curve.effect.stderr, 0, atol=1e-6)  # the numbers of rows count as fixed


def test_the_most_frequent_levels_are_on_the_grid():
    names = np.repeat(["a", "b", "c", "d"], [40, 5, 30, 25])
    frame = pd.DataFrame({"c": names, "y": np.arange(100.0)})
    model = ti.wrap(lambda rows: rows["c"].map({"a": 1.0, "b": 9.0, "c": 2.0, "d": 3.0}).to_numpy(), task="regression")
    curve = ti.effects(model, ti.read_table(frame, target="y"), grid=3)["c"]
    assert curve.values == ("a", "c", "d")
    assert curve.off_grid == pytest.approx(0.05)
    np.testing.assert_allclose(curve.pdp.value[:, 0], [1, 2, 3])
    np.testing.assert_allclose(curve.effect.value[:, 0], np.array([1, 2, 3]) - (40 + 60 + 75) / 95)


def test_levels_of_weight_zero_are_no_levels():
    frame = pd.DataFrame({"c": ["a"] * 6 + ["b", "c", "d"], "w": [0.0] * 6 + [1.0, 2.0, 1.0], "y": np.arange(9.0)})
    model = ti.wrap(lambda rows: rows["c"].map({"a": 9.0, "b": 1.0, "c": 2.0, "d": 3.0}).to_numpy(), task="regression")
    curve = ti.effects(model, ti.read_table(frame, target="y", weight="w", task="regression"), grid=2)["c"]
    assert curve.values == ("b", "c")
    np.testing.assert_allclose(curve.share, [0.25, 0.5])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"columns": ["nope"]}, "input columns"),
        ({"columns": []}, "input columns"),
        ({"grid": 1}, "at least 2"),
        ({"scale": "odds"}, "one of log_odds, probability"),
    ],
)
def test_what_has_no_meaning_is_refused(more, message):
    _, table, pipeline, *_ = scene()
    with pytest.raises(NotApplicableError, match=message):
        ti.effects(ti.wrap(pipeline), table, **more)


def test_a_number_has_no_probability_and_one_row_no_curve():
    _, table, pipeline, *_ = scene("regression")
    with pytest.raises(NotApplicableError, match="one of log_odds; got 'probability'"):
        ti.effects(ti.wrap(pipeline), table, scale="probability")
    bound = bind(ti.wrap(pipeline), table).take(np.array([0]))
    with pytest.raises(NotApplicableError, match="two rows"):
        ti.effects(bound, bound.table)
