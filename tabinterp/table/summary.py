"""Summary of a whole table: numbers of rows, missing cells and levels, shares of the classes, and digests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray, IntArray

from .digest import column_digests
from .schema import Schema
from .table import Table


@dataclass(frozen=True)
class Census:
    """A summary of all `rows` rows of a table. `held_out` is the number of held-out rows, or None if it is not known.

    For each column, it contains the number of `missing` cells, the number of distinct `levels` (None if not counted), whether the
    column is `constant`, and the SHA-256 of the column. `rates` contains the weighted share of each class, and `held` the number
    of rows of each class. `without_target` is the number of rows left out because their target is missing. It is None if such
    rows raise an error instead.
    """

    rows: int
    held_out: int | None
    missing: dict[str, int]
    levels: dict[str, int | None]
    constant: dict[str, bool]
    digests: dict[str, str]
    rates: tuple[float, ...]
    held: tuple[int, ...]
    without_target: int | None = None


def census(table: Table) -> Census:
    """Return a summary of a table in memory."""
    frame, schema = table.frame, table.schema
    return Census(
        rows=len(table),
        held_out=None if table.held_out is None else int(table.held_out.sum()),
        missing={str(name): int(frame[name].isna().sum()) for name in frame},
        levels={c.name: distinct(frame[c.name]) if counted(schema, c.name) else None for c in schema.columns},
        constant={str(name): distinct(frame[name]) < 2 for name in frame},
        digests=column_digests(frame),
        rates=rates(schema, masses(table)),
        held=tuple(class_rows(table).tolist()),
        without_target=table.without_target,
    )


def counted(schema: Schema, name: str) -> bool:
    """Return whether the number of distinct values of a column is reported. It is reported for the target and for all columns
    that are not numeric.
    """
    return schema[name].kind != "numeric" or name == schema.target


def distinct(values: pd.Series) -> int:
    """Return the number of distinct values that are not missing. Values that cannot be compared are distinguished
    by their text.
    """
    try:
        return int(values.nunique())
    except TypeError:
        return len({*map(str, values.dropna())})


def masses(table: Table) -> FloatArray:
    """Return the total weight of each class (classes,). The array is empty for numeric and count targets."""
    codes = table.codes
    if codes is None:
        return np.zeros(0)
    return np.bincount(codes, table.row_weights, len(table.schema.classes)).astype(np.float64)


def class_rows(table: Table) -> IntArray:
    """Return the number of rows in each class (classes,). The array is empty for numeric and count targets."""
    codes = table.codes
    if codes is None:
        return np.zeros(0, dtype=np.int64)
    return np.bincount(codes, minlength=len(table.schema.classes)).astype(np.int64)


def rates(schema: Schema, weights: FloatArray) -> tuple[float, ...]:
    return tuple((weights / weights.sum()).tolist()) if schema.goal.classes else ()
