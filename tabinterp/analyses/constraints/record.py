"""Declared constraints in the audit document: monotone directions, allowed ranges, and how often they are violated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.record_values import interval
from tabinterp.document.base import Interval, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows
from tabinterp.errors import DocumentError
from tabinterp.table.suppression import SMALL, part_of, rounded_down

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import Checked, Held


class HeldPart(Part):
    share: Interval  # share of rows that violate the direction
    fall: Interval  # the largest fall in the effect curve against the direction
    start: float | str | None
    end: float | str | None


class ConstraintRow(Part):
    column: str
    direction: Literal["+", "-"] | None
    low: float | None
    high: float | None
    rows: int | None  # number of rows with a value; None if 1 to 9 rows have a value, or if 1 to 9 rows have none
    outside: int | None  # rows outside the range; None if no range or 1 to 9 rows outside; all but ten if 1 to 9 inside
    few_outside: bool  # whether 1 to 9 rows are outside the range
    network: HeldPart | None
    linear: HeldPart | None


class ConstraintTable(Part):
    rows: int
    seed: int
    columns: list[ConstraintRow]

    def check_claims(self, document: Document) -> None:
        """Check that no record reveals a count of one to nine rows."""
        for held in self.columns:
            if held.outside is not None and 0 < held.outside < SMALL:
                raise DocumentError(
                    f"groups.constraints: the number of rows outside the domain of column {held.column!r} is below {SMALL}. "
                    "Numbers this small must not be shown, so the field 'outside' must be null."
                )

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("constraints", "both", self.rows, evaluated(document), self.seed)


def build(r: Results) -> ConstraintTable | None:
    """Return the results for the declared constraints, or None if none were declared."""
    result = r[ANALYSIS]
    if result is None:
        return None
    table = r.network.table
    all_rows = len(table) if table.held_out is None else int(table.held_out.sum())
    rows = [_row(constraint, all_rows) for constraint in result.columns]
    return ConstraintTable(rows=result.rows, seed=result.seed, columns=rows)


def _row(checked: Checked, all_rows: int) -> ConstraintRow:
    """Return the record of a column.

    `all_rows` is the number of evaluated rows. The value of the column is known for `checked.rows` of these rows.
    """
    outside = rounded_down(checked.outside, checked.rows)
    return ConstraintRow(
        column=checked.constraint.column,
        direction=checked.constraint.direction,
        low=checked.constraint.low,
        high=checked.constraint.high,
        rows=part_of(checked.rows, all_rows),
        outside=outside,
        few_outside=checked.outside is not None and outside is None,
        network=_held(checked.network),
        linear=_held(checked.linear),
    )


def _held(held: Held | None) -> HeldPart | None:
    if held is None:
        return None
    start, end = (
        None if v is None else float(v) if isinstance(v, (int, float)) and not isinstance(v, bool) else str(v)
        for v in (held.start, held.end)
    )
    return HeldPart(share=interval(*held.share), fall=interval(*held.fall), start=start, end=end)
