"""Held-out performance as several checks read it."""

from __future__ import annotations

from tabinterp.checks.base import Outcome
from tabinterp.document.document import Document, Interval, Message


def performance_withheld(document: Document) -> Outcome | None:
    """Return "not applicable" with the reason, where performance was withheld: too few rows, or too few events of a class."""
    reason = document.verdict.sentence.values.get("reason")
    return Outcome("not_applicable", "withheld", {"reason": reason}) if isinstance(reason, Message) else None


def network_metric(document: Document, name: str) -> Interval:
    """Return a metric of the network; an empty interval where the document does not hold it."""
    return next((row.network for row in document.performance.metrics if row.metric == name), Interval())


def scored_events(document: Document) -> int | None:
    """Return the events among the scored rows; None where more rows were summed than drawn, so that the number is not known."""
    return document.data.events if document.data.drawn is None else None


def largest_loss(document: Document) -> list[float]:
    """Return the loss of predicting without any column, which no difference in loss can exceed.

    The verdict's margin is a hundredth of it, unless the user gave the margin; then the list is empty.
    """
    verdict = document.verdict
    return [] if verdict.margin_given or not verdict.margin else [100 * verdict.margin]
