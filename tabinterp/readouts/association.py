"""Association between many units and many columns: pure mathematics on arrays.

Four coefficients, each with a p-value, for all units by all columns at once:

- Pearson correlation and correlation ratio, as sums over rows (`start`, `update`, `merge`, `finish`) that can be taken
  in any batches and joined in any order;
- Spearman's rank correlation (`spearman`), which needs the rows together;
- distance correlation (`distance_correlation`), which weighs every pair of rows and is meant for a sample.

Rows may have weights: a row of weight 2 counts as two in every coefficient, equal weights are no weights, and p-values take
Kish's effective sample size (sum w)^2 / sum w^2 for the number of rows, which is exact where weights are equal and an
approximation elsewhere. Rows of weight 0 say nothing: leave them out.

Conventions, the same everywhere: `n` rows, `h` units, `p` numeric columns, `q` categorical columns, arithmetic in
float64. A numeric value that is NaN is missing: its row is left out for that column alone (pairwise-complete). A
category code of -1 is missing and counts as a level of its own, because a model reads "missing" as a value and a unit
may answer to nothing else. What is not defined (a constant unit or column, too few rows, a unit that is NaN on some
row) is NaN, without a warning. A standard deviation below 1e-13 of the mean counts as zero: rounding makes as much.
Matrix products run on one thread, so that the last digits do not depend on the number of cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, stats
from threadpoolctl import threadpool_limits

from tabinterp.errors import TableError
from tabinterp.readouts.distances import Booleans, Floats, Integers, constant, correlate, pair_products
from tabinterp.readouts.pvalues import correlation_test, variance_test

CHUNK_ROWS = 8_192  # rows that `update` takes at a time: working memory 51 MB for 192 units
RANK_UNITS = 64  # units that `spearman` ranks at a time
PAIR_UNITS = 256  # units that `distance_correlation` takes at a time


@dataclass(frozen=True)
class Spread:
    """Weight so far, mean and centred sum of squares; `count` may lack the leading axis of the others."""

    count: Floats
    mean: Floats
    square: Floats


@dataclass(frozen=True)
class Moments:
    """Sums over rows. T is the sum of (levels + 1): every categorical column begins with its level "missing"."""

    levels: tuple[int, ...]  # of each categorical column, missing not counted
    rows: int
    known: Integers  # (p,) rows on which each numeric column is known
    squares: Floats  # () sum of squared weights
    known_squares: Floats  # (p,) the same over the rows on which each numeric column is known
    positive: Floats  # (h,) weight of the rows on which the unit is above zero
    unit: Spread  # count (), else (h,): each unit over all rows
    column: Spread  # (p,) each numeric column over the rows on which it is known
    pair: Spread  # count (p,), else (h, p): each unit over those rows
    product: Floats  # (h, p) centred sum of products of unit and column
    level: Spread  # count (T,), else (h, T): each unit over the rows of each level


@dataclass(frozen=True)
class Association:
    """What the sums over rows say of the units, and of each unit with each column."""

    rows: int
    mean: Floats  # (h,)
    sd: Floats  # (h,) of these rows (no n - 1)
    active: Floats  # (h,) share of rows on which the unit is above zero, in [0, 1]
    n: Integers  # (p,) rows behind each numeric column
    pearson: Floats  # (h, p) in [-1, 1]
    pearson_p: Floats  # (h, p) two-sided t test with n - 2 (effective) degrees of freedom
    ratio: Floats  # (h, q) correlation ratio eta, in [0, 1]; its square is the share of variance between levels
    ratio_p: Floats  # (h, q) F test of one-way analysis of variance over the levels that occur


@dataclass(frozen=True)
class RankCorrelation:
    n: Integers  # (p,) rows behind each column
    spearman: Floats  # (h, p) in [-1, 1]
    p: Floats  # (h, p) two-sided t approximation with n - 2 degrees of freedom


@dataclass(frozen=True)
class DistanceCorrelation:
    n: Integers  # (c,) rows behind each column
    distance: Floats  # (h, c) plain (V-statistic) distance correlation, in [0, 1]; above zero under independence
    corrected: Floats  # (h, c) bias-corrected *squared* distance correlation, in [-1, 1]; about zero there
    p: Floats  # (h, c) t test of `corrected`, one-sided
    p_chi_square: Floats  # (h, c) chi-square test of `corrected`, one-sided


# Sums over rows


def start(n_units: int, n_numeric: int, levels: Sequence[int]) -> Moments:
    """No rows yet, for `n_units` units, `n_numeric` numeric columns and, for each categorical column, its levels."""
    h, p, t = n_units, n_numeric, sum(levels) + len(levels)
    return Moments(
        levels=tuple(levels),
        rows=0,
        known=np.zeros(p, np.int64),
        squares=np.array(0.0),
        known_squares=np.zeros(p),
        positive=np.zeros(h),
        unit=Spread(np.array(0.0), np.zeros(h), np.zeros(h)),
        column=Spread(np.zeros(p), np.zeros(p), np.zeros(p)),
        pair=Spread(np.zeros(p), np.zeros((h, p)), np.zeros((h, p))),
        product=np.zeros((h, p)),
        level=Spread(np.zeros(t), np.zeros((h, t)), np.zeros((h, t))),
    )


def update(
    state: Moments,
    units: NDArray[Any],
    numeric: NDArray[Any],
    codes: NDArray[Any],
    weights: Floats | None = None,
) -> Moments:
    """The state with m more rows: `units` (m, h), `numeric` (m, p) with NaN missing, `codes` (m, q) with -1 missing.

    `weights` (m,) are above 0; None: ones.

    A code of column c must lie in -1 .. levels[c] - 1, else `TableError`. `state` itself is not changed.
    """
    _check_codes(codes, state.levels)
    with np.errstate(all="ignore"), threadpool_limits(1, user_api="blas"):
        for first in range(0, len(units), CHUNK_ROWS):
            rows = slice(first, first + CHUNK_ROWS)
            values, columns = np.asarray(units[rows], np.float64), np.asarray(numeric[rows], np.float64)
            w = np.ones(len(values)) if weights is None else weights[rows]
            state = merge(state, _batch(values, columns, np.asarray(codes[rows], np.int64), w, state.levels))
    return state


def merge(a: Moments, b: Moments) -> Moments:
    """Both states' rows together, in any order: the pairwise update of Chan, Golub & LeVeque (1983).

    Means and centred sums are joined, never raw sums of squares, so a column of mean 1e6 and standard deviation 1 keeps
    its digits. Any split and order give the same answer up to floating error.
    """
    if a.levels != b.levels:
        raise TableError(f"Moments are merged over the same columns; their levels are {a.levels} and {b.levels}.")
    with np.errstate(all="ignore"):
        shift = (b.pair.mean - a.pair.mean) * (b.column.mean - a.column.mean)
        return Moments(
            levels=a.levels,
            rows=a.rows + b.rows,
            known=a.known + b.known,
            squares=np.asarray(a.squares + b.squares),
            known_squares=a.known_squares + b.known_squares,
            positive=a.positive + b.positive,
            unit=_join(a.unit, b.unit),
            column=_join(a.column, b.column),
            pair=_join(a.pair, b.pair),
            product=a.product + b.product + shift * a.pair.count * _share(a.pair, b.pair),
            level=_join(a.level, b.level),
        )


def finish(state: Moments) -> Association:
    """Coefficients and p-values of all rows seen."""
    rows, weight = state.rows, state.unit.count
    with np.errstate(all="ignore"):
        pearson = _correlation(state)
        ratio, ratio_p = _correlation_ratio(state)
        return Association(
            rows=rows,
            mean=state.unit.mean if rows else np.full_like(state.unit.mean, np.nan),
            sd=np.sqrt(state.unit.square / (weight if rows > 1 else np.nan)),
            active=state.positive / (weight if rows else np.nan),
            n=state.known,
            pearson=pearson,
            pearson_p=correlation_test(pearson, state.pair.count**2 / state.known_squares),
            ratio=ratio,
            ratio_p=ratio_p,
        )


def _share(a: Spread, b: Spread) -> Floats:
    """b's share of the rows of a and b; 0 where neither has any."""
    return np.asarray(np.nan_to_num(b.count / (a.count + b.count)), np.float64)


