"""Neurons: an atlas of hidden units by original columns, as tables that print and can be read aloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tabinterp.analyses.hidden_units.first_layer_section import templates
from tabinterp.analyses.hidden_units.section import close, dearest, health, healthy, order
from tabinterp.analyses.hidden_units.types import Inside, UnitRow
from tabinterp.analyses.mechanism.section import mechanism
from tabinterp.document.document import Document, Interval, Neurons, Unit, UnitColumn
from tabinterp.report.blocks import Block, Cell, Fold, Heading, Paragraph, Table
from tabinterp.report.heat_colours import heat
from tabinterp.report.words import (
    NONE,
    by_importance,
    cells,
    cut,
    cut_cell,
    interval,
    layer_name,
    listed,
    name_cell,
    number,
    p_value,
    share,
    signed,
    t,
    two,
)

UNFOLDED = 32  # units
MAPPED = 2600  # cells of all maps, beyond the first 32 units
CELLS = 1900  # of the first map: a table of very many columns shows fewer units
WIDEST = 18  # columns side by side, so that a map fits a sheet of paper
MOST = 12 * WIDEST  # columns of a map: nobody reads the hundredth part of one
EVERY = 800  # pairs of unit and column that are listed whole
STRONGEST = 3
ALPHA = 0.05
BEND = 0.2
UNRANKED = 10**6


def neurons(document: Document) -> list[Block]:
    part = document.neurons
    if not part.units:
        return mechanism(document)
    inside = document.inside
    part = part.model_copy(update={"units": _ordered(part.units, inside)})
    rows = t(f"report.rows_of.{part.rows_of}", rows=part.rows_ranks)
    summed = [] if part.rows == part.rows_ranks else [Paragraph(t("report.neurons.summed", rows=part.rows))]
    every = _columns(document)
    columns = every[:MOST]
    width = max(1, len(columns))
    mapped = part.units[: max(min(UNFOLDED, CELLS // width), MAPPED // width, 1)]
    left = len(part.units) - len(mapped)
    ranked = any(column.spearman is not None for unit in part.units for column in unit.columns)
    blocks: list[Block] = [
        *([] if inside is None else [Paragraph(t("report.inside.lead")), *health(inside)]),
        Heading(t("report.inside.atlas")),
        Paragraph(t("report.neurons.lead", rows=rows, rows_distance=part.rows_distance, seed=str(part.seed))),
        *summed,
        Paragraph(t("report.neurons.spearman" if ranked else "report.neurons.distance")),
        Paragraph(t("report.neurons.colour"), "note"),
        *([] if inside is None else [Paragraph(order(inside))]),
        *_maps(mapped, len(part.units), columns, _worth(inside)),
        *([Paragraph(t("report.inside.rest", count=left), "note")] if left else []),
        *(
            [Paragraph(t("report.neurons.columns", count=len(columns), every=len(every)), "note")]
            if every != columns
            else []
        ),
        Paragraph(t("report.neurons.caveat"), "note"),
        *([] if inside is None else templates(document, inside)),
        Fold(t("report.neurons.units_fold", count=len(part.units)), [_every(part.units, inside)]),
        _all(part),
        *([] if inside is None else close(document, inside)),
        *mechanism(document),
    ]
    if part.dropped_units:
        blocks.append(Paragraph(t("report.neurons.dropped", count=part.dropped_units), "warning"))
    return blocks


def _ordered(units: Sequence[Unit], inside: Inside | None) -> list[Unit]:
    return [units[place] for place in dearest(inside, [(unit.layer, unit.index) for unit in units])]


def _worth(inside: Inside | None) -> dict[tuple[str, int], UnitRow]:
    return {} if inside is None else {(unit.layer, unit.index): unit for unit in inside.units}


def _columns(document: Document) -> list[str]:
    names = {column.column: None for unit in document.neurons.units for column in unit.columns}
    rank = by_importance(document)
    return sorted(names, key=lambda name: rank.get(name, UNRANKED))


def _maps(
    units: Sequence[Unit], count: int, columns: Sequence[str], worth: Mapping[tuple[str, int], UnitRow]
) -> list[Block]:
    blocks: list[Block] = []
    for start in range(0, len(units), UNFOLDED):
        some = units[start : start + UNFOLDED]
        span: dict[str, int | str] = {
            "shown": len(some),
            "count": count,
            "first": _name(some[0]),
            "last": _name(some[-1]),
        }
        tables = _map(some, columns, span, worth)
        blocks.extend([Fold(t("report.neurons.fold", **span), tables)] if start else tables)
    return blocks


def _map(
    units: Sequence[Unit],
    columns: Sequence[str],
    span: dict[str, int | str],
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
            found = {column.column: column for column in unit.columns}
            cost = [Cell(_cost(unit, worth))] if worth else []
            rows.append([Cell(_name(unit)), *cost, *(_cell(found.get(name)) for name in some)])
        tables.append(Table(_caption(span, part, parts), head, rows, style="heat tall"))
    return tables


def _cost(unit: Unit, worth: Mapping[tuple[str, int], UnitRow]) -> str:
    found = worth.get((unit.layer, unit.index))
    return NONE if found is None or found.ablation.value is None else signed(found.ablation.value)


def _caption(span: dict[str, int | str], part: int, parts: int) -> str:
    if parts == 1:
        return t("report.neurons.map", **span)
    return t("report.neurons.map_part", **span, part=part + 1, parts=parts)


def _name(unit: Unit) -> str:
    return t("report.neuron.name", layer=cut(layer_name(unit.layer)), index=str(unit.index))


def _shown(column: UnitColumn) -> float | None:
    """The measure that the map shows: with a sign where there is an order."""
    return _measure(column)[1]


def _measure(column: UnitColumn) -> tuple[str, float | None]:
    """The same, with its name."""
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


def _every(units: Sequence[Unit], inside: Inside | None) -> Table:
    worth = _worth(inside)
    loss = t("report.inside.loss") if inside is None else t(f"report.metric.{inside.loss}")
    head = [
        Cell(t("report.neuron")),
        Cell(t("report.inside.loss_interval", loss=loss)),
        Cell(t("report.inside.health_of"), style="t"),
        *cells([t("report.neuron.active"), t("report.neuron.mean"), t("report.neuron.sd")]),
        Cell(t("report.neuron.columns"), style="w"),
    ]
    rows = []
    for unit in units:
        found = worth.get((unit.layer, unit.index))
        rows.append(
            [
                Cell(_name(unit)),
                Cell(interval(Interval() if found is None else found.ablation, sign=True)),
                Cell(NONE if found is None else healthy(found), style="t"),
                *cells([share(unit.active), number(unit.mean), number(unit.sd)]),
                Cell(_strongest(unit), style="w"),
            ]
        )
    return Table(t("report.inside.every"), head, rows)


def _strongest(unit: Unit) -> str:
    found = [(column, value) for column in unit.columns if (value := _shown(column)) is not None]
    found.sort(key=lambda item: -abs(item[1]))
    named = [
        t(f"report.neuron.column.{_measure(item)[0]}", column=cut(item.column), value=two(value))
        for item, value in found[:STRONGEST]
    ]
    return listed(named) or NONE


def _all(part: Neurons) -> Block:
    count = sum(len(unit.columns) for unit in part.units)
    if count > EVERY:
        return Paragraph(t("report.neurons.elsewhere", count=count), "note")
    head = [
        Cell(t("report.neuron")),
        Cell(t("report.column"), style="t"),
        *cells([t("report.pearson"), t("report.spearman"), t("report.distance"), t("report.ratio"), t("report.q")]),
    ]
    rows = [
        [
            Cell(_name(unit)),
            name_cell(column.column, "t"),
            *cells(map(number, (column.pearson, column.spearman, column.distance, column.ratio))),
            Cell(p_value(column.q)),
        ]
        for unit in part.units
        for column in unit.columns
    ]
    return Fold(t("report.neurons.all_fold", count=count), [Table(t("report.neurons.all"), head, rows)])
