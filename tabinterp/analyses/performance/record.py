"""What stands beside the verdict, as parts of the document and as lines of its own."""

from __future__ import annotations

from decimal import ROUND_CEILING, Context

from tabinterp.analyses.boosted_trees.estimator import Reference
from tabinterp.analyses.decision_curve.estimator import Decisions
from tabinterp.analyses.results import Results, interval
from tabinterp.document.document import Message, MetricRow

from . import types as parts
from .estimator import Metric


def metric_row(metric: Metric) -> MetricRow:
    return MetricRow(
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        network=interval(*metric.network),
        linear=interval(*metric.linear),
        difference=interval(*metric.difference),
        resolved=metric.resolved,
        method=metric.method,
        rows=metric.rows,
    )


def judged(r: Results) -> parts.Judged | None:
    """None where nothing stands beside the verdict."""
    classes = [parts.ClassRow(output=label, row=metric_row(m)) for label, m in r.performance.classes]
    if not classes and r.recalibrated is None and r.decisions is None and r.reference is None:
        return None
    again = r.recalibrated
    return parts.Judged(
        classes=classes,
        recalibration=None
        if again is None
        else parts.Recalibration(row=metric_row(again.metric), status=again.status, folds=again.folds, rows=again.rows),
        decisions=None if r.decisions is None else _decisions(r.decisions),
        reference=None if r.reference is None else _reference(r.reference),
    )


def _decisions(found: Decisions) -> parts.Decisions:
    asked, policy = found.policy, None
    if asked is not None and found.all_cost is not None and found.none_cost is not None:
        policy = parts.Policy(
            given=asked.given,
            false_positive=asked.false_positive,
            false_negative=asked.false_negative,
            threshold=asked.threshold,
            metrics=[metric_row(m) for m in found.metrics],
            all_cost=interval(*found.all_cost),
            none_cost=interval(*found.none_cost),
        )
    curve = [
        parts.BenefitPoint(
            threshold=at,
            network=interval(*found.network[i]),
            linear=interval(*found.linear[i]),
            difference=interval(*found.difference[i]),
            treat_all=interval(*found.treat_all[i]),
        )
        for i, at in enumerate(found.thresholds)
    ]
    return parts.Decisions(rows=found.rows, policy=policy, curve=curve)


def _reference(found: Reference) -> parts.Reference:
    return parts.Reference(
        metric=found.metric.name,
        network=interval(*found.metric.network),
        trees=interval(*found.metric.linear),
        difference=interval(*found.metric.difference),
        status=found.status,
        rounds=found.rounds,
        rows=found.rows,
        training_rows=found.training_rows,
    )


# ---- lines of the verdict


def lines(r: Results) -> list[Message]:
    """How many rows would resolve it; whether it holds after recalibration, at the user's costs, and beside trees."""
    made, performance = [], r.performance
    if performance.rows_needed is not None:
        values = {"needed": rounded(performance.rows_needed), "rows": performance.rows}
        made.append(Message(key="verdict.rows_needed", values=values))
    if r.recalibrated is not None and r.recalibrated.changed:
        value, _, low, high = r.recalibrated.metric.difference
        made.append(
            Message(
                key=f"verdict.recalibrated.{r.recalibrated.status}", values={"value": value, "low": low, "high": high}
            )
        )
    if r.decisions is not None and r.decisions.policy is not None:
        made.append(_cost(r.decisions, r.linear.model.name))
    if r.reference is not None and r.reference.status == "worse":
        value, _, low, high = r.reference.metric.difference
        made.append(Message(key="verdict.reference.worse", values={"value": value, "low": low, "high": high}))
    return made


def rounded(rows: int) -> int:
    """To two digits, upwards: an estimate has no more.

    >>> rounded(4001), rounded(87), rounded(919)
    (4100, 87, 920)
    """
    return int(Context(prec=2, rounding=ROUND_CEILING).create_decimal(rows))


def _cost(found: Decisions, linear: str) -> Message:
    asked, cost = found.policy, found.metrics[0]
    assert asked is not None
    value, _, low, high = cost.difference
    return Message(
        key=f"verdict.cost.{cost.resolved}",
        values={
            "false_positive": asked.false_positive,
            "false_negative": asked.false_negative,
            "threshold": asked.threshold,
            "network": cost.network[0],
            "other": cost.linear[0],
            "linear": linear,
            "value": value,
            "low": low,
            "high": high,
        },
    )
