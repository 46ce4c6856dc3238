"""The first pass over the batches of a source, which infers the schema."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from tabinterp.arrays import HashArray
from tabinterp.errors import TableError

from .checkpoints import Arrays, Keeping, State, Told, at_most, pack_column, unpack_column
from .coerce import plain
from .column_sketch import MOST, Witness, cast, merge, witness
from .prefetch import ahead
from .readers import Source
from .schema import Schema
from .schema_inference import Asked, Marks, merge_marks
from .split import Split, by_column, drawn, drawn_groups, unit_hash
from .split import distinct as distinct_rows

NAME = "columns"  # name of its saved state


def first_pass(asked: Asked, source: Source, keep: Keeping | None, told: Told | None) -> First:
    """Run the first pass over the batches of a source. If a state was saved, only the batches after it are read."""
    found, seen = First(asked, source.texts), source.fingerprints
    state = None if keep is None else keep.read(NAME)
    if keep is not None and state is not None:
        with keep.restoring(NAME):
            found.restore(*state, most=math.inf if source.rows is None else source.rows)
            seen.restore(state[1]["read"], found.rows if state[1]["end"] else None)
            if state[1]["end"]:
                return found
    for frame in ahead(source.batches(found.rows, "the first pass")):
        found.update(frame)
        if told is not None:
            told("inferring the schema", found.rows, source.rows)
        if keep is not None:
            keep.write(NAME, found.kept(seen.pack(), end=False))
    found.without_target = None if source.left_out is None else source.left_out()
    if keep is not None:
        keep.write(NAME, found.kept(seen.pack(), end=True))
    return found


class First:
    """The results of the first pass, which determine the schema and the split. They are updated after each batch."""

    def __init__(self, asked: Asked, texts: Sequence[str] = ()) -> None:
        self.asked, self._texts = asked, {*texts}
        self.rows = 0
        self.without_target: int | None = None
        self.columns: dict[str, Witness] = {}
        self.marks: Marks = {}
        self.hashes: HashArray = np.empty(0, dtype=np.uint64)
        self.dates: pd.Series | None = None  # value of the split column -> number of rows

    def update(self, raw: pd.DataFrame) -> None:
        if self.rows == 0:
            self.asked.check([*map(str, raw.columns)])
        elif [*raw.columns] != [*self.columns]:
            raise TableError(
                f"all rows must have the same columns, but from row {self.rows} onwards the columns are {[*raw.columns]} instead "
                f"of {[*self.columns]}"
            )
        frame = pd.DataFrame({column: plain(raw[column]) for column in raw.columns})
        marks = self.asked.marks(raw[[name for name in raw.columns if name not in self._texts]])
        found = {c: witness(frame[c], self.asked.whole(c, marks)) for c in frame.columns}
        self.columns = {c: merge(self.columns[c], one, MOST) if c in self.columns else one for c, one in found.items()}
        self.marks, self.rows = merge_marks(self.marks, marks), self.rows + len(frame)
        split = self.asked.split
        if isinstance(split, str):
            counts = frame[split].value_counts(dropna=False)
            self.dates = counts if self.dates is None else self.dates.add(counts, fill_value=0).astype(np.int64)
        elif split is not None and not isinstance(split, Split):
            inputs = [c for c, role in self.asked.roles([*frame.columns]).items() if role == "input"]
            self.hashes = distinct_rows(self.hashes, unit_hash(frame, inputs, self.asked.group))

    def schema(self) -> Schema:
        if self.rows == 0:
            raise TableError("the table has no rows. Give a file, query or dataframe with at least one row")
        return self.asked.schema(self.columns, self.marks)

    def rule(self, schema: Schema, split: str | float | Split | None, at: str | None, seed: int) -> Split | None:
        if split is None or isinstance(split, Split):
            return split
        if not isinstance(split, str):
            if schema.group is not None:
                return drawn_groups(schema.inputs, schema.group, self.hashes, split, seed)
            return drawn(schema.inputs, len(self.hashes), self.rows, split, seed)
        assert self.dates is not None
        values = cast(pd.Series(self.dates.index, name=split), self.columns[split].values)
        return by_column(values, None, at, self.dates.to_numpy().astype(np.int64))

    # ---- saved states

    def kept(self, read: list[tuple[int, int, str]], end: bool) -> Callable[[], State]:
        """Return a function that returns the current state of the pass. Rows that are read later do not change this state.

        `read` contains the fingerprints of the rows read so far. `end` is true if there are no more rows.
        """
        told = {"read": read, "end": end, "without_target": self.without_target}
        return partial(_packed, self.rows, self.columns, self.marks, self.hashes, self.dates, told)

    def restore(self, arrays: Arrays, state: Any, most: float = math.inf) -> None:
        """Restore a saved state. Raise an error if the state covers more than `most` rows, the number of rows in the source."""
        self.rows, self.hashes = at_most(state["rows"], most, "the number of rows read"), arrays["hashes"]
        left_out, self.columns = state["without_target"], {}
        self.without_target = (
            None if left_out is None else at_most(left_out, math.inf, "the number of rows without a target")
        )
        for i, (name, packed, counts) in enumerate(state["columns"]):
            values = unpack_column(packed, f"column {i}", arrays)
            self.columns[name] = Witness(values.set_axis(arrays[f"rows {i}"]).rename(name), *counts)
        self.marks = {
            name: (kind, None if levels is None else unpack_column(levels, f"marks {i}", arrays).tolist())
            for i, (name, kind, levels) in enumerate(state["marks"])
        }
        if "dates" in arrays:
            values = unpack_column(state["dates"], "dates", arrays)
            self.dates = pd.Series(arrays["dated"], index=pd.Index(values, dtype=values.dtype, name=self.asked.split))


def _packed(
    rows: int,
    columns: Mapping[str, Witness],
    marks: Marks,
    hashes: HashArray,
    dates: pd.Series | None,
    more: dict[str, Any],
) -> State:
    arrays: Arrays = {"hashes": hashes}
    told, marked = [], []
    for i, (name, one) in enumerate(columns.items()):
        arrays[f"rows {i}"] = one.values.index.to_numpy()
        packed = pack_column(one.values, f"column {i}", arrays)
        told.append([name, packed, [one.rows, one.missing, one.large, one.uncounted, one.every, one.full]])
    for i, (name, (kind, order)) in enumerate(marks.items()):
        levels = None if order is None else pack_column(pd.Series(order, dtype=object), f"marks {i}", arrays)
        marked.append([name, kind, levels])
    by = None
    if dates is not None:
        by = pack_column(pd.Series(dates.index, dtype=dates.index.dtype), "dates", arrays)
        arrays["dated"] = dates.to_numpy()
    return arrays, {"rows": rows, "columns": told, "marks": marked, "dates": by} | more
