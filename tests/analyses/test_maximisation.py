"""Optima of networks whose greatest values are known: by enumeration, in closed form, by an integer programme of our own."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch
from scipy import optimize
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder
from torch import nn

import tabinterp as ti
from tabinterp.analyses.maximisation.typicality import typicality
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases
from tests.shared import every_nth


@pytest.fixture(scope="module")
def mixed():
    frame = cases.mixed_frame(400, 3)
    pipeline = cases.network_pipeline(frame)
    table = cases.mixed_table(frame)
    return frame, pipeline, table, ti.maximise(ti.wrap(pipeline), table)


def weights(pipeline):
    return [(w, b) for w, b in zip(pipeline[-1].coefs_, pipeline[-1].intercepts_, strict=True)]


def domain(frame):
    """Every value of the mixed table that may be taken: numbers at both ends, which is where a line is greatest."""
    numbers = {c: cases.ends(frame[c]) for c in ("age", "income")}
    return {
        "age": [*numbers["age"], np.nan],
        "income": [*numbers["income"]],
        "city": ["bern", "oslo", "rome", np.nan],
        "member": [True, False],
        "grade": cases.GRADES,
    }


def test_first_layer_optima_are_the_greatest_of_all_corners(mixed):
    frame, pipeline, _, found = mixed
    corners = pd.DataFrame(list(itertools.product(*domain(frame).values())), columns=cases.INPUTS)
    corners["city"] = corners["city"].astype(object)
    w, b = weights(pipeline)[0]
    z = pipeline[:-1].transform(corners) @ w + b
    truth = np.column_stack([z.max(axis=0), -z.min(axis=0)]).ravel()
    first = len(truth)
    np.testing.assert_allclose(found.value[:first], truth, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found.bound[:first], truth, rtol=1e-5, atol=1e-5)
    assert found.proof[:first] == ("closed form",) * first
    assert (found.reached[:first] >= 0.999).all()
    assert (found.within[:first] == 1.0).all()


def test_values_are_those_of_the_rows_that_are_told(mixed):
    frame, pipeline, _, found = mixed
    (w1, b1), (w2, b2), _ = weights(pipeline)
    z1 = pipeline[:-1].transform(found.rows) @ w1 + b1
    z2 = np.maximum(z1, 0) @ w2 + b2
    for k, one in enumerate(found.objectives):
        ((sign, term),) = one.terms
        z = z1 if term.layer == 1 else z2
        assert found.value[k] == pytest.approx(sign * z[k, term.index], abs=1e-4)
        assert found.search[k] == pytest.approx(found.value[k], abs=1e-4)
        real = sign * (
            pipeline[:-1].transform(frame[cases.INPUTS]) @ w1 + b1
            if term.layer == 1
            else np.maximum(pipeline[:-1].transform(frame[cases.INPUTS]) @ w1 + b1, 0) @ w2 + b2
        )
        assert found.real[k] == pytest.approx(real[:, term.index].max(), abs=1e-4)
        assert found.mean[k] == pytest.approx(real[:, term.index].mean(), abs=1e-4)
    assert found.cross.shape == (20, 20)
    np.testing.assert_allclose(np.diag(found.cross), (found.value - found.mean) / found.sd, atol=1e-6)


def test_every_row_lies_in_the_domain(mixed):
    frame, _, _, found = mixed
    for column, allowed in domain(frame).items():
        told = found.rows[column]
        if column in ("age", "income"):
            inside = told.isna() & (column == "age") | told.between(allowed[0], allowed[1])
            assert inside.all(), column
        else:
            values, missing = set(told.dropna()), told.isna().any()
            assert values <= set(allowed), column
            assert not missing or pd.isna(allowed).any(), column
    ages = found.rows["age"].dropna()
    assert (ages == ages.round()).all()  # a column of whole numbers stays one


def test_second_layer_optima_are_proved(mixed):
    *_, found = mixed
    assert set(found.proof[12:]) == {"integer programme"}
    assert (found.reached[12:] >= 0.99).all()
    assert (found.value <= found.bound + 1e-3 * found.sd).all()


def box_programme(spec, low, high):
    """max of the third layer of numbers in a box, by a big-M programme written for it alone: x, then (a, r) of each unit."""
    (w1, b1), (w2, b2), w3 = spec
    n, h1, h2 = w1.shape[1], len(b1), len(b2)
    size, big = n + 2 * (h1 + h2), 1e3
    a, rows, upper = [np.zeros((h, size)) for h in (h1, h2)], [], []
    a[0][:, n : n + h1], a[1][:, n + 2 * h1 : n + 2 * h1 + h2] = np.eye(h1), np.eye(h2)
    r = [n + h1, n + 2 * h1 + h2]
    first = np.zeros((h1, size))
    first[:, :n] = w1
    for layer, (own, shift) in enumerate([(first, b1), (w2 @ a[0], b2)]):
        for j in range(len(shift)):
            on = np.zeros(size)
            on[r[layer] + j] = 1
            rows += [own[j] - a[layer][j], a[layer][j] - own[j] + big * on, a[layer][j] - big * on]
            upper += [-shift[j], shift[j] + big, 0]
    bounds = optimize.Bounds([*low, *np.zeros(size - n)], [*high, *np.tile(np.inf, size - n)])
    whole = np.zeros(size)
    for layer, h in enumerate((h1, h2)):
        whole[r[layer] : r[layer] + h] = 1
        bounds.ub[r[layer] : r[layer] + h] = 1
    made = optimize.milp(
        -(w3 @ a[1]),
        constraints=optimize.LinearConstraint(np.array(rows), -np.inf, upper),
        integrality=whole,
        bounds=bounds,
    )
    return -made.fun


@pytest.mark.parametrize("seed", every_nth(2, range(2)))
def test_the_search_finds_what_an_independent_programme_proves(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(500, 4))
    frame = pd.DataFrame(x, columns=list("abcd")).assign(y=x[:, 0])
    table = ti.read_table(frame, target="y", task="regression")
    spec = [
        (rng.normal(size=(8, 4)), rng.normal(size=8)),
        (rng.normal(size=(8, 8)), rng.normal(size=8)),
        rng.normal(size=8),
    ]
    net = nn.Sequential(cases.affine(*spec[0]), nn.ReLU(), cases.affine(*spec[1]), nn.ReLU(), cases.affine([spec[2]]))
    low, high = np.transpose([cases.ends(column) for column in x.T])
    truth = box_programme(spec, low, high)
    found = ti.maximise(cases.wrapped(net), table, objective=ti.output())
    assert found.proof == ("integer programme",)
    assert found.bound[0] == pytest.approx(truth, rel=2e-3)
    assert found.value[0] >= truth - 0.01 * (truth - found.mean[0])
    assert found.value[0] <= truth * (1 + 1e-6)


def test_and_or_and_an_exclusive_pair():
    # layer 1: a - b and b - a; layer 2 their sum: the exclusive or, greatest at both mixed corners
    net = nn.Sequential(
        cases.affine([[1.0, -1, 0], [-1, 1, 0], [1, 1, 0]], [0.0, 0.0, -1.0]),
        nn.ReLU(),
        cases.affine([[1.0, 1, 0], [0, 0, 1], [0, 0, 0]]),
        nn.ReLU(),
        cases.affine([[1.0, 1, 1]]),
    )
    table = cases.numbers(200, binary=True)
    found = ti.maximise(
        cases.wrapped(net), table, objective=[ti.unit(2, 0), ti.unit(2, 1), -ti.unit(2, 0), ti.unit(2, 2)]
    )
    np.testing.assert_allclose(found.value, [1.0, 1.0, 0.0, 0.0], atol=1e-6)
    assert sorted(found.rows.iloc[0, :2]) == [0.0, 1.0]
    assert found.rows.iloc[1, :2].tolist() == [1.0, 1.0]
    assert found.optima[0] == 2
    assert found.rows["x3"].nunique() == 1  # what no unit reads stands at its typical value
    np.testing.assert_allclose(found.real, found.value, atol=1e-6)


def test_objectives_add_and_multiply(mixed):
    _, pipeline, table, _ = mixed
    model = ti.wrap(pipeline)
    sum_ = ti.unit(2, 1) - 0.5 * ti.output()
    vector = [0.0, 1.0, 0.0, 0.0]
    found = ti.maximise(
        model, table, objective=[sum_, ti.direction(2, vector), ti.unit(2, 1), ti.output("no"), -ti.output()]
    )
    assert repr(sum_) == "layer 2 unit 1 - 0.5 × output"
    (w1, b1), (w2, b2), (w3, b3) = weights(pipeline)
    h = np.maximum(pipeline[:-1].transform(found.rows) @ w1 + b1, 0) @ w2 + b2
    assert found.value[0] == pytest.approx((h[:, 1] - 0.5 * (np.maximum(h, 0) @ w3 + b3)[:, 0])[0], abs=1e-4)
    assert found.value[1] == pytest.approx(found.value[2])
    assert found.value[3] == pytest.approx(found.value[4])
    p = ti.maximise(model, table, objective=ti.output("no", probability=True))
    assert p.value[0] == pytest.approx(pipeline.predict_proba(p.rows)[0, 0], abs=1e-5)
    assert p.proof == (None,)
    assert np.isnan(p.bound[0])


def test_the_length_of_a_layer_is_greatest_at_a_corner(mixed):
    """The length of rectified sums is convex, so that enumerating corners finds its maximum; layer 2 from the row alone."""
    frame, pipeline, table, _ = mixed
    corners = pd.DataFrame(list(itertools.product(*domain(frame).values())), columns=cases.INPUTS)
    corners["city"] = corners["city"].astype(object)
    (w1, b1), (w2, b2), _ = weights(pipeline)

    def lengths(rows):
        first = np.maximum(pipeline[:-1].transform(rows) @ w1 + b1, 0)
        return np.linalg.norm(first, axis=1), np.linalg.norm(np.maximum(first @ w2 + b2, 0), axis=1)

    found = ti.maximise(ti.wrap(pipeline), table, objective=[ti.layer(1), ti.layer(2) - 0.1 * ti.unit(2, 0)])
    assert found.value[0] == pytest.approx(lengths(found.rows)[0][0], abs=1e-4)
    assert found.value[0] >= 0.999 * lengths(corners)[0].max()
    second = np.maximum(pipeline[:-1].transform(found.rows) @ w1 + b1, 0) @ w2 + b2
    assert found.value[1] == pytest.approx(lengths(found.rows)[1][1] - 0.1 * second[1, 0], abs=1e-4)
    assert found.proof == (None, None)


def test_what_does_not_exist_is_refused(mixed):
    _, pipeline, table, _ = mixed
    model = ti.wrap(pipeline)
    for wrong, words in (
        (ti.unit(3, 0), "layers .* from 1 to 2"),
        (ti.layer(3), "layers .* from 1 to 2"),
        (ti.unit(1, 6), "units .* from 0 to 5"),
        (ti.direction(1, [1.0]), "6 numbers, one for each hidden unit"),
        (ti.output("maybe"), "maybe"),
    ):
        with pytest.raises(NotApplicableError, match=words):
            ti.maximise(model, table, objective=wrong)
    frame = cases.mixed_frame(60)
    with pytest.raises(NotApplicableError, match="no hidden units"):
        ti.maximise(ti.wrap(cases.linear_pipeline(frame)), cases.mixed_table(frame))
    with pytest.raises(NotApplicableError, match="finite number"):
        ti.unit(1, 0) * ti.unit(1, 1)


def test_a_linear_model_is_its_own_closed_form():
    frame = cases.mixed_frame(300)
    pipeline = cases.linear_pipeline(frame)
    found = ti.maximise(ti.wrap(pipeline), cases.mixed_table(frame), objective=[ti.output(), -ti.output()])
    corners = pd.DataFrame(list(itertools.product(*domain(frame).values())), columns=cases.INPUTS)
    corners["city"] = corners["city"].astype(object)
    scores = pipeline.decision_function(corners)
    np.testing.assert_allclose(found.value, [scores.max(), -scores.min()], rtol=1e-5)
    assert found.proof == ("closed form", "closed form")


def test_bound_propagation_is_above_where_nothing_better_is_known():
    torch.manual_seed(0)
    for activation in (nn.Tanh, nn.GELU, nn.LeakyReLU):
        net = nn.Sequential(nn.Linear(3, 9), activation(), nn.Linear(9, 9), activation(), nn.Linear(9, 1)).double()
        found = ti.maximise(cases.wrapped(net), cases.numbers(200), objective=[ti.output(), ti.unit(2, 3)])
        assert found.proof == ("bound propagation",) * 2
        assert (found.bound >= found.value).all()
        assert np.isfinite(found.bound).all()


def test_a_budget_keeps_the_numbers_near_the_middle():
    table = cases.numbers(400)
    model = cases.wrapped(cases.relu_network(cases.BENT))
    x = table.inputs.to_numpy()
    precision = np.linalg.inv(np.cov(x.T, bias=True))
    squared = np.einsum("ij,jk,ik->i", x - x.mean(axis=0), precision, x - x.mean(axis=0))
    limit = np.quantile(squared, 0.5, method="inverted_cdf")
    found = ti.maximise(model, table, objective=ti.unit(1, 0), budget=0.5)
    v = found.rows.to_numpy(dtype=float) - x.mean(axis=0)
    assert np.einsum("ij,jk,ik->i", v, precision, v)[0] <= limit * (1 + 1e-6)
    w = np.array(cases.BENT[0][0])
    best = w @ x.mean(axis=0) + cases.BENT[1][0] + np.sqrt(limit * (w @ np.linalg.solve(precision, w)))
    free = ti.maximise(model, table, objective=ti.unit(1, 0)).value[0]
    assert found.value[0] <= best + 1e-6
    assert found.value[0] >= found.mean[0] + 0.95 * (best - found.mean[0])
    assert found.value[0] < free
    with pytest.raises(NotApplicableError, match="share of the rows"):
        ti.maximise(model, table, objective=ti.unit(1, 0), budget=2.0)


def test_columns_that_are_mixed_move_together_to_real_rows():
    frame = cases.mixed_frame(200, 7)
    pipeline = cases.network_pipeline(frame, after=(PCA(3),))
    table = cases.mixed_table(frame)
    found = ti.maximise(ti.wrap(pipeline), table, objective=ti.output())
    told = found.rows.iloc[0]
    assert any(
        all((pd.isna(told[c]) and pd.isna(row[c])) or told[c] == row[c] for c in cases.INPUTS)
        for _, row in frame.iterrows()
    )
    assert found.value[0] <= found.real[0] + 1e-6


def test_bins_are_taken_at_real_values():
    table = cases.numbers(300)
    bins = KBinsDiscretizer(5, encode="onehot-dense", strategy="uniform").fit(table.inputs)
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(15, 6), nn.ReLU(), nn.Linear(6, 1))
    found = ti.maximise(ti.wrap(net, encoder=bins, task="regression"), table, objective=ti.unit(1, 2))
    with torch.no_grad():
        w, b = net[0].weight[2].numpy(), float(net[0].bias[2])
    low, high = np.quantile(table.inputs, [0.005, 0.995], axis=0, method="inverted_cdf")
    truth = b
    for j, column in enumerate(["x1", "x2", "x3"]):
        inside = table.inputs[table.inputs[column].between(low[j], high[j])]
        truth += (bins.transform(inside)[:, 5 * j : 5 * j + 5] @ w[5 * j : 5 * j + 5]).max()
        assert found.rows[column].iloc[0] in set(table.inputs[column])
    assert found.value[0] == pytest.approx(truth, abs=1e-5)


def test_a_function_of_rows_has_outputs_alone():
    table = cases.numbers(200, binary=True)
    model = ti.wrap(
        lambda rows: rows["x1"].to_numpy() - 2 * rows["x2"].to_numpy() * rows["x3"].to_numpy(), task="regression"
    )
    found = ti.maximise(model, table, objective=[ti.output(), -ti.output()])
    np.testing.assert_allclose(found.value, [1.0, 2.0], atol=1e-6)
    with pytest.raises(NotApplicableError, match="Pass an output as the objective"):
        ti.maximise(model, table, objective=ti.unit(1, 0))


def test_the_batch_is_the_loop_and_the_seed_decides(mixed):
    _, pipeline, table, found = mixed
    bound = bind(ti.wrap(pipeline), table)
    for k in (0, 13, 18):
        one = ti.maximise(bound, table, objective=found.objectives[k])
        assert one.value[0] == pytest.approx(found.value[k], abs=1e-5)
        pd.testing.assert_frame_equal(one.rows, found.rows.iloc[[k]].reset_index(drop=True), check_dtype=False)
    again = ti.maximise(ti.wrap(pipeline), table, objective=found.objectives[18])
    pd.testing.assert_frame_equal(again.frame(), one.frame())


def test_frames(mixed):
    *_, found = mixed
    long = found.frame()
    assert long["column"].tolist() == cases.INPUTS * 20
    assert list(long.columns[:4]) == ["objective", "column", "at", "value"]
    assert found.summary()["objective"].tolist()[:2] == ["layer 1 unit 0", "-layer 1 unit 0"]


def test_typicality_of_the_middle_of_the_far_and_of_real_rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 6))
    table = ti.read_table(
        pd.DataFrame(x, columns=list("abcdef")).assign(y=0.0 + np.arange(1500)), target="y", task="regression"
    )
    bound = bind(cases.wrapped(nn.Sequential(nn.Linear(6, 3), nn.ReLU(), nn.Linear(3, 1))), table)
    asked = table.inputs.iloc[:200].copy()
    asked.iloc[0], asked.iloc[1] = 0.0, 9.0
    told = typicality(bound, asked)
    assert told.mahalanobis[0] < 0.01  # the mode is atypically central
    assert told.neighbours[0] < 0.2
    assert told.unreadable[0]
    assert "mahalanobis_near" in told.beyond[0]
    assert told.unreadable[1]
    assert {"mahalanobis", "neighbours", "forest"} <= set(told.beyond[1])
    assert told.out[1] == 6
    own = ((x - x.mean(axis=0)) @ np.linalg.inv(np.cov(x.T, bias=True)) * (x - x.mean(axis=0))).sum(axis=1)
    others = []
    for i in range(1500):  # each from the others
        rest = np.delete(x, i, axis=0)
        away = x[i] - rest.mean(axis=0)
        others.append(away @ np.linalg.inv(np.cov(rest.T, bias=True)) @ away)
    expected = [(np.array(others) < v).mean() for v in own[2:200]]
    np.testing.assert_allclose(told.mahalanobis[2:], expected, atol=1e-9)
    sd = x.std(axis=0)
    scores = IsolationForest(random_state=0).fit(x / sd)
    assert scores.score_samples([[9.0 / s for s in sd]])[0] < np.quantile(scores.score_samples(x / sd), 0.01)
    assert told.unreadable[2:].mean() < 0.03  # real rows are read: 1% by chance


@pytest.mark.parametrize("n", [pytest.param(300, marks=pytest.mark.nightly), 1500])
def test_rows_like_the_real_ones_are_stamped_as_often_as_the_rule_says(n):
    """Skewed, tied and correlated columns: 1% of rows that the reference does not hold, and never more than twice that."""
    rng = np.random.default_rng(n)

    def draw(count):
        a = rng.normal(size=count)
        columns = {"a": a, "b": a + rng.exponential(size=count), "c": np.round(3 * rng.gamma(1.0, size=count))}
        return pd.DataFrame(columns | {"d": np.where(rng.random(count) < 0.9, 0.0, rng.lognormal(size=count))})

    rates = []
    for _ in range(1500 // n):
        table = ti.read_table(draw(n).assign(y=0.0 + np.arange(n)), target="y", task="regression")
        bound = bind(cases.wrapped(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))), table)
        told = typicality(bound, draw(1000))
        rates.append(told.unreadable.mean())
        assert (told.unreadable == (told.oddness >= told.far)).all()
        assert [bool(one) for one in told.beyond] == told.unreadable.tolist()
    assert 0.005 < np.mean(rates) < 0.02


def test_few_rows_call_odd_only_what_is_odder_than_all_of_them():
    rng = np.random.default_rng(2)
    table = ti.read_table(
        pd.DataFrame({"a": rng.normal(size=40), "b": rng.normal(size=40), "y": np.arange(40.0)}),
        target="y",
        task="regression",
    )
    bound = bind(cases.wrapped(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))), table)
    told = typicality(bound, pd.DataFrame({"a": [30.0, 0.7], "b": [-30.0, 0.7]}))
    assert told.far == pytest.approx(40 / 41)
    assert told.oddness[0] == told.far
    assert told.unreadable.tolist() == [True, False]


def test_a_row_whose_columns_do_not_fit_each_other():
    # b follows a and the level of c; each column alone is in the middle of its range
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"a": rng.normal(size=800), "c": rng.choice(["x", "y", "z"], 800)})
    frame["b"] = 2 * frame["a"] + 3 * (frame["c"] == "y") + 0.1 * rng.normal(size=800)
    table = ti.read_table(frame.assign(y=0.0 + np.arange(800)), target="y", task="regression")
    coder = ColumnTransformer([("n", "passthrough", ["a", "b"]), ("c", OneHotEncoder(sparse_output=False), ["c"])])
    coder.fit(frame[["a", "b", "c"]])
    model = ti.wrap(nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 1)), encoder=coder, task="regression")
    asked = frame.iloc[:200].copy()
    asked.loc[0, ["a", "b", "c"]] = [0.0, 1.5, "x"]
    told = typicality(bind(model, table), asked[table.inputs.columns])
    assert told.residual[0] > 0.999
    assert told.unreadable[0]
    assert told.column[0] in ("a", "b")
    # each row's own fit, without it
    x = np.column_stack([np.ones(800), frame["a"], pd.get_dummies(frame["c"]).to_numpy()[:, 1:].astype(float)])
    fit = sm.OLS(frame["b"], x).fit().get_influence().resid_press
    other = sm.OLS(frame["a"], np.column_stack([x[:, 0], frame["b"], x[:, 2:]])).fit().get_influence().resid_press
    scaled = [np.abs(one) / np.sqrt((one**2).mean()) for one in (fit, other)]
    largest = np.maximum(*scaled)
    fitted = sm.OLS(frame["b"], x).fit(), sm.OLS(frame["a"], np.column_stack([x[:, 0], frame["b"], x[:, 2:]])).fit()
    inside = np.maximum(
        *(np.abs(f.resid) / np.sqrt((one**2).mean()) for f, one in zip(fitted, (fit, other), strict=True))
    )
    expected = [((largest < v).sum() + (largest == v).sum() / 2) / 800 for v in inside[1:200]]
    np.testing.assert_allclose(told.residual[1:], expected, atol=2e-3)


def test_a_number_that_its_level_gives_exactly_is_odd_only_where_it_is_another():
    rng = np.random.default_rng(1)
    code = {"x": 9.0, "y": 13.0, "z": 16.0}
    frame = pd.DataFrame({"c": rng.choice(list(code), 600), "a": rng.normal(size=600)})
    frame["code"] = frame["c"].map(code)
    table = ti.read_table(frame.assign(y=0.0 + np.arange(600)), target="y", task="regression")
    coder = ColumnTransformer([("n", "passthrough", ["a", "code"]), ("c", OneHotEncoder(sparse_output=False), ["c"])])
    coder.fit(frame[["a", "code", "c"]])
    model = ti.wrap(nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 1)), encoder=coder, task="regression")
    asked = frame.iloc[:100].copy()
    asked.loc[0, "code"] = 16.0 if asked.loc[0, "c"] != "z" else 9.0
    told = typicality(bind(model, table), asked[table.inputs.columns])
    assert told.column[0] == "code"
    assert told.residual[0] == 1.0
    ranks = frame["a"].iloc[1:100].to_numpy() - frame.groupby("c")["a"].transform("mean").iloc[1:100].to_numpy()
    assert np.corrcoef(np.argsort(np.argsort(np.abs(ranks))), told.residual[1:])[0, 1] > 0.99  # a alone is what is left
