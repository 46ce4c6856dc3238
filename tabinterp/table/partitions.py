"""Partitions of a source. A partition is a small description of consecutive rows, which can be sent to the process that reads
these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .coerce import coded_texts, plain
from .column_sketch import cast
from .fingerprints import Fingerprints
from .schema import Schema
from .schema_inference import coded
from .split import BoolArray, Split
from .table import Table

SUMS = "a pass that computes sums"  # name of the pass in errors about changed rows


def numbered(frames: Iterable[pd.DataFrame], first: int = 0) -> Iterator[pd.DataFrame]:
    """Yield the frames that are not empty, indexed by row number. The first row has the number `first`."""
    for frame in frames:
        if len(frame):
            yield frame.set_axis(pd.RangeIndex(first, first + len(frame)))
            first += len(frame)


@dataclass(frozen=True, eq=False)
class Piece:
    """A description of `rows` consecutive rows, starting at row number `first`. Each call to `frames` reads these rows again.
    `sides` has one bit per row; the bits of held-out rows are 1.

    `fingerprints` are digests from an earlier read of these rows; None if `frames` takes the rows from memory.
    """

    first: int
    rows: int
    frames: Callable[[], Iterable[pd.DataFrame]]
    sides: NDArray[np.uint8] | None = None
    fingerprints: Fingerprints | None = None


@dataclass(frozen=True, eq=False)
class Form:
    """The column types and the class codes of the whole table, which are used to convert raw rows to tables. `types` contains an
    empty pandas series of the right type for each column.

    If `coded` is true, columns that were read as categories are not converted to strings. Callers use this to encode each
    distinct string only once.
    """

    name: str
    schema: Schema
    types: dict[str, pd.Series]
    split: Split | None
    weight: str | None
    coded: bool = False

    def table(self, raw: pd.DataFrame) -> Table:
        """Convert raw rows, indexed by row number, to a table without a split."""
        frame = pd.DataFrame({name: self._column(raw[name], whole) for name, whole in self.types.items()})
        numbers = raw.index.to_numpy().astype(np.int64)
        frame = frame.reset_index(drop=True)
        weights = None if self.weight is None else frame[self.weight].to_numpy(dtype=np.float64, copy=True)
        return Table(self.name, frame, self.schema, coded(frame[self.schema.target], self.schema), numbers, weights)

    def _column(self, values: pd.Series, whole: pd.Series) -> pd.Series:
        if self.coded and whole.dtype == object and (texts := coded_texts(values)) is not None:
            made = pd.Categorical.from_codes(texts[0], pd.Index(texts[1], dtype=object), validate=False)
            return pd.Series(made, values.index)
        return cast(plain(values), whole)

    def of(self, part: str, table: Table, held_out: BoolArray | None) -> Table:
        """Return the "all", "training" or "evaluation" rows of a table, as `Table` defines them. `held_out` is a mask (rows,), or
        None without a split.
        """
        whole = table if held_out is None else replace(table, split=self.split, held_out=held_out)
        if part == "training":
            return whole.training_rows()
        return whole.evaluation_rows() if part == "evaluation" else whole

    def batches(self, part: str, piece: Piece) -> Iterator[Table]:
        """Yield tables with the "all", "training" or "evaluation" rows (`part`) of a piece."""
        frames = numbered(piece.frames(), piece.first)
        for raw in frames if piece.fingerprints is None else piece.fingerprints.check(frames, SUMS):
            table = self.table(raw)
            held_out = held_out_bits(piece.sides, table.numbers - piece.first)
            rows = self.of(part, table, held_out)
            if len(rows):
                yield rows


def held_out_bits(sides: NDArray[np.uint8] | None, rows: NDArray[np.int64]) -> BoolArray | None:
    """Unpack the held-out bits of consecutive rows to a mask (rows,). Return None if there is no split."""
    if sides is None:
        return None
    start = int(rows[0]) // 8
    bits = np.unpackbits(sides[start : int(rows[-1]) // 8 + 1])
    return np.asarray(bits[rows - 8 * start], dtype=bool)
