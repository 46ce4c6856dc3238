"""Measures of association between many hidden units and many columns, computed on arrays.

The module computes four coefficients with p-values, for all pairs of units and columns at once:

- Pearson correlation and the correlation ratio, which are computed from sums over rows (`start`, `update`, `merge`, `finish`).
  The rows can be read in batches of any size, and the sums can be merged in any order.
- Spearman's rank correlation (`spearman`), which needs all rows at once.
- distance correlation (`distance_correlation`), which compares every pair of rows and is meant for a sample.

Rows may have weights. A row of weight 2 counts as two rows in every coefficient. Equal weights have no effect. In p-values, the
number of rows is replaced by Kish's effective sample size (sum w)^2 / sum w^2. This is exact for equal weights and an
approximation for other weights. Rows of weight 0 must be left out.

In array shapes, `n` is the number of rows, `h` the number of hidden units, `p` the number of numeric columns, and `q` the number
of categorical columns. Arithmetic is in float64. NaN in a numeric column is a missing value, and the row is left out only for
this column (pairwise-complete). A category code of -1 means missing and counts as a separate level. Models treat "missing" as a
value, and a unit may respond only to this value.

A coefficient is NaN, without a warning, if a unit or column is constant, if there are too few rows, or if a unit is NaN for any
row. A standard deviation of less than 1e-13 times the mean is treated as zero, because it may be a rounding error. Matrix
products run on one thread. The last digits of the results therefore do not depend on the number of cores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, stats
from threadpoolctl import ThreadpoolController

from tabinterp.errors import TableError

from .distances import Booleans, Floats, Integers, constant, correlate, pair_products
from .multiple_testing import correlation_test, variance_test

CHUNK_ROWS = 4_096  # rows that `update` processes at a time, few enough for the processor's cache
ROUNDING = 1e-12  # a sum of squares around the mean may be rounding error if it is a smaller share of that at a centre
RANK_UNITS = 64  # units that `spearman` ranks at a time
PAIR_UNITS = 256  # units that `distance_correlation` processes at a time


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over rows of deviations from centres. The centres are near the means, so no precision is lost if a mean is large
    compared with the spread.

    In the comments on the fields, d is the output of a unit minus its centre, e is the value of a numeric column minus its centre
    (0 where missing), and w is a weight. T is the sum of (levels + 1) over the categorical columns, because the first level of
    each is "missing".
    """

    levels: tuple[int, ...]  # number of levels of each categorical column, not counting "missing"
    centre: Floats  # (h,) centre of each unit
    middle: Floats  # (p,) centre of each numeric column
    rows: int
    known: Integers  # (p,) number of rows in which each numeric column is not missing
    weight: Floats  # () sum of weights
    squares: Floats  # () sum of squared weights
    known_weight: Floats  # (p,) sum of weights over the rows in which each numeric column is not missing
    known_squares: Floats  # (p,) sum of squared weights over these rows
    positive: Floats  # (h,) weight of the rows in which the unit is above zero
    unit: Floats  # (2, h) sums of w d and w d^2
    column: Floats  # (2, p) sums of w e and w e^2
    pair: Floats  # (2, h, p) sums of w d and w d^2 over the rows in which the column is not missing
    product: Floats  # (h, p) sum of w d e
    level_weight: Floats  # (T,) weight of the rows of each level
    level: Floats  # (T, h) sum of w d over the rows of each level


@dataclass(frozen=True)
class Association:
    """The mean and spread of each unit, and its association with each column, computed from sums over rows."""

    rows: int
    mean: Floats  # (h,)
    sd: Floats  # (h,) standard deviation with divisor n
    active: Floats  # (h,) share of rows in which the unit is above zero, in [0, 1]
    n: Integers  # (p,) number of rows used for each numeric column
    pearson: Floats  # (h, p) in [-1, 1]
    pearson_p: Floats  # (h, p) two-sided t test with n - 2 (effective) degrees of freedom
    ratio: Floats  # (h, q) correlation ratio eta, in [0, 1]; its square is the share of variance between levels
    ratio_p: Floats  # (h, q) F test of a one-way analysis of variance over the levels that occur


@dataclass(frozen=True)
class RankCorrelation:
    n: Integers  # (p,) number of rows used for each column
    spearman: Floats  # (h, p) in [-1, 1]
    p: Floats  # (h, p) two-sided t approximation with n - 2 degrees of freedom


