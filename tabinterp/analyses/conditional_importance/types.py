"""Parts of the document that say what columns are worth beside each other, and where paths of gradients start."""

from __future__ import annotations

from typing import Literal

from tabinterp.document.base import Interval, Metric, Part


class ConditionalRow(Part):
    column: str
    conditioned: list[str]  # the columns that the strata are made of; empty: nothing goes with it, and all rows are one
    strata: int
    smallest: int  # rows of the smallest stratum
    network: Interval  # rise of the loss within strata
    linear: Interval
    difference: Interval  # network minus linear, paired by row
    off_support: float | None
    dropped: (
        Interval  # rise of the held-out loss of a linear model fitted again without the column; empty: not measured
    )


class FamilyRow(Part):
    columns: list[str]
    weakest: float  # association between two members
    network: Interval  # rise of the loss when all of them come from one other row
    linear: Interval
    difference: Interval
    dropped: Interval


class Together(Part):
    """What columns are worth given the others, and together with those that carry the same information."""

    loss: Metric
    rows_of: Literal["held-out", "all"]
    rows: int
    repeats: int
    seed: int
    associated: float  # association from which a column is conditioned on
    fewest: int  # rows of a stratum
    threshold: float  # association from which columns are a family
    association_rows: int
    refit_rows: int | None  # training rows of the refits; None: there are none
    refit_scored_rows: int | None
    columns: list[ConditionalRow]  # in the order of the permutation importance
    families: list[FamilyRow]


class StartRow(Part):
    """How odd a baseline is that is one point."""

    baseline: Literal["mean", "median"]
    neighbours: float  # percentile of its distance to the fifth neighbour among real rows
    unlike: list[str]  # columns in which no row is coded as it is
    reference: int


class StartGap(Part):
    baseline: Literal["mean", "median", "rows"]
    network: float | None
    linear: float | None


class BaselineRow(Part):
    """Mean absolute attribution of a column from each baseline, summed over outputs (biased upward by noise)."""

    column: str
    network: dict[str, float | None]
    linear: dict[str, float | None]


class BaselinePair(Part):
    first: Literal["mean", "median", "rows"]
    second: Literal["mean", "median", "rows"]
    top: int
    network: float | None  # rank correlation of the sizes of the columns, summed over outputs
    network_overlap: float | None  # of the most important columns
    linear: float | None
    linear_overlap: float | None


class Baselines(Part):
    """Integrated gradients from the mean, the median and real rows."""

    rows: int
    background_rows: int
    tolerance: float
    seed: int
    starts: list[StartRow]
    gaps: list[StartGap]
    pairs: list[BaselinePair]
    columns: list[BaselineRow]
