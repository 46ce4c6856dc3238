"""How much of the score flows through each hidden unit?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Conductances

ANALYSIS: Analysis[Conductances] = Analysis(
    "conductance",
    "conductance",
    lambda size: 0.4 + 0.0023 * size.units * size.outputs,
    place="mechanism.conductance",
    record="Conductance",
    page=(OnPage("inside", "mechanism", 22),),
)
