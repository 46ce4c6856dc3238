"""What is a column worth when columns are correlated? Conditional, grouped and drop-column importance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Together

ANALYSIS: Analysis[Together] = Analysis(
    "conditional_importance",
    "conditional importance",
    0.04,
    needs=("permutation_importance",),
    place="together",
)
