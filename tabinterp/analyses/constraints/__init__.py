"""Does the score respect the directions and ranges that the user declared?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Constraints

ANALYSIS: Analysis[Constraints] = Analysis(
    "constraints",
    "declared constraints",
    lambda size: 0.1,
    uses=("constraints",),
    place="groups.constraints",
    record="ConstraintTable",
    page=(OnPage("people", "groups", 13),),
)
