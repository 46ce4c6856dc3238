"""ROC and precision-recall curves, score distributions, KS statistics, confusion matrices and gains of both models.

All numbers describe the evaluated rows. Bands and intervals are pointwise percentiles of a paired bootstrap: both models are
evaluated on the same resampled rows. If rows come in groups, groups are resampled, and intervals use Student's t distribution.

References
----------
Fawcett (2006), An introduction to ROC analysis; Davis & Goadrich (2006), The relationship between precision-recall and ROC
curves; Efron & Tibshirani (1993), An introduction to the bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from tabinterp.analyses.context import Context
from tabinterp.analyses.performance.estimator import (
    FEWEST,
    RESAMPLES,
    evaluated_pair,
    groups,
    predicted_classes,
    resampled,
)
from tabinterp.analyses.plots import AMBER, DASH, INK, NAVY, axes_of
from tabinterp.analyses.settings import THRESHOLD
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, TabinterpError
from tabinterp.frames import any_backend
from tabinterp.messages import text
from tabinterp.models import BoundModel, Model
from tabinterp.models.scores import probabilities
from tabinterp.preview import PreviewedFrame
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.estimates import resampled as bootstrapped
from tabinterp.table import Table
from tabinterp.table.class_counts import require_events
from tabinterp.table.hash_sampling import row_hash
from tabinterp.table.suppression import SMALL, BoolArray, parts_shown, shown

from . import record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FALSE_POSITIVE_RATES = np.array(record.FALSE_POSITIVE_RATES)
RECALLS = np.array(record.RECALLS)
BINS = np.round(np.linspace(0, 1, 21), 2)  # edges of the bins of predicted probabilities
PARTS = 10  # number of equal parts into which the rows are divided by score in the table of gains
RATES = ("sensitivity", "specificity", "precision", "negative_predictive_value")


@dataclass(frozen=True)
class Curves:
    """Curves that show how well one model separates one class from all others, or their means over classes (macro averages).

    Parameters
    ----------
    roc : true-positive rate at each of `FALSE_POSITIVE_RATES`.
    precision : precision at the threshold at which recall reaches each of `RECALLS`.
    ks : (1,) Kolmogorov-Smirnov statistic, the largest difference between the true- and false-positive rates.
    """

    roc: Estimates
    precision: Estimates
    ks: Estimates


@dataclass(frozen=True)
class ClassCurves(Curves):
    """Curves that show how well one model separates one class from all others, with histograms of the predicted probability.

    A share is NaN if its bin has 1 to 9 rows, or if such a count in another bin could otherwise be calculated.

    Parameters
    ----------
    positive : (bins,) share of the rows of the class in each bin of the predicted probability.
    negative : (bins,) share of the rows of all other classes in each bin.
    """

    positive: FloatArray
    negative: FloatArray


@dataclass(frozen=True)
class Decisions:
    """The decisions of one model at the threshold.

    Parameters
    ----------
    counts : (actual, predicted) numbers of rows; NaN for 1 to 9 rows.
    rates : the weighted rates that are named in `RATES`.
    gains : (parts, 3) for each tenth of the rows, from the highest score down: the share of positives, the cumulative share of
        all positives that is captured, and the cumulative lift.
    """

    counts: FloatArray
    rates: Estimates
    gains: Estimates


@dataclass(frozen=True)
class ClassDecisions:
    """Predictions of one model for a target with several classes.

    Parameters
    ----------
    counts : (actual, predicted) numbers of rows; NaN for 1 to 9 rows, or if such a number could be calculated from it.
    rates : (classes, 4) the weighted rates that are named in `RATES`, for each class against all others; NaN if small counts of
        the class could be calculated from them.
    macro : (4,) means over the classes; NaN if the rates of a class are withheld.
    """

    counts: FloatArray
    rates: Estimates
    macro: Estimates


@dataclass(frozen=True)
class Discrimination(PreviewedFrame):
    """Curves of both models for each class, and decisions between the classes.

    Fields that are pairs contain the results of the network and of the linear model, in this order.

    Parameters
    ----------
    classes : the class of each curve; for two classes, only the positive class.
    ks_difference : (classes,) paired difference of the KS statistics, network minus linear model. With several classes, the last
        entry is their mean.
    decisions : decisions at the threshold; None if there are more than two classes.
    macro : means of the curves over several classes; None if there are only two.
    class_decisions : predictions among several classes; None if there are only two.
    """

    classes: tuple[str, ...]
    network: tuple[ClassCurves, ...]
    linear: tuple[ClassCurves, ...]
    ks_difference: Estimates
    decisions: tuple[Decisions, Decisions] | None
    threshold: float | None
    rows: int
    resamples: int
    seed: int
    macro: tuple[Curves, Curves] | None = None
    class_decisions: tuple[ClassDecisions, ClassDecisions] | None = None

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame of the ROC curves, with one row for each class, model and false-positive rate.

        The class is None for the mean over several classes.
        """
        return pd.DataFrame(
            [
                (name, model, rate, *(float(part[i]) for part in (roc.value, roc.stderr, roc.low, roc.high)))
                for place, model in enumerate(("network", "linear"))
                for name, curves in (
                    *zip(self.classes, getattr(self, model), strict=True),
                    *([] if self.macro is None else [(None, self.macro[place])]),
                )
                for roc in [curves.roc]
                for i, rate in enumerate(FALSE_POSITIVE_RATES)
            ],
            columns=[
                "class", "model", "false_positive_rate", "true_positive_rate", "stderr", "ci_low", "ci_high",
            ],
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, output: str | None = None) -> Axes:
        """Draw the ROC curves of both models for one class on `ax` (default: the axes of a new figure), and return the axes.

        Parameters
        ----------
        ax : axes to draw on.
        output : the class. By default, the positive class if there are two classes, and the mean over classes if there are more.

        Raises
        ------
        TabinterpError
            If there is no such class.
        """
        if output is not None and output not in self.classes:
            raise TabinterpError(f"output must be one of {list(self.classes)}; got {output!r}")
        both = self.macro or (self.network[0], self.linear[0])
        if output is not None:
            place = self.classes.index(output)
            both = self.network[place], self.linear[place]
        ax = axes_of(ax)
        ax.plot([0, 1], [0, 1], color=INK, lw=0.8, ls=":")
        for model, colour, dash, roc in (
            ("linear", AMBER, DASH, both[1].roc),
            ("network", NAVY, "-", both[0].roc),
        ):
            ax.fill_between(FALSE_POSITIVE_RATES, roc.low, roc.high, color=colour, alpha=0.15, lw=0)
            ax.plot(FALSE_POSITIVE_RATES, roc.value, color=colour, ls=dash, label=text(f"plot.series.{model}"))
        ax.set_xlabel(text("report.discrimination.axis.false"))
        ax.set_ylabel(text("report.discrimination.axis.true"))
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
        return ax


