"""Overfitting in the document: gaps in loss between held-out and training rows, over all rows and by slice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tabinterp.analyses.groups.group_names import condition_message
from tabinterp.analyses.record_values import fill
from tabinterp.document.base import Interval, Message, Metric, Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows
from tabinterp.errors import DocumentError
from tabinterp.table.suppression import SMALL

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

SHOWN = 8


class SliceGap(Part):
    group: Message
    rows: int  # held out
    training_rows: int
    network: float  # gaps: mean loss on held-out rows minus that on training rows
    linear: float
    excess: (
        Interval  # the network's gap minus the linear model's; of the level that keeps the false coverage rate at 5%
    )
    q: float | None  # Benjamini-Hochberg over all slices


class Record(Part):
    metric: Metric
    null: float  # held-out loss of always predicting the base rate, or the mean
    rows: int
    training_rows: int
    smallest: int  # rows of a slice on either side
    network: Interval
    linear: Interval
    excess: Interval
    tested: int  # slices
    slices: list[SliceGap]  # those whose interval of the excess begins highest

    def check_claims(self, document: Document) -> None:
        """Check that slices are large enough, and that the excess is the difference of the gaps."""
        if not document.performance.held_out:
            raise DocumentError(
                "analyses.overfitting compares held-out rows with training rows, but no rows are held out."
            )
        for index, one in enumerate(self.slices):
            if min(one.rows, one.training_rows) < SMALL:
                raise DocumentError(f"analyses.overfitting.slices.{index} has fewer than {SMALL} rows on one side.")

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("overfitting", "both", self.rows + self.training_rows, "all")


def build(results: Results) -> Record | None:
    """Return the gaps of both models; None where they were not compared."""
    result = results[ANALYSIS]
    if result is None:
        return None
    return fill(
        Record,
        result,
        metric=result.loss,
        tested=len(result.slices),
        slices=[fill(SliceGap, one, group=condition_message(one.group)) for one in result.slices[:SHOWN]],
    )
