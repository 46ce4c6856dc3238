"""Drift between training and held-out rows, for each column and overall.

The population stability index (PSI) of a column is sum (p - q) ln(p / q) over the cells of the column, where p is the share of
the training rows that are in a cell, and q the share of the held-out rows. The cells are the training deciles of a numeric
column, or the frequent levels of any other column. Half a row is added to every cell to avoid empty cells. A chi-squared test
compares the shares of training and held-out rows in all cells. If rows have weights, it uses Kish's effective number of rows. If
rows come in groups, a Wald test of the differences between the shares is used instead. It uses the F distribution and a
covariance matrix that allows for dependence within groups (Thomas & Rao 1987).

Overall drift is measured by how well cross-fitted gradient-boosted trees (scikit-learn) separate held-out rows from training rows
(Lopez-Paz & Oquab 2017). In an audit, the trees use only the columns that the network uses. Otherwise, if rows are split by time,
a row number or a date could separate the two sets of rows, although it does not affect any prediction. An AUC of 0.5 means that
the trees cannot separate the two sets. The standard error of the AUC is multiplied by 1.58, because the fits of different folds
share rows (Nadeau & Bengio 2003). Without this factor, the intervals for small tables would exclude 0.5 too often when there is
no drift.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from scipy import stats

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.stats.discrimination import as_interval, auc, over_folds
from tabinterp.stats.estimates import FEWEST_GROUPS, group_sums
from tabinterp.stats.multiple_testing import benjamini_hochberg
from tabinterp.stats.small_trees import few_trees, in_bins, unless_equal
from tabinterp.table import Table
from tabinterp.table.folds import folds
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.split import BoolArray

from .bins import Cutting, as_number, cutting, known_in
from .univariate_signal import FEWEST, Estimate

PSI_CELLS = 10
ROWS = 6000  # maximum number of training and held-out rows, taken together, for the classifier
FOLDS = 3
OVERLAP = (1 + FOLDS / (FOLDS - 1)) ** 0.5  # factor of the standard error, because the fits of the folds share rows
TREES, LEAVES = 30, 6


@dataclass(frozen=True)
class ColumnDrift:
    """The PSI of a column, and a test of whether training and held-out rows have equal shares in all of its cells.

    `p` is the p-value of the test, and `q` is the p-value adjusted for multiple testing.
    """

    column: str
    psi: float
    statistic: float
    df: int
    p: float
    q: float


@dataclass(frozen=True)
class WholeDrift:
    """AUC of a classifier that separates held-out rows from training rows; an AUC of 0.5 corresponds to chance."""

    auc: Estimate
    rows: int
    training_rows: int


@dataclass(frozen=True, eq=False)
class Shares:
    """Sums from which the drift of columns is computed.

    The first entry of each array is for training rows, the second for held-out rows. For each column, `mass` contains an array
    (2, cells) with the total weight of the rows in each cell. `rows` (2,) are the numbers of rows, and `squares` (2,) the sums
    of squared weights.
    """

    mass: tuple[FloatArray, ...]
    rows: IntArray
    squares: FloatArray


def start(table: Table) -> tuple[Cutting, ...] | None:
    """Choose the bins of every input column and of the target.

    Return None if there is no split, or if there are too few training or held-out rows.
    """
    if table.held_out is None or min(table.held_out.sum(), (~table.held_out).sum()) < FEWEST:
        return None
    names = [*table.schema.inputs, table.schema.target]
    return tuple(cutting(table, name, ~table.held_out, PSI_CELLS) for name in names)


def update(plan: tuple[Cutting, ...], table: Table) -> Shares:
    """Return the sums (`Shares`) over the training rows and over the held-out rows of a table."""
    assert table.held_out is not None
    side, w = table.held_out.astype(np.int64), table.weights
    mass = []
    for one in plan:
        codes = side * one.size + one.cells(table).codes
        mass.append(np.bincount(codes, w, 2 * one.size).astype(np.float64).reshape(2, one.size))
    rows = np.bincount(side, minlength=2).astype(np.int64)
    squares = rows.astype(np.float64) if w is None else np.bincount(side, w**2, 2).astype(np.float64)
    return Shares(tuple(mass), rows, squares)


def merge(a: Shares, b: Shares) -> Shares:
    mass = tuple(x + y for x, y in zip(a.mass, b.mass, strict=True))
    return Shares(mass, a.rows + b.rows, a.squares + b.squares)


def finish(plan: tuple[Cutting, ...], sums: Shares) -> tuple[ColumnDrift, ...]:
    """From the sums, compute how much each column drifts."""
    found = []
    for mass in sums.mass:
        total = mass.sum(axis=1, keepdims=True)
        counts = (mass * sums.rows[:, None] / total)[:, mass.sum(axis=0) > 0]
        found.append((psi(counts[0], counts[1]), *_chi_squared(counts, total[:, 0] ** 2 / sums.squares)))
    q = benjamini_hochberg(np.array([p for *_, p in found]))
    return tuple(ColumnDrift(one.name, *numbers, float(at)) for one, numbers, at in zip(plan, found, q, strict=True))


def column_drift(table: Table) -> tuple[ColumnDrift, ...]:
    """Return the drift of every input column and of the target. Without a split, the result is empty."""
    plan = start(table)
    if plan is None or table.held_out is None:
        return ()
    found = finish(plan, update(plan, table))
    if table.groups is None:
        return found
    tests = [_wald(one.cells(table).codes, table.held_out, table.row_weights, table.groups) for one in plan]
    q = benjamini_hochberg(np.array([p for *_, p in tests]))
    return tuple(
        ColumnDrift(one.column, one.psi, *test, float(at)) for one, test, at in zip(found, tests, q, strict=True)
    )


def _wald(codes: IntArray, held_out: BoolArray, w: FloatArray, groups: IntArray) -> tuple[float, int, float]:
    """Test the hypothesis that training and held-out rows have equal shares in all cells (Wald test).

    Return the F statistic, the numerator degrees of freedom, and the p-value.
    """
    inside = np.eye(int(codes.max()) + 1)[codes]
    inside = inside[:, inside.any(axis=0)][:, 1:]  # one cell is redundant, because the shares add up to one
    cells_left, difference = inside.shape[1], np.zeros(inside.shape[1])
    influence = np.zeros_like(inside)
    for sign, side in ((1, held_out), (-1, ~held_out)):
        share = w[side] @ inside[side] / w[side].sum()
        difference += sign * share
        influence[side] = sign * w[side, None] * (inside[side] - share) / w[side].sum()
    sums = group_sums(influence, groups)
    left = len(sums) - cells_left
    if cells_left < 1 or len(sums) < FEWEST_GROUPS or left < 1:
        return np.nan, cells_left, np.nan
    covariance = sums.T @ sums * len(sums) / (len(sums) - 1)
    statistic = float(difference @ np.linalg.pinv(covariance) @ difference) * left / ((len(sums) - 1) * cells_left)
    return statistic, cells_left, float(stats.f.sf(statistic, cells_left, left))


def psi(first: FloatArray, second: FloatArray) -> float:
    """Return the population stability index of two sets of counts in the same cells.

    >>> psi(np.array([50.0, 50.0]), np.array([50.0, 50.0]))
    0.0
    """
    p, q = ((c + 0.5) / (c.sum() + 0.5 * len(c)) for c in (first, second))
    return float(((p - q) * np.log(p / q)).sum())


def _chi_squared(counts: FloatArray, rows: FloatArray) -> tuple[float, int, float]:
    """Test whether training and held-out rows have equal shares in all cells, given the effective numbers of rows (2,)."""
    cells_left = counts.shape[1] - 1
    if cells_left < 1:
        return np.nan, 0, np.nan
    scaled = counts / counts.sum(axis=1, keepdims=True) * rows[:, None]
    found = stats.chi2_contingency(scaled, correction=False)
    return float(found.statistic), int(found.dof), float(found.pvalue)


def whole_drift(table: Table, seed: int, columns: Collection[str] | None = None) -> WholeDrift | None:
    """Return the AUC of trees that use the input `columns` (default: all) to separate held-out rows from training rows.

    The result is None if there is no split, if there are too few training or held-out rows, or if there are no columns.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415

    names = [name for name in table.schema.inputs if columns is None or name in columns]
    if not names or table.held_out is None or min(table.held_out.sum(), (~table.held_out).sum()) < FEWEST:
        return None
    rows = np.sort(chosen(table.numbers, ROWS, seed))
    held = table.held_out[rows].astype(np.int64)
    if min(held.sum(), len(held) - held.sum()) < FEWEST:
        return None
    x, w = np.column_stack([as_number(table, name)[rows] for name in names]), table.row_weights[rows]
    w = np.where(held > 0, w / w[held > 0].sum(), w / w[held == 0].sum()) * len(w) / 2
    fold = folds(table.take(rows), seed + 1, FOLDS)
    settings = few_trees(TREES, LEAVES, seed)
    parts, groups = [], None if table.groups is None else table.groups[rows]
    for k in range(FOLDS):
        outside, inside = fold != k, fold == k
        weights = unless_equal(w[outside])
        whole = in_bins(known_in(x, outside), outside, weights)
        model = HistGradientBoostingClassifier(**settings).fit(whole[outside], held[outside], weights)
        parts.append(
            auc(
                model.predict_proba(whole[inside])[:, 1],
                held[inside].astype(float),
                table.row_weights[rows][inside],
                None if groups is None else groups[inside],
            )
        )
    found = over_folds(parts)
    return WholeDrift(as_interval(found.value, OVERLAP * found.stderr, found.df), len(rows), int((held == 0).sum()))
