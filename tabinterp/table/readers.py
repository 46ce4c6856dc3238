"""Functions that read rows in batches and in a fixed order. Sources are Parquet and CSV files, folders, object stores, Arrow
tables, dataframes and databases.

A source can be read repeatedly, with one batch in memory at a time. The result of a database query is read only once and copied
to a temporary folder. Otherwise the rows could change or have a different order in the next read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs as filesystems

from tabinterp.errors import TableError
from tabinterp.secret_masking import hidden, source_name

from .checkpoints import Keeping, Told
from .coerce import (
    AS_WRITTEN,
    PANDAS,
    UNREADABLE,
    as_frame,
    csv_header,
    csv_rows,
    no_database,
    plain,
    unique,
    with_columns,
    with_large_numbers,
    with_target,
)
from .fingerprints import Fingerprints
from .partitions import SUMS, Piece, numbered
from .sql import spool

ROWS = 65_536  # maximum number of rows per batch
CELLS = 2**22  # maximum number of cells per batch, which limits the rows if there are many columns
PACKED = b"\x1f\x8b"
SHRUNK, CELL = 8, 8  # approximate compression ratio of gzipped text; bytes per cell in memory


@dataclass(frozen=True, eq=False)
class Source:
    """A source of rows. Each call to `parts` yields raw frames, starting at a given row number. Earlier rows are read and skipped
    unless the number of rows in each file is known. `kept` is an object, such as a temporary folder, that must exist for as
    long as the source does.

    `apart` yields the same rows in parts that other processes can read, together with the number of rows in each part. `apart` is
    None if other processes cannot read the source. `rows` is the number of rows if it is known before reading. `texts` are text
    columns that are read as categories because that is faster. `left_out` returns the number of rows that were left out because
    their target is missing, once all rows have been read. `left_out` is None if rows without a target are not left out.
    `fingerprints` are digests of the rows in the first pass, which are compared with those of later passes.
    """

    name: str
    parts: Callable[[int], Iterator[pd.DataFrame]]
    kept: Any = None
    apart: Callable[[], Iterator[tuple[int, Callable[[], Iterator[pd.DataFrame]]]]] | None = None
    rows: int | None = None
    texts: Sequence[str] = ()
    left_out: Callable[[], int] | None = None
    fingerprints: Fingerprints = field(default_factory=lambda: Fingerprints("the table"))
    file: tuple[Path, tuple[int, ...]] | None = None  # a single local file, and its identity when it was opened

    def file_sha256(self) -> str | None:
        """Return the SHA-256 (hex) of the file that was read.

        Return None if the rows do not come from a single local file. Also return None if the file was modified after it was
        opened, because its current bytes may differ from those that were read.
        """
        if self.file is None:
            return None
        path, opened = self.file
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return digest if _stamp(path) == opened else None

    def batches(self, first: int = 0, reader: str = "a later pass") -> Iterator[pd.DataFrame]:
        """Yield raw frames, starting at row `first` and indexed by row number.

        Raises
        ------
        TableError
            The rows differ from those of the first pass. `reader` is the name of the current pass, for the error message.
        """
        at = first
        for frame in self.fingerprints.check(numbered(self.parts(first), first), reader):
            at += len(frame)
            yield frame
        if at == 0:
            raise TableError("the table has no rows. Give a file, query or dataframe with at least one row")
        self.fingerprints.end(at, reader)

    def pieces(self, first: int = 0) -> Iterator[Piece]:
        """Yield the rows as pieces that can be sent to other processes. A piece refers to a row group of a Parquet file; for
        other sources, it contains the rows themselves.
        """
        if self.apart is None:
            for frame in self.batches(first, SUMS):
                yield Piece(int(frame.index[0]), len(frame), partial(list, [frame]))
            return
        at = 0
        for rows, frames in self.apart():
            if at >= first:
                yield Piece(at, rows, frames, fingerprints=self.fingerprints.within(at, rows))
            at += rows
        self.fingerprints.end(at, SUMS)


def open_source(
    source: Any,
    query: str | None = None,
    rows: int = ROWS,
    *,
    key: str | None = None,
    keep: Keeping | None = None,
    told: Told | None = None,
) -> Source:
    """Open a source that is read in batches of at most `rows` rows. Batches are smaller if there are many columns.

    Parameters
    ----------
    source : path of a CSV (or .csv.gz) or Parquet file, path of a folder of Parquet files (partitioned or not), a URL of such a
        file or folder that fsspec supports ("s3://bucket/loans/"), an Arrow table or dataset, or any dataframe. With `query`: a
        DuckDB file, or a URL that SQLAlchemy supports ("postgresql+psycopg://user@host/base").
    key : a column of the query with a unique value in every row. The rows are sorted by this column, and an interrupted query
        continues after the last saved row.
    keep : folder of checkpoints, in which the rows of a query and the column types of a CSV file are saved. None: nothing is
        saved.
    told : function that is called with the progress while the result of a query is copied.
    """
    if query is not None:
        name, folder, files = spool(str(source), query, rows, key, keep, told)
        counts = [pq.read_metadata(file).num_rows for file in files]
        marks = Fingerprints(f"the copy of the query to {hidden(str(source))}")
        return Source(
            name,
            lambda first: map(pd.read_parquet, _after(first, counts, files)),
            folder,
            rows=sum(counts),
            fingerprints=marks,
        )
    if key is not None:
        raise TableError(
            f"the key column {key!r} can only be used with a query, but no query was given. Give a query, or leave out the key "
            "column"
        )
    if isinstance(source, ds.Dataset):
        return _of_dataset("table", source, rows)
    if isinstance(source, pa.Table):
        unique(source.column_names)
        few = _few(rows, len(source.column_names))
        return Source("table", partial(_of_arrow, source, few), rows=len(source))
    if isinstance(source, (str, Path)):
        return _of_path(str(source), rows, keep)
    frame = as_frame(source)
    rows = _few(rows, len(frame.columns))
    return Source(
        "table", lambda first: (frame.iloc[i : i + rows] for i in range(first, len(frame), rows)), rows=len(frame)
    )


class _KnownTargets:
    """The parts of a source, without the rows whose target is missing. `left_out` is the number of rows left out. It is known
    after all rows have been read.
    """

    def __init__(self, parts: Callable[[int], Iterator[pd.DataFrame]], target: str) -> None:
        self._parts, self._target, self.left_out = parts, target, 0

    def __call__(self, first: int) -> Iterator[pd.DataFrame]:
        """Yield the frames, starting at row `first`. Rows are numbered as if the rows without a target did not exist, so all
        earlier rows must be read and counted.
        """
        known = left_out = 0
        for frame in self._parts(0):
            rows = with_target(frame, self._target)
            known, left_out = known + len(rows), left_out + len(frame) - len(rows)
            if known > first and len(rows):
                yield rows
        if known == 0 and left_out:
            raise TableError(
                f"target {self._target!r} is missing in all {left_out:,} rows, so there is nothing to predict. Choose another "
                "target column, or fill in the target"
            )
        self.left_out = left_out


def with_known_targets(source: Source, target: str) -> Source:
    """Return the source without the rows whose target is missing. Its `left_out` returns the number of rows left out, which is
    known after all rows have been read.
    """
    parts = _KnownTargets(source.parts, target)
    return replace(source, parts=parts, apart=None, rows=None, left_out=lambda: parts.left_out)


def identity(source: Any, query: str | None = None, key: str | None = None) -> str:
    """Return a string that identifies the rows of a path, URL or query without reading the rows. For files, it contains their
    names, sizes and modification times.

    Raises
    ------
    TableError
        The source is in memory. Only the rows of a path, URL or query can be identified.
    """
    if query is not None:
        return f"{hidden(str(source))}: {hidden(query)}" + ("" if key is None else f", by {key}")
    if not isinstance(source, (str, Path)):
        raise TableError(
            "an audit can only be resumed if its data are read from a file, a folder, a URL or a query; got an object of type "
            f"{type(source).__name__}. Save the data to a file first"
        )
    with _readable(str(source), f"{hidden(str(source))!r} cannot be read"):
        files = _files(*_store(str(source)))
    lines = "".join(f"{hidden(one.path)} {one.size} {one.mtime}\n" for one in files)
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()


def _stamp(path: Path) -> tuple[int, ...]:
    """Return the size, times and other metadata of a file, which change when its contents change. The inode change time (ctime)
    is included because, unlike the modification time, programs cannot set it.
    """
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _files(store: Any, path: str) -> list[Any]:
    """Return the files in a folder in the order of their paths. If the path is a file, return only this file."""
    found = store.get_file_info(path)
    if found.type != filesystems.FileType.Directory:
        return [found]
    inside = store.get_file_info(filesystems.FileSelector(path, recursive=True))
    return sorted((one for one in inside if one.type == filesystems.FileType.File), key=lambda one: one.path)


def _few(rows: int, columns: int) -> int:
    return max(1, min(rows, CELLS // max(1, columns)))


def _after(first: int, counts: Sequence[int], parts: Iterable[Any]) -> Iterator[Any]:
    """Yield the parts that start at row `first` or later. `counts` contains the number of rows in each part."""
    starts = accumulate(counts, initial=0)
    return (part for start, part in zip(starts, parts, strict=False) if start >= first)


def _of_arrow(table: pa.Table, rows: int, start: int) -> Iterator[pd.DataFrame]:
    for first in range(start, len(table), rows):
        yield table.slice(first, rows).to_pandas()


# ---- files


def unpacked_size(path: Path) -> int:
    """Return the approximate size in memory, in bytes, of the table in a file: the size of the uncompressed text for a CSV file,
    and eight bytes per cell for a Parquet file.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(4)
    if start == b"PAR1":
        with suppress(pa.ArrowException, OSError):  # the error is reported when the file is read
            found = pq.read_metadata(path)
            return int(found.num_rows * found.num_columns * CELL)
    return size * SHRUNK if start[:2] == PACKED else size


