"""Names of groups of rows as messages: a level of a column, a range of its values, or missing values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tabinterp.document.base import Message


class Condition(Protocol):
    """Condition on one column, which defines a group: a level, a range of values, or another kind such as "missing"."""

    @property
    def column(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def level(self) -> str | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def group_name(conditions: Sequence[Condition]) -> list[Message]:
    """Return the name of a group, with one message for each condition."""
    return [condition_message(condition) for condition in conditions]


def condition_message(condition: Condition) -> Message:
    """Return one condition as a message."""
    values = {
        "column": condition.column,
        "level": condition.level,
        "low_end": condition.low,
        "high_end": condition.high,
    }
    known = {name: value for name, value in values.items() if value is not None}
    return Message(key=f"group.{condition.kind}", values=known)
