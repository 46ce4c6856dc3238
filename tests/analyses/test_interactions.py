"""Interactions against Sobol indices, closed forms, enumeration from the papers, and their own promises."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import PCA

import tabinterp as ti
from tabinterp.analyses.effects.grids import with_points
from tabinterp.analyses.interactions import estimator as ia
from tabinterp.analyses.interactions import pair_effects as of_pair
from tabinterp.analyses.interactions import screening
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases, oracles
from tests.shared import every_nth

FLOAT32 = 5e-6


def uniform(n, columns, low, high, seed=0):
    x = np.random.default_rng(seed).uniform(low, high, (n, columns))
    frame = pd.DataFrame(x, columns=[f"x{j + 1}" for j in range(columns)])
    return ti.read_table(frame.assign(y=x[:, 0]), target="y", task="regression")


class Formula(torch.nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return self.f(*x.T)[:, None]


def friedman(x1, x2, x3, x4, x5, *_):
    return 10 * torch.sin(torch.pi * x1 * x2) + 20 * (x3 - 0.5) ** 2 + 10 * x4 + 5 * x5


def ishigami(x1, x2, x3):
    return torch.sin(x1) + 7 * torch.sin(x2) ** 2 + 0.1 * x3**4 * torch.sin(x1)


def product_of_three(x1, x2, x3):
    return x1 * x2 * x3


# ---- known answers


@pytest.mark.parametrize(
    ("function", "columns", "low", "high", "pair", "share", "variance"),
    [
        pytest.param(friedman, 7, 0.0, 1.0, ("x1", "x2"), 0.0749, 0.0749 * 23.82, marks=pytest.mark.nightly),
        (ishigami, 3, -np.pi, np.pi, ("x1", "x3"), 0.2437, 0.2437 * 13.845),
    ],
)
def test_the_share_of_a_pair_is_its_sobol_index(function, columns, low, high, pair, share, variance):
    """Independent columns: variance, strength and Shapley index all are the pair's term. Of eight 95% intervals at least six
    hold it (by chance five or fewer in 1 of 170), and the mean of the eight lies within its own error."""
    truth, told, inside = np.array([share, variance, variance]), [], []
    for seed in range(8):
        table = uniform(1500, columns, low, high, seed)
        result = ti.interactions(cases.wrapped(Formula(function)), table, top=1, seed=seed)
        found = result.pairs[0]
        assert found.columns == pair
        estimates = (found.share, found.variance, found.shapley)
        told.append([e.value[0] for e in estimates])
        inside.append([e.low[0] <= t <= e.high[0] for e, t in zip(estimates, truth, strict=True)])
        assert (result.screen.strength > 0).sum() == 1  # the others are nothing, not little
    error = np.std(told, axis=0, ddof=1) / np.sqrt(8)
    assert np.all(np.abs(np.mean(told, axis=0) - truth) < 4 * error)
    assert np.all(np.sum(inside, axis=0) >= 6)


def test_a_function_of_rows_has_the_interactions_of_the_same_network():
    table = uniform(300, 3, -np.pi, np.pi, 0)
    network = Formula(ishigami).double()

    def function(rows):
        return network(torch.tensor(rows[["x1", "x2", "x3"]].to_numpy())).numpy()[:, 0]

    of_rows, of_network = (
        ti.interactions(model, table, top=2, background=20)
        for model in (ti.wrap(function, task="regression"), cases.wrapped(network))
    )
    assert [one.columns for one in of_rows.pairs] == [one.columns for one in of_network.pairs]
    for one, other in zip(of_rows.pairs, of_network.pairs, strict=True):
        for name in ("share", "variance", "shapley"):
            assert getattr(one, name).value == pytest.approx(getattr(other, name).value, rel=1e-5, abs=1e-9)


def test_a_product_on_two_levels_is_known_exactly():
    """f = x1 x2 on {-1, 1}: all variance is the pair's; the table is the product itself."""
    x = np.random.default_rng(1).choice([-1.0, 1.0], (1600, 3))
    frame = pd.DataFrame(x, columns=["x1", "x2", "x3"]).assign(y=np.arange(1600.0))
    result = ti.interactions(cases.wrapped(cases.product_network()), ti.read_table(frame, target="y"), top=3)
    found = result["x2", "x1"]
    assert found.columns == ("x1", "x2")
    assert abs(found.h2.value[0] - 1) < 4 * found.h2.stderr[0] + 0.01
    assert abs(found.share.value[0] - 1) < 4 * found.share.stderr[0] + 0.01
    product = np.array([[1.0, -1.0], [-1.0, 1.0]])
    expected = oracles.purify(product, found.table.weight)  # the four cells do not hold quite as many rows
    np.testing.assert_allclose(found.table.effect.value[:, :, 0], expected, atol=1e-5)
    assert found.table.rows.sum() == 1600
    for other in result.pairs[1:]:
        assert other.variance.value[0] == other.shapley.value[0] == other.table.variance.value[0] == 0