def _of_path(source: str, rows: int, keep: Keeping | None) -> Source:
    text = hidden(source)
    with _readable(source, f"{text!r} cannot be read"):
        store, path = _store(source)

        def listing() -> dict[str, int]:
            return {one.path: one.size for one in _files(store, path)}

        kind = store.get_file_info(path).type
        if kind == filesystems.FileType.NotFound:
            raise TableError(f"there is no file or folder {text!r}. Check the path or URL")
        marks = Fingerprints(text, listing=listing, files=listing())
        name = source_name(source if "://" in source else path)
        if kind == filesystems.FileType.Directory:
            return replace(_dataset(source, name, store, path, rows), fingerprints=marks)
        file = (Path(path), _stamp(Path(path))) if isinstance(store, filesystems.LocalFileSystem) else None
        with store.open_input_file(path) as stream:
            start = stream.read(12)
        if start[:4] == b"PAR1":
            return replace(_dataset(source, name, store, path, rows), fingerprints=marks, file=file)
    no_database(text, start)
    if not start:
        raise TableError(f"the file {text!r} is empty. Give a Parquet file, or a CSV file with a header and rows")
    return Source(name, _csv(source, store, path, rows, start[:2] == PACKED, keep), fingerprints=marks, file=file)


def _store(source: str) -> tuple[Any, str]:
    """Return the file system of a path or URL, and the path within it."""
    if "://" not in source:
        return filesystems.LocalFileSystem(), Path(source).absolute().as_posix()
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415  # only needed for URLs
    except ImportError:
        raise TableError(
            f"reading {hidden(source)!r} needs the package fsspec, which is not installed. Install it with: pip install "
            "'tabinterp[remote]'"
        ) from None
    try:
        store, path = url_to_fs(source)
    except (ValueError, ImportError) as error:
        raise TableError(
            f"data cannot be read from a URL that begins with {source.split('://', 1)[0]!r} ({hidden(str(error), source)}). If "
            "the URL is the address of a database, give a query as well"
        ) from None
    return filesystems.PyFileSystem(filesystems.FSSpecHandler(store)), path


