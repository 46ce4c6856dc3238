"""The covariance and degrees of freedom that a library reports for a linear model that it fitted."""

from __future__ import annotations

from dataclasses import dataclass

from tabinterp.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class OwnFit:
    """The inference that a library supplies with a linear model: `parameters` (k, 1 + d) of the raw outputs, with the intercept
    first, and their covariance (k (1 + d), k (1 + d)), output by output. If `df_residual` is None, the normal distribution is
    used.
    """

    parameters: FloatArray
    covariance: FloatArray
    kind: str
    rows: int
    df_residual: float | None
    r2: float | None