@pytest.mark.parametrize(
    ("task", "mixed", "top"),
    [
        ("binary", False, 3),
        ("multiclass", True, 1),
        *(pytest.param(task, False, 3, marks=pytest.mark.nightly) for task in cases.TASKS if task != "binary"),
    ],
)
def test_a_linear_model_has_none(task, mixed, top):
    """Also where the encoder mixes the columns linearly; the imputed number with its indicator is one column."""
    frame = cases.mixed_frame(64, 1, task)
    pipeline = cases.linear_pipeline(frame, task, after=[PCA(4, random_state=0)] if mixed else [])
    result = ti.interactions(ti.wrap(pipeline), cases.mixed_table(frame, task), top=top, background=8)
    told = result.frame()
    assert len(told) == top * len(result.outputs)
    assert result.screen.strength.max() == 0
    assert np.all(told[["variance", "purified", "shapley"]] == 0)
    assert np.all(result.effect(result.pairs[0].columns)["effect"] == 0)


def test_a_term_of_three_columns_is_no_pair_but_is_seen_by_the_screening():
    """f = x1 x2 x3 on U(-1, 1): superset importance 1/27 for every pair, pure pair variance 0; the Shapley index of a pair
    against one background row averages to half of it times what the third column adds: variance (1/9)(1/3) / 4."""
    result = ti.interactions(cases.wrapped(Formula(product_of_three)), uniform(4000, 3, -1, 1), top=3)
    for pair in result.pairs:
        assert abs(pair.variance.value[0]) < 4 * pair.variance.stderr[0]
        assert abs(pair.shapley.value[0] - 1 / 108) < 4 * pair.shapley.stderr[0]
    assert np.all(np.abs(result.screen.strength - 1 / 27) < 4 * result.screen.stderr)
    assert result.shapley_exact


# ---- slow re-derivations


@pytest.mark.parametrize("weighted", [False, True])
def test_sums_over_different_rows(weighted):
    rng = np.random.default_rng(0)
    values, w = rng.normal(size=(7, 7, 2)) + 0.5, rng.integers(1, 4, 7) + 0.0 if weighted else np.ones(7)
    expected = [oracles.mean_square_apart(values[:, :, k].tolist(), w.tolist()) for k in range(2)]
    np.testing.assert_allclose(of_pair.variance_of_mean(values, w), expected, rtol=1e-10)


@pytest.mark.parametrize(("weighted", "mixed"), every_nth(3, product([False, True], [False, True])))
def test_numerator_and_denominator_of_h_by_hand(mixed, weighted):
    """Second differences and partial dependence from frames, for a column with missing values and a category."""
    frame = cases.mixed_frame(64, 2)
    pipeline = cases.network_pipeline(frame, after=[PCA(4, random_state=0)] if mixed else [])
    bound = bind(ti.wrap(pipeline), cases.mixed_table(frame, "binary", weighted))
    rows, score = np.arange(3, 11), cases.scorer(pipeline)
    blocks = of_pair.Blocks.of(bound, [rows], ["age", "city"])
    pure, whole = of_pair.joint(blocks, ("age", "city"))
    few = frame[cases.INPUTS].iloc[rows].reset_index(drop=True)
    both, a, b = (oracles.all_pairs(score, few, c)[:, :, 0].T for c in (["age", "city"], ["age"], ["city"]))
    w = frame["w"].to_numpy()[rows] if weighted else np.ones(8)
    assert pure[0, 0] == pytest.approx(oracles.mean_square_apart(both - a - b + score(few)[:, 0], w), abs=1e-4)
    centred = both - blocks.centre[0]  # with weights the estimate depends on where zero is, a little
    assert whole[0, 0] == pytest.approx(oracles.mean_square_apart(centred, w), abs=1e-4)


