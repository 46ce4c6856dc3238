"""Conditional importance against all pairs within strata, closed forms for two Gaussian columns, and its error by simulation."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.stats.contingency import association
from sklearn.metrics import roc_auc_score
from torch import nn

import tabinterp as ti
from tabinterp.analyses.permutation_importance import estimator as pi
from tabinterp.analyses.permutation_importance.column_clusters import associations
from tabinterp.analyses.permutation_importance.strata import FEWEST, Strata, strata_of
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel, bind
from tests import cases, oracles
from tests.shared import every_nth


def gaussian(n: int, rho: float, seed: int) -> ti.Table:
    """y = x1 + 0.5 x2 + noise, unit variances, correlation rho."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2)) @ np.linalg.cholesky([[1, rho], [rho, 1]]).T
    frame = pd.DataFrame(x, columns=["x1", "x2"]).assign(y=x @ [1.0, 0.5] + rng.normal(size=n))
    return ti.read_table(frame, target="y", task="regression")


def linear(*weights: float) -> ti.Model:
    return cases.wrapped(nn.Sequential(cases.affine([weights])))


def sixty(bound: BoundModel) -> list[BoundModel]:
    """Samples of a model's rows, none of which is in two of them."""
    return [bound.take(rows) for rows in np.arange(len(bound.table)).reshape(60, -1)]


@pytest.mark.parametrize("rho", [0.6, 0.9])
def test_two_gaussian_columns_leave_one_minus_rho_squared(rho):
    """The rise of the squared error is 2 w^2 times the variance that is left; strata of finite width leave a little more."""
    table = gaussian(6_000, rho, 1)
    marginal, given = (ti.permutation_importance(linear(1.0, 0.5), table, conditional=c) for c in (False, True))
    for w, column in ((1.0, 0), (0.5, 1)):
        assert marginal.importance[column] == pytest.approx(2 * w**2, abs=4 * marginal.stderr[column])
        left = 2 * w**2 * (1 - rho**2)
        # half of the rows, 20 a leaf, cut x2 into 150 pieces: outer ones are wide
        wide = 2 * w**2 * rho**2 * 0.02
        assert -4 * given.stderr[column] < given.importance[column] - left < 4 * given.stderr[column] + wide
    assert given.stderr[0] < 0.1 * given.importance[0]
    told = given.frame()
    assert told["conditioned"].tolist() == [("x2",), ("x1",)]
    assert (told["smallest"] >= FEWEST).all()
    assert (given.off_support < marginal.off_support).all()


def test_what_the_model_does_not_use_has_none():
    given = ti.permutation_importance(linear(0.0, 0.5), gaussian(500, 0.8, 2), conditional=True)
    assert given.importance[0] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("weighted", "task"), every_nth(3, product([False, True], ["binary", "regression"])))
def test_every_pair_of_a_stratum(task, weighted):
    """With all offsets of strata of one size each pair is met once: mean and Hájek projection by the formula."""
    frame = cases.mixed_frame(100, 0, task)
    table, pipeline = cases.mixed_table(frame, task, weighted), cases.network_pipeline(frame, task)
    plan = pi.start(bind(ti.wrap(pipeline), table), n_repeats=9, seed=0, conditional=True)
    label = np.arange(100) % 10
    plan = replace(plan, strata={"age": Strata.of(label)}, shifts=np.arange(1, 10))
    result = pi.finish(plan, pi.update(plan, np.arange(100)))
    rows = frame.iloc[plan.bound.table.numbers].reset_index(drop=True)
    w = rows["w"].to_numpy() if weighted else np.ones(100)
    scores = oracles.all_pairs(cases.scorer(pipeline, task), rows[cases.INPUTS], ("age",))
    losses, own = oracles.pair_losses(lambda y, s: oracles.row_loss(plan.loss.name, y, s), plan.bound.table.y, scores)
    rise, total, projection = np.asarray(losses) - np.asarray(own)[:, None], 0.0, np.zeros(100)
    for s in range(10):
        at = [i for i in range(100) if label[i] == s]
        pair = {(i, j): w[i] * w[j] for i in at for j in at if i != j}
        mean = sum(p * rise[i, j] for (i, j), p in pair.items()) / sum(pair.values())
        total += mean * sum(w[i] for i in at)
        for i in at:
            others = [j for j in at if j != i]
            given = np.average([rise[i, j] for j in others], weights=w[others])
            taken = np.average([rise[j, i] for j in others], weights=w[others])
            projection[i] = given + taken - mean
    value = total / w.sum()
    error = np.sqrt(np.sum(w**2 * (projection - np.average(projection, weights=w)) ** 2) * 100 / 99) / w.sum()
    assert result.importance[0] == pytest.approx(value, abs=1e-6)
    assert result.stderr[0] == pytest.approx(error, abs=1e-6)
    assert result.conditional
    assert "same stratum" in result.estimand


