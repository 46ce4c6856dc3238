"""What does each hidden unit do?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .audited_units import Inside

ANALYSIS: Analysis[Inside] = Analysis(
    "hidden_units",
    "hidden units",
    0.03,
    needs=("unit_correlations",),
    estimator="audited_units",
    place="inside",
)
