"""Record classes for the comparison of real and perturbed rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tabinterp.analyses.record_values import at, interval, largest_first
from tabinterp.document.base import Interval, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document


class SwapRow(Part):
    column: str
    permuted: Interval  # mean absolute change in the score, in standard deviations, with the value of an arbitrary row
    swapped: Interval  # the same change, with the value of the row that is most similar in all other columns


class OffSupport(Part):
    rows: int
    swap_rows: int
    seed: int
    output: str | None
    auc: Interval  # AUC with which trees distinguish perturbed from real rows
    real: Interval  # R2, on real rows, of trees fitted to the score of real rows
    perturbed: Interval  # R2, on real rows, of trees fitted to the score of perturbed rows
    gap: Interval
    columns: list[SwapRow]

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("off_support", "network", self.rows, evaluated(document), self.seed)


def build(r: Results) -> OffSupport | None:
    """Return the comparison of real and perturbed rows; None if it was not computed."""
    result = r[ANALYSIS]
    if result is None:
        return None
    return OffSupport(
        rows=result.rows,
        swap_rows=result.swap_rows,
        seed=result.seed,
        output=result.output,
        auc=interval(*result.auc),
        real=interval(*result.real),
        perturbed=interval(*result.perturbed),
        gap=interval(*result.gap),
        columns=[
            SwapRow(column=result.players[j], permuted=at(result.permuted, j), swapped=at(result.swapped, j))
            for j in largest_first(result.permuted.value)
        ],
    )