@dataclass(frozen=True)
class DistanceCorrelation:
    n: Integers  # (c,) number of rows used for each column
    distance: Floats  # (h, c) plain (V-statistic) distance correlation, in [0, 1]; above zero even under independence
    corrected: Floats  # (h, c) bias-corrected *squared* distance correlation, in [-1, 1]; near zero under independence
    p: Floats  # (h, c) t test of `corrected`, one-sided
    p_chi_square: Floats  # (h, c) chi-square test of `corrected`, one-sided


# Sums over rows


def start(centre: Floats, middle: Floats, levels: Sequence[int]) -> Moments:
    """Return the initial sums, all zero, to which rows are added later.

    `centre` (h,) should be near the means of the units, and `middle` (p,) near the means of the numeric columns. `levels`
    contains the number of levels of each categorical column.
    """
    h, p, t = len(centre), len(middle), sum(levels) + len(levels)
    return Moments(
        levels=tuple(levels),
        centre=np.asarray(centre, np.float64),
        middle=np.asarray(middle, np.float64),
        rows=0,
        known=np.zeros(p, np.int64),
        weight=np.array(0.0),
        squares=np.array(0.0),
        known_weight=np.zeros(p),
        known_squares=np.zeros(p),
        positive=np.zeros(h),
        unit=np.zeros((2, h)),
        column=np.zeros((2, p)),
        pair=np.zeros((2, h, p)),
        product=np.zeros((h, p)),
        level_weight=np.zeros(t),
        level=np.zeros((t, h)),
    )


def update(
    state: Moments,
    units: NDArray[Any] | Sequence[NDArray[Any]],
    numeric: NDArray[Any],
    codes: NDArray[Any],
    weights: Floats | None = None,
) -> Moments:
    """Add m rows to the sums, and return the new sums. `state` is not changed.

    Parameters
    ----------
    units : (m, h), or a list of arrays that together have h columns
        Outputs of the hidden units.
    numeric : (m, p)
        Numeric columns; NaN if missing.
    codes : (m, q)
        Codes of the categorical columns; -1 if missing.
    weights : (m,), optional
        Weights of the rows, all above 0. By default, all weights are 1.

    Raises
    ------
    TableError
        If a code of column c is not in -1 .. levels[c] - 1.
    """
    _check_codes(codes, state.levels)
    parts = [units] if isinstance(units, np.ndarray) else units
    with np.errstate(all="ignore"), _blas().limit(limits=1):
        for first in range(0, len(codes), CHUNK_ROWS):
            rows = slice(first, first + CHUNK_ROWS)
            w = None if weights is None else weights[rows]
            state = merge(state, _batch(state, [one[rows] for one in parts], numeric[rows], codes[rows], w))
    return state


def merge(a: Moments, b: Moments) -> Moments:
    """Combine the sums over two sets of rows. The centres must be the same in both."""
    if a.levels != b.levels:
        raise TableError(
            "two sets of moments can be merged only if their categorical columns have the same numbers of "
            f"levels; got {a.levels} and {b.levels}"
        )
    if not (np.array_equal(a.centre, b.centre) and np.array_equal(a.middle, b.middle)):
        raise TableError(
            "two sets of moments can be merged only if both were computed around the same centres. "
            "Pass the same centres to both calls to start()"
        )
    added = {one.name: getattr(a, one.name) + getattr(b, one.name) for one in fields(a)[3:]}
    return replace(a, **added)


def finish(state: Moments) -> Association:
    """Return the coefficients and p-values for all rows added so far."""
    rows, weight = state.rows, state.weight
    with np.errstate(all="ignore"):
        pearson = _correlation(state)
        ratio, ratio_p = _correlation_ratio(state)
        mean = state.centre + state.unit[0] / weight
        return Association(
            rows=rows,
            mean=mean if rows else np.full_like(mean, np.nan),
            sd=np.sqrt(_about_mean(state.unit, weight) / (weight if rows > 1 else np.nan)),
            active=state.positive / (weight if rows else np.nan),
            n=state.known,
            pearson=pearson,
            pearson_p=correlation_test(pearson, state.known_weight**2 / state.known_squares),
            ratio=ratio,
            ratio_p=ratio_p,
        )


def _about_mean(sums: Floats, weight: Floats) -> Floats:
    """Convert sums (2, ...) of deviations and squared deviations from a centre to sums of squared deviations from the mean. A
    result that may be only a rounding error is set to 0.
    """
    first, second = sums
    square = second - first**2 / weight
    return np.asarray(np.where(square < ROUNDING * second, 0.0, square), np.float64)


