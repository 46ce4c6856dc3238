"""Report section on first-layer weights: how much each column and level contributes to the input of a hidden unit."""

from __future__ import annotations

from tabinterp.analyses.hidden_units.record import Card, LevelWeights, Template
from tabinterp.analyses.unit_correlations.record import Neurons
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Cell, Fold, Panels, Paragraph, Table
from tabinterp.report.tables import heat
from tabinterp.report.words import (
    MINUS,
    NONE,
    by_importance,
    cut,
    cut_cell,
    layer_name,
    level_name,
    listed,
    name_cell,
    signed,
    t,
    tidy,
    unit_name,
)

from .record import Inside

WIDEST = 15  # maximum number of columns that are shown; the others are combined
LEAST = 0.08  # minimum share that is printed as a number
LEVEL = 14  # maximum length of the name of a level, in characters
BARRED, LEVELS = 2, 10  # maximum number of categorical columns shown as bars, and of levels of each column
BAR, LONGEST_BAR = "█", 8


def build(inside: Inside, document: Document) -> list[Block]:
    if not document[Neurons].units or not inside.templates:
        return []
    rank = by_importance(document)
    names = inside.template_columns
    order = sorted(range(len(names)), key=lambda place: rank.get(names[place], len(rank)))
    head = [Cell(t("report.neuron")), *(cut_cell(names[place]) for place in order[:WIDEST])]
    left = len(names) - WIDEST
    if left > 0:
        head.append(Cell(t("report.inside.templates.other", count=left)))
    layer = inside.layers[0].layer
    rows = [_row(layer, template, order) for template in inside.templates]
    values = {"count": len(inside.templates), "layer": tidy(layer_name(layer))}
    table = Table(t("report.inside.templates.table", **values), head, rows, style="heat tall")
    note = Paragraph(t("report.inside.templates.note", percent=round(100 * LEAST)), "note")
    return [Fold(t("report.inside.templates.fold", **values), [note, table], printed=False)]


def _row(layer: str, template: Template, order: list[int]) -> list[Cell]:
    cells = [Cell(unit_name(layer, template.index))]
    cells += [_cell(template, place) for place in order[:WIDEST]]
    if others := order[WIDEST:]:
        total = sum(template.shares[place] or 0.0 for place in others)
        cells.append(Cell(t("report.inside.templates.share", percent=round(100 * total)), style=heat(total)))
    return cells


def _cell(template: Template, place: int) -> Cell:
    share, level = template.shares[place], template.levels[place]
    if share is None:
        return Cell(NONE)
    if share < LEAST:
        return Cell(t("report.inside.templates.small"))
    sign = {-1: MINUS, 0: "", 1: "+"}[template.signs[place]]
    level = None if level is None else level_name(level)
    named = "" if level is None else cut(level, LEVEL)
    percent = t("report.inside.templates.share", percent=round(100 * share))
    whole = "" if level is None or tidy(level) == named else sign + tidy(level)
    return Cell(f"{percent} {sign}{named}".strip(), whole, heat(share))


# ---- levels of a category


def bars(card: Card) -> list[Block]:
    """Return tables with a bar for each level of the categorical columns that contribute most to the unit."""
    if not card.bars:
        return []
    tables = [_levels(weights) for weights in card.bars[:BARRED]]
    names = listed(cut(weights.column) for weights in card.bars[:BARRED])
    return [Fold(t("report.inside.bars.fold", columns=names), [Panels([[table] for table in tables])])]


def _levels(column: LevelWeights) -> Table:
    order = sorted(range(len(column.levels)), key=lambda i: -abs(column.weights[i]))[:LEVELS]
    most = max(abs(column.weights[i]) for i in order) or 1.0
    caption = t("report.inside.bars.table", column=tidy(column.column))
    if len(order) < len(column.levels):
        caption = t("report.inside.bars.some", caption=caption, count=len(column.levels) - len(order))
    rows = []
    for i in sorted(order):
        weight = column.weights[i]
        bar = BAR * round(LONGEST_BAR * abs(weight) / most)
        sides = [Cell(bar if weight < 0 else ""), Cell(signed(weight)), Cell(bar if weight > 0 else "", style="t")]
        rows.append([name_cell(level_name(column.levels[i])), *sides])
    heads = [Cell(t(f"report.inside.bars.{key}"), style="t" * (key == "up")) for key in ("down", "weight", "up")]
    return Table(caption, [Cell(t("report.inside.bars.level")), *heads], rows, style="plain")
