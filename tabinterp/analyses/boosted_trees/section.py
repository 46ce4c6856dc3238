"""Report section on boosted trees: the network's loss compared with that of trees fitted to the same rows."""

from __future__ import annotations

from tabinterp.analyses.boosted_trees.record import Reference
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Heading, Paragraph
from tabinterp.report.tables import Column, interval_column, table
from tabinterp.report.words import capital, t


def build(reference: Reference, document: Document) -> list[Block]:
    columns: list[Column[Reference]] = [
        Column(t("report.metric"), lambda row: capital(t(f"report.metric.{row.metric}"))),
        interval_column(capital(t("report.network")), lambda row: row.network, "net"),
        interval_column(t("report.judged.reference.trees"), lambda row: row.trees),
        interval_column(t("report.judged.reference.difference"), lambda row: row.difference, sign=True),
    ]
    lead = t(
        "report.judged.reference.lead", rounds=reference.rounds, training=reference.training_rows, rows=reference.rows
    )
    return [
        Heading(t("report.judged.reference")),
        Paragraph(t(f"report.judged.reference.{reference.status}")),
        table(t("report.judged.reference.table"), [reference], columns, style=""),
        Paragraph(lead, "note"),
    ]
