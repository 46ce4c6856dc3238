"""The part of the document that describes the rows of each analysis, and the tolerance for numbers that are recomputed on another
machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from .base import Message, Part

if TYPE_CHECKING:
    from .document import Document

TOLERANCE: Final = (
    1e-6  # relative to a number, or to 0.001 if it is smaller: possible effect of another order of summation
)
SMALL: Final = 1e-3
Models = Literal["network", "linear", "both", "refits", "none"]
RowsOf = Literal["held-out", "training", "all"]


class ReadingRows(Part):
    """A description of the rows that an analysis used."""

    reading: Message
    models: Models  # models evaluated on these rows; "none": only the rows were used
    rows: int
    rows_of: RowsOf
    seed: int | None  # None: nothing is drawn
    draws: Message | None = None  # what is drawn or tried, and how often
    # how row weights affect estimates and errors; "own": as in the linear model's own fit; None: the table has none
    weights: Literal["sampling", "frequency", "own"] | None = None


def evaluated(document: Document) -> RowsOf:
    """Return the kind of rows on which the models are evaluated: held-out rows, or all rows if there is no split."""
    return "all" if document.data.held_out_rows is None else "held-out"


def training(document: Document) -> RowsOf:
    """Return the kind of rows to which models are fitted in the audit: training rows, or all rows if there is no split."""
    return "all" if document.data.held_out_rows is None else "training"


def used_rows(
    name: str, models: Models, rows: int, rows_of: RowsOf, seed: int | None = None, **draws: int
) -> ReadingRows:
    """Return a description of the rows that an analysis used.

    Parameters
    ----------
    draws : number of items that are drawn or tried, such as folds. It is passed as a keyword argument, such as `folds=5`. The
        keyword selects the message that shows the number (`rows_of.draws.folds`).
    """
    drawn = next((Message(key=f"rows_of.draws.{key}", values={"count": count}) for key, count in draws.items()), None)
    reading = Message(key=f"rows_of.{name}")
    return ReadingRows(reading=reading, models=models, rows=rows, rows_of=rows_of, seed=seed, draws=drawn)
