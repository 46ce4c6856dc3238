"""Report section on extrapolation: change in the score beyond the range of the data."""

from __future__ import annotations

from tabinterp.analyses.extrapolation.record import BeyondRange
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Heading, Paragraph
from tabinterp.report.tables import Column, interval_column, name_column, table
from tabinterp.report.words import listed, share, t, tidy

from .record import Extrapolation

MOST = 12  # maximum number of columns in the table, largest change first; the document has all of them


def build(extrapolation: Extrapolation, document: Document) -> list[Block]:
    columns: list[Column[BeyondRange]] = [
        name_column(t("report.column"), lambda row: row.column),
        interval_column(t("report.off.change"), lambda row: row.change),
        Column(t("report.off.outside"), lambda row: share(row.outside)),
    ]
    blocks: list[Block] = [
        Heading(t("report.off.range")),
        Paragraph(t("report.off.range.lead", rows=extrapolation.rows), "note"),
        table(t("report.off.range.table"), extrapolation.columns[:MOST], columns),
    ]
    if extrapolation.skipped:
        blocks.append(Paragraph(t("report.off.skipped", columns=listed(map(tidy, extrapolation.skipped))), "note"))
    return blocks
