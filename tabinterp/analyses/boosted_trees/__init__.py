"""Do boosted trees, fitted to the same training rows, beat the network?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Reference

ANALYSIS: Analysis[Reference] = Analysis(
    "boosted_trees", "boosted trees as a reference", 0.04, rows="performance", place="judged"
)
