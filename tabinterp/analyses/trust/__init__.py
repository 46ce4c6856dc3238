"""How reliable are the explanations, according to sanity checks, deletion and insertion curves, and stability?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import Trust

ANALYSIS: Analysis[tuple[Trust, Trust]] = Analysis(
    "trust",
    "trust checks",
    lambda size: 3 + size.evaluations(2.4e6 + 2.7e5 * size.columns),
    uses=("others", "null"),
    place="trust",
    record="Trust",
    page=(OnPage("robustness", "trust", 10),),
)
