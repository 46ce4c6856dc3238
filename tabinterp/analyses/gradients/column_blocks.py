"""Blocks of encoded columns that belong to one original column: membership, covariances and gradient sizes."""

from __future__ import annotations

import numpy as np

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models import BoundModel


def members(bound: BoundModel) -> FloatArray:
    """Return a matrix (d, columns) that is 1 where an encoded column belongs to an original column, and 0 elsewhere."""
    member = np.zeros((bound.x.shape[1], len(bound.columns)))
    for j, column in enumerate(bound.columns):
        member[bound.encoding.blocks[column], j] = 1.0
    return member


def covariances(bound: BoundModel) -> tuple[FloatArray, ...]:
    """Return the covariance matrix over rows of the encoded columns of each original column."""
    blocks, weights = [bound.encoding.blocks[column] for column in bound.columns], bound.table.weights
    empty = np.zeros((0, 0))
    return tuple(
        np.atleast_2d(np.cov(bound.x[:, block], rowvar=False, bias=True, aweights=weights)) if len(block) else empty
        for block in blocks
    )


def sizes(bound: BoundModel, gradient: FloatArray, spread: tuple[FloatArray, ...]) -> FloatArray:
    """Return the gradient size sqrt(g' S g) of every column in every row (n, columns, k).

    Here g is the gradient with respect to the encoded columns of one column, and S is their covariance matrix.
    """
    result = np.zeros((len(gradient), len(bound.columns), gradient.shape[2]))
    blocks = [bound.encoding.blocks[column] for column in bound.columns]
    single = [j for j, block in enumerate(blocks) if len(block) == 1]
    if single:
        deviations = np.sqrt([spread[j][0, 0] for j in single])
        result[:, single] = np.abs(gradient[:, [blocks[j][0] for j in single]]) * deviations[:, None]
    for j, (block, covariance) in enumerate(zip(blocks, spread, strict=True)):
        if len(block) > 1:
            for k in range(gradient.shape[2]):
                part = gradient[:, _span(block), k]
                result[:, j, k] = np.sqrt(np.maximum(np.einsum("ne,ne->n", part @ covariance, part), 0.0))
    return result


def spread_influences(
    bound: BoundModel, gradient: FloatArray, spread: tuple[FloatArray, ...], size: FloatArray
) -> FloatArray:
    """Return the influence (n, columns, k) of each row on the mean of `sizes` through the estimated covariances.

    The covariances S are estimated from the same rows, which have the mean m. The derivative of the mean of sqrt(g' S g) with
    respect to S is B, the mean of g g' / (2 sqrt(g' S g)). The influence of a row x on S is (x - m)(x - m)' - S. By the delta
    method, its influence on the mean size is (x - m)' B (x - m) - tr(B S). The weighted sum of these influences over the rows is
    zero.
    """
    weights = bound.table.row_weights / bound.table.row_weights.sum()
    result = np.zeros(size.shape)
    for j, (column, covariance) in enumerate(zip(bound.columns, spread, strict=True)):
        block = bound.encoding.blocks[column]
        away = bound.x[:, block] - weights @ bound.x[:, block]
        for k in range(size.shape[2]):
            own = np.divide(weights, 2 * size[:, j, k], out=np.zeros(len(size)), where=size[:, j, k] > 0)
            part = gradient[:, block, k]
            moved = (part * own[:, None]).T @ part
            result[:, j, k] = ((away @ moved) * away).sum(axis=1) - np.sum(moved * covariance)
    return result


def _span(block: IntArray) -> IntArray | slice:
    """Return the indices as a slice if they are adjacent, because NumPy does not copy slices."""
    together = block[-1] - block[0] == len(block) - 1 and bool((np.diff(block) == 1).all())
    return slice(int(block[0]), int(block[-1]) + 1) if together else block


def known(bound: BoundModel, values: FloatArray) -> FloatArray:
    """Return the values (n, columns, k), with NaN for columns that have no gradient."""
    mixed = np.array([not bound.encoding.has_slope(c) for c in bound.columns])
    return np.where(mixed[None, :, None], np.nan, values) if mixed.any() else values
