"""When columns move together: conditional importance, families as one player, and linear refits without a column."""

from __future__ import annotations

from tabinterp.analyses.permutation_importance.section import SHOWN, largest
from tabinterp.document.document import Document, Interval
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Cell, Figure, Heading, Key, Paragraph, Table
from tabinterp.report.words import (
    NONE,
    cells,
    counted,
    cut,
    interval,
    listed,
    name_cell,
    number,
    sentences,
    share,
    t,
    tidy,
)

from .types import ConditionalRow, Together


def together(document: Document) -> list[Block]:
    part = document.together
    if part is None:
        return []
    unit = {"metric": t(f"report.metric.{part.loss}"), "unit": t(f"report.unit.{part.loss}")}
    rows = t(f"report.rows_of.{part.rows_of}", rows=part.rows)
    strata = {"associated": part.associated, "fewest": part.fewest, "repeats": part.repeats, "seed": str(part.seed)}
    return [
        Paragraph(t("report.together.lead", **unit, rows=rows)),
        *_figure(part, unit),
        Paragraph(t("report.together.note", **strata), "note"),
        Paragraph(_refit(part), "note"),
        *_families(part, unit),
    ]


def _refit(part: Together) -> str:
    if part.refit_rows is None:
        return t("report.together.refit.none")
    return t("report.together.refit", training=part.refit_rows, rows=part.refit_scored_rows)


def _figure(part: Together, unit: dict[str, str]) -> list[Block]:
    def size(row: ConditionalRow) -> float:
        return max(figures.finite(row.network.value), figures.finite(row.linear.value))

    most = sorted(part.columns, key=lambda row: -size(row))[:SHOWN]
    shown = [row for row in part.columns if row in most]
    pairs = [_pair(row) for row in shown]
    if not figures.drawable(pairs):
        return [Paragraph(t("report.figure.none")), _table(part, unit)]
    caption = t("report.together.figure")
    if len(shown) < len(part.columns):
        caption = sentences([t("report.importance.cut", shown=len(shown), count=len(part.columns)), caption])
    aria = t(
        "report.together.aria",
        count=len(shown),
        network=largest([(row.column, row.network) for row in part.columns]),
        linear=largest([(row.column, row.linear) for row in part.columns]),
    )
    svg = figures.pairs(pairs, t("report.together.axis", **unit), aria, "figure-together", "model")
    legend = [
        Key("●", "net", t("report.importance.legend.network")),
        Key("◇", "lin", t("report.importance.legend.linear")),
    ]
    return [Figure(svg, aria, legend, caption, _table(part, unit))]


def _pair(row: ConditionalRow) -> figures.Pair:
    def title(model: str, part: Interval) -> str:
        return t("report.mark", name=tidy(row.column), model=t(f"report.{model}"), value=interval(part))

    marks = title("network", row.network), title("linear", row.linear)
    return figures.Pair(cut(row.column), tidy(row.column), row.network, row.linear, *marks)


def _head(first: str) -> list[Cell]:
    return [
        Cell(first),
        Cell(t("report.network.interval"), style="net"),
        Cell(t("report.network.stderr")),
        Cell(t("report.linear.interval"), style="lin"),
        Cell(t("report.linear.stderr")),
        Cell(t("report.paired.interval")),
        Cell(t("report.together.dropped"), style="lin"),
    ]


def _numbers(network: Interval, linear: Interval, difference: Interval, dropped: Interval) -> list[Cell]:
    return cells(
        [
            interval(network),
            number(network.stderr),
            interval(linear),
            number(linear.stderr),
            interval(difference, sign=True),
            interval(dropped),
        ]
    )


def _table(part: Together, unit: dict[str, str]) -> Table:
    head = [
        *_head(t("report.column")),
        Cell(t("report.off_support")),
        *cells([t("report.together.strata"), t("report.together.smallest")]),
        Cell(t("report.together.given"), style="w"),
    ]
    rows = [
        [
            name_cell(row.column),
            *_numbers(row.network, row.linear, row.difference, row.dropped),
            Cell(share(row.off_support)),
            *cells([counted(row.strata), counted(row.smallest) if row.conditioned else NONE]),
            Cell(_names(row.conditioned) or t("report.together.given.none"), style="w"),
        ]
        for row in part.columns
    ]
    return Table(t("report.together.table", **unit), head, rows)


def _families(part: Together, unit: dict[str, str]) -> list[Block]:
    values = {"threshold": part.threshold, "rows": part.association_rows}
    title = Heading(t("report.together.families"))
    if not part.families:
        return [title, Paragraph(t("report.together.families.none", **values))]
    head = [*_head(t("report.together.family")), Cell(t("report.together.weakest"))]
    rows = [
        [
            name_cell(" + ".join(map(cut, row.columns))),
            *_numbers(row.network, row.linear, row.difference, row.dropped),
            Cell(number(row.weakest)),
        ]
        for row in part.families
    ]
    return [
        title,
        Paragraph(t("report.together.families.lead", **values)),
        Table(t("report.together.families.table", **unit), head, rows),
        Paragraph(t("report.together.families.note"), "note"),
    ]


def _names(columns: list[str]) -> str:
    return listed(map(cut, columns))
