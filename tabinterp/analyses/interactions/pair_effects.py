"""Joint effect of a pair of columns: its contribution to the variance of the score, and its values on a grid.

Let d_ib be the second difference (see `screening`) in which two columns of row b take their values from row i. The mean of d_ib
over b is the pair's partial dependence minus the partial dependence of each of the two columns. The variance of this mean over i
is the numerator of the squared H statistic (Friedman & Popescu 2008). If columns are independent, it is also the variance of the
pair's own term in the functional ANOVA.

With a finite number of background rows b, the mean is noisy, and its square is biased upward. The square is therefore replaced by
products of d_ib for different b (a U-statistic). For a pair without interaction, the estimate is then zero on average. Blocks of
rows are independent replicates, from which all standard errors are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import torch

from tabinterp.analyses.effects.grids import Grid
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models.model import BoundModel
from tabinterp.models.perturbation import crossed, forward, is_read, mixed, resolved
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.weights import effective
from tabinterp.table.suppression import SMALL

INDEX_ROWS = 16  # rows of each block that are used for the Shapley interaction index
GRID_ROWS = 16  # rows of each block over which the effect on the grid is averaged
MIXED = 8192  # combined rows that pass through the network at once
EXACT = 16  # up to this number of coalitions, all are used; with more, one is drawn for each pair of rows


# ---- sums over different rows of a block


def _in_row(e: FloatArray, w: FloatArray) -> Any:
    """Return the sum (k,) of e_ib e_ib' / w_i over i and b ≠ b', for an array e (r, r, k)."""
    return (((e.sum(axis=1)) ** 2 - (e**2).sum(axis=1)) / w[:, None]).sum(axis=0)


def _apart(e: FloatArray) -> Any:
    """Return the sum (k,) of e_ib e_i'b' over four different rows i, b, i', b', for an array e (r, r, k) with zero diagonal."""
    given, taken = e.sum(axis=1), e.sum(axis=0)
    shared = (given**2 + taken**2 + 2 * given * taken).sum(axis=0) - (e**2 + e * e.swapaxes(0, 1)).sum(axis=(0, 1))
    return given.sum(axis=0) ** 2 - shared


def variance_of_mean(values: FloatArray, w: FloatArray) -> FloatArray:
    """Return an unbiased estimate of the variance (k,) over i of the mean over b of `values` (i, b, k). Entries with i = b are
    left out.
    """
    other = (w[:, None] * w[None] * (1 - np.eye(len(w))))[:, :, None]
    e = other * values
    return np.asarray(_in_row(e, w) / _in_row(other, w) - _apart(e) / _apart(other))


def variance(values: FloatArray, w: FloatArray) -> FloatArray:
    """Return an unbiased estimate of the variance (k,) of `values` (r, k) with row weights `w` (r,)."""
    other = w[:, None] * w[None] * (1 - np.eye(len(w)))
    return np.asarray((other[:, :, None] * (values[:, None] - values[None]) ** 2).sum(axis=(0, 1)) / 2 / other.sum())


def ratio(above: FloatArray, below: FloatArray) -> Estimates:
    """Return the ratio of the means of two arrays (replicates, ...), with its first-order standard error.

    The result is NaN if the denominator is 0.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        value = above.mean(axis=0) / below.mean(axis=0)
        error = mean_over_rows(above - value * below).stderr / below.mean(axis=0)
    return Estimates.of(value, error, len(above) - 1)


# ---- one pair on all blocks


@dataclass(frozen=True, eq=False)
class Blocks:
    """Blocks of rows that serve as replicates, with the scores of their rows before and after one column is changed."""

    bound: BoundModel
    rows: tuple[IntArray, ...]
    weights: tuple[FloatArray, ...]
    own: tuple[FloatArray, ...]  # scores of the unchanged rows minus the mean of all scores, (r, k) for each block
    centre: FloatArray
    single: dict[
        str, tuple[FloatArray, ...]
    ]  # for each column, the scores with that column changed, (r, r, k) for each block

    @classmethod
    def of(cls, bound: BoundModel, rows: Sequence[IntArray], columns: Sequence[str]) -> Blocks:
        """Compute the scores of the rows of each block, unchanged and with one column changed at a time."""
        table = bound.table
        weights = tuple(table.row_weights[r] for r in rows)
        with torch.inference_mode():
            own = [forward(bound.rest, bound.z[r]).cpu().numpy() for r in rows]
        centre = np.concatenate(own).mean(axis=0)
        single = {c: tuple(_given(bound, (c,), r) - centre for r in rows) for c in columns}
        return cls(bound, tuple(rows), weights, tuple(o - centre for o in own), centre, single)

    def total(self) -> FloatArray:
        """Return the variance of the score in each block (replicates, k)."""
        return np.stack([variance(own, w) for own, w in zip(self.own, self.weights, strict=True)])


