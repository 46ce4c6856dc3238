"""Detection of columns that determine other columns, such as recodings of a column or the same number on two scales.

A column determines another column if rows with equal values in the first also have equal values in the second (a functional
dependency; Codd 1970). A value that occurs only once in the first column provides no evidence. Two conditions must therefore be
met:

- at least nine in ten rows share their value in the first column with another row;
- at most m / 1000 rows contradict the dependency, and m is at least 10. Here, m is the number of rows that do not have the most
  frequent value of the second column.

Values of numeric columns may repeat too rarely for this, so these columns are also tested for a linear relation. Two columns
contain the same number if both are missing in the same rows and one is a linear function of the other, with errors of at most a
millionth of a standard deviation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.suppression import SMALL

REPEATED = 0.9  # minimum share of rows that share their value with another row
APART = 1e-3  # maximum share, among rows outside the most frequent value, that differ from rows with the same value
LINE = 1e-6  # share of a standard deviation
CELLS = 100_000_000  # maximum rows times columns squared in a search for dependencies


def determines(table: Table, columns: Sequence[str], seed: int = 0) -> NDArray[np.bool_]:
    """Return a matrix (d, d) that is True where column i determines column j.

    Only a sample of the rows is used, selected by a hash. To limit the cost, it contains at most 100 million / d^2 rows.
    """
    d = len(columns)
    few = chosen(table.numbers, max(1, CELLS // max(1, d * d)), seed)
    frame = table.frame
    codes = [pd.factorize(frame[c].iloc[few], use_na_sentinel=False)[0] for c in columns]
    made = np.eye(d, dtype=bool)
    told = np.column_stack(codes).astype(np.int32) if codes else np.zeros((0, 0), np.int32)
    for i in range(d):
        order = np.argsort(told[:, i], kind="stable")
        own = told[order, i]
        same = own[1:] == own[:-1]
        repeated = order[np.append(same, False) | np.append(False, same)]
        if len(repeated) < max(SMALL, REPEATED * len(order)):
            continue
        pairs = np.flatnonzero(same)
        differ = (told[order[pairs + 1]] != told[order[pairs]]).sum(axis=0)
        for j in np.flatnonzero(differ <= 4 * APART * len(pairs)):  # a row that differs splits at most two pairs
            made[i, j] |= _follows(told[repeated, i], told[repeated, j])
    return made


def _follows(a: IntArray, b: IntArray) -> bool:
    """Return whether codes `a` (n,) determine codes `b` (n,). The result is False if `b` varies too little."""
    pairs, count = np.unique(a.astype(np.int64) * (int(b.max()) + 1) + b, return_counts=True)
    first = np.flatnonzero(np.diff(pairs // (int(b.max()) + 1), prepend=-1))
    apart = len(a) - np.maximum.reduceat(count, first).sum()
    varied = len(b) - np.bincount(b).max()
    return bool(varied >= SMALL and apart <= APART * varied)


def scales(table: Table, columns: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of numeric columns that contain the same number on different scales."""
    x = {c: table.numeric(c) for c in columns}
    ends: dict[frozenset[int], list[str]] = {}
    for c, values in x.items():
        if not np.isnan(values).all():
            ends.setdefault(frozenset((int(np.nanargmin(values)), int(np.nanargmax(values)))), []).append(c)
    alike = [(one, other) for held in ends.values() for i, one in enumerate(held) for other in held[i + 1 :]]
    return [(one, other) for one, other in alike if line(x[one], x[other]) is not None]


def line(x: FloatArray, y: FloatArray) -> tuple[float, float] | None:
    """Return the factor and the offset of the linear function that maps `x` (n,) to `y` (n,); None if there is no such function.

    >>> line(np.array([0.0, 10.0, 40.0, np.nan]), np.array([32.0, 50.0, 104.0, np.nan]))
    (1.8, 32.0)
    """
    known = ~np.isnan(x)
    if (known != ~np.isnan(y)).any() or known.sum() < 3:
        return None
    x, y = x[known], y[known]
    low, high = int(x.argmin()), int(x.argmax())
    if x[low] == x[high] or y[low] == y[high]:
        return None
    factor = float((y[high] - y[low]) / (x[high] - x[low]))
    shift = float(y[low] - factor * x[low])
    return (factor, shift) if bool(np.abs(y - factor * x - shift).max() <= LINE * y.std()) else None
