"""Report section on monotonicity: the declared directions that are proved, refuted or open."""

from __future__ import annotations

from collections.abc import Callable

from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Cell, Paragraph
from tabinterp.report.tables import MODELS, STYLES, Column, name_column, table
from tabinterp.report.words import NONE, number, say, sentences, t, tidy

from .record import Answer, DirectionRow, Record


def build(record: Record, document: Document) -> list[Block]:
    lead = t("report.monotonicity.lead", network=number(record.network_least), linear=number(record.linear_least))
    columns: list[Column[DirectionRow]] = [
        name_column(t("report.column"), lambda row: row.column),
        Column(t("report.constraints.direction"), lambda row: row.direction, "t"),
        *(_of(model, t(f"report.monotonicity.{model}"), _answer) for model in MODELS),
    ]
    reasons = {say(one.reason): None for row in record.columns for one in (row.network, row.linear) if one.reason}
    without = [t("report.monotonicity.reason", reason=reason) for reason in reasons]
    note = [Paragraph(sentences(without), "note")] if without else []
    return [Paragraph(lead), table(t("report.monotonicity.caption"), record.columns, columns), *note]


def _of(model: str, head: str, show: Callable[[Answer], str]) -> Column[DirectionRow]:
    return Column(head, lambda row: Cell(show(getattr(row, model)), style=f"{STYLES[model]} w"), f"{STYLES[model]} w")


def _answer(found: Answer) -> str:
    if found.answer == "refuted":
        key = "refuted" if found.start is None or found.end is None else "refuted.between"
        return t(
            f"report.monotonicity.{key}", fall=number(found.fall), start=_value(found.start), end=_value(found.end)
        )
    if found.answer == "open" and found.bound is not None:
        key = "open" if found.fall > 0 else "open.none"
        return t(f"report.monotonicity.{key}", fall=number(found.fall), bound=number(found.bound))
    return t("report.monotonicity.proved" if found.answer == "proved" else "report.monotonicity.untried")


def _value(value: float | str | None) -> str:
    return NONE if value is None else tidy(value) if isinstance(value, str) else number(value)
