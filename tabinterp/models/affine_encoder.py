"""Affine steps of encoders, such as principal components.

An encoder is split into a head, whose output is `x`, and the later steps `mix`. If the later steps are affine, `mix(x) == x @
weight.T + constant`. If the head encodes a column separately, a change in that column affects only some entries of `x`. The
encoded row then changes by `weight` times the change in `x`, even if every encoded column depends on that column.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tabinterp.arrays import FloatArray

from .column_lineage import COLUMN_LOCAL, HELD, known_as

WIDEST = 4096  # maximum number of columns of the head, each of which is transformed once to find the map
NEAR = 1e-9

AFFINE: dict[str, Callable[[Any], bool]] = {  # transformer -> whether it is affine with its settings
    "sklearn.PCA": lambda _: True,
    "sklearn.IncrementalPCA": lambda _: True,
    "sklearn.TruncatedSVD": lambda _: True,
    "sklearn.FastICA": lambda _: True,
    "sklearn.FactorAnalysis": lambda _: True,
    "sklearn.GaussianRandomProjection": lambda _: True,
    "sklearn.SparseRandomProjection": lambda _: True,
    "sklearn.StandardScaler": lambda _: True,
    "sklearn.MaxAbsScaler": lambda step: not getattr(step, "clip", False),
    "sklearn.RobustScaler": lambda _: True,
    "sklearn.MinMaxScaler": lambda step: not step.clip,
    "sklearn.PLSRegression": lambda _: True,
    "sklearn.LinearDiscriminantAnalysis": lambda _: True,
    "sklearn.VarianceThreshold": lambda _: True,
    "sklearn.SelectKBest": lambda _: True,
    "sklearn.SelectPercentile": lambda _: True,
    "sklearn.SelectFromModel": lambda _: True,
}


def is_affine(step: Any) -> bool:
    """Return whether a fitted step is on the list of affine steps, or contains only such steps."""
    kind = known_as(step)
    if step is None or (isinstance(step, str) and step in ("passthrough", "drop")):
        return True
    if kind == "sklearn.FunctionTransformer":
        return step.func is None
    if kind in HELD:
        return all(map(is_affine, HELD[kind](step)))
    return kind in AFFINE and AFFINE[kind](step)


def is_nearly_affine(step: Any) -> bool:
    """Return whether a fitted step is affine or works column by column, or consists of such steps (for example, an imputer
    followed by principal components).
    """
    if known_as(step) in HELD:
        return all(map(is_nearly_affine, HELD[known_as(step)](step)))
    return known_as(step) in COLUMN_LOCAL or is_affine(step)


def weight_of(
    mix: Callable[[FloatArray], FloatArray], head: FloatArray, encoded: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Return the matrix (d, c) and the constant (d,) of affine steps.

    Return None if the matrix and the constant do not reproduce the encoded rows (n, d) from the output (n, c) of the head.
    """
    width = head.shape[1]
    if not 0 < width <= WIDEST or not np.isfinite(head).all():
        return None
    try:
        constant = mix(np.zeros((1, width)))
        weight = mix(np.eye(width)) - constant
    except Exception:  # the step does not accept an array, so whole rows will be encoded
        return None
    scale = max(1.0, float(np.abs(encoded).max())) if np.isfinite(encoded).all() else np.nan
    gap = np.abs(head @ weight + constant - encoded).max() if len(head) else 0.0
    return (np.ascontiguousarray(weight.T), constant[0]) if gap <= NEAR * scale else None
