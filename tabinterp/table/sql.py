"""What a database answers, as Parquet files in a temporary folder: read once, batch by batch, never all in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import TableError
from ..files import hidden
from .source import unique

NEEDED = "pip install 'tabinterp[sql]', and the driver of your database where that is another"


def spool(source: str, query: str, rows: int) -> tuple[str, TemporaryDirectory[str], list[Path]]:
    """The table's name, the folder (deleted with its last reference) and the files, in order.

    Raises
    ------
    TableError
        where the database cannot be reached, does not know the query, or is lost before its last row.
    """
    name, batches = _duckdb(source, query, rows) if "://" not in source else _sqlalchemy(source, query, rows)
    folder = TemporaryDirectory(prefix="tabinterp-")
    files: list[Path] = []
    for batch in batches:
        files.append(Path(folder.name) / f"{len(files):08d}.parquet")
        pq.write_table(batch, files[-1])
    return name, folder, files


def _duckdb(path: str, query: str, rows: int) -> tuple[str, Iterator[pa.Table]]:
    try:
        import duckdb  # noqa: PLC0415  # an extra
    except ImportError:
        raise TableError(f"a query to a DuckDB file needs duckdb: {NEEDED}") from None
    if not Path(path).is_file():
        raise TableError(f"no file {path!r}; with a query, a source is a DuckDB file or a URL such as postgresql://…")

    def batches() -> Iterator[pa.Table]:
        with _told(path, (duckdb.Error, pa.ArrowException)) as seen, duckdb.connect(path, read_only=True) as base:
            answer: Any = base.sql(query)
            if answer is None:
                raise TableError(f"the query to {path!r} gives no rows: say SELECT … FROM …")
            read = getattr(answer, "to_arrow_reader", None) or answer.fetch_arrow_reader  # its name before DuckDB 2
            for batch in read(rows):
                unique(batch.schema.names)
                seen[0] += len(batch)
                yield pa.Table.from_batches([batch])

    return Path(path).name.split(".")[0], batches()


def _sqlalchemy(url: str, query: str, rows: int) -> tuple[str, Iterator[pa.Table]]:
    try:
        import sqlalchemy  # noqa: PLC0415  # an extra
    except ImportError:
        raise TableError(f"a query to a database needs SQLAlchemy: {NEEDED}") from None
    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
    except (sqlalchemy.exc.ArgumentError, sqlalchemy.exc.NoSuchModuleError, ImportError) as error:
        raise TableError(f"{hidden(url)!r} is no database that can be asked here ({error}): {NEEDED}") from None

    lost = (sqlalchemy.exc.SQLAlchemyError, OSError, pa.ArrowException)

    def batches() -> Iterator[pa.Table]:
        with _told(hidden(url), lost) as seen, engine.connect() as connection:
            streamed = connection.execution_options(stream_results=True, max_row_buffer=rows)
            answer = streamed.execute(sqlalchemy.text(query))
            names = list(answer.keys())
            unique(names)
            for part in answer.partitions(rows):
                seen[0] += len(part)
                yield _arrow(names, part)

    return Path(engine.url.database or "query").name.split(".")[0], batches()


def _arrow(names: list[str], part: Any) -> pa.Table:
    columns = {
        name: pd.Series(list(values), dtype=object) for name, values in zip(names, zip(*part, strict=True), strict=True)
    }
    return pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)


@contextmanager
def _told(where: str, errors: tuple[type[BaseException], ...]) -> Iterator[list[int]]:
    """What goes wrong in a database, with how many rows had come; the list counts them."""
    seen = [0]
    try:
        yield seen
    except errors as error:
        reason = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
        told = f"after {seen[0]:,} rows; nothing of them is kept: ask again" if seen[0] else "before its first row"
        raise TableError(f"the query to {where} failed {told}: {reason}") from None
