"""A column as a few cells: quantiles of a number, levels of anything else, missing values in a cell of their own.

Cells are made from the training rows alone, so that what is read off them says nothing of the held-out ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...table import Table
from ...table.draws import FloatArray, IntArray
from ...table.split import BoolArray


@dataclass(frozen=True, eq=False)
class Cells:
    """`codes` (n,) in [0, size); the last cell holds missing values, the one before it levels beyond the most frequent."""

    name: str
    codes: IntArray
    size: int

    def sums(self, of: FloatArray, rows: BoolArray | None = None) -> FloatArray:
        """(size,) sums of `of` over the rows of each cell."""
        if rows is None:
            return np.bincount(self.codes, of, self.size).astype(np.float64)
        return np.bincount(self.codes[rows], of[rows], self.size).astype(np.float64)


def cells(table: Table, name: str, training: BoolArray, most: int) -> Cells:
    """At most `most` cells and two more."""
    if table.schema[name].kind == "numeric":
        return _numbers(name, number(table, name), training, most)
    return _levels(name, level_codes(table, name), training, most)


def number(table: Table, name: str) -> FloatArray:
    return table.frame[name].to_numpy(dtype=np.float64, na_value=np.nan)


def level_codes(table: Table, name: str) -> IntArray:
    """(n,) a number for each distinct value in the order of their first rows; -1 where it is missing."""
    values = table.frame[name]
    return np.asarray(pd.factorize(values if values.dtype == object else values.astype(object))[0], dtype=np.int64)


def as_number(table: Table, name: str) -> FloatArray:
    """A column as trees take it: a number, or a level's rank by how often it occurs (trees cut between levels)."""
    if table.schema[name].kind == "numeric":
        return number(table, name)
    codes = level_codes(table, name)
    counts = np.bincount(codes[codes >= 0], minlength=int(codes.max(initial=-1)) + 1)
    place = np.append(np.argsort(np.argsort(-counts, kind="stable"), kind="stable").astype(np.float64), np.nan)
    return place[codes]


def known_in(x: FloatArray, rows: BoolArray | IntArray) -> FloatArray:
    """(n, columns) the same, nought in columns of which these rows hold no value: trees cannot be grown on them."""
    return np.where(np.isnan(x[rows]).all(axis=0), 0.0, x)


def _numbers(name: str, x: FloatArray, training: BoolArray, most: int) -> Cells:
    known = x[training & ~np.isnan(x)]
    distinct = np.unique(known)
    if len(distinct) <= most:
        edges = (distinct[1:] + distinct[:-1]) / 2
    else:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, most + 1)[1:-1], method="inverted_cdf"))
    codes = np.searchsorted(edges, x, side="left")
    size = len(edges) + 3
    return Cells(name, np.where(np.isnan(x), size - 1, codes).astype(np.int64), size)


def _levels(name: str, codes: IntArray, training: BoolArray, most: int) -> Cells:
    counts = np.bincount(codes[training & (codes >= 0)], minlength=int(codes.max(initial=-1)) + 1)
    kept = np.argsort(-counts, kind="stable")[:most]
    kept = kept[counts[kept] > 0]
    place = np.full(len(counts) + 1, len(kept), dtype=np.int64)
    place[kept] = np.arange(len(kept))
    place[-1] = len(kept) + 1  # missing values, whose code is -1
    return Cells(name, place[codes], len(kept) + 2)
