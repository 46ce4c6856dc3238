"""What every reading's result shares: estimates with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..table.draws import FloatArray, IntArray

LEVEL = 0.95


@dataclass(frozen=True)
class Estimates:
    """Numbers with standard errors and 95% intervals, all of one shape; NaN where there is none."""

    value: FloatArray
    stderr: FloatArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, value: Any, stderr: Any, df: Any = np.inf) -> Estimates:
        """Student intervals with `df` degrees of freedom (normal where infinite)."""
        value, stderr = np.asarray(value, dtype=np.float64), np.asarray(stderr, dtype=np.float64)
        reach = stats.t.ppf(0.5 + LEVEL / 2, df) * stderr
        return cls(value, stderr, value - reach, value + reach)

    def __getitem__(self, place: Any) -> Estimates:
        """Part of them."""
        return Estimates(self.value[place], self.stderr[place], self.low[place], self.high[place])


def mean_in_two_roles(
    mean: Estimates, values: FloatArray, weights: FloatArray | None, against: FloatArray, drawn: IntArray
) -> Estimates:
    """A mean of rows (n, ...) against rows drawn from them, with the error of both roles (Hájek projection, Hájek 1968).

    `against` (b, ...): mean over rows of the values against each drawn row alone; `drawn` (b,): their places. What a row adds
    in one role and what it adds in the other are summed before they are squared: all rows against all rows have mean zero.
    """
    n, b = np.float64(len(values)), np.float64(len(against))  # of one alone nothing is known: NaN
    share = (np.ones(len(values)) if weights is None else weights).reshape(-1, *[1] * (values.ndim - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        own = share / share.sum() * (values - mean.value) * np.sqrt(n / (n - 1))
        part = share[drawn] / share[drawn].mean()
        other = part * (against - (part * against).mean(axis=0)) / b * np.sqrt(b / (b - 1))
    both = own.copy()
    both[drawn] += other
    df = _freedom((own**2).sum(axis=0), n, (other**2).sum(axis=0), b)
    return Estimates.of(mean.value, np.sqrt((both**2).sum(axis=0)), df)


def mean_with_draws(mean: Estimates, rows: int, stderr: FloatArray, draws: int) -> Estimates:
    """A mean over rows with the error of what was drawn to read them beside its own, independent of it."""
    first, second = mean.stderr**2, stderr**2
    return Estimates.of(mean.value, np.sqrt(first + second), _freedom(first, rows, second, draws))


def _freedom(first: FloatArray, n: float, second: FloatArray, b: float) -> FloatArray:
    """Degrees of freedom (Satterthwaite 1946) of the sum of two variances, of n and of b draws."""
    spread = first**2 / max(1, n - 1) + second**2 / max(1, b - 1)
    return np.asarray(np.maximum((first + second) ** 2 / np.maximum(spread, 1e-300), 1))


def frame_of(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)
