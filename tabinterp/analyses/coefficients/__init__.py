"""How do the coefficients of the linear model compare with average derivatives of the network?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Coefficients

ANALYSIS: Analysis[tuple[Coefficients, Coefficients]] = Analysis(
    "coefficients",
    "coefficients",
    lambda size: 0.1 + 1e-4 * size.evaluated * size.outputs + size.evaluations(1.5 * size.encoded * size.evaluated),
    summed="coefficients",
    place="coefficients",
    record="Coefficients",
    always=True,
    page=(OnPage("effects-chapter", "coefficients", 10),),
)
