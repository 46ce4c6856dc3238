"""Rows of a matrix that are equal."""

from __future__ import annotations

import numpy as np

from ..table.draws import FloatArray, IntArray


def equal_rows(values: FloatArray) -> tuple[IntArray, IntArray]:
    """(groups,) a row of each group and (n,) the group of each row of `values` (n, d).

    Rows are told apart by a random projection, summed column by column: a matrix product may round equal rows apart.
    """
    key = np.zeros(len(values))
    draws = np.random.default_rng(0)
    for e in range(values.shape[1]):
        key += draws.normal() * values[:, e]
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    return first.astype(np.int64), group.astype(np.int64)