def discrimination(
    model: Model | BoundModel,
    table: Table,
    counterpart: Model | BoundModel | None = None,
    *,
    threshold: float = THRESHOLD,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Discrimination:
    """Measure how well both models separate the classes, on the held-out rows or, without a split, on all rows.

    Parameters
    ----------
    model : the network.
    table : the rows.
    counterpart : the linear model. By default, one is fitted, as in an audit.
    threshold : for two classes, the probability above which a row is predicted positive.
    resamples : number of resamples of the rows, for bands and intervals.
    seed : seed of the resamples.

    Raises
    ------
    NotApplicableError
        If the target is not categorical, or if a class has fewer than 20 rows (or groups of rows).

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> from sklearn.linear_model import LogisticRegression
    >>> draw = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"x": draw.normal(size=500)})
    >>> frame["y"] = (frame["x"] + draw.normal(size=500) > 0).astype(int)
    >>> table = ti.read_table(frame, target="y", positive=1)
    >>> model = ti.wrap(LogisticRegression().fit(frame[["x"]], frame["y"]))
    >>> found = discrimination(model, table, resamples=50)
    >>> found.frame().query("false_positive_rate == 1")["true_positive_rate"].tolist()
    [1.0, 1.0]
    """
    network, linear, held_out = evaluated_pair(model, table, counterpart, seed)
    return discriminate(network, linear, held_out=held_out, threshold=threshold, resamples=resamples, seed=seed)


def discriminate(
    network: BoundModel,
    linear: BoundModel,
    *,
    held_out: bool,
    threshold: float = THRESHOLD,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Discrimination:
    """Return the curves and the decisions of two models on the rows that they are bound to."""
    table = network.table
    if not table.schema.goal.classes:
        raise NotApplicableError(why("discrimination.numbers"))
    require_events(table, "held_out" if held_out else "all")
    if groups(table).max() + 1 < FEWEST:
        raise NotApplicableError(why("discrimination.few", least=FEWEST))
    order = np.argsort(row_hash(table.numbers, seed), kind="stable").astype(np.int64)
    table = table.take(order)
    binary = table.schema.task == "binary"
    scores = [bound.scores[order] for bound in (network, linear)]
    places = [1] if binary else range(len(table.schema.labels))
    each = [[Ranking(_score(one, place, binary), table.y == place) for place in places] for one in scores]
    calls = predicted_classes(np.stack(scores), threshold)

    def statistics(w: FloatArray) -> FloatArray:
        return np.stack([_statistics(*model, table, w) for model in zip(each, calls, strict=True)])

    weights = table.row_weights
    with threadpool_limits(1, user_api="blas"):
        drawn = np.stack([statistics(w) for w in resampled(weights, groups(table), resamples, seed)])
    point, units = statistics(weights), table.group_count
    found = bootstrapped(point, drawn, units, 0.0, np.inf)
    is_share = np.ones(point.shape[1], dtype=bool)
    if binary:
        is_share[-1 : -3 * PARTS : -3] = False  # these are lifts, which may exceed 1
    found = Estimates(found.value, found.stderr, found.low, np.where(is_share, np.minimum(found.high, 1.0), found.high))
    chances = [probabilities(one) for one in scores]
    curves = [
        tuple(
            _curves(found[model], at, _distribution(chances[model][:, place], table, place))
            for at, place in enumerate(places)
        )
        for model in range(2)
    ]
    ks = np.array([_WIDTH * at + _KS for at in range(len(places) + (not binary))])
    difference = bootstrapped(point[0, ks] - point[1, ks], drawn[:, 0, ks] - drawn[:, 1, ks], units)
    return Discrimination(
        classes=tuple(table.schema.labels[place] for place in places),
        network=curves[0],
        linear=curves[1],
        ks_difference=difference,
        decisions=_both_decisions(found, calls > 0, each, table) if binary else None,
        macro=None if binary else (_averaged(found[0], len(places)), _averaged(found[1], len(places))),
        class_decisions=None if binary else (_decided(found[0], calls[0], table), _decided(found[1], calls[1], table)),
        threshold=threshold if binary else None,
        rows=len(table),
        resamples=resamples,
        seed=seed,
    )


_ROC, _PR = len(FALSE_POSITIVE_RATES), len(RECALLS)
_KS, _WIDTH = _ROC + _PR, _ROC + _PR + 1  # position of KS among the numbers of a class, and the count of these numbers


class Ranking:
    """Rows ranked from the highest score to the lowest. Rows with equal scores are counted together."""

    def __init__(self, score: FloatArray, positive: BoolArray) -> None:
        self.order = np.argsort(-score, kind="stable")
        ranked = score[self.order]
        self.ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        self.positive = positive[self.order].astype(np.float64)

    def ks(self, weights: FloatArray) -> float:
        """Return the KS statistic for the row weights `weights` (n,)."""
        hits, alarms = self._counted(weights)
        if not (hits[-1] > 0 and alarms[-1] > 0):
            return np.nan
        return float(np.max(hits / hits[-1] - alarms / alarms[-1]))

    def _counted(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return, for each distinct score, the total weight of positive rows and of other rows with at least this score."""
        w = weights[self.order]
        hits = np.cumsum(w * self.positive)[self.ends]
        return hits, np.cumsum(w)[self.ends] - hits

    def curves(self, weights: FloatArray) -> FloatArray:
        """Return the true-positive rates, the precisions and the KS statistic for the row weights `weights` (n,)."""
        hits, alarms = self._counted(weights)
        if not (hits[-1] > 0 and alarms[-1] > 0):
            return np.full(_WIDTH, np.nan)
        recall, false = hits / hits[-1], alarms / alarms[-1]
        roc = np.interp(FALSE_POSITIVE_RATES, np.append(0.0, false), np.append(0.0, recall))
        at = np.minimum(np.searchsorted(recall, RECALLS - 1e-12), len(recall) - 1)
        return np.concatenate([roc, hits[at] / (hits[at] + alarms[at]), [np.max(recall - false)]])

    def gains(self, weights: FloatArray) -> FloatArray:
        """Return the gains of each tenth of rows (parts, 3): share of positives, cumulative captured share, cumulative lift."""
        w = weights[self.order]
        edges = np.round(np.linspace(0, len(w), PARTS + 1)).astype(np.int64)
        hits = np.add.reduceat(w * self.positive, edges[:-1])
        rows = np.add.reduceat(w, edges[:-1])
        with np.errstate(invalid="ignore", divide="ignore"):
            captured = hits.cumsum() / hits.sum()
            return np.column_stack([hits / rows, captured, captured / (rows.cumsum() / rows.sum())])

    def countable(self) -> tuple[BoolArray, BoolArray]:
        """Return, for each tenth of the rows, whether the share of positives and whether the captured share may be shown."""
        edges = np.round(np.linspace(0, len(self.positive), PARTS + 1)).astype(np.int64)
        hits = np.add.reduceat(self.positive, edges[:-1]).astype(np.int64)
        own = parts_shown(hits) & parts_shown(np.diff(edges) - hits)
        hidden = np.flatnonzero(~own)
        summed = np.ones(PARTS, dtype=bool)
        if len(hidden):  # cumulative sums would reveal the hidden tenths
            summed[hidden[0] : hidden[-1]] = False
        return own, summed


def _statistics(rankings: list[Ranking], called: IntArray, table: Table, w: FloatArray) -> FloatArray:
    """Return all statistics of a model for the row weights `w` in one array.

    For two classes, these are the curves, the rates and the gains. For more than two classes, they are the curves of each class
    and their means, followed by the rates of each class and their means.
    """
    curves = np.stack([ranking.curves(w) for ranking in rankings])
    if table.schema.task == "binary":
        return np.concatenate([curves[0], _rates(called > 0, table.y > 0, w), rankings[0].gains(w).ravel()])
    rates = np.stack([_rates(called == k, table.y == k, w) for k in range(len(rankings))])
    return np.concatenate([one for part in (curves, rates) for one in (part.ravel(), part.mean(axis=0))])


def _score(scores: FloatArray, place: int, binary: bool) -> FloatArray:
    """Return the score by which rows are ranked for a class: the log-odds of this class against all other classes."""
    if binary:
        return scores[:, 0]
    others = np.delete(scores, place, axis=1)
    return np.asarray(scores[:, place] - np.logaddexp.reduce(others, axis=1))


def _rates(called: BoolArray, positive: BoolArray, w: FloatArray) -> FloatArray:
    """Return the rates that are named in `RATES` for the row weights `w`; NaN if a denominator is zero."""
    hits, alarms = w[called & positive].sum(), w[called & ~positive].sum()
    misses, passes = w[~called & positive].sum(), w[~called & ~positive].sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        of = np.array([hits + misses, passes + alarms, hits + alarms, passes + misses])
        return np.asarray(np.array([hits, passes, hits, passes]) / of)


def _curves(found: Estimates, at: int, shares: tuple[FloatArray, FloatArray]) -> ClassCurves:
    return ClassCurves(**vars(_averaged(found, at)), positive=shares[0], negative=shares[1])


def _averaged(found: Estimates, at: int) -> Curves:
    """Return the curves of the class at index `at`, or their means over all classes if `at` is the index after the last class."""
    start = _WIDTH * at
    return Curves(
        roc=found[start : start + _ROC],
        precision=found[start + _ROC : start + _KS],
        ks=found[start + _KS : start + _WIDTH],
    )


def _decided(found: Estimates, called: IntArray, table: Table) -> ClassDecisions:
    """Return the confusion matrix and the rates of each class. Numbers that would reveal small counts are NaN."""
    size = len(table.schema.labels)
    counts = np.bincount(table.y.astype(np.int64) * size + called, minlength=size**2).reshape(size, size)
    told = _cells_shown(counts)
    start = _WIDTH * (size + 1)
    rates, macro = found[start : start + 4 * size], found[start + 4 * size :]
    right = counts.diagonal()
    wrong = np.stack([counts.sum(axis=1) - right, counts.sum(axis=0) - right])  # false negatives and false positives
    own = told.diagonal() & ~((wrong > 0) & (wrong < SMALL)).any(axis=0)
    return ClassDecisions(
        counts=np.where(told, counts, np.nan),
        rates=_where(own[:, None], Estimates(*(part.reshape(size, 4) for part in _parts(rates)))),
        macro=_where(own.all(), macro),
    )


def _cells_shown(counts: IntArray) -> BoolArray:
    """Return a mask of the cells of a confusion matrix that may be shown.

    Readers know the number of rows of each class. The sum of the diagonal follows from accuracy, and the mean share of correct
    rows by class follows from balanced accuracy. If only one or two cells of the diagonal were withheld, they could be calculated
    from these numbers. Either none or at least three cells of the diagonal are therefore withheld.
    """
    allowed, diagonal = np.ones(counts.shape, dtype=bool), np.arange(len(counts))
    while True:
        told = (shown(counts, allowed) | (counts == 0)) & allowed
        kept = diagonal[told[diagonal, diagonal]]
        if len(diagonal) - len(kept) not in (1, 2) or not len(kept):
            return np.asarray(told)
        least = kept[np.argmin(counts[kept, kept])]
        allowed[least, least] = False


def _where(told: Any, found: Estimates) -> Estimates:
    return Estimates(*(np.where(told, part, np.nan) for part in _parts(found)))


def _parts(found: Estimates) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    return found.value, found.stderr, found.low, found.high


def _distribution(probability: FloatArray, table: Table, place: int) -> tuple[FloatArray, FloatArray]:
    """Return the weighted share of the class's rows in each bin, and the same for all other rows. Withheld shares are NaN."""
    bins = np.minimum((probability * (len(BINS) - 1)).astype(np.int64), len(BINS) - 2)
    made = []
    for rows in (table.y == place, table.y != place):
        shares = np.bincount(bins[rows], table.row_weights[rows], len(BINS) - 1)
        counts: IntArray = np.bincount(bins[rows], minlength=len(BINS) - 1)
        made.append(np.where(parts_shown(counts), shares / shares.sum(), np.nan))
    return made[0], made[1]


def _both_decisions(
    found: Estimates, calls: BoolArray, rankings: list[list[Ranking]], table: Table
) -> tuple[Decisions, Decisions]:
    made = []
    for model, (called, (ranking,)) in enumerate(zip(calls, rankings, strict=True)):
        positive = table.y > 0
        counts = np.array([[(rows & ~called).sum(), (rows & called).sum()] for rows in (~positive, positive)])
        shown = np.stack([parts_shown(row) for row in counts])
        part = found[model][_WIDTH:]
        rates, gains = part[: len(RATES)], part[len(RATES) :]
        gains = Estimates(*(one.reshape(PARTS, 3).copy() for one in _parts(gains)))
        own, summed = ranking.countable()
        for one in _parts(gains):
            one[~own, 0] = np.nan
            one[~summed, 1:] = np.nan
        told = np.array([shown[1].all(), shown[0].all(), shown[:, 1].all(), shown[:, 0].all()])
        rates = _where(told, rates)
        made.append(
            Decisions(
                counts=np.where(shown, counts, np.nan),
                rates=rates,
                gains=gains,
            )
        )
    return made[0], made[1]


def run(context: Context) -> Discrimination | None:
    """Measure discrimination of both models of an audit on the evaluated rows, or return None if the target is not a class."""
    if not context.network.table.schema.goal.classes:
        return None
    network, linear = context.both(context.evaluated)
    return discriminate(network, linear, held_out=context.held_out, threshold=context.threshold, seed=context.seed)
