"""Report section on interactions: the strongest pairs of columns in the network's score."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.coefficients.record import Coefficients
from tabinterp.analyses.interactions.record import InteractionRow
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Fold, Paragraph, Table
from tabinterp.report.tables import Column, interval_column, name_column, table
from tabinterp.report.words import cut, number, outputs, rows_of, t

from .record import Interactions

MEASURES = ("share", "variance", "h2", "shapley")


def build(interactions: Interactions, document: Document) -> list[Block]:
    linear = Paragraph(
        t("report.interactions.linear" if interactions.linear_adds else "report.interactions.linear_mixed")
    )
    if not interactions.pairs:
        return [Paragraph(t("report.interactions.none")), linear]
    named = outputs(interactions.pairs)
    count = len(interactions.pairs) // len(named)
    blocks: list[Block] = [
        Paragraph(
            t("report.interactions.lead", count=count, screened=interactions.screened, rows=rows_of(interactions))
        ),
        linear,
    ]
    if interactions.passed:
        blocks.insert(
            1,
            Paragraph(
                t("report.interactions.passed", count=interactions.passed, most=number(interactions.passed_most))
            ),
        )
    for place, output in enumerate(named):
        own = [row for row in interactions.pairs if row.output == output]
        table = _table(sorted(own, key=lambda row: -(row.variance.value or 0.0)))
        summary = t("report.readings.output", output=cut(output or ""))
        blocks.append(table if output is None else Fold(summary, [table], open=place == 0))
    how = t(
        "report.interactions.note",
        unit=t(f"report.interactions.unit.{document[Coefficients].scale}"),
        blocks=interactions.blocks,
        background=interactions.background,
        seed=str(interactions.seed),
    )
    return [*blocks, Paragraph(how, "note")]


def _table(rows: Sequence[InteractionRow]) -> Table:
    def measure(name: str) -> list[Column[InteractionRow]]:
        return [
            interval_column(t(f"report.interactions.{name}"), lambda row: getattr(row, name)),
            Column(t("report.interactions.stderr"), lambda row: number(getattr(row, name).stderr)),
        ]

    columns = [
        name_column(t("report.interactions.first"), lambda row: row.first),
        name_column(t("report.interactions.second"), lambda row: row.second, "t"),
        *(column for name in MEASURES for column in measure(name)),
    ]
    return table(t("report.interactions.table"), rows, columns)
