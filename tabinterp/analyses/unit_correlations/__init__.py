"""Which columns is each hidden unit correlated with?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import NeuronCorrelations

ANALYSIS: Analysis[NeuronCorrelations] = Analysis(
    "unit_correlations", "neurons", 0.03, summed="neurons", place="neurons"
)
