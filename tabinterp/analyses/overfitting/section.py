"""Overfitting on the page: gaps in loss over all rows, and in the slices where the network's exceeds the linear model's most."""

from __future__ import annotations

from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Fold, Heading, Paragraph
from tabinterp.report.tables import Column, interval_column, table
from tabinterp.report.words import counted, say, signed, stated, t, tidy

from .record import Record, SliceGap


def build(record: Record, document: Document) -> list[Block]:
    metric = t(f"report.metric.{record.metric}")
    excess = stated(record.excess, sign=True)
    lead = t("report.overfitting.lead", metric=metric, linear=document.linear.name, excess=excess)
    blocks: list[Block] = [Heading(t("report.overfitting.heading")), Paragraph(lead)]
    if not record.slices:
        return [*blocks, Paragraph(t("report.overfitting.few", smallest=record.smallest), "note")]
    columns: list[Column[SliceGap]] = [
        Column(t("report.overfitting.slice"), lambda row: tidy(say(row.group)), "w"),
        Column(t("report.overfitting.network"), lambda row: signed(row.network)),
        Column(t("report.overfitting.linear"), lambda row: signed(row.linear)),
        interval_column(t("report.overfitting.excess"), lambda row: row.excess, sign=True),
        Column(t("report.overfitting.rows"), lambda row: counted(row.rows)),
        Column(t("report.overfitting.training"), lambda row: counted(row.training_rows)),
    ]
    caption = t("report.overfitting.table", metric=metric, shown=len(record.slices), tested=record.tested)
    note = Paragraph(t("report.overfitting.note", smallest=record.smallest), "note")
    return [*blocks, Fold(t("report.overfitting.fold"), (table(caption, record.slices, columns), note))]
