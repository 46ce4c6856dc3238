"""Report section on data quality: duplicates, drift, predictive power of single columns, and contents of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tabinterp.analyses.data_quality.record import BeyondRow, Heap, RowCopies, TableColumn, TableReadings
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Fold, Heading, Paragraph, Table
from tabinterp.report.tables import Column, interval_column, name_column, table
from tabinterp.report.words import (
    NONE,
    counted,
    number,
    p_value,
    series,
    share,
    signed,
    stated,
    t,
    tidy,
)

MOST = 12  # maximum number of columns shown without folding


def build(quality: TableReadings, document: Document) -> list[Block]:
    metric = t(f"report.data.{quality.metric}")
    chance = 0.5 if quality.metric == "auc" else 0
    drawn = document.data.drawn
    lead = "report.data.lead" if drawn is None else "report.data.lead.drawn"
    blocks: list[Block] = [Paragraph(t(lead, rows=quality.rows, metric=metric, chance=chance), "note")]
    if quality.equal:
        families = series(" = ".join(map(tidy, family)) for family in quality.equal)
        blocks.append(Paragraph(t("report.data.equal", families=families)))
    if quality.whole.value is not None:
        value = stated(quality.whole)
        blocks.append(Paragraph(t("report.data.whole", value=value, rows=quality.whole_rows or 0)))
    blocks.append(_copies(quality.copies))
    inputs = [column for column in quality.columns if not column.target]
    strongest = sorted(inputs, key=lambda column: -(column.training.value or 0.0))
    if any(column.training.value is not None for column in inputs):
        blocks += [
            Heading(t("report.data.power")),
            *_folded(strongest, lambda columns: _power(columns, metric)),
        ]
    if quality.withheld is not None:
        blocks.append(Paragraph(t("report.data.withheld", reason=quality.withheld), "note"))
    if quality.beyond:
        blocks.append(_beyond(quality, metric))
    drifted = [column for column in quality.columns if column.psi is not None]
    if drifted:
        drifted.sort(key=lambda column: -(column.psi or 0.0))
        blocks += [Heading(t("report.data.drift")), Paragraph(t("report.data.drift.note"), "note")]
        if quality.drift_rows is not None:
            blocks.append(Paragraph(t("report.data.drift.rows", rows=quality.drift_rows), "note"))
        blocks.append(_drift(drifted[:MOST]))
    notable = [
        column for column in quality.columns if column.rare_levels or column.unseen_rows != 0 or any(_remarks(column))
    ]
    if notable:
        blocks.append(Fold(t("report.data.contents_fold", count=len(notable)), [_contents(notable)]))
    return blocks


def _folded(columns: Sequence[TableColumn], build: Callable[[Sequence[TableColumn]], Table]) -> list[Block]:
    """Return a table of the first `MOST` columns and, if there are more, a folded table of the remaining columns."""
    if len(columns) <= MOST:
        return [build(columns)]
    rest = columns[MOST:]
    return [build(columns[:MOST]), Fold(t("report.data.more", count=len(rest)), [build(rest)])]


def _copies(copies: RowCopies) -> Table:
    columns: list[Column[tuple[str, int | None, int | None]]] = [
        Column(t("report.data.what"), lambda row: t(f"report.data.by_{row[0]}")),
        Column(t("report.data.repeated"), lambda row: _count(row[1])),
        Column(t("report.data.across"), lambda row: _count(row[2]) if copies.held_out_rows else NONE),
    ]
    rows = [
        ("inputs", copies.repeated_inputs, copies.across_inputs),
        ("whole", copies.repeated_whole, copies.across_whole),
    ]
    return table(t("report.data.copies"), rows, columns, style="")


def _count(count: int | None) -> str:
    return t("report.data.few") if count is None else counted(count)


def _power(rows: Sequence[TableColumn], metric: str) -> Table:
    columns: list[Column[TableColumn]] = [
        name_column(t("report.column"), lambda row: row.column),
        interval_column(t("report.data.training"), lambda row: row.training),
        interval_column(t("report.data.held_out"), lambda row: row.held_out),
        interval_column(t("report.data.fall"), lambda row: row.fall, sign=True),
        Column(t("report.data.correlation"), lambda row: signed(row.correlation)),
    ]
    return table(t("report.data.power.table", metric=metric), rows, columns)


def _drift(rows: Sequence[TableColumn]) -> Table:
    columns: list[Column[TableColumn]] = [
        name_column(t("report.column"), lambda row: row.column),
        Column(t("report.data.psi"), lambda row: number(row.psi)),
        Column(t("report.data.q"), lambda row: p_value(row.drift_q)),
    ]
    return table(t("report.data.drift.table"), rows, columns)


def _beyond(quality: TableReadings, metric: str) -> Table:
    columns: list[Column[BeyondRow]] = [
        name_column(t("report.column"), lambda row: row.column),
        interval_column(t("report.data.every"), lambda row: row.every),
        interval_column(t("report.data.without"), lambda row: row.without),
        interval_column(t("report.data.gain"), lambda row: row.gain, sign=True),
    ]
    return table(t("report.data.beyond", metric=metric), quality.beyond, columns, style="")


def _contents(rows: Sequence[TableColumn]) -> Table:
    columns: list[Column[TableColumn]] = [
        name_column(t("report.column"), lambda row: row.column),
        Column(t("report.data.distinct"), lambda row: counted(row.distinct)),
        Column(t("report.data.rare"), lambda row: counted(row.rare_levels)),
        Column(t("report.data.unseen"), lambda row: _count(row.unseen_rows)),
        Column(t("report.data.remarks"), lambda row: series(_remarks(row)) or NONE, "w"),
    ]
    return table(t("report.data.contents"), rows, columns)


def _remarks(column: TableColumn) -> Iterator[str]:
    if column.identifier is not None:
        yield t(f"report.data.remark.{column.identifier}")
    if column.spike is not None:
        yield t("report.data.remark.spike", value=column.spike.value, rows=column.spike.rows)
    for name, heap in (("low", column.heap_low), ("high", column.heap_high)):
        if heap is not None:
            yield _heap(name, heap)


def _heap(name: str, heap: Heap) -> str:
    return t(f"report.data.remark.{name}", rows=heap.rows, percent=share(heap.share), value=heap.value)
