"""Disagreement on the page: where the two models differ, and which of them is right there."""

from __future__ import annotations

from tabinterp.analyses.disagreement.record import Leaf
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Heading, Paragraph
from tabinterp.report.tables import Column, interval_column, table
from tabinterp.report.words import counted, say, series, t, tidy

from .record import Disagreement


def build(disagreement: Disagreement, document: Document) -> list[Block]:
    blocks: list[Block] = [
        Heading(t("report.disagreement")),
        *(Paragraph(say(line)) for line in disagreement.sentences),
    ]
    if not disagreement.leaves:
        return blocks
    columns: list[Column[Leaf]] = [
        Column(t("report.disagreement.rule"), lambda leaf: tidy(series(map(say, leaf.conditions))), "w"),
        interval_column(t("report.disagreement.share"), lambda leaf: leaf.share),
        Column(t("report.disagreement.rows"), lambda leaf: counted(leaf.rows)),
    ]
    note = t("report.disagreement.note", fitted=disagreement.fitted_rows, scored=disagreement.scored_rows)
    return [*blocks, table(t("report.disagreement.rules"), disagreement.leaves, columns), Paragraph(note, "note")]
