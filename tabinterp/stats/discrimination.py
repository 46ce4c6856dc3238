"""Measures of how well a score predicts the target, with standard errors.

For classification, the measures are the AUC and the average precision of each class against all others. `measure` averages the
AUC of the classes, weighted by their shares of the rows. For numbers and counts, the measure is R2. The module also contains
means over rows, such as mean losses.

Every measure is returned with the influence of each row, which is the row's first-order contribution to the error of the measure
(Hájek 1968; for the AUC, DeLong et al. 1988). Standard errors are computed from these influences, including those of differences
between measures computed on the same rows. If rows are grouped, influences are summed within each group before squaring, and
intervals are based on Student's t distribution over groups. With fewer than ten groups, there is no interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from tabinterp.arrays import FloatArray, IntArray

from .estimates import FEWEST_GROUPS, Estimates, effective_df, group_sums

CHANCE = {True: 0.5, False: 0.0}  # value of a score without predictive power: AUC (True), R2 (False)


@dataclass(frozen=True, eq=False)
class Power:
    """The value of a measure, and the influence (n,) of each row on this value, for weights with mean 1. Rows with the same
    number in `groups` (n,) are dependent.
    """

    value: float
    influence: FloatArray
    groups: IntArray | None = None

    @property
    def stderr(self) -> float:
        if not len(self.influence):
            return np.nan
        if self.groups is None:
            return float(np.sqrt((self.influence**2).sum()) / len(self.influence))
        sums = group_sums(self.influence, self.groups)
        if len(sums) < FEWEST_GROUPS:
            return np.nan
        return float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)) / len(self.influence))

    @property
    def df(self) -> float:
        return np.inf if self.groups is None else max(1, len(np.unique(self.groups)) - 1)

    def estimate(self) -> tuple[float, float, float, float]:
        return as_interval(self.value, self.stderr, self.df)

    def student(self, least: float = -np.inf, most: float = np.inf) -> tuple[float, float, float, float]:
        """Return the value, its standard error and a 95% interval limited to the range from `least` to `most`.

        Critical values are those of Student's t distribution with `effective_df` degrees of freedom. With fewer than ten rows, or
        fewer than ten groups of rows, the standard error and the interval are NaN.
        """
        stderr = self.stderr if len(self.draws) >= FEWEST_GROUPS else np.nan
        value, stderr, low, high = as_interval(self.value, stderr, self.effective_df)
        return value, stderr, float(np.maximum(low, least)), float(np.minimum(high, most))

    def skewed(self, least: float = -np.inf, most: float = np.inf) -> tuple[float, float, float, float]:
        """Return the value, its standard error and a 95% interval that allows for skewness (Hall 1992, J. R. Stat. Soc. B 54).

        The distribution of losses is skewed, because a few losses are very large. A symmetric interval for the mean of 50 rows
        therefore misses the true mean too often, nearly always because the whole interval is below the true mean.

        >>> few = mean(np.r_[np.zeros(90), np.ones(10)], np.ones(100))
        >>> [round(x, 3) for x in few.skewed()], [round(x, 3) for x in few.student()]
        ([0.1, 0.03, 0.048, 0.181], [0.1, 0.03, 0.038, 0.162])
        """
        value, stderr, low, high = self.student()
        skew = float((self.draws**3).sum() / (self.draws**2).sum() ** 1.5) if stderr > 0 else 0.0
        if skew != 0:
            reach = (high - low) / 2 / stderr
            below, above = (3 / skew * (np.cbrt(1 + skew * (t - skew / 6)) - 1) for t in (reach, -reach))
            low, high = value - stderr * below, value - stderr * above
        return value, stderr, float(np.maximum(low, least)), float(np.minimum(high, most))

    @property
    def draws(self) -> FloatArray:
        """The influence of each row, or of each group of rows, on the measure."""
        return self.influence if self.groups is None else group_sums(self.influence, self.groups)

    @property
    def effective_df(self) -> float:
        """The degrees of freedom of the standard error."""
        draws = self.draws
        draws = draws[draws != 0]  # leave out rows without weight
        return max(1.0, float(effective_df(draws, len(draws))))

    def __sub__(self, other: Power) -> Power:
        """Return the difference between two measures computed on the same rows."""
        return Power(self.value - other.value, self.influence - other.influence, self.groups)


def of_two_samples(first: Power, second: Power) -> tuple[float, float, float, float]:
    """Return the difference `first` - `second` of one measure on two sets of rows, with its standard error and 95% interval.

    For independent samples, critical values are those of Student's t distribution with the degrees of freedom of Welch (1947). A
    group of dependent rows may have rows in both samples. It must then have the same group number in both, and the contributions
    of all its rows are summed before squaring.

    There is no interval if a sample has fewer than ten rows, or fewer than ten groups of rows. There is also no interval if the
    measure has no variance in the first sample, such as an accuracy of exactly 1.

    >>> one = np.ones(20)
    >>> held_out, training = (mean(np.tile([-1.0, 1.0], 10) + shift, one) for shift in (0.5, 0.0))
    >>> [round(x, 3) for x in of_two_samples(held_out, training)]
    [0.5, 0.324, -0.157, 1.157]
    """
    value, parts = first.value - second.value, (first, second)
    variances = [part.stderr**2 if len(part.draws) >= FEWEST_GROUPS else np.nan for part in parts]
    if not variances[0] > 0 or np.isnan(variances[1]):
        return as_interval(value, np.nan)
    if first.groups is not None and second.groups is not None and np.isin(first.groups, second.groups).any():
        rows = len(first.influence) + len(second.influence)
        moved = [part.influence * rows / len(part.influence) for part in parts]
        return Power(value, np.r_[moved[0], -moved[1]], np.r_[first.groups, second.groups]).student()
    total = variances[0] + variances[1]
    spread = sum(own**2 / part.effective_df for own, part in zip(variances, parts, strict=True))
    return as_interval(value, np.sqrt(total), total**2 / spread)


def as_interval(value: float, stderr: float, df: float = np.inf) -> tuple[float, float, float, float]:
    made = Estimates.of(value, stderr, df)
    return float(value), float(stderr), float(made.low), float(made.high)


def auc(score: FloatArray, positive: FloatArray, weights: FloatArray, groups: IntArray | None = None) -> Power:
    """Return the AUC of scores (n,) for the outcomes 0 and 1 (n,). The AUC is NaN if one of the outcomes does not occur.

    The variance of the placements within each class is computed with divisor n - 1. Here n is the number of rows in the class or,
    with weights, Kish's effective sample size (1965). The divisor matters if a class is rare.
    """
    n = len(score)
    _, run = np.unique(score, return_inverse=True)
    up, down = (np.bincount(run, weights * side) for side in (positive, 1 - positive))
    plus, minus = up.sum(), down.sum()
    if not (plus > 0 and minus > 0):
        return Power(np.nan, np.full(n, np.nan), groups)
    below = (np.cumsum(down) - 0.5 * down) / minus
    above = 1 - (np.cumsum(up) - 0.5 * up) / plus
    value = float((up * below).sum() / plus)
    right = np.where(positive > 0, below[run], above[run]) - value
    share = np.where(positive > 0, plus, minus) / weights.sum()
    added = weights / weights.mean() * right / share
    if groups is None:
        sizes = [
            total**2 / float((side * weights**2).sum()) for total, side in ((plus, positive), (minus, 1 - positive))
        ]
        first, second = (np.sqrt(size / max(size - 1, 1)) for size in sizes)
        added *= np.where(positive > 0, first, second)
    return Power(value, added, groups)


def mean(values: FloatArray, weights: FloatArray, groups: IntArray | None = None) -> Power:
    """Return the weighted mean of values (n,). Its variance is computed with divisor n - 1, where n is the number of rows with
    positive weight.
    """
    w, used = weights / weights.mean(), int(np.count_nonzero(weights))
    value = float(np.average(values, weights=weights))
    added = w * (values - value)
    return Power(value, added if groups is not None else added * np.sqrt(used / max(used - 1, 1)), groups)


def average(parts: Sequence[Power]) -> Power:
    """Return the mean of several measures computed on the same rows."""
    influence = np.mean([part.influence for part in parts], axis=0)
    return Power(float(np.mean([part.value for part in parts])), np.asarray(influence), parts[0].groups)


def ratio(first: Power, second: Power) -> tuple[float, float, float, float]:
    """Return the ratio of two measures computed on the same rows, its standard error and its 95% interval (Fieller 1954).

    The interval contains all ratios r for which `first` - r `second` is not significantly different from zero. If `second` is not
    significantly different from zero, this set is unbounded, and no interval is returned.

    >>> one = np.ones(40)
    >>> up, down = (mean(shift + np.tile([-1.0, 1.0], 20), one) for shift in (1.0, 2.0))
    >>> [round(float(x), 3) for x in ratio(up, down)]
    [0.5, 0.04, 0.403, 0.57]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.divide(first.value, second.value))
    apart = Power(0.0, first.influence - value * second.influence, first.groups)
    t = float(stats.t.ppf(0.975, apart.effective_df)) if np.isfinite(value) else np.nan
    one, other, both = (
        Power(0.0, i, first.groups).stderr
        for i in (first.influence, second.influence, first.influence + second.influence)
    )
    shared = (both**2 - one**2 - other**2) / 2
    a, b, c = (
        second.value**2 - (t * other) ** 2,
        first.value * second.value - t**2 * shared,
        first.value**2 - (t * one) ** 2,
    )
    if not a > 0:
        return value, np.nan, np.nan, np.nan
    reach = np.sqrt(max(b**2 - a * c, 0.0))
    return value, apart.stderr / abs(second.value), float((b - reach) / a), float((b + reach) / a)


