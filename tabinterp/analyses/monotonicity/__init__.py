"""Is the score monotone in a column over the whole domain? Monotonicity is proved, refuted by two rows, or undecided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Both

ANALYSIS: Analysis[Both] = Analysis(
    "monotonicity",
    "proof of monotonicity",
    lambda size: 0.1,
    rows="table",
    uses=("constraints",),
    page=(OnPage("people", "groups", 14),),
)