@cache
def _blas() -> ThreadpoolController:
    """Return an object that limits the number of threads in linear algebra libraries. It is cached, because detecting the
    libraries takes longer than most matrix products.
    """
    return ThreadpoolController().select(user_api="blas")


def _check_codes(codes: NDArray[Any], levels: tuple[int, ...]) -> None:
    if not codes.size:
        return
    for column, (low, high, known) in enumerate(zip(codes.min(axis=0), codes.max(axis=0), levels, strict=True)):
        if low < -1 or high >= known:
            raise TableError(
                f"the codes of categorical column {column} must be from -1 (missing) to {known - 1}; got codes "
                f"from {low} to {high}. Correct the codes, or call start() with more levels"
            )


def _batch(
    like: Moments, parts: Sequence[NDArray[Any]], numeric: NDArray[Any], codes: NDArray[Any], weights: Floats | None
) -> Moments:
    """Return the sums over one batch of m >= 1 rows, with the same centres as `like`."""
    m, w = len(codes), np.ones(len(codes)) if weights is None else weights
    known = ~np.isnan(numeric)
    wf, e = known * w[:, None], np.where(known, numeric - like.middle, 0.0)
    some = np.flatnonzero(~known.all(axis=0))  # columns with missing values
    first = np.cumsum([0, *(one + 1 for one in like.levels)])
    places, ends = (codes + 1 + first[:-1]).astype(np.int32), np.arange(m + 1, dtype=np.int32) * codes.shape[1]
    held = sparse.csr_array((np.ones(ends[-1]), places.ravel(), ends), shape=(m, int(first[-1]))).T
    left = np.column_stack([np.ones(m), e]).T
    blank = start(like.centre, like.middle, like.levels)
    for span, d, positive in _layers(parts, like.centre, weights):
        wd = d if weights is None else d * w[:, None]
        both = left @ wd  # sums of w d and of w d e
        blank.positive[span] = positive
        blank.unit[0, span], blank.unit[1, span] = both[0], np.einsum("ij,ij->j", wd, d)
        blank.product[span], blank.level[:, span] = both[1:].T, held @ wd
        blank.pair[:, span] = blank.unit[:, span, None]
        if len(some):
            flag = known[:, some].astype(np.float64)
            blank.pair[0, span][:, some], blank.pair[1, span][:, some] = wd.T @ flag, (wd * d).T @ flag
    return replace(
        blank,
        rows=m,
        known=np.count_nonzero(known, axis=0),
        weight=np.asarray(w.sum()),
        squares=np.asarray(w @ w),
        known_weight=wf.sum(axis=0),
        known_squares=w @ wf,
        column=np.stack([w @ e, w @ e**2]),
        level_weight=held @ w,
    )


def _layers(
    parts: Sequence[NDArray[Any]], centre: Floats, weights: Floats | None
) -> Iterator[tuple[slice, Floats, Floats]]:
    """Yield three values for each part: the slice of its units, their outputs minus their centres (m, h), and for each unit the
    total weight of the rows in which its output is above zero.
    """
    at = 0
    for part in parts:
        span, above = slice(at, at + part.shape[1]), part > 0
        d = np.asarray(part, np.float64)
        if centre[span].any():
            d = d - centre[span]
        yield span, d, _count(above) if weights is None else weights @ above
        at = span.stop


def _count(flags: Booleans) -> Floats:
    """Return the number of true entries (h,) in each column of `flags` (m, h)."""
    parts = np.add.reduceat(flags.view(np.uint8), np.arange(0, len(flags), 255), axis=0, dtype=np.uint8)
    return np.asarray(parts.sum(axis=0, dtype=np.float64))


def _correlation(state: Moments) -> Floats:
    """Return the Pearson correlations (h, p) of units and numeric columns."""
    weight = state.known_weight
    unit, column = _about_mean(state.pair, weight), _about_mean(state.column, weight)
    product = state.product - state.pair[0] * state.column[0] / weight
    pearson = np.clip(product / np.sqrt(unit) / np.sqrt(column), -1, 1)
    flat = constant(unit, weight, state.centre[:, None] + state.pair[0] / weight)
    return np.where(flat | constant(column, weight, state.middle + state.column[0] / weight), np.nan, pearson)


