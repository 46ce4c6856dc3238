"""Does the verdict change after both models are recalibrated?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Recalibrated

ANALYSIS: Analysis[Recalibrated] = Analysis(
    "recalibration", "recalibration", lambda size: 0.3, rows="performance", place="judged", builder="performance"
)
