"""Are there problems with the rows, such as leaks, duplicates, drift or sentinel values?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import DataReadings

ANALYSIS: Analysis[DataReadings] = Analysis(
    "data_quality",
    "data quality checks",
    lambda size: 0.8 + 0.08 * size.columns + 5e-5 * (size.training + size.evaluated),
    rows="table",
    summed="drift",
    place="table",
    record="TableReadings",
    page=(OnPage("data-chapter", "data", 10),),
)
