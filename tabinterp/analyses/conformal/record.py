"""Conformal prediction in the audit document: width of intervals or size of sets of both models, and coverage by slice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.groups.group_names import condition_message
from tabinterp.analyses.record_values import fill
from tabinterp.document.base import Interval, Message, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows
from tabinterp.errors import DocumentError
from tabinterp.table.suppression import SMALL

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

SHOWN = 8


class SliceCoverage(Part):
    group: Message
    rows: int
    coverage: Interval  # the intervals of all slices have a false coverage rate of 5%
    q: float | None  # Benjamini-Hochberg p-value over all slices, for the hypothesis that coverage is `level`
    width: Interval


class Record(Part):
    kind: Literal["interval", "set"]
    level: float  # intended coverage of the intervals or sets
    rows: int
    seed: int
    network: Interval  # mean width in units of the target, or mean number of classes in a set
    linear: Interval
    difference: Interval  # network minus linear
    tested: int  # number of tested slices
    slices: list[SliceCoverage]  # for the network, in ascending order of the upper limit of the coverage

    def check_claims(self, document: Document) -> None:
        """Check that every slice has enough rows to be shown."""
        for index, one in enumerate(self.slices):
            if one.rows < SMALL:
                raise DocumentError(
                    f"analyses.conformal.slices.{index} has fewer than {SMALL} rows, but every slice must have at least {SMALL} "
                    "rows."
                )

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("conformal", "both", self.rows, evaluated(document), self.seed)


def build(results: Results) -> Record | None:
    """Return the widths of the intervals, or the sizes of the sets, of both models, and the coverage by slice.

    Return None if they were not computed.
    """
    result = results[ANALYSIS]
    if result is None:
        return None
    return fill(
        Record,
        result,
        slices=[fill(SliceCoverage, one, group=condition_message(one.group)) for one in result.slices[:SHOWN]],
    )
