"""Parts of the document beside the verdict: single classes, both models recalibrated, what decisions cost, boosted trees."""

from __future__ import annotations

from typing import Literal

from tabinterp.document.base import Interval, Metric, MetricRow, Part, Status


class ClassRow(Part):
    """One of several classes against the others; ten rows of it at least, and of the others."""

    output: str
    row: MetricRow


class Recalibration(Part):
    """The primary metric after both models were recalibrated, each held-out row by a map fitted on other folds of them."""

    row: MetricRow
    status: Status  # by the verdict's margin
    folds: int
    rows: int


class BenefitPoint(Part):
    """Net benefit of calling rows above the threshold positive; that of calling none is 0."""

    threshold: float
    network: Interval
    linear: Interval
    difference: Interval  # network minus linear, paired
    treat_all: Interval


class Policy(Part):
    """What the reader said, and what it implies."""

    given: Literal["costs", "threshold", "both"]
    false_positive: float
    false_negative: float
    threshold: float
    metrics: list[MetricRow]
    all_cost: Interval  # expected cost of calling every row positive
    none_cost: Interval


class Decisions(Part):
    rows: int
    policy: Policy | None
    curve: list[BenefitPoint]


class Reference(Part):
    """Boosted trees on the same training rows: a reference, not a rival."""

    metric: Metric
    network: Interval
    trees: Interval
    difference: Interval  # network minus trees, paired
    status: Status  # of the network, by the verdict's margin
    rounds: int
    rows: int
    training_rows: int


class Judged(Part):
    classes: list[ClassRow]
    recalibration: Recalibration | None
    decisions: Decisions | None
    reference: Reference | None
