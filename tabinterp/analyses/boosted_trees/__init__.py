"""Do boosted trees predict better than the network if they are fitted to the same training rows?"""

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
