"""Performance of the network and the linear model on the same rows: metrics, paired differences, and which model is better.

Standard errors are based on the influence of each row on each metric. The influence of a row on a paired difference is its
influence on the network's metric minus its influence on the linear model's metric. Influences of rows in the same group are
summed before they are squared. Intervals use Student's t distribution, with degrees of freedom limited by the kurtosis of the
influences (Box 1953). A difference that depends on a few rows, such as the rows of a rare class, therefore has few degrees of
freedom. Earlier versions used bootstrap percentile intervals, which had a coverage of only 92.5% with 150 rows. If rows are
independent and have equal weights, the standard error of a difference in AUC is that of DeLong et al. (1988).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import xlogy
from scipy.stats import norm

from tabinterp.analyses.display import Display, Drawn, named
from tabinterp.analyses.settings import THRESHOLD
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import Message, why
from tabinterp.errors import TabinterpError, argument
from tabinterp.frames import any_backend
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.device import CPU
from tabinterp.models.losses import loss_for
from tabinterp.models.scores import probabilities
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.discrimination import Power, auc, average, average_precision, mean, of_two_samples, r2
from tabinterp.stats.estimates import resampled as bootstrapped
from tabinterp.stats.weights import effective
from tabinterp.table import Table
from tabinterp.table.class_counts import enough, events, too_few_events
from tabinterp.table.hash_sampling import row_hash
from tabinterp.table.schema import GOALS
from tabinterp.table.suppression import SMALL
from tabinterp.table.table import group_numbers

from . import record
from .discordance import Discordance

RESAMPLES = 1000
# With fewer positive rows, average precision is biased upward, and the interval of its gap covers only 89 to 92%.
EVENTS_OF_PRECISION = 100
SWAPPED = 0.01  # one-sided p-value below which predicted classes are reported as exchanged
MARGIN, FEWEST = record.MARGIN, record.FEWEST
HIGHER_IS_BETTER = {
    "auc", "average_precision", "macro_auc", "accuracy", "balanced_accuracy", "sensitivity", "specificity", "r2",
}  # fmt: skip
LOSSES = ("log_loss", "squared_error", "absolute_error", "poisson_deviance", "brier")
RANGES = dict.fromkeys(HIGHER_IS_BETTER, (0.0, 1.0)) | dict.fromkeys(LOSSES, (0.0, np.inf)) | {"r2": (-np.inf, 1.0)}
Both = tuple[Power, Power]  # a measure of the network and of the linear model

Estimate = tuple[float, float, float, float]  # value, standard error, ends of the 95% interval
Status = Literal["better", "equivalent", "worse", "not_resolved", "not_assessed"]


@dataclass(frozen=True)
class Metric:
    """A metric of both models and their paired difference (network minus linear model), with standard errors and 95% intervals.

    Attributes
    ----------
    method : method for the standard error and interval of the difference. It is "withheld" or "widened" if the true standard
        error would reveal a count of 1 to 9 rows. A widened standard error is computed for the largest number of discordant rows
        that a reader cannot rule out, so it is never too small. If both models are correct on exactly the same rows, the method
        is "rule_of_three", and there is no standard error.
    rows : number of rows, if it differs from that of the other metrics.
    """

    name: str
    network: Estimate
    linear: Estimate
    difference: Estimate
    method: Literal["delong", "student", "widened", "withheld", "rule_of_three"] = "student"
    rows: int | None = None

    @property
    def higher_is_better(self) -> bool:
        return self.name in HIGHER_IS_BETTER

    @property
    def resolved(self) -> Literal["better", "worse", "no"]:
        """The result for the network: "better" or "worse" if the difference is significant, otherwise "no"."""
        _, _, low, high = self.difference
        if not (low > 0 or high < 0):
            return "no"
        return "better" if (low > 0) == self.higher_is_better else "worse"


@dataclass(frozen=True)
class TrainingGap:
    """A metric of both models on the training rows, and each model's gap (held-out rows minus training rows)."""

    name: str
    network: Estimate
    linear: Estimate
    network_gap: Estimate
    linear_gap: Estimate


