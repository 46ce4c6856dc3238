"""Network beside linear model on the same rows: metrics, their paired differences, and the verdict.

Intervals are percentiles of a paired bootstrap (Efron & Tibshirani 1993): both models are scored on the same resampled
rows. Where a group column says which rows belong together, groups are resampled and intervals are Student's over groups, with
the bootstrap's standard error. The difference in AUC has DeLong's normal
interval where every row counts once and by itself, which is what his variance is of.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import xlogy
from scipy.stats import norm
from threadpoolctl import threadpool_limits

from tabinterp.analyses.display import Display, Drawn, named
from tabinterp.analyses.settings import THRESHOLD
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import Message, why
from tabinterp.errors import TabinterpError
from tabinterp.models.losses import loss_for
from tabinterp.models.model import BoundModel
from tabinterp.models.scores import probabilities
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.estimates import resampled as bootstrapped
from tabinterp.table import Table
from tabinterp.table.class_counts import enough, events, too_few_events
from tabinterp.table.hash_sampling import row_hash
from tabinterp.table.schema import GOALS
from tabinterp.table.suppression import SMALL

from . import record
from .ranking import Weighed, auc, average_precision, delong

RESAMPLES = 1000
SWAPPED = 0.01  # one-sided p below which classes are in another order
MARGIN, FEWEST = record.MARGIN, record.FEWEST
HIGHER_IS_BETTER = {
    "auc", "average_precision", "macro_auc", "accuracy", "balanced_accuracy", "sensitivity", "specificity", "r2",
}  # fmt: skip
LOSSES = ("log_loss", "squared_error", "absolute_error", "poisson_deviance", "brier")
RANGES = dict.fromkeys(HIGHER_IS_BETTER, (0.0, 1.0)) | dict.fromkeys(LOSSES, (0.0, np.inf)) | {"r2": (-np.inf, 1.0)}
RANKS = {"auc": auc, "average_precision": average_precision}

Estimate = tuple[float, float, float, float]  # value, standard error, ends of the 95% interval
Status = Literal["better", "equivalent", "worse", "not_resolved", "not_assessed"]


@dataclass(frozen=True)
class Metric:
    """One metric of both models: value, standard error and 95% interval, and the paired difference network - linear.

    `method` is that of the difference's interval. `rows`: how many it is of, where that is not as many as all others are.
    """

    name: str
    network: Estimate
    linear: Estimate
    difference: Estimate
    method: Literal["bootstrap", "delong", "student"] = "bootstrap"
    rows: int | None = None

    @property
    def higher_is_better(self) -> bool:
        return self.name in HIGHER_IS_BETTER

    @property
    def resolved(self) -> Literal["better", "worse", "no"]:
        """What the interval of the difference says of the network; "no" when it includes zero."""
        _, _, low, high = self.difference
        if not (low > 0 or high < 0):
            return "no"
        return "better" if (low > 0) == self.higher_is_better else "worse"


@dataclass(frozen=True)
class Swapped:
    """Predicted classes that match the target better in another order.

    `happened`: the class that stands for each of `predicted`; only classes that change places. `gain`: rise of the accuracy when
    predictions are renamed so, on rows that did not choose the order.
    """

    predicted: tuple[str, ...]
    happened: tuple[str, ...]
    gain: Estimate


@dataclass(frozen=True)
class Performance(Display):
    """All metrics on `rows` rows; the first is the one the verdict rests on. `null` is its value for knowing nothing.

    `given` is the user's margin. `classes` holds log loss and AUC of each of several classes against the others. `skill` is how
    much the network's loss is below `null` (above zero it knows something). `swapped` is set where several classes are predicted
    in another order.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.performance",
        {"network": ("difference", "low", "high")},
        named("metric", "report.metric"),
        other="rows",
    )

    metrics: tuple[Metric, ...]
    rows: int
    resamples: int
    seed: int
    held_out: bool
    null: float
    disagreement: tuple[int, float] | None  # rows with another label, and their (weighted) share
    given: float | None = None
    classes: tuple[tuple[str, Metric], ...] = ()
    skill: Estimate = (np.nan, np.nan, np.nan, np.nan)
    swapped: Swapped | None = None
    withheld: Message | None = None  # why there are no numbers, where they would tell of single people
    threshold: float | None = None  # of two classes, the probability above which a row is predicted to be positive

    @property
    def margin(self) -> float:
        """Differences in the primary metric that are smaller than this do not matter: the user's, or 1% of the null loss."""
        return margin_of(self.given, self.null)

    @property
    def one_value(self) -> bool:
        """Whether all rows have the same target: always predicting it loses nothing, and no model can be told from another."""
        return not self.null > 0

    @property
    def status(self) -> Status:
        """Better or worse when the interval excludes zero and reaches past the margin; equivalent when it lies within."""
        if not self.held_out or self.withheld is not None:
            return "not_assessed"
        if self.one_value:
            return "not_resolved"
        _, _, low, high = self.metrics[0].difference
        return judged(low, high, self.margin)

    @property
    def rows_needed(self) -> int | None:
        """How many such rows would resolve the verdict, were the difference to stay as it is; None unless it is open."""
        if self.status != "not_resolved" or self.one_value:
            return None
        value, _, low, high = self.metrics[0].difference
        return rows_to_resolve(value, low, high, self.margin, self.rows)

    def _numbers(self) -> pd.DataFrame:
        """Differences of all units on one axis."""
        found = [(m.name, *np.array(m.difference) / (m.difference[1] or np.nan)) for m in self.metrics]
        return pd.DataFrame(found, columns=["metric", "difference", "stderr", "low", "high"])

    def frame(self) -> pd.DataFrame:
        """One row a metric."""
        rows = []
        for metric in self.metrics:
            row: dict[str, object] = {"metric": metric.name}
            for part in ("network", "linear", "difference"):
                value, stderr, low, high = getattr(metric, part)
                row |= {part: value, f"{part}_stderr": stderr, f"{part}_low": low, f"{part}_high": high}
            rows.append(row | {"resolved": metric.resolved})
        return pd.DataFrame(rows)


