"""How fast does each model lose performance when the values in its columns are perturbed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Robustness

ANALYSIS: Analysis[Robustness] = Analysis(
    "perturbation",
    "robustness to perturbed values",
    lambda size: 0.2 + size.evaluations((210 + 10 * size.columns) * size.drawn),
    page=(OnPage("robustness", "overfitting", 6),),
)
