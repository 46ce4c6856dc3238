"""What is read off the rows alone, and what the network does beside and beyond them. Nothing that fewer than ten rows tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tabinterp.analyses.results import Results, at, interval, number
from tabinterp.document.document import Interval
from tabinterp.table.suppression import SMALL, countless, nested_down, rounded_down

from . import types as doc
from .columns import ColumnFacts, Spike
from .drift import ColumnDrift
from .univariate_signal import ColumnPower

HEAP_SHARE, HEAP_TIMES = 0.005, 3.0  # below these an end is no heap, and its value stays with the rows


def rows_alone(r: Results) -> doc.TableReadings | None:
    found = r.table
    if found is None:
        return None
    target = r.network.table.schema.target
    power, drift = {one.column: one for one in found.power}, {one.column: one for one in found.drift}
    copies = found.copies
    repeated = nested_down(copies.repeated_inputs, copies.repeated_whole, len(r.network.table))
    across = nested_down(copies.across_inputs, copies.across_whole, copies.held_out or 0)
    table = r.network.table
    held_out = 0 if table.held_out is None else int(table.held_out.sum())
    missing = {f.column: int(table.frame[f.column].isna().sum()) for f in found.columns}
    facts = [
        _column(
            f, f.column == target, power.get(f.column), drift.get(f.column), (len(table), missing[f.column], held_out)
        )
        for f in found.columns
    ]
    return doc.TableReadings(
        rows=found.rows,
        metric="auc" if found.metric == "auc" else "r2",
        seed=found.seed,
        columns=facts,
        copies=doc.RowCopies(
            **dict(zip(("repeated_inputs", "repeated_whole"), repeated, strict=True)),
            **dict(zip(("across_inputs", "across_whole"), across, strict=True)),
            training_whole=rounded_down(copies.training_whole, len(table) - held_out),
            copied=copies.copied,
            held_out_rows=copies.held_out,
        ),
        equal=[list(family) for family in found.equal],
        drift_rows=found.drift_rows if found.drift_rows > found.rows else None,
        whole=Interval() if found.whole is None else interval(*found.whole.auc),
        whole_rows=None if found.whole is None else found.whole.rows,
        beyond=[
            doc.BeyondRow(
                column=b.column, every=interval(*b.every), without=interval(*b.without), gain=interval(*b.gain)
            )
            for b in found.beyond
        ],
        withheld=found.withheld,
    )


def _column(
    f: ColumnFacts, target: bool, power: ColumnPower | None, drift: ColumnDrift | None, counts: tuple[int, int, int]
) -> doc.TableColumn:
    """`counts`: all rows, those without a value, those held out."""
    rows, missing, held_out = counts
    of = rows if countless(missing, rows) else rows - missing  # a share of known rows would tell how many they are
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
    return doc.TableColumn(
        column=f.column,
        target=target,
        distinct=f.distinct,
        identifier=f.identifier,  # one of the document's three words
        spike=None if f.spike is None else _spike(f.spike, of, rows - missing),
        heap_low=_heap(f.minimum, f.rows_at_minimum, f.at_minimum, f.times_minimum, of, rows - missing),
        heap_high=_heap(f.maximum, f.rows_at_maximum, f.at_maximum, f.times_maximum, of, rows - missing),
        rare_levels=f.rare_levels,
        unseen_levels=None if rounded_down(f.unseen_rows, held_out) is None else f.unseen_levels,
        unseen_rows=rounded_down(f.unseen_rows, held_out),
        **alone,
        **moved,
    )


def _spike(spike: Spike, of: int, known: int) -> doc.Heap | None:
    rows = rounded_down(spike.rows, known)
    return (
        None
        if rows is None
        else doc.Heap(value=spike.value, rows=rows, share=rows / of, outside=spike.outside, gap=spike.gap)
    )


def _heap(value: float, count: int, share: float, times: float, of: int, known: int) -> doc.Heap | None:
    """`of`: the rows that the share is of; `known`: those that hold a value."""
    rows = rounded_down(count, known)
    if rows is None or rows < SMALL or share < HEAP_SHARE or times < HEAP_TIMES:
        return None
    return doc.Heap(value=value, rows=rows, share=rows / of, outside=True, gap=0.0, times=times)


def off_support(r: Results) -> doc.OffSupport | None:
    found = r.off_support
    if found is None:
        return None
    return doc.OffSupport(
        rows=found.rows,
        swap_rows=found.swap_rows,
        seed=found.seed,
        output=found.output,
        auc=interval(*found.auc),
        real=interval(*found.real),
        perturbed=interval(*found.perturbed),
        gap=interval(*found.gap),
        columns=[
            doc.SwapRow(column=found.players[j], permuted=at(found.permuted, j), swapped=at(found.swapped, j))
            for j in _largest(found.permuted.value)
        ],
    )


def extrapolation(r: Results) -> doc.Extrapolation | None:
    found = r.extrapolation
    if found is None:
        return None
    held = 0 if r.network.table.held_out is None else int(r.network.table.held_out.sum())
    return doc.Extrapolation(
        rows=found.rows,
        seed=found.seed,
        skipped=list(found.skipped),
        columns=[
            doc.BeyondRange(column=found.players[j], change=at(found.change, j), outside=_share(found.outside[j], held))
            for j in _largest(found.change.value)
        ],
    )


def _share(share: float | None, rows: int) -> float | None:
    """A share of rows, unless fewer than ten of them are on one side."""
    return None if share is None or countless(round(share * rows), rows) else share


def _largest(values: Sequence[float] | np.ndarray) -> list[int]:
    return [int(j) for j in np.argsort(-np.nan_to_num(np.asarray(values)), kind="stable")]
