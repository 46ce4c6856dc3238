"""How important is a column when columns are correlated? Conditional, grouped and drop-column importance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Together

ANALYSIS: Analysis[Together] = Analysis(
    "conditional_importance",
    "conditional importance",
    lambda size: (
        0.3
        + size.evaluations(20 * size.columns * size.drawn)
        + size.columns * (0.05 + 1e-5 * size.training) * (5 + size.outputs) / 6
    ),
    needs=("permutation_importance",),
    place="together",
    record="Together",
    page=(
        OnPage("importance-chapter", "together", 30),
        OnPage("importance-chapter", "together", 32, "section.grouped"),
    ),
)
