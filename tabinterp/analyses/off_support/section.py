"""What the network does beside and beyond the data: perturbed rows, swaps between similar rows, one range further."""

from __future__ import annotations

from tabinterp.analyses.data_quality.types import Extrapolation, OffSupport
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Cell, Heading, Paragraph, Table
from tabinterp.report.words import cells, interval, listed, name_cell, share, t, tidy

MOST = 12  # columns of a table, the largest first; the document holds all of them


def off_data(document: Document) -> list[Block]:
    blocks: list[Block] = []
    if document.off_support is not None:
        blocks += _support(document.off_support)
    if document.extrapolation is not None:
        blocks += _range(document.extrapolation)
    return blocks


def _support(part: OffSupport) -> list[Block]:
    output = "" if part.output is None else t("report.off.support.output", output=tidy(part.output))
    values = {name: interval(getattr(part, name)) for name in ("auc", "real", "perturbed", "gap")}
    head = [Cell(t("report.column")), *cells([t("report.off.permuted"), t("report.off.swapped")])]
    body = [
        [name_cell(row.column), *cells([interval(row.permuted), interval(row.swapped)])] for row in part.columns[:MOST]
    ]
    return [
        Heading(t("report.off.support")),
        Paragraph(t("report.off.support.lead", rows=part.rows, output=output, **values)),
        Table(t("report.off.swaps"), head, body),
        Paragraph(t("report.off.swaps.note"), "note"),
    ]


def _range(part: Extrapolation) -> list[Block]:
    head = [Cell(t("report.column")), *cells([t("report.off.change"), t("report.off.outside")])]
    body = [[name_cell(row.column), *cells([interval(row.change), share(row.outside)])] for row in part.columns[:MOST]]
    blocks: list[Block] = [
        Heading(t("report.off.range")),
        Paragraph(t("report.off.range.lead", rows=part.rows), "note"),
        Table(t("report.off.range.table"), head, body),
    ]
    if part.skipped:
        blocks.append(Paragraph(t("report.off.skipped", columns=listed(map(tidy, part.skipped))), "note"))
    return blocks