def _join(a: Spread, b: Spread) -> Spread:
    share, shift = _share(a, b), b.mean - a.mean
    return Spread(
        np.asarray(a.count + b.count), a.mean + shift * share, a.square + b.square + shift**2 * a.count * share
    )


def _check_codes(codes: NDArray[Any], levels: tuple[int, ...]) -> None:
    if not codes.size:
        return
    for column, (low, high, known) in enumerate(zip(codes.min(axis=0), codes.max(axis=0), levels, strict=True)):
        if low < -1 or high >= known:
            raise TableError(
                f"Codes of categorical column {column} must lie in -1 .. {known - 1} (-1 is missing), "
                f"but run from {low} to {high}; recode the column against the levels it was started with."
            )


def _batch(units: Floats, numeric: Floats, codes: Integers, w: Floats, levels: tuple[int, ...]) -> Moments:
    """Moments of one batch, by two passes: units (m, h), numeric (m, p), codes (m, q), weights (m,), m >= 1."""
    blank = start(units.shape[1], numeric.shape[1], levels)
    present = ~np.isnan(numeric)
    centre = w @ units / w.sum()
    deviation = units - centre
    for rows, columns in _patterns(~present):
        if rows.any():
            some = deviation if rows.all() else deviation[rows]
            _fill_numeric(blank, some, numeric[np.ix_(rows, columns)], w[rows], columns)
    first = 0
    for column, known in enumerate(levels):
        _fill_levels(blank.level, deviation, codes[:, column] + 1, w, slice(first, first + known + 1))
        first += known + 1
    blank.pair.mean[:] += centre[:, None]
    blank.level.mean[:] += centre[:, None]
    return Moments(
        levels=levels,
        rows=len(units),
        known=np.count_nonzero(present, axis=0),
        squares=np.asarray((w**2).sum()),
        known_squares=w**2 @ present,
        positive=w @ (units > 0),
        unit=Spread(np.asarray(w.sum()), centre, w @ deviation**2),
        column=blank.column,
        pair=blank.pair,
        product=blank.product,
        level=blank.level,
    )


