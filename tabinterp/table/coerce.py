"""Conversion of files, and of dataframes from any library, to pandas dataframes."""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, cast

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow
from narwhals.exceptions import DuplicateError
from numpy.typing import NDArray

from tabinterp.arrays import IntArray
from tabinterp.errors import TableError, argument

UNREADABLE = (ValueError, OSError, EOFError, csv.Error, zlib.error, pyarrow.ArrowException)
NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal")  # pandas' names for objects that are all numbers
DATES = ("datetime64", "datetime", "date")
PANDAS = tuple(map(int, pd.__version__.split(".")[:2]))
# Numbers are read exactly as written; pandas 3 does so by default, and warns about the argument.
AS_WRITTEN: Any = {} if PANDAS >= (3, 0) else {"float_precision": "round_trip"}
WHOLE = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


def as_frame(source: Any) -> pd.DataFrame:
    """Convert a dataframe to a pandas frame. Column names are unique strings, and rows are numbered from 0. The result does not
    share its column names or its index with the input.
    """
    return _with_rows(_native(source))


def read_file(path: Path) -> tuple[pd.DataFrame, str]:
    """Read a file, and return a frame in the form that `as_frame` returns, together with the SHA-256 (hex) of the bytes read."""
    frame, digest = _file(path)
    return _with_rows(frame), digest


def _with_rows(frame: pd.DataFrame) -> pd.DataFrame:
    if len(frame) == 0:
        raise TableError("the table has no rows. Give a file, query or dataframe with at least one row")
    return frame.reset_index(drop=True)


def coded_texts(values: pd.Series) -> tuple[IntArray, NDArray[Any]] | None:
    """Return the codes (rows,) of a categorical column (-1 where missing) and its strings. Return None unless all categories are
    strings.
    """
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return None
    texts = values.cat.categories.to_numpy(dtype=object)
    if not all(isinstance(one, str) for one in texts):
        return None
    return values.cat.codes.to_numpy().astype(np.int64), texts


def as_objects(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with each categorical column of text converted to strings."""
    coded = {
        str(name): plain(frame[name]) for name in frame.columns if isinstance(frame[name].dtype, pd.CategoricalDtype)
    }
    return with_columns(frame, coded) if coded else frame


def with_columns(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return a copy of the frame with these columns added or replaced. Column names can be arbitrary strings.

    `DataFrame.assign` takes names as keyword arguments, so it fails for a column named `self`.

    >>> with_columns(pd.DataFrame({"self": [1, 2]}), {"self": [3, 4], "": 5}).to_dict("list")
    {'self': [3, 4], '': [5, 5]}
    """
    changed = frame.copy(deep=False)
    for name, values in columns.items():
        changed[name] = values
    return changed


def plain(values: pd.Series) -> pd.Series:
    """Return the column as NumPy numbers, booleans or dates if possible. Otherwise return a column of objects, with NaN for
    missing values.
    """
    texts = coded_texts(values)
    if texts is not None and (texts[0] >= 0).any():
        objects = np.append(texts[1], np.nan)[texts[0]]  # code -1 selects the last, NaN
        return pd.Series(objects, values.index, object, values.name)
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object).infer_objects()
    dtype, missing = values.dtype, values.isna()
    if pd.api.types.is_datetime64_any_dtype(dtype) and isinstance(dtype, (np.dtype, pd.DatetimeTZDtype)):
        return values
    if pd.api.types.is_bool_dtype(dtype) and not missing.any():
        return values.astype(bool)
    if pd.api.types.is_numeric_dtype(dtype) and dtype.kind in "iuf":
        whole = not missing.any() and dtype.kind != "f"
        return values.astype(values.to_numpy().dtype if whole else np.float64)
    objects = np.where(missing, np.nan, values.to_numpy(dtype=object))
    return _inferred(pd.Series(objects, values.index, object, values.name), missing)


