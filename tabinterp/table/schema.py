"""What the columns of a table are: names, kinds, roles, levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["numeric", "categorical", "boolean", "ordinal"]
Role = Literal["input", "target", "weight", "group", "split", "dropped"]
Task = Literal["binary", "multiclass", "regression"]
KINDS: tuple[str, ...] = get_args(Kind)
TASKS: tuple[str, ...] = get_args(Task)


@dataclass(frozen=True)
class Column:
    """One column of the user's table.

    `levels` are the distinct values that are not missing, in order, for every kind but numeric. `protected` is a flag
    beside the role: a column can be an input and protected.
    """

    name: str
    kind: Kind
    levels: tuple[Any, ...] = ()
    role: Role = "input"
    protected: bool = False


@dataclass(frozen=True)
class Schema:
    """All columns in the table's order, and what is asked of them.

    `classes` holds the target's values as they stand in the table (empty for regression); for a binary task the
    positive class is the last.
    """

    columns: tuple[Column, ...]
    target: str
    task: Task
    classes: tuple[Any, ...] = ()

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the columns a model may read, in the table's order."""
        return tuple(column.name for column in self.columns if column.role == "input")

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes as text."""
        return tuple(map(str, self.classes))