def judged(low: float, high: float, margin: float) -> Status:
    """What the interval of a difference in loss (first model minus second) says of the first model: nothing where knowing nothing
    has no loss, for then all rows have one value."""
    if not margin > 0:
        return "not_resolved"
    if -margin < low and high < margin:
        return "equivalent"
    if low > 0:
        return "worse"
    return "better" if high < 0 else "not_resolved"


def margin_of(given: float | None, null: float) -> float:
    """The margin of equivalence: the one given, in units of the primary metric, or 1% of what knowing nothing costs."""
    if given is None:
        return MARGIN * null
    if not (math.isfinite(given) and given > 0):
        raise TabinterpError(f"a margin is a positive number, in units of the task's loss; got {given}")
    return float(given)


def rows_to_resolve(value: float, low: float, high: float, margin: float, rows: int) -> int | None:
    """From how many rows on the interval excludes zero or lies within the margin; None where no number is enough.

    The interval shrinks towards its value as one over the root of the number of rows. An interval that excludes zero is
    always resolved: it reaches past the margin, or lies within it.

    >>> rows_to_resolve(-0.02, -0.06, 0.02, 0.01, 1000)
    4001
    """
    if not np.isfinite([value, low, high]).all():
        return None
    below, above = value - low, high - value
    shrunk = [value / below if value > 0 else -value / above if value < 0 else 0.0]
    if abs(value) < margin:
        shrunk.append(min((margin - value) / above, (margin + value) / below))
    return math.floor(rows / max(shrunk) ** 2) + 1 if max(shrunk) > 0 else None


