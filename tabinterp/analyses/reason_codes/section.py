"""Report section on reason codes: the columns in the lists, the similarity of lists, and the effect of changing these columns."""

from __future__ import annotations

from tabinterp.document.document import Document
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Heading, Paragraph, Points, Table
from tabinterp.report.comparison import NAMED, SHOWN, comparison, pair
from tabinterp.report.tables import Column, interval_column, name_column, table
from tabinterp.report.words import (
    capital,
    counted,
    cut,
    draws,
    interval,
    listed,
    number,
    say,
    t,
    tidy,
    yes,
)

from .record import Alike, Flip, ReasonRow, Reasons

DETAIL = "reasons.omitted"  # key of a sentence that is shown with the notes


def build(reasons: Reasons, document: Document) -> list[Block]:
    declined = t(
        "report.reasons.declined",
        declined=tidy(reasons.declined),
        threshold=number(reasons.threshold),
        positive=tidy(document.data.classes[-1]),
    )
    lead = t(
        "report.reasons.lead",
        uses=t(f"report.reasons.uses.{reasons.rows_of}", rows=reasons.rows, declined=reasons.declined_rows),
        most=reasons.most,
        reference=reasons.reference_rows,
        seed=str(reasons.seed),
        draws=draws(document),
    )
    return [
        Paragraph(declined),
        Paragraph(lead, "note"),
        Points([say(line) for line in reasons.sentences if line.key != DETAIL]),
        *_named(reasons),
        Heading(t("report.reasons.alike")),
        _alike(reasons.alike),
        Heading(t("report.reasons.flips")),
        _flips(reasons.flips),
        Paragraph(t("report.reasons.flip.note"), "note"),
        *(Paragraph(say(line), "note") for line in reasons.sentences if line.key == DETAIL),
        Paragraph(t("report.reasons.note"), "note"),
    ]


def _named(reasons: Reasons) -> list[Block]:
    if not reasons.columns:
        return []
    shown = reasons.columns[:SHOWN]
    pairs = [pair(row.column, row.network, row.linear) for row in shown]
    title, numbers = Heading(t("report.reasons.named")), _named_table(reasons.columns)
    if not figures.drawable(pairs):
        return [title, numbers]
    shares = listed(f"{cut(row.column)} {interval(row.network)}" for row in shown[:NAMED])
    aria = t("report.reasons.aria", count=len(shown), shares=shares)
    caption = t("report.reasons.caption")
    return [title, comparison(pairs, t("report.reasons.axis"), aria, "figure-reasons", caption, numbers, withheld=True)]


def _named_table(rows: list[ReasonRow]) -> Table:
    columns: list[Column[ReasonRow]] = [
        name_column(t("report.column"), lambda row: row.column),
        Column(t("report.reasons.protected"), _protected, "t"),
        interval_column(t("report.reasons.network"), lambda row: row.network, "net"),
        interval_column(t("report.reasons.linear"), lambda row: row.linear, "lin"),
        interval_column(t("report.reasons.network_first"), lambda row: row.network_first, "net"),
        interval_column(t("report.reasons.linear_first"), lambda row: row.linear_first, "lin"),
    ]
    return table(t("report.reasons.table"), rows, columns)


def _protected(row: ReasonRow) -> str:
    if not row.proxy_of:
        return yes(row.protected)
    proxy = t("report.reasons.proxy", columns=", ".join(map(tidy, row.proxy_of)))
    return f"{yes(True)}, {proxy}" if row.protected else proxy


def _alike(rows: list[Alike]) -> Table:
    columns: list[Column[Alike]] = [
        Column(t("report.reasons.lists"), lambda row: capital(t(f"report.reasons.of.{row.of}")), "w"),
        interval_column(t("report.reasons.jaccard"), lambda row: row.jaccard),
        interval_column(t("report.reasons.changed"), lambda row: row.changed),
        interval_column(t("report.reasons.first"), lambda row: row.first),
        Column(t("report.reasons.rows"), lambda row: _rows(row.rows)),
    ]
    return table(t("report.reasons.alike.table"), rows, columns, style="")


def _flips(rows: list[Flip]) -> Table:
    columns: list[Column[Flip]] = [
        Column(t("report.reasons.model"), lambda row: capital(t(f"report.{row.model}"))),
        interval_column(t("report.reasons.flip.named"), lambda row: row.named),
        interval_column(t("report.reasons.flip.random"), lambda row: row.random),
        interval_column(t("report.reasons.flip.gain"), lambda row: row.gain, sign=True),
        Column(t("report.reasons.rows"), lambda row: _rows(row.rows)),
    ]
    return table(t("report.reasons.flips.table"), rows, columns, style="")


def _rows(count: int | None) -> str:
    return t("report.reasons.few") if count is None else counted(count)
