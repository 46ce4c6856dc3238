"""Report section on recourse: shares of declined rows without recourse, costs, and the columns that change."""

from __future__ import annotations

from collections.abc import Callable

from tabinterp.document.document import Document, Interval
from tabinterp.report.blocks import Block, Cell, Fold, Paragraph, Table
from tabinterp.report.tables import Column, interval_column, name_column, table
from tabinterp.report.words import NONE, capital, group_name, interval, number, p_value, sentences, stated, t, tidy

from .record import Changeable, OfGroup, OfModel, Record


def build(record: Record, document: Document) -> list[Block]:
    lead = [_lead(record.network.without, record.rows)]
    if record.difference.value is not None:
        difference = stated(record.difference, sign=True)
        lead.append(t("report.recourse.difference", difference=difference, linear=document.linear.name))
    note = t(
        "report.recourse.note",
        declined=tidy(record.declined),
        level=str(record.level_cost),
        training=record.training_rows,
        values=str(record.values),
    )
    method = t("report.recourse.exact" if record.network.is_exact else "report.recourse.search")
    blocks: list[Block] = [Paragraph(sentences([note, method]), "note"), _models(record, document), _columns(record)]
    if record.groups:
        blocks.append(_groups(record.groups))
    return [Paragraph(sentences(lead)), Fold(t("report.recourse.fold"), blocks)]


def _lead(share: Interval, rows: int) -> str:
    if share.value is not None:
        return t("report.recourse.lead", share=stated(share), rows=rows)
    if share.high is not None:
        return t("report.recourse.lead.most", share=number(share.high), rows=rows)
    return t("report.recourse.lead.withheld", rows=rows)


Measure = tuple[str, str, str, str]  # its name, and its numbers: network, network on the rows that both decline, linear


def _models(record: Record, document: Document) -> Table:
    def of(name: str, show: Callable[[OfModel], str], on_both: str = NONE) -> Measure:
        return t(f"report.recourse.{name}"), show(record.network), on_both, show(record.linear)

    rows = [
        of("without", lambda one: interval(one.without), interval(record.network_on_both)),
        of("only_implausible", lambda one: interval(one.only_implausible)),
        of("cost", lambda one: interval(one.cost)),
        of("quartiles", _quartiles),
        of("one_column", lambda one: interval(one.one_column)),
    ]
    linear = t("report.recourse.linear", linear=capital(t("report.linear")))
    columns: list[Column[Measure]] = [
        Column(t("report.recourse.measure"), lambda row: row[0], "w"),
        Column(t("report.recourse.network"), lambda row: Cell(row[1], style="net"), "net"),
        Column(t("report.recourse.on_both"), lambda row: Cell(row[2], style="net"), "net"),
        Column(linear, lambda row: Cell(row[3], style="lin"), "lin"),
    ]
    return table(t("report.recourse.caption"), rows, columns, style="")


def _quartiles(one: OfModel) -> str:
    return NONE if None in one.quartiles else ", ".join(number(value) for value in one.quartiles)


def _columns(record: Record) -> Table:
    columns: list[Column[Changeable]] = [
        name_column(t("report.column"), lambda row: row.column),
        Column(t("report.recourse.change"), lambda row: t(f"report.recourse.change.{row.changeable}"), "t"),
        Column(t("report.recourse.domain"), _domain, "t"),
        interval_column(capital(t("report.network")), lambda row: row.network, "net"),
        interval_column(capital(t("report.linear")), lambda row: row.linear, "lin"),
    ]
    return table(t("report.recourse.columns"), record.columns, columns)


def _domain(row: Changeable) -> str:
    return NONE if row.low is None and row.high is None else f"{number(row.low)} … {number(row.high)}"


def _groups(groups: list[OfGroup]) -> Table:
    columns: list[Column[OfGroup]] = [
        name_column(t("report.recourse.group"), lambda row: group_name(row.group)),
        interval_column(t("report.recourse.without"), lambda row: row.share, "net"),
        interval_column(t("report.recourse.rest"), lambda row: row.difference, sign=True),
        Column("p", lambda row: NONE if row.p is None else p_value(row.p)),
    ]
    return table(t("report.recourse.groups"), groups, columns)
