"""Coefficients of the linear model beside average derivatives of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis

if TYPE_CHECKING:
    from .estimator import Coefficients

ANALYSIS: Analysis[tuple[Coefficients, Coefficients]] = Analysis(
    "coefficients", "coefficients", 0.1, summed="coefficients", place="coefficients"
)