@dataclass(frozen=True)
class Training:
    """Metrics of both models on the training rows, and the numbers of training and held-out rows.

    If there are no metrics, `unknown` contains the reason.
    """

    metrics: tuple[TrainingGap, ...] = ()
    rows: int = 0
    held_out_rows: int = 0
    unknown: Message | None = None


@dataclass(frozen=True)
class Swapped:
    """Predicted classes that match the target better if their names are exchanged, which suggests that labels were mixed up.

    Attributes
    ----------
    predicted : predicted classes to rename.
    happened : new name of each of these classes, chosen to maximise agreement with the actual classes.
    gain : rise in accuracy due to renaming, on rows that were not used to choose the new names.
    """

    predicted: tuple[str, ...]
    happened: tuple[str, ...]
    gain: Estimate


@dataclass(frozen=True)
class DifferentClasses:
    """The number and the weighted share of rows on which the two models predict different classes.

    Attributes
    ----------
    possible : smallest and largest `count` that a reader cannot rule out; None if the true number may be shown.
    margins_told : whether the range of `count` that the confusion matrices imply may be shown if `count` itself is withheld.
    """

    count: int
    share: float
    possible: tuple[int, int] | None = None
    margins_told: bool = True

    @classmethod
    def of(cls, found: Discordance, share: float) -> DifferentClasses:
        return cls(found.count, share, found.possible, found.margins_told)


@dataclass(frozen=True)
class Performance(Display):
    """All metrics of both models on the same rows. The first metric determines which model is better.

    Attributes
    ----------
    rows : number of rows.
    null : loss (the first metric) of a model that uses no columns.
    given : equivalence margin given by the user.
    classes : for more than two classes, log loss and AUC of each class against all others.
    skill : `null` minus the network's loss. A positive value means that the network predicts better than a constant prediction.
    swapped : for more than two classes, a renaming of the predicted classes that matches the target significantly better; None if
        no such renaming was found.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.performance",
        {"network": ("difference", "low", "high")},
        named("metric", "report.metric"),
        other="rows",
    )

    metrics: tuple[Metric, ...]
    rows: int
    seed: int
    held_out: bool
    null: float
    disagreement: DifferentClasses | None
    given: float | None = None
    classes: tuple[tuple[str, Metric], ...] = ()
    skill: Estimate = (np.nan, np.nan, np.nan, np.nan)
    swapped: Swapped | None = None
    withheld: Message | None = None  # the reason why there are no numbers; None if there are numbers
    threshold: float | None = None  # for two classes, the probability above which a row is predicted positive
    training: Training | None = None  # None if the training rows were not evaluated

    @property
    def margin(self) -> float:
        """The equivalence margin of the primary metric: the user's margin, or 1% of the null loss."""
        return margin_of(self.given, self.null)

    @property
    def one_value(self) -> bool:
        """Whether all rows have the same target value. If so, the models cannot be compared."""
        return not self.null > 0

    @property
    def status(self) -> Status:
        """The verdict on the network compared with the linear model.

        The verdict is "better" or "worse" if the interval of the difference in loss excludes zero and extends beyond the margin.
        It is "equivalent" if the whole interval lies within the margin, and otherwise "not_resolved".
        """
        if not self.held_out or self.withheld is not None:
            return "not_assessed"
        if self.one_value:
            return "not_resolved"
        _, _, low, high = self.metrics[0].difference
        return judged(low, high, self.margin)

    @property
    def rows_needed(self) -> int | None:
        """The estimated number of rows needed for a verdict, assuming that the difference stays the same.

        None if there is already a verdict, or if no number of rows would be enough.
        """
        if self.status != "not_resolved" or self.one_value:
            return None
        value, _, low, high = self.metrics[0].difference
        return rows_to_resolve(value, low, high, self.margin, self.rows)

    def _numbers(self) -> pd.DataFrame:
        """Return the differences in all metrics, divided by their standard errors so that all fit on the same axis."""
        found = [(m.name, *np.array(m.difference) / (m.difference[1] or np.nan)) for m in self.metrics]
        return pd.DataFrame(found, columns=["metric", "difference", "stderr", "low", "high"])

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each metric.

        `network_training` and `linear_training` are the values on the training rows. `network_gap` and `linear_gap` are the
        values on held-out rows minus those on training rows. All four columns are NaN if it is not known which rows were
        used for training.
        """
        known = {} if self.training is None else {gap.name: gap for gap in self.training.metrics}
        none, rows = (np.nan,) * 4, []
        for metric in self.metrics:
            gap = known.get(metric.name, TrainingGap(metric.name, none, none, none, none))
            parts = {part: getattr(metric, part) for part in ("network", "linear", "difference")}
            for model in ("network", "linear"):
                parts |= {f"{model}_training": getattr(gap, model), f"{model}_gap": getattr(gap, f"{model}_gap")}
            row: dict[str, object] = {"metric": metric.name}
            for part, (value, stderr, low, high) in parts.items():
                row |= {part: value, f"{part}_stderr": stderr, f"{part}_low": low, f"{part}_high": high}
            rows.append(row | {"resolved": metric.resolved})
        return pd.DataFrame(rows)


def judged(low: float, high: float, margin: float) -> Status:
    """Return the verdict on a model, from the interval of the difference in loss (this model minus a second one).

    If the margin is 0, the result is "not_resolved". The margin is 0 if all rows have the same target value.
    """
    if not margin > 0:
        return "not_resolved"
    if -margin < low and high < margin:
        return "equivalent"
    if low > 0:
        return "worse"
    return "better" if high < 0 else "not_resolved"


def margin_of(given: float | None, null: float) -> float:
    """Return the equivalence margin in units of the primary metric: `given`, or 1% of the null loss if `given` is None."""
    if given is None:
        return MARGIN * null
    if not (math.isfinite(given) and given > 0):
        raise TabinterpError(
            f"the margin must be a positive number, in the units of the loss; got {argument('margin', given)}"
        )
    return float(given)


def rows_to_resolve(value: float, low: float, high: float, margin: float, rows: int) -> int | None:
    """Return the number of rows needed for a verdict, assuming that the difference stays the same; None if no number is enough.

    The width of the interval is assumed to be inversely proportional to the square root of the number of rows. There is a verdict
    if the interval lies within the margin or excludes zero.

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