def shown(value: Any) -> str:
    """Return the text of a value for messages, in Python notation. NumPy and pandas scalars are shown as plain Python values."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def _inferred(objects: pd.Series, missing: pd.Series) -> pd.Series:
    """Convert an object column that contains only numbers, only booleans or only dates to a numeric, boolean or date column if
    possible.
    """
    if missing.all():
        return objects.astype(np.float64)
    kind = pd.api.types.infer_dtype(objects[~missing])
    whole = not missing.any()
    if kind == "boolean" and whole:
        return objects.astype(bool)
    if kind in NUMBERS:
        small = kind == "integer" and whole and objects.min() >= -(2**63) and objects.max() < 2**63
        try:
            return objects.astype(np.int64 if small else np.float64)
        except OverflowError:
            raise TableError(
                f"column {str(objects.name)!r} contains a whole number outside ±1.8e308, the range of floating-point numbers. If "
                "the column contains codes, add a letter to each code, such as 'A123'. Otherwise, remove the column from the "
                "table"
            ) from None
    if kind in DATES:
        with suppress(ValueError, TypeError):  # several time zones, or years outside pandas' range
            return pd.to_datetime(objects)
    return objects


def _native(source: Any) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):  # narwhals refuses duplicate names and names that are not text
        names = [*map(str, source.columns)]
        unique(names)
        return source.set_axis(names, axis=1)
    try:
        native = nw.from_native(source)
    except TypeError:
        raise TableError(
            "a table must be given as a path or as a dataframe (pandas, polars or pyarrow); got an object of type "
            f"{type(source).__name__}"
        ) from None
    except DuplicateError as error:
        raise TableError(
            f"column names must be unique ({' '.join(str(error).split())}). Rename the duplicate columns"
        ) from None
    frame = native.collect() if isinstance(native, nw.LazyFrame) else native
    unique(frame.columns)
    enums = {name: kind for name, kind in frame.schema.items() if isinstance(kind, nw.Enum)}
    found = frame.to_pandas()
    # Older releases of polars lose the order of an Enum in the conversion.
    ordered = {name: pd.CategoricalDtype([*kind.categories], ordered=True) for name, kind in enums.items()}
    return with_columns(found, {name: found[name].astype(kind) for name, kind in ordered.items()}) if ordered else found


def _file(path: Path) -> tuple[pd.DataFrame, str]:
    """Read a file, and return its rows and its digest. The file is read only once, so the digest is that of the parsed bytes."""
    if not path.is_file():
        raise TableError(f"there is no file {str(path)!r}. Give the path of a CSV or Parquet file")
    try:
        data = path.read_bytes()
        digest, start = hashlib.sha256(data).hexdigest(), data[:12]
        if start[:4] == b"PAR1":
            return pd.read_parquet(BytesIO(data)), digest
        no_database(str(path), start)
        if start:
            return _csv(path, data, packed=start[:2] == b"\x1f\x8b"), digest
    except UNREADABLE as error:
        raise TableError(
            f"the file {str(path)!r} cannot be read ({str(error).strip()}). It must be a Parquet file, or a UTF-8 CSV file with "
            "a header, which may be gzipped"
        ) from None
    raise TableError(f"the file {str(path)!r} is empty. Give a Parquet file, or a CSV file with a header and rows")


def no_database(path: str, start: bytes) -> None:
    """Raise an error if a file is a DuckDB database, which can be read only with a query. `start` is the first twelve bytes of
    the file.
    """
    if start[8:12] == b"DUCK":
        raise TableError(
            f"the file {path!r} is a DuckDB database, which can only be read with a query. Give an SQL query with "
            f"{argument('query')}, such as SELECT * FROM loans"
        )


def _csv(path: Path, data: bytes, packed: bool) -> pd.DataFrame:
    csv_header(BytesIO(data), packed, repr(str(path)))
    options: Any = {
        "low_memory": False,
        "compression": "gzip" if packed else None,
        "encoding": "utf-8-sig",
    } | AS_WRITTEN
    return with_large_numbers(cast("pd.DataFrame", pd.read_csv(BytesIO(data), **options)))


def csv_rows(stream: BinaryIO, packed: bool) -> Any:
    """Return an iterator over the rows of a CSV file, including the header. Each row is a list of cells."""
    raw = gzip.GzipFile(fileobj=stream) if packed else stream
    return csv.reader(TextIOWrapper(cast("BinaryIO", raw), encoding="utf-8-sig", newline=""))


def csv_header(stream: BinaryIO, packed: bool, source: str) -> list[str]:
    """Return the names of the columns of a CSV file.

    Raises
    ------
    TableError
        A column name occurs twice, or the first row has more cells than the header. Without this check, pandas would use the
        extra cells as row labels.
    """
    rows = csv_rows(stream, packed)
    names: list[str] = next((cells for cells in rows if cells), [])
    unique(names)
    first: list[str] = next((cells for cells in rows if len(cells) > 1 or "".join(cells).strip()), [])
    if len(first) > len(names):
        raise TableError(
            f"the first row of {source} has {len(first)} cells, but the header has {len(names)} names "
            f"({', '.join(map(repr, names[:8]))}). Each row must have one cell for each name in the header{separator_hint(names)}"
        )
    return names


def with_large_numbers(frame: pd.DataFrame, texts: Collection[str] = ()) -> pd.DataFrame:
    """Convert columns of strings to numbers if the strings are numbers too large for 64 bits. Versions of pandas before 3
    read such columns of a CSV file as strings.

    Columns named in `texts` are not converted.
    """
    if PANDAS >= (3, 0):
        return frame
    names = [name for name in frame.columns if frame[name].dtype == object and name not in texts]
    found = {name: _numbers(frame[name]) for name in names}
    return with_columns(frame, {name: numbers for name, numbers in found.items() if numbers is not None})


def _numbers(texts: pd.Series) -> pd.Series | None:
    """Return the cells as numbers, or None if any cell is not a number."""
    cells = texts.dropna()
    if not all(isinstance(cell, str) and NUMBER.fullmatch(cell) for cell in cells):
        return None
    read = int if all(WHOLE.fullmatch(cell) for cell in cells) else float
    return pd.Series([read(cell) for cell in cells], cells.index, object, texts.name).reindex(texts.index)


def with_target(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the rows whose target is known. If there is no target column, return all rows. A later step reports the missing
    column.

    A column of whole numbers with missing values is read as floating-point numbers. This function converts the target back to
    whole numbers, so a class is named 1 and not 1.0.
    """
    if target not in frame:
        return frame
    known = frame[target].notna()
    rows = frame if known.all() else frame[known]
    values = rows[target]
    if getattr(values.dtype, "kind", "") != "f" or not (values.abs() < 2**53).all() or (values != values.round()).any():
        return rows
    return with_columns(rows, {target: values.astype(np.int64)})


def separator_hint(columns: Sequence[str]) -> str:
    """Return a hint for an error message if the cells of a file seem to be separated by a character other than a comma."""
    mark = next((mark for mark in (";", "\t", "|") if len(columns) == 1 and mark in columns[0]), None)
    if mark is None:
        return ""
    return (
        f". The cells of the file seem to be separated by {mark!r} instead of commas. Save the file with commas, or pass the "
        f"dataframe that pandas.read_csv(..., sep={mark!r}) returns"
    )


def unique(names: Sequence[str]) -> None:
    twice = list(dict.fromkeys(name for i, name in enumerate(names) if name in names[:i]))
    if twice:
        raise TableError(
            f"column names must be unique, but more than one column is named {', '.join(map(repr, twice))}. Rename the "
            "duplicate columns"
        )
    broken = [name for name in names if not is_text(name)]
    if broken:
        raise TableError(
            f"the column name {broken[0]!r} is not valid Unicode text, because it contains an unpaired surrogate. Rename the "
            "column"
        )


def is_text(value: str) -> bool:
    """Return whether a string can be encoded as UTF-8."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