@pytest.mark.parametrize("name", cases.RELUS)
def test_the_shapley_interaction_index_by_enumeration(name):
    module, table = cases.relu_network(cases.RELUS[name]), cases.numbers(12)
    bound = bind(cases.wrapped(module), table)
    x, rows = table.inputs.to_numpy(), np.array([2, 5, 7, 11])

    def f(row):
        return float(module(torch.as_tensor([row], dtype=torch.float64)))

    got = of_pair.index_terms(bound, ("x1", "x2"), rows, np.random.default_rng(0))[:, :, 0]
    expected = [[oracles.shapley_interaction(f, x[i], x[b], 0, 1) for b in rows] for i in rows]
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_drawn_coalitions_have_the_enumerated_index_as_their_mean(monkeypatch):
    frame = cases.mixed_frame(40, 3)
    bound = bind(ti.wrap(cases.network_pipeline(frame)), cases.mixed_table(frame))
    rows = np.arange(6)
    exact = of_pair.index_terms(bound, ("age", "income"), rows, np.random.default_rng(0))
    monkeypatch.setattr(of_pair, "EXACT", 1)
    assert not of_pair.is_exact(bound)
    drawn = np.stack(
        [of_pair.index_terms(bound, ("age", "income"), rows, np.random.default_rng(s)) for s in range(400)]
    )
    error = drawn.std(axis=0, ddof=1) / 20
    assert np.all(np.abs(drawn.mean(axis=0) - exact) < 4.5 * error + FLOAT32)
    assert error.max() > 1e-3


def test_purified_tables_are_those_of_mass_moving():
    rng = np.random.default_rng(0)
    table, weight = rng.normal(size=(4, 5)), rng.dirichlet(np.ones(20)).reshape(4, 5)
    got = of_pair.purified(table[:, :, None], weight)[:, :, 0]
    np.testing.assert_allclose(got, oracles.purify(table, weight), atol=1e-9)
    np.testing.assert_allclose((got * weight).sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose((got * weight).sum(axis=1), 0, atol=1e-12)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("bend", "truth", "least", "most"),
    [
        pytest.param(lambda x: x, 1 / 9, 0.97, 1.01, marks=pytest.mark.nightly),
        (lambda x: torch.sin(8 * torch.pi * x), 1 / 6, 0.8, 1.0),
    ],
)
def test_the_error_of_a_purified_table_holds_the_coarseness_of_its_cells(bend, truth, least, most):
    """x1 x2, which eight points read 3% too low, and waves within the cells, of which points in their middles see nothing.

    Taking a column's own effect off takes an eighth of what varies within cells off as well, and 15 of 2,000 rows.
    """
    found, said = [], []
    for seed in range(30):
        bound = ia._in_order(
            bind(cases.wrapped(Formula(lambda a, b, c: bend(a) * b + c)), uniform(2_000, 3, -1, 1, seed)), seed
        )
        blocks = of_pair.Blocks.of(bound, ia._cut(bound, 16)[:16], ["x1", "x2"])
        grids = tuple(ia.grid_of(bound, c, ia.POINTS, ends=False) for c in ("x1", "x2"))
        read = of_pair.pair_table(blocks, with_points(bound, grids), grids, seed).variance
        found.append(read.value[0])
        said.append(read.stderr[0])
    error = np.std(found, ddof=1)
    assert least * truth - 3 * error / np.sqrt(30) < np.mean(found) < most * truth + 3 * error / np.sqrt(30)
    assert 0.6 < np.sqrt(np.mean(np.square(said))) / error < 1.6


