"""How the network computes its score: linear regions, conductance, path products and groups of units, each folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tabinterp.document.document import Document, Interval
from tabinterp.report.blocks import Block, Cell, Fold, Heading, Paragraph, Points, Table
from tabinterp.report.words import (
    NONE,
    by_importance,
    cells,
    cut,
    cut_cell,
    interval,
    layer_name,
    level_name,
    listed,
    name_cell,
    number,
    outputs,
    say,
    scaled,
    share,
    signed,
    step_of,
    t,
    tidy,
    two,
)

from .types import Conductance, PathLine, Paths, Region, Regions, RegionTerm, TermRow, UnitGroups

TERMS, LEAST, LEVELS = 14, 4, 3  # terms of all outputs together, of each at least, and levels of one column
SHOWN = 3  # regions side by side
UNITS, COLUMNS, GROUPS = 12, 12, 8
NAMED = 6  # units of a group


def mechanism(document: Document) -> list[Block]:
    part = document.mechanism
    if part is None:
        return []
    blocks: list[Block] = [Heading(t("report.mechanism"))]
    folds = [
        *([] if part.regions is None else [_regions(document, part.regions)]),
        *([] if part.conductance is None else [_conductance(document, part.conductance)]),
        *([] if part.paths is None else [_paths(document, part.paths)]),
        *([] if part.groups is None else [_groups(document, part.groups)]),
    ]
    lead = [Paragraph(t("report.mechanism.lead"))] if folds else []
    return [*blocks, *lead, *folds, *(Paragraph(say(note), "note") for note in part.absent)]


def _scale(document: Document) -> str:
    return t(f"report.scale.{document.coefficients.scale}")


def _loss(document: Document) -> str:
    return t(f"report.metric.{document.verdict.metric}")


def _rows(document: Document, rows: int) -> str:
    return t(f"report.rows_of.{document.neurons.rows_of}", rows=rows)


def _named(several: bool, output: str | None, name: Cell) -> list[Cell]:
    """A row's name, and where there are several outputs whose it is."""
    return [name, cut_cell(output or "")] if several else [name]


def _head(several: bool, name: str) -> list[Cell]:
    return [Cell(name), Cell(t("report.method.class"), style="t")] if several else [Cell(name)]


# ---- regions


def _regions(document: Document, part: Regions) -> Fold:
    rows, told = _rows(document, part.rows), share(part.share_told)
    largest = (
        t("report.mechanism.regions.largest_few")
        if part.largest is None
        else t("report.mechanism.regions.largest", share=share(part.largest))
    )
    values = {"rows_of": rows, "visited": part.visited, "told": part.told, "share": told, "largest": largest}
    blocks: list[Block] = [Paragraph(t("report.mechanism.regions.lead", **values))]
    shown = _shown(part.terms, by_importance(document))
    if len(shown) < len(part.terms):
        blocks.append(Paragraph(t("report.some", shown=len(shown), count=len(part.terms)), "note"))
    several = len(outputs(part.terms)) > 1
    if shown:
        blocks.append(_varying([part.terms[i] for i in shown], several))
    if part.tables and shown:
        blocks.append(_tables(part.terms, part.tables[:SHOWN], shown, several))
    elif not part.tables:
        blocks.append(Paragraph(t("report.mechanism.regions.none")))
    blocks.append(Paragraph(t("report.mechanism.regions.note", scale=_scale(document)), "note"))
    if part.left_out:
        columns = listed(map(tidy, part.left_out[:UNITS]))
        blocks.append(Paragraph(t("report.mechanism.regions.left_out", columns=columns), "note"))
    fold = {"rows": part.rows, "visited": part.visited}
    return Fold(t("report.mechanism.regions.fold", **fold), blocks)


