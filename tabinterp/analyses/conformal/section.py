"""Conformal prediction on the page: width of intervals or sets of both models, and coverage by slice."""

from __future__ import annotations

from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Fold, Heading, Paragraph
from tabinterp.report.tables import Column, interval_column, table
from tabinterp.report.words import counted, number, say, stated, t, tidy

from .record import Record, SliceCoverage


def build(record: Record, document: Document) -> list[Block]:
    level = f"{100 * record.level:g}"
    lead = t(
        f"report.conformal.{record.kind}",
        level=level,
        network=stated(record.network.width),
        linear=stated(record.linear.width),
        name=document.linear.name,
        difference=stated(record.difference, sign=True),
        coverage=stated(record.network.coverage),
    )
    blocks: list[Block] = [Heading(t("report.conformal.heading")), Paragraph(lead)]
    if not record.slices:
        return [*blocks, Paragraph(t("report.conformal.none"), "note")]
    columns: list[Column[SliceCoverage]] = [
        Column(t("report.conformal.slice"), lambda row: tidy(say(row.group)), "w"),
        interval_column(t("report.conformal.coverage"), lambda row: row.coverage),
        Column(t(f"report.conformal.{record.kind}.width"), lambda row: number(row.width)),
        Column(t("report.conformal.rows"), lambda row: counted(row.rows)),
    ]
    caption = t("report.conformal.table", shown=len(record.slices), tested=record.tested, level=level)
    note = Paragraph(t("report.conformal.note"), "note")
    return [*blocks, Fold(t("report.conformal.fold"), (table(caption, record.slices, columns), note))]
