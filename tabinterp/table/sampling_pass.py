"""The sampling pass over batches, which chooses the held-out rows and draws the sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tabinterp.arrays import IntArray

from .checkpoints import Arrays, pack_column, unpack_column
from .digest import start as start_digests
from .digest import update as update_digests
from .hash_sampling import content_hash, row_hash
from .schema import Schema
from .split import BoolArray, Split
from .summary import class_rows, masses
from .table import Table


class Copies:
    """Assignment of the rows of each batch to the two sides of the split. If the copies of duplicate rows are numbered for the
    split, this object counts the copies in all earlier batches.
    """

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def held_out(self, split: Split, table: Table) -> BoolArray:
        before = self._counts(table.frame, split) if split.numbered else None
        return split.held_out(table.frame, table.codes, table.schema.labels, before)

    def _counts(self, frame: pd.DataFrame, split: Split) -> IntArray:
        """Return, for each row, the number of its copies in earlier batches (rows,)."""
        hashes = content_hash(frame, split.columns, split.seed)
        places, at, count = np.unique(hashes, return_inverse=True, return_counts=True)
        keys = places.tolist()
        before = np.array([self._seen.get(key, 0) for key in keys], dtype=np.int64)
        self._seen.update(zip(keys, (before + count).tolist(), strict=True))
        return before[at]


class Sides:
    """The held-out rows, stored in a packed array with one bit per row."""

    def __init__(self) -> None:
        self.rows = self.held_out = 0
        self._packed: list[NDArray[np.uint8]] = []
        self._left: BoolArray = np.empty(0, dtype=bool)  # fewer than eight remaining bits

    def add(self, bits: BoolArray) -> None:
        self.rows, self.held_out = self.rows + len(bits), self.held_out + int(bits.sum())
        bits = np.concatenate([self._left, bits])
        whole = len(bits) // 8 * 8
        self._packed.append(np.packbits(bits[:whole]))
        self._left = bits[whole:]

    def packed(self) -> NDArray[np.uint8]:
        return np.concatenate([*self._packed, np.packbits(self._left)])


class Pool:
    """A random sample of the rows seen so far: the rows with the smallest hashes, up to a given number of rows."""

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


class Gathered:
    """The results of the sampling pass. `types` contains, for each column, an empty column of its final type."""

    def __init__(self, types: dict[str, pd.Series], schema: Schema, split: Split | None, most: int, seed: int) -> None:
        self._split = split
        self.digests = start_digests(pd.DataFrame(types))
        self.pools = {side: Pool(most, seed) for side in (False, True)}
        self.sides = Sides()
        self.weights, self.mass = np.zeros(len(schema.classes)), {False: 0.0, True: 0.0}
        self.held = np.zeros(len(schema.classes), dtype=np.int64)
        self._copies = Copies()
        self.rows = 0

    def update(self, table: Table) -> None:
        update_digests(self.digests, table.frame)
        self.weights = self.weights + masses(table)
        self.held = self.held + class_rows(table)
        held_out = None if self._split is None else self._copies.held_out(self._split, table)
        if held_out is not None:
            self.sides.add(held_out)
        for side, pool in self.pools.items():
            mine = np.full(len(table), not side) if held_out is None else held_out == side
            self.mass[side] += float(table.row_weights[mine].sum())
            pool.update(table.take(mine))
        self.rows += len(table)


def pack_table(table: Table | None, name: str, arrays: Arrays) -> Any:
    """Pack the rows of a table as arrays with names that start with `name`. The split is not included."""
    if table is None:
        return None
    arrays |= {f"{name}numbers": table.numbers, f"{name}y": table.y}
    arrays |= {} if table.weights is None else {f"{name}weights": table.weights}
    return [[column, pack_column(table.frame[column], f"{name}{i}", arrays)] for i, column in enumerate(table.frame)]


def unpack_table(packed: Any, name: str, arrays: Arrays, like: Table) -> Table:
    """Return the table from the output of `pack_table`, with the schema of `like`."""
    frame = pd.DataFrame({column: unpack_column(one, f"{name}{i}", arrays) for i, (column, one) in enumerate(packed)})
    rows = (arrays[f"{name}y"], arrays[f"{name}numbers"], arrays.get(f"{name}weights"))
    return Table(like.name, frame, like.schema, *rows)


def joined(tables: Sequence[Table]) -> Table:
    """Concatenate tables with the same schema. The rows are sorted by row number."""
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
