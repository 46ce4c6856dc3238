"""Report section on agreement: how similarly explanation methods rank the columns, and which terms have conflicting signs."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.agreement.record import Agreement
from tabinterp.analyses.coefficients.record import CoefficientRow, Coefficients
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Cell, Fold, Heading, Paragraph, Points, Table
from tabinterp.report.comparison import left_out
from tabinterp.report.tables import NEUTRAL, Column, heat, name_column, table
from tabinterp.report.words import (
    NONE,
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


def build(document: Document) -> list[Block]:
    blocks: list[Block] = []
    if document.agreement:
        pairs = t("report.agreement.pairs", count=len(document.agreement))
        blocks = [
            Paragraph(t("report.agreement.lead")),
            *left_out(document.agreement_left_out),
            _matrix(document.agreement),
            Fold(pairs, [_table(document.agreement)]),
        ]
    if document[Coefficients].terms:
        blocks.extend([Heading(t("report.conflicts")), _conflicts(document[Coefficients].terms)])
    return blocks


def _matrix(rows: Sequence[Agreement]) -> Table:
    """Return the rank correlations of all pairs of methods as a heat map.

    The header shows numbers instead of method names, so the heat map fits on a narrow page.
    """
    methods = list(dict.fromkeys(method for row in rows for method in (row.first, row.second)))
    correlations = {frozenset((row.first, row.second)): row.spearman for row in rows}

    def cell(method: str, other: str) -> Cell:
        if method == other:
            return Cell(NONE, style=NEUTRAL)
        value = correlations.get(frozenset((method, other)))
        return Cell(two(value), style=heat(value))

    body = [
        [name_cell(f"{place}. {reading(method)}"), *(cell(method, other) for other in methods)]
        for place, method in enumerate(methods, 1)
    ]
    numbered = [Cell(str(place), reading(method)) for place, method in enumerate(methods, 1)]
    return Table(t("report.agreement.matrix"), [Cell(t("report.agreement.first")), *numbered], body, style="heat")


def _table(rows: Sequence[Agreement]) -> Table:
    columns: list[Column[Agreement]] = [
        name_column(t("report.agreement.first"), lambda row: reading(row.first)),
        name_column(t("report.agreement.second"), lambda row: reading(row.second), "t"),
        Column(t("report.agreement.spearman"), lambda row: number(row.spearman)),
        Column(t("report.agreement.top"), lambda row: str(row.top)),
        Column(t("report.agreement.overlap"), lambda row: share(row.overlap)),
        Column(t("report.agreement.signs"), lambda row: share(row.signs)),
        Column(t("report.agreement.ordered"), lambda row: _count(row.ordered)),
        Column(t("report.agreement.opposed"), lambda row: _count(row.opposed)),
    ]
    return table(t("report.agreement.table"), rows, columns)


def _count(count: int | None) -> str:
    return NONE if count is None else counted(count)


def _conflicts(terms: Sequence[CoefficientRow]) -> Block:
    conflicts = [_conflict(row) for row in terms if row.conflict]
    return Points(conflicts) if conflicts else Paragraph(t("report.conflicts.none"))


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
