"""Distances between all pairs of rows, and what distance correlation makes of them.

The formulas are in `tabinterp.readouts.association.distance_correlation`; nothing here knows of missing values beyond a
mask. `h` units, `c` columns, `n` rows of which `m` are known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

NEGLIGIBLE = 1e-13  # standard deviation over mean, below which a variable is constant
DEGENERATE = 1e-10  # distance variance over mean squared distance, below which it is zero up to rounding


def constant(square: Floats, count: Integers | int, mean: Floats) -> Booleans:
    """Whether a centred sum of squares over `count` rows is no more than rounding about `mean`."""
    return np.asarray(~(np.sqrt(square / count) > NEGLIGIBLE * np.abs(mean)))


def pair_products(units: Floats, values: Floats, known: Booleans, discrete: Booleans) -> Floats:
    """S1 = sum over ordered pairs of known rows of a_ij b_ij: units (n, h), values (n, c), result (h, c).

    Codes that differ do so by 1 or more, so that min(abs(difference), 1) is their distance.
    """
    n, s1 = len(units), np.zeros((units.shape[1], values.shape[1]))
    limit, tile = np.where(discrete, 1.0, np.inf), np.empty_like(units)
    weight = None if known.all() else known.astype(np.float64)
    for i in range(n - 1):
        a = np.subtract(units[i + 1 :], units[i], out=tile[: n - 1 - i])
        np.abs(a, out=a)
        b = np.minimum(np.abs(values[i + 1 :] - values[i]), limit)
        if weight is not None:
            b *= weight[i + 1 :] * weight[i]
        s1 += a.T @ b
    return 2 * s1


def correlate(units: Floats, values: Floats, discrete: Booleans, s1: Floats) -> tuple[Floats, Floats]:
    """Plain and corrected distance correlation (h, c) of units (h, m) and columns (c, m), with S1 (h, c), m rows."""
    m = units.shape[1]
    if m < 2:
        return np.full(s1.shape, np.nan), np.full(s1.shape, np.nan)
    a, a_squares = _own_distances(units, np.zeros(len(units), np.bool_))
    b, b_squares = _own_distances(values, discrete)
    a_sum, b_sum = a.sum(axis=1), b.sum(axis=1)
    both = _covariances(s1, a @ b.T, np.outer(a_sum, b_sum), m)
    of_a = _covariances(a_squares, (a**2).sum(axis=1), a_sum**2, m)
    of_b = _covariances(b_squares, (b**2).sum(axis=1), b_sum**2, m)
    plain, corrected = (
        ab / np.sqrt(np.outer(_positive(aa, a_squares / m**2), _positive(bb, b_squares / m**2)))
        for ab, aa, bb in zip(both, of_a, of_b, strict=True)
    )
    return np.sqrt(np.clip(plain, 0, 1)), np.clip(corrected, -1, 1)


def _positive(variance: Floats, size: Floats) -> Floats:
    """Distance variances (k,), NaN where rounding alone could have made them, given the mean squared distances."""
    return np.where(variance > DEGENERATE * size, variance, np.nan)


def _covariances(s1: Floats, s3: Floats, s2: Floats, n: int) -> tuple[Floats, Floats]:
    """V and U of the formulas."""
    v = s1 / n**2 - 2 * s3 / n**3 + s2 / n**4
    if n < 4:
        return v, np.full_like(v, np.nan)
    return v, (s1 - 2 * s3 / (n - 2) + s2 / ((n - 1) * (n - 2))) / (n * (n - 3))


def _own_distances(values: Floats, discrete: Booleans) -> tuple[Floats, Floats]:
    """Row sums of the distances (k, m) and their sum of squares (k,), for k variables (k, m); constant ones: zeros.

    Sorted, s_0 <= .. <= s_(m-1), row sum k is (2 k - m) s_k + total - 2 sum_(j<k) s_j, and the squares add up to
    2 m sum (x - mean)^2. Of categories both follow from the counts.
    """
    m = values.shape[1]
    mean = values.mean(axis=1, keepdims=True)
    deviation = values - mean
    deviation[constant((deviation**2).sum(axis=1), m, mean[:, 0])] = 0
    order = np.argsort(deviation, axis=1)
    ranked = np.take_along_axis(deviation, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    sums = np.empty_like(ranked)
    row_sums = (2 * np.arange(m) - m) * ranked + ranked.sum(axis=1, keepdims=True) - 2 * before
    np.put_along_axis(sums, order, row_sums, axis=1)
    squares = 2 * m * (deviation**2).sum(axis=1)
    for k in np.flatnonzero(discrete):
        _, inverse, count = np.unique(values[k], return_inverse=True, return_counts=True)
        sums[k] = m - count[inverse]
        squares[k] = sums[k].sum()
    return sums, squares
