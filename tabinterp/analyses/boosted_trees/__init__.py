"""Do boosted trees, fitted to the same training rows, beat the network?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Reference

ANALYSIS: Analysis[Reference] = Analysis(
    "boosted_trees",
    "boosted trees as a reference",
    lambda size: 0.4 + 1.2e-4 * size.training * (1 + size.outputs),
    rows="performance",
    place="judged.reference",
    record="Reference",
    page=(OnPage("performance-chapter", "gain", 52),),
)
