"""Templates of the first layer: how much of what comes into a unit each original column brings, as a table that prints."""

from __future__ import annotations

from tabinterp.report.blocks import Block, Cell, Fold, Paragraph, Table
from tabinterp.report.document import Document
from tabinterp.report.heat import heat
from tabinterp.report.inside import Inside, Template
from tabinterp.report.words import MINUS, NONE, by_importance, cut, cut_cell, t, tidy

WIDEST = 15  # columns; the others are one
LEAST = 0.08  # a share that is printed
LEVEL = 14  # display columns of a level


def templates(document: Document, part: Inside) -> list[Block]:
    if not part.templates:
        return []
    rank = by_importance(document)
    names = part.template_columns
    order = sorted(range(len(names)), key=lambda place: rank.get(names[place], len(rank)))
    head = [Cell(t("report.neuron")), *(cut_cell(names[place]) for place in order[:WIDEST])]
    left = len(names) - WIDEST
    if left > 0:
        head.append(Cell(t("report.inside.templates.other", count=left)))
    layer = part.layers[0].layer
    rows = [_row(layer, one, order) for one in part.templates]
    values = {"count": len(part.templates), "layer": tidy(layer)}
    table = Table(t("report.inside.templates.table", **values), head, rows, style="heat tall")
    note = Paragraph(t("report.inside.templates.note", percent=round(100 * LEAST)), "note")
    return [Fold(t("report.inside.templates.fold", **values), [note, table])]


def _row(layer: str, found: Template, order: list[int]) -> list[Cell]:
    cells = [Cell(t("report.neuron.name", layer=cut(layer), index=str(found.index)))]
    cells += [_cell(found, place) for place in order[:WIDEST]]
    if others := order[WIDEST:]:
        total = sum(found.shares[place] or 0.0 for place in others)
        cells.append(Cell(t("report.inside.templates.share", percent=round(100 * total)), style=heat(total)))
    return cells


def _cell(found: Template, place: int) -> Cell:
    share, level = found.shares[place], found.levels[place]
    if share is None:
        return Cell(NONE)
    if share < LEAST:
        return Cell(t("report.inside.templates.small"))
    sign = {-1: MINUS, 0: "", 1: "+"}[found.signs[place]]
    named = "" if level is None else cut(level, LEVEL)
    told = t("report.inside.templates.share", percent=round(100 * share))
    whole = "" if level is None or tidy(level) == named else sign + tidy(level)
    return Cell(f"{told} {sign}{named}".strip(), whole, heat(share))
