"""How do both models treat groups of people?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Groups

ANALYSIS: Analysis[Groups] = Analysis(
    "groups",
    "groups of people",
    lambda size: 0.15,
    rows="table",
    uses=("control",),
    summed="groups",
    place="groups",
    record="Groups",
    page=(OnPage("people", "groups", 10),),
)
