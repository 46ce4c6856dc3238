"""Does the verdict change after both models are recalibrated?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Recalibrated

ANALYSIS: Analysis[Recalibrated] = Analysis(
    "recalibration",
    "recalibration",
    lambda size: 0.3,
    rows="performance",
    place="judged.recalibration",
    record="Recalibration",
    page=(OnPage("performance-chapter", "calibration", 42),),
)
