"""How well does each model separate the classes: ROC, precision-recall, KS, confusion matrix and gains?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Discrimination

ANALYSIS: Analysis[Discrimination] = Analysis(
    "discrimination",
    "discrimination",
    lambda size: 0.5 * size.outputs,
    rows="performance",
    page=(OnPage("performance-chapter", "discrimination", 20),),
)
