"""Record classes for recalibration: the primary metric after both models are recalibrated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tabinterp.analyses.record_values import fill, metric_row
from tabinterp.document.base import MetricRow, Part, Status
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document


class Recalibration(Part):
    """The primary metric of both models after cross-fitted recalibration on the held-out rows."""

    row: MetricRow
    status: Status  # verdict after recalibration, with the same equivalence margin
    folds: int
    rows: int

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("recalibration", "both", self.rows, evaluated(document), document.method.seed, folds=self.folds)


def build(r: Results) -> Recalibration | None:
    """Return the primary metric after recalibration; None if the analysis does not apply."""
    result = r[ANALYSIS]
    if result is None:
        return None
    return fill(Recalibration, result, row=metric_row(result.metric))
