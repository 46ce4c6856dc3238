"""Columns whose values identify individual rows, such as customer numbers."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import stats

from .table import Table

UNIQUE = 0.95  # minimum share of distinct values among known values in an identifier
ORDERED = 0.99  # minimum rank correlation of an identifier with the row number
DENSE = 2.0  # a column of whole numbers counts rows if its range is below this multiple of the number of rows
FEWEST = 50  # a column is called an identifier only if it has at least this many rows

Identifier = Literal["ordered", "counts rows", "one each"]


def identifier_of(table: Table, name: str) -> Identifier | None:
    """Return the kind of row identifier in a column, or None if the column does not identify rows.

    Only whole numbers and levels can identify rows. Levels are of the kind "one each" if nearly all of them occur once. Whole
    numbers must also be nearly all distinct. Their kind is "ordered" if they are nearly monotone in the row number, otherwise
    "counts rows" if they are nearly consecutive, and otherwise "one each" if all of them are distinct.
    """
    if table.schema[name].kind != "numeric":
        known, distinct = int(table.frame[name].count()), int(table.frame[name].nunique())
        return "one each" if known >= FEWEST and distinct >= UNIQUE * known else None
    x = table.numeric(name)
    rows = np.flatnonzero(~np.isnan(x))
    values, n = np.unique(x[rows]), len(rows)
    if n < FEWEST or len(values) < UNIQUE * n or not np.all(values == np.floor(values)):
        return None
    if abs(stats.spearmanr(rows, x[rows]).statistic) >= ORDERED:
        return "ordered"
    if values[-1] - values[0] < DENSE * n:
        return "counts rows"
    return "one each" if len(values) == n else None
