"""Report section on slices: groups of rows in which one model is better."""

from __future__ import annotations

from tabinterp.analyses.slices.record import SliceRow
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Heading, Paragraph
from tabinterp.report.tables import Column, interval_column, table
from tabinterp.report.words import counted, say, sentences, t, tidy

from .record import Slices


def build(slices: Slices, document: Document) -> list[Block]:
    blocks: list[Block] = [Heading(t("report.slices")), *(Paragraph(say(line)) for line in slices.sentences)]
    if not slices.found:
        return blocks
    columns: list[Column[SliceRow]] = [
        Column(t("report.slices.group"), lambda row: tidy(say(row.group)), "w"),
        interval_column(t("report.slices.difference"), lambda row: row.difference, sign=True),
        interval_column(t("report.slices.rest"), lambda row: row.against_rest, sign=True),
        Column(t("report.slices.status"), lambda row: t(f"report.gain.status.{row.status}"), "t"),
        Column(t("report.slices.rows"), lambda row: counted(row.rows)),
    ]
    caption = t("report.slices.table", metric=t(f"report.metric.{slices.metric}"))
    hidden = [t("report.slices.hidden", hidden=slices.hidden)] if slices.hidden else []
    note = Paragraph(sentences([t("report.slices.note"), *hidden]), "note")
    return [*blocks, table(caption, slices.found, columns), note]