def _given(bound: BoundModel, columns: tuple[str, ...], rows: IntArray) -> FloatArray:
    """Return the scores (i, b, k) of each row b with the given columns taken from row i."""
    with torch.inference_mode():
        return np.asarray(crossed(bound, columns, rows, rows).cpu().numpy())


def joint(blocks: Blocks, pair: tuple[str, str]) -> tuple[FloatArray, FloatArray]:
    """Return the variance of a pair's interaction and the variance of its partial dependence, each (replicates, k).

    The interaction is the pair's partial dependence minus the partial dependence of each of its two columns.
    """
    pure, whole = [], []
    for r, w, own, a, b in zip(blocks.rows, blocks.weights, blocks.own, *(blocks.single[c] for c in pair), strict=True):
        both = _given(blocks.bound, pair, r) - blocks.centre
        pure.append(variance_of_mean(resolved(blocks.bound, both - a - b + own[None]), w))
        whole.append(variance_of_mean(both, w))
    return np.stack(pure), np.stack(whole)


# ---- Shapley interaction index


def is_exact(bound: BoundModel) -> bool:
    """Return whether the Shapley interaction index uses all coalitions of the other columns."""
    return bool(2 ** (len(_players(bound)) - 2) <= EXACT)


def index_variance(blocks: Blocks, pair: tuple[str, str], seed: int) -> FloatArray:
    """Return the variance (replicates, k) over rows of the pair's Shapley interaction index (Grabisch & Roubens 1999)."""
    made = []
    for i, (rows, w) in enumerate(zip(blocks.rows, blocks.weights, strict=True)):
        terms = index_terms(blocks.bound, pair, rows[:INDEX_ROWS], np.random.default_rng([seed, i]))
        made.append(variance_of_mean(terms, w[:INDEX_ROWS]))
    return np.stack(made)


def index_terms(bound: BoundModel, pair: tuple[str, str], rows: IntArray, draws: np.random.Generator) -> FloatArray:
    """Return the Shapley interaction index (i, b, k) of each row i with b as the only background row.

    The index of row i is the mean over b. Columns that the model does not use do not change the index and are left out. If there
    are too many coalitions of the other columns, one is drawn for each i and b, with the weights of the index as probabilities.
    """
    places = [bound.columns.index(c) for c in pair]
    others = [j for j in _players(bound) if j not in places]
    n, total = len(rows), np.zeros((len(rows), len(rows), len(bound.outputs)))
    for weight, members in _coalitions(len(others), n, is_exact(bound), draws):
        given = np.zeros((n, n, len(bound.columns)), dtype=bool)
        given[:, :, others] = members
        taken = np.repeat(
            given[None], 4, axis=0
        )  # columns of the pair taken from row i: both, the first, the second, neither
        taken[0][:, :, places] = taken[1][:, :, places[0]] = taken[2][:, :, places[1]] = True
        sources = np.where(taken, rows[:, None, None], rows[None, :, None]).reshape(4 * n * n, -1)
        with torch.inference_mode():
            both, first, second, neither = (
                forward(bound.rest, mixed(bound, sources)).cpu().numpy().reshape(4, *total.shape)
            )
        total += weight * resolved(bound, both - first - second + neither)
    return total


def _players(bound: BoundModel) -> list[int]:
    return [j for j, c in enumerate(bound.columns) if is_read(bound, (c,))]


