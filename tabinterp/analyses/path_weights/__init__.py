"""How important is each column according to the weights along the paths from the column to the output?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import PathWeights

ANALYSIS: Analysis[PathWeights] = Analysis(
    "path_weights",
    "path products",
    lambda size: 0.5 + 0.07 * size.columns,
    needs=("coefficients",),
    place="mechanism.paths",
    record="Paths",
    page=(OnPage("inside", "mechanism", 23),),
)
