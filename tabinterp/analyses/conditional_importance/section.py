"""Report section on conditional importance (permutation within strata) and on the importance of groups of related columns."""

from __future__ import annotations

from tabinterp.analyses.conditional_importance.record import ConditionalRow, FamilyRow, Together
from tabinterp.document.document import Document
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Heading, Paragraph, Table
from tabinterp.report.comparison import SHOWN, comparison, largest, pair
from tabinterp.report.tables import Column, estimate_columns, interval_column, name_column, table
from tabinterp.report.words import NONE, counted, cut, listed, number, rows_of, sentences, share, t


def build(importance: Together, document: Document) -> list[Block]:
    """Return the report blocks on the conditional importance of single columns."""
    strata = {
        "associated": importance.associated,
        "fewest": importance.fewest,
        "repeats": importance.repeats,
        "seed": str(importance.seed),
    }
    return [
        Paragraph(t("report.together.lead", **_unit(importance), rows=rows_of(importance))),
        *_figure(importance),
        Paragraph(t("report.together.note", **strata), "note"),
    ]


def grouped(importance: Together, document: Document) -> list[Block]:
    """Return the report blocks on grouped importance, in which related columns are permuted together."""
    values = {"threshold": importance.threshold, "rows": importance.association_rows}
    title = Heading(t("report.together.families"))
    if not importance.families:
        return [title, Paragraph(t("report.together.families.none", **values))]
    columns: list[Column[FamilyRow]] = [
        name_column(t("report.together.family"), lambda row: " + ".join(map(cut, row.columns))),
        *estimate_columns(),
        interval_column(t("report.paired.interval"), lambda row: row.difference, sign=True),
        interval_column(t("report.together.dropped"), lambda row: row.dropped, "lin"),
        Column(t("report.together.weakest"), lambda row: number(row.weakest)),
    ]
    return [
        title,
        Paragraph(t("report.together.families.lead", **values)),
        table(t("report.together.families.table", **_unit(importance)), importance.families, columns),
        Paragraph(t("report.together.families.note"), "note"),
    ]


def _unit(importance: Together) -> dict[str, str]:
    return {"metric": t(f"report.metric.{importance.loss}"), "unit": t(f"report.unit.{importance.loss}")}


def _figure(importance: Together) -> list[Block]:
    most = sorted(importance.columns, key=lambda row: -_either(row))[:SHOWN]
    shown = [row for row in importance.columns if row in most]
    pairs = [pair(row.column, row.network, row.linear) for row in shown]
    numbers = _table(importance)
    if not figures.drawable(pairs):
        return [Paragraph(t("report.figure.none")), numbers]
    caption = t("report.together.figure")
    if len(shown) < len(importance.columns):
        caption = sentences([t("report.importance.cut", shown=len(shown), count=len(importance.columns)), caption])
    aria = t(
        "report.together.aria",
        count=len(shown),
        network=largest([(row.column, row.network) for row in importance.columns]),
        linear=largest([(row.column, row.linear) for row in importance.columns]),
    )
    return [
        comparison(pairs, t("report.together.axis", **_unit(importance)), aria, "figure-together", caption, numbers)
    ]


def _either(row: ConditionalRow) -> float:
    return max(figures.finite(row.network.value), figures.finite(row.linear.value))


def _table(importance: Together) -> Table:
    columns: list[Column[ConditionalRow]] = [
        name_column(t("report.column"), lambda row: row.column),
        *estimate_columns(),
        interval_column(t("report.paired.interval"), lambda row: row.difference, sign=True),
        interval_column(t("report.together.dropped"), lambda row: row.dropped, "lin"),
        Column(t("report.off_support"), lambda row: share(row.off_support)),
        Column(t("report.together.strata"), lambda row: counted(row.strata)),
        Column(t("report.together.smallest"), lambda row: counted(row.smallest) if row.conditioned else NONE),
        Column(
            t("report.together.given"),
            lambda row: listed(map(cut, row.conditioned)) or t("report.together.given.none"),
            "w",
        ),
    ]
    return table(t("report.together.table", **_unit(importance)), importance.columns, columns)