def performance(
    model: Model | BoundModel,
    table: Table,
    counterpart: Model | BoundModel | None = None,
    *,
    threshold: float = THRESHOLD,
    margin: float | None = None,
    seed: int = 0,
) -> Performance:
    """Return every metric of a network and its linear counterpart, with the paired differences between the models.

    If the table has a split, the metrics are computed on the held-out rows and, for comparison, on the training rows. Otherwise,
    they are computed on all rows.

    Parameters
    ----------
    model : the network.
    table : the rows.
    counterpart : the linear model; by default, one is fitted, as in an audit.
    threshold : for two classes, the probability above which a row is predicted positive.
    margin : equivalence margin; smaller differences in the first metric are negligible. None means 1% of the loss of a model
        that uses no columns.
    seed : seed of the cross-validation that chooses the counterpart's penalty.

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> from sklearn.linear_model import LogisticRegression
    >>> draw = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"x": draw.normal(size=500)})
    >>> frame["y"] = (frame["x"] + draw.normal(size=500) > 0).astype(int)
    >>> table = ti.read_table(frame, target="y", positive=1)
    >>> model = ti.wrap(LogisticRegression().fit(frame[["x"]], frame["y"]))
    >>> found = performance(model, table, model)
    >>> found.frame()["metric"].tolist()
    ['log_loss', 'auc', 'average_precision', 'brier', 'accuracy']
    """
    whole = bound_pair(model, table, counterpart, seed)
    training = training_pair(*whole)
    return compare(
        *_evaluated(*whole),
        seed=seed,
        held_out=training is not None,
        margin=margin,
        threshold=threshold,
        training=training,
    )


