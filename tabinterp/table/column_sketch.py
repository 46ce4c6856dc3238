"""Column sketches: a few values of each column, from which its kind and levels are inferred. The sketches of batches can be
merged in any order.

For text, booleans and classes, a sketch contains every distinct value and the first row in which the value occurs. For numbers
that are not classes, it contains the first distinct values, the extremes, and the first row with each kind of invalid value. This
is enough to determine the kind and levels of the column and to report every kind of error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .coerce import plain

FEW = 10  # whole numbers with at most this many distinct values are treated as classes
LARGEST = 1e100  # squares of numbers up to this can be summed without overflow
MOST = 100_000  # maximum number of distinct values that a scan keeps of a column


@dataclass(frozen=True, eq=False)
class Witness:
    """A sketch of one column: some of its values, and counts such as the number of missing values.

    `values`, indexed by row number, are representative values of the `rows` rows seen so far. `missing`, `large` and `uncounted`
    are the numbers of values that are missing, too large, or not valid counts (whole numbers from 0). `every` is true if the
    sketch of a numeric column must contain all distinct values. `full` is true if there were more distinct values than the sketch
    can contain.
    """

    values: pd.Series
    rows: int
    missing: int
    large: int
    uncounted: int
    every: bool
    full: bool = False


def witness(values: pd.Series, every: bool) -> Witness:
    """Return the sketch of one batch. The index of `values` contains the row numbers. With `every`, all distinct numbers are
    included.
    """
    missing, large, uncounted = int(values.isna().sum()), 0, 0
    if _is_number(values):
        numbers = values.to_numpy(dtype=np.float64)
        large = int((np.abs(numbers) > LARGEST).sum())
        uncounted = int(_no_count(numbers).sum())
    return Witness(_thinned(values, every), len(values), missing, large, uncounted, every)


def merge(a: Witness, b: Witness, most: int | None = MOST) -> Witness:
    """Merge two sketches of the same column. The result contains at most `most` distinct values."""
    if len(a.values) and len(b.values) and a.values.index[0] > b.values.index[0]:
        a, b = b, a
    together = a.values if not len(b.values) else b.values if not len(a.values) else _joined(a.values, b.values)
    values = _thinned(together.sort_index(), a.every)
    full = a.full or b.full or (most is not None and is_complete(values, a.every) and len(values) > most)
    counts = (a.rows + b.rows, a.missing + b.missing, a.large + b.large, a.uncounted + b.uncounted)
    return Witness(values.iloc[:most] if full else values, *counts, a.every, full)


def _joined(a: pd.Series, b: pd.Series) -> pd.Series:
    """Concatenate the values of two batches. The result has the type that the values would have if they had been read in a single
    batch.
    """
    together: pd.Series = pd.concat([a, b])
    if a.dtype == b.dtype or (_is_number(a) and _is_number(b) and not a.isna().all() and not b.isna().all()):
        return together
    return plain(pd.concat([a.astype(object), b.astype(object)]))


def cast(values: pd.Series, whole: pd.Series) -> pd.Series:
    """Convert the values of a batch to the type of the whole column. `whole` is any column of that type, and can be empty."""
    if values.dtype == whole.dtype:
        return values
    if whole.dtype == object:
        objects = values.astype(object)
        return objects.where(values.notna(), np.nan)
    return values.astype(whole.dtype)


def _is_number(values: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values.dtype)) and values.dtype != bool


def is_complete(values: pd.Series, every: bool) -> bool:
    """Return whether the sketch of a column contains all distinct values. Only the type of `values` is used."""
    return (every or not _is_number(values)) and not pd.api.types.is_datetime64_any_dtype(values.dtype)


def _no_count(numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    with np.errstate(invalid="ignore"):
        return np.asarray((numbers < 0) | (numbers != np.round(numbers)))


def _thinned(values: pd.Series, every: bool) -> pd.Series:
    """Return only the values that belong in the sketch, in row order."""
    missing = values.isna().to_numpy()
    kept = [_first(missing)]
    if not is_complete(values, every):
        kept.append(_distinct(values)[: FEW + 2])
        if not missing.all() and _is_number(values):
            numbers = values.to_numpy(dtype=np.float64)
            kept += [np.array([np.nanargmin(numbers), np.nanargmax(numbers)])]
            with np.errstate(invalid="ignore"):
                wrong = (np.abs(numbers) > LARGEST, np.isinf(numbers), ~(numbers >= 0), _no_count(numbers) & ~missing)
                kept += [_first(one) for one in (*wrong, (numbers != np.round(numbers)) & ~missing)]
    else:
        kept.append(_distinct(values))
        if _is_number(values):
            kept += [_first(~(values.to_numpy(dtype=np.float64) >= 0))]
    return values.iloc[np.unique(np.concatenate(kept)).astype(int)]


def _first(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the position of the first true value (1,), or an empty array if no value is true."""
    return np.flatnonzero(rows)[:1]


def _distinct(values: pd.Series) -> np.ndarray[Any, Any]:
    """Return the position of the first row with each distinct value. 1, True and "1" count as different values."""
    if values.dtype != object or pd.api.types.infer_dtype(values, skipna=True) == "string":
        return np.flatnonzero(~values.duplicated().to_numpy())
    keys = pd.DataFrame({"type": values.map(type), "value": values})
    try:
        return np.flatnonzero(~keys.duplicated().to_numpy())
    except TypeError:  # values that cannot be hashed are distinguished by their text
        return np.flatnonzero(~keys.assign(value=values.map(str)).duplicated().to_numpy())
