"""Parts of the document that say how far the explanations may be trusted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tabinterp.document.base import Interval, LeftOut, Metric, Part


class Drawn(Part):
    """A rank correlation, or a share of common columns, over draws: its mean, with an interval where the draws are
    independent; the least and the largest of them."""

    mean: Interval = Interval()
    least: float | None = None
    largest: float | None = None
    count: int = 0


class NullRow(Part):
    """Rank correlation of a method's sizes with those for networks whose weights were drawn again, or that were trained on
    shuffled labels: of one of these there is no interval, and none of the linear model."""

    null: Literal["random weights", "shuffled labels"] = "random weights"
    method: str
    network: Drawn
    linear: Drawn


class CurveRow(Part):
    """Area between the curve of a method's order and that of random orders, in units of the score; above zero it beats them."""

    method: str
    curve: Literal["deletion", "insertion"]
    network: Interval
    linear: Interval


class StabilityRow(Part):
    """Readings that differ by their background rows, or by the seed of the network, pair by pair."""

    method: str
    over: Literal["backgrounds", "networks"]
    top: int
    network_ranks: Drawn
    network_tops: Drawn
    linear_ranks: Drawn
    linear_tops: Drawn


class NetworkRow(Part):
    column: str
    importance: float | None  # for the network of this audit
    low: float | None  # over the networks within the tolerance
    high: float | None


class Networks(Part):
    """Networks that differ by their seed."""

    count: int
    within: int  # whose loss is at most `tolerance` above the least
    metric: Metric
    loss: float  # of the network of this audit
    sd: float  # of the losses
    least: float
    largest: float
    tolerance: float
    loss_rows: int
    rows: int  # on which importance was read
    columns: list[NetworkRow]


class Trust(Part):
    rows_of: Literal["held-out", "all"]
    rows: int
    background_rows: int
    donors: int  # background rows that a row's columns are replaced by
    draws: int  # of random weights
    orders: int  # random ones a row
    backgrounds: int
    seed: int
    nulls: list[NullRow]
    curves: list[CurveRow]
    left_out: list[LeftOut] = Field(default_factory=list)  # of the curves
    stability: list[StabilityRow]
    networks: Networks | None
