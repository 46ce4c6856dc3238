"""How does the score change along a column? Partial dependence and accumulated local effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Effects

ANALYSIS: Analysis[tuple[Effects, Effects]] = Analysis(
    "effects",
    "effect curves",
    lambda size: 0.6 + size.evaluations(40 * min(size.columns, 8) * size.drawn),
    needs=("permutation_importance",),
    summed="effects",
    stream="streaming",
    place="effects",
    record="Effects",
    page=(OnPage("effects-chapter", "effects", 20),),
)
