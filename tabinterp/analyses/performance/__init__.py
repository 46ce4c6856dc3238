"""How well do both models predict, and is the difference significant? This analysis is part of every audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Performance

ANALYSIS: Analysis[Performance] = Analysis(
    "performance",
    "performance",
    lambda size: (
        0.2
        + 5e-5 * size.evaluated * size.outputs
        + size.evaluations(2 * (size.evaluated + size.training))
        + size.beyond
    ),
    summed="performance",
    stream="streamed_metrics",
)
