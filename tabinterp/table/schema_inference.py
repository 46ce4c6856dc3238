"""Inference of the schema (roles, kinds, levels and classes) from column sketches and the user's declarations."""

from __future__ import annotations

import datetime as dt
import numbers
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray
from tabinterp.errors import TableError, argument, did_you_mean

from .coerce import is_text, separator_hint, shown
from .column_sketch import FEW, LARGEST, MOST, Witness
from .labels import Codebook, labelled, matching_levels
from .schema import GOALS, KINDS, TASKS, Column, Kind, Role, Schema, Task
from .split import BoolArray, Split

Marks = Mapping[
    str, tuple[str, list[Any] | None]
]  # columns that are read as categories: their kind, and their order if any


MANY_DATES = 50  # text columns with fewer levels can be categories that are named by a date, such as months
NEARLY_ALL = 0.95  # share of the levels that must be dates; the others are texts such as "unknown"
DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)


@dataclass(frozen=True)
class Asked:
    """The user's declarations about the columns, as given to `read_table`."""

    target: str
    task: str | None
    positive: Any
    adverse: Any
    drop: Collection[str]
    protected: Collection[str]
    kinds: Mapping[str, str]
    levels: Mapping[str, Sequence[Any]]
    weight: str | None
    group: str | None
    split: str | float | Split | None
    drop_missing_target: bool = False
    labels: Codebook = field(default_factory=Codebook)

    def declared(self) -> dict[str, Any]:
        """Return the user's declarations, except the split, as arguments of `read_table`."""
        said = {
            "target": self.target,
            "task": self.task,
            "positive": self.positive,
            "adverse": self.adverse,
            "drop": [*self.drop] or None,
            "protected": [*self.protected] or None,
            "kinds": dict(self.kinds) or None,
            "levels": {name: [*order] for name, order in self.levels.items()} or None,
            "labels": self.labels.plain() if self.labels.named else None,
            "weight": self.weight,
            "group": self.group,
            "drop_missing_target": self.drop_missing_target or None,
        }
        return {name: value for name, value in said.items() if value is not None}

    def check(self, columns: Sequence[str]) -> None:
        """Raise an error if a named column does not exist or the declarations contradict each other."""
        self.roles(columns)
        _named(columns, "protected", self.protected)
        _named(columns, "labels", self.labels.named)
        _check_kinds(columns, self.kinds, self.levels)

    def roles(self, columns: Sequence[str]) -> dict[str, Role]:
        """Return the role of each column, in the order of the table."""
        column = self.split if isinstance(self.split, str) else None
        column = self.split.column if isinstance(self.split, Split) else column
        roles: dict[str, Role] = dict.fromkeys(columns, "input")
        asked: list[tuple[Role, Collection[str]]] = [
            ("dropped", self.drop),
            ("weight", [self.weight] if self.weight else []),
            ("group", [self.group] if self.group else []),
            ("split", [column] if column else []),
            ("target", [self.target]),
        ]
        for role, names in asked:
            _named(columns, role if role != "dropped" else "drop", names)
            for name in names:
                if roles[name] not in ("input", role) and role != "split":
                    raise TableError(
                        f"column {name!r} cannot have the roles {roles[name]} and {role} at the same time. Give the column only "
                        "one role"
                    )
                roles[name] = role
        return roles

    def marks(self, frame: pd.DataFrame) -> Marks:
        """Return the kind of each column that is read as categories and, if the column is ordered, its levels."""
        dtypes = [(str(name), frame[name].dtype) for name in frame.columns]
        return {
            name: _mark(dtype)
            for name, dtype in dtypes
            if isinstance(dtype, pd.CategoricalDtype) and len(dtype.categories)
        }

    def whole(self, name: str, marks: Marks) -> bool:
        """Return whether the sketch of a column must contain all distinct values even if the column is numeric."""
        said = self.kinds.get(name, "numeric") != "numeric" or name in self.levels
        classes = name == self.target and (self.positive is not None or self.task in ("binary", "multiclass"))
        return said or classes or (name in marks and name not in self.kinds)

    def schema(self, found: Mapping[str, Witness], marks: Marks) -> Schema:
        """Return the schema that follows from the column sketches, the kinds and levels of category columns (`marks`), and the
        user's declarations.
        """
        kinds = {name: kind for name, (kind, order) in marks.items() if order is None} | dict(self.kinds)
        levels = {name: order for name, (_, order) in marks.items() if order is not None} | dict(self.levels)
        roles = self.roles([*found])
        columns = tuple(
            _column(name, one, roles[name], kinds.get(name), levels.get(name), protected=name in set(self.protected))
            for name, one in found.items()
        )
        if not any(column.role == "input" for column in columns):
            raise TableError(
                "there is no input column, because every column is dropped, is the target or has another role. Keep at least "
                "one column as an input"
            )
        for column in columns:
            if column.name not in kinds and _are_dates(column):
                _warn_of_dates(column)
        task, classes = _goal(found[self.target], self.task, self.positive, levels.get(self.target))
        columns = labelled(columns, classes, self.labels)
        return Schema(columns, self.target, task, classes, adverse_class(self.adverse, task, classes))


