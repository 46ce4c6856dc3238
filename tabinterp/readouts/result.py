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

    def __getitem__(self, place: Any) -> Estimates:
        """Part of them."""
        return Estimates(self.value[place], self.stderr[place], self.low[place], self.high[place])


def frame_of(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)
