"""Record classes for performance: metrics of both models, and the verdict on which model predicts better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Context
from typing import TYPE_CHECKING

import numpy as np

from tabinterp.analyses.boosted_trees import ANALYSIS as BOOSTED_TREES
from tabinterp.analyses.boosted_trees import record as boosted_trees_record
from tabinterp.analyses.boosted_trees.record import Reference
from tabinterp.analyses.coefficients import ANALYSIS as COEFFICIENTS
from tabinterp.analyses.coefficients.record import LINEAR_R2
from tabinterp.analyses.decision_curve import ANALYSIS as DECISION_CURVE
from tabinterp.analyses.decision_curve import record as decision_curve_record
from tabinterp.analyses.decision_curve.record import Decisions
from tabinterp.analyses.ladder import ANALYSIS as LADDER
from tabinterp.analyses.ladder.record import recovery
from tabinterp.analyses.permutation_importance.record import Importance
from tabinterp.analyses.recalibration import ANALYSIS as RECALIBRATION
from tabinterp.analyses.recalibration import record as recalibration_record
from tabinterp.analyses.recalibration.record import Recalibration
from tabinterp.analyses.record_values import fill, interval, metric_row, number
from tabinterp.document.base import Interval, Message, Metric, MetricRow, Part, Status
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows
from tabinterp.table.suppression import SMALL, few_possible

if TYPE_CHECKING:
    from tabinterp.analyses.decision_curve.estimator import Decisions as DecisionsResult
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import DifferentClasses
    from .estimator import Training as TrainingResult

MARGIN = 0.01  # share of the null loss
# With fewer rows or groups of rows, intervals are far too short. With a single row, there is no interval.
FEWEST = 10


class Verdict(Part):
    status: Status
    metric: Metric
    difference: Interval  # in the metric, network minus linear model; for a loss, a positive value is worse
    margin: float | None  # equivalence margin: smaller differences are negligible
    margin_given: bool = False  # whether the user gave the margin
    rows_needed: int | None = (
        None  # held-out rows that would give a verdict if the difference stayed the same; None if there is a verdict
    )
    sentence: Message
    lines: list[Message]


class Swapped(Part):
    """Predicted classes that match the target significantly better if their names are exchanged."""

    predicted: list[str]  # the classes to rename
    happened: list[str]
    gain: Interval  # rise in accuracy due to renaming


class TrainingRow(Part):
    """A metric of both models on the training rows, and each model's gap: the value on held-out rows minus this value."""

    metric: Metric
    network: Interval
    linear: Interval
    network_gap: Interval
    linear_gap: Interval


class Training(Part):
    rows: int  # number of training rows that were evaluated
    held_out_rows: int  # number of held-out rows used for the gaps
    metrics: list[TrainingRow]


class Performance(Part):
    held_out: bool  # False if all rows were used, and the network may have been trained on them
    rows: int
    resamples: int = 0  # number of resamples for percentile intervals, in documents of earlier versions
    seed: int
    threshold: float | None = None  # for two classes, the probability above which a row is predicted positive
    metrics: list[MetricRow]
    skill: Interval = Interval()  # loss if every prediction is the class shares, or the mean, minus the network's loss
    swapped: Swapped | None = None  # None if no renaming is significantly better or there are only two classes
    training: Training | None = (
        None  # None: not applicable (`not_assessed` has the reason), or the document was written by an earlier version
    )

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("performance", "both", self.rows, evaluated(document), self.seed)


class ClassRow(Part):
    """Metrics for distinguishing one class from all others. That class has at least ten rows, and so do all others combined."""

    output: str
    row: MetricRow


class Judged(Part):
    classes: list[ClassRow]
    recalibration: Recalibration | None
    decisions: Decisions | None
    reference: Reference | None


