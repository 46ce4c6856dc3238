"""In which groups of rows does the network fail?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import WeakGroups

ANALYSIS: Analysis[WeakGroups] = Analysis(
    "subgroup_gaps",
    "search for weak subgroups",
    lambda size: 0.6 + 7e-4 * size.evaluated,
    rows="performance",
    place="groups.weak",
    record="WeakPart",
    page=(OnPage("people", "groups", 12),),
)
