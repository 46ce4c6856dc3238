"""Network beside linear model on the same rows: metrics, their paired differences, and the verdict.

Intervals are percentiles of a paired bootstrap (Efron & Tibshirani 1993): both models are scored on the same resampled
rows, or on resampled groups where a group column says which rows belong together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import torch

from ..models.model import Bound
from ..readouts.loss import loss_for
from ..table import Table
from ..table.draws import FloatArray, IntArray, row_hash
from ..table.schema import GOALS

RESAMPLES = 1000
MARGIN = 0.01  # share of what knowing nothing costs
# A bootstrap of fewer rows, or groups of rows, has intervals that are far too short; of one row, none at all.
FEWEST = 10
HIGHER_IS_BETTER = {"auc", "accuracy", "r2"}

Status = Literal["better", "equivalent", "worse", "not_resolved", "not_assessed"]


@dataclass(frozen=True)
class Metric:
    """One metric of both models: value, standard error and 95% interval, and the paired difference network - linear."""

    name: str
    network: tuple[float, float, float, float]
    linear: tuple[float, float, float, float]
    difference: tuple[float, float, float, float]

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
class Performance:
    """All metrics on `rows` rows; the first is the one the verdict rests on. `null` is its value for knowing nothing."""

    metrics: tuple[Metric, ...]
    rows: int
    resamples: int
    seed: int
    held_out: bool
    null: float
    disagreement: tuple[int, float] | None  # rows with another label, and their (weighted) share

    @property
    def margin(self) -> float:
        """Differences in the primary metric that are smaller than this do not matter: 1% of the null loss."""
        return MARGIN * self.null

    @property
    def status(self) -> Status:
        """Better or worse when the interval excludes zero and reaches past the margin; equivalent when it lies within."""
        if not self.held_out:
            return "not_assessed"
        _, _, low, high = self.metrics[0].difference
        return judged(low, high, self.margin)

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
    """What the interval of a difference in loss (first model minus second) says of the first model."""
    if -margin < low and high < margin:
        return "equivalent"
    if low > 0:
        return "worse"
    return "better" if high < 0 else "not_resolved"


def compare(network: Bound, linear: Bound, *, resamples: int = RESAMPLES, seed: int = 0, held_out: bool) -> Performance:
    """Score both models on the rows they are bound to (the same table)."""
    order = np.argsort(row_hash(network.table.numbers, seed), kind="stable")  # resamples are of rows, not of places
    table = network.table.take(order.astype(np.int64))
    weights = table.row_weights
    both = np.stack([network.scores, linear.scores])[:, order]
    group = groups(table)
    metrics = _metrics(table.schema.task, both, table.y)
    point = np.array([metric(weights) for metric in metrics.values()])
    drawn = np.array([[metric(w) for metric in metrics.values()] for w in resampled(weights, group, resamples, seed)])
    if group.max() + 1 < FEWEST:
        drawn[:] = np.nan
    return Performance(
        metrics=tuple(_metric(name, point[i], drawn[:, i]) for i, name in enumerate(metrics)),
        rows=len(table),
        resamples=resamples,
        seed=seed,
        held_out=held_out,
        null=null_loss(table.schema.task, table.y, weights),
        disagreement=_disagreement(both, weights) if table.schema.goal.classes else None,
    )


def groups(table: Table) -> IntArray:
    """(n,) which rows belong together; a row whose group is missing stands alone."""
    name = next((c.name for c in table.schema.columns if c.role == "group"), None)
    if name is None:
        return np.arange(len(table))
    codes = table.frame[name].factorize()[0].astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max() + 1 + np.arange(alone.sum())
    return codes


def resampled(weights: FloatArray, group: IntArray, resamples: int, seed: int) -> Iterator[FloatArray]:
    """Weights of each resample: how often each row (or its group) was drawn, times its own weight."""
    draws = np.random.default_rng(seed)
    count = int(group.max()) + 1
    for _ in range(resamples):
        drawn = np.zeros(len(weights))
        while drawn.sum() == 0:  # rows of weight 0 alone say nothing
            drawn = weights * np.bincount(draws.integers(0, count, count), minlength=count)[group]
        yield drawn


def _metric(name: str, point: FloatArray, drawn: FloatArray) -> Metric:
    values = [(point[0], drawn[:, 0]), (point[1], drawn[:, 1]), (point[0] - point[1], drawn[:, 0] - drawn[:, 1])]
    network, linear, difference = (interval(p, d) for p, d in values)
    return Metric(name, network, linear, difference)


def interval(value: float, drawn: FloatArray) -> tuple[float, float, float, float]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(value), float(np.std(drawn, ddof=1)), float(low), float(high)


# Every metric: row weights -> its value for both models.
Weighed = Callable[[FloatArray], tuple[float, float]]


def _metrics(task: str, both: FloatArray, y: FloatArray) -> dict[str, Weighed]:
    made: dict[str, Weighed] = {}
    varied = len(np.unique(y)) > 1
    for name in GOALS[task].metrics:
        if name == "auc" and varied:
            made[name] = _auc(both[:, :, 0], y)
        elif name == "r2" and varied:
            made[name] = _r2((both[:, :, 0] - y) ** 2, y)
        elif name not in ("auc", "r2"):
            rows = _rows(name, task, both, y)
            made[name] = _mean(1 - rows if name == "accuracy" else rows)
    return made


def _rows(name: str | None, task: str, both: FloatArray, y: FloatArray) -> FloatArray:
    """(models, n) losses of single rows."""
    losses = loss_for(name, task).rows(torch.as_tensor(both), torch.as_tensor(y), torch.ones(both.shape[:2]))
    return np.asarray(losses.numpy(), dtype=np.float64)


def _mean(rows: FloatArray) -> Weighed:
    return lambda w: tuple(rows @ w / w.sum())


def _r2(squared: FloatArray, y: FloatArray) -> Weighed:
    def r2(w: FloatArray) -> tuple[float, float]:
        spread = np.average((y - np.average(y, weights=w)) ** 2, weights=w)
        return tuple(1 - squared @ w / w.sum() / spread) if spread > 0 else (np.nan, np.nan)

    return r2


def _auc(scores: FloatArray, y: FloatArray) -> Weighed:
    """Area under the ROC curve, ties by half; rows are sorted once, a resample only weighs them anew."""
    prepared = []
    for one in scores:
        order = np.argsort(one, kind="stable")
        start = np.flatnonzero(np.r_[True, np.diff(one[order]) > 0])
        prepared.append((order, start))

    def auc(w: FloatArray) -> tuple[float, float]:
        values = []
        for order, start in prepared:
            positive = np.add.reduceat((w * y)[order], start)
            negative = np.add.reduceat((w * (1 - y))[order], start)
            below = np.cumsum(negative) - 0.5 * negative
            total = positive.sum() * negative.sum()
            values.append(float(positive @ below / total) if total > 0 else np.nan)
        return values[0], values[1]

    return auc


def null_loss(task: str, y: FloatArray, w: FloatArray) -> float:
    """Loss of a model that knows the target's distribution and nothing else: entropy, or that of predicting the mean."""
    if not GOALS[task].classes:
        mean = np.average(y, weights=w)
        score = np.log(np.maximum(mean, np.finfo(float).tiny)) if task == "count" else mean
        return float(np.average(_rows(None, task, np.full((1, len(y), 1), score), y)[0], weights=w))
    p = np.bincount(y.astype(np.int64), w) / w.sum()
    return float(-(p[p > 0] * np.log(p[p > 0])).sum())


def _disagreement(both: FloatArray, weights: FloatArray) -> tuple[int, float]:
    labels = both[..., 0] > 0 if both.shape[2] == 1 else both.argmax(axis=2)
    differ = labels[0] != labels[1]
    return int(differ.sum()), float(np.average(differ, weights=weights))