def average_precision(
    score: FloatArray, positive: FloatArray, weights: FloatArray, groups: IntArray | None = None
) -> Power:
    """Return the average precision: the mean of the precisions at all distinct scores, weighted by the increase in recall.

    This is scikit-learn's definition. The result is NaN if no outcome is positive. The influence of a row is the derivative of
    the average precision with respect to the row's weight (infinitesimal jackknife, Efron 1982). A row affects the precision at
    every score up to its own score.
    """
    _, run = np.unique(-score, return_inverse=True)  # from the highest score downwards
    here = np.bincount(run, weights * positive)
    right, named = np.cumsum(here), np.cumsum(np.bincount(run, weights))
    if not right[-1] > 0:
        return Power(np.nan, np.full(len(score), np.nan), groups)
    with np.errstate(invalid="ignore", divide="ignore"):  # the rows with the highest scores may have no weight
        precision = np.where(named > 0, right / named, 0.0)
        gained, lost = (np.where(named > 0, here * one, 0.0) for one in (1 / named, right / named**2))
    value = float(here @ precision / right[-1])
    onward = [np.cumsum(one[::-1])[::-1][run] for one in (gained, lost)]
    moved = positive * (precision[run] - value + onward[0]) - onward[1]
    return Power(value, weights / right[-1] * moved * len(score), groups)


