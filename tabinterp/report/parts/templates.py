"""Templates of the first layer: how much of what comes into a unit each original column brings, as a table that prints."""

from __future__ import annotations

from tabinterp.report.blocks import Block, Cell, Fold, Paragraph, Table
from tabinterp.report.document import Document
from tabinterp.report.heat import heat
from tabinterp.report.inside import Inside, Template, TemplateColumn
from tabinterp.report.words import MINUS, NONE, by_importance, cut, cut_cell, t, tidy

WIDEST = 15  # columns; the others are one
LEAST = 0.08  # a share that is printed
LEVEL = 14  # display columns of a level


def templates(document: Document, part: Inside) -> list[Block]:
    if not part.templates:
        return []
    rank = by_importance(document)
    names = sorted((one.column for one in part.templates[0].columns), key=lambda name: rank.get(name, len(rank)))
    head = [Cell(t("report.neuron")), *(cut_cell(name) for name in names[:WIDEST])]
    left = len(names) - WIDEST
    if left > 0:
        head.append(Cell(t("report.inside.templates.other", count=left)))
    layer = part.layers[0].layer
    rows = [_row(layer, one, names) for one in part.templates]
    values = {"count": len(part.templates), "layer": tidy(layer)}
    table = Table(t("report.inside.templates.table", **values), head, rows, style="heat tall")
    note = Paragraph(t("report.inside.templates.note", percent=round(100 * LEAST)), "note")
    return [Fold(t("report.inside.templates.fold", **values), [note, table])]


def _row(layer: str, found: Template, names: list[str]) -> list[Cell]:
    own = {one.column: one for one in found.columns}
    cells = [Cell(t("report.neuron.name", layer=cut(layer), index=str(found.index)))]
    cells += [_cell(own[name]) for name in names[:WIDEST]]
    if others := names[WIDEST:]:
        total = sum(own[name].share or 0.0 for name in others)
        cells.append(Cell(t("report.inside.templates.share", percent=round(100 * total)), style=heat(total)))
    return cells


def _cell(found: TemplateColumn) -> Cell:
    if found.share is None:
        return Cell(NONE)
    if found.share < LEAST:
        return Cell(t("report.inside.templates.small"))
    sign = {-1: MINUS, 0: "", 1: "+"}[found.sign]
    level = "" if found.level is None else cut(found.level, LEVEL)
    share = t("report.inside.templates.share", percent=round(100 * found.share))
    whole = "" if found.level is None or tidy(found.level) == level else sign + tidy(found.level)
    return Cell(f"{share} {sign}{level}".strip(), whole, heat(found.share))
