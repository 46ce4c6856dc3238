"""Report section on less discriminatory alternatives: the AUC and the impact ratios of each version of the models."""

from __future__ import annotations

from tabinterp.analyses.alternatives.record import AlternativeRow, Alternatives
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Heading, Paragraph
from tabinterp.report.tables import Column, interval_column, table
from tabinterp.report.words import NONE, capital, interval, t, tidy


def build(alternatives: Alternatives, document: Document) -> list[Block]:
    columns: list[Column[AlternativeRow]] = [
        Column(t("report.alternatives.version"), _name, "w"),
        interval_column(t("report.alternatives.auc"), lambda row: row.auc),
        *(_ratio(place, column) for place, column in enumerate(alternatives.columns)),
        Column(t("report.alternatives.frontier"), lambda row: _frontier(alternatives, row), "w"),
    ]
    return [
        Heading(t("report.alternatives")),
        Paragraph(t("report.alternatives.lead", rows=alternatives.rows)),
        table(t("report.alternatives.caption"), alternatives.versions, columns),
        Paragraph(t("report.alternatives.note"), "note"),
    ]


def _name(row: AlternativeRow) -> str:
    without = ", ".join(map(tidy, row.without))
    return capital(t(f"report.alternatives.{row.how}", model=t(f"report.{row.model}"), columns=without))


def _ratio(place: int, column: str) -> Column[AlternativeRow]:
    return Column(t("report.alternatives.ratio", column=tidy(column)), lambda row: interval(row.ratios[place]))


def _frontier(alternatives: Alternatives, row: AlternativeRow) -> str:
    return ", ".join(tidy(column) for column, on in zip(alternatives.columns, row.frontier, strict=True) if on) or NONE
