"""Means and shares over rows, with confidence intervals for weighted rows and for rows that come in groups.

A weighted mean is a ratio of sums. Its standard error comes from linearisation (Woodruff 1971). If rows come in groups, the
influences of rows on the mean are summed within each group (Liang & Zeger 1986). Means have Student's t intervals. Shares have
Wilson intervals (1927), computed for the number of independent rows that would give the same standard error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from tabinterp.analyses.performance.estimator import FEWEST
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.stats.weights import effective
from tabinterp.stats.wilson_interval import wilson

Mean = tuple[float, float, float, float]  # value, standard error, ends of the interval
NONE: Mean = (np.nan, np.nan, np.nan, np.nan)


def told_share(hit: Any, weights: FloatArray, group: IntArray) -> Mean:
    """Return the same result as `share_of`, or only a bound if the share of hits would reveal a count of one to nine rows.

    If one to nine rows are hits, the result is an upper limit, which is the largest share that nine rows can have. If one to nine
    rows are not hits, the result is a lower limit, which is 1 minus the largest share that nine rows can have.

    >>> one = np.ones(70)
    >>> [round(float(x), 3) for x in told_share(np.arange(70) < 3, one, np.arange(70))]
    [nan, nan, nan, 0.129]
    """
    value = np.asarray(hit, dtype=np.float64)
    some, short = int((value > 0).sum()), int((value < 1).sum())
    if not (0 < some < FEWEST or 0 < short < FEWEST):
        return share_of(value, weights, group)
    if len(np.unique(group)) < FEWEST:
        return NONE
    reach = float(np.sort(weights)[1 - FEWEST :].sum() / weights.sum())
    return (np.nan, np.nan, np.nan, reach) if 0 < some < FEWEST else (np.nan, np.nan, 1 - reach, np.nan)


def influences(values: FloatArray, weights: FloatArray, rows: Any) -> tuple[float, FloatArray]:
    """Return the weighted mean of `values` (n,) over the rows in the mask `rows`, and the influence (n,) of each row on it."""
    w = weights * rows
    total = w.sum()
    if not total > 0:
        return np.nan, np.full(len(values), np.nan)
    mean = float(w @ values / total)
    return mean, w * (values - mean) / total


def spread(moved: FloatArray, group: IntArray, rows: Any, weights: FloatArray | None = None) -> tuple[float, int]:
    """Return the standard error of a statistic and the number of groups on which it is based.

    The standard error is computed from `moved` (n,), the influence of each row on the statistic. If `weights` (n,) are given, the
    number of groups is reduced to Kish's effective number (1965). A mean that depends on a few rows with large weights has few
    degrees of freedom.

    >>> moved, heavy = np.array([1.0, -1.0] * 10), np.repeat([9.0, 1.0], 10)
    >>> [spread(moved, np.arange(20), np.ones(20, dtype=bool), weights)[1] for weights in (None, np.ones(20), heavy)]
    [20, 20, 12]
    """
    inside = group[rows]
    places, at = np.unique(inside, return_inverse=True)
    count = len(places)
    if count < 2:
        return np.nan, count
    sums = np.bincount(at, moved[rows], count)
    error = float(np.sqrt((sums @ sums) * count / (count - 1)))
    return error, count if weights is None else int(count * effective(weights[rows]) / len(inside) + 1e-9)


def mean_of(values: FloatArray, weights: FloatArray, group: IntArray) -> Mean:
    """Return the weighted mean of `values` (n,) with its standard error and 95% interval.

    The result is `NONE` (NaN) if there are fewer than ten rows or groups of rows.

    >>> one = np.ones(12)
    >>> [round(float(x), 3) for x in mean_of(np.arange(12.0), one, np.arange(12))]
    [5.5, 1.041, 3.209, 7.791]
    """
    rows = np.ones(len(values), dtype=bool)
    mean, moved = influences(values, weights, rows)
    error, count = spread(moved, group, rows, weights)
    if count < FEWEST or not np.isfinite(mean):
        return NONE
    reach = float(stats.t.ppf(0.975, count - 1)) * error
    return mean, error, mean - reach, mean + reach


def share_of(hit: Any, weights: FloatArray, group: IntArray) -> Mean:
    """Return the weighted mean of values between 0 and 1, with its standard error and a 95% interval within 0 and 1.

    The result is `NONE` (NaN) if there are fewer than ten rows or groups of rows. If all values are 0 or 1, the interval is at
    least as wide as for the same number of independent rows. Values strictly between 0 and 1 vary less than
    zeros and ones with the same mean, so the interval of their mean can be narrower.
    """
    values = np.asarray(hit, dtype=np.float64)
    value, error, _, _ = mean_of(values, weights, group)
    if not np.isfinite(value):
        return NONE
    value = min(max(value, 0.0), 1.0)
    groups = len(np.unique(group))
    kish = float(weights.sum() ** 2 / (weights**2).sum()) * groups / len(group)
    whole = value in (0.0, 1.0)  # All values are equal, so the error is only a rounding error.
    most = float(len(group)) if np.isin(values, (0, 1)).all() else np.inf
    size = kish if whole or error == 0 else min(value * (1 - value) / error**2, most)
    low, high = wilson(value, size)
    return value, error, float(low), float(high)
