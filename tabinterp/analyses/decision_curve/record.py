"""Decision curve in the audit document: net benefit over thresholds, and the cost of decisions under the user's policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.record_values import fill, interval, metric_row
from tabinterp.document.base import Interval, MetricRow, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document


class BenefitPoint(Part):
    """The net benefit of both models at one threshold. The net benefit of predicting every row negative is 0."""

    threshold: float
    network: Interval
    linear: Interval
    difference: Interval  # network minus linear, paired by row
    treat_all: Interval


class Policy(Part):
    """The costs or threshold given by the user, and the results at this threshold."""

    given: Literal["costs", "threshold", "both"]
    false_positive: float
    false_negative: float
    threshold: float
    metrics: list[MetricRow]
    all_cost: Interval  # expected cost of predicting every row positive
    none_cost: Interval


class Decisions(Part):
    rows: int
    policy: Policy | None
    curve: list[BenefitPoint]

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("decisions", "both", self.rows, evaluated(document), document.method.seed)


def build(r: Results) -> Decisions | None:
    """Return the net benefit of both models, or None if the analysis does not apply."""
    result = r[ANALYSIS]
    if result is None:
        return None
    user_policy, policy = result.policy, None
    if user_policy is not None and result.all_cost is not None and result.none_cost is not None:
        policy = fill(
            Policy,
            user_policy,
            metrics=[metric_row(m) for m in result.metrics],
            all_cost=interval(*result.all_cost),
            none_cost=interval(*result.none_cost),
        )
    curve = [
        BenefitPoint(
            threshold=threshold,
            network=interval(*result.network[i]),
            linear=interval(*result.linear[i]),
            difference=interval(*result.difference[i]),
            treat_all=interval(*result.treat_all[i]),
        )
        for i, threshold in enumerate(result.thresholds)
    ]
    return Decisions(rows=result.rows, policy=policy, curve=curve)
