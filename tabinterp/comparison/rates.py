"""Shares and means of groups of rows, set against each other: differences, ratios, standardised differences, with their errors.

The formulas are those that `groups` names. None where a share is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats
from statsmodels.stats.meta_analysis import effectsize_smd
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

Estimate = tuple[float, float, float, float]  # value, standard error, ends of the 95% interval
NONE: Estimate = (np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Share:
    """A share, or a mean, and of how many rows it is worth; NaN where fewer than ten rows tell it."""

    value: float = np.nan
    size: float = np.nan
    deviation: float = np.nan  # of single rows (divided by their number)

    @property
    def stderr(self) -> float:
        return float(self.deviation / np.sqrt(self.size))

    @property
    def unbiased(self) -> float:
        return float(self.deviation * np.sqrt(self.size / max(self.size - 1, 1e-9)))


def of_share(a: Share) -> Estimate:
    """A share, with Wilson's interval."""
    if not np.isfinite(a.value):
        return NONE
    low, high = proportion_confint(a.value * a.size, a.size, method="wilson")
    return a.value, a.stderr, float(low), float(high)


def of_mean(a: Share) -> Estimate:
    """A mean, with Student's interval."""
    reach = float(stats.t.ppf(0.975, max(a.size - 1, 1))) * a.unbiased / np.sqrt(a.size)
    return (a.value, a.stderr, a.value - reach, a.value + reach) if np.isfinite(a.value) else NONE


def of_shares(a: Share, b: Share) -> tuple[Estimate, float]:
    """First less second, and the p-value that they are the same."""
    if not np.isfinite(a.value - b.value):
        return NONE, np.nan
    counts, sizes = np.array([a.value * a.size, b.value * b.size]), np.array([a.size, b.size])
    low, high = confint_proportions_2indep(counts[0], a.size, counts[1], b.size, method="newcomb", compare="diff")
    same = a.value == b.value  # also where nobody, or everybody, is selected in both
    p = 1.0 if same else float(proportions_ztest(counts, sizes)[1])
    return (a.value - b.value, float(np.hypot(a.stderr, b.stderr)), float(low), float(high)), p


def of_means(a: Share, b: Share) -> tuple[Estimate, float]:
    """The same of two means of numbers (Welch 1947)."""
    gap = a.value - b.value
    if not np.isfinite(gap) or not a.deviation + b.deviation > 0:
        return NONE, np.nan
    parts = [one.unbiased**2 / one.size for one in (a, b)]
    df = sum(parts) ** 2 / (parts[0] ** 2 / max(a.size - 1, 1) + parts[1] ** 2 / max(b.size - 1, 1))
    error = float(np.sqrt(sum(parts)))
    reach = float(stats.t.ppf(0.975, df)) * error
    return (gap, error, gap - reach, gap + reach), float(2 * stats.t.sf(abs(gap) / error, df))


def ratio_of(a: Share, b: Share) -> Estimate:
    """First over second, with the log interval adjusted at zero."""
    if not (np.isfinite(a.value) and b.value > 0):
        return NONE
    value = a.value / b.value
    counts = (a.value * a.size, a.size, b.value * b.size, b.size)
    low, high = confint_proportions_2indep(*counts, method="log-adjusted", compare="ratio")
    error = float(np.hypot(a.stderr / b.value, value * b.stderr / b.value))
    return value, error, min(float(low), value), max(float(high), value)


def standardised(a: Share, b: Share) -> Estimate:
    """Hedges' g of two means."""
    if not (np.isfinite(a.value - b.value) and a.deviation + b.deviation > 0):
        return NONE
    value, variance = effectsize_smd(a.value, a.unbiased, a.size, b.value, b.unbiased, b.size)
    reach = float(stats.norm.ppf(0.975) * np.sqrt(variance))
    return float(value), float(np.sqrt(variance)), float(value) - reach, float(value) + reach
