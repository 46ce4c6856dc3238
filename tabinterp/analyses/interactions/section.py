"""Interactions: the strongest pairs of the network as a table. The linear model has none, or they were not measured."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.document.document import Document, InteractionRow
from tabinterp.report.blocks import Block, Cell, Fold, Paragraph, Table
from tabinterp.report.words import cells, cut, interval, name_cell, number, outputs, t

MEASURES = ("share", "variance", "h2", "shapley")


def interactions(document: Document) -> list[Block]:
    part = document.interactions
    if part is None:
        return []
    linear = Paragraph(t("report.interactions.linear" if part.linear_adds else "report.interactions.linear_mixed"))
    if not part.pairs:
        return [Paragraph(t("report.interactions.none")), linear]
    named = outputs(part.pairs)
    rows = t(f"report.rows_of.{part.rows_of}", rows=part.rows)
    count = len(part.pairs) // len(named)
    blocks: list[Block] = [
        Paragraph(t("report.interactions.lead", count=count, screened=part.screened, rows=rows)),
        linear,
    ]
    if part.passed:
        blocks.insert(1, Paragraph(t("report.interactions.passed", count=part.passed, most=number(part.passed_most))))
    for place, output in enumerate(named):
        own = [row for row in part.pairs if row.output == output]
        table = _table(sorted(own, key=lambda row: -(row.variance.value or 0.0)))
        summary = t("report.readings.output", output=cut(output or ""))
        blocks.append(table if output is None else Fold(summary, [table], open=place == 0))
    how = t(
        "report.interactions.note",
        unit=t(f"report.interactions.unit.{document.coefficients.scale}"),
        blocks=part.blocks,
        background=part.background,
        seed=str(part.seed),
    )
    return [*blocks, Paragraph(how, "note")]


def _table(rows: Sequence[InteractionRow]) -> Table:
    head = [
        Cell(t("report.interactions.first")),
        Cell(t("report.interactions.second"), style="t"),
        *(
            Cell(text)
            for name in MEASURES
            for text in (t(f"report.interactions.{name}"), t("report.interactions.stderr"))
        ),
    ]
    body = [[name_cell(row.first), name_cell(row.second, "t"), *cells(_numbers(row))] for row in rows]
    return Table(t("report.interactions.table"), head, body)


def _numbers(row: InteractionRow) -> list[str]:
    parts = [getattr(row, name) for name in MEASURES]
    return [text for part in parts for text in (interval(part), number(part.stderr))]
