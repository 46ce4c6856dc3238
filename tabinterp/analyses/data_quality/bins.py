"""Binning of columns: quantile bins for numbers, levels for all other columns, and a separate cell for missing values.

Bins are chosen on the training rows only, so they contain no information about held-out rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.table import Table
from tabinterp.table.split import BoolArray


@dataclass(frozen=True, eq=False)
class Cells:
    """The cell (bin) of each row for one column.

    `codes` (n,) are the numbers of the cells, from 0 to `size` - 1. The last cell contains missing values. The second-to-last
    cell contains all levels that do not have a cell of their own.
    """

    name: str
    codes: IntArray
    size: int

    def sums(self, of: FloatArray, rows: BoolArray | None = None) -> FloatArray:
        """Return the sums (size,) of the values `of` (n,) over the rows in each cell."""
        if rows is None:
            return np.bincount(self.codes, of, self.size).astype(np.float64)
        return np.bincount(self.codes[rows], of[rows], self.size).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Cutting:
    """The bins of a column.

    For a numeric column, `edges` are the edges of the bins. For all other columns, `edges` is None, and `places` maps each of the
    most frequent levels to the number of its cell.
    """

    name: str
    edges: FloatArray | None
    places: dict[Any, int]

    @property
    def size(self) -> int:
        return (len(self.places) if self.edges is None else len(self.edges) + 1) + 2

    def cells(self, table: Table) -> Cells:
        """Return the cells of all rows of a table, which need not be the table on which the bins were chosen."""
        if self.edges is not None:
            x = table.numeric(self.name)
            codes = np.searchsorted(self.edges, x, side="left")
            return Cells(self.name, np.where(np.isnan(x), self.size - 1, codes).astype(np.int64), self.size)
        codes, levels = _levels(table, self.name)
        places = [*(self.places.get(level, self.size - 2) for level in levels), self.size - 1]
        return Cells(self.name, np.array(places, dtype=np.int64)[codes], self.size)


def cutting(table: Table, name: str, training: BoolArray, most: int) -> Cutting:
    """Choose the bins of a column on the training rows.

    There are at most `most` bins, plus one for all other levels and one for missing values.
    """
    if table.schema[name].kind == "numeric":
        x = table.numeric(name)
        return Cutting(name, _edges(x[training & ~np.isnan(x)], most), {})
    codes, levels = _levels(table, name)
    counts = np.bincount(codes[training & (codes >= 0)], minlength=len(levels))
    kept = [i for i in np.argsort(-counts, kind="stable")[:most] if counts[i] > 0]
    return Cutting(name, None, {levels[i]: place for place, i in enumerate(kept)})


def cells(table: Table, name: str, training: BoolArray, most: int) -> Cells:
    """Choose the bins of a column on the training rows, and return the cells of all rows."""
    return cutting(table, name, training, most).cells(table)


def level_codes(table: Table, name: str) -> IntArray:
    """Return the code (n,) of each row's value. Values are numbered in order of first occurrence; missing values have code -1."""
    return _levels(table, name)[0]


def as_number(table: Table, name: str) -> FloatArray:
    """Return a column as numbers for use in trees. Levels are replaced with their frequency ranks."""
    if table.schema[name].kind == "numeric":
        return table.numeric(name)
    codes = level_codes(table, name)
    counts = np.bincount(codes[codes >= 0], minlength=int(codes.max(initial=-1)) + 1)
    place = np.append(np.argsort(np.argsort(-counts, kind="stable"), kind="stable").astype(np.float64), np.nan)
    return place[codes]


def known_in(x: FloatArray, rows: BoolArray | IntArray) -> FloatArray:
    """Return `x` (n, columns) with zeros in every column that is missing in all `rows`.

    Trees cannot be fitted to a column without any value.
    """
    return np.where(np.isnan(x[rows]).all(axis=0), 0.0, x)


def _levels(table: Table, name: str) -> tuple[IntArray, list[Any]]:
    values = table.frame[name]
    codes, levels = pd.factorize(values if values.dtype == object else values.astype(object))
    return np.asarray(codes, dtype=np.int64), [*levels]


def _edges(known: FloatArray, most: int) -> FloatArray:
    distinct = np.unique(known)
    if len(distinct) <= most:
        return np.asarray((distinct[1:] + distinct[:-1]) / 2)
    return np.unique(np.quantile(known, np.linspace(0, 1, most + 1)[1:-1], method="inverted_cdf"))
