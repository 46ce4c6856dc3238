"""In which slices of the rows is one of the models better?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Slices

ANALYSIS: Analysis[Slices] = Analysis("slices", "comparison of groups", 0.015, rows="performance", place="slices")
