"""Sentences of the verdict that follow from the rest of the document: the gap, the other metrics, columns that one model uses."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.document.base import Interval, MetricRow
from tabinterp.document.document import Importance, Message

from .estimator import FEWEST


def gap(primary: MetricRow, margin: float | None) -> Message:
    """Return the difference in words: its size and direction where it is significant, as it stands where it is not."""
    value, low, high = primary.difference.value or 0.0, primary.difference.low, primary.difference.high
    key = f"verdict.gap.{primary.metric}"
    if low is None or high is None:
        return Message(key=f"{key}.few", values={"fewest": FEWEST})
    if primary.resolved == "no":
        return Message(key=f"{key}.open", values={"value": value, "low": low, "high": high, "margin": margin})
    ends = sorted((abs(low), abs(high)))
    sizes = {"value": abs(value), "low": ends[0], "high": ends[1], "margin": margin}
    return Message(key=f"{key}.{'higher' if value > 0 else 'lower'}", values=sizes)


def others(metrics: Sequence[MetricRow]) -> list[Message]:
    """Return what the metrics other than the primary one say, in one sentence; R2 is the squared error again."""
    resolved = [row.resolved for row in metrics if row.metric != "r2"]
    counts = {way: sum(one == way for one in resolved) for way in ("better", "worse", "no")}
    if not resolved:
        return []
    alone = next((way for way, count in counts.items() if count == len(resolved)), None)
    if alone is None:
        return [Message(key="verdict.others.mixed", values={"count": len(resolved), **counts})]
    return [Message(key=f"verdict.others.{'open' if alone == 'no' else alone}", values={"count": len(resolved)})]


def only_network(importance: Importance, linear: str) -> list[Message]:
    """Return the columns whose permutation raises the loss of the network alone, and measurably more."""
    only = [
        row.column
        for row in importance.columns
        if _above(row.network) and not _above(row.linear) and _above(row.difference)
    ]
    return [Message(key="verdict.only_network", values={"columns": only, "linear": linear})] if only else []


def _above(interval: Interval) -> bool:
    return interval.low is not None and interval.low > 0
