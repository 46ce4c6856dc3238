"""Small gradient-boosted models with a few shallow trees. They are reproducible for given rows and a given seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabinterp.arrays import FloatArray

BINS = 63


def few_trees(trees: int, leaves: int, seed: int) -> dict[str, Any]:
    """Return settings for scikit-learn's histogram gradient boosting with a few small trees."""
    return {
        "max_iter": trees,
        "max_leaf_nodes": leaves,
        "early_stopping": False,
        "max_bins": BINS,
        "random_state": seed,
    }


def unless_equal(weights: FloatArray) -> FloatArray | None:
    """Return weights for fitting trees, or None if all weights are equal. They are scaled to mean 1, so the
    minimum total weight in each leaf, which is passed to scikit-learn, corresponds to a number of rows.
    """
    return None if (weights == weights[:1]).all() else weights / weights.mean()


def in_bins(x: FloatArray, rows: NDArray[Any], weights: FloatArray | None) -> FloatArray:
    """Replace values by the indices of the bins that scikit-learn's gradient boosting would use for weighted rows.

    Trees that are fitted to the indices split the rows in the same way as trees that are fitted to the values. If rows have
    weights, scikit-learn sorts a column again for each bin edge, which takes longer than growing small trees. This function sorts
    each column only once.

    Parameters
    ----------
    x : array (n, columns)
        The values; NaN means missing and is not replaced.
    rows : array
        Mask or positions of the rows to which trees will be fitted.
    weights : array (rows,), optional
        Weights of these rows. Without weights, `x` is returned unchanged.
    """
    if weights is None:
        return x
    binned = x.copy()
    for values in binned.T:  # views: the columns of `binned` are changed in place
        known = ~np.isnan(values[rows]) & (weights > 0)
        order = np.argsort(values[rows][known])
        held, mass = values[rows][known][order], np.cumsum(weights[known][order])
        if len(np.unique(held)) > BINS:
            missing = np.isnan(values)
            values[:] = np.searchsorted(_edges(held, mass), values)
            values[missing] = np.nan
    return binned


def _edges(held: FloatArray, mass: FloatArray) -> FloatArray:
    """Return the edges between bins of equal weight. `held` contains sorted values, and `mass` their cumulative weights."""
    wanted = np.linspace(0, 100, BINS + 1)[1:-1] / 100 * mass[-1]
    last = len(held) - 1
    at = np.minimum(np.searchsorted(mass, wanted), last)
    between = mass[at] - wanted <= np.finfo(np.float64).eps  # exactly between two values, so their mean is used
    return np.unique(np.where(between, (held[at] + held[np.minimum(at + 1, last)]) / 2, held[at]))