def build_performance(r: Results) -> Performance:
    """Return all metrics of both models."""
    performance = r.performance
    return Performance(
        held_out=performance.held_out,
        rows=performance.rows,
        seed=performance.seed,
        threshold=performance.threshold,
        metrics=[metric_row(m) for m in performance.metrics],
        skill=interval(*performance.skill),
        training=_training(performance.training),
        swapped=None
        if (permuted := performance.swapped) is None
        else Swapped(predicted=[*permuted.predicted], happened=[*permuted.happened], gain=interval(*permuted.gain)),
    )


def _training(result: TrainingResult | None) -> Training | None:
    if result is None or not result.metrics:
        return None
    return Training(
        rows=result.rows,
        held_out_rows=result.held_out_rows,
        metrics=[fill(TrainingRow, one, metric=one.name) for one in result.metrics],
    )


def build_verdict(r: Results, importance: Importance) -> Verdict:
    """Return the verdict on the primary metric, with its sentences."""
    primary, status = r.performance.metrics[0], r.performance.status
    name = r.linear.model.name
    reason = r.performance.withheld
    sentence = Message(key=f"verdict.{status}", values={} if status == "not_assessed" else {"linear": name})
    if reason is not None and r.held_out:
        sentence = Message(key="verdict.not_assessed.few", values={"reason": reason})
    return Verdict(
        status=status,
        metric=primary.name,
        difference=interval(*primary.difference),
        margin=number(r.performance.margin),
        margin_given=r.performance.given is not None,
        rows_needed=r.performance.rows_needed,
        sentence=sentence,
        lines=[] if status == "not_assessed" else _lines(r, importance),
    )


def build(r: Results) -> Judged | None:
    """Return the records of single classes, recalibration, decision curve and boosted trees; None if there are none of these."""
    classes = [ClassRow(output=label, row=metric_row(m)) for label, m in r.performance.classes]
    if not classes and r[RECALIBRATION] is None and r[DECISION_CURVE] is None and r[BOOSTED_TREES] is None:
        return None
    return Judged(
        classes=classes,
        recalibration=recalibration_record.build(r),
        decisions=decision_curve_record.build(r),
        reference=boosted_trees_record.build(r),
    )


def _lines(r: Results, importance: Importance) -> list[Message]:
    """Return the sentences of the verdict.

    They cover the differences in the primary metric, in other metrics and in predicted classes, and the columns that matter only
    to the network.
    """
    performance = r.performance
    lines = _linear_network(r)
    if performance.one_value and np.isfinite(performance.metrics[0].difference[2]):
        lines.append(Message(key="verdict.one_value", values={"rows": performance.rows}))
    else:
        metrics = [metric_row(metric) for metric in performance.metrics]
        lines += [gap(metrics[0], number(performance.margin)), *others(metrics[1:])]
        lines += _qualifications(r)
        ladder = r[LADDER]
        if ladder is not None and ladder.gain == "better":
            lines.append(recovery(ladder))
    if performance.disagreement is not None:
        lines.append(_different_classes(performance.disagreement, performance.rows))
    lines += only_network(importance, r.linear.model.name)
    over = "" if r.network.table.groups is None else ".groups"
    if performance.given is not None:
        return [*lines, Message(key=f"verdict.scope.given{over}", values={"margin": performance.given})]
    base = r.network.table.schema.goal.base
    return [*lines, Message(key=f"verdict.scope{over}", values={"percent": 100 * MARGIN, "base": base})]


def _different_classes(differ: DifferentClasses, rows: int) -> Message:
    if differ.possible is None:
        values = {"count": differ.count, "rows": rows, "percent": 100 * differ.share}
        return Message(key="verdict.labels", values=values)
    if not differ.margins_told or few_possible(differ.possible, rows):
        return Message(key="verdict.labels.few", values={"rows": rows, "fewest": SMALL})
    share = differ.share * sum(differ.possible) / 2 / differ.count
    return Message(key="verdict.labels.about", values={"rows": rows, "percent": 100 * float(f"{share:.2g}")})