def merge_marks(a: Marks, b: Marks) -> Marks:
    """Merge the kinds and levels that `Asked.marks` returned for two batches. Levels that occur only in the second batch come
    last.
    """
    merged = dict(a)
    for name, (kind, order) in b.items():
        known = merged.get(name, (kind, order))[1]
        more = None if known is None or order is None else [*known, *(v for v in order if v not in known)]
        merged[name] = (merged.get(name, (kind, order))[0], more)
    return merged


def _mark(dtype: pd.CategoricalDtype) -> tuple[str, list[Any] | None]:
    if dtype.ordered:
        return "ordinal", list(dtype.categories)
    return "boolean" if pd.api.types.is_bool_dtype(dtype.categories.dtype) else "categorical", None


def coded(values: pd.Series, schema: Schema) -> FloatArray:
    """Return the class numbers (rows,) of a target, or its values if it is numeric. The array is a copy, because tensors made
    from it share its memory.
    """
    if not schema.goal.classes:
        return values.to_numpy(dtype=np.float64, copy=True)
    position = {value: code for code, value in enumerate(schema.classes)}
    return values.map(position).to_numpy(dtype=np.float64)


def weighed(values: pd.Series) -> FloatArray:
    """Return the weights (rows,). Raise an error if a weight is negative or missing, or if all weights are 0."""
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise TableError(
            f"weight column {values.name!r} must contain numbers; row {values.index[0]} contains {shown(values.iloc[0])}"
        )
    weights = values.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    wrong: BoolArray = ~(weights >= 0)
    if wrong.any() or weights.sum() == 0:
        row = int(np.flatnonzero(wrong)[0]) if wrong.any() else 0
        raise TableError(
            f"the weights in column {values.name!r} must all be at least 0, and at least one must be above 0; row "
            f"{values.index[row]} contains {weights[row]}"
        )
    return weights


# ---- roles and kinds


def _named(columns: Sequence[str], what: str, names: Collection[str]) -> None:
    if isinstance(names, str):
        raise TableError(f"{argument(what)} must be a list of column names; got the text {names!r}. Write [{names!r}]")
    unknown = [name for name in names if name not in columns]
    if unknown:
        parts = [part.strip() for part in str(unknown[0]).split(",")]
        if what in ("drop", "protected") and len(parts) > 1 and {*parts} & {*columns}:
            each = " ".join(argument(what, part) for part in parts)
            right = f"Repeat the option: {each}" if each.startswith("--") else f"Write {argument(what, parts)}"
            raise TableError(
                f"{argument(what)} must list the column names separately; got the text {unknown[0]!r}, which is not a column. "
                f"{right}"
            )
        raise TableError(
            f"unknown column in {argument(what)}: "
            f"{', '.join(map(repr, unknown))}.{did_you_mean(unknown[0], columns)} The columns are "
            f"{', '.join(map(repr, columns))}{separator_hint(columns)}"
        )


def _check_kinds(columns: Sequence[str], kinds: Mapping[str, str], levels: Mapping[str, Sequence[Any]]) -> None:
    _named(columns, "kinds", kinds)
    _named(columns, "levels", levels)
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise TableError(f"the kind of column {name!r} must be one of {', '.join(KINDS)}; got {kind!r}")
    for name, order in levels.items():
        if kinds.get(name, "ordinal") != "ordinal":
            raise TableError(
                f"levels can only be given for ordinal columns, but column {name!r} has the kind {kinds[name]!r}. Leave out "
                "the levels, or make the column ordinal"
            )
        if isinstance(order, str) or len(set(order)) < len(order):
            raise TableError(f"the levels of column {name!r} must be an ordered list of distinct values; got {order!r}")


