"""Which columns is each hidden unit correlated with?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import NeuronCorrelations

ANALYSIS: Analysis[NeuronCorrelations] = Analysis(
    "unit_correlations",
    "correlations of hidden units",
    lambda size: 0.1 + 2.5e-6 * size.units * size.drawn,
    summed="neurons",
    place="neurons",
    record="Neurons",
    always=True,
    page=(
        OnPage("inside", "neurons", 11),
        OnPage("inside", "neurons", 13, "section.every_unit"),
        OnPage("inside", "mechanism", 29, "section.dropped"),
    ),
)
