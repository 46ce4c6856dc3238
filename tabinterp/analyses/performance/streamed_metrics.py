"""Performance over all rows of a scan (a table that is read in batches), from sums that are computed per batch and merged.

Metrics that are means over rows are computed from these sums, with Student's t intervals. AUC, average precision, R2 and the
metrics of single classes are computed on a sample of rows. The size of the sample is reported.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tabinterp.analyses.base import Stream
from tabinterp.analyses.context import Context
from tabinterp.analyses.settings import AuditSettings
from tabinterp.arrays import FloatArray
from tabinterp.models.losses import loss_for
from tabinterp.models.model import BoundModel
from tabinterp.stats import accumulators as sums
from tabinterp.stats.accumulators import Means
from tabinterp.stats.estimates import Estimates
from tabinterp.table.schema import GOALS

from .discordance import Discordance
from .estimator import (
    DifferentClasses,
    Estimate,
    Metric,
    Performance,
    discordance,
    labels_differ,
    null_of,
    null_parts,
    null_told,
    right,
    withheld,
)

SUMMED = ("log_loss", "brier", "accuracy", "squared_error", "absolute_error", "poisson_deviance")


@dataclass(frozen=True)
class Plan:
    """Settings for the computation of the sums over rows.

    Attributes
    ----------
    metrics : names of the metrics that are means over rows.
    centre : value subtracted from a numeric target.
    device : device on which losses are computed.
    threshold : probability above which a row is predicted positive.
    """

    metrics: tuple[str, ...]
    task: str
    classes: int
    centre: float
    device: str
    threshold: float


@dataclass(frozen=True, eq=False)
class Totals:
    """Sums over rows, from which the metrics, the null loss and the number of discordant rows are computed.

    Each metric has sums for the network, for the linear model and for their difference. For classification, `discordance` counts
    rows by actual class and by the correctness of both models' predictions.
    """

    losses: Means
    null: Means
    differ: Means
    discordance: Discordance | None


def start(network: BoundModel, linear: BoundModel, settings: AuditSettings) -> Plan:
    schema, centre = network.table.schema, float(np.mean(network.table.y))
    names = tuple(name for name in GOALS[schema.task].metrics if name in SUMMED)
    return Plan(names, schema.task, len(schema.classes), centre, network.device, settings.threshold)


def update(plan: Plan, network: BoundModel, linear: BoundModel) -> Totals:
    """Compute the sums over the rows to which both models are bound."""
    table, both = network.table, np.stack([network.scores, linear.scores])
    rows = np.stack([_metric(plan, name, both, table.y) for name in plan.metrics], axis=1)
    null = null_parts(plan.task, table.y, plan.classes, plan.centre)
    differ = labels_differ(both, plan.threshold) if GOALS[plan.task].classes else np.zeros(len(table), dtype=bool)
    weights, differ = table.weights, differ.astype(np.float64)
    return Totals(
        losses=_sums(rows, weights),
        null=_sums(null, weights),
        differ=_sums(differ, weights),
        discordance=discordance(both, table, plan.threshold) if GOALS[plan.task].classes else None,
    )


def merge(a: Totals, b: Totals) -> Totals:
    return Totals(
        losses=sums.merge(a.losses, b.losses),
        null=sums.merge(a.null, b.null),
        differ=sums.merge(a.differ, b.differ),
        discordance=None if a.discordance is None or b.discordance is None else a.discordance + b.discordance,
    )


def finish(context: Context, plan: Plan, totals: Totals) -> Performance:
    """Return all metrics: means over all rows from `totals`, and the other metrics from a sample of rows."""
    drawn, found = context.performance, sums.finish(totals.losses)
    held = totals.null.mean * totals.losses.rows if plan.task == "multiclass" else np.zeros(0)  # rows of each class
    known = {one.name: replace(one, rows=drawn.rows) for one in drawn.metrics}
    known |= {name: _as_metric(name, found[i]) for i, name in enumerate(plan.metrics)}
    differ = totals.discordance
    if differ is not None and (differ.few_are_right or differ.possible is not None):
        known["accuracy"] = withheld(known["accuracy"])
    return replace(
        drawn,
        metrics=tuple(known[name] for name in GOALS[plan.task].metrics if name in known),
        classes=tuple((label, replace(one, rows=drawn.rows)) for label, one in drawn.classes),
        rows=totals.losses.rows,
        null=null_told(null_of(plan.task, totals.null.mean, plan.centre), held),
        disagreement=None if differ is None else DifferentClasses.of(differ, float(totals.differ.mean)),
    )


STREAM = Stream(start, update, merge, finish)


def _metric(plan: Plan, name: str, both: FloatArray, y: FloatArray) -> FloatArray:
    """Return the values of a metric for each row (n, 3): network, linear model, and difference."""
    if name == "accuracy" and plan.task == "binary":
        rows = right(both, y, plan.threshold)
    else:
        rows = loss_for(name, plan.task).each(both, y, plan.device)
        rows = 1 - rows if name == "accuracy" else rows
    return np.stack([rows[0], rows[1], rows[0] - rows[1]], axis=1)


def _sums(values: FloatArray, weights: FloatArray | None) -> Means:
    return sums.update(sums.start(values.shape[1:]), values, weights)


def _as_metric(name: str, found: Estimates) -> Metric:
    network, linear, difference = (_estimate(found[j]) for j in range(3))
    return Metric(name, network, linear, difference, "student")


def _estimate(one: Estimates) -> Estimate:
    return float(one.value), float(one.stderr), float(one.low), float(one.high)