@contextmanager
def _readable(source: str, problem: str) -> Iterator[None]:
    """Within the `with` block, replace library errors about this path or URL by a `TableError` without secrets from the URL."""
    try:
        yield
    except TableError:
        raise
    except UNREADABLE as error:
        raise TableError(f"{problem}: {hidden(str(error).strip(), source)}") from None
    except Exception as error:  # every remote store has its own errors; those of local files are handled above
        if "://" not in source:
            raise
        raise TableError(f"{problem}: {type(error).__name__}: {hidden(str(error).strip(), source)}") from None


def _dataset(source: str, name: str, store: Any, path: str, rows: int) -> Source:
    with _readable(source, f"{hidden(source)!r} cannot be read as Parquet"):
        how: Any = {"filesystem": store, "partitioning": ds.HivePartitioning.discover(infer_dictionary=True)}
        found = ds.dataset(path, format="parquet", **how)
        texts = [one.name for one in found.schema if pa.types.is_string(one.type) or pa.types.is_large_string(one.type)]
        found = ds.dataset(path, format=ds.ParquetFileFormat(dictionary_columns=texts), **how)
        unique(found.schema.names)
        return _of_dataset(name, found, rows, source, texts)


def _of_dataset(
    name: str, found: ds.Dataset, rows: int, source: str = "the data set", texts: Sequence[str] = ()
) -> Source:
    """Return a source that reads the files of a dataset one by one. Files are read in the order of their paths, so row numbers
    are the same in every pass.

    `texts` are text columns that are read as codes and distinct strings, which creates fewer string objects.
    """

    rows = _few(rows, len(found.schema))

    def fragments() -> Iterator[Any]:
        """Yield the row groups of each Parquet file separately. If a whole file were read, Arrow would decode up to 1 GiB in
        advance.
        """
        with _to_its_end(source):
            for one in sorted(found.get_fragments(), key=lambda one: getattr(one, "path", "")):
                yield from one.split_by_row_group() if isinstance(one, ds.ParquetFileFragment) else [one]

    def parts(first: int) -> Iterator[pd.DataFrame]:
        """Yield frames, beginning with the frame that contains row `first`. Row groups before this row are not read."""
        at = 0
        for one in fragments():
            count = sum(group.num_rows for group in one.row_groups) if files else 0
            if files and at + count <= first:
                at += count
                continue
            for frame in _read(source, one, found.schema, rows, texts):
                at += len(frame)
                if at > first:
                    yield frame

    def apart() -> Iterator[tuple[int, Callable[[], Iterator[pd.DataFrame]]]]:
        for one in fragments():
            if count := sum(group.num_rows for group in one.row_groups):
                yield count, partial(_read, source, one, found.schema, rows, texts)

    files = isinstance(found, ds.FileSystemDataset) and isinstance(found.format, ds.ParquetFileFormat)
    count = found.count_rows() if files else None
    return Source(name, parts, apart=apart if files else None, rows=count, texts=texts)


