"""Encoders that end in affine steps, such as principal components, after steps that may be column-local.

`encoder(rows) == head(rows) @ weight.T + constant`: a column that the head treats on its own moves the encoded row by its own
part of the head times `weight`, although every encoded column depends on it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from tabinterp.arrays import FloatArray

from .column_lineage import known_as

WIDEST = 4096  # columns of the head: the map is found by sending each of them through
NEAR = 1e-9

AFFINE: dict[str, Callable[[Any], bool]] = {  # transformer -> is it affine as it was set?
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
}


def cut(encoder: Any) -> tuple[Any, list[Any]] | None:
    """Return the encoder before its last affine steps (None: nothing) and those steps; None if it does not end in any."""
    steps = [step for _, step in encoder.steps if step is not None] if type(encoder) is Pipeline else [encoder]
    first = len(steps)
    while first and known_as(steps[first - 1]) in AFFINE and AFFINE[known_as(steps[first - 1])](steps[first - 1]):
        first -= 1
    if first == len(steps):
        return None
    head = Pipeline([(str(i), step) for i, step in enumerate(steps[:first])]) if first else None
    return head, steps[first:]


def weight_of(steps: list[Any], head: FloatArray, encoded: FloatArray) -> FloatArray | None:
    """Return the matrix (d, c) of affine steps, checked on rows of the head (n, c) and the encoded rows (n, d)."""
    width = head.shape[1]
    if not 0 < width <= WIDEST or not np.isfinite(head).all():
        return None
    try:
        constant = _through(steps, np.zeros((1, width)))
        weight = _through(steps, np.eye(width)) - constant
    except Exception:  # a step that does not take an array: the encoder is asked whole
        return None
    scale = max(1.0, float(np.abs(encoded).max())) if np.isfinite(encoded).all() else np.nan
    gap = np.abs(head @ weight + constant - encoded).max() if len(head) else 0.0
    return np.ascontiguousarray(weight.T) if gap <= NEAR * scale else None


def _through(steps: list[Any], rows: FloatArray) -> FloatArray:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        for step in steps:
            rows = step.transform(rows)
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, dtype=np.float64)
