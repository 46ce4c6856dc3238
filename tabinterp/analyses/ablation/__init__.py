"""How much does the loss rise when a hidden unit, or a group of hidden units, is ablated?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Ablations

ANALYSIS: Analysis[Ablations] = Analysis(
    "ablation",
    "ablation of groups of units",
    lambda size: 0.2 + 6e-6 * size.units * min(size.drawn, 4_000),
    place="mechanism.groups",
    record="UnitGroups",
    page=(OnPage("inside", "mechanism", 24),),
)
