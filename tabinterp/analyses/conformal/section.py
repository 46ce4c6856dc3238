"""Report section on conformal prediction: width of intervals or size of sets of both models, and coverage by slice."""

from __future__ import annotations

from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Fold, Heading, Paragraph
from tabinterp.report.tables import Column, interval_column, table
from tabinterp.report.words import counted, say, sentences, stated, t, tidy

from .record import Record, SliceCoverage


def build(record: Record, document: Document) -> list[Block]:
    level = f"{100 * record.level:g}"
    lead = t(
        f"report.conformal.{record.kind}",
        level=level,
        network=stated(record.network),
        linear=stated(record.linear),
        name=document.linear.name,
        difference=stated(record.difference, sign=True),
    )
    if not record.slices:
        found: Block = Paragraph(t("report.conformal.none"), "note")
    else:
        columns: list[Column[SliceCoverage]] = [
            Column(t("report.conformal.slice"), lambda row: tidy(say(row.group)), "w"),
            interval_column(t("report.conformal.coverage"), lambda row: row.coverage),
            interval_column(t(f"report.conformal.{record.kind}.width"), lambda row: row.width),
            Column(t("report.conformal.rows"), lambda row: counted(row.rows)),
        ]
        caption = t("report.conformal.table", shown=len(record.slices), tested=record.tested, level=level)
        found = table(caption, record.slices, columns)
    made = "set" if record.kind == "set" else document.data.task
    note = sentences([t(f"report.conformal.note.{made}"), t("report.conformal.note", rows=record.rows, level=level)])
    folded = Fold(t("report.conformal.fold"), (found, Paragraph(note, "note")))
    return [Heading(t(f"report.conformal.{record.kind}.heading")), Paragraph(lead), folded]
