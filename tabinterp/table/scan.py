"""`scan_table`: read a table that is larger than memory in batches, and draw a sample of its rows as a `Table`.

A first pass over the batches infers the schema. A second pass chooses the held-out rows, draws the sample and computes digests.
Whether a row is drawn depends on a hash of its number and the seed, so the sample does not depend on the batches. Held-out rows
are stored as one bit per row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tabinterp.arrays import IntArray
from tabinterp.errors import TableError, argument
from tabinterp.preview import Preview, Previewed

from .checkpoints import Arrays, Keeping, State, Told
from .column_sketch import FEW, Witness, is_complete
from .digest import finish as finish_digests
from .labels import LabelsGiven, codebook
from .partitions import SUMS, Form, Piece, held_out_bits
from .prefetch import ahead
from .read import read_table
from .readers import ROWS, Source, identity, open_source, unpacked_size, with_known_targets
from .sampling_pass import Gathered, Sides, joined, pack_table, unpack_table
from .schema import Schema, preview_of
from .schema_inference import Asked, weighed
from .schema_pass import first_pass
from .split import BoolArray, Split, check_first_date
from .summary import Census, counted, distinct, rates
from .table import Table

LARGE = 64 * 2**20  # files with more bytes than this are read in batches
NAME = "drawn"  # name of the saved state of the second pass
DRAWN = 50_000  # rows drawn from each side of the split, for analyses that need an order or a random draw


@dataclass(frozen=True, eq=False)
class Scan(Previewed):
    """A table that is read in batches. `census` summarises all rows, and `sample` is a table of the rows drawn.

    `columns` contains a few values of each column, and the data type of the whole column. `sides` marks the held-out rows with
    one bit per row. `most` is the maximum number of rows drawn from each side of the split. `asked` contains the user's
    declarations about the columns. `keep` saves the state of each pass, and `told` is called with the progress of a pass.
    """

    name: str
    source: Source
    schema: Schema
    columns: dict[str, Witness]
    split: Split | None
    seed: int
    weight: str | None
    sides: NDArray[np.uint8] | None
    census: Census
    sample: Table
    most: int
    asked: Asked
    keep: Keeping | None = None
    told: Told | None = None

    def __len__(self) -> int:
        return self.census.rows

    def preview(self) -> Preview:
        """Return a preview: the number of rows and of missing values, the target, and the kinds and roles of columns."""
        return preview_of(self.name, self.schema, len(self), self.census.held_out, self.census.missing)

    @property
    def is_whole(self) -> bool:
        """Whether the sample contains every row."""
        return len(self.sample) == len(self)

    @property
    def without_target(self) -> int | None:
        """The number of rows left out because their target is missing. None if such rows raise an error instead."""
        return self.census.without_target

    @property
    def file_sha256(self) -> str | None:
        """The SHA-256 (hex) of the file that was read. None if the source is not a single local file, or if the file has changed
        since it was opened.
        """
        return self.source.file_sha256()

    def batches(self, part: str = "all") -> Iterator[Table]:
        """Return an iterator over tables of the "all", "training" or "evaluation" rows, as defined in `Table`. The next table is
        read in advance.
        """
        return (rows for _, rows in self._ends(self.form, part, 0) if len(rows))

    def ends(self, part: str, first: int = 0) -> Iterator[tuple[int, Table]]:
        """Yield, for each batch, the number of the first row after the batch, and a table of the rows in the batch that belong
        to the given part. The first batch starts at row `first`.

        Text columns that were read as codes are not converted back to text.
        """
        return self._ends(self.coded, part, first)

    def _ends(self, form: Form, part: str, first: int) -> Iterator[tuple[int, Table]]:
        for table in ahead(_tables(self, form, first, SUMS)):
            yield int(table.numbers[-1]) + 1, form.of(part, table, held_out_bits(self.sides, table.numbers))

    @property
    def form(self) -> Form:
        """The column types and class codes that are used to convert raw rows to tables."""
        types = {name: one.values.iloc[:0] for name, one in self.columns.items()}
        return Form(self.name, self.schema, types, self.split, self.weight)

    @property
    def coded(self) -> Form:
        """The same as `form`, except that text columns that were read as codes are not converted back to text."""
        return replace(self.form, coded=True)

    def pieces(self, first: int = 0) -> Iterator[Piece]:
        """Yield all rows as pieces that can be sent to other processes. `form.batches` yields the tables of one piece, just as
        `batches` yields those of the whole scan.

        Pieces before row number `first` are left out. A piece must start at this row.
        """
        for piece in self.source.pieces(first):
            bits = held_out_bits(self.sides, np.arange(piece.first, piece.first + piece.rows))
            yield piece if bits is None else replace(piece, sides=np.packbits(bits))

    def with_split(self, split: Split) -> Scan:
        """Return a scan of the same rows with this split."""
        return _second(replace(self, asked=replace(self.asked, split=split)), split)

    def tell(self, rows: int) -> None:
        """Call `told` with the number of rows that a pass has processed."""
        if self.told is not None:
            self.told("", rows, len(self))


def scan_table(
    source: Any,
    *,
    target: str,
    task: str | None = None,
    positive: Any = None,
    adverse: Any = None,
    drop: Collection[str] = (),
    protected: Collection[str] = (),
    kinds: Mapping[str, str] | None = None,
    levels: Mapping[str, Sequence[Any]] | None = None,
    labels: LabelsGiven | None = None,
    weight: str | None = None,
    group: str | None = None,
    split: str | float | Split | None = None,
    split_at: str | None = None,
    drop_missing_target: bool = False,
    seed: int = 0,
    name: str | None = None,
    query: str | None = None,
    key: str | None = None,
    rows: int = DRAWN,
    batch: int = ROWS,
    keep: Keeping | None = None,
    told: Told | None = None,
) -> Scan:
    """Read rows in batches, and infer or set the kind and role of each column, as `read_table` does in memory.

    Arguments that are not described here are those of `read_table`. A random split cannot be stratified, because that requires
    the whole table in memory.

    Parameters
    ----------
    source : a CSV or Parquet file, a folder of Parquet files, a URL of such a file or folder, an Arrow table or dataset, or a
        dataframe. With `query`, a DuckDB file or the URL of a database.
    drop_missing_target : as in `read_table`. If true, row numbers (including those in error messages) count only the remaining
        rows.
    rows : maximum number of rows drawn from each side of the split, or from all rows if there is no split. The sample is used by
        analyses that need sorted or randomly drawn rows.
    batch : maximum number of rows read into memory at a time.
    key : a column of the query with a unique value in every row. The rows are sorted by this column.
    keep : folder of checkpoints, in which the state of each pass is saved. If None, nothing is saved.
    told : function that is called with the purpose of a pass, the number of rows processed, and the total number of rows if it is
        known.

    Examples
    --------
    >>> import pandas as pd
    >>> scan = scan_table(pd.DataFrame({"age": range(100), "paid": ["no", "yes"] * 50}), target="paid", rows=10, batch=7)
    >>> len(scan), len(scan.sample), scan.schema.classes
    (100, 10, ('no', 'yes'))
    """
    asked = Asked(
        target,
        task,
        positive,
        adverse,
        drop,
        protected,
        kinds or {},
        levels or {},
        weight,
        group,
        split,
        drop_missing_target,
        codebook(labels),
    )
    check_first_date(split, split_at)
    if rows < 2 or batch < 1:
        raise TableError(
            "a scan must sample at least two rows, and read at least one row per batch; got "
            f"{argument('rows', rows)} and {argument('batch', batch)}"
        )
    if keep is not None:
        said = {name: repr(value) for name, value in vars(asked).items()}
        drawing = {
            "split_at": repr(split_at),
            "seed": repr(seed),
            "rows drawn and rows per batch": f"{rows}, {batch}",
        }
        keep.begin({"the data": identity(source, query, key)} | said | drawing)
    opened = open_source(source, query, batch, key=key, keep=keep, told=told)
    if drop_missing_target:
        opened = with_known_targets(opened, target)
    found = first_pass(asked, opened, keep, told)
    schema = found.schema()
    if weight is not None:
        weighed(found.columns[weight].values)
    scan = Scan(
        name=name or opened.name,
        source=opened,
        schema=schema,
        columns=found.columns,
        split=None,
        seed=seed,
        weight=weight,
        sides=None,
        census=Census(found.rows, None, {}, {}, {}, {}, (), (), found.without_target),
        sample=_empty(),
        most=rows,
        asked=asked,
        keep=keep,
        told=told,
    )
    return _second(scan, found.rule(schema, split, split_at, seed), keep)


def open_table(
    source: Any,
    *,
    query: str | None = None,
    key: str | None = None,
    stratify: bool = False,
    keep: Keeping | None = None,
    told: Told | None = None,
    **asked: Any,
) -> Table | Scan:
    """Open a table with `scan_table` if `in_batches` returns true for its source, and with `read_table` otherwise."""
    if key is not None and query is None:
        raise TableError(
            f"the key column {key!r} can only be used with a query, but no query was given. Give a query, or leave out the key "
            "column"
        )
    if not in_batches(source, query):
        return read_table(source, stratify=stratify, **asked)
    if stratify:
        raise TableError(
            "a stratified split cannot be drawn from rows that are read in batches. Give a split that was drawn earlier from a "
            f"table in memory, or use {argument('stratify', False)}"
        )
    return scan_table(source, query=query, key=key, keep=keep, told=told, **asked)


def in_batches(source: Any, query: str | None = None) -> bool:
    """Return whether `open_table` reads a source in batches. It does so for a query, a URL, a folder, or a file of more than 64
    MiB (uncompressed).

    The uncompressed size of a gzipped file is estimated as eight times its size, and that of a Parquet file as eight bytes per
    cell.
    """
    if query is not None:
        return True
    if not isinstance(source, (str, Path)):
        return False
    path = Path(source)
    return "://" in str(source) or path.is_dir() or (path.is_file() and unpacked_size(path) > LARGE)


# ---- the second pass: sides, draws, digests


def _second(scan: Scan, split: Split | None, keep: Keeping | None = None) -> Scan:
    """Run the second pass: choose the held-out rows, draw the sample, and compute the digests of the columns.

    The result of the completed pass is saved. An interrupted second pass starts again at the first row, because a digest is
    computed from all rows in order.
    """
    scan = replace(scan, split=split)
    state = None if keep is None else keep.read(NAME)
    if keep is not None and state is not None:
        with keep.restoring(NAME):
            return _unpacked(scan, *state)
    form = scan.form
    found = Gathered(form.types, scan.schema, split, scan.most, scan.seed)
    for table in ahead(_tables(scan, form, 0, "the pass that draws rows")):
        found.update(table)
        if scan.told is not None:
            scan.told("drawing rows", found.rows, len(scan))
    drawn, sides = [pool.table() for pool in found.pools.values()], None
    if split is not None:
        _check_sides(scan, found.sides, found.mass)
        sides = found.sides.packed()
    whole = Census(
        rows=len(scan),
        held_out=None if split is None else found.sides.held_out,
        missing={name: one.missing for name, one in scan.columns.items()},
        levels={name: _levels(scan, name, one) for name, one in scan.columns.items()},
        constant={name: distinct(one.values) < 2 for name, one in scan.columns.items()},
        digests=finish_digests(found.digests),
        rates=rates(scan.schema, found.weights),
        held=tuple(found.held.tolist()),
        without_target=scan.census.without_target,
    )
    sample = _both(drawn, sides, split)
    scan = replace(scan, sides=sides, census=whole, sample=sample)
    if keep is not None:
        keep.write(NAME, partial(_packed, scan))
    return scan


def _packed(scan: Scan) -> State:
    """Pack the results of the second pass as a state for a checkpoint."""
    arrays: Arrays = {} if scan.sides is None else {"sides": scan.sides}
    return arrays, {"rows": pack_table(scan.sample, "", arrays), "census": asdict(scan.census)}


def _unpacked(scan: Scan, arrays: Arrays, state: Any) -> Scan:
    """Return the scan with the results of its second pass, unpacked from the output of `_packed`."""
    told = {name: tuple(state["census"][name]) for name in ("rates", "held")}
    whole, sides = Census(**state["census"] | told), arrays.get("sides")
    if whole.rows != len(scan) or (sides is not None and len(sides) != -(-len(scan) // 8)):
        raise ValueError(f"the saved state is from a table with {whole.rows} rows, but this table has {len(scan)}")
    sample = unpack_table(state["rows"], "", arrays, replace(_empty(), name=scan.name, schema=scan.schema))
    held_out = None if sides is None else _bits_of(sides, sample.numbers)
    return replace(scan, sides=sides, census=whole, sample=replace(sample, split=scan.split, held_out=held_out))


def _levels(scan: Scan, name: str, found: Witness) -> int | None:
    """Return the number of distinct values of a column, or None if it is unknown or not reported. For dates and a numeric target,
    the number is known only if it is small.
    """
    known = (is_complete(found.values, found.every) or distinct(found.values) <= FEW) and not found.full
    return distinct(found.values) if counted(scan.schema, name) and known else None


def _check_sides(scan: Scan, sides: Sides, mass: Mapping[bool, float]) -> None:
    held_out = sides.held_out
    if held_out in (0, sides.rows):
        raise TableError(
            f"the split holds out {held_out} of {sides.rows} rows of the table {scan.name!r}, but there must be both held-out "
            "and training rows. Choose another split"
        )
    for side, part in ((True, "held-out"), (False, "training")):
        if mass[side] == 0:
            raise TableError(
                f"all {held_out if side else sides.rows - held_out} {part} rows have a weight of 0. Choose another split or "
                f"other weights, so that at least one of the {part} rows has a positive weight"
            )


def _tables(scan: Scan, form: Form, first: int, reader: str) -> Iterator[Table]:
    """Yield a table for each batch, with the column types and the class codes of the whole table."""
    for raw in scan.source.batches(first, reader):
        yield form.table(raw)


def _empty() -> Table:
    return Table("", pd.DataFrame(), Schema((), "", "regression"), np.empty(0), np.empty(0, dtype=np.int64))


def _both(parts: Sequence[Table | None], sides: NDArray[np.uint8] | None, split: Split | None) -> Table:
    table = joined([*chain(part for part in parts if part is not None)])
    return replace(table, split=split, held_out=None if sides is None else _bits_of(sides, table.numbers))


def _bits_of(sides: NDArray[np.uint8], rows: IntArray) -> BoolArray:
    """Return a mask (rows,) that marks the held-out rows among the rows with the given numbers."""
    bits = np.unpackbits(sides[rows // 8][:, None], axis=1)
    return np.asarray(bits[np.arange(len(rows)), rows % 8], dtype=bool)
