"""Scores of perturbed rows, in which the values of some columns are replaced by values from other rows.

Encoded columns affect the scores only through `z`, the outputs of the leading affine layers of the network. If the encoder
encodes a column separately, replacing its values changes only its contribution to `z`. For other columns, the affected encoded
columns are computed again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.table.coerce import with_columns

from .model import BoundModel

BLOCK = 2048
RESOLUTION = 2.0**-20  # relative to the largest score: smaller differences may be rounding in single precision


def forward(rest: Any, base: Tensor, added: Tensor | None = None) -> Tensor:
    """Apply the layers `rest` to `base + added`, and return the scores (n, k) in double precision.

    The inputs (n, h) are outputs of the leading affine layers. They are processed in blocks that fit in the cache.
    """
    parts = []
    buffer = base.new_empty((BLOCK, base.shape[1]))
    for i in range(0, max(1, len(base)), BLOCK):
        z = base[i : i + BLOCK]
        if added is not None:
            z = torch.add(z, added if added.ndim == 1 else added[i : i + BLOCK], out=buffer[: len(z)])
        parts.append(rest(z).double())
    return torch.cat(parts)


def resolved(bound: BoundModel, difference: FloatArray) -> FloatArray:
    """Set score differences to zero if they are so small that they may be rounding errors. The sum of many rounding errors could
    otherwise look like an effect.
    """
    return np.where(np.abs(difference) > RESOLUTION * np.abs(bound.scores).max(), difference, 0.0)


def is_read(bound: BoundModel, columns: tuple[str, ...]) -> bool:
    """Return whether the model uses any of these columns."""
    return any(len(bound.encoding.blocks[c]) for c in columns)


def parts(bound: BoundModel) -> Tensor:
    """Return the contribution (n, columns, h) of each column to `z` for each row, up to an additive constant. The encoder must
    encode all columns separately.
    """
    return torch.stack([bound.part((column,)) for column in bound.columns], dim=1)


def crossed(bound: BoundModel, columns: tuple[str, ...], receivers: IntArray, donors: IntArray) -> Tensor:
    """Return the scores (donors, receivers, k) of each receiver row after its values in these columns are replaced by those of
    each donor row in turn.
    """
    shape = (len(donors), len(receivers), len(bound.outputs))
    if not is_read(bound, columns):
        return forward(bound.rest, bound.z[receivers]).expand(shape)
    if not bound.is_local(columns):
        pairs = np.tile(receivers, len(donors)), np.repeat(donors, len(receivers))
        return forward(bound.rest, bound.moved(columns, *pairs)).reshape(shape)
    base, moves = bound.z[receivers] - bound.part(columns, receivers), bound.part(columns, donors)
    together = max(1, 4 * BLOCK // len(receivers))
    few = (moves[i : i + together] for i in range(0, len(moves), together))
    return torch.cat([forward(bound.rest, (base + some[:, None]).flatten(0, 1)) for some in few]).reshape(shape)


def mixed(bound: BoundModel, sources: IntArray) -> Tensor:
    """Return `z` (m, h) for rows that combine values of several rows.

    `sources` (m, columns) contains row positions: column c of combined row i comes from row `sources[i, c]`.
    """
    if not bound.is_local(bound.columns):
        frame = bound.table.inputs
        columns = {c: frame[c].take(sources[:, j]).reset_index(drop=True) for j, c in enumerate(frame.columns)}
        return bound.front_of(bound.encoding.transform(with_columns(frame.iloc[:0], columns)))
    x = bound.x[sources[:, 0]]  # includes encoded columns that depend on no column
    for j, column in enumerate(bound.columns):
        block = bound.encoding.blocks[column]
        x[:, block] = bound.x[sources[:, j, None], block]
    return bound.front_of(x)
