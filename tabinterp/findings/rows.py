"""Is something wrong with the rows? Leaks, copies, shift, codes for "none", caps, levels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from tabinterp.analyses.data_quality.types import Heap, TableColumn, TableReadings
from tabinterp.document.document import Document, Interval, Power

from .outcome import Limits, Outcome, above, cleared, either, not_applicable, p_of, raised, read_columns
from .power import Z_CHANCE, auc_beyond, beyond, of_counts, psi_beyond, r2_beyond, share_of, smallest_effect, with_power

LEAK_AUC, LEAK_R2 = 0.99, 0.95  # of one column alone: what a column reaches that holds the answer
NEAR_AUC, NEAR_R2 = 0.9, 0.8  # what hardly any honest column reaches
FALL, FALL_SURE = 0.1, 0.04  # of AUC or R2 from training to held-out rows, and the least that its interval leaves
FALL_Q = 0.01  # Benjamini-Hochberg, over all columns
PSI, SHIFT_P = 0.2, 0.01  # 0.2 is the custom of credit scoring for a shift to act on
TOLD = 0.6  # AUC at which trees tell held-out from training rows
OVERLAP = 0.01  # of the held-out rows, beyond the share of training rows that equal each other
CAPPED, CAP_TIMES = 0.01, 3.0  # share of the rows at one end, and over the values beside it
SMALL = 10


def _inputs(d: Document) -> list[TableColumn]:
    return [] if d.table is None else [c for c in d.table.columns if not c.target and c.column in read_columns(d)]


def _alone(column: TableColumn) -> Interval:
    """Its power on held-out rows, where there are any."""
    return column.training if column.held_out.value is None else column.held_out


def _limit(table: TableReadings, at: Limits) -> float:
    return at["auc" if table.metric == "auc" else "r2"]


def label_leak(d: Document, at: Limits) -> Outcome:
    return _told(d, at, lambda low, table: low >= _limit(table, at))


def near_leak(d: Document, at: Limits) -> Outcome:
    return _told(
        d,
        at,
        lambda low, table: _limit(table, at) <= low < _limit(table, {"auc": LEAK_AUC, "r2": LEAK_R2}),
    )


def _told(d: Document, at: Limits, leaks: Callable[[float, TableReadings], bool]) -> Outcome:
    """Columns that tell the target alone."""
    table = d.table
    known = [(c.column, _alone(c)) for c in _inputs(d) if _alone(c).low is not None]
    if table is None or not known:
        return _few_events(d) or not_applicable()
    found = [(name, part) for name, part in known if leaks(part.low or 0.0, table)]
    name, part = max(found or known, key=lambda one: one[1].value or 0.0)
    values = {"column": name, "value": part.value, "low": part.low, "high": part.high}
    key = f"{'raised' if found else 'cleared'}_{table.metric}"
    outcome = Outcome("raised" if found else "cleared", key, values | {"columns": [name for name, _ in found]})
    return with_power(outcome, _least_power(d, _limit(table, at)))


def _least_power(d: Document, limit: float) -> Power | None:
    """The least AUC or R² of a column, on the evaluated rows, whose whole interval lies above a limit."""
    rows = d.data.rows if d.data.held_out_rows is None else d.data.held_out_rows
    if d.data.drawn is not None:
        rows = d.data.drawn.rows if d.data.drawn.held_out_rows is None else d.data.drawn.held_out_rows
    if d.table is not None and d.table.metric == "r2":
        return of_counts(d, "r2", r2_beyond(limit, rows), rows)
    events = d.data.events if d.data.task == "binary" else None
    return of_counts(d, "auc", auc_beyond(limit, events, rows - events), rows, events) if events else None


def _few_events(d: Document) -> Outcome | None:
    reason = None if d.table is None else d.table.withheld
    return None if reason is None else Outcome("not_applicable", "withheld", {"reason": reason})


def row_identifier(d: Document, at: Limits) -> Outcome:
    if d.table is None:
        return not_applicable()
    found = [c for c in _inputs(d) if c.identifier is not None]
    if not found:
        return cleared(count=len(_inputs(d)))
    return raised(
        columns=[c.column for c in found], column=found[0].column, distinct=found[0].distinct, rows=d.table.rows
    )


def shortcut(d: Document, at: Limits) -> Outcome:
    known = [c for c in _inputs(d) if c.fall.low is not None]
    if not known:
        return _few_events(d) or not_applicable()
    broken = [
        c
        for c in known
        if (c.fall.value or 0.0) >= at["fall"]
        and above(c.fall, at["sure"])
        and (1.0 if c.fall_q is None else c.fall_q) < at["q"]
    ]
    first = max(broken or known, key=lambda c: c.fall.value or 0.0)
    values = {
        "column": first.column,
        "training": first.training.value,
        "held_out": first.held_out.value,
        "fall": first.fall.value,
        "low": first.fall.low,
        "high": first.fall.high,
        "q": first.fall_q,
    }
    outcome = either(bool(broken), columns=[c.column for c in broken], count=len(known), **values)
    errors = [c.fall for c in known if c.fall.stderr is not None]
    if not errors or d.data.held_out_rows is None:
        return outcome
    effect = max(max(beyond(at["sure"], part), at["fall"] + Z_CHANCE * (part.stderr or 0.0)) for part in errors)
    return with_power(outcome, smallest_effect("fall", effect, d.data.held_out_rows, d.data.events), 1.0)


def duplicate_columns(d: Document, at: Limits) -> Outcome:
    if d.table is None:
        return not_applicable()
    families = [" = ".join(family) for family in d.table.equal]
    return raised(families=families, count=len(families)) if families else cleared(count=len(_inputs(d)))


def train_test_shift(d: Document, at: Limits) -> Outcome:
    table = d.table
    if table is None or not any(c.psi is not None for c in table.columns):
        return not_applicable()
    moved = [
        c for c in table.columns if (c.psi or 0.0) >= at["psi"] and (1.0 if c.drift_q is None else c.drift_q) < at["q"]
    ]
    apart = (table.whole.value or 0.0) >= at["auc"] and p_of(table.whole, 0.5) < at["q"]
    first = max(moved or table.columns, key=lambda c: c.psi or 0.0)
    values = {
        "column": first.column,
        "psi": first.psi,
        "auc": table.whole.value,
        "low": table.whole.low,
        "high": table.whole.high,
    }
    if moved:
        return raised(columns=[c.column for c in moved], **values)
    if apart:
        return Outcome("raised", "raised_whole", values)
    return with_power(cleared(**values), _least_shift(d, at))


def _least_shift(d: Document, at: Limits) -> Power | None:
    """The least index that is detected in every column, were it the only one to move: its p is corrected for all of them."""
    training, held_out = d.data.training_rows, d.data.held_out_rows
    df = [c.drift_df for c in d.table.columns if c.drift_df] if d.table is not None else []
    if not df or not training or not held_out:
        return None
    return of_counts(d, "psi", psi_beyond(at["psi"], at["q"] / len(df), max(df), training, held_out), held_out)


def groups_split(d: Document, at: Limits) -> Outcome:
    """Do groups of rows that are one draw stand on both sides of the split?"""
    part = d.data.grouping
    if part is None:
        return not_applicable()
    if part.shared is None:
        return not_applicable("not_applicable_split")
    values = {"column": part.column, "shared": part.shared, "held_out": part.held_out, "groups": part.groups}
    return either(part.shared > 0, **values)


def row_overlap(d: Document, at: Limits) -> Outcome:
    """Held-out rows equal a training row more often than training rows equal each other: in a coarse table both are frequent."""
    table = d.table
    if table is None or table.copies.held_out_rows is None:
        return not_applicable()
    found, within, rows = table.copies.across_whole, table.copies.training_whole, table.copies.held_out_rows
    if found is None:
        return Outcome("cleared", "cleared_few", {"rows": rows})
    training = table.rows - rows
    values: dict[str, object] = {"count": found, "rows": rows, "percent": 100 * found / rows}
    if within is not None:
        values["training"] = 100 * within / training
    excess = found / rows - (SMALL - 1 if within is None else within) / training
    copied = bool(table.copies.copied) and found >= at["rows"] and 100 * excess >= at["percent"]
    status: Literal["raised", "cleared"] = "raised" if copied else "cleared"
    return Outcome(status, status if within is not None else f"{status}_training_few", values)


def sentinel_value(d: Document, at: Limits) -> Outcome:
    numeric = {c.name for c in d.data.columns if c.kind == "numeric"}
    known = [c for c in _inputs(d) if c.column in numeric]
    if not known:
        return not_applicable()
    found = [(c.column, c.spike) for c in known if c.spike is not None]
    if not found:
        return cleared(count=len(known))
    name, spike = max(found, key=lambda one: one[1].rows)
    names = [f"{column}: {one.value:g}" for column, one in found]
    return raised(columns=names, column=name, value=spike.value, rows=spike.rows, percent=100 * spike.share)


def target_capped(d: Document, at: Limits) -> Outcome:
    target = next((c for c in d.table.columns if c.target), None) if d.table else None
    if target is None or d.data.task not in ("regression", "count"):
        return not_applicable()
    ends = [
        (end, heap) for end, heap in (("least", target.heap_low), ("greatest", target.heap_high)) if _capped(heap, at)
    ]
    if d.data.task == "count":  # nothing is below none
        ends = [(end, heap) for end, heap in ends if heap is not None and (end == "greatest" or heap.value > 0)]
    if not ends:
        return cleared(percent=at["percent"])
    end, heap = max(ends, key=lambda one: 0 if one[1] is None else one[1].rows)
    values = {} if heap is None else {"value": heap.value, "rows": heap.rows, "percent": 100 * heap.share}
    return Outcome("raised", f"raised_{end}", values)


def _capped(heap: Heap | None, at: Limits) -> bool:
    return heap is not None and 100 * heap.share >= at["percent"] and (heap.times or 0.0) >= at["times"]


def unseen_level(d: Document, at: Limits) -> Outcome:
    known = [c for c in _inputs(d) if c.unseen_levels is None or c.unseen_levels >= 0]
    if d.table is None or d.data.held_out_rows is None or not known:
        return not_applicable()
    found = [c for c in known if (c.unseen_rows or 0) >= at["rows"]]
    if not found:
        held = d.data.held_out_rows
        passed = cleared(few=sum(c.unseen_rows is None for c in known))
        return with_power(passed, of_counts(d, "share", share_of(int(at["rows"]), held), held), 1.0)
    first = max(found, key=lambda c: c.unseen_rows or 0)
    return raised(
        columns=[c.column for c in found], column=first.column, rows=first.unseen_rows, levels=first.unseen_levels
    )


def rare_level(d: Document, at: Limits) -> Outcome:
    levels = {c.name for c in d.data.columns if c.role == "input" and c.kind != "numeric"}
    known = [c for c in _inputs(d) if c.column in levels]
    if not known:
        return not_applicable()
    found = [c for c in known if c.rare_levels]
    if not found:
        return cleared(count=len(known), fewest=SMALL)
    return raised(columns=[c.column for c in found], levels=sum(c.rare_levels for c in found), fewest=SMALL)


def constant_column(d: Document, at: Limits) -> Outcome:
    constant = [c.name for c in d.data.columns if c.role == "input" and c.constant]
    return raised(columns=constant) if constant else cleared()
