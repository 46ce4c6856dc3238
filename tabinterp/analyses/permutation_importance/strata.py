"""Strata for conditional permutation: groups of rows that are similar in the columns associated with the permuted column.

A column is used for conditioning if its association with the permuted column is at least 0.2. Strobl et al. (2008) use a similar
threshold for correlations. A regression tree predicts the permuted column from the conditioning columns, and the leaves of the
tree are the strata. One tree per column was proposed by Molnar et al. (2024). Strobl et al. (2008) and Debeer & Strobl (2020) use
the splits of the trees in a forest instead.

Within the leaves of a tree, the permuted column varies less among the rows used to fit the tree than among new rows. The rows are
therefore divided into two halves, and the strata of each half come from a tree that was fitted to the other half. A leaf with
fewer than 20 rows is merged with a neighbouring leaf.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.tree import DecisionTreeRegressor

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.stats.weights import deviation
from tabinterp.table import Table
from tabinterp.table.folds import folds

from .record import FEWEST

LEVELS = 16  # number of the most frequent levels of a permuted column that the tree distinguishes


@dataclass(frozen=True, eq=False)
class Strata:
    """An assignment of rows to strata.

    Attributes
    ----------
    label : stratum of each row, numbered from 0 (n,).
    conditioned : columns that define the strata.
    """

    label: IntArray
    conditioned: tuple[str, ...]
    order: IntArray  # (n,) indices of the rows, sorted by stratum
    place: IntArray  # (n,) position of each row within its stratum
    first: IntArray  # (strata,) index in `order` of the first row of each stratum
    size: IntArray  # (strata,) number of rows in each stratum

    @classmethod
    def of(cls, label: IntArray, conditioned: tuple[str, ...] = ()) -> Strata:
        """Return strata of rows with equal labels. The labels can be arbitrary integers."""
        _, label = np.unique(label, return_inverse=True)
        order = np.argsort(label, kind="stable")
        size = np.bincount(label)
        first = np.cumsum(size) - size
        place = np.empty(len(label), dtype=np.int64)
        place[order] = np.arange(len(label)) - np.repeat(first, size)
        return cls(label.astype(np.int64), conditioned, order, place, first, size)

    def __len__(self) -> int:
        return len(self.size)

    @property
    def smallest(self) -> int:
        return int(self.size.min())

    def further(self, rows: IntArray, shift: int) -> IntArray:
        """Return, for each of `rows` (m,), the row `shift` positions later in the same stratum, counted cyclically.

        The result is never the row itself, unless its stratum contains no other row.
        """
        at = self.label[rows]
        size = self.size[at]
        offset = np.where(size > 1, 1 + (shift - 1) % np.maximum(size - 1, 1), 0)
        return np.asarray(self.order[self.first[at] + (self.place[rows] + offset) % size])


def strata_of(table: Table, columns: Sequence[str], conditioned: Sequence[str], seed: int) -> Strata:
    """Divide the rows of a table into strata.

    Within a stratum, predictions of the permuted `columns` from the columns `conditioned` are similar.
    """
    target = np.column_stack([_target(table, c) for c in columns])
    features = np.column_stack([_code(table, c) for c in conditioned])
    half = folds(table, seed, 2)
    label = np.zeros(len(table), dtype=np.int64)
    weights = table.row_weights
    for side in (0, 1):
        mine, theirs = half == side, (half != side) & (weights > 0)
        if mine.sum() < 2 * FEWEST or theirs.sum() < 2 * FEWEST:
            label[mine] = side
            continue
        tree = DecisionTreeRegressor(min_samples_leaf=FEWEST, min_impurity_decrease=1e-9, random_state=0)
        tree.fit(features[theirs], target[theirs], sample_weight=weights[theirs])
        label[mine] = 2 * _joined(tree.apply(features[mine])) + side
    return Strata.of(label, tuple(conditioned))


def _joined(leaves: IntArray) -> IntArray:
    """Return the stratum of each row: its leaf, merged with neighbouring leaves until the stratum has enough rows."""
    _, leaf, count = np.unique(leaves, return_inverse=True, return_counts=True)
    joined, held, group = np.zeros(len(count), dtype=np.int64), 0, 0
    for i, rows in enumerate(count):
        joined[i] = group
        held += rows
        if held >= FEWEST:
            held, group = 0, group + 1
    if held:
        joined[joined == group] = max(0, group - 1)
    return np.asarray(joined[leaf])


def _code(table: Table, column: str) -> FloatArray:
    """Return a column as numbers that a tree can split (n,): numeric values, or indices of levels.

    Missing values are replaced by a number below all values of the column.
    """
    values = table.frame[column]
    if table.schema[column].kind == "numeric":
        x = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isnan(x), np.nanmin(x) - 1 if not np.isnan(x).all() else 0.0, x)
    return _levels(table, column).astype(np.float64)


def _levels(table: Table, column: str) -> IntArray:
    """Return the index of each row's level among the levels of the column (n,); -1 if the value is missing."""
    place = {level: i for i, level in enumerate(table.schema[column].levels)}
    codes = table.frame[column].astype(object).map(place)
    return np.asarray(pd.to_numeric(codes).fillna(-1).to_numpy(dtype=np.int64))


def _target(table: Table, column: str) -> FloatArray:
    """Return the targets of the tree (n, t).

    For a numeric column, the targets are the standardised ranks and, if values are missing, an indicator of missing values. For
    other columns, the targets are indicators of the most frequent levels, where missing values count as a level.
    """
    if table.schema[column].kind == "numeric":
        x = table.numeric(column)
        missing = np.isnan(x)
        rank: FloatArray = rankdata(x, nan_policy="omit")
        rank[missing] = rank[~missing].mean() if not missing.all() else 0.0
        scaled = rank / max(float(deviation(rank, table.weights)), 1e-12)
        return np.column_stack([scaled, missing]) if missing.any() else np.asarray(scaled[:, None])
    codes = _levels(table, column)
    _, code, count = np.unique(codes, return_inverse=True, return_counts=True)
    kept = np.argsort(-count, kind="stable")[:LEVELS]
    return np.asarray(code[:, None] == kept[None], dtype=np.float64)
