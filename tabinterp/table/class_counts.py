"""Numbers of events (rows in each class), and the minimum number needed to make statements about a class.

The precision of an AUC, a calibration slope or a difference in log loss depends on the number of events, not on the number of
rows: 10,000 rows with 8 defaults contain little information about defaults.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Context
from typing import Literal

import numpy as np

from tabinterp.arrays import IntArray
from tabinterp.document.message import Message, why
from tabinterp.errors import NotApplicableError

from .split import BoolArray
from .suppression import SMALL, countless
from .table import Table

EVENTS = 20  # minimum for each class, on each side of the split
Side = Literal["held_out", "training", "all"]


def events(table: Table, rows: BoolArray | None = None) -> IntArray:
    """Count the events of each class.

    Parameters
    ----------
    rows : (n,) mask of the rows to count; None: all rows.

    Returns
    -------
    For classes: (classes,) number of rows in each class, ignoring rows with zero weight. If the table has a group column, groups
    are counted instead of rows, because the rows of a group are not independent. For a count target: (2,) the number of rows with
    a count of zero, and the number with a positive count. For a numeric target: an empty array.
    """
    if table.schema.task == "regression":
        return np.zeros(0, dtype=np.int64)
    codes = (table.y > 0).astype(np.int64) if table.codes is None else table.codes
    used = table.row_weights > 0 if rows is None else rows & (table.row_weights > 0)
    return np.array([_independent(table, used & (codes == k)) for k in range(max(2, len(table.schema.classes)))])


def _independent(table: Table, rows: BoolArray) -> int:
    """Return the number of independent units in these rows: groups if the table has a group column, and otherwise rows."""
    return int(rows.sum()) if table.groups is None else len(np.unique(table.groups[rows]))


def enough(table: Table, rows: BoolArray | None = None) -> BoolArray:
    """Return a mask (classes,) of the classes with enough events: at least `EVENTS` in the class itself, and at least `EVENTS` in
    all other classes together.
    """
    codes = table.codes
    if codes is None:
        return np.ones(0, dtype=np.bool_)
    used = table.row_weights > 0 if rows is None else rows & (table.row_weights > 0)
    own = events(table, rows)
    others = [_independent(table, used & (codes != k)) for k in range(len(own))]
    return np.asarray(np.minimum(own, others) >= EVENTS)


def too_few_events(table: Table, side: Side) -> Message | None:
    """Return a message about a class that has too few events on one side of the split, or None if all classes have enough. The
    message states the number of events and the number needed.

    With two classes, each needs at least `EVENTS` events. With several classes, the most frequent class needs at least `EVENTS`
    events, and so do all other classes together. For statements about single classes, use `enough`. For a count target, at least
    `EVENTS` rows must have a positive count.
    """
    found = events(table)
    if table.codes is None:
        return _said(Message(key="events.count"), int(found[1]), table, side) if len(found) else None
    labels, most = table.schema.labels, int(np.argmax(found))
    others = _independent(table, (table.codes != most) & (table.row_weights > 0))
    named = "others" if len(found) > 2 else "class"
    what = Message(key=f"events.{named}", values={"label": labels[most if len(found) > 2 else 1 - most]})
    largest = Message(key="events.class", values={"label": labels[most]})
    return _said(what, others, table, side) or _said(largest, int(found[most]), table, side)


def require_events(table: Table, side: Side) -> None:
    """Raise an error if a class has too few events on one side of the split.

    Raises
    ------
    NotApplicableError
        A class has too few events. Its message is the one that `too_few_events` returns.
    """
    if (reason := too_few_events(table, side)) is not None:
        raise NotApplicableError(reason)


def _said(what: Message, count: int, table: Table, side: Side) -> Message | None:
    if count >= EVENTS:
        return None
    hidden = countless(count, len(table))
    if hidden or count == 0:
        advice = Message(key="events.advice.more")
    else:
        needed = Context(prec=2, rounding=ROUND_CEILING).create_decimal(math.ceil(len(table) * EVENTS / count))
        advice = Message(key="events.advice.rows", values={"needed": int(needed), "rows": len(table)})
    unit = "rows" if table.groups is None else "groups"
    amount = Message(key="events.amount.fewer", values={"small": SMALL}) if hidden else count
    return why("events", amount=amount, unit=unit, what=what, side=side, least=EVENTS, advice=advice)