def _fill_numeric(blank: Moments, units: Floats, numeric: Floats, w: Floats, columns: Integers) -> None:
    """Write the moments of the numeric columns `columns`, all known on the rows given."""
    total = w.sum()
    unit_mean, column_mean = w @ units / total, w @ numeric / total
    units, numeric = units - unit_mean, numeric - column_mean
    blank.column.count[columns] = blank.pair.count[columns] = total
    blank.column.mean[columns] = column_mean
    blank.column.square[columns] = w @ numeric**2
    blank.pair.mean[:, columns] = unit_mean[:, None]
    blank.pair.square[:, columns] = (w @ units**2)[:, None]
    blank.product[:, columns] = units.T @ (numeric * w[:, None])


def _fill_levels(level: Spread, units: Floats, slots: Integers, w: Floats, where: slice) -> None:
    """Write the moments of one categorical column, whose levels stand at `where`; slots (m,) count from 0."""
    m, width = len(slots), where.stop - where.start
    member = sparse.csr_array((w, slots, np.arange(m + 1)), shape=(m, width)).T.tocsr()
    count = np.bincount(slots, w, minlength=width)
    mean = (member @ units) / np.where(count > 0, count, 1)[:, None]
    level.count[where] = count
    level.mean[:, where] = mean.T
    level.square[:, where] = (member @ (units - mean[slots]) ** 2).T


def _correlation(state: Moments) -> Floats:
    """Pearson correlation (h, p)."""
    pair, column = state.pair, state.column
    pearson = np.clip(state.product / np.sqrt(pair.square) / np.sqrt(column.square), -1, 1)
    flat = constant(pair.square, pair.count, pair.mean) | constant(column.square, column.count, column.mean)
    return np.where(flat, np.nan, pearson)


def _correlation_ratio(state: Moments) -> tuple[Floats, Floats]:
    """Correlation ratio eta = sqrt(SS between / SS total), and the p-value of its F test: two arrays (h, q)."""
    level, weight = state.level, float(state.unit.count)
    rows = weight**2 / float(state.squares) if state.rows else 0.0
    first = np.cumsum([0, *(known + 1 for known in state.levels)])[:-1]
    between = np.add.reduceat(level.count * (level.mean - state.unit.mean[:, None]) ** 2, first, axis=1)
    within = np.add.reduceat(level.square, first, axis=1)
    present = np.add.reduceat((level.count > 0).astype(np.float64), first)
    total = within + between
    undefined = constant(total, weight, state.unit.mean[:, None]) | (present < 2)
    p = variance_test(within / total, present - 1, rows - present)
    return np.where(undefined, np.nan, np.sqrt(between / total)), np.where(undefined, np.nan, p)


def _patterns(missing: Booleans) -> list[tuple[Booleans, Integers]]:
    """Columns that miss the same rows, together: pairs of known rows (n,) and column indices; missing is (n, p)."""
    groups: dict[bytes, list[int]] = {}
    for column in range(missing.shape[1]):
        groups.setdefault(missing[:, column].tobytes(), []).append(column)
    return [(~missing[:, columns[0]], np.array(columns)) for columns in groups.values()]


# Ranks


