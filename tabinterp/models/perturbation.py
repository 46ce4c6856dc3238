"""Scores of rows that take some of their columns from other rows.

A column that the encoder treats on its own reaches the scores through `z` alone: the move is an update of `z` by the
column's part. Any other column is moved by encoding whole rows again.
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
RESOLUTION = 2.0**-20  # of the largest score: what single precision behind the front cannot tell from nothing


def forward(rest: Any, base: Tensor, added: Tensor | None = None) -> Tensor:
    """(n, k) scores in double precision of fronts `base + added`, in blocks that fit the cache."""
    parts = []
    buffer = base.new_empty((BLOCK, base.shape[1]))
    for i in range(0, max(1, len(base)), BLOCK):
        z = base[i : i + BLOCK]
        if added is not None:
            z = torch.add(z, added if added.ndim == 1 else added[i : i + BLOCK], out=buffer[: len(z)])
        parts.append(rest(z).double())
    return torch.cat(parts)


def resolved(bound: BoundModel, difference: FloatArray) -> FloatArray:
    """Differences of scores, zero where they are no larger than rounding: a sum of many would pass for an effect."""
    return np.where(np.abs(difference) > RESOLUTION * np.abs(bound.scores).max(), difference, 0.0)


def is_read(bound: BoundModel, columns: tuple[str, ...]) -> bool:
    """Does the model read any of these columns?"""
    return any(len(bound.encoding.blocks[c]) for c in columns)


def parts(bound: BoundModel) -> Tensor:
    """(n, columns, h) what each column contributes to the front of each row, up to a constant; of local columns."""
    return torch.stack([bound.part((column,)) for column in bound.columns], dim=1)


def crossed(bound: BoundModel, columns: tuple[str, ...], receivers: IntArray, donors: IntArray) -> Tensor:
    """(donors, receivers, k) scores of every receiver with these columns from every donor."""
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
    """(m, h) front of rows put together: column c of row i comes from row `sources[i, c]` (m, columns)."""
    if not bound.is_local(bound.columns):
        frame = bound.table.inputs
        columns = {c: frame[c].take(sources[:, j]).reset_index(drop=True) for j, c in enumerate(frame.columns)}
        return bound.front_of(bound.encoding.transform(with_columns(frame.iloc[:0], columns)))
    x = bound.x[sources[:, 0]]  # with it what no column of the table feeds
    for j, column in enumerate(bound.columns):
        block = bound.encoding.blocks[column]
        x[:, block] = bound.x[sources[:, j, None], block]
    return bound.front_of(x)
