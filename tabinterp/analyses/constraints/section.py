"""Report section on constraints: how often and by how much both models violate a declared direction."""

from __future__ import annotations

from collections.abc import Callable

from tabinterp.analyses.constraints.record import ConstraintRow, HeldPart
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Cell, Heading, Paragraph
from tabinterp.report.tables import MODELS, STYLES, Column, name_column, table
from tabinterp.report.words import NONE, counted, interval, number, t, tidy

from .record import ConstraintTable


def build(constraints: ConstraintTable, document: Document) -> list[Block]:
    columns: list[Column[ConstraintRow]] = [
        name_column(t("report.column"), lambda row: row.column),
        Column(t("report.constraints.direction"), lambda row: row.direction or NONE, "t"),
        *(_of(model, "against", lambda model: interval(model.share)) for model in MODELS),
        *(_of(model, "fall", lambda model: interval(model.fall, sign=True)) for model in MODELS),
        Column(t("report.constraints.from"), _ends, "t"),
        Column(t("report.constraints.domain"), _domain, "t"),
        Column(t("report.constraints.outside"), _outside),
    ]
    lead = t("report.constraints.lead", rows=constraints.rows)
    caption = t("report.constraints.caption")
    return [Heading(t("report.constraints")), Paragraph(lead), table(caption, constraints.columns, columns)]


def _of(model: str, key: str, show: Callable[[HeldPart], str]) -> Column[ConstraintRow]:
    def cell(row: ConstraintRow) -> Cell:
        numbers: HeldPart | None = getattr(row, model)
        return Cell(NONE if numbers is None else show(numbers), style=STYLES[model])

    return Column(t(f"report.constraints.{key}.{model}"), cell, STYLES[model])


def _ends(row: ConstraintRow) -> str:
    return NONE if row.network is None else f"{_value(row.network.start)}, {_value(row.network.end)}"


def _domain(row: ConstraintRow) -> str:
    return NONE if row.low is None and row.high is None else f"{number(row.low)} … {number(row.high)}"


def _outside(row: ConstraintRow) -> str:
    if row.few_outside:
        return t("report.constraints.few")
    return NONE if row.outside is None else counted(row.outside)


def _value(value: float | str | None) -> str:
    return NONE if value is None else tidy(value) if isinstance(value, str) else number(value)
