"""Statistics of weighted rows: quantiles, standard deviations and the effective sample size.

A row of weight 3 counts as three rows in every statistic, and equal weights have no effect. Standard errors and p-values are
based on Kish's (1965) effective sample size, (sum w)^2 / sum w^2. It equals the number of rows if all weights are equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabinterp.arrays import FloatArray

TIE = 1e-12  # possible rounding error of cumulative weights, as a share of the total weight


def effective(weights: FloatArray) -> float:
    """Return Kish's effective sample size.

    >>> effective(np.array([2.0, 2.0, 2.0])), effective(np.array([1.0, 3.0]))
    (3.0, 1.6)
    """
    return float(weights.sum() ** 2 / (weights**2).sum())


def unit(weights: FloatArray | None, n: int) -> FloatArray:
    """Return the weights (n,) scaled to mean 1, or ones if there are no weights."""
    return np.ones(n) if weights is None else weights / weights.mean()


def quantile(values: NDArray[Any], q: float, weights: FloatArray | None = None) -> float:
    """Return the weighted quantile `q`: the value below which a share `q` of the weight lies. If the quantile is between two
    values, return their mean.

    This is definition 2 of Hyndman & Fan (1996). With this definition, a row of weight 2 has the same effect as two identical
    rows.

    >>> quantile(np.array([1.0, 2.0, 5.0]), 0.5), quantile(np.array([1.0, 2.0]), 0.5, np.array([1.0, 1.0]))
    (2.0, 1.5)
    """
    w = unit(weights, len(values))
    order = np.argsort(values, kind="stable")
    order = order[w[order] > 0]
    mass = np.cumsum(w[order])
    at = q * mass[-1]
    slack = TIE * mass[-1]
    low = min(int(np.searchsorted(mass, at - slack)), len(order) - 1)
    high = min(int(np.searchsorted(mass, at + slack, side="right")), len(order) - 1)
    return float((values[order[low]] + values[order[high]]) / 2)


def deviation(values: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return the weighted standard deviation over the first axis, with divisor n."""
    mean = np.average(values, axis=0, weights=weights)
    return np.asarray(np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weights)))


def quantiles(values: FloatArray, w: FloatArray, q: float) -> FloatArray:
    """Return weighted quantiles over the first axis. A quantile is the smallest value with at least a share `q` of the total
    weight at or below it.
    """
    order = np.argsort(values, axis=0, kind="stable")
    reached = np.cumsum(w[order], axis=0) >= q * w.sum() * (1 - 1e-12)
    return np.asarray(np.take_along_axis(np.take_along_axis(values, order, 0), reached.argmax(axis=0)[None], 0)[0])
