"""`scan_table`: a table larger than memory. What `read_table` would say of all its rows, and a draw of them as a `Table`.

A first pass over the batches settles the schema, a second one holds out rows, draws and takes digests. A row is drawn by the
hash of its number and the seed, so that the draw does not depend on the batches; which rows are held out is kept, a bit a row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import TableError
from .batches import ROWS, Source, open_source
from .census import Census, counted, distinct, masses, rates
from .digest import finish as finish_digests
from .digest import start as start_digests
from .digest import update as update_digests
from .draws import HashArray, IntArray, content_hash, row_hash
from .pieces import Form, Piece, held_out_bits
from .read import read_table
from .schema import Schema
from .settle import Asked, Marks, merge_marks, weighed
from .source import plain
from .split import BoolArray, Split, by_column, drawn
from .split import distinct as distinct_rows
from .table import Table
from .witness import FEW, MOST, Witness, cast, is_complete, merge, witness

LARGE = 256 * 2**20  # bytes of a file that is read in batches
DRAWN = 50_000  # rows of each side of the split, for what needs an order or a draw


@dataclass(frozen=True, eq=False)
class Scan:
    """Rows that are read in batches. `census` counts all of them; `sample` is a table of those drawn.

    `columns` holds few values of each, of the type that it has as a whole. `sides`: the rows' held-out bits. `most`: rows
    drawn of each side.
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

    def __len__(self) -> int:
        return self.census.rows

    @property
    def is_whole(self) -> bool:
        """Whether every row was drawn."""
        return len(self.sample) == len(self)

    def batches(self, part: str = "all") -> Iterator[Table]:
        """Tables of "all", the "training" or the "evaluation" rows, as `Table` names them; the next is read meanwhile."""
        form = self.form
        for table in ahead(_tables(self)):
            rows = form.of(part, table, held_out_bits(self.sides, table.numbers))
            if len(rows):
                yield rows

    @property
    def form(self) -> Form:
        """What makes tables of raw rows."""
        types = {name: one.values.iloc[:0] for name, one in self.columns.items()}
        return Form(self.name, self.schema, types, self.split, self.weight)

    def pieces(self) -> Iterator[Piece]:
        """All rows, to be read elsewhere: `form.batches` gives of a piece what `batches` gives of the whole."""
        for piece in self.source.pieces():
            bits = held_out_bits(self.sides, np.arange(piece.first, piece.first + piece.rows))
            yield piece if bits is None else replace(piece, sides=np.packbits(bits))

    def with_split(self, split: Split) -> Scan:
        """The same rows under this rule."""
        return _second(self, split)


def scan_table(
    source: Any,
    *,
    target: str,
    task: str | None = None,
    positive: Any = None,
    drop: Collection[str] = (),
    protected: Collection[str] = (),
    kinds: Mapping[str, str] | None = None,
    levels: Mapping[str, Sequence[Any]] | None = None,
    weight: str | None = None,
    group: str | None = None,
    split: str | float | Split | None = None,
    split_at: str | None = None,
    seed: int = 0,
    name: str | None = None,
    query: str | None = None,
    rows: int = DRAWN,
    batch: int = ROWS,
) -> Scan:
    """Read rows in batches and say what each column is, as `read_table` would of all of them.

    Parameters
    ----------
    source : what `open_source` takes: a CSV or Parquet file, a folder of Parquet files, their URL, an Arrow table or dataset,
        a dataframe; with `query` a DuckDB file or a database's URL. The other names are those of `read_table`. A share that is
        stratified needs the whole table: `split` takes one that was drawn before.
    rows : the most rows drawn of each side of the split (or of all), which readings that need an order or a draw are given.
    batch : rows in memory at a time.

    Examples
    --------
    >>> import pandas as pd
    >>> scan = scan_table(pd.DataFrame({"age": range(100), "paid": ["no", "yes"] * 50}), target="paid", rows=10, batch=7)
    >>> len(scan), len(scan.sample), scan.schema.classes
    (100, 10, ('no', 'yes'))
    """
    asked = Asked(target, task, positive, drop, protected, kinds or {}, levels or {}, weight, group, split)
    if rows < 2 or batch < 1:
        raise TableError(
            f"a scan draws at least two rows and reads at least one at a time; got rows={rows}, batch={batch}"
        )
    opened = open_source(source, query, batch)
    found = _First(asked)
    for frame in ahead(opened.batches()):
        found.update(frame)
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
        census=Census(found.rows, None, {}, {}, {}, {}, ()),
        sample=_empty(),
        most=rows,
    )
    return _second(scan, found.rule(schema, split, split_at, seed))


