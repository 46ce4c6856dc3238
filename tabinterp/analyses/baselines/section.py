"""Baselines on the page: whether the order of the columns depends on where integrated gradients start."""

from __future__ import annotations

from tabinterp.analyses.conditional_importance.types import BaselinePair, BaselineRow, Baselines
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Fold, Heading, Paragraph, Table
from tabinterp.report.tables import MODELS, STYLES, Column, name_column, table
from tabinterp.report.words import cut, listed, number, sentences, share, t

STARTS = ("mean", "median", "rows")


def build(document: Document) -> list[Block]:
    part = document.gradients.baselines
    if not document.gradients.methods or part is None:
        return []
    return [
        Heading(t("report.baselines")),
        Paragraph(t("report.baselines.lead", background=part.background_rows, rows=part.rows)),
        Paragraph(sentences(_gaps(part))),
        _pairs(part),
        Paragraph(sentences(_starts(part)), "note"),
        Fold(t("report.gradients.fold", count=len(part.columns)), [_sizes(part.columns)]),
    ]


def _gaps(part: Baselines) -> list[str]:
    return [
        t(
            "report.baselines.gap",
            baseline=_baseline(gap.baseline),
            network=number(gap.network),
            linear=number(gap.linear),
            tolerance=part.tolerance,
        )
        for gap in part.gaps
    ]


def _starts(part: Baselines) -> list[str]:
    lines = []
    for start in part.starts:
        name = _baseline(start.baseline)
        values = {"farther": share(1 - start.neighbours), "reference": start.reference}
        lines.append(t("report.baselines.start", baseline=name, **values))
        if start.unlike:
            lines.append(t("report.baselines.unlike", baseline=name, columns=listed(map(cut, start.unlike))))
    return lines


def _baseline(name: str) -> str:
    return t(f"report.baselines.{name}")


def _pairs(part: Baselines) -> Table:
    top = part.pairs[0].top
    columns: list[Column[BaselinePair]] = [
        Column(
            t("report.baselines.pair"),
            lambda pair: t("report.baselines.two", first=_baseline(pair.first), second=_baseline(pair.second)),
        ),
        Column(t("report.baselines.network"), lambda pair: number(pair.network), "net"),
        Column(t("report.baselines.network_overlap", top=top), lambda pair: share(pair.network_overlap), "net"),
        Column(t("report.baselines.linear"), lambda pair: number(pair.linear), "lin"),
        Column(t("report.baselines.linear_overlap", top=top), lambda pair: share(pair.linear_overlap), "lin"),
    ]
    return table(t("report.baselines.pairs"), part.pairs, columns, style="")


def _sizes(rows: list[BaselineRow]) -> Table:
    def size(model: str, start: str) -> Column[BaselineRow]:
        head = t("report.baselines.size", model=t(f"report.{model}"), baseline=_baseline(start))
        return Column(head, lambda row: number(getattr(row, model).get(start)), STYLES[model])

    columns = [
        name_column(t("report.column"), lambda row: row.column),
        *(size(model, start) for model in MODELS for start in STARTS),
    ]
    return table(t("report.baselines.table"), rows, columns)
