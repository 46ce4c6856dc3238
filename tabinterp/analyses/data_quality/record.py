"""Data quality in the audit document: columns, duplicates, drift, and how well single columns predict the target.

A value of a column is recorded only if at least ten rows have it. A count from 1 to 9 is recorded as None.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.record_values import interval, number
from tabinterp.document.base import Interval, Message, Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows
from tabinterp.table.suppression import SMALL, countless, distinct_down, nested_down, rounded_down

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .columns import ColumnFacts, Spike
    from .drift import ColumnDrift
    from .univariate_signal import ColumnPower

HEAP_SHARE, HEAP_TIMES = 0.005, 3.0  # minimum share and ratio for recording a smallest or largest value as a heap


class Heap(Part):
    """A frequent value that probably stands for missing values, or is the smallest or largest value of the column."""

    value: float
    rows: int  # rows with the value, at least ten; if all rows but 1 to 9 have the value, the number of all rows minus ten
    share: float  # share of the rows with a known value, or of all rows if 1 to 9 values are missing
    outside: bool  # whether it is the smallest or largest value
    gap: float  # gap to the next value, as a multiple of the range of the other values; 0 if the value is within this range
    times: float | None = None  # number of rows with the value, divided by the median for neighbouring values


class TableColumn(Part):
    column: str
    target: bool
    distinct: int
    identifier: Literal["ordered", "counts rows", "one each"] | None
    spike: Heap | None = None  # a value that looks like a code for a missing value
    heap_low: Heap | None = None  # a heap at the smallest value
    heap_high: Heap | None = None
    rare_levels: int = 0  # number of levels with fewer than ten training rows
    unseen_levels: int | None = 0  # levels without training rows; None if 1 to 9 held-out rows have such levels
    unseen_rows: int | None = 0  # held-out rows with such levels; None if 1 to 9 rows; all but ten if all but 1 to 9
    psi: float | None = None
    drift_df: int | None = None  # degrees of freedom of the drift test
    drift_p: float | None = None
    drift_q: float | None = None  # p-value adjusted over the columns (Benjamini-Hochberg)
    training: Interval = Interval()  # AUC or R2 of this column alone, cross-fitted on training rows
    held_out: Interval = Interval()
    fall: Interval = Interval()  # power on training rows minus power on held-out rows
    fall_q: float | None = None  # two-sided p-value of the fall, adjusted over the columns (Benjamini-Hochberg)
    correlation: float | None = None  # correlation of a numeric column with the target
    p: float | None = None
    q: float | None = None


class BeyondRow(Part):
    column: str
    every: Interval  # AUC or R2 of all input columns
    without: Interval  # AUC or R2 of all input columns except this one
    gain: Interval


class RowCopies(Part):
    """Counts of rows that equal an earlier row, and of held-out rows that equal a training row.

    Rows are compared in two ways: by the input columns, and by all columns. A count is withheld or reduced if another count,
    from 1 to 9, could be calculated from it. If a count includes all but 1 to 9 rows, it is replaced with the number of rows
    minus ten. If the count by inputs and the count by all columns differ by 1 to 9, the count by inputs is replaced with the
    count by all columns.
    """

    repeated_inputs: int | None
    repeated_whole: int | None
    training_whole: int | None = (
        None  # training rows that equal another training row; None if fewer than ten, or without a split
    )
    copied: bool | None = (
        None  # whether a test shows that held-out rows equal a training row more often than training rows equal each other
    )
    across_inputs: int | None  # None if fewer than ten, or without a split
    across_whole: int | None
    held_out_rows: int | None  # None without a split


class TableReadings(Part):
    rows: int
    metric: Literal["auc", "r2"]
    seed: int
    columns: list[TableColumn]  # inputs in the order of the table, then the target
    copies: RowCopies
    equal: list[list[str]]  # groups of input columns with the same content
    drift_rows: int | None = None  # number of rows on which column drift is measured, if larger than `rows`
    whole: Interval = Interval()  # AUC of a classifier that separates held-out from training rows; chance is 0.5
    whole_rows: int | None = None
    beyond: list[BeyondRow]
    withheld: Message | None = None  # why predictive power is withheld on held-out rows: too few events

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("table", "none", self.rows, "all", self.seed)


def build(r: Results) -> TableReadings | None:
    """Return the results of the data quality checks, or None if they were not computed."""
    result = r[ANALYSIS]
    if result is None:
        return None
    target = r.network.table.schema.target
    power, drift = (
        {column.column: column for column in result.power},
        {column.column: column for column in result.drift},
    )
    copies = result.copies
    repeated = nested_down(copies.repeated_inputs, copies.repeated_whole, len(r.network.table))
    across = nested_down(copies.across_inputs, copies.across_whole, copies.held_out or 0)
    table = r.network.table
    held_out = 0 if table.held_out is None else int(table.held_out.sum())
    missing = {f.column: int(table.frame[f.column].isna().sum()) for f in result.columns}
    facts = [
        _column(
            f, f.column == target, power.get(f.column), drift.get(f.column), (len(table), missing[f.column], held_out)
        )
        for f in result.columns
    ]
    return TableReadings(
        rows=result.rows,
        metric="auc" if result.metric == "auc" else "r2",
        seed=result.seed,
        columns=facts,
        copies=RowCopies(
            **dict(zip(("repeated_inputs", "repeated_whole"), repeated, strict=True)),
            **dict(zip(("across_inputs", "across_whole"), across, strict=True)),
            training_whole=rounded_down(copies.training_whole, len(table) - held_out),
            copied=copies.copied,
            held_out_rows=copies.held_out,
        ),
        equal=[list(family) for family in result.equal],
        drift_rows=result.drift_rows if result.drift_rows > result.rows else None,
        whole=Interval() if result.whole is None else interval(*result.whole.auc),
        whole_rows=None if result.whole is None else result.whole.rows,
        beyond=[
            BeyondRow(column=b.column, every=interval(*b.every), without=interval(*b.without), gain=interval(*b.gain))
            for b in result.beyond
        ],
        withheld=result.withheld,
    )


def _column(
    f: ColumnFacts, target: bool, power: ColumnPower | None, drift: ColumnDrift | None, counts: tuple[int, int, int]
) -> TableColumn:
    """Return the record of a column.

    `counts` contains the total number of rows, the number of rows without a value, and the number of held-out rows.
    """
    rows, missing, held_out = counts
    of = rows if countless(missing, rows) else rows - missing  # a share of the known rows would reveal `missing`
    alone = (
        {}
        if power is None
        else {
            "training": interval(*power.training),
            "held_out": interval(*power.held_out),
            "fall": interval(*power.fall),
            "fall_q": number(power.fall_q),
            "correlation": number(power.correlation),
            "p": number(power.p),
            "q": number(power.q),
        }
    )
    tested = {} if drift is None else {"drift_df": drift.df, "drift_p": number(drift.p), "drift_q": number(drift.q)}
    moved = {} if drift is None else {"psi": number(drift.psi), **tested}
    return TableColumn(
        column=f.column,
        target=target,
        distinct=distinct_down(f.distinct, rows, missing),
        identifier=f.identifier,  # one of the three kinds in `TableColumn`
        spike=None if f.spike is None else _spike(f.spike, of, rows - missing),
        heap_low=_heap(f.minimum, f.rows_at_minimum, f.at_minimum, f.times_minimum, of, rows - missing),
        heap_high=_heap(f.maximum, f.rows_at_maximum, f.at_maximum, f.times_maximum, of, rows - missing),
        rare_levels=f.rare_levels,
        unseen_levels=None if rounded_down(f.unseen_rows, held_out) is None else f.unseen_levels,
        unseen_rows=rounded_down(f.unseen_rows, held_out),
        **alone,
        **moved,
    )


def _spike(spike: Spike, of: int, known: int) -> Heap | None:
    rows = rounded_down(spike.rows, known)
    return (
        None
        if rows is None
        else Heap(value=spike.value, rows=rows, share=rows / of, outside=spike.outside, gap=spike.gap)
    )


def _heap(value: float, count: int, share: float, times: float, of: int, known: int) -> Heap | None:
    """Return the record of the smallest or largest value; None if few rows have it or the record would reveal individual rows.

    `of` is the number of rows that the share refers to, and `known` is the number of rows with a value.
    """
    rows = rounded_down(count, known)
    if rows is None or rows < SMALL or share < HEAP_SHARE or times < HEAP_TIMES:
        return None
    return Heap(value=value, rows=rows, share=rows / of, outside=True, gap=0.0, times=times)
