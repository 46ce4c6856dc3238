"""Which columns are the reasons for an adverse decision, and how stable are these reasons?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import ReasonCodes

ANALYSIS: Analysis[ReasonCodes] = Analysis(
    "reason_codes",
    "reason codes",
    lambda size: 5 + size.evaluations(6e6) if size.classes == 2 else 0.0,
    place="reasons",
    record="Reasons",
    page=(OnPage("people", "reasons", 20),),
)
