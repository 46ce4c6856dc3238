"""Reasons for declined rows: sentences, which columns are named, how alike the lists are, whether they carry the decision."""

from __future__ import annotations

from tabinterp.document.document import Document, Interval
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Cell, Figure, Heading, Key, Paragraph, Points, Table
from tabinterp.report.words import (
    capital,
    cells,
    counted,
    cut,
    draws,
    interval,
    listed,
    name_cell,
    number,
    say,
    t,
    tidy,
    yes,
)

from .types import Alike, Flip, ReasonRow, Reasons

SHOWN = 15
NAMED = 3


def reasons(document: Document) -> list[Block]:
    part = document.reasons
    if part is None:
        return []
    declined = t(
        "report.reasons.declined",
        declined=tidy(part.declined),
        threshold=number(part.threshold),
        positive=tidy(document.data.classes[-1]),
    )
    lead = t(
        "report.reasons.lead",
        declined=part.declined_rows,
        rows_of=t(f"report.method.rows_of.{part.rows_of}"),
        rows=part.rows,
        most=part.most,
        reference=part.reference_rows,
        seed=str(part.seed),
        draws=draws(document),
    )
    return [
        Paragraph(declined),
        Paragraph(lead, "note"),
        Points([say(told) for told in part.sentences]),
        *_named(part),
        Heading(t("report.reasons.alike")),
        _alike(part.alike),
        Heading(t("report.reasons.flips")),
        _flips(part.flips),
        Paragraph(t("report.reasons.flip.note"), "note"),
        Paragraph(t("report.reasons.note"), "note"),
    ]


def _named(part: Reasons) -> list[Block]:
    if not part.columns:
        return []
    shown = part.columns[:SHOWN]
    pairs = [_pair(row) for row in shown]
    blocks: list[Block] = [Heading(t("report.reasons.named"))]
    if not figures.drawable(pairs):
        return [*blocks, _named_table(part.columns)]
    told = listed(f"{cut(row.column)} {interval(row.network)}" for row in shown[:NAMED])
    aria = t("report.reasons.aria", count=len(shown), shares=told)
    svg = figures.pairs(pairs, t("report.reasons.axis"), aria, "figure-reasons", "model")
    legend = [
        Key("●", "net", t("report.importance.legend.network")),
        Key("◇", "lin", t("report.importance.legend.linear")),
    ]
    return [*blocks, Figure(svg, aria, legend, t("report.reasons.caption"), _named_table(part.columns))]


def _pair(row: ReasonRow) -> figures.Pair:
    def title(model: str, found: Interval) -> str:
        return t("report.mark", name=tidy(row.column), model=t(f"report.{model}"), value=interval(found))

    both = title("network", row.network), title("linear", row.linear)
    return figures.Pair(cut(row.column), tidy(row.column), row.network, row.linear, *both)


def _named_table(rows: list[ReasonRow]) -> Table:
    names = ("network", "linear", "network_first", "linear_first")
    styles = ("net", "lin", "net", "lin")
    head = [Cell(t("report.column")), Cell(t("report.reasons.protected"), style="t")]
    head += [Cell(t(f"report.reasons.{name}"), style=style) for name, style in zip(names, styles, strict=True)]
    body = [
        [
            name_cell(row.column),
            Cell(_protected(row), style="t"),
            *cells(interval(getattr(row, name)) for name in names),
        ]
        for row in rows
    ]
    return Table(t("report.reasons.table"), head, body)


def _protected(row: ReasonRow) -> str:
    if not row.proxy_of:
        return yes(row.protected)
    told = t("report.reasons.proxy", columns=", ".join(map(tidy, row.proxy_of)))
    return f"{yes(True)}, {told}" if row.protected else told


def _alike(rows: list[Alike]) -> Table:
    names = ("jaccard", "changed", "first")
    head = [
        Cell(t("report.reasons.lists"), style="w"),
        *cells(t(f"report.reasons.{name}") for name in (*names, "rows")),
    ]
    body = [
        [
            Cell(capital(t(f"report.reasons.of.{row.of}")), style="w"),
            *cells(interval(getattr(row, name)) for name in names),
            Cell(_rows(row.rows)),
        ]
        for row in rows
    ]
    return Table(t("report.reasons.alike.table"), head, body, style="")


def _flips(rows: list[Flip]) -> Table:
    names = ("named", "random", "gain")
    head = [Cell(t("report.reasons.model"))]
    head += [*cells(t(f"report.reasons.flip.{name}") for name in names), Cell(t("report.reasons.rows"))]
    body = [
        [
            Cell(capital(t(f"report.{row.model}"))),
            *cells([interval(row.named), interval(row.random), interval(row.gain, sign=True), _rows(row.rows)]),
        ]
        for row in rows
    ]
    return Table(t("report.reasons.flips.table"), head, body, style="")


def _rows(count: int | None) -> str:
    return t("report.reasons.few") if count is None else counted(count)
