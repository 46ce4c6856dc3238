"""`read_table`: the one door through which rows come in."""

from __future__ import annotations

import numbers
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import TableError
from .draws import FloatArray
from .schema import GOALS, KINDS, TASKS, Column, Kind, Role, Schema, Task
from .source import as_frame, is_text, plain, shown
from .split import BoolArray, Split, by_column, by_fraction
from .table import Table

FEW = 10  # whole numbers with at most this many distinct values are read as classes

LARGEST = 1e100  # numbers whose squares add up


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
    task : "binary", "multiclass", "regression" or "count" (whole numbers from 0 on, of which the log of the expected count
        is modelled; never inferred); None: text, booleans and whole numbers with at most ten distinct values are classes,
        other numbers are a regression target.
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
    raw = as_frame(source)
    frame = pd.DataFrame({column: plain(raw[column]) for column in raw.columns})
    roles = _roles(frame, target, drop, weight, group, split)
    _named(frame, "protected", protected)
    _check_kinds(frame, kinds or {}, levels or {})
    marked, orders = _marked(raw)
    kinds, levels = marked | dict(kinds or {}), orders | dict(levels or {})
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
        rule = by_fraction(table.frame, table.schema, table.codes, split, seed, stratify)
    return table.with_split(rule)


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


def _marked(frame: pd.DataFrame) -> tuple[dict[str, str], dict[str, Sequence[Any]]]:
    """Kinds of the columns that come as categories, whatever codes them; and the levels of those that are ordered."""
    dtypes = [(name, frame[name].dtype) for name in frame.columns]
    found = {name: dtype for name, dtype in dtypes if isinstance(dtype, pd.CategoricalDtype) and len(dtype.categories)}
    orders: dict[str, Sequence[Any]] = {name: list(dtype.categories) for name, dtype in found.items() if dtype.ordered}
    booleans = {name for name, dtype in found.items() if pd.api.types.is_bool_dtype(dtype.categories.dtype)}
    return {name: "boolean" if name in booleans else "categorical" for name in found if name not in orders}, orders


def _check_kinds(frame: pd.DataFrame, kinds: Mapping[str, str], levels: Mapping[str, Sequence[Any]]) -> None:
    _named(frame, "kinds", kinds)
    _named(frame, "levels", levels)
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise TableError(f"column {name!r}: a kind is one of {', '.join(KINDS)}; got {kind!r}")
    for name, order in levels.items():
        if kinds.get(name, "ordinal") != "ordinal":
            raise TableError(f"column {name!r}: only ordinal columns have levels in order; its kind is {kinds[name]!r}")
        if isinstance(order, str) or len(set(order)) < len(order):
            raise TableError(f"column {name!r}: levels are a list of different values in order; got {order!r}")


def _column(values: pd.Series, role: Role, asked: str | None, order: Sequence[Any] | None, protected: bool) -> Column:
    trouble = _trouble(values, role)
    if trouble is not None and role != "dropped":
        raise TableError(trouble)
    if trouble is not None:  # no model reads a dropped column: whatever it holds is let in
        numeric = pd.api.types.is_numeric_dtype(values.dtype)
        levels = () if numeric else tuple(sorted({*map(str, values.dropna())}))
        return Column(str(values.name), "numeric" if numeric else "categorical", levels, role, protected)
    kind = asked or ("ordinal" if order is not None else _kind(values))
    if kind == "numeric" and not pd.api.types.is_numeric_dtype(values.dtype):
        row = int(np.flatnonzero(values.notna().to_numpy())[0])
        raise TableError(f"column {values.name!r} cannot be numeric: row {row} holds {shown(values.iloc[row])}")
    levels = () if kind == "numeric" else _levels(values, order)
    if kind == "boolean" and len(levels) > 2:
        raise TableError(
            f"column {values.name!r} cannot be boolean: it holds {len(levels)} values "
            f"({', '.join(map(repr, levels[:8]))}); allowed are two"
        )
    return Column(str(values.name), _as_kind(kind), levels, role, protected)


def _as_kind(kind: str) -> Kind:
    return kind  # type: ignore[return-value]  # checked at the door


def _kind(values: pd.Series) -> str:
    if values.dtype == bool:
        return "boolean"
    if pd.api.types.is_numeric_dtype(values.dtype):
        return "numeric"
    return "boolean" if pd.api.types.infer_dtype(values, skipna=True) == "boolean" else "categorical"


