"""`read_table`: the one door through which rows come in."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from ..errors import TableError
from .draws import FloatArray
from .schema import KINDS, TASKS, Column, Kind, Role, Schema, Task
from .split import BoolArray, Split, by_column, by_fraction
from .table import Table

FEW = 10  # whole numbers with at most this many distinct values are read as classes


def read_table(
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
    stratify: bool = False,
    seed: int = 0,
    name: str | None = None,
) -> Table:
    """Read rows and say what each column is.

    Parameters
    ----------
    source : path of a CSV (also .gz) or Parquet file, or any dataframe narwhals knows (pandas, polars, pyarrow).
    target : column to predict.
    task : "binary", "multiclass" or "regression"; None: text, booleans and whole numbers with at most ten distinct
        values are classes, other numbers are a regression target.
    positive : the positive class of a binary target; None: the last in sorted order.
    drop : columns no model may read. They stay in the table (a protected column can be dropped).
    protected : columns to watch, whether or not they are inputs.
    kinds : column -> "numeric", "categorical", "boolean" or "ordinal", where the inferred kind is wrong, such as for
        categories coded as whole numbers.
    levels : column -> its levels in order, for ordinal columns.
    weight : column of sampling weights. group : column that says which rows belong together.
    split : a column of train/test labels, booleans or dates; or the share of rows to hold out, between 0 and 1.
    split_at : with a date column: hold out rows from this date on; None: the latest quarter.
    stratify : hold out the same share of each class. seed : of the drawn share.
    name : what reports call the table; None: the file's name.

    Raises
    ------
    TableError
        naming the column, the row where it helps, what was allowed and what was found.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"age": [23, 45, 31, 62], "job": ["a", "b", None, "a"], "paid": ["no", "yes", "no", "yes"]})
    >>> table = read_table(frame, target="paid", positive="yes")
    >>> table.schema.task, table.schema.classes, table.schema["job"].levels
    ('binary', ('no', 'yes'), ('a', 'b'))
    """
    raw = _frame(source)
    frame = _coerced(raw)
    roles = _roles(frame, target, drop, weight, group, split)
    _named(frame, "protected", protected)
    kinds, levels = dict(kinds or {}), _orders(raw) | dict(levels or {})
    _check_kinds(frame, kinds, levels)
    columns = tuple(
        _column(frame[c], roles[c], kinds.get(c), levels.get(c), protected=c in set(protected)) for c in frame.columns
    )
    if not any(column.role == "input" for column in columns):
        raise TableError(
            "no column is left for a model to read: every column is the target, dropped or has another role"
        )
    goal, classes, y = _target(frame[target], task, positive, levels.get(target))
    schema = Schema(columns, target, goal, classes)
    weights = None if weight is None else _weights(frame[weight])
    label = name or (Path(source).name.split(".")[0] if isinstance(source, (str, Path)) else "table")
    table = Table(label, frame, schema, y, np.arange(len(frame)), weights)
    return table if split is None else with_split(table, split, split_at, stratify, seed)


def with_split(table: Table, split: str | float | Split, at: str | None, stratify: bool, seed: int) -> Table:
    if isinstance(split, Split):
        rule = split
    elif isinstance(split, str):
        rule = by_column(table.frame, split, None, at)
    else:
        rule = by_fraction(table.frame, table.schema.inputs, table.codes, split, seed, stratify)
    table = table.with_split(rule)
    held_out = int(np.sum(table.held_out)) if table.held_out is not None else 0
    if held_out in (0, len(table)):
        raise TableError(f"the split holds out {held_out} of {len(table)} rows; both parts need rows")
    return table


# ---- the source becomes a pandas frame of plain numpy values


def _frame(source: Any) -> pd.DataFrame:
    if isinstance(source, (str, Path)):
        return _file(Path(source))
    try:
        native = nw.from_native(source)
    except TypeError:
        raise TableError(
            f"a table is a path or a dataframe (pandas, polars, pyarrow); got {type(source).__name__}"
        ) from None
    frame = native.collect() if isinstance(native, nw.LazyFrame) else native
    names = (
        [str(name) for name in frame.columns] if not isinstance(source, pd.DataFrame) else [*map(str, source.columns)]
    )
    _unique(names)
    result = frame.to_pandas().reset_index(drop=True)
    result.columns = pd.Index(names)
    return result


def _file(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise TableError(f"no file {str(path)!r}")
    with path.open("rb") as stream:
        start = stream.read(4)
    if not start:
        raise TableError(f"{str(path)!r} is empty")
    try:
        if start == b"PAR1":
            return pd.read_parquet(path)
        packed = start[:2] == b"\x1f\x8b"
        _unique(_header(path, packed))
        return pd.read_csv(path, low_memory=False, compression="gzip" if packed else None, encoding="utf-8-sig")
    except TableError:
        raise
    except (ValueError, OSError, EOFError) as error:
        raise TableError(
            f"{str(path)!r} is neither a UTF-8 CSV file (optionally gzipped) with a header nor a Parquet file: {error}"
        ) from None


def _header(path: Path, packed: bool) -> list[str]:
    with (
        gzip.open(path, "rt", encoding="utf-8-sig", newline="")
        if packed
        else path.open(encoding="utf-8-sig", newline="") as lines
    ):
        return next(csv.reader(lines), [])


def _unique(names: Sequence[str]) -> None:
    seen: set[str] = set()
    twice = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    if twice:
        raise TableError(f"column names must differ; more than one column is named {', '.join(map(repr, twice))}")


def _coerced(frame: pd.DataFrame) -> pd.DataFrame:
    if len(frame) == 0:
        raise TableError("the table has no rows")
    return pd.DataFrame({name: _plain(frame[name]) for name in frame.columns})


def _orders(frame: pd.DataFrame) -> dict[str, Sequence[Any]]:
    """Levels of the columns that come as ordered categories."""
    dtypes = {name: frame[name].dtype for name in frame.columns}
    return {n: list(d.categories) for n, d in dtypes.items() if isinstance(d, pd.CategoricalDtype) and d.ordered}


def _plain(values: pd.Series) -> pd.Series:
    """Numbers as numpy numbers, booleans as bool, all else as objects with NaN for missing; dates stay dates."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object).infer_objects()
    dtype = values.dtype
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return values
    if pd.api.types.is_bool_dtype(dtype) and not values.isna().any():
        return values.astype(bool)
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype):
        _finite(values)
        return values.astype(np.float64) if values.isna().any() else values.astype(values.to_numpy().dtype)
    plain = pd.Series(values.to_numpy(dtype=object), name=values.name, index=values.index)
    return plain.where(plain.notna(), np.nan).astype(object)


