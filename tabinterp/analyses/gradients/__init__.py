"""How do gradients attribute the score to columns? Saliency, gradient x input, SmoothGrad, integrated and expected gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.base import Analysis, OnPage

if TYPE_CHECKING:
    from .estimator import GradientImportance

ANALYSIS: Analysis[list[tuple[GradientImportance, GradientImportance]]] = Analysis(
    "gradients",
    "gradients",
    lambda size: 1 + size.evaluations(2_000 * size.outputs * min(size.drawn, 2_000)),
    summed="gradients",
    stream="streaming",
    place="gradients",
    record="Gradients",
    always=True,
    page=(OnPage("importance-chapter", "gradients", 50),),
)