def compare(
    network: BoundModel,
    linear: BoundModel,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    held_out: bool,
    margin: float | None = None,
    threshold: float = THRESHOLD,
    without: Collection[str] = (),
) -> Performance:
    """Score both models on the rows they are bound to (the same table).

    without : names of metrics that are left out.
    threshold : of two classes, a row is predicted to be positive when its probability is above it: for the accuracy, and for
        the rows to which the models give another class.

    Where rows or events are too few, no metric has a value: `too_few` says why.
    """
    margin_of(margin, 1.0)  # a wrong one is refused before any work
    if (reason := too_few(network.table, held_out)) is not None:
        withheld = _withheld(network.table, reason, resamples, seed, held_out, margin)
        return replace(withheld, threshold=threshold if network.table.schema.task == "binary" else None)
    order = np.argsort(row_hash(network.table.numbers, seed), kind="stable")  # resamples are of rows, not of places
    table = network.table.take(order.astype(np.int64))
    weights = table.row_weights
    both = np.stack([network.scores, linear.scores])[:, order]
    group = groups(table)
    task, y = table.schema.task, table.y
    metrics, labels = _metrics(task, both, y, network.device, threshold, without), table.schema.labels
    held = np.bincount(y.astype(np.int64), minlength=len(labels)) if task == "multiclass" else np.zeros(0)
    if task == "multiclass" and (enough(table) < (events(table) > 0)).any():
        metrics.pop("balanced_accuracy", None)  # in this mean a class of few events counts as much as any other
    single = _by_class(both, table, network.device) if task == "multiclass" else {}
    asked = [*metrics.values(), *single.values()]
    point = np.array([metric(weights) for metric in asked])
    with threadpool_limits(1, user_api="blas"):  # threads add up in another order, and wait for each other
        drawn = np.array([[metric(w) for metric in asked] for w in resampled(weights, group, resamples, seed)])
    if group.max() + 1 < FEWEST:
        drawn[:] = np.nan
    units = table.group_count
    made = [
        _metric(name, point[i], drawn[:, i], units) for i, name in enumerate([*metrics, *(name for name, _ in single)])
    ]
    areas = [len(metrics) + i for i, (name, _) in enumerate(single) if name == "auc"]
    found = made[: len(metrics)]
    if areas:
        macro = _metric("macro_auc", _means(point[areas]), np.array([_means(draw) for draw in drawn[:, areas]]), units)
        found.insert(1, macro)
    if len(np.unique(group)) == len(table) and table.weights is None:
        found = [_by_delong(metric, both[..., 0], y) if metric.name == "auc" else metric for metric in found]
    null = null_told(null_loss(task, y, weights), held)
    return Performance(
        metrics=tuple(found),
        rows=len(table),
        resamples=resamples,
        seed=seed,
        held_out=held_out,
        null=null,
        disagreement=_disagreement(both, weights, threshold) if table.schema.goal.classes else None,
        given=margin,
        classes=tuple((labels[k], made[len(metrics) + i]) for i, (_, k) in enumerate(single)),
        skill=_skill(both[0], null, table, network.device),
        swapped=_swapped(both[0], table) if task == "multiclass" else None,
        threshold=threshold if task == "binary" else None,
    )


def too_few(table: Table, held_out: bool = True) -> Message | None:
    """Say why performance on these rows is withheld; None where it is not.

    Fewer than ten rows would tell of single people. With fewer than `EVENTS` events of a class, intervals are too short and the
    margin, a share of the loss of always predicting the base rate, rests on a handful of rows.
    """
    rows = len(table)
    if rows < SMALL:
        return why("performance.rows", rows=rows, least=SMALL)
    return too_few_events(table, "held_out" if held_out else "all")


def has_small_class(held: FloatArray | IntArray) -> bool:
    """Whether one of several classes, which hold so many rows, has 1 to 9."""
    return bool(((held > 0.5) & (held < SMALL - 0.5)).any())


def null_told(null: float, held: FloatArray | IntArray) -> float:
    """What knowing nothing costs, to two digits where a class has 1 to 9 rows: with all digits it would count them."""
    return float(f"{null:.1e}") if has_small_class(held) else null


def _withheld(
    table: Table, reason: Message, resamples: int, seed: int, held_out: bool, margin: float | None
) -> Performance:
    none: Estimate = (np.nan, np.nan, np.nan, np.nan)
    return Performance(
        metrics=tuple(Metric(name, none, none, none) for name in GOALS[table.schema.task].metrics),
        rows=len(table),
        resamples=resamples,
        seed=seed,
        held_out=held_out,
        null=np.nan,
        disagreement=None,
        given=margin,
        withheld=reason,
    )


def log_odds(threshold: float) -> float:
    """Return the log-odds of a probability."""
    return float(np.log(threshold) - np.log1p(-threshold))


def is_positive(scores: FloatArray, threshold: float) -> NDArray[np.bool_]:
    """Return which rows are predicted to be positive: those whose log-odds are above those of the threshold.

    Everything that an audit says of decisions between two classes asks this one function.
    """
    return np.asarray(scores > log_odds(threshold))


def groups(table: Table) -> IntArray:
    """(n,) which rows belong together; a row whose group is missing stands alone."""
    return np.arange(len(table)) if table.groups is None else table.groups


def resampled(weights: FloatArray, group: IntArray, resamples: int, seed: int) -> Iterator[FloatArray]:
    """Weights of each resample: how often each row (or its group) was drawn, times its own weight."""
    draws = np.random.default_rng(seed)
    count = int(group.max()) + 1
    for _ in range(resamples):
        drawn = np.zeros(len(weights))
        while drawn.sum() == 0:  # rows of weight 0 alone say nothing
            drawn = weights * np.bincount(draws.integers(0, count, count), minlength=count)[group]
        yield drawn