def _finite(values: pd.Series) -> None:
    wrong = np.isinf(values.to_numpy(dtype=np.float64, na_value=np.nan))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise TableError(
            f"column {values.name!r}: row {row} holds {values.iloc[row]} ({int(wrong.sum())} such rows); numbers must be "
            f"finite: leave the cell empty if the value is missing"
        )


# ---- roles, kinds, target


def _named(frame: pd.DataFrame, what: str, names: Collection[str]) -> None:
    if isinstance(names, str):
        raise TableError(f"{what} is a list of column names; got the single text {names!r}")
    unknown = [name for name in names if name not in frame.columns]
    if unknown:
        raise TableError(
            f"{what} names {', '.join(map(repr, unknown))}, which the table does not have; its columns are "
            f"{', '.join(map(repr, frame.columns))}"
        )


def _roles(
    frame: pd.DataFrame,
    target: str,
    drop: Collection[str],
    weight: str | None,
    group: str | None,
    split: str | float | Split | None,
) -> dict[str, Role]:
    column = split if isinstance(split, str) else split.column if isinstance(split, Split) else None
    roles: dict[str, Role] = dict.fromkeys(frame.columns, "input")
    asked: list[tuple[Role, Collection[str]]] = [
        ("dropped", drop),
        ("weight", [weight] if weight else []),
        ("group", [group] if group else []),
        ("split", [column] if column else []),
        ("target", [target]),
    ]
    for role, names in asked:
        _named(frame, role if role != "dropped" else "drop", names)
        for name in names:
            if roles[name] not in ("input", role) and role != "split":
                raise TableError(f"column {name!r} cannot be both {roles[name]} and {role}")
            roles[name] = role
    return roles


def _check_kinds(frame: pd.DataFrame, kinds: Mapping[str, str], levels: Mapping[str, Sequence[Any]]) -> None:
    _named(frame, "kinds", kinds)
    _named(frame, "levels", levels)
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise TableError(f"column {name!r}: a kind is one of {', '.join(KINDS)}; got {kind!r}")


def _column(values: pd.Series, role: Role, asked: str | None, order: Sequence[Any] | None, protected: bool) -> Column:
    kind = asked or ("ordinal" if order is not None else _kind(values))
    if role in ("input", "target") and pd.api.types.is_datetime64_any_dtype(values.dtype):
        raise TableError(
            f"column {values.name!r} holds dates, which no model here reads; drop it, use it as split, or turn it into "
            f"numbers (year, days since an event) first"
        )
    if kind == "numeric" and not pd.api.types.is_numeric_dtype(values.dtype) and not values.isna().all():
        row = int(np.flatnonzero(values.notna().to_numpy())[0])
        raise TableError(f"column {values.name!r} cannot be numeric: row {row} holds {values.iloc[row]!r}")
    levels = () if kind == "numeric" else _levels(values, order)
    return Column(str(values.name), _as_kind(kind), levels, role, protected)


