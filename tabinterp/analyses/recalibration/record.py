"""Recalibration in the document: the primary metric after both models were recalibrated."""

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
    """The primary metric after recalibration of both models, each held-out row by a map fitted on other folds."""

    row: MetricRow
    status: Status  # by the verdict's margin
    folds: int
    rows: int


def build(r: Results) -> Recalibration | None:
    """Return the primary metric after recalibration; None where it does not apply."""
    result = r[ANALYSIS]
    if result is None:
        return None
    return fill(Recalibration, result, row=metric_row(result.metric))


def rows_used(document: Document) -> Iterator[ReadingRows]:
    """Yield the rows that the numbers in the document are about."""
    part = document.get(Recalibration)
    if part is not None:
        yield used_rows("recalibration", "both", part.rows, evaluated(document), document.method.seed, folds=part.folds)
