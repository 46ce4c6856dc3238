"""Rows in batches, in an order that stays: Parquet and CSV files, folders, object stores, Arrow, dataframes, databases.

A source can be read as often as needed, one batch in memory at a time. What a database answers is read once, into a temporary
folder: its rows have no order of their own, and may change while they are read.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs as filesystems

from ..errors import TableError
from .pieces import Piece, numbered
from .source import AS_WRITTEN, UNREADABLE, as_frame, plain, unique
from .sql import spool

ROWS = 65_536  # of one batch
PACKED = b"\x1f\x8b"


@dataclass(frozen=True, eq=False)
class Source:
    """`parts` gives raw frames anew at every call; `kept` is what must live as long as the source.

    `apart`: the same rows in parts that can be read elsewhere, each with its number of rows; None where there are none.
    """

    name: str
    parts: Callable[[], Iterator[pd.DataFrame]]
    kept: Any = None
    apart: Callable[[], Iterator[tuple[int, Callable[[], Iterator[pd.DataFrame]]]]] | None = None

    def batches(self) -> Iterator[pd.DataFrame]:
        """Raw frames, indexed by row number."""
        empty = True
        for frame in numbered(self.parts()):
            empty = False
            yield frame
        if empty:
            raise TableError("the table has no rows")

    def pieces(self) -> Iterator[Piece]:
        """The same rows to be read elsewhere: row groups of Parquet files; of anything else the rows themselves."""
        if self.apart is None:
            for frame in self.batches():
                yield Piece(int(frame.index[0]), len(frame), partial(list, [frame]))
            return
        first = 0
        for rows, frames in self.apart():
            yield Piece(first, rows, frames)
            first += rows


def open_source(source: Any, query: str | None = None, rows: int = ROWS) -> Source:
    """A source of batches of at most `rows` rows.

    Parameters
    ----------
    source : path of a CSV (also .gz) or Parquet file; a folder of Parquet files, partitioned or not; the same as a URL that
        fsspec knows ("s3://bucket/loans/"); an Arrow table or dataset; any dataframe. With `query`: a DuckDB file, or a
        URL that SQLAlchemy knows ("postgresql+psycopg://user@host/base").
    """
    if query is not None:
        name, folder, files = spool(str(source), query, rows)
        return Source(name, lambda: map(pd.read_parquet, files), folder)
    if isinstance(source, ds.Dataset):
        return _of_dataset("table", source, rows)
    if isinstance(source, pa.Table):
        unique(source.column_names)
        return Source("table", lambda: _of_arrow(source, rows))
    if isinstance(source, (str, Path)):
        return _of_path(str(source), rows)
    frame = as_frame(source)
    return Source("table", lambda: (frame.iloc[i : i + rows] for i in range(0, len(frame), rows)))


def _of_arrow(table: pa.Table, rows: int) -> Iterator[pd.DataFrame]:
    for first in range(0, len(table), rows):
        yield table.slice(first, rows).to_pandas()


# ---- files


def _of_path(text: str, rows: int) -> Source:
    store, path = _store(text)
    name = path.rstrip("/").rsplit("/", 1)[-1].split(".")[0]
    kind = store.get_file_info(path).type
    if kind == filesystems.FileType.NotFound:
        raise TableError(f"no file or folder {text!r}")
    if kind == filesystems.FileType.Directory:
        return _dataset(text, name, store, path, rows)
    with store.open_input_file(path) as stream:
        start = stream.read(12)
    if start[:4] == b"PAR1":
        return _dataset(text, name, store, path, rows)
    if start[8:12] == b"DUCK":
        raise TableError(f"{text!r} is a DuckDB file: say which rows with a query, such as SELECT * FROM loans")
    if not start:
        raise TableError(f"{text!r} is empty")
    return Source(name, _csv(text, store, path, rows, start[:2] == PACKED))


def _store(text: str) -> tuple[Any, str]:
    """The file system a path or URL is of, and the path there."""
    if "://" not in text:
        return filesystems.LocalFileSystem(), Path(text).absolute().as_posix()
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415  # only needed for URLs
    except ImportError:
        raise TableError(f"{text!r} is read through fsspec: pip install 'tabinterp[remote]'") from None
    try:
        store, path = url_to_fs(text)
    except (ValueError, ImportError) as error:
        raise TableError(
            f"{text.split('://', 1)[0]!r} is no kind of storage that can be read here ({error}); of a database, ask with a query"
        ) from None
    return filesystems.PyFileSystem(filesystems.FSSpecHandler(store)), path


def _dataset(text: str, name: str, store: Any, path: str, rows: int) -> Source:
    try:
        how: Any = {"filesystem": store, "partitioning": ds.HivePartitioning.discover(infer_dictionary=True)}
        found = ds.dataset(path, format="parquet", **how)
        texts = [one.name for one in found.schema if pa.types.is_string(one.type) or pa.types.is_large_string(one.type)]
        found = ds.dataset(path, format=ds.ParquetFileFormat(dictionary_columns=texts), **how)
    except (*UNREADABLE, TypeError) as error:
        raise TableError(f"{text!r} cannot be read as Parquet: {str(error).strip()}") from None
    unique(found.schema.names)
    return _of_dataset(name, found, rows, text, texts)


def _of_dataset(
    name: str, found: ds.Dataset, rows: int, text: str = "the data set", texts: Sequence[str] = ()
) -> Source:
    """File by file in the order of their paths, so that row numbers stay what they are.

    `texts`: columns of text that are read as numbers into the distinct ones, so that few texts are made of many.
    """

    def fragments() -> Iterator[Any]:
        """A Parquet file by its row groups: of a whole file Arrow would decode up to 1 GiB ahead of who reads."""
        with _to_its_end(text):
            for one in sorted(found.get_fragments(), key=lambda one: getattr(one, "path", "")):
                yield from one.split_by_row_group() if isinstance(one, ds.ParquetFileFragment) else [one]

    def parts() -> Iterator[pd.DataFrame]:
        for one in fragments():
            yield from _read(text, one, found.schema, rows, texts)

    def apart() -> Iterator[tuple[int, Callable[[], Iterator[pd.DataFrame]]]]:
        for one in fragments():
            if count := sum(group.num_rows for group in one.row_groups):
                yield count, partial(_read, text, one, found.schema, rows, texts)

    files = isinstance(found, ds.FileSystemDataset) and isinstance(found.format, ds.ParquetFileFormat)
    return Source(name, parts, apart=apart if files else None)


def _read(
    text: str, fragment: Any, schema: pa.Schema, rows: int, texts: Sequence[str] = ()
) -> Iterator[pd.DataFrame]:
    with _to_its_end(text):
        for batch in fragment.to_batches(schema=schema, batch_size=rows, batch_readahead=2, fragment_readahead=1):
            if len(batch):
                frame = pa.Table.from_batches([batch]).replace_schema_metadata(schema.metadata).to_pandas()
                made = {name: _texts(batch.column(name)) for name in texts if name in frame}
                yield frame.assign(**{name: one.set_axis(frame.index) for name, one in made.items()})


def _texts(column: pa.DictionaryArray) -> pd.Series:
    """The texts, NaN where there is none; equal ones are one object."""
    if len(column.dictionary) > len(column):  # that of a whole row group, most of which is not in this batch
        column = column.dictionary_decode().dictionary_encode()
    distinct = np.array([*column.dictionary.to_pylist(), np.nan], dtype=object)
    return pd.Series(distinct[column.indices.fill_null(len(distinct) - 1).to_numpy()], dtype=object)


@contextmanager
def _to_its_end(text: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        raise TableError(f"{text!r} cannot be read to its end: {str(error).strip()}") from None


# ---- CSV: what a column holds is known at its end alone


def _csv(text: str, store: Any, path: str, rows: int, packed: bool) -> Callable[[], Iterator[pd.DataFrame]]:
    def chunks(dtype: dict[str, Any]) -> Iterator[pd.DataFrame]:
        try:
            with store.open_input_stream(path, compression=None) as stream:
                options: Any = {"compression": "gzip" if packed else None, "encoding": "utf-8-sig", "dtype": dtype}
                options |= {"low_memory": False, "chunksize": rows} | AS_WRITTEN
                for chunk in cast("Iterator[pd.DataFrame]", pd.read_csv(stream, **options)):
                    if not isinstance(chunk.index, pd.RangeIndex):
                        raise TableError(
                            f"{text!r}: row 0 has more cells than the header has names ({len(names)}); each row needs one "
                            f"cell for each name"
                        )
                    yield chunk
        except UNREADABLE as error:
            raise TableError(f"{text!r} is no UTF-8 CSV file with a header, to its end: {str(error).strip()}") from None

    try:
        with store.open_input_stream(path, compression=None) as stream:
            names = _header(stream, packed)
    except UNREADABLE as error:
        raise TableError(f"{text!r} is no UTF-8 CSV file with a header: {str(error).strip()}") from None
    unique(names)
    kinds: dict[str, set[str]] = {}
    for chunk in chunks({}):
        for name in chunk.columns:
            kinds.setdefault(name, set()).update(_kind(chunk[name]))
    as_text: dict[str, Any] = {name: str for name, found in kinds.items() if len(found) > 1}
    return lambda: chunks(as_text)


def _header(stream: BinaryIO, packed: bool) -> list[str]:
    raw = gzip.GzipFile(fileobj=stream) if packed else stream
    lines = TextIOWrapper(cast("BinaryIO", raw), encoding="utf-8-sig", newline="")
    return next((names for names in csv.reader(lines) if names), [])


def _kind(values: pd.Series) -> set[str]:
    """Number, boolean or text; nothing where all cells are empty. A column of two of them is text."""
    values = plain(values)
    if values.isna().all():
        return set()
    if values.dtype == bool or pd.api.types.infer_dtype(values, skipna=True) == "boolean":
        return {"boolean"}
    return {"number"} if pd.api.types.is_numeric_dtype(values.dtype) else {"text"}
