"""The rows, coerced once: after the door nothing downstream asks again what a column is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.errors import TableError
from tabinterp.preview import Preview, Previewed

from .hash_sampling import row_hash
from .schema import Schema, preview_of
from .split import BoolArray, Split

if TYPE_CHECKING:
    from .schema_inference import Asked


@dataclass(frozen=True, eq=False)
class Table(Previewed):
    """Rows with their schema.

    `frame` holds every column, values as the user gave them, missing as NaN. `y` is (rows,) class numbers into
    `schema.classes`, or target values where it is a number or a count. `numbers` are the rows' numbers in what was read:
    draws depend on them. `held_out` is (rows,) or None when it is not known which rows a model was not trained on.
    `file_sha256` is of the bytes that were read; None of a table that did not come from a file. `without_target`: rows that were
    left out because their target is missing; None where such rows would have been refused. `asked`: what the user said when the
    table was read; None of a table that was made otherwise.
    """

    name: str
    frame: pd.DataFrame
    schema: Schema
    y: FloatArray
    numbers: IntArray
    weights: FloatArray | None = None
    split: Split | None = None
    held_out: BoolArray | None = None
    file_sha256: str | None = None
    without_target: int | None = None
    asked: Asked | None = None

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def inputs(self) -> pd.DataFrame:
        """The columns a model may read."""
        return self.frame[list(self.schema.inputs)]

    @property
    def row_weights(self) -> FloatArray:
        """(rows,) how often each row counts: its weight, or one where the table has none."""
        return np.ones(len(self)) if self.weights is None else self.weights

    @cached_property
    def groups(self) -> IntArray | None:
        """(rows,) which rows belong together, as numbers; None without a group column.

        A row whose group is missing stands alone.
        """
        name = self.schema.group
        if name is None:
            return None
        codes = self.frame[name].factorize()[0].astype(np.int64)
        alone = codes < 0
        codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
        return codes

    @property
    def group_count(self) -> int | None:
        """How many groups the rows come in; None without a group column."""
        return None if self.groups is None else int(self.groups.max(initial=-1)) + 1

    @property
    def codes(self) -> IntArray | None:
        """(rows,) class numbers; None where the target is a number or a count."""
        return self.y.astype(np.int64) if self.schema.goal.classes else None

    def preview(self) -> Preview:
        """Return rows, target, kinds, roles and missing values."""
        held_out = None if self.held_out is None else int(self.held_out.sum())
        missing = self.frame.isna().sum()
        return preview_of(
            self.name, self.schema, len(self), held_out, {str(name): int(n) for name, n in missing.items()}
        )

    def take(self, rows: IntArray | BoolArray) -> Table:
        """These rows only, in this order."""
        return replace(
            self,
            frame=self.frame.iloc[np.flatnonzero(rows) if rows.dtype == bool else rows].reset_index(drop=True),
            y=self.y[rows],
            numbers=self.numbers[rows],
            weights=None if self.weights is None else self.weights[rows],
            held_out=None if self.held_out is None else self.held_out[rows],
        )

    def beside(self, rows: pd.DataFrame) -> Table:
        """The same rows followed by these, which have the target, the number and the weight of the first row."""
        whole = self.take(np.append(np.arange(len(self)), np.zeros(len(rows), dtype=np.int64)))
        return replace(whole, frame=pd.concat([self.frame, rows], ignore_index=True))

    def with_split(self, split: Split) -> Table:
        """The same rows under this rule, which leaves rows, and weight where there are weights, on both sides."""
        held_out = split.held_out(self.frame, self.codes, self.schema.labels)
        if held_out.all() or not held_out.any():
            raise TableError(
                f"the split holds out {int(held_out.sum())} of {len(self)} rows of {self.name}; both parts need rows"
            )
        for part, rows in (("held-out", held_out), ("training", ~held_out)):
            if self.weights is not None and self.weights[rows].sum() == 0:
                raise TableError(f"every one of the {int(rows.sum())} {part} rows has the weight 0")
        asked = None if self.asked is None else replace(self.asked, split=split)
        return replace(self, split=split, held_out=held_out, asked=asked)

    def shuffled(self, seed: int) -> Table:
        """The targets of the training rows (all rows without a split) in another order; those held out stay."""
        training = np.arange(len(self)) if self.held_out is None else np.flatnonzero(~self.held_out)
        places = np.arange(len(self))
        places[training] = training[np.argsort(row_hash(self.numbers[training], seed), kind="stable")]
        frame, target = self.frame.copy(), self.schema.target
        frame[target] = frame[target].array[places]
        return replace(self, y=self.y[places], frame=frame)

    def training_rows(self) -> Table:
        """Rows that are not held out; every row when there is no split."""
        return self if self.held_out is None else self.take(~self.held_out)

    def evaluation_rows(self) -> Table:
        """Held-out rows; every row when there is no split."""
        return self if self.held_out is None else self.take(self.held_out)


def check_table(table: Any) -> None:
    """Refuse what is no `Table`, and say what to write."""
    if isinstance(table, Table):
        return
    kind = type(table).__name__
    if kind == "Scan":
        raise TableError(
            "this analysis takes rows that are in memory, and was given a Scan, whose rows are read in batches: give it "
            "scan.sample, the rows that were drawn, or run ti.audit, which takes a Scan"
        )
    if kind in ("Model", "BoundModel"):
        raise TableError("a Model was given where the table is expected: the model comes first, then the table")
    raise TableError(
        f"a table is what ti.read_table returns; got an object of type {kind}. Write ti.read_table(..., target=...), which "
        f"takes a path or a dataframe, and pass what it returns"
    )
