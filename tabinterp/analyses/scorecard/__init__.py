"""Can the simplest refit that predicts as well as the network be written as a scorecard, and how much accuracy is lost?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Scorecard

ANALYSIS: Analysis[Scorecard] = Analysis(
    "scorecard",
    "scorecard",
    lambda size: 0.5 + 5e-5 * size.training + 1e-4 * size.evaluated if size.classes == 2 else 0.0,
    rows="performance",
    needs=("ladder",),
    page=(OnPage("performance-chapter", "gain", 53),),
)
