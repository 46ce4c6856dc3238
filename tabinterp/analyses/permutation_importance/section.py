"""Importance: what each model leans on, per original column, in the unit of the loss."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.document.document import Document, Importance, ImportanceRow, Interval
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Cell, Figure, Key, Paragraph, Table
from tabinterp.report.words import NONE, cells, cut, interval, listed, name_cell, number, sentences, share, t, tidy, yes

SHOWN = 15
NAMED = 3  # columns that the spoken reading names


def importance(document: Document) -> list[Block]:
    part = document.importance
    if not part.columns:
        return []
    unit = {"metric": t(f"report.metric.{part.loss}"), "unit": t(f"report.unit.{part.loss}")}
    rows = t(f"report.rows_of.{part.rows_of}", rows=part.rows)
    return [
        Paragraph(t("report.importance.lead", **unit, rows=rows)),
        *_figure(part, unit),
        Paragraph(t("report.importance.note"), "note"),
        Paragraph(
            t(
                "report.importance.how",
                repeats=part.repeats,
                seed=str(part.seed),
                off_support_rows=part.off_support_rows,
            ),
            "note",
        ),
    ]


def _figure(part: Importance, unit: dict[str, str]) -> list[Block]:
    shown = _shown(part.columns)
    pairs = [_pair(row) for row in shown]
    if not figures.drawable(pairs):
        return [Paragraph(t("report.figure.none")), _table(part, unit)]
    caption = t("report.importance.figure")
    if len(shown) < len(part.columns):
        other = t("report.other", count=len(part.columns) - len(shown))
        pairs.append(figures.Pair(other, other, Interval(), Interval()))
        caption = sentences([t("report.importance.cut", shown=len(shown), count=len(part.columns)), caption])
    aria = t(
        "report.importance.aria",
        count=len(shown),
        network=largest([(row.column, row.network) for row in part.columns]),
        linear=largest([(row.column, row.linear) for row in part.columns]),
    )
    svg = figures.pairs(pairs, t("report.importance.axis", **unit), aria, "figure-importance", "model")
    legend = [
        Key("●", "net", t("report.importance.legend.network")),
        Key("◇", "lin", t("report.importance.legend.linear")),
    ]
    return [Figure(svg, aria, legend, caption, _table(part, unit))]


def _shown(rows: Sequence[ImportanceRow]) -> list[ImportanceRow]:
    """The columns that matter most to either model, in the document's order."""
    order = sorted(range(len(rows)), key=lambda index: (-_either(rows[index]), index))
    return [rows[index] for index in sorted(order[:SHOWN])]


def _either(row: ImportanceRow) -> float:
    return max(figures.finite(row.network.value), figures.finite(row.linear.value))


def largest(found: Sequence[tuple[str, Interval]]) -> str:
    measured = [(name, part) for name, part in found if part.value is not None]
    measured.sort(key=lambda item: -figures.finite(item[1].value))
    named = [f"{cut(name)} {interval(part)}" for name, part in measured[:NAMED]]
    return listed(named) if named else t("report.importance.aria_empty")


def _pair(row: ImportanceRow) -> figures.Pair:
    def title(model: str, part: Interval) -> str:
        return t("report.mark", name=tidy(row.column), model=t(f"report.{model}"), value=interval(part))

    return figures.Pair(
        cut(row.column),
        tidy(row.column),
        row.network,
        row.linear,
        title("network", row.network),
        title("linear", row.linear),
    )


def _table(part: Importance, unit: dict[str, str]) -> Table:
    head = [
        Cell(t("report.column")),
        Cell(t("report.network.interval"), style="net"),
        Cell(t("report.network.stderr")),
        Cell(t("report.linear.interval"), style="lin"),
        Cell(t("report.linear.stderr")),
        Cell(t("report.paired.interval")),
        Cell(t("report.off_support")),
        Cell(t("report.exact"), style="t"),
    ]
    rows = [
        [
            name_cell(row.column),
            *cells(
                [
                    interval(row.network),
                    number(row.network.stderr),
                    interval(row.linear),
                    number(row.linear.stderr),
                    interval(row.difference, sign=True),
                    share(row.off_support),
                ]
            ),
            Cell(yes(row.exact) if row.network.value is not None else NONE, style="t"),
        ]
        for row in part.columns
    ]
    return Table(t("report.importance.table", **unit), head, rows)