def _coalitions(p: int, n: int, exact: bool, draws: np.random.Generator) -> Iterator[tuple[float, Any]]:
    """Yield coalitions of the p other columns with their weights.

    A coalition is a mask of the columns that are taken from row i instead of row b. Its shape is (p,), or (n, n, p) if one
    coalition is drawn for each pair of rows.
    """
    if exact:
        for size in range(p + 1):
            for chosen in combinations(range(p), size):
                yield 1 / ((p + 1) * comb(p, size)), np.isin(np.arange(p), chosen)
        return
    order = draws.random((n, n, p)).argsort(axis=2).argsort(axis=2)
    yield 1.0, order < draws.integers(0, p + 1, (n, n, 1))


# ---- the purified table


@dataclass(frozen=True, eq=False)
class PairTable:
    """Joint effect of a pair of columns on a grid, without main effects.

    At every value of either column, the weighted mean of the effect over the values of the other column is zero (Lengerich et al.
    2020).

    Parameters
    ----------
    values : values of both columns at the grid points; None for missing.
    rows : number of rows in each cell (A, B). Each row belongs to the cell with the nearest grid points.
    weight : weighted share of the rows in each cell (A, B).
    effect : effect in each cell (A, B, k), with standard errors that account for the sampling of background rows.
    variance : variance of the effect over rows (k,).
    """

    values: tuple[tuple[Any, ...], tuple[Any, ...]]
    rows: IntArray
    weight: FloatArray
    effect: Estimates
    variance: Estimates

    @property
    def small(self) -> Any:
        """Mask (A, B) of the cells with 1 to 9 rows, which are not shown."""
        return (self.rows > 0) & (self.rows < SMALL)


def pair_table(blocks: Blocks, points: BoundModel, grids: tuple[Grid, Grid], seed: int) -> PairTable:
    """Return the partial dependence of a pair on a grid, without main effects.

    `points` is the model with the grid points as additional rows (`with_points`).
    """
    bound, r = blocks.bound, len(blocks.rows)
    rows, weight = _cells(grids, bound)
    middles = [(grids[0].donors, grids[1].donors)] * r
    dependence = _dependence(replace(blocks, bound=points), grids, middles, _all)[:, 0]
    pure = resolved(bound, purified(dependence, weight))
    effect, squared = mean_over_rows(pure), _squares(blocks, grids, weight, seed)
    drawn = mean_over_rows(np.einsum("rabk,ab->rk", squared, weight))
    # all blocks use the same rows for the weights of the cells
    cells = np.einsum("rabk,ab->k", squared**2, weight) / r - drawn.value**2
    over_rows = np.sqrt(np.maximum(cells, 0) / effective(bound.table.row_weights))
    variance = Estimates.of(drawn.value, np.hypot(drawn.stderr, over_rows), r - 1)
    return PairTable((grids[0].values, grids[1].values), rows, weight, effect, variance)


def _squares(blocks: Blocks, grids: tuple[Grid, Grid], weight: FloatArray, seed: int) -> FloatArray:
    """Return the squared joint effect in each cell (replicates, A, B, k), evaluated at values of real rows.

    The weighted sum of these squares over cells is the variance of the effect. For every block and grid point, one of the rows
    nearest to the point is drawn. The mean over blocks and its standard error therefore include the variation of the effect
    within a cell. A square computed from one sample of background rows would be biased. The product of two effects is used
    instead, each averaged over one half of the background rows.
    """
    draws = [np.random.default_rng([seed, block]) for block in range(len(blocks.rows))]
    first, second = (_drawn(grid, blocks.bound, draws) for grid in grids)
    donors = list(zip(first, second, strict=True))
    halves = resolved(blocks.bound, purified(_dependence(blocks, grids, donors, _halves), weight))
    return np.asarray(halves[:, 0] * halves[:, 1])


def _drawn(grid: Grid, bound: BoundModel, draws: Sequence[np.random.Generator]) -> list[IntArray]:
    """Draw one of the rows nearest to each grid point (G,), once with each of the random generators `draws`.

    The probabilities are proportional to the weights.
    """
    near, w = grid.nearest, bound.table.row_weights
    order = np.argsort(near, kind="stable")
    order = order[near[order] >= 0]
    mass = np.cumsum(w[order])
    last = np.searchsorted(near[order], np.arange(len(grid)), side="right") - 1
    upto = mass[last]
    before = np.append(0.0, upto[:-1])
    places = (np.searchsorted(mass, before + one.random(len(grid)) * (upto - before), side="right") for one in draws)
    return [np.asarray(order[np.minimum(at, last)]) for at in places]


