"""Which rows activate a hidden unit or an output most?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from tabinterp.analyses.hidden_units.audited_units import Optima

ANALYSIS: Analysis[Optima] = Analysis(
    "maximisation",
    "optima of hidden units",
    lambda size: 1 + 0.45 * size.columns,
    needs=("hidden_units",),
    estimator="audited_optima",
    place="inside.outputs",
    record=None,
    page=(OnPage("inside", "neurons", 15),),
)
