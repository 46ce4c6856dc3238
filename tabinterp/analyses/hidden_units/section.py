"""Inside the network: the health of its units, and up close those that the loss misses most and what excites the outputs."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.maximisation.section import PLACES, at, best, output, path, peak, plausible
from tabinterp.document.claims import side
from tabinterp.document.document import Document, Interval
from tabinterp.report.blocks import Block, Cell, Fold, Heading, Panels, Paragraph, Table
from tabinterp.report.words import (
    NONE,
    both,
    by_importance,
    cells,
    cut,
    cut_cell,
    interval,
    layer_name,
    level_name,
    name_cell,
    number,
    sentences,
    share,
    signed,
    t,
    tidy,
)

from .first_layer_section import bars
from .types import Card, Inside, LayerHealth, PanelColumn, ProfileLine, UnitRow

OPEN = 2  # cards that are not folded
SPOKEN = 2  # columns in a unit's sentence
HEALTH = ("dead", "constant", "saturated", "duplicate", "redundant")
BY_CHANCE = 0.025  # of intervals lie above zero where there is nothing


# ---- health


def health(part: Inside) -> list[Block]:
    caption = t("report.inside.health_table", rows=t(f"report.rows_of.{part.rows_of}", rows=part.rows))
    names = [t(f"report.inside.{kind}") for kind in ("units", "sound", *HEALTH, "rank")]
    told = zip(*map(_layer, part.layers), strict=True)
    rows = [[Cell(name), *cells(line)] for name, line in zip(names, told, strict=True)]
    head = [Cell(t("report.inside.layer")), *(cut_cell(layer_name(layer.layer)) for layer in part.layers)]
    table = Table(caption, head, rows, style="")
    return [Heading(t("report.inside.health")), table, Paragraph(t("report.inside.health_note"), "note")]


def _layer(row: LayerHealth) -> list[str]:
    counts = [getattr(row, kind) for kind in HEALTH]
    return [*map(str, [row.units, row.units - sum(counts), *counts]), number(row.effective_rank)]


def order(part: Inside) -> str:
    """How the atlas is ordered, and how many units the loss misses."""
    known = [unit for unit in part.units if unit.ablation.low is not None]
    loss = t(f"report.metric.{part.loss}")
    if not known:
        return t("report.inside.order_none", loss=loss)
    resolved = sum(side(unit.ablation) > 0 for unit in known)
    values = {"rows": part.ablation_rows, "units": len(known), "chance": round(BY_CHANCE * len(known))}
    return t("report.inside.order", loss=loss, resolved=resolved, **values)


def healthy(unit: UnitRow) -> str:
    same = "" if unit.same_as is None else f" ({unit.same_as})"
    return t(f"report.inside.{unit.health}") + same


# ---- up close


def close(document: Document, part: Inside) -> list[Block]:
    blocks: list[Block] = [Heading(t("report.inside.close"))]
    if not part.cards:
        blocks.append(Paragraph(t("report.inside.close_none")))
    else:
        loss = t(f"report.metric.{part.loss}")
        blocks.append(Paragraph(t("report.inside.close_lead", count=len(part.cards), loss=loss)))
    blocks.append(Paragraph(t("report.inside.caveat"), "note"))
    if part.starts is not None:
        values = {"starts": part.starts, "reference": part.reference, "far": share(part.far), "seed": str(part.seed)}
        blocks.append(Paragraph(t("report.inside.optima_lead", **values), "note"))
    rank = by_importance(document)
    rows = {(unit.layer, unit.index): unit for unit in part.units}
    for place, card in enumerate(part.cards):
        blocks.append(_card(part, card, rows.get((card.layer, card.index)), rank, place < OPEN))
    if part.outputs:
        blocks.append(Heading(t("report.inside.outputs")))
        scale = t(f"report.scale.{document.coefficients.scale}")
        blocks.append(Panels([output(part, one, rank, scale) for one in part.outputs]))
    return blocks


def _card(part: Inside, card: Card, unit: UnitRow | None, rank: dict[str, int], unfolded: bool) -> Fold:
    loss = t(f"report.metric.{part.loss}")
    name = t("report.neuron.name", layer=cut(layer_name(card.layer)), index=str(card.index))
    cost = t("report.inside.cost", loss=loss, value=NONE if unit is None else interval(unit.ablation, sign=True))
    words = Paragraph(sentences(_words(card, unit, loss)))
    trio: list[list[Block]] = [_real(card), plausible(part, card, rank), best(part, card.optimum, rank)]
    more: list[list[Block]] = [path(part, card), _template(card), [_activity(part, card)]]
    panels = [Panels([one for one in row if one], wide=len(row) == 3) for row in (trio, more)]
    blocks = [words, panels[0], *_six(card, rank), panels[1], *bars(card)]
    return Fold(t("report.inside.card", unit=name, cost=cost), blocks, open=unfolded)


# ---- six panels


def _six(card: Card, rank: dict[str, int]) -> list[Block]:
    """From the negative optimum over real rows to the positive one."""
    ends = [None if one is None else {p.column: p for p in one.places} for one in (card.lowest, card.optimum)]
    about = number(card.panels.about)
    keys = ("negative", "least", "below", "above", "greatest", "positive")
    head = [Cell(t("report.column")), *(Cell(t(f"report.inside.six.{key}", about=about), style="t") for key in keys)]
    low = NONE if card.lowest is None else number(-card.lowest.value)
    high = NONE if card.optimum is None else number(card.optimum.value)
    counts = [f"{rows:,}" if rows else NONE for rows in card.panels.rows]
    rows = [
        [Cell(t("report.inside.six.value")), *_left([low, *map(number, card.panels.values), high])],
        [Cell(t("report.inside.six.rows")), *_left([NONE, *counts, NONE])],
    ]
    ordered = sorted(card.panels.columns, key=lambda column: rank.get(column.column, len(rank)))
    for column in ordered[:PLACES]:
        least, most = (NONE if own is None or column.column not in own else at(own[column.column]) for own in ends)
        rows.append([name_cell(column.column), *_left([least, *_between(column), most])])
    blocks: list[Block] = [Table(t("report.inside.six"), head, rows, style="plain six")]
    if card.lowest is not None and card.lowest.unreadable:
        blocks.append(Paragraph(t("report.inside.six.unreadable"), "warning"))
    return blocks


def _left(values: Sequence[str]) -> list[Cell]:
    return [Cell(value, style="t") for value in values]


def _between(column: PanelColumn) -> list[str]:
    if column.levels is None:
        return [number(value) for value in column.values]
    return [
        NONE if level is None else t("report.inside.six.level", level=tidy(level_name(level)), share=share(value))
        for level, value in zip(column.levels, column.values, strict=True)
    ]


def _words(card: Card, unit: UnitRow | None, loss: str) -> list[str]:
    """One line on the unit, from the numbers of its card."""
    told = [t("units.excited.none", excited=card.excited)]
    if best := [line for line in card.profile if line.excites][:SPOKEN]:
        told = [t("units.excited", excited=card.excited, columns=both(map(_difference, best)))]
    if unit is None:
        return told
    cost = unit.ablation
    way = {1: "rises", -1: "falls", 0: "open"}[side(cost)]
    values = {"value": signed(cost.value), "low": signed(cost.low), "high": signed(cost.high)}
    if way != "open" and cost.value is not None and cost.low is not None and cost.high is not None:
        low, high = sorted((abs(cost.low), abs(cost.high)))
        values = {"value": number(abs(cost.value)), "low": number(low), "high": number(high)}
    told.append(t(f"report.inside.words.{way}", loss=loss, **values))
    return [*told, t("report.inside.words.zero", value=interval(card.ablation_zero, sign=True))]


def _difference(line: ProfileLine) -> str:
    value = line.excite.value or 0.0
    if line.level is not None and line.excite.value is None:
        return t("units.level.most", column=tidy(line.column), level=tidy(level_name(line.level)))
    if line.level is not None:
        return t("units.level", column=tidy(line.column), level=tidy(level_name(line.level)), value=number(value))
    key = "units.column.higher" if value > 0 else "units.column.lower"
    return t(key, column=tidy(line.column), value=number(abs(value)))


def _real(card: Card) -> list[Block]:
    if not card.profile:
        return [Paragraph(t("report.inside.profile_none"))]
    head = [Cell(t("report.column")), *cells([t("report.inside.excite"), t("report.inside.inhibit")])]
    rows = [
        [_line_name(line), *cells([_told(line, line.excite, line.excites), _told(line, line.inhibit, line.inhibits)])]
        for line in card.profile
    ]
    caption = t("report.inside.profile", excited=card.excited, inhibited=card.inhibited)
    return [Table(caption, head, rows), Paragraph(t("report.inside.profile_note"), "note")]


def _line_name(line: ProfileLine) -> Cell:
    return name_cell(line.column if line.level is None else f"{line.column}: {level_name(line.level)}")


def _told(line: ProfileLine, found: Interval, known: bool) -> str:
    if found.value is None:
        return t("report.inside.times_most") if known else NONE
    if line.level is None:
        return t("report.inside.sds", difference=interval(found, sign=True))
    return t("report.inside.times", lift=interval(found)) if found.value else t("report.inside.times_none")


def _activity(part: Inside, card: Card) -> Table:
    pairs = [
        (t("report.inside.quantile", percent=round(100 * at)), number(value))
        for at, value in zip(part.shares, card.quantiles, strict=True)
    ]
    if card.optimum is not None:
        pairs += [(t("report.inside.tenth"), number(card.optimum.tenth)), *peak(card.optimum)]
    head = [Cell(t("report.inside.at")), Cell(t("report.inside.value"))]
    return Table(t("report.inside.activity"), head, [cells(pair) for pair in pairs], style="plain")


def _template(card: Card) -> list[Block]:
    if not card.weights:
        return [Paragraph(t("report.inside.template_none"), "note")]
    rows = [
        [name_cell(w.column if w.level is None else f"{w.column}: {level_name(w.level)}"), Cell(signed(w.weight))]
        for w in card.weights
    ]
    head = [Cell(t("report.column")), Cell(t("report.inside.weight"))]
    return [Table(t("report.inside.template"), head, rows, style="plain")]


def dearest(part: Inside | None, units: Sequence[tuple[str, int]]) -> list[int]:
    """Places of the units, those that the loss misses most first; those of unknown worth last, as they stand."""
    worth = {} if part is None else {(unit.layer, unit.index): unit.ablation.value for unit in part.units}
    costs = [worth.get(key) for key in units]
    return sorted(range(len(units)), key=lambda place: (costs[place] is None, -(costs[place] or 0.0)))
