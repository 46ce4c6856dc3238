"""Recalibration in the document: the primary metric after both models were recalibrated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.record_values import fill, metric_row
from tabinterp.document.base import MetricRow, Part, Status

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results


class Recalibration(Part):
    """The primary metric after both models were recalibrated, each held-out row by a map fitted on other folds of them."""

    row: MetricRow
    status: Status  # by the verdict's margin
    folds: int
    rows: int


def build(r: Results) -> Recalibration | None:
    """Return the primary metric after recalibration; None where it does not apply."""
    result = r.recalibration
    if result is None:
        return None
    return fill(Recalibration, result, row=metric_row(result.metric))