def _column(
    name: str, found: Witness, role: Role, asked: str | None, order: Sequence[Any] | None, protected: bool
) -> Column:
    values = found.values
    trouble = _trouble(values, role, found.large)
    if trouble is not None and role != "dropped":
        raise TableError(trouble)
    if found.full and role != "dropped":
        raise TableError(
            f"column {name!r} has more than {MOST:,} different values, which is too many levels for a model. Drop the column, or "
            "group its values first"
        )
    if trouble is not None or found.full:  # no model uses a dropped column, so it may contain anything
        numeric = pd.api.types.is_numeric_dtype(values.dtype)
        levels = () if numeric or found.full else tuple(sorted({*map(str, values.dropna())}))
        return Column(name, "numeric" if numeric else "categorical", levels, role, protected)
    kind = asked or ("ordinal" if order is not None else _kind(values))
    if kind == "numeric" and not pd.api.types.is_numeric_dtype(values.dtype):
        known = values.dropna()
        raise TableError(
            f"column {name!r} cannot be numeric, because row {known.index[0]} contains {shown(known.iloc[0])}. Convert the "
            "values to numbers, or choose another kind"
        )
    levels = () if kind == "numeric" else _levels(values, order)
    if kind == "boolean" and len(levels) > 2:
        raise TableError(
            f"column {name!r} cannot be boolean, because it has {len(levels)} different values "
            f"({', '.join(map(repr, levels[:8]))}) instead of two. Choose another kind"
        )
    return Column(name, _as_kind(kind), levels, role, protected)


