"""Report section on permutation importance: the rise in each model's loss when a column is permuted."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.permutation_importance.record import Importance, ImportanceRow
from tabinterp.document.document import Document
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Paragraph, Table
from tabinterp.report.comparison import SHOWN, comparison, largest, others, pair
from tabinterp.report.tables import Column, estimate_columns, interval_column, name_column, table
from tabinterp.report.words import NONE, rows_of, sentences, share, t, yes

from . import ANALYSIS


def build(importance: Importance, document: Document) -> list[Block]:
    if not importance.columns:
        return []
    unit = {"metric": t(f"report.metric.{importance.loss}"), "unit": t(f"report.unit.{importance.loss}")}
    how = {"repeats": importance.repeats, "seed": str(importance.seed), "off_support_rows": importance.off_support_rows}
    return [
        Paragraph(t("report.importance.lead", **unit, rows=rows_of(importance))),
        *_figure(importance, unit),
        Paragraph(t("report.importance.note"), "note"),
        Paragraph(t("report.importance.how", **how), "note"),
        *_donors(document),
    ]


def _donors(document: Document) -> list[Block]:
    """Return a note on the donors if all rows of a scan were used."""
    drawn = document.data.drawn
    if drawn is None or ANALYSIS.summed not in drawn.summed:
        return []
    donors = drawn.rows if drawn.held_out_rows is None else drawn.held_out_rows
    return [Paragraph(t("report.importance.donors", donors=donors), "note")]


def _figure(importance: Importance, unit: dict[str, str]) -> list[Block]:
    shown = _shown(importance.columns)
    pairs = [pair(row.column, row.network, row.linear) for row in shown]
    numbers = _table(importance, unit)
    if not figures.drawable(pairs):
        return [Paragraph(t("report.figure.none")), numbers]
    caption = t("report.importance.figure")
    if len(shown) < len(importance.columns):
        pairs.append(others(len(importance.columns) - len(shown)))
        caption = sentences([t("report.importance.cut", shown=len(shown), count=len(importance.columns)), caption])
    aria = t(
        "report.importance.aria",
        count=len(shown),
        network=largest([(row.column, row.network) for row in importance.columns]),
        linear=largest([(row.column, row.linear) for row in importance.columns]),
    )
    return [comparison(pairs, t("report.importance.axis", **unit), aria, "figure-importance", caption, numbers)]


def _shown(rows: Sequence[ImportanceRow]) -> list[ImportanceRow]:
    """Return the columns that are most important to at least one of the models, in the order of the document."""
    order = sorted(range(len(rows)), key=lambda index: (-_either(rows[index]), index))
    return [rows[index] for index in sorted(order[:SHOWN])]


def _either(row: ImportanceRow) -> float:
    return max(figures.finite(row.network.value), figures.finite(row.linear.value))


def _table(importance: Importance, unit: dict[str, str]) -> Table:
    columns: list[Column[ImportanceRow]] = [
        name_column(t("report.column"), lambda row: row.column),
        *estimate_columns(),
        interval_column(t("report.paired.interval"), lambda row: row.difference, sign=True),
        Column(t("report.off_support"), lambda row: share(row.off_support)),
        Column(t("report.exact"), lambda row: yes(row.exact) if row.network.value is not None else NONE, "t"),
    ]
    return table(t("report.importance.table", **unit), importance.columns, columns)
