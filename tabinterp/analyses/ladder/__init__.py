"""What is the simplest model that predicts as well as the network?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Ladder

ANALYSIS: Analysis[Ladder] = Analysis(
    "ladder",
    "ladder of refits",
    lambda size: 1 + 0.07 * size.encoded * (1 + size.outputs) + 1e-4 * size.training,
    rows="performance",
    place="gain.ladder",
    record="Ladder",
    page=(OnPage("performance-chapter", "gain", 50),),
)
