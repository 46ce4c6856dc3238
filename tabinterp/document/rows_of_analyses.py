"""Part of the document that says which rows a reading took, and how far its numbers may differ elsewhere."""

from __future__ import annotations

from typing import Final, Literal

from .base import Message, Part

TOLERANCE: Final = (
    1e-6  # of a number, or of one thousandth where it is smaller: what another order of adding may change
)
SMALL: Final = 1e-3


class ReadingRows(Part):
    """Rows that one reading took."""

    reading: Message
    models: Literal["network", "linear", "both", "refits", "none"]  # read on these rows; "none": the rows alone
    rows: int
    rows_of: Literal["held-out", "training", "all"]
    seed: int | None  # None: nothing is drawn
    draws: Message | None = None  # what is drawn, or tried
    # how row weights enter estimates and errors; "own": as in the linear model's own fit; None: the table has none
    weights: Literal["sampling", "frequency", "own"] | None = None
