"""How much does the loss rise without a hidden unit, or without a group of them?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Ablations

ANALYSIS: Analysis[Ablations] = Analysis("ablation", "ablation of groups of units", 0.005, place="mechanism")