def evaluated_pair(
    model: Model | BoundModel, table: Table, counterpart: Model | BoundModel | None, seed: int
) -> tuple[BoundModel, BoundModel, bool]:
    """Bind both models to the evaluated rows. Also return whether these rows are known to be held out."""
    network, linear = bound_pair(model, table, counterpart, seed)
    return *_evaluated(network, linear), network.table.held_out is not None


def bound_pair(
    model: Model | BoundModel, table: Table, counterpart: Model | BoundModel | None, seed: int
) -> tuple[BoundModel, BoundModel]:
    """Bind both models to all rows of the table. The counterpart is fitted if none is given."""
    network = bind(model, table)
    linear = bind(fit_counterpart(network, network.table, seed=seed) if counterpart is None else counterpart, table)
    return network, linear


def _evaluated(network: BoundModel, linear: BoundModel) -> tuple[BoundModel, BoundModel]:
    held_out = network.table.held_out
    if held_out is None:
        return network, linear
    rows = np.flatnonzero(held_out)
    return network.take(rows), linear.take(rows)


def training_pair(network: BoundModel, linear: BoundModel) -> tuple[BoundModel, BoundModel] | None:
    """Bind both models to the training rows. The result is None if it is not known which rows these are."""
    held_out = network.table.held_out
    if held_out is None:
        return None
    rows = np.flatnonzero(~held_out)
    return network.take(rows), linear.take(rows)


def compare(
    network: BoundModel,
    linear: BoundModel,
    *,
    seed: int = 0,
    held_out: bool,
    margin: float | None = None,
    threshold: float = THRESHOLD,
    without: Collection[str] = (),
    training: tuple[BoundModel, BoundModel] | None = None,
) -> Performance:
    """Compute all metrics of two models on the rows to which both are bound.

    If there are too few rows, or too few rows of a class, no metric has a value, and `Performance.withheld` contains the reason.

    Parameters
    ----------
    without : names of metrics to leave out.
    training : both models on their training rows, if these are known.
    threshold : for two classes, the probability above which a row is predicted positive. It determines the accuracy and the
        number of discordant rows.
    """
    margin_of(margin, 1.0)  # rejects an invalid margin before any work is done
    if (reason := too_few(network.table, held_out)) is not None:
        withheld = _withheld(network.table, reason, seed, held_out, margin)
        return replace(withheld, threshold=threshold if network.table.schema.task == "binary" else None)
    # The hash order makes the halves that `_swapped` uses random.
    order = np.argsort(row_hash(network.table.numbers, seed), kind="stable")
    table = network.table.take(order.astype(np.int64))
    both = np.stack([network.scores, linear.scores])[:, order]
    task, labels, weights = table.schema.task, table.schema.labels, table.row_weights
    codes, held = table.codes, np.zeros(0)
    if task == "multiclass" and codes is not None:
        held = np.bincount(codes, minlength=len(labels)).astype(np.float64)
    measured, single = _measured(both, table, threshold, network.device)
    alone = table.weights is None and table.groups is None
    differ = discordance(both, table, threshold) if table.schema.goal.classes else None
    metrics = [_metric(name, one, alone) for name, one in measured.items() if name not in without]
    null = null_told(null_loss(task, table.y, weights), held)
    return Performance(
        metrics=tuple(metrics if differ is None else [told(one, differ, table) for one in metrics]),
        rows=len(table),
        seed=seed,
        held_out=held_out,
        null=null,
        disagreement=None if differ is None else _different_classes(both, weights, threshold, differ),
        given=margin,
        classes=tuple((labels[k], _metric(name, one, alone)) for (name, k), one in single.items()),
        skill=_skill(both[0], null, table, network.device),
        swapped=_swapped(both[0], table) if task == "multiclass" else None,
        threshold=threshold if task == "binary" else None,
        training=_training(measured, {k for _, k in single}, table, training, threshold),
    )


