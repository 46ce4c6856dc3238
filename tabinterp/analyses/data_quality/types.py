"""Parts of the document that are read off the rows alone, and those that say what the network does beside and beyond them.

No value of a row stands here unless ten rows hold it; a count from 1 to 9 is None.
"""

from __future__ import annotations

from typing import Literal

from tabinterp.document.base import Interval, Message, Part


class Heap(Part):
    """A value that many rows hold: beside the others, or at an end of them."""

    value: float
    rows: int  # ten at least; where all but 1 to 9 hold it, all but ten
    share: float  # of those with a value; of all rows where 1 to 9 have none
    outside: bool  # it is the least or the greatest value
    gap: float  # to the next value, in ranges of the others; 0 inside
    times: float | None = None  # its rows over those of the values beside it (median)


class TableColumn(Part):
    column: str
    target: bool
    distinct: int
    identifier: Literal["ordered", "counts rows", "one each"] | None
    spike: Heap | None = None  # looks like a code for "none"
    heap_low: Heap | None = None  # at the least value
    heap_high: Heap | None = None
    rare_levels: int = 0  # levels of fewer than ten training rows
    unseen_levels: int | None = 0  # levels without a training row; None: some, that fewer than ten rows hold
    unseen_rows: int | None = 0  # held-out rows of them; None: fewer than ten; all but ten where 1 to 9 are left
    psi: float | None = None
    drift_df: int | None = None  # degrees of freedom of its test
    drift_p: float | None = None
    drift_q: float | None = None  # Benjamini-Hochberg over the columns
    training: Interval = Interval()  # AUC or R2 of this column alone, cross-fitted in training
    held_out: Interval = Interval()
    fall: Interval = Interval()  # training less held out
    fall_q: float | None = None  # two-sided p of the fall, Benjamini-Hochberg over the columns
    correlation: float | None = None  # of a number with the target
    p: float | None = None
    q: float | None = None


class BeyondRow(Part):
    column: str
    every: Interval  # AUC or R2 of all input columns
    without: Interval  # of all but this one
    gain: Interval


class RowCopies(Part):
    """Rows equal to an earlier one, by their inputs and by every column; held-out rows equal to a training row.

    A count is rounded down where 1 to 9 rows could be calculated from it: to all but ten, or that by inputs to that by every
    column.
    """

    repeated_inputs: int | None
    repeated_whole: int | None
    training_whole: int | None = (
        None  # training rows that another training row equals; None: fewer than ten, or no split
    )
    copied: bool | None = (
        None  # whether, by a test, held-out rows equal a training row more often than training rows do
    )
    across_inputs: int | None  # None: fewer than ten, or no split
    across_whole: int | None
    held_out_rows: int | None  # None: no split


class TableReadings(Part):
    rows: int
    metric: Literal["auc", "r2"]
    seed: int
    columns: list[TableColumn]  # inputs in the table's order, then the target
    copies: RowCopies
    equal: list[list[str]]  # families of input columns that tell the same
    drift_rows: int | None = None  # all rows, where the columns' drift is of more than `rows`
    whole: Interval = Interval()  # AUC of held-out against training rows; chance is 0.5
    whole_rows: int | None = None
    beyond: list[BeyondRow]
    withheld: Message | None = None  # why no column is set against the target on held-out rows: too few events


class SwapRow(Part):
    column: str
    permuted: Interval  # mean absolute change of the score, in its standard deviations: the value of any other row
    swapped: Interval  # the value of the row most similar in all other columns


class OffSupport(Part):
    rows: int
    swap_rows: int
    seed: int
    output: str | None
    auc: Interval  # of perturbed against real rows
    real: Interval  # R2 on real rows of what was learnt of the score on real rows
    perturbed: Interval  # the same, learnt on perturbed rows
    gap: Interval
    columns: list[SwapRow]


class BeyondRange(Part):
    column: str
    change: Interval  # mean absolute change of the score one range beyond, in ranges of the scores
    outside: (
        float | None
    )  # share of held-out rows outside the training range; None: no split, fewer than ten, or all but as few


class Extrapolation(Part):
    rows: int
    seed: int
    skipped: list[str]  # columns whose encoder takes no value beyond those it knows
    columns: list[BeyondRange]
