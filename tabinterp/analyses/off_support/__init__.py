"""Does the network behave on perturbed rows as on real ones?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import OffSupport

ANALYSIS: Analysis[OffSupport] = Analysis(
    "off_support", "reading of perturbed rows", 0.015, rows="table", place="off_support"
)
