"""Extrapolation in the document: change in the score when a numeric column is set to a value beyond its training range."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tabinterp.analyses.record_values import at, fill, largest_first
from tabinterp.document.base import Interval, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows
from tabinterp.table.suppression import countless

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document


class BeyondRange(Part):
    column: str
    change: Interval  # mean absolute change in the score beyond the data, relative to the range of the scores
    outside: (
        float | None
    )  # share of held-out rows outside the training range; None without a split, or if 1 to 9 rows are outside or inside


class Extrapolation(Part):
    rows: int
    seed: int
    skipped: list[str]  # columns whose encoder accepts only known values
    columns: list[BeyondRange]

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("extrapolation", "network", self.rows, evaluated(document), self.seed)


def build(r: Results) -> Extrapolation | None:
    """Return the changes in score by column, largest first; None if they were not computed."""
    result = r[ANALYSIS]
    if result is None:
        return None
    held_out_rows = 0 if r.network.table.held_out is None else int(r.network.table.held_out.sum())
    return fill(
        Extrapolation,
        result,
        columns=[
            BeyondRange(
                column=result.players[j], change=at(result.change, j), outside=_share(result.outside[j], held_out_rows)
            )
            for j in largest_first(result.change.value)
        ],
    )


def _share(share: float | None, rows: int) -> float | None:
    """Return a share of rows; None if it, or the share of the remaining rows, corresponds to 1 to 9 rows."""
    return None if share is None or countless(round(share * rows), rows) else share