def r2(prediction: FloatArray, y: FloatArray, weights: FloatArray, groups: IntArray | None = None) -> Power:
    """Return R2: 1 minus the ratio of the mean squared error to the variance of `y`."""
    w = weights / weights.mean()
    centred = (y - np.average(y, weights=w)) ** 2
    error, spread = (y - prediction) ** 2, float(np.average(centred, weights=w))
    if not spread > 0:
        return Power(np.nan, np.full(len(y), np.nan), groups)
    value = 1 - float(np.average(error, weights=w)) / spread
    return Power(value, -w * (error - (1 - value) * centred) / spread, groups)


def measure(
    prediction: FloatArray,
    outcomes: FloatArray,
    classes: bool,
    weights: FloatArray,
    groups: IntArray | None = None,
) -> Power:
    """Return how well predictions (n, k) predict outcomes (n, k). For classification, outcomes are 0 or 1 for each class, and the
    result is the mean of the classes' AUCs, weighted by the class shares. Otherwise k is 1, and the result is R2.
    """
    if not classes:
        return r2(prediction[:, 0], outcomes[:, 0], weights, groups)
    parts = [auc(prediction[:, k], outcomes[:, k], weights, groups) for k in range(outcomes.shape[1])]
    shares = np.average(outcomes, axis=0, weights=weights)
    known = [k for k, part in enumerate(parts) if np.isfinite(part.value)]
    if not known:
        return Power(np.nan, np.full(len(outcomes), np.nan), groups)
    total = shares[known].sum()
    return Power(
        float(sum(shares[k] * parts[k].value for k in known) / total),
        np.asarray(sum(shares[k] * parts[k].influence for k in known) / total),
        groups,
    )


def over_folds(parts: list[Power]) -> Power:
    """Return the mean of a measure over cross-validation folds. Each fold is measured separately, so rows are compared only with
    rows of the same fold.

    If the rows of all folds were pooled, a predictor without information would perform below chance. The reason is that
    predictions learned from the other folds are negatively correlated with the outcomes of a fold.
    """
    known = [part for part in parts if np.isfinite(part.value)]
    if not known:
        return Power(np.nan, np.full(sum(len(part.influence) for part in parts), np.nan))
    total = sum(len(part.influence) for part in known)
    influence = [part.influence * total / (len(known) * len(part.influence)) for part in known]
    groups = [part.groups for part in known if part.groups is not None]
    whole = np.concatenate(groups) if groups else None
    return Power(float(np.mean([part.value for part in known])), np.concatenate(influence), whole)
