"""Encoded columns by original column: sums over a block, and the size of a gradient along one."""

from __future__ import annotations

import numpy as np

from ..models import Bound
from ..table.draws import FloatArray


def members(bound: Bound) -> FloatArray:
    """(d, columns) which encoded columns belong to which original column."""
    member = np.zeros((bound.x.shape[1], len(bound.columns)))
    for j, column in enumerate(bound.columns):
        member[bound.encoding.blocks[column], j] = 1.0
    return member


def covariances(bound: Bound) -> tuple[FloatArray, ...]:
    """Of each column's block over the rows."""
    blocks, weights = [bound.encoding.blocks[column] for column in bound.columns], bound.table.weights
    empty = np.zeros((0, 0))
    return tuple(
        np.atleast_2d(np.cov(bound.x[:, block], rowvar=False, bias=True, aweights=weights)) if len(block) else empty
        for block in blocks
    )


def sizes(bound: Bound, gradient: FloatArray, spread: tuple[FloatArray, ...]) -> FloatArray:
    """(n, columns, k) sqrt(g' S g) of every block, S its covariance."""
    result = np.zeros((len(gradient), len(bound.columns), gradient.shape[2]))
    for j, (column, covariance) in enumerate(zip(bound.columns, spread, strict=True)):
        block = bound.encoding.blocks[column]
        if len(block):
            part = gradient[:, block, :]
            result[:, j] = np.sqrt(np.maximum(np.einsum("nek,ef,nfk->nk", part, covariance, part, optimize=True), 0.0))
    return result


def known(bound: Bound, values: FloatArray) -> FloatArray:
    """(n, columns, k) the values of columns of their own; NaN for those that the encoder mixes."""
    mixed = np.array([not bound.encoding.local[c] for c in bound.columns])
    return np.where(mixed[None, :, None], np.nan, values)
