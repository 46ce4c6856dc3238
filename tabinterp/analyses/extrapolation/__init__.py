"""How does the score continue beyond the range of the data?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Extrapolation

ANALYSIS: Analysis[Extrapolation] = Analysis(
    "extrapolation",
    "extrapolation beyond the range of the data",
    lambda size: 0.1 + 0.05 * size.columns,
    place="extrapolation",
    record="Extrapolation",
    page=(OnPage("robustness", "off-data", 21),),
)
