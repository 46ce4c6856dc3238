"""Functions that find groups of identical rows, and groups of columns that are permuted together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.errors import NotApplicableError, did_you_mean


def equal_rows(values: FloatArray) -> tuple[IntArray, IntArray]:
    """Group identical rows of `values` (n, d). Return the position of one row per group (groups,), and the group of each row
    (n,).

    Rows are compared by a random projection. The projection is computed column by column, because a matrix product may round
    identical rows differently.
    """
    key = np.zeros(len(values))
    draws = np.random.default_rng(0)
    for e in range(values.shape[1]):
        key += draws.normal() * values[:, e]
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    return first.astype(np.int64), group.astype(np.int64)


def players_of(columns: tuple[str, ...], groups: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return a dict of the sets of columns that are permuted together. It maps the name of each group to the columns in the
    group. The name of a column that is in no group is mapped to this column only.
    """
    unknown = [c for members in groups.values() for c in members if c not in columns]
    if unknown:
        near = did_you_mean(str(unknown[0]), columns)
        raise NotApplicableError(f"unknown column in groups: {unknown}.{near} The input columns are {list(columns)}")
    taken = [c for members in groups.values() for c in members]
    twice = sorted({c for c in taken if taken.count(c) > 1} | (set(groups) & (set(columns) - set(taken))))
    if twice:
        raise NotApplicableError(
            "each column can be in only one group, and a group cannot have the name of a column that is outside the group; the "
            f"conflicting names are {twice}. Remove the columns from all but one group, or rename the group"
        )
    if any(len(members) == 0 for members in groups.values()):
        raise NotApplicableError(
            "every group must contain at least one column, but one group is empty. Leave out that group, or "
            "add columns to it"
        )
    single = {c: (c,) for c in columns if c not in taken}
    return single | {name: tuple(c for c in columns if c in members) for name, members in groups.items()}