def purified(tables: FloatArray, weight: FloatArray) -> FloatArray:
    """Remove main effects from `tables` (..., A, B, k).

    Each table (A, B) is projected by weighted least squares onto the additive functions a(row) + b(column), and the projection is
    subtracted.
    """
    a, b = weight.shape
    sides = np.hstack([np.repeat(np.eye(a), b, axis=0), np.tile(np.eye(b), (a, 1))])
    root = np.sqrt(weight.ravel())
    solve = sides @ np.linalg.pinv(root[:, None] * sides) * root
    flat = tables.reshape(*tables.shape[:-3], a * b, -1)
    return np.asarray((flat - solve @ flat).reshape(tables.shape))


def _cells(grids: tuple[Grid, Grid], bound: BoundModel) -> tuple[IntArray, FloatArray]:
    """Return the number of rows in each cell (A, B), and their weighted share.

    Each row belongs to the cell with the nearest grid points.
    """
    first, second = (grid.nearest for grid in grids)
    on = (first >= 0) & (second >= 0)
    cell = first[on] * len(grids[1]) + second[on]
    shape, size = (len(grids[0]), len(grids[1])), len(grids[0]) * len(grids[1])
    mass = np.bincount(cell, None if bound.table.weights is None else bound.table.weights[on], minlength=size)
    return np.bincount(cell, minlength=size).reshape(shape), (mass / mass.sum()).reshape(shape)


def _all(w: FloatArray) -> FloatArray:
    """Return weights (1, rows) that sum to one, for the mean over all rows."""
    return np.asarray(w / w.sum())[None]


def _halves(w: FloatArray) -> FloatArray:
    """Return weights (2, rows) for two means, one over the rows with even index and one over the rows with odd index."""
    half = w * (np.arange(len(w)) % 2 == np.arange(2)[:, None])
    return np.asarray(half / half.sum(axis=1, keepdims=True))


def _dependence(
    blocks: Blocks,
    grids: tuple[Grid, Grid],
    places: Sequence[tuple[IntArray, IntArray]],
    shares: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """Return weighted mean scores (replicates, h, A, B, k) of at most `GRID_ROWS` rows of each block, for every cell of the grid.

    In these rows, the pair of columns is set to the values of the cell. `shares` returns h sets of weights (h, rows). For each
    block, `places` contains the rows from which the values of the cells are taken. Small blocks are passed through the network
    together.
    """
    bound, rows = blocks.bound, [rows[:GRID_ROWS] for rows in blocks.rows]
    together = max(1, MIXED // (len(grids[0]) * len(grids[1]) * len(rows[0])))
    tables = []
    for first in range(0, len(rows), together):
        some = range(first, min(first + together, len(rows)))
        sources = np.stack([_sources(bound, grids, rows[b], places[b]) for b in some])
        with torch.inference_mode():
            scores = forward(bound.rest, mixed(bound, sources.reshape(-1, len(bound.columns)))).cpu().numpy()
        for b, table in zip(some, (scores - blocks.centre).reshape(*sources.shape[:-1], -1), strict=True):
            tables.append(np.einsum("abrk,hr->habk", table, shares(blocks.weights[b][:GRID_ROWS])))
    return np.stack(tables)


def _sources(
    bound: BoundModel, grids: tuple[Grid, Grid], rows: IntArray, places: tuple[IntArray, IntArray]
) -> IntArray:
    """Return, for each grid cell, the row from which each value is taken, as indices (A, B, rows, columns)."""
    sources = np.tile(rows[None, None, :, None], (len(grids[0]), len(grids[1]), 1, len(bound.columns)))
    sources[..., bound.columns.index(grids[0].column.name)] = places[0][:, None, None]
    sources[..., bound.columns.index(grids[1].column.name)] = places[1][:, None]
    return sources
