"""What every reading's result shares: estimates with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..table.draws import FloatArray

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


def mean_over_rows(values: FloatArray, weights: FloatArray | None = None) -> Estimates:
    """Mean over the first axis with its standard error over rows; NaN rows are left out, entry by entry.

    Weighted, the standard error is that of a ratio of sums: sqrt(sum w^2 (v - mean)^2) / sum w.
    """
    present = ~np.isnan(values)
    w = present * (1.0 if weights is None else weights.reshape(-1, *[1] * (values.ndim - 1)))
    count, total = present.sum(axis=0), w.sum(axis=0)
    filled = np.where(present, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (w * filled).sum(axis=0) / total
        spread = (w**2 * (filled - mean) ** 2).sum(axis=0)
        stderr = np.sqrt(spread * count / (count - 1)) / total
    return Estimates.of(mean, stderr, np.maximum(count - 1, 1))


def frame_of(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)
