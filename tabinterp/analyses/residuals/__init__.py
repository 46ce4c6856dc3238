"""How large are the errors of each model, and do they depend on the prediction?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Residuals

ANALYSIS: Analysis[Residuals] = Analysis(
    "residuals",
    "residuals",
    lambda size: 0.1 + 5e-5 * size.evaluated,
    rows="performance",
    page=(OnPage("performance-chapter", "residuals", 30),),
)
