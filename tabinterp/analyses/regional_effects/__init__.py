"""Where does an average effect curve hide several different effects?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import RegionalEffects

ANALYSIS: Analysis[RegionalEffects] = Analysis(
    "regional_effects",
    "regional effects",
    lambda size: 0.2 + size.evaluations(20 * min(size.columns, 8) * min(size.drawn, 1000)),
    needs=("permutation_importance",),
    page=(OnPage("effects-chapter", "effects", 25),),
)
