"""Number of events: how many rows each class has, and how many are needed for statements about classes.

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
    rows : (n,) mask of the rows to count; None counts all.

    Returns
    -------
    (classes,) number of rows of each class with positive weight. If the table has a group column: the number of groups with such
    a row, because the rows of a group are not independent. For counts: (2,) numbers of rows with a count of zero and with a count
    above zero. For numbers: (0,).
    """
    if table.schema.task == "regression":
        return np.zeros(0, dtype=np.int64)
    codes = (table.y > 0).astype(np.int64) if table.codes is None else table.codes
    used = table.row_weights > 0 if rows is None else rows & (table.row_weights > 0)
    return np.array([_independent(table, used & (codes == k)) for k in range(max(2, len(table.schema.classes)))])


def _independent(table: Table, rows: BoolArray) -> int:
    """Return the number of independent units among these rows."""
    return int(rows.sum()) if table.groups is None else len(np.unique(table.groups[rows]))


def enough(table: Table, rows: BoolArray | None = None) -> BoolArray:
    """Return a mask (classes,) of the classes with enough events. All other classes together must also have enough."""
    codes = table.codes
    if codes is None:
        return np.ones(0, dtype=np.bool_)
    used = table.row_weights > 0 if rows is None else rows & (table.row_weights > 0)
    own = events(table, rows)
    others = [_independent(table, used & (codes != k)) for k in range(len(own))]
    return np.asarray(np.minimum(own, others) >= EVENTS)


def too_few_events(table: Table, side: Side) -> Message | None:
    """Return a sentence that names the class with too few events on one side of the split, the number of its events and the
    number needed. Return None if all have enough.

    Two classes need `EVENTS` each. With several classes, the most frequent class needs `EVENTS`, and so do all others together;
    use `enough` for statements about single classes. For counts, `EVENTS` rows must be above zero.
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
        A class has too few events; the message is that of `too_few_events`.
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
