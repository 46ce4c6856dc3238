"""Report section on gradient importance: one table for each method, with its completeness gap."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.gradients.record import GradientMethod, GradientRow
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Fold, Heading, Paragraph, Table
from tabinterp.report.tables import MODELS, STYLES, Column, name_column, table
from tabinterp.report.words import (
    by_importance,
    capital,
    cut,
    effort,
    mean,
    number,
    outputs,
    reading,
    say,
    score_scale,
    sentences,
    series,
    share,
    t,
    tidy,
)

from .record import Gradients

MOST = 100  # maximum number of columns in a table
SIZES = {"saliency", "smoothgrad"}  # methods whose attributions are never negative


def build(gradients: Gradients, document: Document) -> list[Block]:
    if not gradients.methods:
        return []
    blocks: list[Block] = [
        Paragraph(
            t(
                "report.gradients.lead",
                scale=score_scale(document),
                rows_of=t(f"report.rows_plain.{gradients.rows_of}"),
            )
        ),
    ]
    if gradients.saturation is not None:
        blocks.append(Paragraph(t("report.gradients.saturation", saturation=number(gradients.saturation))))
    if gradients.disagreement is not None:
        blocks.append(Paragraph(t("report.gradients.disagreement", share=share(gradients.disagreement)), "warning"))
    mixed = list(dict.fromkeys(column for method in gradients.methods for column in method.differences))
    if mixed:
        blocks.append(Paragraph(t("report.gradients.differences", columns=series(map(tidy, mixed)))))
    for method in gradients.methods:
        blocks.extend(_method(method, by_importance(document)))
    return [*blocks, Paragraph(t("report.gradients.note"), "note")]


def _method(method: GradientMethod, rank: dict[str, int]) -> list[Block]:
    name = _name(method)
    blocks: list[Block] = [Heading(name), Paragraph(sentences([say(method.estimand), _rows(method), _gap(method)]))]
    blocks.extend(_refusals(method))
    for output in outputs(method.columns):
        rows = [row for row in method.columns if row.output == output]
        if output is None:
            summary = t("report.gradients.fold", count=len(rows))
        else:
            summary = t("report.gradients.fold_output", count=len(rows), output=cut(output))
        note: list[Block] = []
        if len(rows) > MOST:
            note.append(Paragraph(t("report.some", shown=MOST, count=len(rows)), "note"))
            rows = sorted(rows, key=lambda row: rank.get(row.column, len(rank)))[:MOST]
        blocks.append(Fold(summary, [*note, _table(name, rows, sizes=method.method in SIZES)]))
    return blocks


def _name(method: GradientMethod) -> str:
    return reading(method.method)


def _rows(method: GradientMethod) -> str:
    spent = effort(method)
    if not spent:
        return t("report.gradients.rows", rows=method.rows)
    return t("report.gradients.rows_effort", rows=method.rows, effort=spent)


def _gap(method: GradientMethod) -> str:
    """Return a sentence that states the completeness gap, or one that states that the method has none."""

    if method.gap_network is None and method.gap_linear is None:
        return t("report.gradients.gap.no")

    def shown(gap: float | None) -> str:
        return t("report.gradients.gap.none") if gap is None else number(gap)

    values = {"network": shown(method.gap_network), "linear": shown(method.gap_linear)}
    if method.tolerance is None:
        return t("report.gradients.gap", **values)
    return t("report.gradients.gap_tolerance", **values, tolerance=number(method.tolerance))


def _refusals(method: GradientMethod) -> list[Block]:
    if method.tolerance is None:
        return []
    gaps = (("network", method.gap_network), ("linear", method.gap_linear))
    return [
        Paragraph(t("report.gradients.gap.over", model=capital(t(f"report.{model}"))), "warning")
        for model, gap in gaps
        if gap is not None and gap > method.tolerance
    ]


def _table(name: str, rows: Sequence[GradientRow], sizes: bool) -> Table:
    """Return the table of attributions: means and mean absolute values, or only the latter if `sizes` is true."""
    column: Column[GradientRow] = name_column(t("report.column"), lambda row: row.column)

    def size(model: str, style: str = "") -> Column[GradientRow]:
        return Column(t(f"report.{model}.size"), lambda row: number(getattr(row, f"{model}_size").value), style)

    if sizes:
        columns = [column, *(size(model, STYLES[model]) for model in MODELS)]
        return table(t("report.gradients.table_size", method=name), rows, columns)
    columns = [
        column,
        Column(t("report.network.interval"), lambda row: mean(row.network), "net"),
        Column(t("report.linear.interval"), lambda row: mean(row.linear), "lin"),
        *map(size, MODELS),
    ]
    return table(t("report.gradients.table", method=name), rows, columns)
