"""Means over rows that are read in batches of any size and in any order. They are computed from sums that can be merged (`start`,
`update`, `merge`, `finish`).

The sums are sums of values centred at their mean. When two sums are merged, both are first centred at the common mean (Chan,
Golub & LeVeque 1983). Precision is therefore not lost even if the mean is large compared with the spread. The standard error is
that of a ratio of sums: sqrt(sum w^2 (v - mean)^2) / sum w.

If rows are grouped, contributions of rows are summed within each group before squaring (Liang & Zeger 1986). Intervals are then
based on Student's t distribution with G - 1 degrees of freedom, where G is the number of groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from tabinterp.arrays import FloatArray, IntArray

from .estimates import FEWEST_GROUPS, Estimates, group_sums


@dataclass(frozen=True, eq=False)
class Means:
    """Sums over rows of values v with weights w. All arrays have the same shape.

    `rows` is the total number of rows, and `count` the number of rows with a value. `mass` is sum w, and `mean` is the weighted
    mean. With d = v - mean, `zeroth` is sum w^2, `first` is sum w^2 d, and `second` is sum w^2 d^2.
    """

    rows: int
    count: FloatArray
    mass: FloatArray
    mean: FloatArray
    zeroth: FloatArray
    first: FloatArray
    second: FloatArray


def start(shape: tuple[int, ...]) -> Means:
    """Return the initial sums, all zero, with arrays of the given shape. Rows are added to them later."""
    return Means(0, *(np.zeros(shape) for _ in range(6)))


def update(state: Means, values: FloatArray, weights: FloatArray | None = None) -> Means:
    """Add m rows of `values` (m, ...) to the sums, and return the new sums. NaN values are left out."""
    if not len(values):
        return state
    whole = _of_all(values, weights)
    return merge(state, _of_present(values, weights) if whole is None else whole)


def _of_all(values: FloatArray, weights: FloatArray | None) -> Means | None:
    """Return the sums over rows without missing values, computed in few passes over memory. Return None if a value is missing or
    all weights are 0.
    """
    n, shape, flat = len(values), values.shape[1:], values.reshape(len(values), -1)
    w = np.ones(n) if weights is None else weights
    mass = float(w.sum())
    if mass == 0:
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        mean = np.einsum("i,ij->j", w, flat) / mass
    if not np.isfinite(mean).all():
        return None
    d = flat - mean
    if weights is not None:
        d *= w[:, None]
    first, second = np.einsum("i,ij->j", w, d), np.einsum("ij,ij->j", d, d)
    held, squared = np.full(shape, mass), np.full(shape, float(w @ w))
    parts = (one.reshape(shape) for one in (first, second))
    return Means(n, np.full(shape, float(n)), held, mean.reshape(shape), squared, *parts)


def _of_present(values: FloatArray, weights: FloatArray | None) -> Means:
    """Return the sums over rows of values that may be missing. Each entry is summed over the rows in which it has a value."""
    present = ~np.isnan(values)
    w = present * (1.0 if weights is None else weights.reshape(-1, *[1] * (values.ndim - 1)))
    filled = np.where(present, values, 0.0)
    mass = w.sum(axis=0)
    mean = np.divide((w * filled).sum(axis=0), mass, out=np.zeros(values.shape[1:]), where=mass > 0)
    d = np.where(present, filled - mean, 0.0)
    square = w**2
    batch = (square.sum(axis=0), (square * d).sum(axis=0), (square * d**2).sum(axis=0))
    return Means(len(values), present.sum(axis=0).astype(np.float64), mass, mean, *batch)


def merge(a: Means, b: Means) -> Means:
    """Combine the sums over two sets of rows."""
    mass = a.mass + b.mass
    share = np.divide(b.mass, mass, out=np.zeros(np.shape(mass)), where=mass > 0)
    mean = np.where(a.mass > 0, a.mean + (b.mean - a.mean) * share, b.mean)
    parts = [_moved(one, mean) for one in (a, b)]
    return Means(a.rows + b.rows, a.count + b.count, mass, mean, *(x + y for x, y in zip(*parts, strict=True)))


def beside(states: Sequence[Means]) -> Means:
    """Stack the sums of several quantities over the same rows. The arrays of the result have the shape (states, ...)."""
    parts = {one.name: np.stack([getattr(state, one.name) for state in states]) for one in fields(Means)[1:]}
    return Means(states[0].rows, **parts)


def finish(state: Means) -> Estimates:
    """Return the means with their standard errors over rows. A mean is NaN if no row with positive weight has a value."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(state.mass > 0, state.mean, np.nan)
        stderr = np.sqrt(state.second * state.count / (state.count - 1)) / state.mass
    return Estimates.of(mean, stderr, np.maximum(state.count - 1, 1))


def _moved(state: Means, centre: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    shift = np.where(state.mass > 0, state.mean - centre, 0.0)
    first = state.first + shift * state.zeroth
    return state.zeroth, first, state.second + 2 * shift * state.first + shift**2 * state.zeroth


def mean_over_rows(values: FloatArray, weights: FloatArray | None = None, groups: IntArray | None = None) -> Estimates:
    """Return the mean of `values` over the first axis, with its standard error over rows or over `groups` of rows.

    Rows in which an entry is NaN are left out for this entry. With fewer than ten groups, the standard error is NaN.

    >>> found = mean_over_rows(np.repeat(np.arange(12.0), 3), groups=np.repeat(np.arange(12), 3))
    >>> round(float(found.stderr), 3)  # from 12 independent groups, not 36 rows
    1.041
    """
    found = finish(update(start(values.shape[1:]), values, weights))
    if groups is None or not len(values):
        return found
    present = ~np.isnan(values)
    w = present * (1.0 if weights is None else weights.reshape(-1, *[1] * (values.ndim - 1)))
    sums = group_sums(w * np.where(present, values - found.value, 0.0), groups)
    count = (group_sums(w, groups) > 0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        stderr = np.sqrt((sums**2).sum(axis=0) * count / (count - 1)) / w.sum(axis=0)
    return Estimates.of(found.value, np.where(count < FEWEST_GROUPS, np.nan, stderr), np.maximum(count - 1, 1))
