"""How far does the network's score move when a number goes beyond the range of the rows?"""

from __future__ import annotations

from tabinterp.checks.shared.power import with_power_of_intervals
from tabinterp.document.document import Document

from .base import UNBOUNDED, Check, Limit, Limits, Outcome, Text, above, cleared, not_applicable, raised

RANGES = 2.0  # ranges of the score: a linear model stays below 1, because all its columns together make one range


def evaluate(document: Document, limits: Limits) -> Outcome:
    extrapolation = document.extrapolation
    if extrapolation is None or not extrapolation.columns:
        return not_applicable()
    far = [column for column in extrapolation.columns if above(column.change, limits["ranges"])]
    first = (far or extrapolation.columns)[0]
    values = {"column": first.column, "value": first.change.value, "threshold": limits["ranges"]}
    if not far:
        passed = cleared(count=len(extrapolation.columns), **values)
        changes = [column.change for column in extrapolation.columns]
        return with_power_of_intervals(passed, "ranges", limits["ranges"], changes, extrapolation.rows)
    return raised(columns=[c.column for c in far], low=first.change.low, high=first.change.high, **values)


CHECK = Check(
    code="TI-E07",
    slug="extrapolates",
    severity="check",
    section="off-data",
    evaluate=evaluate,
    limits={"ranges": Limit(RANGES, most=UNBOUNDED)},
    text=Text(
        title="The score runs away beyond the data",
        measures="the change of the score when a number goes one range beyond the rows, in ranges of the score",
        limitations="Combinations of columns that are rare, each within its range.",
        raised_when="The 95% interval lies above {ranges} ranges.",
        next="Refuse rows outside the range, or bound the column before the network.",
        claims={
            "raised": (
                (
                    "Beyond the data the network's score runs away in {columns}: when {column} goes one range "
                    "further, the score moves by {value} of its whole range (95% interval {low} to {high}; threshold "
                    "{threshold})."
                ),
                "columns: names; value, low, high, threshold: multiples of the range of the score",
            ),
            "cleared": (
                (
                    "When a number goes one range beyond the data, the score moves by at most {value} of its whole "
                    "range ({column}, of {count} columns; threshold {threshold})."
                ),
                "value, threshold: multiples of the range of the score; column: where it is largest",
            ),
            "not_applicable": "No number that the network reads could be moved beyond its range.",
        },
    ),
)
