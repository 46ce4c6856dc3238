"""Does the network behave on perturbed rows as it does on real rows?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import OffSupport

ANALYSIS: Analysis[OffSupport] = Analysis(
    "off_support",
    "comparison of perturbed and real rows",
    lambda size: 0.5 + 0.03 * size.columns + size.evaluations(800 * size.columns + 2_000),
    rows="table",
    place="off_support",
    record="OffSupport",
    page=(OnPage("robustness", "off-data", 20),),
)