def test_the_table_of_a_pair_by_hand():
    """Purified partial dependence over the first rows of each block, with missing values as a level."""
    frame = cases.mixed_frame(64, 4)
    pipeline = cases.network_pipeline(frame)
    result = ti.interactions(ti.wrap(pipeline), cases.mixed_table(frame), columns=["age", "city"], top=1)
    found, score = result.pairs[0], cases.scorer(pipeline)
    order = ia._in_order(bind(ti.wrap(pipeline), cases.mixed_table(frame)), 0).table.numbers
    few = frame[cases.INPUTS].iloc[order[: result.rows]].reset_index(drop=True)
    ages, cities = ([np.nan if v is None else v for v in values] for values in found.table.values)
    plain = np.array(
        [[score(few.assign(age=a, city=np.array([c] * len(few), dtype=object))).mean() for c in cities] for a in ages]
    )
    np.testing.assert_allclose(found.table.effect.value[:, :, 0], oracles.purify(plain, found.table.weight), atol=1e-4)


@pytest.mark.parametrize(("mixed", "weighted"), every_nth(3, product([False, True], [False, True])))
def test_strengths_by_hand(mixed, weighted):
    frame = cases.mixed_frame(60, 5, "multiclass")
    pipeline = cases.network_pipeline(frame, "multiclass", after=[PCA(4, random_state=0)] if mixed else [])
    bound = bind(ti.wrap(pipeline), cases.mixed_table(frame, "multiclass", weighted))
    rows, donors, score = np.arange(20), np.arange(30, 50), cases.scorer(pipeline, "multiclass")
    value, error = screening.strengths(bound, [("city", "member"), ("age", "grade")], rows, donors)
    own, other = (frame[cases.INPUTS].iloc[r].reset_index(drop=True) for r in (rows, donors))
    w = frame["w"].to_numpy()[rows] * frame["w"].to_numpy()[donors] if weighted else np.ones(20)
    for at, (a, b) in enumerate([("city", "member"), ("age", "grade")]):
        d = score(own) - score(own.assign(**{a: other[a]})) - score(own.assign(**{b: other[b]}))
        d = d + score(own.assign(**{a: other[a], b: other[b]}))
        squared = (d**2).sum(axis=1) / 4
        assert value[at] == pytest.approx(np.average(squared, weights=w), rel=1e-3)
        spread = np.sqrt(np.sum(w**2 * (squared - value[at]) ** 2) * 20 / 19) / w.sum()
        assert error[at] == pytest.approx(spread, rel=1e-3)


# ---- promises


def test_rows_evaluated_by_the_screening(monkeypatch):
    """A single move for each column read and a pair move for each pair that is left, on as many rows as the round uses."""
    table = uniform(400, 8, -1, 1)
    bound = bind(ti.wrap(torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1)),
                         encoder="passthrough", task="regression"), table)  # fmt: skip
    rest, rows = bound.rest, []
    monkeypatch.setitem(bound.__dict__, "rest", lambda z: rows.append(len(z)) or rest(z))
    monkeypatch.setattr(screening, "PAIR_MOVES", 28 * 50)
    found = screening.screen(bound, bound.columns, 2)
    again = {c for pair, n in zip(found.pairs, found.rounds, strict=True) if n == 2 for c in pair}
    assert sum(rows) == (1 + 8 + 28) * 50 + (1 + len(again) + 8) * 200
    assert np.bincount(found.rounds).tolist() == [0, 20, 8]
    assert found.kept.sum() == 2
    assert sorted(set(found.rows)) == [50, 200]
    told = found.frame()
    assert told["kept"].tolist() == [True] * 2 + [False] * 26
    weakest = told["strength"][told["round"] == 1].max()
    assert np.all(found.strength[found.kept] >= weakest - 4 * found.stderr.max())