@pytest.mark.nightly
def test_the_error_is_the_spread_over_samples():
    """Samples of 400 rows, strata made anew in each."""
    samples = sixty(bind(linear(1.0, 0.5), gaussian(60 * 400, 0.7, 0)))
    found = [ti.permutation_importance(one, one.table, conditional=True) for one in samples]
    spread = np.std([one.importance for one in found], axis=0, ddof=1)
    said = np.sqrt(np.mean([one.stderr**2 for one in found], axis=0))
    assert np.all(np.abs(np.log(said / spread)) < np.log(1.3))  # the spread of 60 is known to 9%


def test_sums_over_parts_of_the_rows_are_the_whole():
    frame = cases.mixed_frame(120, 5)
    bound = bind(ti.wrap(cases.network_pipeline(frame)), cases.mixed_table(frame))
    plan = pi.start(bound, n_repeats=3, seed=1, groups={"two": ["age", "city"]}, conditional=True)
    plan = replace(plan, strata={"two": Strata.of(np.arange(120) % 7)})
    whole = pi.finish(plan, pi.update(plan, np.arange(120))).frame()
    parts = pi.merge(pi.update(plan, np.arange(50, 120)), pi.update(plan, np.arange(50)))
    pd.testing.assert_frame_equal(pi.finish(plan, parts).frame(), whole, atol=1e-6, rtol=0)


def test_a_column_with_no_relatives_is_moved_among_all_rows():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=300), "b": rng.normal(size=300), "y": rng.normal(size=300)})
    table = ti.read_table(frame, target="y", task="regression")
    plain, given = (ti.permutation_importance(linear(1.0, 2.0), table, conditional=c) for c in (False, True))
    np.testing.assert_array_equal(plain.importance, given.importance)
    np.testing.assert_allclose(plain.stderr, given.stderr, rtol=1e-9)
    assert given.frame()["strata"].tolist() == [1, 1]


