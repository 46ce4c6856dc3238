"""The rows alone: copies, drift, what single columns tell, what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Cell, Fold, Heading, Paragraph, Table
from tabinterp.report.words import (
    NONE,
    cells,
    counted,
    interval,
    name_cell,
    number,
    p_value,
    series,
    share,
    signed,
    t,
    tidy,
)

from .types import Heap, RowCopies, TableColumn, TableReadings

MOST = 12  # columns in the open; the others are folded


def data(document: Document) -> list[Block]:
    part = document.table
    if part is None:
        return []
    metric = t(f"report.data.{part.metric}")
    chance = 0.5 if part.metric == "auc" else 0
    drawn = document.data.drawn
    lead = "report.data.lead" if drawn is None else "report.data.lead.drawn"
    blocks: list[Block] = [Paragraph(t(lead, rows=part.rows, metric=metric, chance=chance), "note")]
    if part.equal:
        families = series(" = ".join(map(tidy, family)) for family in part.equal)
        blocks.append(Paragraph(t("report.data.equal", families=families)))
    if part.whole.value is not None:
        value = interval(part.whole)
        blocks.append(Paragraph(t("report.data.whole", value=value, rows=part.whole_rows or 0)))
    blocks.append(_copies(part.copies))
    inputs = [column for column in part.columns if not column.target]
    strongest = sorted(inputs, key=lambda one: -(one.training.value or 0.0))
    if any(column.training.value is not None for column in inputs):
        blocks += [
            Heading(t("report.data.power")),
            *_folded(strongest, lambda some: _power(some, metric)),
        ]
    if part.withheld is not None:
        blocks.append(Paragraph(t("report.data.withheld", reason=part.withheld), "note"))
    if part.beyond:
        blocks.append(_beyond(part, metric))
    drifted = [column for column in part.columns if column.psi is not None]
    if drifted:
        drifted.sort(key=lambda one: -(one.psi or 0.0))
        blocks += [Heading(t("report.data.drift")), Paragraph(t("report.data.drift.note"), "note")]
        if part.drift_rows is not None:
            blocks.append(Paragraph(t("report.data.drift.rows", rows=part.drift_rows), "note"))
        blocks.append(_drift(drifted[:MOST]))
    odd = [one for one in part.columns if one.rare_levels or one.unseen_rows != 0 or any(_remarks(one))]
    return [*blocks, *([Fold(t("report.data.contents_fold", count=len(odd)), [_contents(odd)])] if odd else [])]


def _folded(columns: Sequence[TableColumn], build: Callable[[Sequence[TableColumn]], Table]) -> list[Block]:
    """A table of the first columns, and of all the others, folded."""
    if len(columns) <= MOST:
        return [build(columns)]
    rest = columns[MOST:]
    return [build(columns[:MOST]), Fold(t("report.data.more", count=len(rest)), [build(rest)])]


def _copies(copies: RowCopies) -> Table:
    head = [Cell(t("report.data.what")), *cells([t("report.data.repeated"), t("report.data.across")])]
    rows = [
        [
            Cell(t(f"report.data.by_{name}")),
            Cell(_count(repeated)),
            Cell(NONE if not copies.held_out_rows else _count(across)),
        ]
        for name, repeated, across in (
            ("inputs", copies.repeated_inputs, copies.across_inputs),
            ("whole", copies.repeated_whole, copies.across_whole),
        )
    ]
    return Table(t("report.data.copies"), head, rows, style="")


def _count(count: int | None) -> str:
    return t("report.data.few") if count is None else counted(count)


def _power(columns: Sequence[TableColumn], metric: str) -> Table:
    names = ("training", "held_out", "fall", "correlation")
    head = [Cell(t("report.column")), *cells(t(f"report.data.{name}") for name in names)]
    body = [
        [
            name_cell(one.column),
            *cells(
                [interval(one.training), interval(one.held_out), interval(one.fall, sign=True), signed(one.correlation)]
            ),
        ]
        for one in columns
    ]
    return Table(t("report.data.power.table", metric=metric), head, body)


def _drift(columns: Sequence[TableColumn]) -> Table:
    head = [Cell(t("report.column")), *cells([t("report.data.psi"), t("report.data.q")])]
    body = [[name_cell(one.column), *cells([number(one.psi), p_value(one.drift_q)])] for one in columns]
    return Table(t("report.data.drift.table"), head, body)


def _beyond(part: TableReadings, metric: str) -> Table:
    head = [Cell(t("report.column")), *cells(t(f"report.data.{name}") for name in ("every", "without", "gain"))]
    body = [
        [name_cell(one.column), *cells([interval(one.every), interval(one.without), interval(one.gain, sign=True)])]
        for one in part.beyond
    ]
    return Table(t("report.data.beyond", metric=metric), head, body, style="")


def _contents(columns: Sequence[TableColumn]) -> Table:
    head = [
        Cell(t("report.column")),
        *cells(t(f"report.data.{name}") for name in ("distinct", "rare", "unseen")),
        Cell(t("report.data.remarks"), style="w"),
    ]
    body = [
        [
            name_cell(one.column),
            *cells([counted(one.distinct), counted(one.rare_levels), _count(one.unseen_rows)]),
            Cell(series(_remarks(one)) or NONE, style="w"),
        ]
        for one in columns
    ]
    return Table(t("report.data.contents"), head, body)


def _remarks(one: TableColumn) -> Iterator[str]:
    if one.identifier is not None:
        yield t(f"report.data.remark.{one.identifier}")
    if one.spike is not None:
        yield t("report.data.remark.spike", value=one.spike.value, rows=one.spike.rows)
    for name, heap in (("low", one.heap_low), ("high", one.heap_high)):
        if heap is not None:
            yield _heap(name, heap)


def _heap(name: str, heap: Heap) -> str:
    return t(f"report.data.remark.{name}", rows=heap.rows, percent=share(heap.share), value=heap.value)