def _linear_network(r: Results) -> list[Message]:
    """Return a sentence if the network is linear by construction, or if its scores are almost linear; otherwise nothing."""
    if r.network.is_linear:
        return [Message(key="verdict.linear.exact", values={"linear": r.linear.model.name})]
    terms = r[COEFFICIENTS]
    surrogate = None if terms is None else terms[1].surrogate
    if surrogate is None or not min(surrogate.r2.value) >= LINEAR_R2:
        return []
    values = {"linear": r.linear.model.name, "percent": 100 * float(min(surrogate.r2.value))}
    return [Message(key="verdict.linear.score", values=values)]


def _qualifications(r: Results) -> list[Message]:
    """Return sentences that qualify the verdict.

    They state the number of rows needed for a verdict, and the results of the comparison after recalibration, with the user's
    costs, and with boosted trees as the reference.
    """
    lines, performance = [], r.performance
    if performance.rows_needed is not None:
        values = {"needed": rounded(performance.rows_needed), "rows": performance.rows}
        lines.append(Message(key="verdict.rows_needed", values=values))
    recalibrated, decisions, trees = r[RECALIBRATION], r[DECISION_CURVE], r[BOOSTED_TREES]
    if recalibrated is not None and recalibrated.changed:
        value, _, low, high = recalibrated.metric.difference
        key = f"verdict.recalibrated.{recalibrated.status}"
        lines.append(Message(key=key, values={"value": value, "low": low, "high": high}))
    if decisions is not None and decisions.policy is not None:
        value, _, low, _ = decisions.metrics[0].difference
        if np.isfinite(value if decisions.metrics[0].method == "withheld" else low):
            lines.append(_cost(decisions, r.linear.model.name))
    if trees is not None and trees.status == "worse":
        value, _, low, high = trees.metric.difference
        lines.append(Message(key="verdict.reference.worse", values={"value": value, "low": low, "high": high}))
    return lines


def rounded(rows: int) -> int:
    """Return an estimated number of rows, rounded up to two significant digits.

    >>> rounded(4001), rounded(87), rounded(919)
    (4100, 87, 920)
    """
    return int(Context(prec=2, rounding=ROUND_CEILING).create_decimal(rows))


def _cost(result: DecisionsResult, linear: str) -> Message:
    policy, cost = result.policy, result.metrics[0]
    assert policy is not None
    value, _, low, high = cost.difference
    costs = {name: getattr(policy, name) for name in ("false_positive", "false_negative", "threshold")}
    values = costs | {"network": cost.network[0], "other": cost.linear[0], "linear": linear, "value": value}
    if cost.method == "withheld":
        return Message(key="verdict.cost.withheld", values=values | {"fewest": SMALL})
    return Message(key=f"verdict.cost.{cost.resolved}", values=values | {"low": low, "high": high})


def gap(primary: MetricRow, margin: float | None) -> Message:
    """Return a sentence with the difference in the primary metric and its interval.

    The sentence states a direction only if the difference is significant.
    """
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
    """Return a sentence about all metrics except the primary metric.

    R2 is omitted because it carries the same information as the squared error. Metrics with a withheld interval are also omitted.
    """
    resolved = [row.resolved for row in metrics if row.metric != "r2" and row.method != "withheld"]
    counts = {way: sum(outcome == way for outcome in resolved) for way in ("better", "worse", "no")}
    if not resolved:
        return []
    alone = next((way for way, count in counts.items() if count == len(resolved)), None)
    if alone is None:
        return [Message(key="verdict.others.mixed", values={"count": len(resolved), **counts})]
    return [Message(key=f"verdict.others.{'open' if alone == 'no' else alone}", values={"count": len(resolved)})]


def only_network(importance: Importance, linear: str) -> list[Message]:
    """Return a sentence about columns that matter only to the network.

    If such a column is permuted, the network's loss rises significantly and the linear model's does not. The difference between
    the two rises is also significant.
    """
    only = [
        row.column
        for row in importance.columns
        if _above(row.network) and not _above(row.linear) and _above(row.difference)
    ]
    return [Message(key="verdict.only_network", values={"columns": only, "linear": linear})] if only else []


def _above(interval: Interval) -> bool:
    return interval.low is not None and interval.low > 0