def _shown(terms: Sequence[RegionTerm], rank: dict[str, int]) -> list[int]:
    """Places of the terms of the columns that matter most; of a category the levels with the largest coefficients."""
    named = outputs(terms)
    most = max(LEAST, TERMS // max(1, len(named)))
    chosen = []
    for output in named:
        own = [i for i, one in enumerate(terms) if one.output == output]
        own.sort(
            key=lambda i: (rank.get(terms[i].column, len(rank)), -abs(_per_step(terms[i], terms[i].mean.value) or 0))
        )
        held: Counter[str] = Counter()
        kept = []
        for i in own:
            held[terms[i].column] += 1
            kept += [i] if held[terms[i].column] <= LEVELS else []
        chosen += kept[:most]
    return chosen


def _term(row: TermRow) -> Cell:
    return name_cell(row.column if row.level is None else f"{row.column}: {level_name(row.level)}")


def _step(row: TermRow) -> Cell:
    if row.level is not None:
        return Cell(t("report.step.reference", reference=cut(level_name(row.reference or NONE))), style="t")
    if row.sd is not None:
        return Cell(t("report.step.sd"), style="t")
    return Cell(t("report.step.unit") if row.unit is None else step_of(row.unit), style="t")


def _per_step(row: TermRow, value: float | None) -> float | None:
    """Per standard deviation of a number."""
    return scaled(Interval(value=value), row.sd).value


def _varying(terms: Sequence[RegionTerm], several: bool) -> Table:
    keys = ("regions.mean", "regions.spread", "regions.flips")
    head = [
        *_head(several, t("report.mechanism.term")),
        Cell(t("report.mechanism.step"), style="t"),
        *cells([t("report.mechanism.linear"), *(t(f"report.mechanism.{key}") for key in keys)]),
    ]
    rows = [
        [
            *_named(several, one.output, _term(one)),
            _step(one),
            Cell(_signed(_per_step(one, one.linear))),
            Cell(interval(scaled(one.mean, one.sd), sign=True)),
            *cells([number(_per_step(one, one.spread)), share(one.sign_flip)]),
        ]
        for one in terms
    ]
    return Table(t("report.mechanism.regions.varies"), head, rows)


def _tables(terms: Sequence[RegionTerm], regions: Sequence[Region], shown: Sequence[int], several: bool) -> Table:
    told = [
        t("report.mechanism.regions.one", place=i, rows=one.rows, share=share(one.share))
        for i, one in enumerate(regions, 1)
    ]
    head = [
        *_head(several, t("report.mechanism.term")),
        Cell(t("report.mechanism.step"), style="t"),
        *cells([t("report.mechanism.linear"), *told]),
    ]
    rows = [
        [
            *_named(several, terms[i].output, _term(terms[i])),
            _step(terms[i]),
            Cell(_signed(_per_step(terms[i], terms[i].linear))),
            *cells(_signed(_per_step(terms[i], one.coefficients[i])) for one in regions),
        ]
        for i in shown
    ]
    return Table(t("report.mechanism.regions.tables"), head, rows)


def _signed(value: float | None) -> str:
    return NONE if value is None else signed(value)


# ---- conductance


def _conductance(document: Document, part: Conductance) -> Fold:
    values = {"rows_of": _rows(document, part.rows), "scale": _scale(document)}
    layers = Table(
        t("report.mechanism.conductance.layers", tolerance=share(part.tolerance)),
        [
            Cell(t("report.inside.layer")),
            *cells([t("report.mechanism.conductance.gap"), t("report.mechanism.conductance.around")]),
        ],
        [[cut_cell(layer_name(one.layer)), *cells([share(one.gap), number(one.around)])] for one in part.layers],
        style="plain",
    )
    found = [] if document.inside is None else document.inside.units
    worth = {(unit.layer, unit.index): unit.ablation for unit in found}
    named = outputs(part.rows_told)
    most = max(LEAST, UNITS // max(1, len(named)))
    shown = [row for output in named for row in [one for one in part.rows_told if one.output == output][:most]]
    several = len(named) > 1
    loss = t(
        f"report.metric.{document.importance.loss}"
        if document.inside is None
        else f"report.metric.{document.inside.loss}"
    )
    head = [
        *_head(several, t("report.neuron")),
        *cells([t("report.mechanism.conductance.mean"), t("report.mechanism.conductance.size")]),
        Cell(t("report.inside.loss_interval", loss=loss)),
    ]
    rows = [
        [
            *_named(several, one.output, Cell(_unit(one.layer, one.index))),
            Cell(interval(one.mean, sign=True)),
            Cell(interval(one.size)),
            Cell(interval(worth.get((one.layer, one.index), Interval()), sign=True)),
        ]
        for one in shown
    ]
    caption = t("report.mechanism.conductance.units", shown=most if several else len(shown), count=part.units)
    return Fold(
        t("report.mechanism.conductance.fold"),
        [
            Paragraph(t("report.mechanism.conductance.lead", **values)),
            layers,
            Table(caption, head, rows),
            Paragraph(t("report.mechanism.conductance.note"), "note"),
        ],
    )


def _unit(layer: str, index: int) -> str:
    return t("report.neuron.name", layer=cut(layer_name(layer)), index=str(index))


# ---- path products


def _paths(document: Document, part: Paths) -> Fold:
    rank = by_importance(document)
    named = outputs(part.columns)
    several, most = len(named) > 1, max(LEAST, COLUMNS // max(1, len(named)))
    shown = [
        row
        for output in named
        for row in sorted(
            (one for one in part.columns if one.output == output), key=lambda one: rank.get(one.column, len(rank))
        )[:most]
    ]
    numbers = {(one.output, one.column): one for one in part.terms if one.level is None and one.sd is not None}
    head = [
        *_head(several, t("report.column")),
        *cells(t(f"report.mechanism.paths.{key}") for key in ("size", "garson", "signed", "gradient")),
    ]
    rows = []
    for one in shown:
        term = numbers.get((one.output, one.column))
        told = [None, None] if term is None else [_per_step(term, term.path), _per_step(term, term.gradient)]
        sizes = [number(one.size), share(one.garson)]
        rows.append([*_named(several, one.output, name_cell(one.column)), *cells([*sizes, *map(_signed, told)])])
    blocks: list[Block] = [
        Paragraph(t("report.mechanism.paths.lead", rows_of=_rows(document, part.rows))),
        *(
            [Paragraph(t("report.some", shown=len(shown), count=len(part.columns)), "note")]
            if len(shown) < len(part.columns)
            else []
        ),
        Table(t("report.mechanism.paths.table"), head, rows),
        Paragraph(t("report.mechanism.paths.note", scale=_scale(document)), "note"),
    ]
    if part.path_ranks is not None or part.garson_ranks is not None:
        ranks = {"path": two(part.path_ranks), "garson": two(part.garson_ranks)}
        blocks.append(Paragraph(t("report.mechanism.paths.ranks", **ranks)))
    blocks += [Paragraph(_line(line)) for line in part.lines]
    return Fold(t("report.mechanism.paths.fold"), [*blocks, Points([say(one) for one in part.failures])])


def _line(line: PathLine) -> str:
    values = {name: two(getattr(line, name)) for name in ("path_gradient", "gradient_optimum", "straight")}
    told = t("report.mechanism.paths.line", **values)
    return told if line.output is None else t("report.mechanism.paths.line_of", output=tidy(line.output), line=told)


# ---- groups of units


def _groups(document: Document, part: UnitGroups) -> Fold:
    loss = t(
        f"report.metric.{document.verdict.metric}"
        if document.inside is None
        else f"report.metric.{document.inside.loss}"
    )
    values = {
        "rows_of": _rows(document, part.rows),
        "together": two(part.together),
        "repeats": part.repeats,
        "loss": loss,
    }
    head = [
        Cell(t("report.mechanism.groups.units"), style="w"),
        *cells(t(f"report.mechanism.groups.{key}") for key in ("resample", "alone", "mean", "zero")),
    ]
    rows = [
        [
            Cell(_members(one.layer, one.units), style="w"),
            Cell(interval(one.resample, sign=True)),
            Cell(_signed(one.alone)),
            Cell(interval(one.mean, sign=True)),
            Cell(interval(one.zero, sign=True)),
        ]
        for one in part.groups[:GROUPS]
    ]
    caption = t("report.mechanism.groups.table", shown=len(rows), count=len(part.groups))
    return Fold(
        t("report.mechanism.groups.fold", count=len(part.groups)),
        [
            Paragraph(t("report.mechanism.groups.lead", **values)),
            Table(caption, head, rows),
            Paragraph(t("report.mechanism.groups.note"), "note"),
        ],
    )


def _members(layer: str, units: Sequence[int]) -> str:
    told = listed(map(str, units[:NAMED]))
    if len(units) > NAMED:
        told = t("report.mechanism.groups.more", units=told, count=len(units) - NAMED)
    return t("report.mechanism.groups.group", layer=cut(layer_name(layer)), units=told)
