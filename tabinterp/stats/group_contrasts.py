"""Contrasts between groups of rows with standard errors: differences, ratios and standardised differences of shares and means.

The formulas are documented in the analysis `groups`. A contrast is missing if one of the two shares or means that it compares is
missing. If rows are dependent, critical values are those of Student's t distribution with n - 1 degrees of freedom, where n is
the number of sampling units. With fewer than ten sampling units, there is no interval.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.stats.meta_analysis import effectsize_smd
from statsmodels.stats.proportion import proportions_ztest

from tabinterp.arrays import FloatArray

from .estimates import FEWEST_GROUPS
from .wilson_interval import wilson

Estimate = tuple[float, float, float, float]  # value, standard error, ends of the 95% interval
NONE: Estimate = (np.nan, np.nan, np.nan, np.nan)
LEVEL = 0.05


@dataclass(frozen=True)
class Share:
    """A share or mean of a group, and the effective number of rows (`size`) on which it is based. Both are NaN for fewer than ten
    rows.

    `units` is the number of sampling units, such as persons or households. It is infinite if every row is a separate unit. If it
    is finite, `correlations` contains the correlation between the errors of this share and those of every other share. The
    `place` of the other share is its index in `correlations`.
    """

    value: float = np.nan
    size: float = np.nan
    deviation: float = np.nan  # standard deviation of single rows, with divisor n
    units: float = np.inf
    place: int = 0
    correlations: FloatArray | None = field(default=None, compare=False)

    def correlation(self, other: Share) -> float:
        """Return the correlation between the errors of two shares. Their errors are correlated if both shares are based on rows
        of the same sampling units.
        """
        return 0.0 if self.correlations is None or self is other else float(self.correlations[other.place])

    @property
    def stderr(self) -> float:
        """The standard error. It is NaN if all rows have the same value, because the error is then unknown."""
        return float(self.deviation / np.sqrt(self.size)) if self.deviation > 0 else np.nan

    @property
    def unbiased(self) -> float:
        return float(self.deviation * np.sqrt(self.size / max(self.size - 1, 1e-9)))

    @property
    def freedom(self) -> float:
        """The degrees of freedom of the standard error."""
        return max((self.units if np.isfinite(self.units) else self.size) - 1, 1)

    def critical(self, level: float = LEVEL) -> float:
        """Return the critical value of a two-sided interval that misses the true share with probability `level`."""
        return critical_value(self.units, level)


@cache
def critical_value(units: float, level: float = LEVEL) -> float:
    """Return the two-sided critical value for a number of independent units. If `units` is infinite, the value is that of the
    normal distribution.

    Otherwise, the value is that of Student's t distribution with `units` - 1 degrees of freedom.
    """
    return float(stats.t.isf(level / 2, units - 1) if np.isfinite(units) else stats.norm.isf(level / 2))


def _few(*shares: Share) -> bool:
    return any(one.units < FEWEST_GROUPS for one in shares)


def mover_ratio(first: tuple[Any, Any, Any], second: tuple[Any, Any, Any], correlation: Any = 0.0) -> tuple[Any, Any]:
    """Return the interval of the ratio of two shares. It is computed from the value, lower bound and upper bound of each share
    (MOVER; Donner & Zou 2012).

    With Wilson's intervals, the result is valid even if one of the shares is 0 or 1 and its estimated variance is therefore zero.
    `correlation` is the correlation between the errors of the two shares, if both are based on rows of the same sampling
    units.
    """
    (p, l1, u1), (q, l2, u2) = first, second
    with np.errstate(divide="ignore", invalid="ignore"):
        below, above = u2 * (2 * q - u2), l2 * (2 * q - l2)
        at_low, at_high = p * q - correlation * (p - l1) * (u2 - q), p * q - correlation * (u1 - p) * (q - l2)
        low = (at_low - np.sqrt(np.maximum(at_low**2 - l1 * (2 * p - l1) * below, 0))) / below
        high = (at_high + np.sqrt(np.maximum(at_high**2 - u1 * (2 * p - u1) * above, 0))) / above
    return low, np.where(np.asarray(l2) > 0, high, np.inf)


def _wilson(a: Share, critical: float | None = None) -> tuple[float, float, float]:
    low, high = wilson(a.value, a.size, a.critical() if critical is None else critical)
    return a.value, float(low), float(high)


def of_share(a: Share) -> Estimate:
    """Return a share, its standard error, and its Wilson interval."""
    if not np.isfinite(a.value):
        return NONE
    if _few(a):
        return a.value, np.nan, np.nan, np.nan
    return a.value, a.stderr, *_wilson(a)[1:]


def of_mean(a: Share) -> Estimate:
    """Return a mean, its standard error, and its Student's t interval."""
    if not np.isfinite(a.value):
        return NONE
    if _few(a):
        return a.value, np.nan, np.nan, np.nan
    reach = float(stats.t.ppf(0.975, a.freedom)) * a.unbiased / np.sqrt(a.size)
    return a.value, a.stderr, a.value - reach, a.value + reach


