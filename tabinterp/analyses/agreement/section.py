"""Agreement: how far readings order the columns alike, and where resolved signs differ."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.document.document import Agreement, CoefficientRow, Document, LeftOut
from tabinterp.report.blocks import Block, Cell, Fold, Heading, Paragraph, Points, Table
from tabinterp.report.heat_colours import NEUTRAL, heat
from tabinterp.report.words import (
    NONE,
    cells,
    counted,
    interval,
    name_cell,
    number,
    reading,
    share,
    step,
    t,
    term,
    tidy,
    two,
)


def agreement(document: Document) -> list[Block]:
    blocks: list[Block] = []
    if document.agreement:
        pairs = t("report.agreement.pairs", count=len(document.agreement))
        blocks = [
            Paragraph(t("report.agreement.lead")),
            *left_out(document.agreement_left_out),
            _matrix(document.agreement),
            Fold(pairs, [_table(document.agreement)]),
        ]
    if document.coefficients.terms:
        blocks.extend([Heading(t("report.conflicts")), _conflicts(document.coefficients.terms)])
    return blocks


def left_out(found: Sequence[LeftOut]) -> list[Block]:
    """Gradient methods that are left out, and why."""
    return [
        Paragraph(
            t(
                "report.left_out",
                method=reading(one.method),
                model=t(f"report.{one.model}"),
                gap=number(one.gap),
                tolerance=number(one.tolerance),
            ),
            "note",
        )
        for one in found
    ]


def _matrix(rows: Sequence[Agreement]) -> Table:
    """A table as a heat map; its columns are numbered like its rows, so that it fits a narrow page."""
    names = list(dict.fromkeys(name for row in rows for name in (row.first, row.second)))
    found = {frozenset((row.first, row.second)): row.spearman for row in rows}
    body = []
    for number_of, name in enumerate(names, 1):
        label = name_cell(f"{number_of}. {reading(name)}")
        body.append([label, *(_cell(found, name, other) for other in names)])
    head = [
        Cell(t("report.agreement.first")),
        *(Cell(str(index), reading(name)) for index, name in enumerate(names, 1)),
    ]
    return Table(t("report.agreement.matrix"), head, body, style="heat")


def _cell(found: dict[frozenset[str], float | None], name: str, other: str) -> Cell:
    if name == other:
        return Cell(NONE, style=NEUTRAL)
    value = found.get(frozenset((name, other)))
    return Cell(two(value), style=heat(value))


def _table(rows: Sequence[Agreement]) -> Table:
    head = [
        Cell(t("report.agreement.first")),
        Cell(t("report.agreement.second"), style="t"),
        *cells([t("report.agreement.spearman"), t("report.agreement.top"), t("report.agreement.overlap")]),
        *cells([t(f"report.agreement.{name}") for name in ("signs", "ordered", "opposed")]),
    ]
    body = [
        [
            name_cell(reading(row.first)),
            name_cell(reading(row.second), "t"),
            *cells([number(row.spearman), str(row.top), share(row.overlap), share(row.signs)]),
            *cells([NONE if count is None else counted(count) for count in (row.ordered, row.opposed)]),
        ]
        for row in rows
    ]
    return Table(t("report.agreement.table"), head, body)


def _conflicts(terms: Sequence[CoefficientRow]) -> Block:
    found = [_conflict(row) for row in terms if row.conflict]
    return Points(found) if found else Paragraph(t("report.conflicts.none"))


def _conflict(row: CoefficientRow) -> str:
    values = {
        "term": tidy(term(row)),
        "step": step(row),
        "linear": interval(row.linear, sign=True),
        "network": interval(row.network, sign=True),
    }
    if row.output is None:
        return t("report.conflicts.item", **values)
    return t("report.conflicts.item_output", **values, output=tidy(row.output))
