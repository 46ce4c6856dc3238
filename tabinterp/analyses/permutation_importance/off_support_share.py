"""Off-support share: the share of permuted rows that are unlike any real row.

A random sample of rows is divided into two halves. All rows of a group are in the same half. Rows of the first half are the
reference rows, and rows of the second half are the probes. A permuted probe is off the support if its distance to the nearest
reference row is larger than the corresponding distance of 95% of the unchanged probes. If permuting the column did not change
distances, the share would be about 5%.

Distances in a numeric column are measured in standard deviations. In other columns, the distance is 0 if two values are equal and
1 otherwise. The share is weighted by the weights of the probes and of the rows from which they take values. The weights of
reference rows are not used.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tabinterp.arrays import IntArray
from tabinterp.stats.weights import deviation, quantile, unit
from tabinterp.table import Table
from tabinterp.table.folds import anchors
from tabinterp.table.hash_sampling import chosen, row_hash

from .strata import Strata

ROWS = 1000
SHIFTS = 4


class Support:
    """Estimator of off-support shares for the columns of a table, from at most 1,000 of its rows."""

    def __init__(self, table: Table, seed: int) -> None:
        able = np.arange(len(table)) if table.weights is None else np.flatnonzero(table.weights > 0)
        rows = able[chosen(table.numbers[able], ROWS, seed)]
        if table.groups is not None:
            rows = rows[np.argsort(row_hash(anchors(table.take(rows)), seed), kind="stable")]
        self._rows = rows
        weights = unit(None if table.weights is None else table.weights[rows], len(rows))
        self.rows = len(rows)
        self._half = half = _half(table, rows)
        self._frame, self._schema, self._unit = table.inputs.iloc[rows], table.schema, weights
        self._total = np.zeros((len(rows) - half, half), dtype=np.float32)
        for column in self._frame.columns:
            self._total += self._squared(column)
        self._weights = weights[half:]
        self._limit = quantile(self._total.min(axis=1), 0.95, self._weights) if half else np.inf

    def _squared(self, column: str) -> NDArray[np.float32]:
        """Return the squared distances in one column between each probe and each reference row (probes, references).

        The matrix of each column needs up to a megabyte of memory, so it is not stored but computed again for each use.
        """
        values, half = self._frame[column], self._half
        if self._schema[column].kind == "numeric":
            return _numeric(values.to_numpy(dtype=np.float64, na_value=np.nan), self._unit, half)
        return _discrete(values.factorize()[0], half)

    def off(self, columns: Sequence[str], label: IntArray | None = None) -> float | None:
        """Return the share of probes that are off the support when `columns` take their values from another probe.

        If `label` (n,) is given, values come from another probe with the same label. Probes with a label that no other probe has
        are left out.
        """
        probes = len(self._total)
        if probes < 2 or self._total.shape[1] == 0:
            return None
        part = sum((self._squared(c) for c in columns), np.zeros_like(self._total))
        base = self._total - part
        everyone = np.arange(probes)
        strata = Strata.of(np.zeros(probes, dtype=np.int64) if label is None else label[self._rows[-probes:]])
        moved, rates = strata.size[strata.label] > 1, []
        if not moved.any():
            return None
        for shift in range(1, min(SHIFTS, probes - 1) + 1):
            donors = np.roll(everyone, shift) if label is None else strata.further(everyone, shift)
            nearest = (base + part[donors]).min(axis=1)
            pair = self._weights * self._weights[donors] * moved
            rates.append(float(np.average(nearest > self._limit * (1 + 1e-5), weights=pair)))
        return float(np.mean(rates))


def _half(table: Table, rows: IntArray) -> int:
    """Return the number of reference rows, which is as close to half of all rows as possible without splitting a group."""
    if table.groups is None:
        return len(rows) // 2
    ends = np.append(0, np.flatnonzero(np.diff(table.groups[rows])) + 1)
    return int(ends[np.abs(ends - len(rows) / 2).argmin()])


def _numeric(values: NDArray[np.float64], weights: NDArray[np.float64], half: int) -> NDArray[np.float32]:
    missing = np.isnan(values)
    known = values[~missing]
    mean = np.average(known, weights=weights[~missing]) if len(known) else 0.0
    spread = float(deviation(known, weights[~missing])) if len(known) else 0.0
    scaled = np.where(missing, 0.0, (values - mean) / (spread or 1.0))
    squared = (scaled[half:, None] - scaled[None, :half]) ** 2
    return np.asarray(squared + (missing[half:, None] != missing[None, :half]), dtype=np.float32)


def _discrete(codes: NDArray[np.int64], half: int) -> NDArray[np.float32]:
    return np.asarray(codes[half:, None] != codes[None, :half], dtype=np.float32)
