"""Names of groups of rows in the sentences of checks."""

from __future__ import annotations

from tabinterp.document.document import Message


def group_name(group: list[Message]) -> Message:
    """Return a group of one column, or of two columns, as a value of a sentence."""
    return group[0] if len(group) == 1 else Message(key="group.both", values={"first": group[0], "second": group[1]})
