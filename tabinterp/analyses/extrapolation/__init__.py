"""How does the score go on beyond the range of the data?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Extrapolation

ANALYSIS: Analysis[Extrapolation] = Analysis("extrapolation", "reading beyond the range", 0.015, place="extrapolation")
