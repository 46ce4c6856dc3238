"""Does the order of columns under integrated gradients depend on the baseline?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Baselines

ANALYSIS: Analysis[tuple[Baselines, Baselines]] = Analysis(
    "baselines", "baselines", 0.03, needs=("gradients",), place="gradients"
)
