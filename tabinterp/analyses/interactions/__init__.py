"""Which pairs of columns act together?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Interactions

ANALYSIS: Analysis[Interactions] = Analysis("interactions", "interactions", 0.07, place="interactions")
