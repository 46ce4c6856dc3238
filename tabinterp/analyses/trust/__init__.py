"""How reliable are the explanations? Sanity checks, deletion and insertion, stability."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Trust

ANALYSIS: Analysis[tuple[Trust, Trust]] = Analysis("trust", "trust checks", 0.04, place="trust")
