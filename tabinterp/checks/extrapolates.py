"""Check whether the network's score changes strongly when a numeric column takes values outside the range found in the rows."""

from __future__ import annotations

from tabinterp.analyses.extrapolation.record import Extrapolation
from tabinterp.checks.shared.power import with_power_of_intervals
from tabinterp.document.document import Document

from .base import UNBOUNDED, Check, Limit, Limits, Outcome, Text, above, cleared, not_applicable, raised

RANGES = 2.0  # ranges of the score: a linear model stays below 1, because one range is the sum over all its columns


def evaluate(document: Document, limits: Limits) -> Outcome:
    extrapolation = document.get(Extrapolation)
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
    limits={"ranges": Limit(RANGES, most=UNBOUNDED, means="change in the score as a multiple of the score's range")},
    text=Text(
        title="Extreme extrapolation",
        measures=(
            "the change in the score, as a multiple of the score's own range, when a numeric column is moved beyond its observed "
            "range by the width of that range."
        ),
        limitations="Does not detect rare combinations of values that are each within the range of their column.",
        raised_when=(
            "moving a numeric column beyond its observed range by the width of that range changes the score by at least "
            "{ranges} times the range of the score (lower end of the 95% interval)."
        ),
        next="Reject rows outside the training range, or clip numeric columns before they reach the network.",
        claims={
            "raised": (
                (
                    "The score changes sharply when these columns are moved beyond their observed range: {columns}. "
                    "Moving {column} beyond its observed range by the width of that range changes the score by "
                    "{value} times the score's own range (95% CI {low} to {high}; threshold: {threshold} times)."
                ),
                "columns: names; value, low, high, threshold: multiples of the range of the score",
            ),
            "cleared": (
                (
                    "Moving a numeric column beyond its observed range by the width of that range changes the score "
                    "by at most {value} times the score's own range (largest change: {column}; columns tested: {count}; "
                    "threshold: {threshold} times the score's range)."
                ),
                "value, threshold: multiples of the range of the score; column: where it is largest",
            ),
            "not_applicable": (
                "Not applicable: no numeric column used by the network could be moved beyond its observed range."
            ),
        },
    ),
)