def _correlation_ratio(state: Moments) -> tuple[Floats, Floats]:
    """Return the correlation ratio eta = sqrt(SS between / SS total) and the p-value of its F test, each (h, q)."""
    weight, held = state.weight, state.level_weight
    rows = float(weight) ** 2 / float(state.squares) if state.rows else 0.0
    first = np.cumsum([0, *(known + 1 for known in state.levels)])[:-1]
    shift = state.unit[0] / weight
    apart = np.where(held > 0, state.level.T / held - shift[:, None], 0.0)  # means of the levels minus the overall mean
    between = np.add.reduceat(held * apart**2, first, axis=1)
    present = np.add.reduceat((held > 0).astype(np.float64), first)
    total = _about_mean(state.unit, weight)[:, None]
    within = np.where(total - between < ROUNDING * total, 0.0, total - between)
    undefined = constant(total, weight, (state.centre + shift)[:, None]) | (present < 2)
    p = variance_test(within / total, present - 1, rows - present)
    return np.where(undefined, np.nan, np.sqrt(1 - within / total)), np.where(undefined, np.nan, p)


def _patterns(missing: Booleans) -> list[tuple[Booleans, Integers]]:
    """Group the columns whose values are missing for the same rows. `missing` has the shape (n, p).

    Return, for each group, a mask (n,) of the rows whose values in its columns are not missing, and the indices of its columns.
    """
    groups: dict[bytes, list[int]] = {}
    for column in range(missing.shape[1]):
        groups.setdefault(missing[:, column].tobytes(), []).append(column)
    return [(~missing[:, columns[0]], np.array(columns)) for columns in groups.values()]


# Ranks


def spearman(units: NDArray[Any], numeric: NDArray[Any], weights: Floats | None = None) -> RankCorrelation:
    """Return Spearman's (1904) rank correlation of `units` (n, h) with `numeric` (n, p).

    NaN means missing. Tied values have their average rank. With `weights` (n,), the rank of a value is the total weight of
    smaller values plus half the weight of equal values, and the correlation is weighted.

    The p-value is based on the t approximation, as in `scipy.stats.spearmanr`. This approximation is poor for fewer than about
    ten rows. The function needs about 8 n (3 min(h, 64) + 2 p) bytes of memory.
    """
    numeric = np.asarray(numeric, np.float64)
    known, weight = ~np.isnan(numeric), np.ones(len(numeric)) if weights is None else weights
    patterns = _patterns(~known)
    places, rho = _places(numeric), np.full((units.shape[1], numeric.shape[1]), np.nan)
    with np.errstate(all="ignore"), _blas().limit(limits=1):
        for first in range(0, units.shape[1], RANK_UNITS):
            block = _places(units[:, first : first + RANK_UNITS])
            for rows, columns in patterns:
                w = weight[rows]
                a, b = _centred_ranks(block[:, rows], w), _centred_ranks(places[np.ix_(columns, rows)], w)
                size = np.sqrt(np.outer(a**2 @ w, b**2 @ w))
                rho[first : first + RANK_UNITS, columns] = np.clip((a * w) @ b.T / size, -1, 1)
        rho[np.isnan(units).any(axis=0)] = np.nan
        count = np.count_nonzero(known, axis=0)
        effective = (weight @ known) ** 2 / (weight**2 @ known)
        return RankCorrelation(n=count, spearman=rho, p=correlation_test(rho, effective))


def _places(values: NDArray[Any]) -> NDArray[np.int32]:
    """Return the position, counted from 0, of each value (n, k) among the distinct values of its column, as an array (k, n)."""
    places = [np.unique(column, return_inverse=True)[1] for column in values.T]
    return np.array(places, np.int32).reshape(values.shape[1], values.shape[0])


def _centred_ranks(places: NDArray[np.int32], w: Floats) -> Floats:
    """Return average ranks (k, m) minus their mean, from positions (k, m) and weights (m,). Not every position needs to occur."""
    ranks, half = np.empty(places.shape), w.sum() / 2
    for row, place in zip(ranks, places, strict=True):
        weight = np.bincount(place, w)
        ranks_of = np.cumsum(weight) - weight / 2 - half
        row[:] = ranks_of[place] if np.count_nonzero(weight) > 1 else 0.0  # exactly 0: a constant has no correlation
    return ranks


# Distances


