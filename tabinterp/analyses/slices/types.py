"""Groups of rows in which the two models compare differently, as part of the document."""

from __future__ import annotations

from tabinterp.document.base import Interval, Message, Metric, Part, Status


class SliceRow(Part):
    group: Message
    protected: bool
    rows: int  # fifty at least
    difference: Interval  # network minus linear, of the loss; of the level that keeps the false coverage rate at 5%
    q: float | None  # Benjamini-Hochberg over all groups
    against_rest: Interval  # its difference less that of all other rows
    rest_q: float | None
    status: Status  # of the network in this group
    unlike: bool  # the interval of `against_rest` excludes zero


class Slices(Part):
    metric: Metric
    margin: float
    rows: int
    smallest: int
    groups: int  # that were tested
    sentences: list[Message]
    found: list[SliceRow]  # where the linear model is better, and unlike the other rows: the most extreme
    hidden: int  # of the same kind, beyond those