def _metric(name: str, point: FloatArray, drawn: FloatArray, units: int | None) -> Metric:
    """`units`: of how many groups of rows, where rows come in groups."""
    least, most = RANGES.get(name, (-np.inf, np.inf))
    network, linear = (interval(point[i], drawn[:, i], units, least, most) for i in range(2))
    return Metric(name, network, linear, interval(point[0] - point[1], drawn[:, 0] - drawn[:, 1], units))


def paired(
    name: str, rows: FloatArray, table: Table, resamples: int, seed: int, among: FloatArray | None = None
) -> Metric:
    """A metric that is a mean over rows, from (2, n) of two models on rows in the order of `table`, which is by hash.

    `among` (n,) weighs the rows further, as where the mean is over the rows of one class.
    """
    further, weights, group = 1.0 if among is None else among, table.row_weights, groups(table)

    def mean(w: FloatArray) -> FloatArray:
        w = w * further
        return np.asarray(rows @ w / w.sum()) if w.sum() > 0 else np.full(2, np.nan)

    with threadpool_limits(1, user_api="blas"):
        drawn = np.array([mean(w) for w in resampled(weights, group, resamples, seed)])
    return _metric(name, mean(weights), drawn, table.group_count)


def interval(
    value: float, drawn: FloatArray, units: int | None, least: float = -np.inf, most: float = np.inf
) -> Estimate:
    """Of a number and its resamples, of `units` groups of rows where rows come in groups."""
    made = bootstrapped(value, drawn, units, least, most)
    return float(made.value), float(made.stderr), float(made.low), float(made.high)


def _metrics(
    task: str, both: FloatArray, y: FloatArray, device: str, threshold: float, without: Collection[str]
) -> dict[str, Weighed]:
    made: dict[str, Weighed] = {}
    varied = len(np.unique(y)) > 1
    for name in GOALS[task].metrics:
        if name in without:
            continue
        if name in RANKS:
            made[name] = RANKS[name](both[:, :, 0], y)
        elif name == "r2":
            made |= {name: _r2((both[:, :, 0] - y) ** 2, y)} if varied else {}
        elif name == "balanced_accuracy":
            made[name] = _balanced(1 - loss_for("accuracy", task).each(both, y, device), y)
        elif name == "accuracy" and task == "binary":
            made[name] = _mean(right(both, y, threshold))
        elif name != "macro_auc":  # the mean of those of the classes
            rows = loss_for(name, task).each(both, y, device)
            made[name] = _mean(1 - rows if name == "accuracy" else rows)
    return made


def right(both: FloatArray, y: FloatArray, threshold: float) -> FloatArray:
    """(2, n) 1 where a model (2, n, 1) predicts the row's class, of two."""
    return np.asarray(is_positive(both[..., 0], threshold) == (y > 0), dtype=np.float64)


def _mean(rows: FloatArray) -> Weighed:
    return lambda w: tuple(rows @ w / w.sum())


def _r2(squared: FloatArray, y: FloatArray) -> Weighed:
    def r2(w: FloatArray) -> tuple[float, float]:
        spread = np.average((y - np.average(y, weights=w)) ** 2, weights=w)
        return tuple(1 - squared @ w / w.sum() / spread) if spread > 0 else (np.nan, np.nan)

    return r2


def _balanced(right: FloatArray, y: FloatArray) -> Weighed:
    """Mean over the classes of the share of their rows that are named rightly; a class without weight has none."""
    codes = y.astype(np.int64)

    def balanced(w: FloatArray) -> tuple[float, float]:
        of_class = np.bincount(codes, w)
        present = of_class > 0
        first, second = (float(np.mean(np.bincount(codes, w * one)[present] / of_class[present])) for one in right)
        return first, second

    return balanced


def _by_class(both: FloatArray, table: Table, device: str) -> dict[tuple[str, int], Weighed]:
    """Log loss and AUC of each class against the others, of the classes that have enough events."""
    made: dict[tuple[str, int], Weighed] = {}
    for k in np.flatnonzero(enough(table)).tolist():
        p = np.stack([probabilities(one)[:, k] for one in both])
        own = (table.y == k).astype(np.float64)
        odds = np.log(p / np.maximum(1 - p, np.finfo(float).tiny) + np.finfo(float).tiny)[..., None]
        made["log_loss", k] = _mean(loss_for("log_loss", "binary").each(odds, own, device))
        made["auc", k] = auc(p, own)
    return made


def _means(values: FloatArray) -> FloatArray:
    """(classes, 2) -> the mean over the classes that have a value."""
    known = np.isfinite(values)
    return np.asarray(np.where(known, values, 0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan))


