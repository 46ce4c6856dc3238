"""Association between units and columns, beside scipy, statsmodels and slow re-derivations from the papers."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.dist_dependence_measures import distance_statistics
from statsmodels.stats.multitest import multipletests

from tabinterp.errors import TableError
from tabinterp.stats import association
from tabinterp.stats.multiple_testing import benjamini_hochberg


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def sample(n, seed=0):
    """Units (n, 4): normal, ReLU, tied, float32 far from zero; numeric (n, 3) with missing and ties; codes (n, 2)."""
    rng = np.random.default_rng(seed)
    numeric = rng.normal(size=(n, 3))
    numeric[:, 1] = np.round(numeric[:, 1] + 0.5 * numeric[:, 0])
    codes = np.column_stack([rng.integers(-1, 3, n), rng.integers(0, 2, n)])
    units = rng.normal(size=(n, 4)) + 0.4 * numeric[:, :1] + 0.3 * codes[:, :1]
    units[:, 1] = np.maximum(units[:, 1], 0)
    units[:, 2] = np.round(units[:, 2])
    units[:, 3] += 50
    numeric[rng.random(n) < 0.2, 2] = np.nan
    return units.astype(np.float32), numeric, codes


def mean_of_known(values):
    known = ~np.isnan(values)
    return np.where(known, values, 0).sum(axis=0, dtype=float) / np.maximum(known.sum(axis=0), 1)


def one_pass(units, numeric=None, codes=None, levels=None, centres=None):
    """The sums of these rows about their means, or about centres (of the units, of the numeric columns) near those."""
    n = len(units)
    numeric = np.zeros((n, 0)) if numeric is None else numeric
    codes = np.zeros((n, 0), int) if codes is None else codes
    levels = [int(c.max()) + 1 for c in codes.T] if levels is None else levels
    if centres is None:
        centres = [mean_of_known(values) for values in (units, numeric)]
    return association.update(association.start(*centres, levels), units, numeric, codes)


def each(units, columns):
    return (
        (k, j, units[:, k].astype(float), columns[:, j]) for k in range(units.shape[1]) for j in range(columns.shape[1])
    )


def test_pearson_equals_scipy_on_the_rows_that_are_known():
    units, numeric, _ = sample(80)
    got = association.finish(one_pass(units, numeric))
    for k, j, u, x in each(units, numeric):
        known = ~np.isnan(x)
        want = stats.pearsonr(u[known], x[known])
        assert got.n[j] == known.sum()
        assert got.pearson[k, j] == pytest.approx(want.statistic, abs=1e-13)
        assert got.pearson_p[k, j] == pytest.approx(want.pvalue, rel=1e-9)


def test_correlation_ratio_equals_analysis_of_variance_with_missing_as_a_level():
    units, _, codes = sample(90)
    got = association.finish(one_pass(units, codes=codes))
    for k, j, u, c in each(units, codes):
        groups = [u[c == level] for level in np.unique(c)]
        between = sum(len(g) * (g.mean() - u.mean()) ** 2 for g in groups)
        assert got.ratio[k, j] ** 2 == pytest.approx(between / ((u - u.mean()) ** 2).sum(), rel=1e-12)
        assert got.ratio_p[k, j] == pytest.approx(stats.f_oneway(*groups).pvalue, rel=1e-9)


def test_of_a_binary_column_the_correlation_ratio_is_the_size_of_pearson():
    units, _, codes = sample(60)
    got = association.finish(one_pass(units, codes[:, 1:].astype(float), codes[:, 1:]))
    np.testing.assert_allclose(got.ratio, np.abs(got.pearson), atol=1e-13)
    np.testing.assert_allclose(got.ratio_p, got.pearson_p, rtol=1e-9)


def test_units_own_moments():
    units, _, _ = sample(70)
    got = association.finish(one_pass(units))
    wide = units.astype(float)
    np.testing.assert_allclose(got.mean, wide.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(got.sd, wide.std(axis=0), rtol=1e-14)
    np.testing.assert_array_equal(got.active, (units > 0).mean(axis=0))
    many = np.random.default_rng(0).normal([0, 9, -9], size=(5000, 3))  # all rows, and none, above zero
    sides = [many[:, :1], many[:, 1:]]
    nothing = np.zeros((5000, 0)), np.zeros((5000, 0), int)
    beside = association.finish(association.update(association.start(np.zeros(3), np.zeros(0), []), sides, *nothing))
    np.testing.assert_array_equal(beside.active, (many > 0).mean(axis=0))
    np.testing.assert_allclose([beside.mean, beside.sd], [many.mean(axis=0), many.std(axis=0)], rtol=1e-12)


def test_spearman_equals_scipy_with_ties_and_missing():
    units, numeric, _ = sample(80)
    got = association.spearman(units, numeric)
    for k, j, u, x in each(units, numeric):
        known = ~np.isnan(x)
        want = stats.spearmanr(u[known], x[known])
        assert got.n[j] == known.sum()
        assert got.spearman[k, j] == pytest.approx(want.statistic, abs=1e-13)
        assert got.p[k, j] == pytest.approx(want.pvalue, rel=1e-9)


def test_spearman_in_blocks_of_units(monkeypatch):
    units, numeric, _ = sample(50)
    whole = association.spearman(units, numeric)
    monkeypatch.setattr(association, "RANK_UNITS", 3)
    np.testing.assert_array_equal(association.spearman(units, numeric).spearman, whole.spearman)


# Sums over rows: any split, any order


@settings(max_examples=60)
@given(data=st.data(), n=st.integers(1, 60), offset=st.sampled_from([0.0, 1e6]))
def test_any_split_and_any_merge_order_give_the_same_answer(data, n, offset):
    units, numeric, codes = sample(n, seed=n)
    units, numeric = units.astype(float) + offset, numeric - offset
    levels = [3, 2]
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=6)))
    bounds = [0, *cuts, n]
    near = np.full(4, offset), np.full(3, -offset)
    parts = [one_pass(units[a:b], numeric[a:b], codes[a:b], levels, near) for a, b in pairwise(bounds)]
    while len(parts) > 1:
        first = parts.pop(data.draw(st.integers(0, len(parts) - 1)))
        second = parts.pop(data.draw(st.integers(0, len(parts) - 1)))
        parts.append(association.merge(first, second))
    got, want = association.finish(parts[0]), association.finish(one_pass(units, numeric, codes, levels))
    for name, value in vars(want).items():
        np.testing.assert_allclose(getattr(got, name), value, rtol=1e-7, atol=1e-8, err_msg=name)


def test_update_in_chunks_and_update_in_steps_agree(monkeypatch):
    units, numeric, codes = sample(100)
    whole = association.finish(one_pass(units, numeric, codes))
    monkeypatch.setattr(association, "CHUNK_ROWS", 7)
    chunks = association.finish(one_pass(units, numeric, codes))
    np.testing.assert_allclose(chunks.pearson, whole.pearson, rtol=1e-12)
    np.testing.assert_allclose(chunks.ratio, whole.ratio, rtol=1e-12)


def test_state_is_not_changed_by_update_and_merge():
    units, numeric, codes = sample(30)
    state = one_pass(units, numeric, codes)
    before = state.product.copy()
    association.merge(state, association.update(state, units, numeric, codes))
    np.testing.assert_array_equal(state.product, before)
    assert (state.rows, state.weight) == (30, 30)


def test_a_column_far_from_zero_keeps_its_digits():
    rng = np.random.default_rng(1)
    x = rng.normal(size=20_000)
    u = 0.5 * x + rng.normal(size=20_000)
    state = association.start(np.array([1e6]), np.array([1e6 + 0.1]), [2])
    code = (x > 0).astype(int)
    for rows in np.array_split(np.arange(20_000), 37):
        state = association.update(state, u[rows, None] + 1e6, x[rows, None] + 1e6, code[rows, None])
    got = association.finish(state)
    want = one_pass(u[:, None], x[:, None], code[:, None])
    assert got.sd[0] == pytest.approx(u.std(), rel=1e-9)
    assert got.pearson[0, 0] == pytest.approx(stats.pearsonr(u, x).statistic, abs=1e-9)
    assert got.ratio[0, 0] == pytest.approx(association.finish(want).ratio[0, 0], abs=1e-9)


NOWHERE = np.zeros(1), np.zeros(0)


def test_merging_different_columns_and_unknown_codes_are_refused():
    with pytest.raises(TableError, match=r"numbers of levels; got \(2,\) and \(3,\)"):
        association.merge(association.start(*NOWHERE, [2]), association.start(*NOWHERE, [3]))
    with pytest.raises(TableError, match="around the same centres"):
        association.merge(association.start(*NOWHERE, [2]), association.start(np.ones(1), np.zeros(0), [2]))
    with pytest.raises(TableError, match=r"column 0 must be from -1 \(missing\) to 1; got codes from 0 to 2"):
        one_pass(np.ones((3, 1)), codes=np.array([[0], [1], [2]]), levels=[2])


# Distance correlation


def matrix(x):
    """Distances (n, n) of a column: 0 or 1 between codes."""
    difference = np.abs(x[:, None].astype(float) - x[None, :])
    return difference if np.issubdtype(x.dtype, np.floating) else np.minimum(difference, 1)


def u_centred(d):
    """U-centred distances (Szekely & Rizzo 2014, eq. 3.1), slowly."""
    n = len(d)
    out = d - d.sum(axis=0) / (n - 2) - d.sum(axis=1)[:, None] / (n - 2) + d.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(out, 0)
    return out


def modified(d):
    """Modified centred distances (Szekely & Rizzo 2013, eq. 2.5), slowly."""
    n = len(d)
    out = n / (n - 1) * (d - d.mean(axis=0) - d.mean(axis=1)[:, None] + d.mean() - d / n)
    np.fill_diagonal(out, n / (n - 1) * (d.mean(axis=0) - d.mean()))
    return out


def slow_corrected(a, b):
    """Bias-corrected squared distance correlation, as published in 2014 and as published in 2013."""
    n = len(a)

    def later(a, b):
        return (u_centred(a) * u_centred(b)).sum() / (n * (n - 3))

    def earlier(a, b):
        product = modified(a) * modified(b)
        return (product.sum() - np.trace(product) * n / (n - 2)) / (n * (n - 3))

    return tuple(f(a, b) / np.sqrt(f(a, a) * f(b, b)) for f in (later, earlier))


def slow_plain(a, b):
    def centred(d):
        return d - d.mean(axis=0) - d.mean(axis=1)[:, None] + d.mean()

    def v(a, b):
        return (centred(a) * centred(b)).mean()

    return np.sqrt(v(a, b) / np.sqrt(v(a, a) * v(b, b)))


@pytest.mark.parametrize("n", [4, 5, 60])
def test_distance_correlation_equals_double_centring(n):
    units, numeric, codes = sample(n, seed=3)
    columns = [numeric[:, 0], numeric[:, 1], codes[:, 0], np.arange(n) % 2]
    got = association.distance_correlation(units, columns)
    for k in range(units.shape[1]):
        for j, x in enumerate(columns):
            a, b = matrix(units[:, k].astype(float)), matrix(x)
            if u_centred(a).std() < 1e-9 or u_centred(b).std() < 1e-9:
                assert np.isnan(got.corrected[k, j])
                continue
            later, earlier = slow_corrected(a, b)
            assert got.corrected[k, j] == pytest.approx(later, abs=1e-11)
            assert later == pytest.approx(earlier, abs=1e-11)
            assert got.distance[k, j] == pytest.approx(slow_plain(a, b), abs=1e-9)


def test_distance_correlation_equals_statsmodels():
    units, numeric, _ = sample(70)
    got = association.distance_correlation(units, list(numeric[:, :2].T))
    for k, j, u, x in each(units, numeric[:, :2]):
        assert got.distance[k, j] == pytest.approx(distance_statistics(u, x).distance_correlation, abs=1e-11)


def test_distance_correlation_leaves_missing_rows_out_column_by_column():
    units, numeric, codes = sample(60)
    got = association.distance_correlation(units, [numeric[:, 2], codes[:, 0], numeric[:, 0]])
    known = ~np.isnan(numeric[:, 2])
    alone = association.distance_correlation(units[known], [numeric[known, 2]])
    rest = association.distance_correlation(units, [codes[:, 0], numeric[:, 0]])
    np.testing.assert_array_equal(got.n, [known.sum(), 60, 60])
    for name in ("distance", "corrected", "p", "p_chi_square"):
        np.testing.assert_allclose(getattr(got, name)[:, :1], getattr(alone, name), atol=1e-11)
        np.testing.assert_allclose(getattr(got, name)[:, 1:], getattr(rest, name), atol=1e-11)


def test_distance_correlation_in_blocks_of_units_far_from_zero(monkeypatch):
    units, numeric, codes = sample(40)
    columns = [numeric[:, 0], codes[:, 0]]
    whole = association.distance_correlation(units, columns)
    monkeypatch.setattr(association, "PAIR_UNITS", 3)
    moved = association.distance_correlation(units.astype(float) * 1e-3 + 1e6, [numeric[:, 0] - 1e6, codes[:, 0] + 7])
    np.testing.assert_allclose(moved.distance, whole.distance, rtol=1e-6)
    np.testing.assert_allclose(moved.corrected, whole.corrected, atol=1e-6)


def test_a_straight_line_is_certain_and_a_parabola_is_seen_by_distance_alone():
    x = np.arange(-100.0, 101.0)
    units = np.column_stack([2 * x - 1, x**2])
    got = association.distance_correlation(units, [x])
    rank = association.spearman(units, x[:, None])
    assert got.distance[0, 0] == pytest.approx(1)
    assert got.p[0, 0] == pytest.approx(0, abs=1e-12)
    assert abs(rank.spearman[1, 0]) < 1e-12
    assert got.distance[1, 0] > 0.4
    assert got.p_chi_square[1, 0] < 1e-6


def test_p_values_of_distance_correlation_are_the_published_tails():
    units, numeric, _ = sample(30)
    got = association.distance_correlation(units, [numeric[:, 0], numeric[:, 2]])
    for k, j in np.ndindex(got.p.shape):
        n, r = got.n[j], got.corrected[k, j]
        v = n * (n - 3) / 2
        assert got.p[k, j] == pytest.approx(stats.t.sf(np.sqrt(v - 1) * r / np.sqrt(1 - r**2), v - 1), rel=1e-9)
        assert got.p_chi_square[k, j] == pytest.approx(stats.chi2.sf(n * r + 1, df=1), rel=1e-9)


@pytest.mark.slow
def test_under_independence_the_chi_square_test_holds_its_level_and_the_t_test_does_not():
    rng = np.random.default_rng(5)
    got = [
        association.distance_correlation(rng.normal(size=(200, 50)), list(rng.normal(size=(10, 200))))
        for _ in range(10)
    ]
    p, safe = (np.concatenate([getattr(g, name).ravel() for g in got]) for name in ("p", "p_chi_square"))
    assert (safe < 0.01).mean() <= 0.01
    assert (p < 0.001).mean() > 0.005  # documented: small p of the t test are too small
    assert abs(np.mean([g.corrected.mean() for g in got])) < 2e-3


# Edges


def edge_cases():
    n = 6
    line, flat = np.arange(float(n)), np.full(n, 0.1)
    yield "constant unit", flat, line
    yield "constant column", line, flat
    yield "nothing known", line, np.full(n, np.nan)
    yield "one row known", line, np.array([1.0] + [np.nan] * (n - 1))
    yield "unit NaN", np.where(line == 2, np.nan, line), line
    yield "unit constant where the column is known", np.minimum(line, 3), np.where(line < 3, np.nan, line)
    yield "one row", line[:1], line[:1]


@pytest.mark.parametrize(("unit", "column"), [c[1:] for c in edge_cases()], ids=[c[0] for c in edge_cases()])
def test_what_is_not_defined_is_nan(unit, column):
    units = unit[:, None]
    moments = association.finish(one_pass(units, column[:, None]))
    rank = association.spearman(units, column[:, None])
    distance = association.distance_correlation(units, [column])
    values = [moments.pearson, moments.pearson_p, rank.spearman, rank.p, distance.distance, distance.corrected]
    assert np.isnan([*values, distance.p, distance.p_chi_square]).all()


@pytest.mark.parametrize(
    ("unit", "code"),
    [(np.full(5, 0.1), np.arange(5) % 2), (np.arange(5.0), np.zeros(5, int)), (np.ones(1), np.zeros(1, int))],
    ids=["constant unit", "one level", "one row"],
)
def test_correlation_ratio_that_is_not_defined_is_nan(unit, code):
    got = association.finish(one_pass(unit[:, None], codes=code[:, None], levels=[2]))
    assert np.isnan([got.ratio, got.ratio_p]).all()
    assert np.isnan(association.distance_correlation(unit[:, None], [code]).corrected).all()


def test_a_unit_constant_up_to_rounding_is_constant_over_many_batches():
    rng = np.random.default_rng(2)
    state = association.start(np.full(1, 0.1), np.zeros(1), [2])
    for m in (3, 1000, 17, 250):
        state = association.update(state, np.full((m, 1), 0.1), rng.normal(size=(m, 1)), rng.integers(0, 2, (m, 1)))
    got = association.finish(state)
    assert np.isnan([got.pearson, got.ratio]).all()


def test_each_level_its_own_row_leaves_no_degrees_of_freedom():
    got = association.finish(one_pass(np.arange(4.0)[:, None], codes=np.arange(4)[:, None]))
    assert got.ratio[0, 0] == pytest.approx(1)
    assert np.isnan(got.ratio_p[0, 0])


def test_three_rows():
    units, x = np.array([[1.0], [2.0], [4.0]]), np.array([[1.0], [3.0], [2.0]])
    got = association.finish(one_pass(units, x))
    want = stats.pearsonr(units[:, 0], x[:, 0])
    assert got.pearson[0, 0] == pytest.approx(want.statistic)
    assert got.pearson_p[0, 0] == pytest.approx(want.pvalue)
    assert association.spearman(units, x).spearman[0, 0] == pytest.approx(0.5)
    distance = association.distance_correlation(units, [x[:, 0]])
    assert distance.distance[0, 0] == pytest.approx(slow_plain(matrix(units[:, 0]), matrix(x[:, 0])))
    assert np.isnan([distance.corrected, distance.p, distance.p_chi_square]).all()


def test_two_rows_have_a_correlation_but_no_test():
    got = association.finish(one_pass(np.array([[1.0], [2.0]]), np.array([[5.0], [3.0]])))
    assert got.pearson[0, 0] == pytest.approx(-1)
    assert np.isnan(got.pearson_p[0, 0])


def test_a_unit_that_differs_on_one_row_has_no_corrected_distance_correlation():
    unit = np.zeros((50, 1))
    unit[7] = 3
    got = association.distance_correlation(unit, [np.random.default_rng(0).normal(size=50)])
    assert np.isnan(got.corrected[0, 0])
    assert 0 < got.distance[0, 0] < 1


def test_no_rows_no_units_no_columns():
    empty = association.finish(association.start(np.zeros(2), np.zeros(1), [3]))
    assert empty.rows == 0
    assert np.isnan([*empty.mean, *empty.sd, *empty.active, *empty.pearson.ravel(), *empty.ratio.ravel()]).all()
    assert association.finish(one_pass(np.ones((3, 2)))).pearson.shape == (2, 0)
    assert association.finish(one_pass(np.ones((3, 2)))).ratio.shape == (2, 0)
    assert association.spearman(np.ones((3, 2)), np.zeros((3, 0))).spearman.shape == (2, 0)
    assert association.spearman(np.ones((3, 0)), np.zeros((3, 2))).spearman.shape == (0, 2)
    assert association.distance_correlation(np.ones((3, 2)), []).distance.shape == (2, 0)
    assert association.distance_correlation(np.ones((3, 0)), [np.ones(3)]).distance.shape == (0, 1)


def test_infinite_values_spoil_their_own_column_and_unit_alone():
    units, numeric, _ = sample(30)
    clean = association.finish(one_pass(units, numeric))
    numeric[3, 0], units[4, 1] = np.inf, -np.inf
    got = association.finish(one_pass(units, numeric))
    assert np.isnan(got.pearson[:, 0]).all()
    assert np.isnan(got.pearson[1]).all()
    np.testing.assert_array_equal(got.pearson[np.ix_([0, 2, 3], [1, 2])], clean.pearson[np.ix_([0, 2, 3], [1, 2])])
    distance = association.distance_correlation(units, [numeric[:, 0], numeric[:, 1]])
    assert np.isnan(distance.corrected[:, 0]).all()
    assert np.isnan(distance.corrected[1]).all()
    assert np.isfinite(distance.corrected[[0, 2, 3], 1]).all()


# Many tests at once


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_benjamini_hochberg_equals_statsmodels(p):
    got = benjamini_hochberg(np.array(p))
    np.testing.assert_allclose(got, multipletests(p, method="fdr_bh")[1], atol=1e-12)


def test_benjamini_hochberg_keeps_the_shape_and_leaves_nan_out():
    p = np.array([[0.01, np.nan, 0.04], [0.03, 0.5, np.nan]])
    q = benjamini_hochberg(p)
    np.testing.assert_array_equal(np.isnan(q), np.isnan(p))
    np.testing.assert_allclose(q[~np.isnan(p)], multipletests(p[~np.isnan(p)], method="fdr_bh")[1])
    assert np.isnan(benjamini_hochberg(np.full(3, np.nan))).all()
    assert benjamini_hochberg(np.zeros((0, 2))).shape == (0, 2)
