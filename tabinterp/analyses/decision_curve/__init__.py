"""How costly are decisions, and what is the net benefit of each model at each threshold?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Decisions

ANALYSIS: Analysis[Decisions] = Analysis(
    "decision_curve",
    "net benefit",
    lambda size: 0.2,
    rows="performance",
    place="judged.decisions",
    record="Decisions",
    page=(OnPage("performance-chapter", "calibration", 41),),
)
