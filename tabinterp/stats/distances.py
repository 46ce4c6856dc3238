"""Distances between all pairs of rows, for the distance correlation.

The formulas are documented in `tabinterp.stats.association.distance_correlation`. The caller excludes missing values or assigns
weight 0 to them. In array shapes, `h` is the number of hidden units, `c` the number of columns, `n` the number of rows, and `m`
the number of rows without missing values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

NEGLIGIBLE = 1e-13  # a variable is constant if the ratio of its standard deviation to its mean is smaller
DEGENERATE = 1e-10  # a distance variance is rounding error if its ratio to the mean squared distance is smaller


def constant(square: Floats, count: Floats | float, mean: Floats) -> Booleans:
    """Return whether a variable is constant up to rounding errors. `square` is the sum of squared deviations from the mean `mean`
    over rows with total weight `count`.
    """
    return np.asarray(~(np.sqrt(square / count) > NEGLIGIBLE * np.abs(mean)))


def pair_products(units: Floats, values: Floats, weights: Floats, discrete: Booleans) -> Floats:
    """Return S1 (h, c), the sum of w_i w_j a_ij b_ij over ordered pairs of rows, for each unit and column.

    `units` has the shape (n, h); `values` and `weights` have the shape (n, c). A row with a missing value in a column has
    weight 0 for this column. For a column that is categorical (`discrete`), the distance between two codes is
    min(abs(difference), 1), because different codes differ by at least 1.
    """
    n, s1 = len(units), np.zeros((units.shape[1], values.shape[1]))
    limit, tile = np.where(discrete, 1.0, np.inf), np.empty_like(units)
    weight = None if (weights == 1).all() else weights
    for i in range(n - 1):
        a = np.subtract(units[i + 1 :], units[i], out=tile[: n - 1 - i])
        np.abs(a, out=a)
        b = np.minimum(np.abs(values[i + 1 :] - values[i]), limit)
        if weight is not None:
            b *= weight[i + 1 :] * weight[i]
        s1 += a.T @ b
    return 2 * s1


def correlate(units: Floats, values: Floats, discrete: Booleans, s1: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the plain and the corrected distance correlations (h, c) of units (h, m) and columns (c, m).

    `s1` (h, c) contains the sums S1, and `weights` (m,) the weights of the rows.
    """
    if units.shape[1] < 2:
        return np.full(s1.shape, np.nan), np.full(s1.shape, np.nan)
    total, n = weights.sum(), weights.sum() ** 2 / (weights**2).sum()
    a, a_squares = _own_distances(units, np.zeros(len(units), np.bool_), weights)
    b, b_squares = _own_distances(values, discrete, weights)
    a_sum, b_sum = a @ weights, b @ weights
    both = _covariances(s1, (a * weights) @ b.T, np.outer(a_sum, b_sum), total, n)
    of_a = _covariances(a_squares, a**2 @ weights, a_sum**2, total, n)
    of_b = _covariances(b_squares, b**2 @ weights, b_sum**2, total, n)
    plain, corrected = (
        ab / np.sqrt(np.outer(_positive(aa, a_squares / total**2), _positive(bb, b_squares / total**2)))
        for ab, aa, bb in zip(both, of_a, of_b, strict=True)
    )
    return np.sqrt(np.clip(plain, 0, 1)), np.clip(corrected, -1, 1)


def _positive(variance: Floats, size: Floats) -> Floats:
    """Return the distance variances (k,). A variance is NaN if it may be a rounding error, because it is very small compared with
    the mean squared distance (`size`).
    """
    return np.where(variance > DEGENERATE * size, variance, np.nan)


def _covariances(s1: Floats, s3: Floats, s2: Floats, total: float, n: float) -> tuple[Floats, Floats]:
    """Return V and U (see `distance_correlation`), computed from the weighted sums S1, S3 and S2. `total` is sum w, and `n` is
    the effective number of rows.
    """
    s1, s3, s2 = s1 / total**2, s3 / total**3, s2 / total**4
    v = s1 - 2 * s3 + s2
    if n < 4:
        return v, np.full_like(v, np.nan)
    return v, n / (n - 3) * (s1 - 2 * n / (n - 2) * s3 + n**2 / ((n - 1) * (n - 2)) * s2)


def _own_distances(values: Floats, discrete: Booleans, w: Floats) -> tuple[Floats, Floats]:
    """Return the row sums (k, m) and the sums of squares (k,) of the distances of k variables (k, m). Both are 0 for a constant
    variable.

    For sorted values s_0 <= .. <= s_(m-1), let W_k be the weight of the rows before row k, and W the total weight. The row sum of
    row k is (2 W_k - W) s_k + sum_j w_j s_j - 2 sum_(j<k) w_j s_j. The sum of squares is 2 W sum w (x - mean)^2. For categories,
    both sums are computed from the weights of the levels.
    """
    total = w.sum()
    mean = (values @ w / total)[:, None]
    deviation = values - mean
    deviation[constant(deviation**2 @ w, total, mean[:, 0])] = 0
    order = np.argsort(deviation, axis=1)
    ranked = np.take_along_axis(deviation, order, axis=1)
    weight = w[order]
    moment = weight * ranked
    before, weight_before = np.cumsum(moment, axis=1) - moment, np.cumsum(weight, axis=1) - weight
    sums = np.empty_like(ranked)
    row_sums = (2 * weight_before - total) * ranked + moment.sum(axis=1, keepdims=True) - 2 * before
    np.put_along_axis(sums, order, row_sums, axis=1)
    squares = 2 * total * (deviation**2 @ w)
    for k in np.flatnonzero(discrete):
        _, inverse = np.unique(values[k], return_inverse=True)
        sums[k] = total - np.bincount(inverse, w)[inverse]
        squares[k] = sums[k] @ w
    return sums, squares
