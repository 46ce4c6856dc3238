"""Gradients: one table for each method, with the method's own error measure."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.baselines.section import baselines
from tabinterp.document.document import Document, GradientMethod, GradientRow
from tabinterp.report.blocks import Block, Cell, Fold, Heading, Paragraph, Table
from tabinterp.report.words import (
    by_importance,
    capital,
    cells,
    cut,
    effort,
    mean,
    name_cell,
    number,
    outputs,
    reading,
    say,
    sentences,
    t,
)

MOST = 100  # columns in a table
SIZES = {"saliency", "smoothgrad"}  # methods whose attributions are never negative


def gradients(document: Document) -> list[Block]:
    part = document.gradients
    if not part.methods:
        return []
    blocks: list[Block] = [
        Paragraph(
            t(
                "report.gradients.lead",
                scale=t(f"report.scale.{document.coefficients.scale}"),
                rows_of=t(f"report.rows_plain.{part.rows_of}"),
            )
        ),
    ]
    if part.saturation is not None:
        blocks.append(Paragraph(t("report.gradients.saturation", saturation=number(part.saturation))))
    for method in part.methods:
        blocks.extend(_method(method, by_importance(document)))
    blocks.append(Paragraph(t("report.gradients.note"), "note"))
    return blocks if part.baselines is None else [*blocks, *baselines(part.baselines)]


def _method(method: GradientMethod, rank: dict[str, int]) -> list[Block]:
    name = _name(method)
    blocks: list[Block] = [Heading(name), Paragraph(sentences([say(method.estimand), _rows(method), _gap(method)]))]
    blocks.extend(_refusals(method))
    named = outputs(method.columns)
    for output in named:
        rows = [row for row in method.columns if row.output == output]
        if output is None:
            summary = t("report.gradients.fold", count=len(rows))
        else:
            summary = t("report.gradients.fold_output", count=len(rows), output=cut(output))
        told: list[Block] = []
        if len(rows) > MOST:
            told.append(Paragraph(t("report.some", shown=MOST, count=len(rows)), "note"))
            rows = sorted(rows, key=lambda row: rank.get(row.column, len(rank)))[:MOST]
        blocks.append(Fold(summary, [*told, _table(name, rows, sizes=method.method in SIZES)]))
    return blocks


def _name(method: GradientMethod) -> str:
    return reading(method.method)


def _rows(method: GradientMethod) -> str:
    spent = effort(method)
    if not spent:
        return t("report.gradients.rows", rows=method.rows)
    return t("report.gradients.rows_effort", rows=method.rows, effort=spent)


def _gap(method: GradientMethod) -> str:
    """Always printed: a method without a gap says that it has none."""

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
    """Attributions with a sign: mean and mean size. Attributions without one: the size is all there is."""
    if sizes:
        head = [
            Cell(t("report.column")),
            Cell(t("report.network.size"), style="net"),
            Cell(t("report.linear.size"), style="lin"),
        ]
        body = [
            [name_cell(row.column), *cells([number(row.network_size.value), number(row.linear_size.value)])]
            for row in rows
        ]
        return Table(t("report.gradients.table_size", method=name), head, body)
    head = [
        Cell(t("report.column")),
        Cell(t("report.network.interval"), style="net"),
        Cell(t("report.linear.interval"), style="lin"),
        *cells([t("report.network.size"), t("report.linear.size")]),
    ]
    body = [
        [
            name_cell(row.column),
            *cells([mean(row.network), mean(row.linear)]),
            *cells([number(row.network_size.value), number(row.linear_size.value)]),
        ]
        for row in rows
    ]
    return Table(t("report.gradients.table", method=name), head, body)