def _are_dates(column: Column) -> bool:
    """Return whether a column is an input with many levels, nearly all of which are dates that start with the year. A sample of
    levels is tested first, so that columns without dates are ruled out quickly.
    """
    if column.role != "input" or column.kind != "categorical" or len(column.levels) < MANY_DATES:
        return False
    levels = [*map(str, column.levels)]
    return all(sum(map(_is_date, some)) >= NEARLY_ALL * len(some) for some in (levels[:: len(levels) // 25], levels))


def _is_date(text: str) -> bool:
    if DATE.fullmatch(text) is None:
        return False
    try:
        dt.date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def _warn_of_dates(column: Column) -> None:
    example = next(level for level in column.levels if _is_date(level))
    warnings.warn(
        f"column {column.name!r} contains dates as text, such as {example!r}, and is read as a categorical column with "
        f"{len(column.levels):,} levels. New rows will have other levels. Leave out the column with {argument('drop')}, use it "
        f"as the split column with {argument('split')}, or convert the dates to numbers (such as the year, or the days since an "
        f"event). To keep the levels, state the kind of the column with {argument('kinds')}",
        stacklevel=4,  # the caller of `read_table`
    )


def _as_kind(kind: str) -> Kind:
    return kind  # type: ignore[return-value]  # checked before


def _kind(values: pd.Series) -> str:
    if values.dtype == bool:
        return "boolean"
    if pd.api.types.is_numeric_dtype(values.dtype):
        return "numeric"
    return "boolean" if pd.api.types.infer_dtype(values, skipna=True) == "boolean" else "categorical"


def _trouble(values: pd.Series, role: Role, large: int) -> str | None:
    """Return a description of the first invalid value of a column, or None if all values are valid. Values must be text, booleans
    or finite numbers, and all of the same type. Dates are allowed only in a split or group column.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return _infinite(values, large) if large else None
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return (
            None
            if role in ("split", "group")
            else (
                f"column {values.name!r} contains dates, which the models cannot read. Drop the column, use it as the "
                "split column, or convert the dates to numbers (such as the year, or the days since an event)"
            )
        )
    known = values.dropna()
    kinds = [_kind_of_value(value) for value in known]
    for row, value, kind in zip(known.index, known, kinds, strict=True):
        if kind not in ("text", "number", "boolean"):
            return (
                f"column {values.name!r} contains {shown(value)} in row {row}, which is of type {kind}. Only numbers, text and "
                "booleans are allowed. Drop the column, or convert its values"
            )
        if kind != kinds[0]:
            return (
                f"column {values.name!r} contains values of different types, such as {shown(known.iloc[0])} in row "
                f"{known.index[0]} and {shown(value)} in row {row}. Convert all values to text, or all to numbers"
            )
    return None


def _kind_of_value(value: Any) -> str:
    if isinstance(value, str):
        return "text" if is_text(value) else "text with an unpaired surrogate"
    if isinstance(value, (bool, np.bool_)):
        return "boolean"
    return "number" if isinstance(value, (numbers.Real, Decimal)) else type(value).__name__


def _infinite(values: pd.Series, large: int) -> str:
    numbers = values.to_numpy(dtype=np.float64)
    at = int(np.flatnonzero(np.abs(numbers) > LARGEST)[0])
    told = f"column {values.name!r} contains {values.iloc[at]} in row {values.index[at]} (number of invalid rows: {large}). "
    if np.isinf(numbers).any():
        return f"{told}All numbers must be finite. If the value is missing, leave the cell empty"
    return f"{told}Numbers beyond ±{LARGEST:g} are too large for sums of squares. Use a larger unit of measurement"


def _levels(values: pd.Series, order: Sequence[Any] | None) -> tuple[Any, ...]:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return ()
    known = values.dropna()
    seen = list(pd.unique(known))
    if order is None:
        return tuple(value.item() if isinstance(value, np.generic) else value for value in sorted(seen))
    unknown = [value for value in seen if value not in set(order)]
    if unknown:
        row = known.index[int(np.flatnonzero((known == unknown[0]).to_numpy())[0])]
        raise TableError(
            f"row {row} of column {values.name!r} contains {shown(unknown[0])}, which is not among the levels given for the "
            f"column: {list(order)}. Add the level, or correct the value"
        )
    return tuple(order)


# ---- the target


def _goal(found: Witness, task: str | None, positive: Any, order: Sequence[Any] | None) -> tuple[Task, tuple[Any, ...]]:
    values = found.values
    if task is not None and task not in TASKS:
        raise TableError(f"the task must be one of {', '.join(TASKS)}; got {task!r}")
    if found.missing:
        raise TableError(
            f"target {values.name!r} is missing in {found.missing:,} of {found.rows:,} rows, for example in row "
            f"{values.index[int(np.flatnonzero(values.isna().to_numpy())[0])]}. Leave these rows out with "
            f"{argument('drop_missing_target', True)}, or fill in the target"
        )
    if values.nunique() < 2:
        raise TableError(
            f"target {values.name!r} has the value {shown(values.iloc[0])} in all rows, so there is nothing to predict. "
            "Choose another target column"
        )
    goal = task or _inferred_task(values, positive)
    if GOALS[goal].classes:
        return _as_task(goal), _classes(values, goal, positive, order)
    _check_number(values, _as_task(goal), positive, found.uncounted)
    return _as_task(goal), ()


def _as_task(task: str) -> Task:
    return task  # type: ignore[return-value]  # checked before


def _check_number(values: pd.Series, task: Task, positive: Any, uncounted: int) -> None:
    if positive is not None:
        raise TableError(f"a {task} target has no positive class. Leave out {argument('positive', positive)}")
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise TableError(
            f"target {values.name!r} must contain numbers if the task is {task}; row {values.index[0]} contains "
            f"{shown(values.iloc[0])}"
        )
    if task == "count" and uncounted:
        y = values.to_numpy(dtype=np.float64)
        at = int(np.flatnonzero((y < 0) | (y != np.round(y)))[0])
        raise TableError(
            f"target {values.name!r} must contain counts (whole numbers, 0 or greater), but row {values.index[at]} "
            f"contains {values.iloc[at]} (number of invalid rows: {uncounted}). For other numbers, use "
            f"{argument('task', 'regression')}"
        )


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
            raise TableError(f"a multiclass target has no positive class. Leave out {argument('positive', positive)}")
        return tuple(classes)
    if len(classes) != 2:
        raise TableError(
            f"target {values.name!r} has {len(classes)} different values ({', '.join(map(str, classes[:8]))}), but "
            f"a binary target must have two. Reduce the target to two classes, or use {argument('task', 'multiclass')} without "
            f"{argument('positive')}"
        )
    if positive is None:
        return tuple(classes)
    match = matching_levels(positive, classes)
    if not match:
        raise TableError(
            f"the positive class of target {values.name!r} must be {classes[0]!r} or {classes[1]!r}; got "
            f"{argument('positive', positive)}.{did_you_mean(str(positive), map(str, classes))}"
        )
    return (*(value for value in classes if value is not match[0]), match[0])


def adverse_class(given: Any, task: str, classes: Sequence[Any]) -> Any:
    """Return the adverse class as a value of the table's target, or None if no adverse class was given.

    Raises
    ------
    TableError
        The target does not have two classes, or the given class is not one of them.
    """
    if given is None:
        return None
    if task != "binary":
        raise TableError(
            f"an adverse class can only be given for a target with two classes, but the task of this target is {task}. Leave "
            f"out {argument('adverse', given)}"
        )
    match = matching_levels(given, classes)
    if not match:
        raise TableError(
            f"the adverse class must be {classes[0]!r} or {classes[1]!r}, the two classes of the target; got "
            f"{argument('adverse', given)}.{did_you_mean(str(given), map(str, classes))}"
        )
    return match[0]
