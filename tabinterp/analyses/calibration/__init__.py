"""Are the predicted probabilities right? Slope, intercept and reliability curve of both models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Calibration

ANALYSIS: Analysis[tuple[Calibration, Calibration]] = Analysis(
    "calibration", "calibration", 0.01, rows="performance", summed="calibration", place="calibration"
)
