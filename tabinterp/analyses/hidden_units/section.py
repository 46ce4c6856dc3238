"""Report section on hidden units: the health of each layer, and details of the units with the highest ablation loss."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.hidden_units.record import (
    Card,
    Inside,
    LayerHealth,
    PanelColumn,
    ProfileLine,
    UnitRow,
    WeightLine,
)
from tabinterp.analyses.maximisation.panels import PLACES, at, best, path, peak, plausible, values_at
from tabinterp.analyses.unit_correlations.record import Neurons
from tabinterp.document.base import side
from tabinterp.document.document import Document, Interval
from tabinterp.report.blocks import Block, Cell, Fold, Heading, Panels, Paragraph, Table
from tabinterp.report.tables import Column, name_column, table
from tabinterp.report.words import (
    NONE,
    between,
    both,
    by_importance,
    cells,
    cut_cell,
    interval,
    layer_name,
    level_name,
    name_cell,
    number,
    rows_of,
    sentences,
    share,
    signed,
    t,
    tidy,
    unit_name,
)

from .first_layer_section import bars

OPEN = 2  # number of cards that are not folded
SPOKEN = 2  # number of columns named in the description of a unit
HEALTH = ("dead", "constant", "saturated", "duplicate", "redundant")


# ---- health


def health(inside: Inside, document: Document) -> list[Block]:
    """Return the table of dead, saturated and redundant units in each layer."""
    if not document[Neurons].units:
        return []
    caption = t("report.inside.health_table", rows=rows_of(inside))
    names = [t(f"report.inside.{kind}") for kind in ("units", "sound", *HEALTH, "rank")]
    lines = zip(*map(_layer, inside.layers), strict=True)
    rows = [[Cell(name), *cells(line)] for name, line in zip(names, lines, strict=True)]
    head = [Cell(t("report.inside.layer")), *(cut_cell(layer_name(layer.layer)) for layer in inside.layers)]
    return [
        Paragraph(t("report.inside.lead")),
        Heading(t("report.inside.health")),
        Table(caption, head, rows, style=""),
        Paragraph(t("report.inside.health_note"), "note"),
    ]


def _layer(row: LayerHealth) -> list[str]:
    counts = [getattr(row, kind) for kind in HEALTH]
    return [*map(str, [row.units, row.units - sum(counts), *counts]), number(row.effective_rank)]


# ---- units in detail


def build(inside: Inside, document: Document) -> list[Block]:
    """Return the details of the units with the highest ablation loss."""
    if not document[Neurons].units:
        return []
    loss = t(f"report.metric.{inside.loss}")
    lead = t(
        "report.inside.close_lead" if inside.cards else "report.inside.close_none", count=len(inside.cards), loss=loss
    )
    blocks: list[Block] = [
        Heading(t("report.inside.close")),
        Paragraph(lead),
        Paragraph(t("report.inside.caveat"), "note"),
    ]
    if inside.starts is not None:
        values = {
            "starts": inside.starts,
            "reference": inside.reference,
            "far": share(inside.far),
            "seed": str(inside.seed),
        }
        blocks.append(Paragraph(t("report.inside.optima_lead", **values), "note"))
    rank = by_importance(document)
    units = {(unit.layer, unit.index): unit for unit in inside.units}
    for place, card in enumerate(inside.cards):
        blocks.append(_card(inside, card, units.get((card.layer, card.index)), rank, place < OPEN))
    return blocks


def _card(inside: Inside, card: Card, unit: UnitRow | None, rank: dict[str, int], unfolded: bool) -> Fold:
    loss = t(f"report.metric.{inside.loss}")
    rise = Interval() if unit is None else unit.ablation
    cost = t("report.inside.cost", loss=loss, value=signed(rise.value), interval=between(rise, sign=True))
    words = Paragraph(sentences(_words(card, unit, loss)))
    optima: list[list[Block]] = [_real(card), plausible(inside, card, rank), best(inside, card.optimum, rank)]
    weights: list[list[Block]] = [path(inside, card), _template(card), [_activity(inside, card)]]
    panels = [Panels([group for group in row if group], wide=len(row) == 3) for row in (optima, weights)]
    blocks = [words, panels[0], *_six(card, rank), panels[1], *bars(card)]
    summary = t("report.inside.card", unit=unit_name(card.layer, card.index), cost=cost)
    return Fold(summary, blocks, open=unfolded, printed=False)


# ---- six panels


def _six(card: Card, rank: dict[str, int]) -> list[Block]:
    """Return the six panels: the minimum of the unit, four panels of real rows, and the maximum of the unit."""
    ends = [
        None if end is None else {place.column: place for place in end.places} for end in (card.lowest, card.optimum)
    ]
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
    """Return sentences that describe the unit, using the numbers in its `Card`."""
    words = [t("units.excited.none", excited=card.excited)]
    if strongest := [line for line in card.profile if line.excites][:SPOKEN]:
        words = [t("units.excited", excited=card.excited, columns=both(map(_difference, strongest)))]
    if unit is None:
        return words
    cost = unit.ablation
    way = {1: "rises", -1: "falls", 0: "open"}[side(cost)]
    values = {"value": signed(cost.value), "low": signed(cost.low), "high": signed(cost.high)}
    if way != "open" and cost.value is not None and cost.low is not None and cost.high is not None:
        low, high = sorted((abs(cost.low), abs(cost.high)))
        values = {"value": number(abs(cost.value)), "low": number(low), "high": number(high)}
    words.append(t(f"report.inside.words.{way}", loss=loss, **values))
    zero = card.ablation_zero
    values = {"value": signed(zero.value), "interval": between(zero, sign=True)}
    return [*words, t("report.inside.words.zero", loss=loss, **values)]


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
    columns: list[Column[ProfileLine]] = [
        name_column(t("report.column"), _line_name),
        Column(t("report.inside.excite"), lambda line: _lift(line, line.excite, line.excites)),
        Column(t("report.inside.inhibit"), lambda line: _lift(line, line.inhibit, line.inhibits)),
    ]
    caption = t("report.inside.profile", excited=card.excited, inhibited=card.inhibited)
    return [table(caption, card.profile, columns), Paragraph(t("report.inside.profile_note"), "note")]


def _line_name(line: ProfileLine | WeightLine) -> str:
    return line.column if line.level is None else f"{line.column}: {level_name(line.level)}"


def _lift(line: ProfileLine, difference: Interval, known: bool) -> str:
    """For one column or level, describe how the rows that excite or inhibit a unit differ from all rows."""
    if difference.value is None:
        return t("report.inside.times_most") if known else NONE
    if line.level is None:
        return t("report.inside.sds", difference=interval(difference, sign=True))
    return t("report.inside.times", lift=interval(difference)) if difference.value else t("report.inside.times_none")


def _activity(inside: Inside, card: Card) -> Table:
    pairs = [
        (t("report.inside.quantile", percent=round(100 * quantile)), number(value))
        for quantile, value in zip(inside.shares, card.quantiles, strict=True)
    ]
    if card.optimum is not None:
        pairs += [(t("report.inside.tenth"), number(card.optimum.tenth)), *peak(card.optimum)]
    return values_at(t("report.inside.activity"), pairs)


def _template(card: Card) -> list[Block]:
    if not card.weights:
        return [Paragraph(t("report.inside.template_none"), "note")]
    columns: list[Column[WeightLine]] = [
        name_column(t("report.column"), _line_name),
        Column(t("report.inside.weight"), lambda line: signed(line.weight)),
    ]
    return [table(t("report.inside.template"), card.weights, columns, style="plain")]