def _as_kind(kind: str) -> Kind:
    return kind  # type: ignore[return-value]  # checked at the door


def _kind(values: pd.Series) -> str:
    if values.dtype == bool:
        return "boolean"
    present = values.dropna()
    if len(present) == 0 or pd.api.types.is_numeric_dtype(values.dtype):
        return "numeric"
    return "boolean" if present.map(lambda value: isinstance(value, (bool, np.bool_))).all() else "categorical"


def _levels(values: pd.Series, order: Sequence[Any] | None) -> tuple[Any, ...]:
    present = values.dropna()
    seen = list(pd.unique(present))
    if order is not None:
        unknown = [value for value in seen if value not in set(order)]
        if unknown:
            row = int(np.flatnonzero((values == unknown[0]).to_numpy())[0])
            raise TableError(f"column {values.name!r}: row {row} holds {unknown[0]!r}; its levels are {list(order)}")
        return tuple(order)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return ()
    try:
        return tuple(value.item() if hasattr(value, "item") else value for value in sorted(seen))
    except TypeError:
        text = present.map(lambda value: isinstance(value, str)).to_numpy()
        row = (
            int(present.index[np.flatnonzero(text != text[0])[0]]) if (text != text[0]).any() else int(present.index[0])
        )
        raise TableError(
            f"column {values.name!r} mixes kinds of values: {present.iloc[0]!r} and, in row {row}, {values.iloc[row]!r}; "
            f"make them all text or all numbers"
        ) from None


def _target(
    values: pd.Series, task: str | None, positive: Any, order: Sequence[Any] | None
) -> tuple[Task, tuple[Any, ...], FloatArray]:
    if task is not None and task not in TASKS:
        raise TableError(f"a task is one of {', '.join(TASKS)}; got {task!r}")
    missing = values.isna().to_numpy()
    if missing.any():
        raise TableError(
            f"target {values.name!r} is missing in {int(missing.sum())} rows, the first is row "
            f"{int(np.flatnonzero(missing)[0])}; remove those rows"
        )
    if values.nunique() < 2:
        raise TableError(f"target {values.name!r} holds only {values.iloc[0]!r}; there is nothing to predict")
    goal = task or _inferred_task(values, positive)
    if goal == "regression":
        return _number_target(values, positive)
    classes = _classes(values, goal, positive, order)
    position = {value: code for code, value in enumerate(classes)}
    return _as_task(goal), classes, values.map(position).to_numpy(dtype=np.float64)


def _as_task(task: str) -> Task:
    return task  # type: ignore[return-value]  # checked at the door


def _number_target(values: pd.Series, positive: Any) -> tuple[Task, tuple[Any, ...], FloatArray]:
    if positive is not None:
        raise TableError(f"a regression target has no positive class; got positive={positive!r}")
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise TableError(
            f"target {values.name!r} is not a number: row 0 holds {values.iloc[0]!r}; regression needs numbers"
        )
    return "regression", (), values.to_numpy(dtype=np.float64)


def _inferred_task(values: pd.Series, positive: Any) -> str:
    distinct = values.nunique()
    if positive is not None or distinct == 2:
        return "binary"
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return "multiclass"
    whole = bool((values == values.round()).all())
    return "multiclass" if whole and distinct <= FEW else "regression"


def _classes(values: pd.Series, task: str, positive: Any, order: Sequence[Any] | None) -> tuple[Any, ...]:
    classes = list(_levels(values, order))
    if task == "multiclass":
        if positive is not None:
            raise TableError(f"a multiclass target has no positive class; got positive={positive!r}")
        return tuple(classes)
    if len(classes) != 2:
        raise TableError(
            f"target {values.name!r} holds {len(classes)} values ({', '.join(map(str, classes[:8]))}); a binary task needs "
            f"two: leave out positive=, or make it two classes first"
        )
    if positive is None:
        return tuple(classes)
    match = [value for value in classes if value == positive or str(value) == str(positive)]
    if not match:
        raise TableError(f"target {values.name!r} holds {classes[0]!r} and {classes[1]!r}; positive is {positive!r}")
    return (*(value for value in classes if value is not match[0]), match[0])


def _weights(values: pd.Series) -> FloatArray:
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise TableError(f"weight column {values.name!r} is not numeric: row 0 holds {values.iloc[0]!r}")
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong: BoolArray = ~(numbers >= 0)
    if wrong.any() or numbers.sum() == 0:
        row = int(np.flatnonzero(wrong)[0]) if wrong.any() else 0
        raise TableError(
            f"weight column {values.name!r}: row {row} holds {numbers[row]}; weights are 0 or more, not all 0"
        )
    return numbers
