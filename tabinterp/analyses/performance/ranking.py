"""Metrics of two models' rankings, for any weights of the rows, and DeLong's error of a difference in AUC.

Rows are sorted once; a resample only weighs them anew.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata

from tabinterp.arrays import FloatArray, IntArray

# Every metric: row weights -> its value for both models.
Weighed = Callable[[FloatArray], tuple[float, float]]
Runs = list[tuple[IntArray, IntArray]]  # of each model: rows in rising order of score, and where each tie begins


def runs(scores: FloatArray) -> Runs:
    """Of scores (models, n)."""
    found = []
    for one in scores:
        order = np.argsort(one, kind="stable").astype(np.int64)
        found.append((order, np.flatnonzero(np.r_[True, np.diff(one[order]) > 0]).astype(np.int64)))
    return found


def auc(scores: FloatArray, y: FloatArray) -> Weighed:
    """Area under the ROC curve, ties by half; NaN where one of the classes has no weight."""
    return _ranked(runs(scores), y, _area)


def average_precision(scores: FloatArray, y: FloatArray) -> Weighed:
    """Precision at every score that some row has, weighed by the rise of recall there: scikit-learn's definition."""
    return _ranked(runs(scores), y, _precision)


def _ranked(prepared: Runs, y: FloatArray, metric: Callable[[FloatArray, FloatArray], float]) -> Weighed:
    def values(w: FloatArray) -> tuple[float, float]:
        positive, negative = w * y, w * (1 - y)
        first, second = (
            metric(np.add.reduceat(positive[order], start), np.add.reduceat(negative[order], start))
            for order, start in prepared
        )
        return first, second

    return values


def _area(positive: FloatArray, negative: FloatArray) -> float:
    total = positive.sum() * negative.sum()
    return float(positive @ (np.cumsum(negative) - 0.5 * negative) / total) if total > 0 else np.nan


def _precision(positive: FloatArray, negative: FloatArray) -> float:
    total = positive.sum()
    if total == 0:
        return np.nan
    right = np.cumsum(positive[::-1])
    named = right + np.cumsum(negative[::-1])
    return float(positive[::-1] @ np.divide(right, named, out=np.zeros_like(right), where=named > 0) / total)


def delong(scores: FloatArray, y: FloatArray) -> float:
    """Standard error of AUC(first) - AUC(second) of scores (2, n) on the same rows; NaN below two rows of either class.

    DeLong, DeLong & Clarke-Pearson (1988), by midranks (Sun & Xu 2014): a row's placement among the other class is its rank
    among all less its rank among its own.
    """
    above, below = scores[:, y == 1], scores[:, y == 0]
    m, n = above.shape[1], below.shape[1]
    if min(m, n) < 2:
        return float("nan")
    ranks = rankdata(np.hstack([above, below]), axis=1)
    first = (ranks[:, :m] - rankdata(above, axis=1)) / n
    second = 1 - (ranks[:, m:] - rankdata(below, axis=1)) / m
    variance = np.var(first[0] - first[1], ddof=1) / m + np.var(second[0] - second[1], ddof=1) / n
    return float(np.sqrt(variance))
