"""Is something wrong with the rows? Leaks, duplicates, drift, sentinel values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import DataReadings

ANALYSIS: Analysis[DataReadings] = Analysis(
    "data_quality", "rows alone", 0.04, rows="table", summed="drift", place="table"
)
