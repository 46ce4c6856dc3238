"""Report section on the correlations between hidden units and columns: heat maps, and the strongest columns of every unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tabinterp.analyses.hidden_units.record import Inside, UnitRow
from tabinterp.analyses.unit_correlations.record import Unit, UnitColumn
from tabinterp.document.base import side
from tabinterp.document.document import Document, Interval
from tabinterp.report.blocks import Block, Cell, Fold, Heading, Paragraph, Table
from tabinterp.report.tables import Column, heat, interval_column, name_column, table
from tabinterp.report.words import (
    NONE,
    by_importance,
    capital,
    cut,
    cut_cell,
    listed,
    number,
    p_value,
    share,
    signed,
    t,
    two,
    unit_name,
)

from .record import Neurons

UNFOLDED = 32  # maximum number of units that are shown without unfolding
MAPPED = 2600  # maximum cells of all heat maps after the first 32 units
CELLS = 1900  # maximum cells of the first heat map; with many columns, it shows fewer units
WIDEST = 18  # maximum columns side by side, with which a heat map fits on a page
MOST = 12 * WIDEST  # maximum columns of a heat map; more would be too many to read
EVERY = 800  # maximum pairs of unit and column for which all are listed
STRONGEST = 3
ALPHA = 0.05
BEND = 0.2
UNRANKED = 10**6
BY_CHANCE = 0.025  # expected share of intervals above zero by chance


def build(neurons: Neurons, document: Document) -> list[Block]:
    """Return the heat maps of the correlations between hidden units and columns.

    Hidden units are in decreasing order of the rise in loss under ablation, and columns in decreasing order of importance.
    """
    inside = document.get(Inside)
    if not neurons.units:
        return []
    units = _ordered(neurons.units, inside)
    every = _columns(document)
    columns = every[:MOST]
    width = max(1, len(columns))
    mapped = units[: max(min(UNFOLDED, CELLS // width), MAPPED // width, 1)]
    ranked = any(column.spearman is not None for unit in units for column in unit.columns)
    rows = t(f"report.rows_of.{neurons.rows_of}", rows=neurons.rows_ranks)
    blocks: list[Block] = [
        Heading(t("report.inside.atlas")),
        Paragraph(t("report.neurons.lead", rows=rows, rows_distance=neurons.rows_distance, seed=str(neurons.seed))),
    ]
    if neurons.rows != neurons.rows_ranks:
        blocks.append(Paragraph(t("report.neurons.summed", rows=neurons.rows)))
    blocks += [
        Paragraph(t("report.neurons.spearman" if ranked else "report.neurons.distance")),
        Paragraph(t("report.neurons.colour"), "note"),
    ]
    if inside is not None:
        blocks.append(Paragraph(_order(inside)))
    blocks += _maps(mapped, len(units), columns, _worth(inside))
    if len(units) > len(mapped):
        blocks.append(Paragraph(t("report.inside.rest", count=len(units) - len(mapped)), "note"))
    if every != columns:
        blocks.append(Paragraph(t("report.neurons.columns", count=len(columns), every=len(every)), "note"))
    return [*blocks, Paragraph(t("report.neurons.caveat"), "note")]


def every_unit(neurons: Neurons, document: Document) -> list[Block]:
    """Return tables of all units with their most strongly correlated columns, and of all measures for each unit and column."""
    if not neurons.units:
        return []
    units = _ordered(neurons.units, document.get(Inside))
    summary, shown = t("report.neurons.units_fold", count=len(units)), [_units(units, document.get(Inside))]
    return [Fold(summary, shown, printed=len(units) <= UNFOLDED), _measures(units)]


def dropped(neurons: Neurons, document: Document) -> list[Block]:
    """Return a sentence with the number of units that the document omits, if there are any."""
    if not neurons.units or not neurons.dropped_units:
        return []
    return [Paragraph(t("report.neurons.dropped", count=neurons.dropped_units), "warning")]


def _order(inside: Inside) -> str:
    """Return a sentence about the order of the units and the number of units with a significant rise in loss."""
    known = [unit for unit in inside.units if unit.ablation.low is not None]
    loss = t(f"report.metric.{inside.loss}")
    if not known:
        return t("report.inside.order_none", loss=loss)
    resolved = sum(side(unit.ablation) > 0 for unit in known)
    values = {"rows": inside.ablation_rows, "units": len(known), "chance": round(BY_CHANCE * len(known))}
    return t("report.inside.order", loss=loss, resolved=resolved, **values)


def _ordered(units: Sequence[Unit], inside: Inside | None) -> list[Unit]:
    """Sort units by decreasing rise in loss under ablation; units without a known rise come last."""
    worth = {key: row.ablation.value for key, row in _worth(inside).items()}

    def order(unit: Unit) -> tuple[bool, float]:
        cost = worth.get((unit.layer, unit.index))
        return cost is None, -(cost or 0.0)

    return sorted(units, key=order)


def _worth(inside: Inside | None) -> dict[tuple[str, int], UnitRow]:
    return {} if inside is None else {(unit.layer, unit.index): unit for unit in inside.units}


def _columns(document: Document) -> list[str]:
    names = {column.column: None for unit in document[Neurons].units for column in unit.columns}
    rank = by_importance(document)
    return sorted(names, key=lambda name: rank.get(name, UNRANKED))


def _maps(
    units: Sequence[Unit], count: int, columns: Sequence[str], worth: Mapping[tuple[str, int], UnitRow]
) -> list[Block]:
    blocks: list[Block] = []
    ranked = any(row.ablation.value is not None for row in worth.values())
    for start in range(0, len(units), UNFOLDED):
        some = units[start : start + UNFOLDED]
        order = "loss" if ranked else "layer"
        span = t(f"report.neurons.span.{order}", first=start + 1, last=start + len(some), count=count)
        tables = _map(some, columns, span, worth)
        blocks.extend([Fold(capital(span), tables, printed=False)] if start else tables)
    return blocks


def _map(
    units: Sequence[Unit],
    columns: Sequence[str],
    span: str,
    worth: Mapping[tuple[str, int], UnitRow],
) -> list[Table]:
    parts = -(-len(columns) // WIDEST)
    size = -(-len(columns) // max(1, parts))
    tables = []
    for part in range(parts):
        some = columns[part * size : (part + 1) * size]
        loss = [Cell(t("report.inside.loss"))] if worth else []
        head = [Cell(t("report.neuron")), *loss, *(cut_cell(name) for name in some)]
        rows = []
        for unit in units:
            measured = {column.column: column for column in unit.columns}
            cost = [Cell(_cost(unit, worth))] if worth else []
            rows.append([Cell(_name(unit)), *cost, *(_cell(measured.get(name)) for name in some)])
        tables.append(Table(_caption(span, part, parts), head, rows, style="heat tall"))
    return tables


def _cost(unit: Unit, worth: Mapping[tuple[str, int], UnitRow]) -> str:
    row = worth.get((unit.layer, unit.index))
    return signed(None if row is None else row.ablation.value)


def _caption(span: str, part: int, parts: int) -> str:
    if parts == 1:
        return t("report.neurons.map", span=span)
    return t("report.neurons.map_part", span=span, part=part + 1, parts=parts)


def _name(unit: Unit) -> str:
    return unit_name(unit.layer, unit.index)


def _shown(column: UnitColumn) -> float | None:
    """Return the value that the heat map shows: a signed correlation for a numeric column, otherwise the correlation ratio."""
    return _measure(column)[1]


def _measure(column: UnitColumn) -> tuple[str, float | None]:
    """Return the name and the value of the measure that applies to the column."""
    measures = (("spearman", column.spearman), ("ratio", column.ratio), ("distance", column.distance))
    return next(((name, value) for name, value in measures if value is not None), ("spearman", None))


def _cell(column: UnitColumn | None) -> Cell:
    value = None if column is None else _shown(column)
    if column is None or value is None:
        return Cell(NONE)
    resolved = column.q is not None and column.q <= ALPHA
    return Cell(f"{two(value)}{_bend(column)}", style=heat(value) if resolved else "")


def _bend(column: UnitColumn) -> str:
    if column.spearman is None or column.distance is None:
        return ""
    return "~" if column.distance - abs(column.spearman) >= BEND else ""


def _units(units: Sequence[Unit], inside: Inside | None) -> Table:
    worth = _worth(inside)
    loss = t("report.inside.loss") if inside is None else t(f"report.metric.{inside.loss}")

    def ablation(unit: Unit) -> Interval:
        row = worth.get((unit.layer, unit.index))
        return Interval() if row is None else row.ablation

    columns: list[Column[Unit]] = [
        Column(t("report.neuron"), _name),
        interval_column(t("report.inside.loss_interval", loss=loss), ablation, sign=True),
        Column(t("report.inside.health_of"), lambda unit: _health(worth.get((unit.layer, unit.index))), "t"),
        Column(t("report.neuron.active"), lambda unit: share(unit.active)),
        Column(t("report.neuron.mean"), lambda unit: number(unit.mean)),
        Column(t("report.neuron.sd"), lambda unit: number(unit.sd)),
        Column(t("report.neuron.columns"), _strongest, "w"),
    ]
    return table(t("report.inside.every"), units, columns)


def _health(row: UnitRow | None) -> str:
    if row is None:
        return NONE
    same = "" if row.same_as is None else f" ({row.same_as})"
    return t(f"report.inside.{row.health}") + same


def _strongest(unit: Unit) -> str:
    measured = [(column, value) for column in unit.columns if (value := _shown(column)) is not None]
    measured.sort(key=lambda item: -abs(item[1]))
    named = [
        t(f"report.neuron.column.{_measure(column)[0]}", column=cut(column.column), value=two(value))
        for column, value in measured[:STRONGEST]
    ]
    return listed(named) or NONE


def _measures(units: Sequence[Unit]) -> Block:
    pairs = [(unit, column) for unit in units for column in unit.columns]
    if len(pairs) > EVERY:
        return Paragraph(t("report.neurons.elsewhere", count=len(pairs)), "note")
    columns: list[Column[tuple[Unit, UnitColumn]]] = [
        Column(t("report.neuron"), lambda pair: _name(pair[0])),
        name_column(t("report.column"), lambda pair: pair[1].column, "t"),
        Column(t("report.pearson"), lambda pair: number(pair[1].pearson)),
        Column(t("report.spearman"), lambda pair: number(pair[1].spearman)),
        Column(t("report.distance"), lambda pair: number(pair[1].distance)),
        Column(t("report.ratio"), lambda pair: number(pair[1].ratio)),
        Column(t("report.q"), lambda pair: p_value(pair[1].q)),
    ]
    summary = t("report.neurons.all_fold", count=len(pairs))
    return Fold(summary, [table(t("report.neurons.all"), pairs, columns)], printed=False)
