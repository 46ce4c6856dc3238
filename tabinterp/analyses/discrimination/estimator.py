"""ROC and precision-recall curves, score distributions, KS statistics, confusion matrices and gains of both models.

Every number is of the evaluated rows. Bands and intervals are percentiles of a paired bootstrap, point by point: both models are
scored on the same resampled rows. Where rows come in groups, groups are resampled and intervals are Student's.

References
----------
Fawcett (2006), An introduction to ROC analysis; Davis & Goadrich (2006), The relationship between precision-recall and ROC
curves; Efron & Tibshirani (1993), An introduction to the bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from tabinterp.analyses.context import Context
from tabinterp.analyses.performance.estimator import (
    FEWEST,
    RESAMPLES,
    evaluated_pair,
    groups,
    is_positive,
    resampled,
)
from tabinterp.analyses.plots import AMBER, DASH, INK, NAVY, axes_of
from tabinterp.analyses.settings import THRESHOLD
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, TabinterpError
from tabinterp.messages import text
from tabinterp.models import BoundModel, Model
from tabinterp.models.scores import probabilities
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.estimates import resampled as bootstrapped
from tabinterp.table import Table
from tabinterp.table.class_counts import require_events
from tabinterp.table.hash_sampling import row_hash
from tabinterp.table.suppression import BoolArray, parts_shown

from . import record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FALSE_POSITIVE_RATES = np.array(record.FALSE_POSITIVE_RATES)
RECALLS = np.array(record.RECALLS)
BINS = np.round(np.linspace(0, 1, 21), 2)  # edges of the bins of predicted probabilities
PARTS = 10  # of the rows, by score, in the table of gains
RATES = ("sensitivity", "specificity", "precision", "negative_predictive_value")


@dataclass(frozen=True)
class ClassCurves:
    """How well one model separates one class from the others.

    Parameters
    ----------
    roc : true-positive rate at each of `FALSE_POSITIVE_RATES`.
    precision : precision at the threshold at which recall reaches each of `RECALLS`.
    ks : Kolmogorov-Smirnov statistic, the largest difference between the true- and the false-positive rate, (1,).
    positive, negative : (bins,) shares of the rows of the class, and of the others, by predicted probability; NaN where a bin
        holds 1 to 9 rows, or its count would follow from the others.
    """

    roc: Estimates
    precision: Estimates
    ks: Estimates
    positive: FloatArray
    negative: FloatArray


@dataclass(frozen=True)
class Decisions:
    """The decisions of one model at the threshold.

    Parameters
    ----------
    counts : (actual, predicted) rows; NaN where 1 to 9 rows would be counted.
    rates : `RATES`, weighted.
    gains : (parts, 3) of tenths of the rows from the highest score down: share of positives, cumulative share of all positives
        that is captured, and cumulative lift.
    """

    counts: FloatArray
    rates: Estimates
    gains: Estimates


@dataclass(frozen=True)
class Discrimination:
    """Curves of both models for each class, and decisions if there are two classes.

    Parameters
    ----------
    classes : the class of each curve; one of two classes: the positive one.
    ks_difference : (classes,) KS of the network minus KS of the linear model, paired.
    decisions : of the network and of the linear model; None where there are several classes.
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

    def frame(self) -> pd.DataFrame:
        """Return the points of the ROC curves: one row for each class, model and false-positive rate."""
        return pd.DataFrame(
            [
                (name, model, rate, *(float(part[i]) for part in (roc.value, roc.stderr, roc.low, roc.high)))
                for model in ("network", "linear")
                for name, curves in zip(self.classes, getattr(self, model), strict=True)
                for roc in [curves.roc]
                for i, rate in enumerate(FALSE_POSITIVE_RATES)
            ],
            columns=[
                "class", "model", "false_positive_rate", "true_positive_rate", "stderr", "ci_low", "ci_high",
            ],
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, output: str | None = None) -> Axes:
        """Draw the ROC curves of both models for one class into `ax`, or the axes of a new figure, and return them.

        Raises
        ------
        TabinterpError
            If there is no such class.
        """
        if output is not None and output not in self.classes:
            raise TabinterpError(f"output must be one of {list(self.classes)}; got {output!r}")
        place = 0 if output is None else self.classes.index(output)
        ax = axes_of(ax)
        ax.plot([0, 1], [0, 1], color=INK, lw=0.8, ls=":")
        for model, colour, dash in (("linear", AMBER, DASH), ("network", NAVY, "-")):
            roc = getattr(self, model)[place].roc
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
    """Return how well both models separate the classes, on the held-out rows or, without a split, on all rows.

    Parameters
    ----------
    model : the network.
    table : the rows; without a split, all of them are used.
    counterpart : the linear model; None: one is fitted, as an audit does.
    threshold : of two classes, the probability above which a row is predicted to be positive.
    resamples : of the rows, for bands and intervals.
    seed : of the resamples.

    Raises
    ------
    NotApplicableError
        If the target is no class, or a class has fewer than 20 rows (or groups of rows).

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
    """Return the same for two models on the rows they are bound to."""
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
    each = [[_Ranking(_score(one, place, binary), table.y == place) for place in places] for one in scores]
    calls = [is_positive(one[:, 0], threshold) for one in scores] if binary else []

    def statistics(w: FloatArray) -> FloatArray:
        curves = [np.concatenate([ranking.curves(w) for ranking in of_model]) for of_model in each]
        decided = [
            np.concatenate([_rates(called, table.y > 0, w), of_model[0].gains(w).ravel()])
            for called, of_model in zip(calls, each, strict=False)
        ]
        return np.stack([np.concatenate(parts) for parts in zip(curves, decided, strict=True)] if binary else curves)

    weights = table.row_weights
    with threadpool_limits(1, user_api="blas"):
        drawn = np.stack([statistics(w) for w in resampled(weights, groups(table), resamples, seed)])
    point, units = statistics(weights), table.group_count
    found = bootstrapped(point, drawn, units, 0.0, np.inf)
    is_share = np.ones(point.shape[1], dtype=bool)
    if binary:
        is_share[-1 : -3 * PARTS : -3] = False  # lifts, which may exceed 1
    found = Estimates(found.value, found.stderr, found.low, np.where(is_share, np.minimum(found.high, 1.0), found.high))
    chances = [probabilities(one) for one in scores]
    curves = [
        tuple(
            _curves(found[model], at, _distribution(chances[model][:, place], table, place))
            for at, place in enumerate(places)
        )
        for model in range(2)
    ]
    ks = np.array([_WIDTH * at + _KS for at in range(len(places))])
    difference = bootstrapped(point[0, ks] - point[1, ks], drawn[:, 0, ks] - drawn[:, 1, ks], units)
    return Discrimination(
        classes=tuple(table.schema.labels[place] for place in places),
        network=curves[0],
        linear=curves[1],
        ks_difference=difference,
        decisions=_both_decisions(found, calls, each, table) if binary else None,
        threshold=threshold if binary else None,
        rows=len(table),
        resamples=resamples,
        seed=seed,
    )


_ROC, _PR = len(FALSE_POSITIVE_RATES), len(RECALLS)
_KS, _WIDTH = _ROC + _PR, _ROC + _PR + 1  # where KS stands among the numbers of a class, and how many there are


class _Ranking:
    """Rows from the highest score downwards; rows with equal scores are counted together."""

    def __init__(self, score: FloatArray, positive: BoolArray) -> None:
        self.order = np.argsort(-score, kind="stable")
        ranked = score[self.order]
        self.ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        self.positive = positive[self.order].astype(np.float64)

    def curves(self, weights: FloatArray) -> FloatArray:
        """Return the true-positive rates, the precisions and the KS statistic for these weights."""
        w = weights[self.order]
        hits = np.cumsum(w * self.positive)[self.ends]
        alarms = np.cumsum(w)[self.ends] - hits
        if not (hits[-1] > 0 and alarms[-1] > 0):
            return np.full(_WIDTH, np.nan)
        recall, false = hits / hits[-1], alarms / alarms[-1]
        roc = np.interp(FALSE_POSITIVE_RATES, np.append(0.0, false), np.append(0.0, recall))
        at = np.minimum(np.searchsorted(recall, RECALLS - 1e-12), len(recall) - 1)
        return np.concatenate([roc, hits[at] / (hits[at] + alarms[at]), [np.max(recall - false)]])

    def gains(self, weights: FloatArray) -> FloatArray:
        """Return (parts, 3): share of positives of each tenth of the rows, cumulative capture and cumulative lift."""
        w = weights[self.order]
        edges = np.round(np.linspace(0, len(w), PARTS + 1)).astype(np.int64)
        hits = np.add.reduceat(w * self.positive, edges[:-1])
        rows = np.add.reduceat(w, edges[:-1])
        with np.errstate(invalid="ignore", divide="ignore"):
            captured = hits.cumsum() / hits.sum()
            return np.column_stack([hits / rows, captured, captured / (rows.cumsum() / rows.sum())])

    def countable(self) -> tuple[BoolArray, BoolArray]:
        """Return for which tenths the share of positives can be shown, and up to which tenth the captured share."""
        edges = np.round(np.linspace(0, len(self.positive), PARTS + 1)).astype(np.int64)
        hits = np.add.reduceat(self.positive, edges[:-1]).astype(np.int64)
        own = parts_shown(hits) & parts_shown(np.diff(edges) - hits)
        hidden = np.flatnonzero(~own)
        summed = np.ones(PARTS, dtype=bool)
        if len(hidden):  # between the first and the last of those that are hidden, sums would tell them
            summed[hidden[0] : hidden[-1]] = False
        return own, summed


def _score(scores: FloatArray, place: int, binary: bool) -> FloatArray:
    """Return what a class is ranked by: the log-odds of two classes, and of several the log-odds against all others."""
    if binary:
        return scores[:, 0]
    others = np.delete(scores, place, axis=1)
    return np.asarray(scores[:, place] - np.logaddexp.reduce(others, axis=1))


def _rates(called: BoolArray, positive: BoolArray, w: FloatArray) -> FloatArray:
    """Return `RATES` under these weights; NaN where nothing is counted."""
    hits, alarms = w[called & positive].sum(), w[called & ~positive].sum()
    misses, passes = w[~called & positive].sum(), w[~called & ~positive].sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        of = np.array([hits + misses, passes + alarms, hits + alarms, passes + misses])
        return np.asarray(np.array([hits, passes, hits, passes]) / of)


def _curves(found: Estimates, at: int, shares: tuple[FloatArray, FloatArray]) -> ClassCurves:
    start = _WIDTH * at
    return ClassCurves(
        roc=found[start : start + _ROC],
        precision=found[start + _ROC : start + _KS],
        ks=found[start + _KS : start + _WIDTH],
        positive=shares[0],
        negative=shares[1],
    )


def _distribution(probability: FloatArray, table: Table, place: int) -> tuple[FloatArray, FloatArray]:
    """Return the weighted shares of the class's rows and of the others in each bin, NaN where too few rows would be counted."""
    bins = np.minimum((probability * (len(BINS) - 1)).astype(np.int64), len(BINS) - 2)
    made = []
    for rows in (table.y == place, table.y != place):
        shares = np.bincount(bins[rows], table.row_weights[rows], len(BINS) - 1)
        counts: IntArray = np.bincount(bins[rows], minlength=len(BINS) - 1)
        made.append(np.where(parts_shown(counts), shares / shares.sum(), np.nan))
    return made[0], made[1]


