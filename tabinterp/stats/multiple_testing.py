"""p-values of correlations and of differences between levels, and their adjustment for multiple testing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .distances import Floats, Integers


def variance_test(unexplained: Floats, df_model: Floats, df_rest: Floats) -> Floats:
    """Return the p-value of F = (explained / df_model) / (unexplained / df_rest).

    `unexplained` is the unexplained share of the variance, and explained = 1 - unexplained. Under independence and normal errors,
    `unexplained` has a Beta(df_rest / 2, df_model / 2) distribution. The result is NaN if there are no degrees of freedom.
    """
    from scipy import special  # noqa: PLC0415

    p = special.betainc(np.maximum(df_rest, 1) / 2, np.maximum(df_model, 1) / 2, unexplained)
    return np.where((df_rest > 0) & (df_model > 0), p, np.nan)


def correlation_test(r: Floats, n: Floats | Integers) -> Floats:
    """Return the two-sided p-value of a correlation r, computed from t = r sqrt((n - 2) / (1 - r^2)). It equals the p-value of
    the F test with one degree of freedom.
    """
    return variance_test((1 - r) * (1 + r), np.ones(1), np.asarray(n - 2, np.float64))


def benjamini_hochberg(p: NDArray[Any]) -> Floats:
    """Adjust p-values by the method of Benjamini & Hochberg (1995). All values in the array, except NaN, are one family."""
    q = np.full(np.shape(p), np.nan)
    tested = ~np.isnan(p)
    if tested.any():
        from scipy import stats  # noqa: PLC0415

        q[tested] = stats.false_discovery_control(p[tested], method="bh")
    return q