def spearman(units: NDArray[Any], numeric: NDArray[Any], weights: Floats | None = None) -> RankCorrelation:
    """Spearman's rank correlation (1904) of `units` (n, h) with `numeric` (n, p), NaN missing; ties share their rank.

    With `weights` (n,) a rank is the weight below a value and half of that at it, and the correlation is weighted.

    Every unit is sorted once; ranks among the rows on which a column is known follow by counting. p is the t
    approximation, as in `scipy.stats.spearmanr`: rough below some ten rows. Working memory: about
    8 n (3 min(h, 64) + 2 p) bytes.
    """
    numeric = np.asarray(numeric, np.float64)
    known, weight = ~np.isnan(numeric), np.ones(len(numeric)) if weights is None else weights
    patterns = _patterns(~known)
    places, rho = _places(numeric), np.full((units.shape[1], numeric.shape[1]), np.nan)
    with np.errstate(all="ignore"), threadpool_limits(1, user_api="blas"):
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
    """Place of each value among the distinct values of its own column: (n, k) to (k, n), from 0."""
    places = [np.unique(column, return_inverse=True)[1] for column in values.T]
    return np.array(places, np.int32).reshape(values.shape[1], values.shape[0])


def _centred_ranks(places: NDArray[np.int32], w: Floats) -> Floats:
    """Average ranks minus their mean, from places (k, m) of which some may not occur, with weights (m,)."""
    ranks, half = np.empty(places.shape), w.sum() / 2
    for row, place in zip(ranks, places, strict=True):
        weight = np.bincount(place, w)
        ranks_of = np.cumsum(weight) - weight / 2 - half
        row[:] = ranks_of[place] if np.count_nonzero(weight) > 1 else 0.0  # exactly: a constant has no correlation
    return ranks


# Distances


def distance_correlation(
    units: NDArray[Any], columns: Sequence[NDArray[Any]], weights: Floats | None = None
) -> DistanceCorrelation:
    """Distance correlation of `units` (n, h) with c columns (n,): floats are numbers, integers are category codes.

    The distance is abs(x_i - x_j) between numbers (NaN missing) and 0 or 1 between categories (-1 is a level). With
    a_ij, b_ij the distances of a unit and a column, a_i. and a.. their sums over one and both indices, and
    S1 = sum_ij a_ij b_ij, S2 = a.. b.., S3 = sum_i a_i. b_i., double centring multiplies out to

        V = S1 / n^2 - 2 S3 / n^3 + S2 / n^4                                            (Szekely, Rizzo & Bakirov 2007)
        U = S1 / (n (n-3)) - 2 S3 / (n (n-2) (n-3)) + S2 / (n (n-1) (n-2) (n-3))        (Szekely & Rizzo 2014)

    With `weights` (n,) the sums over i and j are weighed by p_i and p_j, p = w / sum w, which is V of a sample with repeated
    rows; in U and in the tests n is Kish's effective sample size.

    `distance` is sqrt(V_ab / sqrt(V_aa V_bb)); `corrected` is U_ab / sqrt(U_aa U_bb), undefined below 4 rows and where
    U_aa = 0, as for a unit that differs on one row only. Row sums come from sorting, S1 from one matrix product for
    each row with the rows after it. Time grows as n^2 h: use it on a sample of some 2,000 rows. Working memory: about
    8 n (10 min(h, 256) + 4 c) bytes, 42 MB at most for 2,000 rows.

    p: the t test of Szekely & Rizzo (2013), T = sqrt(v - 1) R / sqrt(1 - R^2), v = n (n-3) / 2, one-sided. It was
    derived for vectors of high dimension. Between two single columns n R is a weighted sum of centred chi-squares with
    a longer tail: of 20,000 independent normal pairs (n = 300) 1.6% have p < .001. p_chi_square =
    P(chi-square(1) - 1 > n R) of Shen, Panda & Vogelstein (2022) is conservative below .05 (0.05% of the same pairs):
    take that one where many p-values are to be corrected together.
    """
    known, values, discrete = _stack(columns, len(units))
    shape = (units.shape[1], len(columns))
    weight = np.ones(len(units)) if weights is None else weights
    plain, corrected = np.full(shape, np.nan), np.full(shape, np.nan)
    with np.errstate(all="ignore"), threadpool_limits(1, user_api="blas"):
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
    """Known (n, c), values (n, c) as floats with 0 where missing, and whether each is discrete (c,)."""
    discrete = np.array([not np.issubdtype(column.dtype, np.floating) for column in columns], np.bool_)
    values = np.array([np.asarray(column, np.float64) for column in columns]).reshape(len(columns), n).T
    known = ~np.isnan(values)
    return known, np.where(known, values, 0.0), discrete