def _measured(
    both: FloatArray, table: Table, threshold: float, device: str
) -> tuple[dict[str, Both], dict[tuple[str, int], Both]]:
    """Return the metrics of two models, given their scores (2, n, k) on the rows of a table.

    The first item of the result contains the metrics over all rows. If the target has more than two classes, the second item
    contains the metrics of each class against all others.
    """
    several = table.schema.task == "multiclass"
    told = enough(table) if several else np.zeros(0, dtype=bool)
    weights, groups = table.row_weights, table.groups
    single = _by_class(both, table.y, weights, groups, told, device)
    areas = [one for (name, _), one in single.items() if name == "auc"]
    measured = measures(
        table.schema.task, both, table.y, weights, groups, threshold=threshold, areas=areas, device=device
    )
    if several and (told < (events(table) > 0)).any():
        # Balanced accuracy gives a class with few events the same weight as any other.
        measured.pop("balanced_accuracy", None)
    return measured, single


def _training(
    held_out: Mapping[str, Both],
    classes: set[int],
    table: Table,
    pair: tuple[BoundModel, BoundModel] | None,
    threshold: float,
) -> Training:
    """Return the metrics of both models on their training rows, for comparison with those on the held-out rows.

    Parameters
    ----------
    held_out : metrics on the held-out rows.
    classes : the classes over which metrics in `held_out` are averaged. These metrics are omitted if they would be
        averaged over different classes on the training rows.
    table : the held-out rows.
    pair : both models on the training rows; None if it is not known which rows these are.
    """
    if pair is None:
        return Training(unknown=why("performance.training.split"))
    network, linear = pair
    rows = network.table
    if len(rows) < SMALL:
        return Training(unknown=why("performance.training.rows", least=SMALL))
    if (reason := too_few_events(rows, "training")) is not None:
        return Training(unknown=reason)
    measured, single = _measured(np.stack([network.scores, linear.scores]), rows, threshold, network.device)
    if {k for _, k in single} != classes:
        measured = {name: one for name, one in measured.items() if name not in ("macro_auc", "balanced_accuracy")}
    numbers: Sequence[IntArray | None] = (None, None)
    if (name := rows.schema.group) is not None:
        numbers = np.split(group_numbers(pd.concat([table.frame[name], rows.frame[name]])), [len(table)])
    metrics = []
    for name, seen in measured.items():
        if name in held_out:
            own = [one.student(*RANGES.get(name, (-np.inf, np.inf))) for one in seen]
            gaps = [
                of_two_samples(*(replace(one, groups=groups) for one, groups in zip(both, numbers, strict=True)))
                for both in zip(held_out[name], seen, strict=True)
            ]
            if name == "average_precision" and min(_positive(table), _positive(rows)) < EVENTS_OF_PRECISION:
                gaps = [(value, np.nan, np.nan, np.nan) for value, *_ in gaps]
            metrics.append(TrainingGap(name, *own, *gaps))
    return Training(tuple(metrics), len(rows), len(table))


def _positive(table: Table) -> float:
    """Return the effective number of positive rows (Kish 1965) or, if smaller, the number of groups with a positive row."""
    return min(float(events(table)[1]), effective(table.row_weights[table.y > 0]))


def too_few(table: Table, held_out: bool = True) -> Message | None:
    """Return the reason why performance on the rows of a table is withheld; None if it can be shown.

    Metrics on fewer than ten rows would disclose information about individuals. With fewer than `EVENTS` rows of a class,
    intervals are too narrow. The equivalence margin, which is a share of the null loss, would also depend on only a few rows.
    """
    rows = len(table)
    if rows < SMALL:
        return why("performance.rows", rows=rows, least=SMALL)
    return too_few_events(table, "held_out" if held_out else "all")


def has_small_class(held: FloatArray | IntArray) -> bool:
    """Return whether any class has 1 to 9 rows, given the number of rows of each class."""
    return bool(((held > 0.5) & (held < SMALL - 0.5)).any())


def null_told(null: float, held: FloatArray | IntArray) -> float:
    """Return the null loss, rounded to two significant digits if any class has 1 to 9 rows.

    More digits would reveal the number of rows in the small class.
    """
    return float(f"{null:.1e}") if has_small_class(held) else null


