"""The inference supplied with a linear model."""

from __future__ import annotations

from dataclasses import dataclass

from tabinterp.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class OwnFit:
    """A linear model's own inference: `parameters` (k, 1 + d) of raw outputs, the intercept first, and their covariance
    (k (1 + d), k (1 + d)), output by output. `df_residual` None: the normal distribution."""

    parameters: FloatArray
    covariance: FloatArray
    kind: str
    rows: int
    df_residual: float | None
    r2: float | None
