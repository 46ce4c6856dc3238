"""Report section on perturbed rows: how the score changes when values are taken from arbitrary or similar rows."""

from __future__ import annotations

from tabinterp.analyses.off_support.record import SwapRow
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Heading, Paragraph
from tabinterp.report.tables import Column, interval_column, name_column, table
from tabinterp.report.words import stated, t, tidy

from .record import OffSupport

MOST = 12  # maximum number of columns in the table, largest change first; the document has all columns


def build(off_support: OffSupport, document: Document) -> list[Block]:
    output = "" if off_support.output is None else t("report.off.support.output", output=tidy(off_support.output))
    values = {name: stated(getattr(off_support, name)) for name in ("auc", "real", "perturbed", "gap")}
    columns: list[Column[SwapRow]] = [
        name_column(t("report.column"), lambda row: row.column),
        interval_column(t("report.off.permuted"), lambda row: row.permuted),
        interval_column(t("report.off.swapped"), lambda row: row.swapped),
    ]
    return [
        Heading(t("report.off.support")),
        Paragraph(t("report.off.support.lead", rows=off_support.rows, output=output, **values)),
        table(t("report.off.swaps"), off_support.columns[:MOST], columns),
        Paragraph(t("report.off.swaps.note"), "note"),
    ]
