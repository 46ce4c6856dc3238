"""Report section on baselines: does the ranking of columns by integrated gradients depend on the baseline?"""

from __future__ import annotations

from tabinterp.analyses.baselines.record import BaselinePair, BaselineRow, Baselines
from tabinterp.analyses.gradients.record import Gradients
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Fold, Heading, Paragraph, Table
from tabinterp.report.tables import MODELS, STYLES, Column, name_column, table
from tabinterp.report.words import capital, cut, listed, number, sentences, share, t

STARTS = ("mean", "median", "rows")


def build(baselines: Baselines, document: Document) -> list[Block]:
    if not document[Gradients].methods:
        return []
    return [
        Heading(t("report.baselines")),
        Paragraph(t("report.baselines.lead", background=baselines.background_rows, rows=baselines.rows)),
        Paragraph(sentences(_gaps(baselines))),
        _pairs(baselines),
        Paragraph(sentences(_starts(baselines)), "note"),
        Fold(t("report.gradients.fold", count=len(baselines.columns)), [_sizes(baselines.columns)]),
    ]


def _gaps(baselines: Baselines) -> list[str]:
    return [
        t(
            "report.baselines.gap",
            baseline=_baseline(gap.baseline),
            network=number(gap.network),
            linear=number(gap.linear),
            tolerance=baselines.tolerance,
        )
        for gap in baselines.gaps
    ]


def _starts(baselines: Baselines) -> list[str]:
    lines = []
    for start in baselines.starts:
        name = _baseline(start.baseline)
        values = {"farther": share(1 - start.neighbours), "reference": start.reference}
        lines.append(t("report.baselines.start", baseline=name, **values))
        if start.unlike:
            lines.append(t("report.baselines.unlike", baseline=name, columns=listed(map(cut, start.unlike))))
    return lines


def _baseline(name: str) -> str:
    return t(f"report.baselines.{name}")


def _pairs(baselines: Baselines) -> Table:
    top = baselines.pairs[0].top
    columns: list[Column[BaselinePair]] = [
        Column(
            t("report.baselines.pair"),
            lambda pair: capital(t("report.baselines.two", first=_baseline(pair.first), second=_baseline(pair.second))),
        ),
        Column(t("report.baselines.network"), lambda pair: number(pair.network), "net"),
        Column(t("report.baselines.network_overlap", top=top), lambda pair: share(pair.network_overlap), "net"),
        Column(t("report.baselines.linear"), lambda pair: number(pair.linear), "lin"),
        Column(t("report.baselines.linear_overlap", top=top), lambda pair: share(pair.linear_overlap), "lin"),
    ]
    return table(t("report.baselines.pairs"), baselines.pairs, columns, style="")


def _sizes(rows: list[BaselineRow]) -> Table:
    def size(model: str, start: str) -> Column[BaselineRow]:
        head = t("report.baselines.size", model=capital(t(f"report.{model}")), baseline=_baseline(start))
        return Column(head, lambda row: number(getattr(row, model).get(start)), STYLES[model])

    columns = [
        name_column(t("report.column"), lambda row: row.column),
        *(size(model, start) for model in MODELS for start in STARTS),
    ]
    return table(t("report.baselines.table"), rows, columns)