def test_of_many_columns_pairs_are_of_those_that_move_the_score_most(monkeypatch):
    """Total indices of (x1 + x2 x3) * 2 + x4 * .1 with variances of 1/3, in closed form; the pair survives, x4 and x5 do not."""
    monkeypatch.setattr(screening, "WIDE", 3)
    model = ti.wrap(lambda r: (2 * (r.x1 + r.x2 * r.x3) + 0.1 * r.x4).to_numpy(), task="regression")
    bound = bind(model, uniform(4000, 5, -1, 1))
    rows = np.arange(2000)
    total = screening.total_indices(bound, bound.columns, rows, rows + 2000)
    np.testing.assert_allclose(total, [4 / 3, 4 / 9, 4 / 9, 0.01 / 3, 0], rtol=0.1)
    found = screening.screen(bound, bound.columns, 1)
    assert (found.passed, found.pairs) == (("x4", "x5"), (("x1", "x2"), ("x1", "x3"), ("x2", "x3")))
    assert found.passed_most == pytest.approx(0.01 / 3, rel=0.2)
    assert (
        found.strength[~found.kept].max() <= found.passed_most < found.strength[found.kept][0] <= total[:3].min() * 1.1
    )


def test_the_order_of_rows_and_the_split_of_columns_do_not_matter():
    frame = cases.mixed_frame(80, 6)
    table, model = cases.mixed_table(frame, weighted=True), ti.wrap(cases.network_pipeline(frame))
    shuffled = table.take(np.random.default_rng(5).permutation(80))
    a, b = (ti.interactions(model, t, top=2, seed=3) for t in (table, shuffled))
    pd.testing.assert_frame_equal(a.frame(), b.frame(), rtol=1e-3, atol=1e-5)
    pd.testing.assert_frame_equal(a.screen.frame(), b.screen.frame(), rtol=1e-3, atol=1e-5)
    assert (a.blocks, a.background, a.rows) == (8, 10, 80)


@pytest.mark.nightly
def test_intervals_of_a_pair_without_interaction_cover_zero():
    """Terms of three columns make every estimate noisy; 60 tables, three pairs each: three standard errors are 5%."""
    model, inside = cases.wrapped(Formula(product_of_three)), []
    for seed in range(20):
        result = ti.interactions(model, uniform(400, 3, -1, 1, seed), top=3, background=16, seed=seed)
        inside += [p.variance.low[0] <= 0 <= p.variance.high[0] for p in result.pairs]
    assert np.mean(inside) > 0.86


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"top": 0}, "top must be at least 1"),
        ({"background": 3}, "at least 4 rows"),
        ({"columns": ["age"]}, "two columns"),
        ({"columns": ["nope", "age"]}, "input columns"),
    ],
)
def test_what_has_no_meaning_is_refused(more, message):
    frame = cases.mixed_frame(40)
    with pytest.raises(NotApplicableError, match=message):
        ti.interactions(ti.wrap(cases.network_pipeline(frame)), cases.mixed_table(frame), **more)


def test_few_rows_are_refused():
    frame = cases.mixed_frame(31)
    with pytest.raises(NotApplicableError, match="at least 32 rows with positive weight; the table has 31"):
        ti.interactions(ti.wrap(cases.network_pipeline(frame)), cases.mixed_table(frame))


@pytest.mark.nightly
def test_the_error_of_a_purified_effect_is_the_spread_over_samples():
    """x1 x2 of normal columns, whose effect within an outer cell is far from that at its middle."""

    model, told = cases.wrapped(Formula(lambda a, b: a * b)), []
    for seed in range(50):
        x = np.random.default_rng(seed).normal(size=(1000, 2))
        frame = pd.DataFrame(x, columns=["x1", "x2"]).assign(y=x[:, 0])
        found = ti.interactions(model, ti.read_table(frame, target="y", task="regression"), top=1, seed=seed)
        told.append((found["x1", "x2"].table.variance.value[0], found["x1", "x2"].table.variance.stderr[0]))
    value, stderr = np.array(told).T
    said = np.sqrt(np.mean(stderr**2))
    assert 0.88 < said / value.std(ddof=1) < 1.25  # the spread of 50 is known to 10%; without the cells' inside: 0.8
    assert value.mean() == pytest.approx(1, abs=4 * said / np.sqrt(50))
