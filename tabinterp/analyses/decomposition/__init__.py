"""How much of the network's score is linear, how much is curvature, and how much is interaction?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Decomposition

ANALYSIS: Analysis[Decomposition] = Analysis(
    "decomposition",
    "decomposition of the score",
    lambda size: 1 + 0.04 * size.columns * (1 + size.outputs) + 2e-4 * size.training,
    place="gain.shares",
    record="Shares",
    page=(OnPage("performance-chapter", "gain", 51),),
)