def _read(
    source: str, fragment: Any, schema: pa.Schema, rows: int, texts: Sequence[str] = ()
) -> Iterator[pd.DataFrame]:
    with _to_its_end(source):
        for batch in fragment.to_batches(schema=schema, batch_size=rows, batch_readahead=2, fragment_readahead=1):
            if len(batch):
                frame = pa.Table.from_batches([batch]).replace_schema_metadata(schema.metadata).to_pandas()
                made = {name: _texts(batch.column(name)) for name in texts if name in frame}
                yield with_columns(frame, {name: pd.Series(one, frame.index) for name, one in made.items()})


def _texts(column: pa.DictionaryArray) -> pd.Categorical:
    """Convert an Arrow text column to a pandas categorical column of its distinct strings."""
    texts = column.dictionary.to_pylist()
    large = len(texts) > len(column)  # the dictionary of a whole row group, mostly unused in this batch
    if large or None in texts or len({*texts}) < len(texts):
        column = column.dictionary_decode().dictionary_encode()
        texts = column.dictionary.to_pylist()
    codes = column.indices.fill_null(-1).to_numpy()
    return pd.Categorical.from_codes(codes, pd.Index(texts, dtype=object), validate=False)


def _to_its_end(source: str) -> AbstractContextManager[None]:
    return _readable(source, f"{hidden(source)!r} cannot be read completely")


