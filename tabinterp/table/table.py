"""`Table`: validated, immutable rows with their schema."""

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
    """The rows of a table with their schema.

    `frame` contains all columns, with the user's values, and NaN for missing values. `y` (rows,) contains indices into
    `schema.classes`, or the values of a numeric or count target. `numbers` (rows,) are the row numbers in the source, on which
    random draws depend. `held_out` (rows,) is a mask of the rows that were not used in training; None if these rows are unknown.
    `file_sha256` is the digest of the bytes that were read; None if the table was not read from a file. `without_target` is the
    number of rows left out because their target is missing; None if such rows raise an error instead. `asked` contains the user's
    declarations about the columns; None if the table was not read by `read_table`.
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
        """The columns that a model may use."""
        return self.frame[list(self.schema.inputs)]

    def numeric(self, column: str) -> FloatArray:
        """Return the values (rows,) of a numeric column; NaN where missing."""
        return self.frame[column].to_numpy(dtype=np.float64, na_value=np.nan)

    @property
    def row_weights(self) -> FloatArray:
        """The weight of each row (rows,). All weights are 1 if the table has no weights."""
        return np.ones(len(self)) if self.weights is None else self.weights

    @cached_property
    def groups(self) -> IntArray | None:
        """The group number of each row (rows,), or None if the table has no group column.

        A row whose group is missing forms a separate group.
        """
        name = self.schema.group
        return None if name is None else group_numbers(self.frame[name])

    @property
    def group_count(self) -> int | None:
        """The number of groups, or None if the table has no group column."""
        return None if self.groups is None else int(self.groups.max(initial=-1)) + 1

    @property
    def codes(self) -> IntArray | None:
        """The class number of each row (rows,), or None if the target is a number or a count."""
        return self.y.astype(np.int64) if self.schema.goal.classes else None

    def preview(self) -> Preview:
        """Return a preview of the table: the number of rows and of missing values, the target, and the kinds and roles of
        columns.
        """
        held_out = None if self.held_out is None else int(self.held_out.sum())
        missing = self.frame.isna().sum()
        return preview_of(
            self.name, self.schema, len(self), held_out, {str(name): int(n) for name, n in missing.items()}
        )

    def take(self, rows: IntArray | BoolArray) -> Table:
        """Return a table with only these rows, in this order."""
        return replace(
            self,
            frame=self.frame.iloc[np.flatnonzero(rows) if rows.dtype == bool else rows].reset_index(drop=True),
            y=self.y[rows],
            numbers=self.numbers[rows],
            weights=None if self.weights is None else self.weights[rows],
            held_out=None if self.held_out is None else self.held_out[rows],
        )

    def beside(self, rows: pd.DataFrame) -> Table:
        """Return the table with rows added at the end. The target, row number and weight of each added row are copied from the
        table's first row.
        """
        whole = self.take(np.append(np.arange(len(self)), np.zeros(len(rows), dtype=np.int64)))
        return replace(whole, frame=pd.concat([self.frame, rows], ignore_index=True))

    def and_rows(self, others: Table) -> Table:
        """Return the table with the rows of another table appended. Both tables have the same schema."""

        def both(name: str) -> Any:
            parts = [getattr(self, name), getattr(others, name)]
            return None if any(part is None for part in parts) else np.concatenate(parts)

        frame = pd.concat([self.frame, others.frame], ignore_index=True)
        return replace(self, frame=frame, **{name: both(name) for name in ("y", "numbers", "weights", "held_out")})

    def with_split(self, split: Split) -> Table:
        """Return the table with this split. Each side of the split must contain rows with positive weight."""
        held_out = split.held_out(self.frame, self.codes, self.schema.labels)
        if held_out.all() or not held_out.any():
            raise TableError(
                f"the split holds out {int(held_out.sum())} of {len(self)} rows of the table {self.name!r}, but there must be "
                "both held-out and training rows. Choose another split"
            )
        for part, rows in (("held-out", held_out), ("training", ~held_out)):
            if self.weights is not None and self.weights[rows].sum() == 0:
                raise TableError(
                    f"all {int(rows.sum())} {part} rows have a weight of 0. Choose another split or other weights, so that at "
                    f"least one of the {part} rows has a positive weight"
                )
        asked = None if self.asked is None else replace(self.asked, split=split)
        return replace(self, split=split, held_out=held_out, asked=asked)

    def shuffled(self, seed: int) -> Table:
        """Return the table with permuted targets in the training rows. The targets of held-out rows do not change. If there is no
        split, the targets of all rows are permuted.
        """
        training = np.arange(len(self)) if self.held_out is None else np.flatnonzero(~self.held_out)
        places = np.arange(len(self))
        places[training] = training[np.argsort(row_hash(self.numbers[training], seed), kind="stable")]
        frame, target = self.frame.copy(), self.schema.target
        frame[target] = frame[target].array[places]
        return replace(self, y=self.y[places], frame=frame)

    @property
    def evaluated(self) -> IntArray:
        """The positions of the held-out rows, or of all rows if there is no split."""
        return np.arange(len(self)) if self.held_out is None else np.flatnonzero(self.held_out)

    def training_rows(self) -> Table:
        """Return the rows that are not held out, or all rows if there is no split."""
        return self if self.held_out is None else self.take(~self.held_out)

    def evaluation_rows(self) -> Table:
        """Return the held-out rows, or all rows if there is no split."""
        return self if self.held_out is None else self.take(self.held_out)


def group_numbers(named: pd.Series[Any]) -> IntArray:
    """Return the group number (n,) of each row. A row whose group is missing forms a separate group."""
    codes = named.factorize()[0].astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes


def check_table(table: Any) -> None:
    """Raise an error if an object is not a `Table`. The message says what to pass instead."""
    if isinstance(table, Table):
        return
    kind = type(table).__name__
    if kind == "Scan":
        raise TableError(
            "this analysis needs a table in memory; got a Scan, whose rows are read in batches. Pass scan.sample (a random "
            "sample of the rows), or call ti.audit, which accepts a Scan"
        )
    if kind in ("Model", "BoundModel"):
        raise TableError(
            "expected a table; got a Model. Pass the model as the first argument, and the table as the second"
        )
    raise TableError(
        f"expected a table from ti.read_table; got an object of type {kind}. Create the table with "
        "ti.read_table(data, target=...), where data is a path or a dataframe"
    )
