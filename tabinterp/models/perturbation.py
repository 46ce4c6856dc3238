"""Scores of perturbed rows, which take some of their columns from other rows.

If the encoder encodes a column separately, the column affects the scores only through `z`. Replacing it therefore only updates
the column's contribution to `z`. For other columns, the affected part of the encoding is computed again.
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
    """Return the scores (n, k), in double precision, of fronts `base + added`, in blocks that fit in the cache."""
    parts = []
    buffer = base.new_empty((BLOCK, base.shape[1]))
    for i in range(0, max(1, len(base)), BLOCK):
        z = base[i : i + BLOCK]
        if added is not None:
            z = torch.add(z, added if added.ndim == 1 else added[i : i + BLOCK], out=buffer[: len(z)])
        parts.append(rest(z).double())
    return torch.cat(parts)


def resolved(bound: BoundModel, difference: FloatArray) -> FloatArray:
    """Set differences of scores to zero if they may be rounding errors, because the sum of many such errors could look like an
    effect.
    """
    return np.where(np.abs(difference) > RESOLUTION * np.abs(bound.scores).max(), difference, 0.0)


def is_read(bound: BoundModel, columns: tuple[str, ...]) -> bool:
    """Return whether the model uses any of these columns."""
    return any(len(bound.encoding.blocks[c]) for c in columns)


def parts(bound: BoundModel) -> Tensor:
    """Return the contribution (n, columns, h) of each local column to the front of each row, up to a constant."""
    return torch.stack([bound.part((column,)) for column in bound.columns], dim=1)


def crossed(bound: BoundModel, columns: tuple[str, ...], receivers: IntArray, donors: IntArray) -> Tensor:
    """Return the scores (donors, receivers, k) of every receiver after these columns were replaced by those of every donor."""
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
    """Return the fronts (m, h) of combined rows. Column c of row i comes from row `sources[i, c]` (m, columns)."""
    if not bound.is_local(bound.columns):
        frame = bound.table.inputs
        columns = {c: frame[c].take(sources[:, j]).reset_index(drop=True) for j, c in enumerate(frame.columns)}
        return bound.front_of(bound.encoding.transform(with_columns(frame.iloc[:0], columns)))
    x = bound.x[sources[:, 0]]  # includes encoded columns that depend on no column
    for j, column in enumerate(bound.columns):
        block = bound.encoding.blocks[column]
        x[:, block] = bound.x[sources[:, j, None], block]
    return bound.front_of(x)
