"""Does the verdict change after both models are recalibrated?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Recalibrated

ANALYSIS: Analysis[Recalibrated] = Analysis("recalibration", "recalibration", 0.015, rows="performance", place="judged")
