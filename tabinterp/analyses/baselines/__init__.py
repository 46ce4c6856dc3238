"""Does the ranking of columns by integrated gradients depend on the baseline?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Baselines

ANALYSIS: Analysis[tuple[Baselines, Baselines]] = Analysis(
    "baselines",
    "baselines",
    lambda size: 0.8 + size.evaluations(800 * size.outputs * min(size.drawn, 500)),
    needs=("gradients",),
    place="gradients.baselines",
    record="Baselines",
    page=(OnPage("importance-chapter", "gradients", 51),),
)
