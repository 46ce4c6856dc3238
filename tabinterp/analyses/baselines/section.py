"""Integrated gradients from three baselines: does the order of the columns depend on where the paths start?"""

from __future__ import annotations

from tabinterp.analyses.conditional_importance.types import BaselineRow, Baselines
from tabinterp.report.blocks import Block, Cell, Fold, Heading, Paragraph, Table
from tabinterp.report.words import cells, cut, listed, name_cell, number, sentences, share, t

STARTS = ("mean", "median", "rows")


def baselines(part: Baselines) -> list[Block]:
    blocks: list[Block] = [
        Heading(t("report.baselines")),
        Paragraph(t("report.baselines.lead", background=part.background_rows, rows=part.rows)),
        Paragraph(sentences(_gaps(part))),
        _pairs(part),
        Paragraph(sentences(_starts(part)), "note"),
    ]
    blocks.append(Fold(t("report.gradients.fold", count=len(part.columns)), [_sizes(part.columns)]))
    return blocks


def _gaps(part: Baselines) -> list[str]:
    return [
        t(
            "report.baselines.gap",
            baseline=t(f"report.baselines.{gap.baseline}"),
            network=number(gap.network),
            linear=number(gap.linear),
            tolerance=part.tolerance,
        )
        for gap in part.gaps
    ]


def _starts(part: Baselines) -> list[str]:
    told = []
    for start in part.starts:
        name = t(f"report.baselines.{start.baseline}")
        told.append(
            t("report.baselines.start", baseline=name, farther=share(1 - start.neighbours), reference=start.reference)
        )
        if start.unlike:
            told.append(t("report.baselines.unlike", baseline=name, columns=listed(map(cut, start.unlike))))
    return told


def _pairs(part: Baselines) -> Table:
    top = part.pairs[0].top
    head = [
        Cell(t("report.baselines.pair")),
        Cell(t("report.baselines.network"), style="net"),
        Cell(t("report.baselines.network_overlap", top=top), style="net"),
        Cell(t("report.baselines.linear"), style="lin"),
        Cell(t("report.baselines.linear_overlap", top=top), style="lin"),
    ]
    rows = [
        [
            Cell(
                t(
                    "report.baselines.two",
                    first=t(f"report.baselines.{pair.first}"),
                    second=t(f"report.baselines.{pair.second}"),
                )
            ),
            *cells(
                [number(pair.network), share(pair.network_overlap), number(pair.linear), share(pair.linear_overlap)]
            ),
        ]
        for pair in part.pairs
    ]
    return Table(t("report.baselines.pairs"), head, rows, style="")


def _sizes(rows: list[BaselineRow]) -> Table:
    def head(model: str) -> list[Cell]:
        words = [
            t("report.baselines.size", model=t(f"report.{model}"), baseline=t(f"report.baselines.{s}")) for s in STARTS
        ]
        return [Cell(one, style="net" if model == "network" else "lin") for one in words]

    body = [
        [name_cell(row.column), *cells([number(of.get(s)) for of in (row.network, row.linear) for s in STARTS])]
        for row in rows
    ]
    return Table(t("report.baselines.table"), [Cell(t("report.column")), *head("network"), *head("linear")], body)
