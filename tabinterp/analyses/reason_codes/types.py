"""Reason codes of declined rows, network beside linear model, as part of the document: aggregates over ten rows at least.

Of a share that one to nine rows make there is no value, and at most its upper end; of one that all but as many make, its lower
end.
"""

from __future__ import annotations

from typing import Literal

from tabinterp.document.base import Interval, Message, Part


class Alike(Part):
    """Two lists of reasons for the same rows."""

    of: Literal[
        "linear",
        "linear_agree",
        "linear_differ",
        "reference",
        "seed",
        "scale",
        "baseline",
        "integrated_gradients",
        "linear_reference",
    ]
    rows: int | None  # None: fewer than ten, or all declined rows but as few
    jaccard: Interval
    changed: Interval  # share of rows whose lists name other columns
    first: Interval  # share of rows whose first reason is the same


class Flip(Part):
    """Share of rows approved once the named columns are those of just-approved rows, beside as many columns at random."""

    model: Literal["network", "linear"]
    rows: int | None  # that this model declines; None: fewer than ten, or all but as few
    named: Interval
    random: Interval
    gain: Interval  # paired


class ReasonRow(Part):
    """Share of declined rows of which the column is a reason, and the first."""

    column: str
    protected: bool
    proxy_of: list[str]  # protected columns that no model reads, of which this is among the three best proxies
    network: Interval
    linear: Interval
    network_first: Interval
    linear_first: Interval


class Reasons(Part):
    rows_of: Literal["held-out", "all"]
    declined: str  # the adverse class, which declined rows are predicted to have
    threshold: float  # on the probability of the positive class
    declined_rows: int
    rows: int  # of them, drawn by hash
    reference_rows: int
    most: int  # reasons of a row
    seed: int
    sentences: list[Message]
    alike: list[Alike]
    flips: list[Flip]
    omitted: Interval
    protected_network: Interval  # empty where no input is declared protected
    protected_linear: Interval
    columns: list[ReasonRow]  # that are a reason of ten rows at least, the most frequent of the network first
