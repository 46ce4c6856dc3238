"""Copying the result of a database query to Parquet files in a temporary folder. The rows are read once and in batches, so they
are never all in memory.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tabinterp.atomic_io import PRIVATE, make_private, write
from tabinterp.errors import TableError
from tabinterp.secret_masking import hidden, source_name

from .checkpoints import Keeping, Told
from .coerce import shown, unique

PART, WHOLE = "part", "whole"  # a file that is being written; an empty file that marks a complete copy
INSTALL = "Install it with: pip install 'tabinterp[sql]'"


def spool(
    source: str,
    query: str,
    rows: int,
    key: str | None = None,
    keep: Keeping | None = None,
    told: Told | None = None,
) -> tuple[str, Any, list[Path]]:
    """Run a query and save its rows as files. Return the name of the table, the folder, and the paths of the files in order.

    Without `keep`, the folder is temporary (see `_Temporary`). With `keep`, the files of a completed query remain if the audit is
    interrupted. If the query itself is interrupted, the files written so far remain only if the rows are sorted by a `key`.

    Raises
    ------
    TableError
        The database cannot be reached, refuses the query, or loses the connection before the last row.
    """
    base = (_duckdb if "://" not in source else _sqlalchemy)(source)
    base = replace(base, secret=(source, query))
    copy = partial(_copied, base, query, rows, key, told or (lambda _what, _rows, _all: None))
    if keep is None:
        temporary = _Temporary()
        return base.name, temporary, copy(temporary.path, [], "none of these rows were saved; run the query again")
    folder = keep.folder / "rows"
    files = _files(folder)
    if not (folder / WHOLE).is_file():
        keep.make()
        files = _again(copy, folder, keep) if key is None else _on(copy, folder, files, keep)
        write(folder / WHOLE, b"", PRIVATE)
    return base.name, folder, files


class _Temporary:
    """A temporary folder. It is deleted when this object is garbage-collected or when the process ends, without the warning that
    `TemporaryDirectory` issues.
    """

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="tabinterp-"))
        finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def _again(copy: Callable[..., list[Path]], folder: Path, keep: Keeping) -> list[Path]:
    """Run the query from its first row. Without a key, it is not known which rows were saved earlier."""
    if keep.resume:
        keep.say(
            "The query is run again from its first row, because its rows have no fixed order. With a key column (--key), a "
            "query continues after the rows that were saved."
        )
    shutil.rmtree(folder, ignore_errors=True)
    make_private(folder)
    try:
        return copy(
            folder, [], "none of these rows were saved; run the query again, with --key so that it can be resumed"
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _on(copy: Callable[..., list[Path]], folder: Path, files: list[Path], keep: Keeping) -> list[Path]:
    """Continue the query after the rows that are already saved."""
    make_private(folder)
    if files:
        keep.say(f"The query continues after the {_rows_in(files):,} rows that were saved.")
    return copy(folder, files, "these rows are saved")


@dataclass(frozen=True)
class _Base:
    """A database connection for queries.

    `answer` runs a query and yields its rows as Arrow tables of limited size. It takes the query, the value of the query's
    parameter (None if the query has none), and the number of rows per table. `last` is the SQL placeholder for the query's
    parameter. `quoted` quotes a column name for SQL. `secret` contains the URL and the query; secrets in them are masked in
    messages.
    """

    name: str
    where: str
    errors: tuple[type[BaseException], ...]
    answer: Callable[[str, Any, int], Iterator[pa.Table]]
    quoted: Callable[[str], str]
    last: str
    secret: tuple[str, ...] = ()


def _copied(
    base: _Base, query: str, rows: int, key: str | None, told: Told, folder: Path, files: list[Path], fate: str
) -> list[Path]:
    """Copy the rows that are not in `files` yet, and return all files. `fate` is a clause for error messages that states what
    happens to the copied rows.
    """
    seen, last = _rows_in(files), None
    with _told(base, seen, fate) as counted:
        if key is not None:
            inner, name = f"SELECT * FROM ({query.strip().rstrip(';')}\n) asked", base.quoted(key)
            if files:
                last = pq.read_table(files[-1], columns=[key]).column(0)[-1].as_py()
                before = f"SELECT count(*) AS n FROM ({inner} WHERE {name} <= {base.last}) kept"
                _unchanged(next(base.answer(before, last, 1)).column(0)[0].as_py(), seen, key, last)
            query = f"{inner}{f' WHERE {name} > {base.last}' if files else ''} ORDER BY {name}"
        for batch in base.answer(query, last, rows):
            if key is not None:
                last = _ordered(batch, key, last)
            files = [*files, folder / f"{len(files):08d}.parquet"]
            (folder / PART).unlink(missing_ok=True)  # left by a killed run
            with os.fdopen(os.open(folder / PART, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as part:
                pq.write_table(batch, part)
            os.replace(folder / PART, files[-1])
            counted[0] += len(batch)
            told("copying the query", counted[0], None)
    return files


def _ordered(batch: pa.Table, key: str, last: Any) -> Any:
    """Return the key of the last row in a batch. Raise an error if a key is missing or not unique."""
    if key not in batch.column_names:
        raise TableError(
            f"the key column {key!r} is not among the columns of the query, which are {batch.column_names}. Specify one of these "
            "columns"
        )
    values = batch.column(key).to_pandas()
    if values.isna().any():
        raise TableError(
            f"the key column {key!r} has missing values, but a key must have a unique value in every row. Choose another key "
            "column"
        )
    twice = values[values.duplicated()]
    if len(twice) or values.iloc[0] == last:
        value = shown(twice.iloc[0] if len(twice) else last)
        raise TableError(
            f"the key column {key!r} has the value {value} in more than one row, but a key must have a unique value in every "
            "row. Choose another key column"
        )
    return batch.column(key)[-1].as_py()


def _unchanged(found: int, kept: int, key: str, last: Any) -> None:
    if found != kept:
        raise TableError(
            f"the rows returned by the query have changed. Up to {key} = {shown(last)}, the query now returns {found:,} rows, "
            f"but the interrupted run read {kept:,} rows. Start again with --overwrite instead of --resume"
        )


def _files(folder: Path) -> list[Path]:
    """Return the files in the folder that were written completely, in order."""
    found = sorted(folder.glob("*.parquet"))
    return [path for i, path in enumerate(found) if path.name == f"{i:08d}.parquet"]


def _rows_in(files: list[Path]) -> int:
    return sum(pq.read_metadata(file).num_rows for file in files)


def _duckdb(path: str) -> _Base:
    try:
        import duckdb  # noqa: PLC0415  # an extra
    except ImportError:
        raise TableError(f"reading a DuckDB file needs the package duckdb, which is not installed. {INSTALL}") from None
    if not Path(path).is_file():
        raise TableError(
            f"there is no file {hidden(path)!r}. A query needs a DuckDB file or a database URL, such as "
            "postgresql://USER@HOST/DATABASE"
        )

    def answer(query: str, last: Any, rows: int) -> Iterator[pa.Table]:
        with duckdb.connect(path, read_only=True) as base:
            found: Any = base.sql(query) if last is None else base.sql(query, params=[last])
            if found is None:
                raise TableError(
                    f"the query to {path!r} does not return a table. Use a query of the form SELECT … FROM …"
                )
            read = getattr(found, "to_arrow_reader", None) or found.fetch_arrow_reader  # the name before DuckDB 2
            for batch in read(rows):
                unique(batch.schema.names)
                yield pa.Table.from_batches([batch])

    def quoted(name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    return _Base(source_name(path), path, (duckdb.Error, pa.ArrowException, OSError), answer, quoted, "?")


def _sqlalchemy(url: str) -> _Base:
    try:
        import sqlalchemy  # noqa: PLC0415  # an extra
    except ImportError:
        raise TableError(
            f"reading a database needs the package SQLAlchemy, which is not installed. {INSTALL}"
        ) from None
    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
    except Exception as error:  # each driver raises its own error for a URL that it cannot use
        reason = hidden(str(error), url)
        raise TableError(
            f"the database URL {hidden(url)!r} cannot be used ({reason}). Check that the URL is correct and that the driver of "
            "your database is installed"
        ) from None

    def answer(query: str, last: Any, rows: int) -> Iterator[pa.Table]:
        with engine.connect() as connection:
            streamed = connection.execution_options(stream_results=True, max_row_buffer=rows)
            found = streamed.execute(sqlalchemy.text(query), {} if last is None else {"tabinterp_last": last})
            names = list(found.keys())
            unique(names)
            for part in found.partitions(rows):
                yield _arrow(names, part)

    name = source_name(url) or "query"
    lost = (sqlalchemy.exc.SQLAlchemyError, OSError, pa.ArrowException)
    return _Base(name, hidden(url), lost, answer, engine.dialect.identifier_preparer.quote, ":tabinterp_last")


def _arrow(names: list[str], part: Any) -> pa.Table:
    columns = {
        name: pd.Series(list(values), dtype=object) for name, values in zip(names, zip(*part, strict=True), strict=True)
    }
    return pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)


@contextmanager
def _told(base: _Base, before: int, fate: str) -> Iterator[list[int]]:
    """Within the `with` block, convert database errors to a `TableError` that states the number of rows copied. The context
    manager yields a list that contains this number. The number starts at `before`, and the block updates it.
    """
    seen = [before]
    try:
        yield seen
    except base.errors as error:
        reason = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
        when = f"after {seen[0]:,} rows ({fate})" if seen[0] else "before the first row"
        raise TableError(f"the query to {base.where} failed {when}: {hidden(reason, *base.secret)}") from None
