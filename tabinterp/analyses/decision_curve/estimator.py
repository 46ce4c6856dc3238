"""Decision curve analysis: decisions of both models at the user's costs or threshold, and net benefit at many thresholds.

A row is predicted positive if its predicted probability is above the threshold. If a false positive costs c and a false negative
costs d, the threshold is c / (c + d). At this probability, predicting positive and predicting negative have the same expected
cost (Elkan 2001). Conversely, a threshold t implies costs in the ratio c : d = t : 1 - t. The net benefit at t (Vickers & Elkin
2006) is TP/n - FP/n * t/(1 - t): true positives per row, minus false positives per row weighted by their relative cost.

From the standard error of a difference between the models, a reader could calculate the number of rows on which the decisions of
the two models differ. If this number is 1 to 9, the exact standard error is not reported. It is replaced by the largest standard
error that is consistent with both confusion matrices (`performance.discordance`). Neither is reported if rows have weights or
groups, or if a confusion matrix is withheld. If the models make the same decision on every row, the interval is based on the
rule of three (Hanley and Lippman-Hand 1983).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from tabinterp.analyses.context import Context
from tabinterp.analyses.performance.discordance import Discordance
from tabinterp.analyses.performance.estimator import (
    FEWEST,
    RESAMPLES,
    Estimate,
    Metric,
    discordance,
    groups,
    interval,
    log_odds,
    paired,
    resampled,
    right,
    ruled_by_three,
    three_of,
    told,
    widened,
)
from tabinterp.analyses.settings import DecisionPolicy
from tabinterp.arrays import FloatArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.models.model import BoundModel
from tabinterp.preview import PreviewedFrame
from tabinterp.table import Table
from tabinterp.table.class_counts import require_events
from tabinterp.table.hash_sampling import row_hash

Benefits = tuple[tuple[Estimate, ...], tuple[Estimate, ...], tuple[Estimate, ...], tuple[Estimate, ...]]
NONE: Estimate = (np.nan, np.nan, np.nan, np.nan)
THRESHOLDS = (0.01, *(round(0.05 * i, 2) for i in range(1, 20)), 0.99)


@dataclass(frozen=True)
class Decisions(PreviewedFrame):
    """The performance of both models under a decision policy, and their net benefits at each of `thresholds`.

    `metrics` contains the expected cost per row, accuracy, sensitivity and specificity; it is empty without a policy. `all_cost`
    and `none_cost` are the expected costs of predicting every row positive and of predicting every row negative. `treat_all` is
    the net benefit of predicting every row positive. The net benefit of predicting every row negative is 0.

    The net benefit of a model is NaN if it would reveal individual rows. It is withheld if the model predicts fewer than ten rows
    positive or fewer than ten rows negative. It is also withheld if each of the two classes has 1 to 9 correct predictions or 1
    to 9 wrong predictions. A metric is NaN if a withheld confusion matrix could be calculated from it.
    """

    policy: DecisionPolicy | None
    metrics: tuple[Metric, ...]
    all_cost: Estimate | None
    none_cost: Estimate | None
    thresholds: tuple[float, ...]
    network: tuple[Estimate, ...]
    linear: tuple[Estimate, ...]
    difference: tuple[Estimate, ...]
    treat_all: tuple[Estimate, ...]
    rows: int

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each threshold."""
        made: dict[str, object] = {"threshold": list(self.thresholds)}
        for name in ("network", "linear", "difference", "treat_all"):
            for i, part in enumerate(("", "_stderr", "_low", "_high")):
                made[name + part] = [one[i] for one in getattr(self, name)]
        return pd.DataFrame(made)


def decisions(
    network: BoundModel, linear: BoundModel, asked: DecisionPolicy | None, *, held_out: bool, seed: int = 0
) -> Decisions | None:
    """Compare the decisions of both models on the rows that they are bound to.

    Return None unless the target has exactly two classes.

    Raises
    ------
    NotApplicableError
        If it is unknown which rows were held out, or if a class has too few events.
    """
    table = network.table
    if table.schema.task != "binary":
        return None
    if not held_out:
        raise NotApplicableError(why("what decisions are worth is seen on rows that the models were not trained on"))
    require_events(table, "held_out")
    if groups(table).max() + 1 < FEWEST:
        raise NotApplicableError(why("decisions.few", least=FEWEST))
    order = np.argsort(row_hash(table.numbers, seed), kind="stable").astype(np.int64)
    table = table.take(order)
    scores = np.stack([bound.scores[order, 0] for bound in (network, linear)])
    thresholds = THRESHOLDS if asked is None else tuple(sorted({*THRESHOLDS, asked.threshold}))
    benefits = _benefits(scores, table, thresholds, seed)
    if asked is None:
        return Decisions(None, (), None, None, thresholds, *benefits, len(table))
    return Decisions(asked, *_at(asked, scores, table), thresholds, *benefits, len(table))


def _at(asked: DecisionPolicy, scores: FloatArray, table: Table) -> tuple[tuple[Metric, ...], Estimate, Estimate]:
    """Return the metrics for a threshold and costs, and the expected costs of predicting every row positive or negative."""
    y = table.y
    hit = right(scores[..., None], y, asked.threshold)
    differ = discordance(scores[..., None], table, asked.threshold)
    metrics, assumed = _of_right(asked, hit, table), differ.assumed_by_class(y)
    if assumed is not None:
        wide = _of_right(asked, assumed, table)
        metrics = tuple(widened(one, other, differ, table) for one, other in zip(metrics, wide, strict=True))
    accuracy = told(paired("accuracy", hit, table), differ, table)
    most = {
        "expected_cost": max(asked.false_positive, asked.false_negative) * three_of(table),
        "sensitivity": three_of(table, y),
        "specificity": three_of(table, 1 - y),
    }
    metrics = tuple(accuracy if one.name == "accuracy" else ruled_by_three(one, most[one.name]) for one in metrics)
    metrics = tuple(_of_known_matrix(one, differ, asked) for one in metrics)
    blunt = np.stack([asked.false_positive * (1 - y), asked.false_negative * y])
    ends = paired("expected_cost", blunt, table)
    return metrics, ends.network, ends.linear


