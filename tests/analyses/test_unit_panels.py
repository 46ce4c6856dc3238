"""Six panels, facets and the path of budgets, on networks whose answers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder
from torch import nn

import tabinterp as ti
from tabinterp.errors import NotApplicableError
from tests import cases
from tests.shared import every_nth

# ---- six panels


@pytest.fixture(scope="module")
def one_level():
    """A unit that fires on one level, the more the higher the income."""
    frame = cases.mixed_frame(500, 4)
    coder = cases.encoder().fit(frame[cases.INPUTS])
    names = list(coder.get_feature_names_out())
    weight = np.zeros((1, len(names)))
    weight[0, names.index("city__city_oslo")] = 6.0
    weight[0, names.index("numbers__income")] = 1.0
    net = nn.Sequential(cases.affine(weight, [-3.0]), nn.ReLU(), cases.affine([[1.0]]))
    table = cases.mixed_table(frame, weighted=True)
    model = ti.wrap(net, encoder=coder, classes=["no", "yes"])
    return (
        frame,
        table,
        coder.transform(frame[cases.INPUTS]) @ weight[0] - 3,
        ti.card(model, table, objective=ti.unit(1, 0)),
    )


def test_panels_are_a_tenth_of_the_weight_from_the_ends_and_the_middle(one_level):
    frame, table, score, found = one_level
    w, told = table.weights, found.frame()
    assert found.about == 0.0
    below, above = np.flatnonzero(score < 0), np.flatnonzero(score > 0)
    orders = [np.argsort(score), below[np.argsort(-score[below])], above[np.argsort(score[above])], np.argsort(-score)]
    for p, order in enumerate(orders):
        mass = np.cumsum(w[order])
        rows = order[: (mass >= 0.1 * w.sum()).argmax() + 1]
        assert found.rows[p] == len(rows)
        assert found.value[p + 1] == pytest.approx(np.average(score[rows], weights=w[rows]), abs=1e-5)
        panel = told[told["panel"] == ["minimum", "slightly negative", "slightly positive", "maximum"][p]]
        income = panel[panel["column"] == "income"].iloc[0]
        assert income["mean"] == pytest.approx(np.average(frame["income"][rows], weights=w[rows]), rel=1e-6)
        oslo = panel[(panel["column"] == "city") & (panel["level"] == "oslo")].iloc[0]
        share = np.average(frame["city"].to_numpy()[rows] == "oslo", weights=w[rows])
        assert oslo["share"] == pytest.approx(share, abs=1e-9) or np.isnan(oslo["share"])
    assert (np.diff(found.value) > 0).all()


def test_the_ends_are_optima_and_no_panel_tells_of_a_row(one_level):
    frame, _, _, found = one_level
    told = found.frame()
    assert told["panel"].unique().tolist() == [
        "negative optimum", "minimum", "slightly negative", "slightly positive", "maximum", "positive optimum",
    ]  # fmt: skip
    ends = told[told["panel"].str.contains("optimum")]
    assert ends[ends["column"] == "city"]["at"].tolist()[1] == "oslo"
    low, high = cases.ends(frame["income"])
    assert ends[ends["column"] == "income"]["at"].tolist() == [low, high]
    assert found.value[0] < found.value[1]  # below the mean of the least tenth
    assert ends["mean"].isna().all()
    between = told[~told["panel"].str.contains("optimum")]
    assert between["at"].isna().all()
    assert (between["rows"] >= 10).all()


def test_panels_that_few_rows_would_fill_are_empty_and_a_dead_unit_has_none():
    table = cases.numbers(60)
    net = cases.relu_network(([[1.0, 0, 0], [0, 0, 0]], [50.0, -1.0], [1.0, 1.0]))
    found = ti.card(cases.wrapped(net), table, objective=ti.unit(1, 0))  # never below 0: about the median
    assert found.about == pytest.approx(np.median(table.inputs["x1"]) + 50)
    assert (found.rows == 10).all()
    dead = ti.card(cases.wrapped(net), table, objective=ti.unit(1, 1))
    assert (dead.rows == 0).all()
    assert np.isnan(dead.value[1:5]).all()
    assert dead.frame()["rows"].tolist().count(0) == 4
    few = ti.card(cases.wrapped(net), cases.numbers(15), objective=ti.unit(1, 0))
    assert (few.rows == 0).all()


# ---- facets


def test_facets_of_an_exclusive_pair_and_of_an_either():
    # max over three bits of relu(a - b - c) + relu(b - a - c) + relu(c - a - b): each bit alone
    net = nn.Sequential(cases.affine(2 * np.eye(3) - 1), nn.ReLU(), cases.affine([[1.0, 1, 1]]))
    found = ti.facets(cases.wrapped(net), cases.numbers(300, binary=True), objective=ti.output(), number=3)
    assert sorted(found.rows.to_numpy().tolist()) == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    np.testing.assert_allclose(found.share, 1.0)
    assert found.distinct == 3
    np.testing.assert_allclose(np.diag(found.cosine), 1.0, atol=1e-6)
    assert found.summary()["nearest"].max() < 0.5


@pytest.mark.parametrize("diversity", every_nth(2, [0.0, 0.9]))
def test_no_row_of_the_domain_is_a_better_second_facet(diversity):
    table = cases.numbers(300, seed=3)
    model = cases.wrapped(cases.relu_network(cases.BENT))
    found = ti.facets(model, table, objective=ti.unit(1, 0), number=2, diversity=diversity)
    x, (w, b) = table.inputs.to_numpy(), (np.array(cases.BENT[0]), np.array(cases.BENT[1]))
    z = x @ w.T + b

    def ways(rows):
        way = (rows @ w.T + b - z.mean(axis=0)) / z.std(axis=0)
        return way / np.linalg.norm(way, axis=1, keepdims=True)

    own = ways(found.rows.to_numpy(dtype=float))
    np.testing.assert_allclose(found.cosine, own @ own.T, atol=1e-4)
    assert found.share[0] == 1.0
    low, high = np.transpose([cases.ends(column) for column in x.T])
    rows = np.random.default_rng(0).uniform(low, high, (100_000, 3))
    share = ((rows @ w.T + b)[:, 0] - found.mean) / (found.value[0] - found.mean)
    best = (share - diversity * np.maximum(ways(rows) @ own[0], 0) ** 2).max()
    told = found.share[1] - diversity * max(found.cosine[0, 1], 0) ** 2
    assert told >= best - 0.01
    assert found.distinct == (1 if diversity < 0.5 else 2)


# ---- the path


def test_the_path_is_that_of_the_ellipsoid():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(400, 3)) @ np.array([[1.0, 0.6, 0], [0, 1, 0.3], [0, 0, 1]])
    table = ti.read_table(pd.DataFrame(x, columns=list("abc")).assign(y=x[:, 0]), target="y", task="regression")
    w = np.array([1.0, -0.5, 0.2])
    model = cases.wrapped(cases.relu_network(([w], [0.4], [1.0])))
    shares = [0.1, 0.9, None]
    found = ti.pareto(model, table, objective=ti.unit(1, 0), budgets=shares)
    mean, precision = x.mean(axis=0), np.linalg.inv(np.cov(x.T, bias=True))
    squared = np.einsum("ij,jk,ik->i", x - mean, precision, x - mean)
    for k, share in enumerate(shares[:2]):
        limit = np.quantile(squared, share, method="inverted_cdf")
        best = w @ mean + 0.4 + np.sqrt(limit * (w @ np.linalg.solve(precision, w)))
        assert found.distance[k] <= np.sqrt(limit) * (1 + 1e-6)
        assert found.value[k] <= best + 1e-5
        assert found.value[k] >= found.mean + 0.97 * (best - found.mean)
        assert found.real[k] == pytest.approx((x @ w + 0.4)[squared <= limit].max(), abs=1e-5)
        single = ti.maximise(model, table, objective=ti.unit(1, 0), budget=share).value[0]
        assert found.value[k] >= single - 0.02 * (best - found.mean)
    assert found.value[2] == pytest.approx(ti.maximise(model, table, objective=ti.unit(1, 0)).value[0], abs=1e-5)
    assert (np.diff(found.value) >= 0).all()
    told = found.summary()
    assert told["budget"].tolist() == shares
    assert found.frame()["column"].tolist() == ["a", "b", "c"] * 3
    assert told["mahalanobis"].is_monotonic_increasing
    assert found.readable == int(np.flatnonzero(~told["unreadable"])[-1])


def test_the_path_of_a_second_layer_and_of_a_sum():
    frame = cases.mixed_frame(300, 3)
    pipeline, table = cases.network_pipeline(frame), cases.mixed_table(frame)
    asked = ti.interpolation(ti.unit(2, 1), ti.output(), 0.25)
    found = ti.pareto(ti.wrap(pipeline), table, objective=asked, budgets=[0.5, 0.95, None], starts=12)
    (w1, w2, w3), (b1, b2, b3) = pipeline[-1].coefs_, pipeline[-1].intercepts_
    z = np.maximum(pipeline[:-1].transform(found.rows) @ w1 + b1, 0) @ w2 + b2
    value = 0.75 * z[:, 1] + 0.25 * (np.maximum(z, 0) @ w3 + b3)[:, 0]
    np.testing.assert_allclose(found.value, value, atol=1e-4)
    assert (np.diff(found.value) >= -1e-6).all()
    assert (found.value[:2] >= found.real[:2] - 1e-4).all()


def test_what_is_refused():
    table, model = cases.numbers(60), cases.wrapped(cases.relu_network(cases.BENT))
    for wrong in ([0.5, 0.2], [], [None, 0.5]):
        with pytest.raises(NotApplicableError, match="budgets must be in strictly increasing order"):
            ti.pareto(model, table, objective=ti.unit(1, 0), budgets=wrong)
    with pytest.raises(NotApplicableError, match="share of the rows"):
        ti.pareto(model, table, objective=ti.unit(1, 0), budgets=[0.5, 1.5])
    with pytest.raises(NotApplicableError, match="at least 1"):
        ti.facets(model, table, objective=ti.unit(1, 0), number=0)
    with pytest.raises(NotApplicableError, match="between 0 and 1"):
        ti.interpolation(ti.unit(1, 0), ti.unit(1, 1), 1.5)


def test_a_rare_level_is_as_far_out_as_an_extreme_number():
    draw = np.random.default_rng(2)
    rows = pd.DataFrame({"c": draw.choice(list("xyz"), 2000, p=[0.6, 0.39, 0.01]), "a": draw.normal(size=2000)})
    table = ti.read_table(rows.assign(y=0.0 + np.arange(2000)), target="y", task="regression")
    coder = make_column_transformer((OneHotEncoder(sparse_output=False), ["c"]), ("passthrough", ["a"])).fit(rows)
    net = nn.Sequential(cases.affine([[0.0, 1.0, 9.0, 0.1]]), nn.ReLU(), cases.affine([[1.0]]))
    model = ti.wrap(net, encoder=coder, task="regression")
    found = ti.pareto(model, table, objective=ti.unit(1, 0), budgets=[0.3, 0.8, 0.97, None])
    assert found.rows["c"].tolist() == ["x", "y", "y", "z"]
    # by hand: numbers and indicators of two levels, which make the third
    v = np.column_stack([rows["a"], rows["c"] == "y", rows["c"] == "z"]).astype(float)
    precision, mean = np.linalg.inv(np.cov(v.T, bias=True)), v.mean(axis=0)
    at = found.rows
    own = np.column_stack([at["a"], at["c"] == "y", at["c"] == "z"]).astype(float) - mean
    expected = np.sqrt(np.einsum("ij,jk,ik->i", own, precision, own))
    np.testing.assert_allclose(found.distance, expected, rtol=1e-4)
    limits = np.sqrt(np.quantile(np.einsum("ij,jk,ik->i", v - mean, precision, v - mean), [0.3, 0.8, 0.97]))
    assert (found.distance[:3] <= limits * (1 + 1e-4)).all()
    assert found.distance[3] > limits[2]
    # 0.97: along the number as far as the ball lets it, y in its place
    best = np.linspace(-4, 4, 80_001)
    moved = np.column_stack([best, np.ones_like(best), np.zeros_like(best)]) - mean
    reach = best[np.einsum("ij,jk,ik->i", moved, precision, moved) <= limits[2] ** 2].max()
    assert at["a"].iloc[2] == pytest.approx(min(reach, cases.ends(rows["a"])[1]), abs=0.02)


def test_a_budget_without_numbers_is_of_levels():
    levels = pd.DataFrame({"c": np.repeat(["x", "y", "z"], [30, 25, 5]), "y": np.arange(60.0)})
    only = ti.wrap(lambda rows: (rows["c"] == "z").to_numpy() + 0.5 * (rows["c"] == "y"), task="regression")
    table = ti.read_table(levels, target="y", task="regression")
    found = ti.pareto(only, table, objective=ti.output(), budgets=[0.4, 0.9, None])
    assert found.rows["c"].tolist() == ["x", "y", "z"]
    np.testing.assert_allclose(found.distance**2, [1.0, 35 / 25, 55 / 5], rtol=1e-4)
