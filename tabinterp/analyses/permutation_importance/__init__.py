"""How much does the loss rise when the values of a column are permuted?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import PermutationImportance

ANALYSIS: Analysis[tuple[PermutationImportance, PermutationImportance]] = Analysis(
    "permutation_importance",
    "permutation importance",
    lambda size: 0.3 + size.evaluations(20 * size.columns * size.drawn),
    summed="permutation_importance",
    stream="streaming",
    place="importance",
    record="Importance",
    always=True,
    page=(OnPage("importance-chapter", "importance", 10),),
)