def test_the_tree_does_not_cut_the_rows_it_was_grown_on():
    """A stratum of an honest tree holds the column's own spread, whatever the column: noise keeps all of its variance."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(2_000, 4)), columns=["a", "b", "c", "y"])
    frame["b"] = pd.Series(rng.choice(["u", "v", "w"], 2_000), dtype=object)
    table = ti.read_table(frame, target="y", task="regression")
    strata = strata_of(table, ("a",), ("b", "c"), 0)
    assert len(strata) > 20
    inside = frame["a"].groupby(strata.label).var()
    assert np.average(inside, weights=strata.size) == pytest.approx(frame["a"].var(), rel=0.05)
    assert strata.smallest >= FEWEST


def test_donors_stay_in_their_stratum_and_go_round():
    strata = Strata.of(np.array([5, 5, 9, 5, 9, 7]))
    rows = np.arange(6)
    for shift in range(1, 5):
        donors = strata.further(rows, shift)
        np.testing.assert_array_equal(strata.label[donors], strata.label)
        assert (donors == rows).tolist() == [False] * 5 + [True]
    assert sorted(int(strata.further(np.array([0]), s)[0]) for s in (1, 2)) == [1, 3]


def of_two_classes(n: int, seed: int) -> ti.Table:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2)) @ np.linalg.cholesky([[1, 0.7], [0.7, 1]]).T
    y = (rng.logistic(size=n) < x @ [1.5, 0.5]).astype(int)
    return ti.read_table(pd.DataFrame(x, columns=["x1", "x2"]).assign(y=y), target="y", task="binary", positive="1")


CLASSES = ti.wrap(nn.Sequential(cases.affine([[1.5, 0.5]])), encoder="passthrough", task="binary")


def test_the_auc_falls_by_what_scikit_learn_says():
    """Mean over the draws of the fall of the AUC when x1 comes from the same stratum."""
    table = of_two_classes(300, 0)
    plan = pi.start(bind(CLASSES, table), n_repeats=4, seed=0, loss="auc", conditional=True)
    result = pi.finish(plan, pi.update(plan, np.arange(300)))
    x, y = plan.bound.table.inputs.to_numpy(), plan.bound.table.y
    falls = []
    for shift in plan.shifts:
        moved = x.copy()
        moved[:, 0] = x[plan.strata["x1"].further(np.arange(300), int(shift)), 0]
        falls.append(roc_auc_score(y, x @ [1.5, 0.5]) - roc_auc_score(y, moved @ [1.5, 0.5]))
    assert len(plan.strata["x1"]) > 5
    assert result.importance[0] == pytest.approx(np.mean(falls), abs=1e-9)


@pytest.mark.nightly
def test_the_error_of_the_auc_is_the_spread_over_samples():
    samples = sixty(bind(CLASSES, of_two_classes(60 * 400, 0)))
    found = [ti.permutation_importance(one, one.table, loss="auc", conditional=True) for one in samples]
    spread = np.std([one.importance for one in found], axis=0, ddof=1)
    said = np.sqrt(np.mean([one.stderr**2 for one in found], axis=0))
    assert np.all(np.abs(np.log(said / spread)) < np.log(1.3))


def test_too_few_rows_are_refused_with_the_reason():
    frame = cases.mixed_frame(60)
    with pytest.raises(
        NotApplicableError, match=r"at least 80 rows; the table has 60 \(.* at least two strata of 20 rows\)"
    ):
        ti.permutation_importance(ti.wrap(cases.network_pipeline(frame)), cases.mixed_table(frame), conditional=True)


# ---- families


def test_associations_against_scipy():
    frame = cases.mixed_frame(400, 2)
    frame["income"] += 800 * frame["age"].fillna(0)
    frame["grade"] = np.where(frame["city"] == "oslo", "high", frame["grade"])
    got = pd.DataFrame(associations(cases.mixed_table(frame)), cases.INPUTS, cases.INPUTS)
    known = frame.dropna(subset=["age"])
    # ranks are those among all rows in which a column is known: income's are ranked again only where age misses
    rank = frame["income"].rank()[known.index]
    assert got.loc["age", "income"] == pytest.approx(stats.pearsonr(known["age"].rank(), rank).statistic, rel=1e-9)
    city = frame["city"].fillna("none")
    f = stats.f_oneway(*(frame["income"].rank()[city == level] for level in city.unique())).statistic
    eta = f * 3 / (f * 3 + 396)
    assert got.loc["income", "city"] == pytest.approx(np.sqrt(max(0, 1 - (1 - eta) * 399 / 396)), abs=1e-9)
    plain = association(pd.crosstab(city, frame["grade"]).to_numpy(), method="cramer") ** 2 * 2  # phi squared
    less = min(4 - 9 / 399, 3 - 4 / 399) - 1
    assert got.loc["city", "grade"] == pytest.approx(np.sqrt((plain - 6 / 399) / less), rel=1e-9)
    assert np.all(np.diag(got) == 1)
    np.testing.assert_array_equal(got, got.T)


@pytest.mark.parametrize("weighted", [False, True])
def test_associations_of_numbers_that_miss_in_other_rows(weighted):
    """Each pair by itself, on the rows where both are known, from the definitions."""
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(200, 4)) + draw.normal(size=(200, 1)), columns=list("abcd"))
    for column, share in zip("abc", (0.3, 0.6, 0.99), strict=True):
        frame.loc[draw.random(200) < share, column] = np.nan
    frame["constant"] = np.where(frame["a"].isna(), draw.normal(size=200), 2.0)  # where a is known
    frame["level"] = np.where(draw.random(200) < 0.3, None, draw.choice(list("xyz"), 200))
    frame["w"] = draw.integers(1, 4, 200) if weighted else 1
    table = ti.read_table(frame.assign(y=frame["d"]), target="y", task="regression", weight="w")
    got, w = pd.DataFrame(associations(table), table.schema.inputs, table.schema.inputs), frame["w"].to_numpy()

    def rank(column):
        x = frame[column].to_numpy()
        return np.where(np.isnan(x), np.nan, [w[x < v].sum() + w[x == v].sum() / 2 for v in x])

    for one, other in combinations("abcd", 2):
        a, b = rank(one), rank(other)
        both = ~(np.isnan(a) | np.isnan(b))
        c = np.cov(a[both], b[both], fweights=w[both]) if both.sum() > 2 else np.eye(2)
        assert got.loc[one, other] == pytest.approx(abs(c[0, 1]) / np.sqrt(c[0, 0] * c[1, 1]), abs=1e-12), (one, other)
    for one in "ab":
        a = rank(one)
        known = ~np.isnan(a)
        groups = pd.DataFrame({"a": a, "w": w, "level": frame["level"].fillna("missing")})[known].groupby("level")
        within = sum((g.w * (g.a - np.average(g.a, weights=g.w)) ** 2).sum() for _, g in groups)
        total = (w[known] * (a[known] - np.average(a[known], weights=w[known])) ** 2).sum()
        n = w[known].sum() ** 2 / (w[known] ** 2).sum()
        share = max(0.0, 1 - within / total * (n - 1) / (n - groups.ngroups))
        assert got.loc[one, "level"] == pytest.approx(np.sqrt(share), abs=1e-12)
    assert got.loc["a", "constant"] == 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("missing", [False, True])
def test_a_constant_goes_with_nothing(seed, missing):
    """Whatever its weights leave of it by rounding."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({"one": 3.0, "two": 0.1, "a": draw.normal(size=200), "level": draw.choice(list("xyz"), 200)})
    frame.loc[:60, "a"] = np.where(missing, np.nan, frame.loc[:60, "a"])
    frame = frame.assign(y=draw.normal(size=200), w=draw.uniform(size=200) * 1e6)
    table = ti.read_table(frame, target="y", task="regression", weight="w")
    np.testing.assert_array_equal(associations(table)[:2], np.eye(4)[:2])
    assert associations(table.take(np.arange(100, 102)))[0, 2] == 0  # two rows tell nothing


