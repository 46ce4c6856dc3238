"""Report section on decomposition: shares of the score's variance due to linear terms, curvature and interactions."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.decomposition.record import RestRow, ShareRow, Shares
from tabinterp.document.document import Document, Interval
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Cell, Figure, Fold, Heading, Key, Paragraph, Table
from tabinterp.report.words import capital, cells, cut, interval, listed, name_cell, number, rows_of, t, tidy


def build(shares: Shares, document: Document) -> list[Block]:
    blocks: list[Block] = [
        Heading(t("report.gain.shares")),
        Paragraph(t("report.gain.shares.lead", rows=rows_of(shares), folds=shares.folds), "note"),
    ]
    if shares.passed:
        blocks.append(Paragraph(t("report.gain.passed", count=shares.passed), "note"))
    blocks.append(_whole(shares))
    if shares.weighting is not None:
        blocks.append(Paragraph(t(f"report.gain.shares.{shares.weighting}"), "note"))
    parts = _table(shares.weighting is not None, shares.parts, shares.rest, t("report.gain.parts.table"))
    note = Paragraph(t("report.gain.parts.note"), "note")
    return [*blocks, Fold(t("report.gain.parts", count=len(shares.parts)), [parts, note])]


def _whole(shares: Shares) -> Block:
    numbers = _table(shares.weighting is not None, shares.whole, [], t("report.gain.shares.table"))
    shown = [row for row in shares.whole if row.output is None]
    marks = [_mark(row) for row in shown]
    if not figures.drawable(marks):
        return numbers
    aria = t("report.gain.shares.aria", shares=listed(f"{_name(row)} {interval(row.share)}" for row in shown))
    svg = figures.pairs(marks, t("report.gain.shares.axis"), aria, "figure-shares", "model", dodge=False)
    legend = [Key("●", "net", t("report.gain.shares.legend"))]
    return Figure(svg, aria, legend, t("report.gain.shares.caption"), numbers)


def _mark(row: ShareRow) -> figures.Pair:
    name = capital(_name(row))
    title = t("report.mark", name=name, model=t("report.network"), value=interval(row.share))
    return figures.Pair(cut(name), name, row.share, Interval(), title)


def _name(row: ShareRow) -> str:
    component = t(f"report.gain.share.{row.component}")
    if row.component == "interactions" and row.of == "other":
        return t("report.gain.share.other")
    if row.of:
        return t("report.gain.share.of", component=component, of=tidy(row.of))
    if row.output is None:
        return component
    return t("report.gain.share.output", component=component, output=tidy(row.output))


def _table(weighted: bool, rows: Sequence[ShareRow], rest: Sequence[RestRow], caption: str) -> Table:
    head = [Cell(t("report.gain.part")), Cell(t("report.gain.share"))]
    head += [Cell(t("report.gain.share.weighted"))] if weighted else []
    body = []
    for row in rows:
        shares = [row.share, row.weighted] if weighted else [row.share]
        body.append([name_cell(capital(_name(row))), *cells(map(interval, shares))])
    for left in rest:
        name = t("report.gain.share.rest", component=t(f"report.gain.share.{left.component}"), count=left.count)
        values = [left.share, left.weighted] if weighted else [left.share]
        body.append([Cell(capital(name)), *cells(map(number, values))])
    return Table(caption, head, body)