def _by_delong(metric: Metric, scores: FloatArray, y: FloatArray) -> Metric:
    stderr, value = delong(scores, y), metric.difference[0]
    if not (np.isfinite(stderr) and np.isfinite(metric.difference[1])):
        return metric
    half = float(norm.ppf(0.975)) * stderr
    return replace(metric, difference=(value, stderr, value - half, value + half), method="delong")


def _skill(scores: FloatArray, null: float, table: Table, device: str) -> Estimate:
    """How much a model's mean loss is below that of knowing nothing, `null`.

    A row's loss under the shares of the classes, or the mean, is to first order all that it adds to `null`.
    """
    task, y, w = table.schema.task, table.y, table.row_weights
    mean = np.average(y, weights=w)
    if table.schema.goal.classes:
        codes = y.astype(np.int64)
        knowing_nothing = -np.log(np.bincount(codes, w) / w.sum() + np.finfo(float).tiny)[codes]
    else:
        knowing_nothing = (
            2 * (xlogy(y, y) - xlogy(y, max(mean, np.finfo(float).tiny)) - y + mean)
            if task == "count"
            else (y - mean) ** 2
        )
    loss = loss_for(None, task).each(scores[None], y, device)[0]
    found = mean_over_rows(knowing_nothing - loss, w, table.groups)
    told = null - float(np.average(loss, weights=w))  # `null` may be rounded, so that it counts no small class
    moved = told - float(found.value)
    return told, float(found.stderr), float(found.low) + moved, float(found.high) + moved


def _swapped(scores: FloatArray, table: Table) -> Swapped | None:
    """The order of the classes that predictions match best, found on half of the rows (or groups) and tested on the other half.

    None unless it is another order, and right significantly more often (one-sided p below `SWAPPED`).
    """
    true, called, group, w = table.y.astype(np.int64), scores.argmax(axis=1), groups(table), table.row_weights
    k, first = scores.shape[1], group % 2 == 0
    if not (w[first].any() and w[~first].any()):
        return None
    cells = np.bincount((called * k + true)[first], w[first], k * k).reshape(k, k)
    order = linear_sum_assignment(cells, maximize=True)[1]
    more = (order[called] == true).astype(np.float64) - (called == true)
    found = mean_over_rows(more[~first], w[~first], None if table.groups is None else group[~first])
    gain = float(found.value), float(found.stderr), float(found.low), float(found.high)
    if not (gain[0] > 0 and gain[0] > norm.isf(SWAPPED) * gain[1] and np.count_nonzero(more[~first]) >= SMALL):
        return None
    labels, moved = table.schema.labels, np.flatnonzero(order != np.arange(k))
    return Swapped(tuple(labels[i] for i in moved), tuple(labels[order[i]] for i in moved), gain)


def null_loss(task: str, y: FloatArray, w: FloatArray) -> float:
    """Loss of a model that knows the target's distribution and nothing else: entropy, or that of predicting the mean."""
    centre = float(np.average(y, weights=w))
    parts = null_parts(task, y, int(y.max()) + 1 if GOALS[task].classes else 0, centre)
    return null_of(task, np.average(parts, axis=0, weights=w), centre)


def null_parts(task: str, y: FloatArray, classes: int, centre: float) -> FloatArray:
    """(n, parts) whose means over rows give the loss of knowing nothing; numbers are taken from `centre`."""
    if GOALS[task].classes:
        return np.eye(classes)[y.astype(np.int64)]
    return np.column_stack([y - centre, xlogy(y, y) if task == "count" else (y - centre) ** 2])


def null_of(task: str, means: FloatArray, centre: float) -> float:
    """From the means over rows of its parts."""
    if GOALS[task].classes:
        return float(-xlogy(means, means).sum())
    if task == "count":
        mean = means[0] + centre
        return float(2 * (means[1] - xlogy(mean, mean)))
    return float(means[1] - means[0] ** 2)


def predicted_classes(both: FloatArray, threshold: float) -> IntArray:
    """(2, n) the class that two models (2, n, k) predict: of two by the threshold, of several that of the largest score."""
    chosen = is_positive(both[..., 0], threshold) if both.shape[2] == 1 else both.argmax(axis=2)
    return np.asarray(chosen, dtype=np.int64)


def labels_differ(both: FloatArray, threshold: float) -> NDArray[np.bool_]:
    """(n,) whether two models (2, n, k) predict another class."""
    labels = predicted_classes(both, threshold)
    return np.asarray(labels[0] != labels[1])


def _disagreement(both: FloatArray, weights: FloatArray, threshold: float) -> tuple[int, float]:
    differ = labels_differ(both, threshold)
    return int(differ.sum()), float(np.average(differ, weights=weights))
