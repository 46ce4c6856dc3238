"""Are there less discriminatory models that could replace the network?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Alternatives

ANALYSIS: Analysis[Alternatives] = Analysis(
    "alternatives",
    "alternatives considered",
    lambda size: 0.4,
    rows="performance",
    needs=(
        "groups",
        "proxies",
    ),
    place="groups.alternatives",
    record="Alternatives",
    page=(OnPage("people", "groups", 15),),
)
