"""The covariance and degrees of freedom that a library reports for a linear model that it fitted."""

from __future__ import annotations

from dataclasses import dataclass

from tabinterp.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class OwnFit:
    """The statistical inference that a library supplies with a linear model.

    `parameters` (k, 1 + d) contains the parameters of each raw output, with the intercept first. `covariance` (k (1 + d), k (1 +
    d)) contains their covariances, with the parameters ordered by output. If `df_residual` is None, intervals use the normal
    distribution instead of Student's t.
    """

    parameters: FloatArray
    covariance: FloatArray
    kind: str
    rows: int
    df_residual: float | None
    r2: float | None
