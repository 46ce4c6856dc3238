"""Record classes for subgroup gaps: groups of rows in which the network's loss is higher than noise can explain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tabinterp.analyses.groups.group_names import group_name
from tabinterp.analyses.record_values import fill
from tabinterp.document.base import Interval, Message, Metric, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows
from tabinterp.errors import DocumentError
from tabinterp.table.suppression import SMALL

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document


class WeakRow(Part):
    group: list[Message]
    rows: int
    loss: float
    rest: float
    difference: Interval  # group minus all other rows; false coverage rate of this and the next two intervals: 1%
    skill: float | None
    beyond: Interval  # loss of the network minus that of boosted trees
    excess: Interval  # loss of the network minus the entropy of its own probabilities; empty for numbers and counts


class WeakPart(Part):
    metric: Metric
    mean: float  # loss on all rows used for tests
    null: float  # loss on these rows if their base rate (or mean) is always predicted
    rows: int
    searched: int
    found: list[WeakRow]

    def check_claims(self, document: Document) -> None:
        """Check that no group with fewer than ten rows is shown."""
        if any(row.rows < SMALL for row in self.found):
            raise DocumentError(
                f"groups.weak contains a group with fewer than {SMALL} rows, but every group must have at least {SMALL} rows."
            )

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("weak", "both", self.rows, evaluated(document), document.method.seed)


def build(r: Results) -> WeakPart | None:
    """Return the record of groups in which the network's loss is higher than noise can explain; None if there was no search."""
    result = r[ANALYSIS]
    if result is None:
        return None
    found = [fill(WeakRow, group, group=group_name(group.conditions)) for group in result.groups]
    return fill(WeakPart, result, metric=result.loss, found=found)
