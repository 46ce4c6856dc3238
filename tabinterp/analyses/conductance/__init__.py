"""How much of the score runs through each hidden unit?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Conductances

ANALYSIS: Analysis[Conductances] = Analysis("conductance", "conductance", 0.01, place="mechanism")