def _trouble(values: pd.Series, role: Role) -> str | None:
    """What is wrong with values that are no finite number, boolean or text; dates may say what is held out."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return _infinite(values)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return (
            None
            if role in ("split", "group")
            else (
                f"column {values.name!r} holds dates, which no model here reads; drop it, use it as split, or turn it into "
                f"numbers (year, days since an event) first"
            )
        )
    rows = np.flatnonzero(values.notna().to_numpy())
    kinds = [_kind_of_value(value) for value in values.iloc[rows]]
    for row, kind in zip(rows, kinds, strict=True):
        if kind not in ("text", "number", "boolean"):
            return (
                f"column {values.name!r}: row {row} holds {shown(values.iloc[row])}, a {kind}; allowed are numbers, text "
                f"and booleans: drop the column, or turn it into one of these"
            )
        if kind != kinds[0]:
            return (
                f"column {values.name!r} mixes kinds of values: {shown(values.iloc[rows[0]])} and, in row {row}, "
                f"{shown(values.iloc[row])}; make them all text or all numbers"
            )
    return None


def _kind_of_value(value: Any) -> str:
    if isinstance(value, str):
        return "text" if is_text(value) else "text with half of a surrogate pair"
    if isinstance(value, (bool, np.bool_)):
        return "boolean"
    return "number" if isinstance(value, (numbers.Real, Decimal)) else type(value).__name__


def _infinite(values: pd.Series) -> str | None:
    numbers = values.to_numpy(dtype=np.float64)
    wrong = np.abs(numbers) > LARGEST
    if not wrong.any():
        return None
    row = int(np.flatnonzero(wrong)[0])
    told = f"column {values.name!r}: row {row} holds {values.iloc[row]} ({int(wrong.sum())} such rows); "
    if np.isinf(numbers).any():
        return f"{told}numbers must be finite: leave the cell empty if the value is missing"
    return f"{told}numbers beyond {LARGEST:g} cannot be squared and summed: use a larger unit"


def _levels(values: pd.Series, order: Sequence[Any] | None) -> tuple[Any, ...]:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return ()
    seen = list(pd.unique(values.dropna()))
    if order is None:
        return tuple(value.item() if isinstance(value, np.generic) else value for value in sorted(seen))
    unknown = [value for value in seen if value not in set(order)]
    if unknown:
        row = int(np.flatnonzero((values == unknown[0]).to_numpy())[0])
        raise TableError(f"column {values.name!r}: row {row} holds {shown(unknown[0])}; its levels are {list(order)}")
    return tuple(order)


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
        raise TableError(f"target {values.name!r} holds only {shown(values.iloc[0])}; there is nothing to predict")
    goal = task or _inferred_task(values, positive)
    if not GOALS[goal].classes:
        return _number_target(values, _as_task(goal), positive)
    classes = _classes(values, goal, positive, order)
    position = {value: code for code, value in enumerate(classes)}
    return _as_task(goal), classes, values.map(position).to_numpy(dtype=np.float64)


def _as_task(task: str) -> Task:
    return task  # type: ignore[return-value]  # checked at the door


def _number_target(values: pd.Series, task: Task, positive: Any) -> tuple[Task, tuple[Any, ...], FloatArray]:
    if positive is not None:
        raise TableError(f"a {task} target has no positive class; got positive={positive!r}")
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise TableError(
            f"target {values.name!r} is not a number: row 0 holds {shown(values.iloc[0])}; {task} needs numbers"
        )
    y = values.to_numpy(dtype=np.float64)
    wrong = (y < 0) | (y != np.round(y))
    if task == "count" and wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise TableError(
            f"target {values.name!r} is no count: row {row} holds {values.iloc[row]} ({int(wrong.sum())} such rows); counts are "
            f"whole numbers from 0 on: use task='regression' for other numbers"
        )
    return task, (), y


def _inferred_task(values: pd.Series, positive: Any) -> str:
    distinct = values.nunique()
    if positive is not None or distinct == 2:
        return "binary"
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return "multiclass"
    whole = bool((values == values.round()).all())
    return "multiclass" if whole and distinct <= FEW else "regression"


def _classes(values: pd.Series, task: str, positive: Any, order: Sequence[Any] | None) -> tuple[Any, ...]:
    classes = [value for value in _levels(values, order) if (values == value).any()]
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
    match = match or [value for value in classes if _number(value) == _number(positive) is not None]
    if not match:
        raise TableError(f"target {values.name!r} holds {classes[0]!r} and {classes[1]!r}; positive is {positive!r}")
    return (*(value for value in classes if value is not match[0]), match[0])


def _number(value: Any) -> float | None:
    """The number a value is, or that its text says: a class 1.0 can be asked for as "1"."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _weights(values: pd.Series) -> FloatArray:
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise TableError(f"weight column {values.name!r} is not numeric: row 0 holds {shown(values.iloc[0])}")
    weights = values.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong: BoolArray = ~(weights >= 0)
    if wrong.any() or weights.sum() == 0:
        row = int(np.flatnonzero(wrong)[0]) if wrong.any() else 0
        raise TableError(
            f"weight column {values.name!r}: row {row} holds {weights[row]}; weights are 0 or more, not all 0"
        )
    return weights
