"""How much worse is each model on hard rows, on rows far from the training rows, in the worst cluster, and under more drift?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Resilience

ANALYSIS: Analysis[Resilience] = Analysis(
    "resilience",
    "resilience on hard and outer rows",
    lambda size: 1.0 + (1e-4 + 1e-5 * size.columns) * min(size.evaluated, 20_000),
    page=(OnPage("robustness", "overfitting", 8),),
)
