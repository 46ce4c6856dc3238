"""Changes considered for recourse: the new values that each column can take, and their costs.

Costs are percentile shifts (Ustun, Spangher & Liu 2019, "Actionable recourse in linear classification", FAT*). For a numeric,
ordered or yes/no column, the cost is the difference between the percentiles of the old and the new value, rounded up to a whole
number. The percentile of a value is the weighted share of training rows with smaller values, plus half the share of rows with the
same value. With this definition, the two values of a yes/no column are always 50 percentiles apart. A change between unordered
levels is therefore also given a cost of 50. The sum of the costs of all changes to a row is called the total shift in
percentiles.

New values are taken from training rows. For a numeric column, they are all distinct values or, if there are more than about a
hundred, about a hundred quantiles. A missing value stays missing, and no other value becomes missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tabinterp.analyses.data_quality.bins import level_codes
from tabinterp.analyses.settings import Constraint
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.table import Table
from tabinterp.table.coerce import with_columns
from tabinterp.table.suppression import BoolArray

GRID = 100  # maximum number of new values of a numeric column
LEVEL = 50  # cost of a change between unordered levels, in percentiles
ROUNDING = 1e-9

State = NDArray[np.int16]  # (m, K) index of the new value of each column; -1: unchanged


@dataclass(frozen=True, eq=False)
class Choice:
    """The new values that one column can take, with their costs.

    Parameters
    ----------
    column : name of the column.
    donors : for each new value, the index of a training row that has this value (C,).
    cost : cost of changing each row to each new value, in whole percentiles, at least 1 (n, C).
    allowed : whether each row may be changed to each new value (n, C).
    nearest : for each training row (t,), the index of the new value nearest to the row's own value; -1 if the row's value is
        missing.
    """

    column: str
    donors: IntArray
    cost: IntArray
    allowed: BoolArray
    nearest: IntArray

    def take(self, rows: IntArray) -> Choice:
        return Choice(self.column, self.donors, self.cost[rows], self.allowed[rows], self.nearest)


def choices(
    table: Table, rows: IntArray, training: IntArray, declared: Sequence[Constraint], grid: int = GRID
) -> tuple[Choice, ...]:
    """Return the new values that each changeable column can take in `rows`. The new values come from the rows `training`."""
    return tuple(_choice(table, rows, training, one, grid) for one in declared)


def _choice(table: Table, rows: IntArray, training: IntArray, declared: Constraint, grid: int) -> Choice:
    column = declared.column
    x = _ordered(table, column)
    weights = table.row_weights[training]
    known = training[~np.isnan(x[training]) & (weights > 0)]
    values, first, group = np.unique(x[known], return_index=True, return_inverse=True)
    mass = np.bincount(group, table.row_weights[known], len(values))
    upto = np.cumsum(mass) / max(mass.sum(), 1e-300)
    kept = np.arange(len(values))
    if len(values) > grid and table.schema[column].kind == "numeric":
        places = (np.arange(grid) + 0.5) / grid
        kept = np.unique(np.searchsorted(upto, places - ROUNDING))
    own = x[rows]
    allowed = (values[kept] != own[:, None]) & ~np.isnan(own)[:, None]
    if declared.changeable == "+":
        allowed &= values[kept] > own[:, None]
    if declared.changeable == "-":
        allowed &= values[kept] < own[:, None]
    if declared.low is not None:
        allowed &= values[kept] >= declared.low
    if declared.high is not None:
        allowed &= values[kept] <= declared.high
    if table.schema[column].kind == "categorical":
        cost = np.full(allowed.shape, LEVEL)
    else:
        percentiles = _percentiles(values, upto, own)
        shift = np.abs(_percentiles(values, upto, values[kept]) - percentiles[:, None])
        cost = np.maximum(1, np.ceil(np.nan_to_num(shift) - ROUNDING))
    return Choice(column, known[first[kept]], cost.astype(np.int64), allowed, _nearest(values[kept], x[training]))


def _nearest(values: FloatArray, x: FloatArray) -> IntArray:
    """Return, for each number in `x`, the index of the nearest of the sorted `values`; -1 if the number is missing."""
    edges = (values[1:] + values[:-1]) / 2
    return np.where(np.isnan(x) | (len(values) == 0), -1, np.searchsorted(edges, x))


def _ordered(table: Table, column: str) -> FloatArray:
    """Return a column as numbers (n,). A level is replaced by its position in the schema, and a missing value by NaN."""
    if table.schema[column].kind == "numeric":
        return table.numeric(column)
    codes, values = level_codes(table, column), table.frame[column].astype(object)
    order = {level: place for place, level in enumerate(table.schema[column].levels)}
    places = np.full(int(codes.max(initial=-1)) + 2, np.nan)
    present, at = np.unique(codes, return_index=True)
    for code, row in zip(present, at, strict=True):
        if code >= 0:
            places[code] = order[values.iloc[row]]
    return places[codes]


def _percentiles(values: FloatArray, upto: FloatArray, x: FloatArray) -> FloatArray:
    """Return the percentiles of the numbers `x` in a distribution over sorted distinct `values` (m,).

    `upto` (m,) is the share of rows with values up to and including each distinct value.
    """
    edge = np.concatenate([[0.0], upto])
    below, at_most = np.searchsorted(values, x, "left"), np.searchsorted(values, x, "right")
    return np.where(np.isnan(x), np.nan, 50 * (edge[below] + edge[at_most]))


def changed_rows(table: Table, rows: IntArray, made: Sequence[Choice], state: State) -> pd.DataFrame:
    """Return the input columns of `rows` after the changes in `state`.

    `state` (m, K) contains the index of the new value of each column; -1 leaves the column unchanged.
    """
    frame = table.inputs
    sources = {
        choice.column: np.where(state[:, k] < 0, rows, choice.donors[state[:, k]]) for k, choice in enumerate(made)
    }
    columns = {c: frame[c].take(sources.get(c, rows)).reset_index(drop=True) for c in frame.columns}
    return with_columns(frame.iloc[:0], columns)
