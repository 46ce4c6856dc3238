"""On which rows do the two models decide differently, and which model is right on these rows?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Disagreement

ANALYSIS: Analysis[Disagreement] = Analysis(
    "disagreement",
    "comparison of decisions",
    lambda size: 0.3 + 1e-4 * size.evaluated,
    place="disagreement",
    record="Disagreement",
    page=(OnPage("performance-chapter", "disagreeing", 60),),
)