def distance_correlation(
    units: NDArray[Any], columns: Sequence[NDArray[Any]], weights: Floats | None = None
) -> DistanceCorrelation:
    """Return the distance correlation of `units` (n, h) with each of c `columns` (n,).

    Columns of floats are numbers, and NaN is a missing value. Columns of integers are category codes, and -1 is a level. The
    distance between two numbers is abs(x_i - x_j). The distance between two categories is 0 if they are equal, and 1 otherwise.
    Let a_ij and b_ij be the distances of a unit and of a column between rows i and j. Let a_i. be the sum of a_ij over j, and a..
    the sum over both indices. With S1 = sum_ij a_ij b_ij, S2 = a.. b.. and S3 = sum_i a_i. b_i., the mean products of the
    double-centred distances (V) and of the U-centred distances (U) are

        V = S1 / n^2 - 2 S3 / n^3 + S2 / n^4                                            (Szekely, Rizzo & Bakirov 2007)
        U = S1 / (n (n-3)) - 2 S3 / (n (n-2) (n-3)) + S2 / (n (n-1) (n-2) (n-3))        (Szekely & Rizzo 2014)

    With `weights` (n,), the sums over i and j are weighted by p_i and p_j, where p = w / sum w. V is then the same as for a
    sample with repeated rows. In U and in the tests, n is replaced by Kish's effective sample size.

    `distance` is sqrt(V_ab / sqrt(V_aa V_bb)), and `corrected` is U_ab / sqrt(U_aa U_bb). `corrected` is undefined for fewer than
    4 rows. It is also undefined if U_aa = 0, for example if a unit has the same value in all rows but one.

    Time grows as n^2 h, so use a sample of about 2,000 rows. The function needs about 8 n (10 min(h, 256) + 4 c) bytes of memory,
    at most 42 MB for 2,000 rows.

    Let R be `corrected`. `p` is the p-value of the one-sided t test of Szekely & Rizzo (2013), T = sqrt(v - 1) R / sqrt(1 - R^2)
    with v = n (n-3) / 2. This test was derived for vectors of high dimension. If a unit and a column are independent, n R is
    asymptotically a weighted sum of centred chi-squared variables, which has a longer tail than the test assumes. The t test
    therefore rejects too often: p is below .001 for 1.6% of 20,000 independent normal pairs (n = 300). `p_chi_square` =
    P(chi-square(1) - 1 > n R) (Shen, Panda & Vogelstein 2022) is conservative below .05: it is below .001 for 0.05% of the same
    pairs. Use `p_chi_square` if many p-values are adjusted together for multiple testing.
    """
    known, values, discrete = _stack(columns, len(units))
    shape = (units.shape[1], len(columns))
    weight = np.ones(len(units)) if weights is None else weights
    plain, corrected = np.full(shape, np.nan), np.full(shape, np.nan)
    with np.errstate(all="ignore"), _blas().limit(limits=1):
        for first in range(0, units.shape[1], PAIR_UNITS):
            block = np.ascontiguousarray(units[:, first : first + PAIR_UNITS], np.float64)
            s1 = pair_products(block, values, known * weight[:, None], discrete)
            for rows, same in _patterns(~known):
                plain[first : first + PAIR_UNITS, same], corrected[first : first + PAIR_UNITS, same] = correlate(
                    block[rows].T, values[np.ix_(rows, same)].T, discrete[same], s1[:, same], weight[rows]
                )
        n = (weight @ known) ** 2 / (weight**2 @ known)
        free = n * (n - 3) / 2 - 1
        statistic = np.sqrt(free) * corrected / np.sqrt((1 - corrected) * (1 + corrected))
        p, p_chi_square = stats.t.sf(statistic, free), stats.chi2.sf(n * corrected + 1, 1)
    return DistanceCorrelation(known.sum(axis=0), plain, corrected, np.asarray(p), np.asarray(p_chi_square))


def _stack(columns: Sequence[NDArray[Any]], n: int) -> tuple[Booleans, Floats, Booleans]:
    """Return a mask (n, c) of the values that are not missing, the values as floats (n, c) with 0 for missing values, and a mask
    (c,) of the categorical columns.
    """
    discrete = np.array([not np.issubdtype(column.dtype, np.floating) for column in columns], np.bool_)
    values = np.array([np.asarray(column, np.float64) for column in columns]).reshape(len(columns), n).T
    known = ~np.isnan(values)
    return known, np.where(known, values, 0.0), discrete
