"""Data quality checks on single columns.

The checks concern missing values, distinct values, spikes, values at the ends of the range, rare levels, and row identifiers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.table import Table
from tabinterp.table.identifiers import Identifier, identifier_of
from tabinterp.table.split import BoolArray
from tabinterp.table.suppression import SMALL

from .bins import level_codes

SHARE = 0.002  # a value in less than this share of the rows is not a spike
APART = 0.5  # minimum gap between a missing-value code and the other values, as a multiple of their range
FAR = 1.0  # minimum gap for a value that does not look like a missing-value code
TIMES = 10  # a code within the range of other values has at least this many times as many rows as its neighbours
NEIGHBOURS = 20
INNER = 0.005  # a code within the range of other values also has at least this share of the rows


@dataclass(frozen=True)
class Spike:
    """A frequent value that looks like a code for a missing value.

    `outside` is true if the value is the smallest or largest of the column. In this case, `gap` is the distance to the nearest
    other value, as a multiple of the range of the other values. Otherwise, `gap` is 0.
    """

    value: float
    rows: int
    share: float
    outside: bool
    gap: float


@dataclass(frozen=True)
class ColumnFacts:
    """Properties of one column, computed on all rows.

    Fields named `rare_*` and `unseen_*` apply to columns with levels; `unseen_*` also requires a split. For numeric columns,
    `at_minimum` and `at_maximum` are the shares of known values that equal the minimum or the maximum. `times_minimum` is the
    number of rows with the minimum, divided by the median row count of the next ten larger values. `times_maximum` is the
    corresponding ratio for the maximum. Both are 1 if there are no other values.
    """

    column: str
    missing: float
    distinct: int
    identifier: Identifier | None
    spike: Spike | None
    minimum: float
    maximum: float
    at_minimum: float
    at_maximum: float
    times_minimum: float
    times_maximum: float
    rows_at_minimum: int
    rows_at_maximum: int
    rare_levels: int
    rare_rows: int
    unseen_levels: int
    unseen_rows: int


def column_facts(table: Table, name: str) -> ColumnFacts:
    weights, identifier = table.row_weights, identifier_of(table, name)
    if table.schema[name].kind == "numeric":
        x = table.numeric(name)
        missing = np.isnan(x)
        values, counts = np.unique(x[~missing], return_counts=True)
        return _facts(name, missing, weights, identifier, values, counts, (0, 0), (0, 0))
    codes = level_codes(table, name)
    missing = codes < 0
    distinct = int(codes.max(initial=-1)) + 1
    rare, unseen = _levels(codes, table.held_out)
    return _facts(name, missing, weights, identifier, np.arange(distinct), None, rare, unseen)


def _facts(
    name: str,
    missing: BoolArray,
    weights: FloatArray,
    identifier: Identifier | None,
    values: FloatArray | IntArray,
    counts: IntArray | None,
    rare: tuple[int, int],
    unseen: tuple[int, int],
) -> ColumnFacts:
    low = high = (np.nan, 0, 0.0, 1.0)
    spike = None
    if counts is not None and len(values):
        low, high = _end(values, counts), _end(values[::-1], counts[::-1])
        spike = find_spike(np.asarray(values, dtype=np.float64), counts)
    return ColumnFacts(
        column=name,
        missing=float(np.average(missing, weights=weights)),
        distinct=len(values),
        identifier=identifier,
        spike=spike,
        minimum=low[0],
        maximum=high[0],
        at_minimum=low[2],
        at_maximum=high[2],
        times_minimum=low[3],
        times_maximum=high[3],
        rows_at_minimum=low[1],
        rows_at_maximum=high[1],
        rare_levels=rare[0],
        rare_rows=rare[1],
        unseen_levels=unseen[0],
        unseen_rows=unseen[1],
    )


def _end(values: FloatArray | IntArray, counts: IntArray) -> tuple[float, int, float, float]:
    """Return the first of `values`, the number and share of its rows, and its frequency relative to the next ten values.

    The relative frequency is the number of rows with the first value, divided by the median number for the next ten values.
    """
    beside = counts[1:11]
    times = counts[0] / np.median(beside) if len(beside) else 1.0
    return float(values[0]), int(counts[0]), float(counts[0] / counts.sum()), float(times)


def find_spike(values: FloatArray, counts: IntArray) -> Spike | None:
    """Return the most frequent value that looks like a code for a missing value, or None.

    Such a value is far from all other values, or it is a common code such as 999 that occurs unusually often.

    >>> ages = np.array([20.0, 30, 40, 50, 999])
    >>> find_spike(ages, np.array([30, 30, 30, 30, 12])).value
    999.0
    """
    total = int(counts.sum())
    if len(values) < 3:
        return None
    found = [
        spike
        for place in np.flatnonzero((counts >= SMALL) & (counts >= SHARE * total))
        if (spike := _spike(values, counts, int(place), total)) is not None
    ]
    return max(found, key=lambda one: one.rows) if found else None


def _spike(values: FloatArray, counts: IntArray, place: int, total: int) -> Spike | None:
    value, rows = float(values[place]), int(counts[place])
    others, beside = np.delete(values, place), np.delete(counts, place)
    spread = float(others[-1] - others[0]) or 1.0
    outside = place in (0, len(values) - 1)
    gap = float(np.abs(others - value).min()) / spread if outside else 0.0
    lonely = bool(value < 0 <= others[0] and is_code(value))
    if outside and (gap > FAR or (is_code(value) and gap > APART) or lonely):
        return Spike(value, rows, rows / total, True, gap)
    near = beside[max(0, place - NEIGHBOURS // 2) : place + NEIGHBOURS // 2]
    heaped = rows >= TIMES * float(np.median(near)) and rows >= 2 * int(near.max())
    if is_code(value) and abs(value) >= 99 and rows >= INNER * total and heaped:
        return Spike(value, rows, rows / total, outside, gap)
    return None


def is_code(value: float) -> bool:
    """Return whether a number is a common code for missing values, such as -1, -9, 99 or 888.

    The codes are -1, -7, -8 and -9, and all whole numbers with at least two digits that are all 7, all 8 or all 9.

    >>> [is_code(v) for v in (-1, 99, 999, -999, 9, 998, 0.99)]
    [True, True, True, True, False, False, False]
    """
    if not float(value).is_integer() or abs(value) > 1e12:
        return False
    digits = str(abs(int(value)))
    alike = set(digits) in ({"9"}, {"8"}, {"7"})
    return value == -1 or (alike and (len(digits) > 1 or value < 0))


def _levels(codes: IntArray, held_out: BoolArray | None) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the number of rare levels and the number of rows with such a level, and the same two numbers for unseen levels.

    A rare level has one to nine training rows. An unseen level has no training rows.
    """
    training = np.ones(len(codes), dtype=bool) if held_out is None else ~held_out
    size = int(codes.max(initial=-1)) + 1
    inside, every = (np.bincount(codes[rows & (codes >= 0)], minlength=size) for rows in (training, codes >= -1))
    rare, unseen = (inside > 0) & (inside < SMALL), (inside == 0) & (every > 0)
    return (int(rare.sum()), int(every[rare].sum())), (int(unseen.sum()), int(every[unseen].sum()))
