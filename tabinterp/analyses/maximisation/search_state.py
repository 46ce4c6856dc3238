"""States of a search: the chosen candidate of each group of columns, and the resulting score.

The *first affine output* (`front` in the code) is the output of the network's first affine operations (`models.affine_front`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tabinterp.arrays import FloatArray, IntArray

from .objective_values import Reader
from .search_space import Domain

CELLS = 3_000_000  # numbers in one block of fronts


@dataclass(frozen=True, eq=False)
class States:
    """A set of S search states.

    Attributes
    ----------
    of : for each state, the index of its objective (S,).
    at : index of the chosen candidate of each group of columns (S, groups).
    value : values of the numeric columns that are encoded linearly (S, groups).
    z : first affine output of each state (S, h).
    score : value of the objective (S,).
    """

    of: IntArray
    at: IntArray
    value: FloatArray
    z: Tensor
    score: FloatArray

    def take(self, which: IntArray) -> States:
        return States(
            self.of[which], self.at[which], self.value[which], self.z[torch.as_tensor(which)], self.score[which]
        )

    def put(self, which: IntArray, other: States) -> None:
        self.at[which], self.value[which], self.score[which] = other.at, other.value, other.score
        self.z[torch.as_tensor(which)] = other.z


def begin(domain: Domain, reader: Reader, of: IntArray, at: IntArray, value: FloatArray) -> States:
    z = domain.front(at, value)
    return States(of, at.copy(), value.copy(), z, score_of(reader, z, of))


def score_of(reader: Reader, z: Tensor, of: IntArray) -> FloatArray:
    """Return the score (S,): the value of each state's objective at the state's first affine output."""
    block = max(1, CELLS // max(1, z.shape[1]))
    with torch.inference_mode():
        parts = [reader.scored(z[i : i + block, None], of[i : i + block])[:, 0] for i in range(0, len(z), block)]
        return np.asarray(torch.cat(parts).double().cpu().numpy())
