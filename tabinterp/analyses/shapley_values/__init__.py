"""How much does each column contribute to the score of a row?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import ShapleyValues

ANALYSIS: Analysis[tuple[ShapleyValues, ShapleyValues]] = Analysis(
    "shapley_values",
    "Shapley values",
    lambda size: 1 + size.evaluations(400 * size.columns * min(size.drawn, 500)),
    place="shapley",
    record="Shapley",
    page=(OnPage("importance-chapter", "shapley", 40),),
)
