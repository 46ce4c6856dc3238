"""What does each hidden unit do?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .audited_units import Inside

ANALYSIS: Analysis[Inside] = Analysis(
    "hidden_units",
    "hidden units",
    lambda size: 0.9 + 1.3e-6 * size.units * size.drawn,
    needs=("unit_correlations",),
    estimator="audited_units",
    place="inside",
    record="Inside",
    page=(
        OnPage("inside", "neurons", 10, "section.health"),
        OnPage("inside", "neurons", 12, "first_layer_section.build"),
        OnPage("inside", "neurons", 14),
    ),
)
