"""Report section on overfitting: the gap in every metric over all rows, and the slices with the largest excess gap."""

from __future__ import annotations

from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Fold, Heading, Paragraph, Table
from tabinterp.report.tables import Column, interval_column, table
from tabinterp.report.training_gaps import training_table
from tabinterp.report.words import counted, say, signed, stated, t, tidy

from .record import Record, SliceGap


def build(record: Record, document: Document) -> list[Block]:
    metric = t(f"report.metric.{record.metric}")
    gaps = {"network": signed(record.network.value), "linear_gap": signed(record.linear.value)}
    excess = stated(record.excess, sign=True)
    lead = t("report.overfitting.lead", metric=metric, linear=document.linear.name, excess=excess, **gaps)
    found = (*training_table(document), *_slices(record, metric))
    return [Heading(t("report.overfitting.heading")), Paragraph(lead), Fold(t("report.overfitting.fold"), found)]


def _slices(record: Record, metric: str) -> list[Table | Paragraph]:
    if not record.slices:
        return [Paragraph(t("report.overfitting.few", smallest=record.smallest), "note")]
    columns: list[Column[SliceGap]] = [
        Column(t("report.overfitting.slice"), lambda row: tidy(say(row.group)), "w"),
        interval_column(t("report.overfitting.network"), lambda row: row.network, "net", sign=True),
        interval_column(t("report.overfitting.linear"), lambda row: row.linear, "lin", sign=True),
        interval_column(t("report.overfitting.excess"), lambda row: row.excess, sign=True),
        Column(t("report.overfitting.rows"), lambda row: counted(row.rows)),
        Column(t("report.overfitting.training"), lambda row: counted(row.training_rows)),
    ]
    caption = t("report.overfitting.table", metric=metric, shown=len(record.slices), tested=record.tested)
    note = Paragraph(t("report.overfitting.note", smallest=record.smallest), "note")
    return [table(caption, record.slices, columns), note]
