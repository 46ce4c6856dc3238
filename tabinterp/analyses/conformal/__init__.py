"""How wide are prediction intervals or sets that cover 90% of the outcomes, and where is their coverage too low?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Conformal

ANALYSIS: Analysis[Conformal] = Analysis(
    "conformal",
    "conformal prediction",
    lambda size: 0.2 + 2e-4 * size.evaluated,
    rows="performance",
    page=(OnPage("robustness", "overfitting", 7),),
)
