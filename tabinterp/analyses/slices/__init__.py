"""In which slices of the rows is one of the models better?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Slices

ANALYSIS: Analysis[Slices] = Analysis(
    "slices",
    "comparison of slices of rows",
    lambda size: 0.05 + 6e-5 * size.evaluated,
    rows="performance",
    place="slices",
    record="Slices",
    page=(OnPage("performance-chapter", "disagreeing", 61),),
)
