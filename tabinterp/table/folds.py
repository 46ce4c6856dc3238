"""Folds of rows for fitting and scoring; all rows of a group are in the same fold."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from tabinterp.arrays import IntArray

from .hash_sampling import row_hash
from .table import Table


def anchors(table: Table) -> IntArray:
    """Return, for each row, the row number (rows,) that is hashed in random draws: the smallest row number in its group, or the
    row's own number if there are no groups.
    """
    if table.groups is None:
        return table.numbers
    first = np.full(int(table.groups.max(initial=0)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, table.groups, table.numbers)
    return first[table.groups]


def folds(table: Table, seed: int, count: int) -> IntArray:
    """Return the fold of each row (rows,), from 0 to `count` - 1. A hash of the row's group determines its fold, so folds have
    equal sizes only on average.
    """
    return (row_hash(anchors(table), seed) % np.uint64(count)).astype(np.int64)


def dealt(table: Table, seed: int, count: int) -> IntArray:
    """Divide the rows into `count` parts of whole groups, and return the part of each row (rows,), from 0 to `count` - 1. Groups
    are assigned to parts in turn, in the order of their hashes.

    No part is empty unless there are fewer groups than parts.
    """
    _, place, group = np.unique(anchors(table), return_index=True, return_inverse=True)
    order = np.argsort(row_hash(anchors(table)[place], seed), kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return np.asarray(rank[group] % count)


def by_group(
    strata: IntArray, groups: IntArray, needed: Sequence[int], most: int, seed: int
) -> list[tuple[IntArray, IntArray]]:
    """Divide rows into at most `most` folds of whole groups. The proportions of the strata are as similar in all folds as whole
    groups allow.

    Parameters
    ----------
    strata : (rows,) the stratum of each row as a number, such as its class.
    groups : (rows,) the group of each row as a number.
    needed : strata that must occur among the fitting rows of every fold.

    Returns
    -------
    For each fold, the positions of the fitting rows and of the scored rows. There are as many folds as possible, given that the
    fitting rows of every fold must contain all needed strata. The list is empty if this is impossible even with two folds.
    """
    largest = int(np.unique(strata, return_counts=True)[1].max())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a stratum in fewer groups than parts
        for count in range(min(most, len(np.unique(groups)), largest), 1, -1):
            cutting = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
            parts = [(fitted, judged) for fitted, judged in cutting.split(strata, strata, groups) if len(judged)]
            if all(np.isin(needed, strata[fitted]).all() for fitted, _ in parts):
                return parts
    return []
