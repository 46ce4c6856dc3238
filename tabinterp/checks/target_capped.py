"""Check whether the target is capped at its smallest or largest value."""

from __future__ import annotations

from tabinterp.analyses.data_quality.record import Heap, TableReadings
from tabinterp.document.document import Document

from .base import UNBOUNDED, Check, Limit, Limits, Outcome, Text, cleared, not_applicable

CAPPED_PERCENT = 1.0  # percentage of the rows that are exactly at one end
CAPPED_TIMES = 3.0  # times the rows with neighbouring values


def evaluate(document: Document, limits: Limits) -> Outcome:
    table = document.get(TableReadings)
    columns = [] if table is None else table.columns
    target = next((column for column in columns if column.target), None)
    if target is None or document.data.task not in ("regression", "count"):
        return not_applicable()
    ends = [("raised_least", target.heap_low), ("raised_greatest", target.heap_high)]
    capped = [(key, heap) for key, heap in ends if heap is not None and _is_capped(heap, limits)]
    if document.data.task == "count":  # no count is below zero
        capped = [(key, heap) for key, heap in capped if key == "raised_greatest" or heap.value > 0]
    if not capped:
        return cleared(percent=limits["percent"])
    key, heap = max(capped, key=lambda one: one[1].rows)
    return Outcome("raised", key, {"value": heap.value, "rows": heap.rows, "percent": 100 * heap.share})


def _is_capped(heap: Heap, limits: Limits) -> bool:
    return 100 * heap.share >= limits["percent"] and (heap.times or 0.0) >= limits["times"]


CHECK = Check(
    code="TI-D10",
    slug="target-capped",
    severity="check",
    section="data",
    evaluate=evaluate,
    limits={
        "percent": Limit(
            CAPPED_PERCENT, most=100, means=("percentage of rows exactly at the lowest or highest value of the target")
        ),
        "times": Limit(
            CAPPED_TIMES,
            most=UNBOUNDED,
            means=("frequency of the lowest or highest value relative to neighbouring values"),
        ),
    },
    text=Text(
        title="Capped target",
        measures=(
            "the number of rows exactly at the lowest or highest value of the target, compared with the number of rows at "
            "neighbouring values."
        ),
        limitations="Does not detect a target that was capped and then altered, for example by added noise.",
        raised_when=(
            (
                "at least {percent}% of the rows are exactly at the lowest or highest value of the target, and this "
                "value is at least {times} times as frequent as neighbouring values."
            ),
            "times: a ratio of frequencies",
        ),
        next=(
            "Exclude rows at the cap of the target, or model the target as censored: part of the error for these rows is due to "
            "the cap, not to the model."
        ),
        claims={
            "raised_greatest": (
                (
                    "The target appears to be capped at its highest value: {rows} rows ({percent}%) have exactly this value, "
                    "{value}. Values just below it are far less frequent."
                ),
                "value: the highest value of the target; rows: number of rows with this value",
            ),
            "raised_least": (
                (
                    "The target appears to be capped at its lowest value: {rows} rows ({percent}%) have exactly this value, "
                    "{value}. Values just above it are far less frequent."
                ),
                "value: the lowest value of the target; rows: number of rows with this value",
            ),
            "cleared": (
                "There is no excess of rows at the lowest or highest value of the target (limit: {percent}% of rows)."
            ),
            "not_applicable": "Not applicable: a categorical target cannot be capped.",
        },
    ),
)
