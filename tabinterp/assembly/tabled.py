"""What is read off the rows alone, and what the network does beside and beyond them. Nothing that fewer than ten rows tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..readouts.data.columns import ColumnFacts, Spike
from ..readouts.data.drift import ColumnDrift
from ..readouts.data.power import ColumnPower
from ..readouts.grids import SMALL
from ..report import tabled as doc
from ..report.document import Interval
from .results import Results, at, interval, number

HEAP_SHARE, HEAP_TIMES = 0.005, 3.0  # below these an end is no heap, and its value stays with the rows


def rows_alone(r: Results) -> doc.TableReadings | None:
    found = r.table
    if found is None:
        return None
    target = r.network.table.schema.target
    power, drift = {one.column: one for one in found.power}, {one.column: one for one in found.drift}
    copies = found.copies
    return doc.TableReadings(
        rows=found.rows,
        metric="auc" if found.metric == "auc" else "r2",
        seed=found.seed,
        columns=[_column(f, f.column == target, power.get(f.column), drift.get(f.column)) for f in found.columns],
        copies=doc.RowCopies(
            repeated_inputs=few(copies.repeated_inputs),
            repeated_whole=few(copies.repeated_whole),
            across_inputs=few(copies.across_inputs),
            across_whole=few(copies.across_whole),
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
    )


def few(count: int | None) -> int | None:
    """The count, or None where it tells of fewer than ten rows."""
    return None if count is None or 0 < count < SMALL else count


def _column(f: ColumnFacts, target: bool, power: ColumnPower | None, drift: ColumnDrift | None) -> doc.TableColumn:
    alone = (
        {}
        if power is None
        else {
            "training": interval(*power.training),
            "held_out": interval(*power.held_out),
            "fall": interval(*power.fall),
            "correlation": number(power.correlation),
            "p": number(power.p),
            "q": number(power.q),
        }
    )
    moved = {} if drift is None else {"psi": number(drift.psi), "drift_p": number(drift.p), "drift_q": number(drift.q)}
    return doc.TableColumn(
        column=f.column,
        target=target,
        distinct=f.distinct,
        identifier=f.identifier,  # one of the document's three words
        spike=None if f.spike is None else _spike(f.spike),
        heap_low=_heap(f.minimum, f.rows_at_minimum, f.at_minimum, f.times_minimum),
        heap_high=_heap(f.maximum, f.rows_at_maximum, f.at_maximum, f.times_maximum),
        rare_levels=f.rare_levels,
        unseen_levels=None if few(f.unseen_rows) is None else f.unseen_levels,
        unseen_rows=few(f.unseen_rows),
        **alone,
        **moved,
    )


def _spike(spike: Spike) -> doc.Heap:
    return doc.Heap(value=spike.value, rows=spike.rows, share=spike.share, outside=spike.outside, gap=spike.gap)


def _heap(value: float, rows: int, share: float, times: float) -> doc.Heap | None:
    if rows < SMALL or share < HEAP_SHARE or times < HEAP_TIMES:
        return None
    return doc.Heap(value=value, rows=rows, share=share, outside=True, gap=0.0, times=times)


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
    """A share of rows, unless it tells of fewer than ten of them."""
    return None if share is None or 0 < share * rows < SMALL else share


def _largest(values: Sequence[float] | np.ndarray) -> list[int]:
    return [int(j) for j in np.argsort(-np.nan_to_num(np.asarray(values)), kind="stable")]