def of_shares(a: Share, b: Share) -> tuple[Estimate, float]:
    """Return the difference between two shares (first minus second) with its interval, and the p-value of the hypothesis of no
    difference.

    The interval is that of Newcombe (1998), computed from the two Wilson intervals.
    """
    if not np.isfinite(a.value - b.value):
        return NONE, np.nan
    gap = a.value - b.value
    if _few(a, b):
        return (gap, np.nan, np.nan, np.nan), np.nan
    (p, l1, u1), (q, l2, u2) = _wilson(a), _wilson(b)
    low, high = gap - float(np.hypot(p - l1, u2 - q)), gap + float(np.hypot(u1 - p, q - l2))
    if gap == 0:  # also if nobody, or everybody, is selected in both groups
        return (gap, float(np.hypot(a.stderr, b.stderr)), low, high), 1.0
    z = float(proportions_ztest(np.array([p * a.size, q * b.size]), np.array([a.size, b.size]))[0])
    df = min(a.units, b.units) - 1
    value = 2 * float(stats.t.sf(abs(z), df) if np.isfinite(df) else stats.norm.sf(abs(z)))
    return (gap, float(np.hypot(a.stderr, b.stderr)), low, high), value


def of_means(a: Share, b: Share) -> tuple[Estimate, float]:
    """Return the difference between two means (first minus second) with its interval, and the p-value of the hypothesis of no
    difference (Welch 1947).
    """
    gap = a.value - b.value
    if not np.isfinite(gap) or not a.deviation + b.deviation > 0:
        return NONE, np.nan
    if _few(a, b):
        return (gap, np.nan, np.nan, np.nan), np.nan
    parts = [one.unbiased**2 / one.size for one in (a, b)]
    df = sum(parts) ** 2 / (parts[0] ** 2 / a.freedom + parts[1] ** 2 / b.freedom)
    error = float(np.sqrt(sum(parts)))
    reach = float(stats.t.ppf(0.975, df)) * error
    return (gap, error, gap - reach, gap + reach), float(2 * stats.t.sf(abs(gap) / error, df))


def ratio_of(a: Share, b: Share) -> Estimate:
    """Return the ratio `a` / `b` of two shares. Its interval is computed by `mover_ratio` from the two Wilson intervals."""
    if not (np.isfinite(a.value) and b.value > 0):
        return NONE
    value = a.value / b.value
    if _few(a, b):
        return value, np.nan, np.nan, np.nan
    r = a.correlation(b)
    low, high = mover_ratio(_wilson(a), _wilson(b), r)
    first, second = a.stderr / b.value, value * b.stderr / b.value
    error = (
        float(np.sqrt(max(first**2 + second**2 - 2 * r * first * second, 0.0))) if r else float(np.hypot(first, second))
    )
    return value, error, float(low), float(high)


def standardised(a: Share, b: Share) -> Estimate:
    """Return the standardised difference of two means (Hedges' g) with its interval."""
    if not (np.isfinite(a.value - b.value) and a.deviation + b.deviation > 0):
        return NONE
    value, variance = effectsize_smd(a.value, a.unbiased, a.size, b.value, b.unbiased, b.size)
    if _few(a, b):
        return float(value), np.nan, np.nan, np.nan
    reach = critical_value(min(a.units, b.units)) * float(np.sqrt(variance))
    return float(value), float(np.sqrt(variance)), float(value) - reach, float(value) + reach
