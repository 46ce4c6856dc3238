"""Sections with the author's text about the model, and with the regulatory clauses for which the document contains evidence."""

from __future__ import annotations

from tabinterp.document.document import Document
from tabinterp.document.evidence_rows import Card, EvidenceRow
from tabinterp.messages import word
from tabinterp.report.blocks import Block, Cell, Facts, Fold, Heading, Paragraph, Points, Table
from tabinterp.report.tables import Column, table
from tabinterp.report.words import NONE, date, listed, t, tidy

OUTSIDE = ("governance", "system", "notice", "person", "manage")


def use(document: Document) -> list[Block]:
    """Return blocks with the author's text on the use of the model, and a note about missing text."""
    card = document.card or Card()
    pairs = [
        (t(f"report.use.{name}"), tidy(value) if value else t("report.use.none"))
        for name, value in card.model_dump().items()
    ]
    return [Paragraph(t("report.use.lead"), "note"), Facts(pairs)]


def evidence(document: Document) -> list[Block]:
    rows = document.evidence
    if not rows:
        return []
    count = {status: sum(row.status == status for row in rows) for status in ("supplied", "partial", "not_supplied")}
    counts = {"supplied": count["supplied"], "partial": count["partial"], "none": count["not_supplied"]}
    versions = [
        (_named("instrument", name), _named("instrument.version", version))
        for name, version in dict.fromkeys((row.instrument, row.version) for row in rows)
    ]
    return [
        Paragraph(t("report.evidence.lead")),
        Paragraph(t("report.evidence.count", clauses=len(rows), **counts)),
        Fold(t("report.evidence.table"), [Paragraph(t("report.evidence.marks"), "note"), _table(rows)]),
        Fold(t("report.evidence.versions"), [Facts(versions)]),
        Heading(t("report.evidence.outside")),
        Points([t(f"report.evidence.outside.{name}") for name in OUTSIDE]),
    ]


def _named(vocabulary: str, name: str) -> str:
    """Return a name as the report shows it. Names from the built-in mapping of clauses are translated into the reader's language.
    Names from a user's mapping are unchanged.
    """
    return tidy(word(vocabulary, name))


def _table(rows: list[EvidenceRow]) -> Table:
    columns: list[Column[EvidenceRow]] = [
        Column(t("report.evidence.instrument"), lambda row: Cell(_named("instrument", row.instrument), style="n")),
        Column(t("report.evidence.clause"), lambda row: _named("instrument.clause", row.clause), "w"),
        Column(t("report.evidence.applies"), lambda row: date(row.applies) if row.applies else NONE),
        Column(t("report.evidence.mark"), lambda row: row.mark),
        Column(t("report.evidence.status"), lambda row: t(f"report.evidence.{row.status}"), "t"),
        Column(t("report.evidence.missing"), lambda row: listed(row.missing) or NONE, "w"),
    ]
    return table(t("report.evidence.table"), rows, columns)