def open_table(source: Any, *, query: str | None = None, stratify: bool = False, **asked: Any) -> Table | Scan:
    """`scan_table` of what is read `in_batches`; `read_table` of anything else."""
    if not in_batches(source, query):
        return read_table(source, stratify=stratify, **asked)
    if stratify:
        raise TableError(
            "a stratified share needs the whole table: give a split that was drawn before, or stratify=False"
        )
    return scan_table(source, query=query, **asked)


def in_batches(source: Any, query: str | None = None) -> bool:
    """Whether `open_table` reads it in batches: a query, a URL, a folder, or a file of more than 256 MiB."""
    if query is not None:
        return True
    if not isinstance(source, (str, Path)):
        return False
    path = Path(source)
    return "://" in str(source) or path.is_dir() or (path.is_file() and path.stat().st_size > LARGE)


def ahead(items: Iterator[Any]) -> Iterator[Any]:
    """The same items, the next of which is made while the present one is used."""
    end = object()
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = worker.submit(next, items, end)
            yield item


# ---- the first pass: what the columns are


class _First:
    """What a schema and a split need to know, joined batch by batch."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.rows = 0
        self.columns: dict[str, Witness] = {}
        self.marks: Marks = {}
        self.hashes: HashArray = np.empty(0, dtype=np.uint64)
        self.dates: pd.Series | None = None  # value of the split column -> rows

    def update(self, raw: pd.DataFrame) -> None:
        if self.rows == 0:
            self.asked.check([*map(str, raw.columns)])
        elif [*raw.columns] != [*self.columns]:
            raise TableError(
                f"from row {self.rows} on the columns are {[*raw.columns]}; before they are {[*self.columns]}"
            )
        frame = pd.DataFrame({column: plain(raw[column]) for column in raw.columns})
        marks = self.asked.marks(raw)
        found = {c: witness(frame[c], self.asked.whole(c, marks)) for c in frame.columns}
        self.columns = {c: merge(self.columns[c], one, MOST) if c in self.columns else one for c, one in found.items()}
        self.marks, self.rows = merge_marks(self.marks, marks), self.rows + len(frame)
        split = self.asked.split
        if isinstance(split, str):
            counts = frame[split].value_counts(dropna=False)
            self.dates = counts if self.dates is None else self.dates.add(counts, fill_value=0).astype(np.int64)
        elif split is not None and not isinstance(split, Split):
            inputs = [c for c, role in self.asked.roles([*frame.columns]).items() if role == "input"]
            self.hashes = distinct_rows(self.hashes, content_hash(frame, inputs, 0))

    def schema(self) -> Schema:
        if self.rows == 0:
            raise TableError("the table has no rows")
        return self.asked.schema(self.columns, self.marks)

    def rule(self, schema: Schema, split: str | float | Split | None, at: str | None, seed: int) -> Split | None:
        if split is None or isinstance(split, Split):
            return split
        if not isinstance(split, str):
            return drawn(schema.inputs, len(self.hashes), self.rows, split, seed)
        assert self.dates is not None
        values = cast(pd.Series(self.dates.index, name=split), self.columns[split].values)
        return by_column(values, None, at, self.dates.to_numpy().astype(np.int64))


# ---- the second pass: sides, draws, digests


def _second(scan: Scan, split: Split | None) -> Scan:
    scan = replace(scan, split=split)
    digests = start_digests(pd.DataFrame({name: one.values.iloc[:0] for name, one in scan.columns.items()}))
    pools = {side: _Pool(scan.most, scan.seed) for side in (False, True)}
    sides, weights, counts = _Sides(), np.zeros(len(scan.schema.classes)), _Copies()
    mass = {False: 0.0, True: 0.0}
    for table in ahead(_tables(scan)):
        update_digests(digests, table.frame)
        weights = weights + masses(table)
        held_out = None if split is None else counts.held_out(split, table)
        here = np.zeros(len(table), dtype=bool) if held_out is None else held_out
        if held_out is not None:
            sides.add(held_out)
        for side, pool in pools.items():
            mine = here == side
            mass[side] += float(table.row_weights[mine].sum())
            pool.update(table.take(mine))
    if split is not None:
        _check_sides(scan, sides, mass)
    packed = None if split is None else sides.packed()
    sample = _both([pool.table() for pool in pools.values()], packed, split)
    whole = Census(
        rows=len(scan),
        held_out=None if split is None else sides.held_out,
        missing={name: one.missing for name, one in scan.columns.items()},
        levels={name: _levels(scan, name, one) for name, one in scan.columns.items()},
        constant={name: distinct(one.values) < 2 for name, one in scan.columns.items()},
        digests=finish_digests(digests),
        rates=rates(scan.schema, weights),
    )
    return replace(scan, sides=packed, census=whole, sample=sample)


def _levels(scan: Scan, name: str, found: Witness) -> int | None:
    """Of dates, and of a target that is a number, few values are kept: how many there are is told while they are few."""
    known = (is_complete(found.values, found.every) or distinct(found.values) <= FEW) and not found.full
    return distinct(found.values) if counted(scan.schema, name) and known else None


class _Sides:
    """A held-out bit a row, eight in a byte."""

    def __init__(self) -> None:
        self.rows = self.held_out = 0
        self._packed: list[NDArray[np.uint8]] = []
        self._left: BoolArray = np.empty(0, dtype=bool)  # fewer than eight

    def add(self, bits: BoolArray) -> None:
        self.rows, self.held_out = self.rows + len(bits), self.held_out + int(bits.sum())
        bits = np.concatenate([self._left, bits])
        whole = len(bits) // 8 * 8
        self._packed.append(np.packbits(bits[:whole]))
        self._left = bits[whole:]

    def packed(self) -> NDArray[np.uint8]:
        return np.concatenate([*self._packed, np.packbits(self._left)])


def _check_sides(scan: Scan, sides: _Sides, mass: Mapping[bool, float]) -> None:
    held_out = sides.held_out
    if held_out in (0, sides.rows):
        raise TableError(f"the split holds out {held_out} of {sides.rows} rows of {scan.name}; both parts need rows")
    for side, part in ((True, "held-out"), (False, "training")):
        if mass[side] == 0:
            raise TableError(
                f"every one of the {held_out if side else sides.rows - held_out} {part} rows has the weight 0"
            )


def _tables(scan: Scan) -> Iterator[Table]:
    """The rows batch by batch, of the types and codes of the whole."""
    form = scan.form
    for raw in scan.source.batches():
        yield form.table(raw)


def _empty() -> Table:
    return Table("", pd.DataFrame(), Schema((), "", "regression"), np.empty(0), np.empty(0, dtype=np.int64))


class _Copies:
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


class _Pool:
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


def _both(parts: Sequence[Table | None], sides: NDArray[np.uint8] | None, split: Split | None) -> Table:
    table = joined([*chain(part for part in parts if part is not None)])
    if sides is None:
        return replace(table, split=split, held_out=None)
    bits = np.unpackbits(sides[table.numbers // 8][:, None], axis=1)
    held_out = bits[np.arange(len(table)), table.numbers % 8].astype(bool)
    return replace(table, split=split, held_out=held_out)
