"""Are the predicted probabilities right? Slope, intercept and reliability curve of both models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Calibration

ANALYSIS: Analysis[tuple[Calibration, Calibration]] = Analysis(
    "calibration",
    "calibration",
    lambda size: 0.1 * size.outputs,
    rows="performance",
    summed="calibration",
    place="calibration",
    record="Calibration",
    page=(OnPage("performance-chapter", "calibration", 40),),
)
