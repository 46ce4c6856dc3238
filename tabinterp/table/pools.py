"""What a pass over batches gathers of their rows: which are held out, and which are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from .draws import IntArray, content_hash, row_hash
from .split import BoolArray, Split
from .table import Table


class Copies:
    """Sides of rows; where copies are told apart by their count, how often each was seen."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def held_out(self, split: Split, table: Table) -> BoolArray:
        before = self._counts(table.frame, split) if split.numbered else None
        return split.held_out(table.frame, table.codes, table.schema.labels, before)

    def _counts(self, frame: pd.DataFrame, split: Split) -> IntArray:
        """(rows,) how many copies of each row came in earlier batches."""
        hashes = content_hash(frame, split.columns, split.seed)
        places, at, count = np.unique(hashes, return_inverse=True, return_counts=True)
        keys = places.tolist()
        before = np.array([self._seen.get(key, 0) for key in keys], dtype=np.int64)
        self._seen.update(zip(keys, (before + count).tolist(), strict=True))
        return before[at]


class Pool:
    """The rows of least hash, at most so many."""

    def __init__(self, most: int, seed: int) -> None:
        self._most, self._seed = most, seed
        self._tables: list[Table] = []
        self._size, self._highest = 0, np.uint64(2**64 - 1)

    def update(self, table: Table) -> None:
        low = table.take(row_hash(table.numbers, self._seed) <= self._highest)
        if len(low):
            self._tables.append(low)
            self._size += len(low)
        if self._size > 2 * self._most:
            self._prune()

    def table(self) -> Table | None:
        self._prune()
        return self._tables[0] if self._tables else None

    def _prune(self) -> None:
        if not self._tables:
            return
        whole = joined(self._tables)
        hashes = row_hash(whole.numbers, self._seed)
        kept = np.sort(np.argsort(hashes, kind="stable")[: self._most]).astype(np.int64)
        self._tables, self._size = [whole.take(kept)], len(kept)
        if len(kept) == self._most:
            self._highest = hashes[kept].max()


def joined(tables: Sequence[Table]) -> Table:
    """Rows of tables of one schema, in the order of their numbers."""
    first = tables[0]
    numbers = np.concatenate([one.numbers for one in tables])
    order = np.argsort(numbers, kind="stable").astype(np.int64)
    whole = replace(
        first,
        frame=pd.concat([one.frame for one in tables], ignore_index=True),
        y=np.concatenate([one.y for one in tables]),
        numbers=numbers,
        weights=None if first.weights is None else np.concatenate([one.row_weights for one in tables]),
    )
    return whole.take(order)