# ---- CSV: the type of a column is only known at the end of the file


def _csv(
    source: str, store: Any, path: str, rows: int, packed: bool, keep: Keeping | None
) -> Callable[[int], Iterator[pd.DataFrame]]:
    """Return a function that yields the rows of a CSV file from a given row number. Earlier rows must be read too, because the
    position of a row in the file is not known.
    """
    form = "as a UTF-8 CSV file with a header"
    unreadable = f"{hidden(source)!r} cannot be read completely {form}"

    def chunks(dtype: dict[str, Any]) -> Iterator[pd.DataFrame]:
        with (
            _readable(source, unreadable),
            store.open_input_stream(path, compression=None) as stream,
        ):
            options: Any = {"compression": "gzip" if packed else None, "encoding": "utf-8-sig", "dtype": dtype}
            options |= {"low_memory": False, "chunksize": rows} | AS_WRITTEN
            for chunk in cast("Iterator[pd.DataFrame]", pd.read_csv(stream, **options)):
                yield with_large_numbers(chunk, texts=dtype)

    with (
        _readable(source, f"{hidden(source)!r} cannot be read {form}"),
        store.open_input_stream(path, compression=None) as stream,
    ):
        names = csv_header(stream, packed, repr(hidden(source)))
    rows = _few(rows, len(names))
    kept = None if keep is None else keep.read("kinds")
    if kept is None:
        if PANDAS < (3, 1):
            with _readable(source, unreadable), store.open_input_stream(path, compression=None) as stream:
                _check_cells(csv_rows(stream, packed), len(names), source)
        kinds: dict[str, set[str]] = {}
        for chunk in chunks({}):
            for name in chunk.columns:
                kinds.setdefault(name, set()).update(_kind(chunk[name]))
        mixed = [name for name, found in kinds.items() if len(found) > 1]
    else:
        mixed = kept[1]
    if keep is not None:
        keep.write("kinds", lambda: ({}, mixed))
    as_text: dict[str, Any] = dict.fromkeys(mixed, str)
    return lambda first: (chunk for chunk in chunks(as_text) if chunk.index[0] >= first)


def _check_cells(rows: Any, most: int, source: str) -> None:
    """Raise an error if a row has too many cells. From version 3.1, pandas raises such an error itself. Older versions silently
    drop the extra cells in the first rows of a chunk.
    """
    for cells in rows:
        if len(cells) > most:
            raise TableError(
                f"line {rows.line_num} of {hidden(source)!r} has {len(cells)} cells, but the header has {most} names. Each row "
                "must have one cell for each name in the header"
            )


def _kind(values: pd.Series) -> set[str]:
    """Return a set with the kind of a column's values: "number", "boolean" or "text". The set is empty if all cells are empty. A
    column whose chunks differ in kind is read as text.
    """
    values = plain(values)
    if values.isna().all():
        return set()
    if values.dtype == bool or pd.api.types.infer_dtype(values, skipna=True) == "boolean":
        return {"boolean"}
    return {"number"} if pd.api.types.is_numeric_dtype(values.dtype) else {"text"}
