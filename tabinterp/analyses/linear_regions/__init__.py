"""Into how many linear regions does the network divide the rows, and what are the coefficients in each region?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import LinearRegions

ANALYSIS: Analysis[LinearRegions] = Analysis(
    "linear_regions",
    "linear regions",
    lambda size: 0.05,
    needs=("coefficients",),
    place="mechanism.regions",
    record="Regions",
    page=(OnPage("inside", "mechanism", 21),),
)