def _withheld(table: Table, reason: Message, seed: int, held_out: bool, margin: float | None) -> Performance:
    none: Estimate = (np.nan, np.nan, np.nan, np.nan)
    return Performance(
        metrics=tuple(Metric(name, none, none, none) for name in GOALS[table.schema.task].metrics),
        rows=len(table),
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
    """Return whether each row is predicted positive, which is the case if its score is above the log-odds of `threshold`.

    An audit uses this function for all decisions between two classes.
    """
    return np.asarray(scores > log_odds(threshold))


def groups(table: Table) -> IntArray:
    """Return the group of each row (n,). A row without a group forms a separate group."""
    return np.arange(len(table)) if table.groups is None else table.groups


def resampled(weights: FloatArray, group: IntArray, resamples: int, seed: int) -> Iterator[FloatArray]:
    """Yield the row weights (n,) of each bootstrap resample.

    `group` (n,) contains the sampling unit of each row. Units are resampled, and the weight of a row is multiplied by the number
    of times that its unit was drawn.
    """
    draws = np.random.default_rng(seed)
    count = int(group.max()) + 1
    for _ in range(resamples):
        drawn = np.zeros(len(weights))
        while drawn.sum() == 0:  # draws again if only rows with weight 0 were drawn
            drawn = weights * np.bincount(draws.integers(0, count, count), minlength=count)[group]
        yield drawn


def _metric(name: str, both: Both, alone: bool = False) -> Metric:
    """Return a metric of both models, and their difference. `alone` states whether rows are independent and equally weighted."""
    network, linear = both
    least, most = RANGES.get(name, (-np.inf, np.inf))
    return Metric(
        name,
        network.student(least, most),
        linear.student(least, most),
        (network - linear).student(),
        "delong" if name == "auc" and alone else "student",
    )


def paired(name: str, rows: FloatArray, table: Table, among: FloatArray | None = None) -> Metric:
    """Return a metric that is a mean over rows, given the value for each model on each row (2, n).

    If `among` (n,) is given, the row weights are multiplied by it, for example to average only over the rows of one class.
    """
    weights = table.row_weights if among is None else table.row_weights * among
    return _metric(name, _means(rows, weights, table.groups))


def interval(
    value: float, drawn: FloatArray, units: int | None, least: float = -np.inf, most: float = np.inf
) -> Estimate:
    """Return a value with its standard error and interval, computed from the values in bootstrap resamples.

    `units` is the number of groups of rows, or None if the table has no group column.
    """
    made = bootstrapped(value, drawn, units, least, most)
    return float(made.value), float(made.stderr), float(made.low), float(made.high)


def measures(
    task: str,
    both: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    groups: IntArray | None,
    *,
    threshold: float = THRESHOLD,
    areas: Sequence[Both] = (),
    device: str = CPU,
) -> dict[str, Both]:
    """Return every metric of a task for the scores (2, n, k) of two models on the same rows.

    Parameters
    ----------
    y : targets, as codes for classes (n,).
    weights : weights of the rows (n,).
    groups : index of each row's group (n,); None if rows are independent.
    areas : AUCs of single classes, which are averaged if the target has more than two classes.
    """
    made: dict[str, Both] = {}
    for name in GOALS[task].metrics:
        if name == "auc":
            made[name] = _of_both(auc, both[:, :, 0], y, weights, groups)
        elif name == "average_precision":
            made[name] = _of_both(average_precision, both[:, :, 0], y, weights, groups)
        elif name == "r2":
            made |= {name: _of_both(r2, both[:, :, 0], y, weights, groups)} if len(np.unique(y)) > 1 else {}
        elif name == "balanced_accuracy":
            hit, codes = 1 - loss_for("accuracy", task).each(both, y, device), y.astype(np.int64)
            of_classes = [_means(hit, weights * (codes == k), groups) for k in np.unique(codes[weights > 0])]
            made[name] = _averages(of_classes)
        elif name == "macro_auc":
            made |= {name: _averages(areas)} if areas else {}
        elif name == "accuracy" and task == "binary":
            made[name] = _means(right(both, y, threshold), weights, groups)
        else:
            rows = loss_for(name, task).each(both, y, device)
            made[name] = _means(1 - rows if name == "accuracy" else rows, weights, groups)
    return made


def _of_both(
    measure: Callable[[FloatArray, FloatArray, FloatArray, IntArray | None], Power],
    both: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    groups: IntArray | None,
) -> Both:
    return measure(both[0], y, weights, groups), measure(both[1], y, weights, groups)


def _means(rows: FloatArray, weights: FloatArray, groups: IntArray | None) -> Both:
    """Return each model's weighted mean over rows; `rows` (2, n) contains the values of both models."""
    return mean(rows[0], weights, groups), mean(rows[1], weights, groups)


def _averages(parts: Sequence[Both]) -> Both:
    """Return a metric of both models, averaged over classes."""
    return average([one for one, _ in parts]), average([one for _, one in parts])


def right(both: FloatArray, y: FloatArray, threshold: float) -> FloatArray:
    """Return, for two classes, indicators (2, n) of whether each model's prediction is correct on each row."""
    return np.asarray(is_positive(both[..., 0], threshold) == (y > 0), dtype=np.float64)


def _by_class(
    both: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    groups: IntArray | None,
    classes: NDArray[np.bool_],
    device: str,
) -> dict[tuple[str, int], Both]:
    """Return the log loss and AUC for distinguishing each class marked in `classes` (k,) from all other classes."""
    made: dict[tuple[str, int], Both] = {}
    for k in np.flatnonzero(classes).tolist():
        p = np.stack([probabilities(one)[:, k] for one in both])
        own = (y == k).astype(np.float64)
        odds = np.log(p / np.maximum(1 - p, np.finfo(float).tiny) + np.finfo(float).tiny)[..., None]
        made["log_loss", k] = _means(loss_for("log_loss", "binary").each(odds, own, device), weights, groups)
        made["auc", k] = _of_both(auc, p, own, weights, groups)
    return made


def _skill(scores: FloatArray, null: float, table: Table, device: str) -> Estimate:
    """Return the null loss minus the mean loss of a model, with a standard error and interval.

    To first order, the influence of a row on the null loss is its loss under the constant prediction (class shares or mean).
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
    told = null - float(np.average(loss, weights=w))  # `null` may be rounded, to hide the size of a small class
    moved = told - float(found.value)
    return told, float(found.stderr), float(found.low) + moved, float(found.high) + moved


def _swapped(scores: FloatArray, table: Table) -> Swapped | None:
    """Return the renaming of the predicted classes that best matches the target; None if it is not a significant improvement.

    The renaming is found on half of the rows (or groups) and tested on the other half. The improvement is significant if the
    one-sided p-value of the rise in accuracy is below `SWAPPED`.
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
    """Return the loss of a model that uses no columns.

    For classification, this is the entropy of the target. For numeric targets and counts, it is the loss of predicting the
    mean for every row.
    """
    centre = float(np.average(y, weights=w))
    parts = null_parts(task, y, int(y.max()) + 1 if GOALS[task].classes else 0, centre)
    return null_of(task, np.average(parts, axis=0, weights=w), centre)


def null_parts(task: str, y: FloatArray, classes: int, centre: float) -> FloatArray:
    """Return, for each row, the values (n, parts) from whose means `null_of` computes the null loss.

    Before numeric targets are squared, `centre` is subtracted to avoid a loss of precision.
    """
    if GOALS[task].classes:
        return np.eye(classes)[y.astype(np.int64)]
    return np.column_stack([y - centre, xlogy(y, y) if task == "count" else (y - centre) ** 2])


def null_of(task: str, means: FloatArray, centre: float) -> float:
    """Return the null loss, given the means of the values returned by `null_parts`."""
    if GOALS[task].classes:
        return float(-xlogy(means, means).sum())
    if task == "count":
        mean = means[0] + centre
        return float(2 * (means[1] - xlogy(mean, mean)))
    return float(means[1] - means[0] ** 2)


def predicted_classes(both: FloatArray, threshold: float) -> IntArray:
    """Return the classes predicted by two models (2, n), given their scores (2, n, k).

    With two classes, the threshold determines the predicted class. With more classes, the class with the largest score is
    predicted.
    """
    chosen = is_positive(both[..., 0], threshold) if both.shape[2] == 1 else both.argmax(axis=2)
    return np.asarray(chosen, dtype=np.int64)


def labels_differ(both: FloatArray, threshold: float) -> NDArray[np.bool_]:
    """Return, for each row (n,), whether two models with scores (2, n, k) predict different classes."""
    labels = predicted_classes(both, threshold)
    return np.asarray(labels[0] != labels[1])


def discordance(both: FloatArray, table: Table, threshold: float) -> Discordance:
    """Count rows by actual class and by the correctness of two models with scores (2, n, k)."""
    return Discordance.of(predicted_classes(both, threshold), table.y.astype(np.int64), len(table.schema.labels))


def _different_classes(both: FloatArray, weights: FloatArray, threshold: float, found: Discordance) -> DifferentClasses:
    return DifferentClasses.of(found, float(np.average(labels_differ(both, threshold), weights=weights)))


def told(metric: Metric, found: Discordance, table: Table) -> Metric:
    """Replace or withhold the standard error of the difference in a metric if it would reveal a count of 1 to 9 rows.

    Only accuracy and balanced accuracy are affected. With two classes, their standard error is replaced by a larger one if
    possible, and otherwise withheld. With more than two classes, it is withheld. If both models are correct on exactly the same
    rows, the interval is based on the rule of three (`three_of`).
    """
    if metric.name not in ("accuracy", "balanced_accuracy"):
        return metric
    if table.schema.task == "binary":
        right = found.assumed_in_total(table.y)
        if right is not None:
            metric = widened(metric, paired("accuracy", right, table), found, table)
    elif found.few_are_right if metric.name == "accuracy" else found.few_are_right_in_a_class:
        return withheld(metric)
    return ruled_by_three(metric, three_of(table) if metric.name == "accuracy" else np.nan)


def widened(metric: Metric, assumed: Metric, found: Discordance, table: Table) -> Metric:
    """Replace the difference in a metric and its standard error with those of `assumed`, computed from hypothetical decisions.

    If a confusion matrix is withheld, the standard error is withheld instead, because it would reveal the matrix. It is also
    withheld if rows have weights or belong to groups, because it would then depend on which rows the hypothetical decisions are
    assigned to.
    """
    if not found.margins_told or table.weights is not None or table.groups is not None:
        return withheld(metric)
    return replace(metric, difference=assumed.difference, method="widened")


def three_of(table: Table, among: FloatArray | None = None) -> float:
    """Return the upper 95% limit for the probability of an event that occurs in none of n rows (Hanley & Lippman-Hand 1983).

    The limit is -ln(0.05) / n, which is about 3 / n. If rows have weights or belong to groups, the limit is NaN, because it would
    depend on the row or group with the largest weight, which may be a single person.

    Parameters
    ----------
    among : 1 for rows on which the event is possible, 0 for all others (rows,). None means all rows.
    """
    if table.weights is not None or table.groups is not None:
        return np.nan
    return float(-np.log(0.05) / (len(table) if among is None else among.sum()))


def ruled_by_three(metric: Metric, most: float) -> Metric:
    """Set the interval of the difference in a metric to (-`most`, `most`) if the difference and its standard error are zero.

    Otherwise, the metric is returned unchanged. A standard error of zero would wrongly imply that the two models can never have
    different values of the metric.
    """
    if metric.difference[:2] != (0.0, 0.0):
        return metric
    return replace(metric, difference=(0.0, np.nan, -most, most), method="rule_of_three")


def withheld(metric: Metric) -> Metric:
    """Remove the standard error and interval of the difference in a metric."""
    return replace(metric, difference=(metric.difference[0], np.nan, np.nan, np.nan), method="withheld")