def test_weights_are_repeated_rows():
    frame = cases.mixed_frame(200, 2)
    frame["grade"] = np.where(frame["city"] == "oslo", "high", frame["grade"])
    frame["w"] = np.random.default_rng(0).integers(1, 4, 200)
    repeated = frame.loc[frame.index.repeat(frame["w"])].reset_index(drop=True)
    weighted, plain = associations(cases.mixed_table(frame, weighted=True)), associations(cases.mixed_table(repeated))
    assert weighted[0, 1] == pytest.approx(
        plain[0, 1], rel=1e-9
    )  # the others are less what chance gives, of fewer rows
    doubled = associations(cases.mixed_table(frame.assign(w=2), weighted=True))
    np.testing.assert_allclose(doubled, associations(cases.mixed_table(frame)), atol=1e-9)


def test_a_family_moves_as_one_player():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 2))
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 0] + 0.1 * rng.normal(size=500)})
    frame["d"] = np.where(frame["a"] > 0, "up", "down")
    table = ti.read_table(frame.assign(y=frame["a"]), target="y", task="regression")
    found = ti.families(table)
    assert found.families == {"a + c + d": ("a", "c", "d")}
    assert found.frame()["weakest"].iloc[0] == pytest.approx(found.association[[0, 0, 2], [2, 3, 3]].min())
    model = ti.wrap(lambda rows: (rows["a"] + rows["c"]).to_numpy(), task="regression")
    both = ti.permutation_importance(model, table, groups=found.families)
    assert both.players == ("b", "a + c + d")
    assert both.importance[1] > ti.permutation_importance(model, table).importance[[0, 2]].max() * 3
    assert ti.families(table, threshold=1.0).families == {}
    with pytest.raises(NotApplicableError, match="threshold"):
        ti.families(table, threshold=0.0)


def test_seeds_and_orders_of_rows():
    frame = cases.mixed_frame(160, 6)
    frame["income"] += 800 * frame["age"].fillna(0)
    table, model = cases.mixed_table(frame, weighted=True), ti.wrap(cases.network_pipeline(frame))
    turned = table.take(np.random.default_rng(1).permutation(160))
    a, b = (ti.permutation_importance(model, t, conditional=True, seed=3) for t in (table, turned))
    np.testing.assert_allclose(a.importance, b.importance, atol=1e-6)
    np.testing.assert_allclose(a.stderr, b.stderr, atol=1e-6)
