"""How well a score tells the target, with an error: AUC for classes (one against the others), R2 for numbers and counts.

A mean over classes weighs each by its share. Every measure comes with a row's influence on it (Hájek 1968; DeLong et al. 1988
for the AUC), so that differences on the same rows have an error of their own. Influences of the rows of one group are summed
before they are squared, and the interval is Student's over groups; below ten groups there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tabinterp.arrays import FloatArray, IntArray

from .estimates import FEWEST_GROUPS, Estimates, group_sums

CHANCE = {True: 0.5, False: 0.0}  # of an AUC, of R2


@dataclass(frozen=True, eq=False)
class Power:
    """A measure and (n,) what each row adds to it; weights of mean 1. `groups` (n,): which rows are one draw."""

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

    def __sub__(self, other: Power) -> Power:
        """The difference of two measures of the same rows."""
        return Power(self.value - other.value, self.influence - other.influence, self.groups)


def as_interval(value: float, stderr: float, df: float = np.inf) -> tuple[float, float, float, float]:
    made = Estimates.of(value, stderr, df)
    return float(value), float(stderr), float(made.low), float(made.high)


def auc(score: FloatArray, positive: FloatArray, weights: FloatArray, groups: IntArray | None = None) -> Power:
    """Of (n,) scores against 0/1 outcomes; NaN where one of them does not occur.

    Placements of a class are deviations from their own mean: each side's variance is over one row less than it has (with weights,
    than as many as say as much, Kish 1965), which matters where a class is rare.
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


def r2(prediction: FloatArray, y: FloatArray, weights: FloatArray, groups: IntArray | None = None) -> Power:
    """1 - squared error over the variance around the rows' own mean."""
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
    """Of (n, k) predictions of (n, k) outcomes: 0/1 a class, or one value."""
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
    """The mean over folds that were told by other folds: only rows of one fold are set against each other.

    Over all rows together an honest nothing would fall below chance, because what the others say runs against a fold's own rows.
    """
    known = [part for part in parts if np.isfinite(part.value)]
    if not known:
        return Power(np.nan, np.full(sum(len(part.influence) for part in parts), np.nan))
    total = sum(len(part.influence) for part in known)
    influence = [part.influence * total / (len(known) * len(part.influence)) for part in known]
    groups = [part.groups for part in known if part.groups is not None]
    whole = np.concatenate(groups) if groups else None
    return Power(float(np.mean([part.value for part in known])), np.concatenate(influence), whole)
