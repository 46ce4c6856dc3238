"""Column values that can be shown without disclosing single rows: levels that at least ten rows have, and rounded numbers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tabinterp.document.base import Part
from tabinterp.table.rounding import Rounding
from tabinterp.table.suppression import SMALL

if TYPE_CHECKING:
    import pandas as pd

    from tabinterp.analyses.results import Results

MISSING = "(missing)"  # the name of missing values among the levels of activating rows


class Place(Part):
    """Value of a column at an optimum, in a form that does not disclose any single row.

    A number is rounded, unless at least ten rows have it. `how` is "at" for an exact value and "about" for a rounded value.
    "at_least" and "at_most" mean that the value lies beyond `at`, which is the largest or the smallest number that may be shown.
    "rare" means that the value is withheld, because too few rows have it.
    """

    column: str
    at: str | float | None
    how: Literal["at", "about", "at_least", "at_most", "missing", "rare"]


class ShownValues:
    """Rules for showing column values.

    A level is shown only if at least ten rows of the table have it. A number is rounded. If fewer than ten rows have
    a value at least as extreme, a bound is shown instead.
    """

    def __init__(self, r: Results) -> None:
        self.table = r.network.table
        self.columns = [c for c in r.network.columns if len(r.network.encoding.blocks[c])]
        self._counts: dict[str, dict[str, int]] = {}
        self._roundings: dict[str, Rounding] = {}

    def enough(self, column: str, level: Any) -> bool:
        """Return whether at least ten rows have the given level. Missing values count as a level.

        The result is True if `level` is None, which means that the column is numeric and has no levels.
        """
        if level is None:
            return True
        if column not in self._counts:
            values = self.table.frame[column]
            self._counts[column] = Counter(map(str, values.dropna()))
            self._counts[column][MISSING] = int(values.isna().sum()) or self._counts[column].get(MISSING, 0)
        return self._counts[column].get(str(level), 0) >= SMALL

    def is_number(self, column: str) -> bool:
        return self.table.schema[column].kind == "numeric"

    def rounding(self, column: str) -> Rounding:
        """Return the rule by which numbers of the column are rounded."""
        if column not in self._roundings:
            self._roundings[column] = Rounding(self.table.numeric(column))
        return self._roundings[column]

    def places(self, row: pd.Series) -> list[Place]:
        missing = row.isna()
        return [self.place(column, row[column], missing[column]) for column in self.columns]

    def place(self, column: str, value: Any, missing: bool) -> Place:
        if missing:
            return Place(column=column, at=None, how="missing" if self.enough(column, MISSING) else "rare")
        if not self.is_number(column):
            shown_level = self.enough(column, value)
            return Place(column=column, at=str(value) if shown_level else None, how="at" if shown_level else "rare")
        rounding = self.rounding(column)
        low, high = rounding.ends(-np.inf, np.inf)
        if np.isnan(low):
            return Place(column=column, at=None, how="rare")
        if not low <= value <= high:
            return Place(
                column=column, at=min(max(float(value), low), high), how="at_least" if value > high else "at_most"
            )
        rounded = rounding(float(value))
        return Place(column=column, at=rounded, how="at" if rounded == value else "about")
