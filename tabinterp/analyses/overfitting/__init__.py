"""Is the network's loss lower on training rows than on held-out rows, and in which slices is the difference largest?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Overfitting

ANALYSIS: Analysis[Overfitting] = Analysis(
    "overfitting",
    "overfitting by slice",
    lambda size: 0.05 + 1.5e-5 * (size.training + size.evaluated),
    rows="table",
    page=(OnPage("robustness", "overfitting", 5),),
)