def _of_known_matrix(metric: Metric, differ: Discordance, asked: DecisionPolicy) -> Metric:
    """Return the metric without values from which a withheld confusion matrix could be calculated.

    Accuracy is always returned, because it does not determine the confusion matrix. If both kinds of error have the same cost,
    the expected cost does not determine the confusion matrix either, so it is also always returned.
    """
    negative, positive = differ.rates_told.T
    either = (negative | positive) | (asked.false_positive == asked.false_negative)
    shown = {"sensitivity": positive, "specificity": negative, "expected_cost": either}.get(metric.name)
    if shown is None or shown.all():
        return metric
    network, linear = (one if may else NONE for one, may in zip((metric.network, metric.linear), shown, strict=True))
    return replace(metric, network=network, linear=linear, difference=NONE, method="withheld")


def _of_right(asked: DecisionPolicy, hit: FloatArray, table: Table) -> tuple[Metric, ...]:
    """Return cost, accuracy, sensitivity and specificity of both models; `hit` (2, n) states which predictions are right."""
    y = table.y
    cost = (1 - hit) * (asked.false_positive * (1 - y) + asked.false_negative * y)
    return (
        paired("expected_cost", cost, table),
        paired("accuracy", hit, table),
        paired("sensitivity", hit, table, among=y),
        paired("specificity", hit, table, among=1 - y),
    )


def _benefits(scores: FloatArray, table: Table, thresholds: tuple[float, ...], seed: int) -> Benefits:
    """Return the net benefits of both models, their difference, and the net benefit of predicting every row positive."""
    at, cuts = np.array(thresholds), np.array([log_odds(one) for one in thresholds])
    worth, cells = at / (1 - at), 2 * (len(at) + 1)
    # a row with a score above the first j thresholds is in cell j of its class
    place = [2 * np.searchsorted(cuts, one, side="left") + table.y.astype(np.int64) for one in scores]

    def benefit(w: FloatArray) -> FloatArray:
        found = []
        for cell in place:
            above = np.bincount(cell, w, cells).reshape(-1, 2)[::-1].cumsum(axis=0)[::-1][1:] / w.sum()
            found.append(above[:, 1] - above[:, 0] * worth)
        share = float(w @ table.y / w.sum())
        return np.stack([*found, found[0] - found[1], share - (1 - share) * worth])

    above = np.stack([np.sum(one[:, None] > cuts, axis=0) for one in scores])
    differ = [discordance(scores[..., None], table, threshold) for threshold in thresholds]
    told = np.minimum(above, len(table) - above) >= FEWEST
    told &= np.column_stack([one.rates_told.any(axis=1) for one in differ])
    assumed = _assumed_differences(differ, table, thresholds)
    plain, few = table.weights is None and table.groups is None, [*assumed]
    rows = np.column_stack([assumed[j] for j in few]) if plain and few else None
    weights = table.row_weights
    drawn = np.empty((RESAMPLES, 4, len(at)))
    with threadpool_limits(1, user_api="blas"):
        for i, w in enumerate(resampled(weights, groups(table), RESAMPLES, seed)):
            drawn[i] = benefit(w)
            drawn[i, 2, few] = np.nan if rows is None else w @ rows / w.sum()
    point, units = benefit(weights), table.group_count
    for i, hidden in enumerate((~told[0], ~told[1], ~told.all(axis=0))):
        point[i, hidden] = drawn[:, i, hidden] = np.nan
    network, linear, difference, blunt = (
        tuple(interval(point[i, j], drawn[:, i, j], units) for j in range(len(at))) for i in range(4)
    )
    same = [j for j, one in enumerate(differ) if not (assumed[j].any() if j in assumed else one.count)]
    most = {j: three_of(table) * max(1.0, float(worth[j])) for j in same if told[:, j].all()}
    difference = tuple((0.0, np.nan, -most[j], most[j]) if j in most else one for j, one in enumerate(difference))
    return network, linear, difference, blunt


def _assumed_differences(
    differ: list[Discordance], table: Table, thresholds: tuple[float, ...]
) -> dict[int, FloatArray]:
    """Return hypothetical contributions of the rows (n,) to the difference in net benefit, by index of the threshold.

    They are computed (`assumed_by_class`) only for thresholds at which the true contributions would reveal a count of 1 to 9
    rows.
    """
    y, found = table.y, {}
    for j, threshold in enumerate(thresholds):
        hit = differ[j].assumed_by_class(y)
        if hit is not None:  # a correct prediction adds a true positive or removes a false positive
            found[j] = (hit[0] - hit[1]) * np.where(y > 0, 1.0, threshold / (1 - threshold))
    return found


def run(context: Context) -> Decisions | None:
    """Compute the decision curve of both models of an audit, on the evaluated rows."""
    network, linear = context.both(context.evaluated)
    return decisions(network, linear, context.settings.policy, held_out=context.held_out, seed=context.seed)