def _both_decisions(
    found: Estimates, calls: list[BoolArray], rankings: list[list[_Ranking]], table: Table
) -> tuple[Decisions, Decisions]:
    made = []
    for model, (called, (ranking,)) in enumerate(zip(calls, rankings, strict=True)):
        positive = table.y > 0
        counts = np.array([[(rows & ~called).sum(), (rows & called).sum()] for rows in (~positive, positive)])
        shown = np.stack([parts_shown(row) for row in counts])
        part = found[model][_WIDTH:]
        rates, gains = part[: len(RATES)], part[len(RATES) :]
        gains = Estimates(*(one.reshape(PARTS, 3).copy() for one in (gains.value, gains.stderr, gains.low, gains.high)))
        own, summed = ranking.countable()
        for one in (gains.value, gains.stderr, gains.low, gains.high):
            one[~own, 0] = np.nan
            one[~summed, 1:] = np.nan
        told = np.array([shown[1].all(), shown[0].all(), shown[:, 1].all(), shown[:, 0].all()])
        rates = Estimates(*(np.where(told, one, np.nan) for one in (rates.value, rates.stderr, rates.low, rates.high)))
        made.append(
            Decisions(
                counts=np.where(shown, counts, np.nan),
                rates=rates,
                gains=gains,
            )
        )
    return made[0], made[1]


def run(context: Context) -> Discrimination | None:
    """Compute discrimination for both models of an audit, on the evaluated rows; None if the target is numeric."""
    if not context.network.table.schema.goal.classes:
        return None
    network, linear = context.both(context.evaluated)
    return discriminate(network, linear, held_out=context.held_out, threshold=context.threshold, seed=context.seed)
