"""Which pairs of columns interact?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Interactions

ANALYSIS: Analysis[Interactions] = Analysis(
    "interactions",
    "interactions",
    lambda size: (
        1.5
        + size.evaluations(
            min(2e6, size.drawn * size.columns**2 / 2)
            + max(1_000 * min(size.drawn, 2_048), 25 * min(size.drawn, 112) ** 2)  # pairs of rows
        )
    ),
    place="interactions",
    record="Interactions",
    page=(OnPage("effects-chapter", "interactions", 30),),
)
