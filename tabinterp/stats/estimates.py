"""Estimates with standard errors and confidence intervals, which all analyses use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from tabinterp.arrays import FloatArray, IntArray

LEVEL = 0.95
FEWEST_GROUPS = 10  # with fewer groups of rows, a standard error is too uncertain to be reported


@dataclass(frozen=True)
class Estimates:
    """Estimates with standard errors and 95% intervals. All arrays have the same shape. Missing numbers are NaN."""

    value: FloatArray
    stderr: FloatArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, value: Any, stderr: Any, df: Any = np.inf) -> Estimates:
        """Create estimates with Student's t intervals, which have `df` degrees of freedom, or with normal intervals if `df` is
        infinite.
        """
        value, stderr = np.asarray(value, dtype=np.float64), np.asarray(stderr, dtype=np.float64)
        reach = stats.t.ppf(0.5 + LEVEL / 2, df) * stderr
        return cls(value, stderr, value - reach, value + reach)

    def __getitem__(self, place: Any) -> Estimates:
        """Return the estimates that an index, slice or mask selects."""
        return Estimates(self.value[place], self.stderr[place], self.low[place], self.high[place])


def units_of(rows: int, groups: IntArray | None) -> int:
    """Return the number of independent units: the number of rows, or of groups if `groups` (numbered from 0) is given."""
    return rows if groups is None else int(groups.max(initial=-1)) + 1


def resampled(
    value: Any, drawn: FloatArray, groups: int | None, least: float = -np.inf, most: float = np.inf
) -> Estimates:
    """Return estimates with the given values `value` (...). Their standard errors and 95% intervals are computed from the values
    `drawn` (resamples, ...) in resamples of the rows.

    The bounds of an interval are percentiles of the values in resamples (Efron & Tibshirani 1993). If the estimate itself is
    outside these bounds, the interval is extended to include it.

    If groups of rows were resampled, `groups` is the number of groups. Percentile intervals would then be too narrow: with 10 to
    20 groups, their coverage is 86 to 89%, not 95%. A Student's t interval is therefore used instead, limited to the range from
    `least` to `most`. With fewer than ten groups, there is no interval.
    """
    value, error = np.asarray(value, dtype=np.float64), np.std(drawn, axis=0, ddof=1)
    if groups is None:
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        return Estimates(value, error, np.where(value < low, value, low), np.where(value > high, value, high))
    if groups < FEWEST_GROUPS:
        return Estimates.of(value, np.full_like(value, np.nan))
    made = Estimates.of(value, error * np.sqrt(groups / (groups - 1)), groups - 1)
    return Estimates(value, made.stderr, np.maximum(made.low, least), np.minimum(made.high, most))


def stacked(parts: Sequence[tuple[float, float, float, float]]) -> Estimates:
    """Combine several single estimates, each given as value, standard error, lower and upper bound, into one object."""
    return Estimates(*np.array(parts, dtype=np.float64).reshape(-1, 4).T)


def effective_df(influences: FloatArray, units: int) -> FloatArray:
    """Return the effective degrees of freedom of a variance that is estimated from `influences` (units, ...).

    The variance of a sample variance grows with the kurtosis k of the values. It equals the variance of a scaled chi-squared
    variable with (units - 1) / (1 + (k - 3) / 2) degrees of freedom (Box 1953, Biometrika 40; Satterthwaite 1946). The result is
    small if a few units dominate, such as the rows of a rare class. It is at most units - 1.

    >>> effective_df(np.array([1.0, -1.0] * 10), 20)
    array(19.)
    >>> effective_df(np.r_[19.0, -np.ones(19)], 20).round(1)
    np.float64(2.2)
    """
    square = (influences**2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        kurtosis = np.where(square > 0, units * (influences**4).sum(axis=0) / square**2, 3.0)
    return np.asarray((units - 1) / (1 + np.maximum(kurtosis - 3, 0) / 2))


def group_sums(values: FloatArray, groups: IntArray) -> FloatArray:
    """Return the sums (groups, ...) of `values` (n, ...) over the rows of each group, ordered by group number."""
    order = np.argsort(groups, kind="stable")
    first = np.flatnonzero(np.r_[True, np.diff(groups[order]) > 0])
    return np.asarray(np.add.reduceat(values[order], first, axis=0))


def mean_in_two_roles(
    mean: Estimates,
    values: FloatArray,
    weights: FloatArray | None,
    against: FloatArray,
    drawn: IntArray,
    groups: IntArray | None = None,
) -> Estimates:
    """Return a mean over pairs of rows, with a standard error that accounts for both roles of a row (Hájek 1968).

    Each row is paired with rows that are drawn from the same set of rows. A row can therefore be both the first row of some pairs
    and the drawn row of other pairs. The contributions of a row in both roles are summed before squaring, because they partly
    cancel.

    Parameters
    ----------
    mean : Estimates
        The weighted mean of `values`. It is returned unchanged if there are too few groups.
    values : (n, ...)
        Value of each row, averaged over the rows that are paired with it.
    weights : (n,), optional
        Weights of the rows.
    against : (b, ...)
        Value of each drawn row, averaged over the rows that are paired with it.
    drawn : (b,)
        Positions of the drawn rows.
    groups : (n,), optional
        Group of each row. Rows of the same group are dependent, and their contributions are summed before squaring.
    """
    if groups is not None and units_of(len(values), groups) < FEWEST_GROUPS:
        return mean
    n, b = np.float64(len(values)), np.float64(len(against))  # a single row has no variance, so the error is NaN
    share = (np.ones(len(values)) if weights is None else weights).reshape(-1, *[1] * (values.ndim - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        own = share / share.sum() * (values - mean.value) * np.sqrt(n / (n - 1))
        part = share[drawn] / share[drawn].mean()
        other = part * (against - (part * against).mean(axis=0)) / b * np.sqrt(b / (b - 1))
    both = own.copy()
    both[drawn] += other
    if groups is not None:
        together, units = group_sums(both, groups), units_of(len(values), groups)
        return Estimates.of(mean.value, np.sqrt((together**2).sum(axis=0) * units / (units - 1)), units - 1)
    df = _freedom((own**2).sum(axis=0), n, (other**2).sum(axis=0), b)
    return Estimates.of(mean.value, np.sqrt((both**2).sum(axis=0)), df)


def mean_with_draws(mean: Estimates, units: int, stderr: FloatArray, draws: int) -> Estimates:
    """Return a mean over rows or groups of rows, with a standard error that also includes the sampling error `stderr` of random
    draws. The two errors are independent.
    """
    first, second = mean.stderr**2, stderr**2
    return Estimates.of(mean.value, np.sqrt(first + second), _freedom(first, units, second, draws))


def _freedom(first: FloatArray, n: float, second: FloatArray, b: float) -> FloatArray:
    """Return the degrees of freedom (Satterthwaite 1946) of the sum of two variances, which are estimated from n and from b
    draws.
    """
    spread = first**2 / max(1, n - 1) + second**2 / max(1, b - 1)
    return np.asarray(np.maximum((first + second) ** 2 / np.maximum(spread, 1e-300), 1))


def frame_of(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)
