"""Report section on resilience: the excess rise in loss on the hardest rows, and folded tables of all subsets and the worst
cluster.
"""

from __future__ import annotations

from tabinterp.document.document import Document
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Figure, Fold, Heading, Key, Panels, Paragraph, Table
from tabinterp.report.tables import MODELS, Column, interval_column, table
from tabinterp.report.words import capital, counted, interval, number, say, share, stated, t, tidy

from .record import LEAST, Cluster, OnRows, Record, Trait


def build(record: Record, document: Document) -> list[Block]:
    metric, linear = t(f"report.metric.{record.metric}"), document.linear.name
    hardest = [one for one in record.subsets if one.kind == "hardest"]
    lead = [
        Paragraph(
            t(
                "report.resilience.lead",
                share=_percent(one),
                metric=metric,
                linear=linear,
                rise=stated(one.rise, sign=True),
            )
        )
        for one in hardest[:1]
    ]
    note = t("report.resilience.note", rows=record.rows, metric=metric, linear=linear, least=LEAST)
    folded: list[Block] = [
        Paragraph(note, "note"),
        *_drift(record),
        *_tables(record, document, metric),
        *([] if record.cluster is None else [_cluster(record.cluster)]),
    ]
    panels = [
        _curve(record, kind, metric) for kind in ("hardest", "outer") if any(one.kind == kind for one in record.subsets)
    ]
    if panels:
        folded.append(Panels([[one] for one in panels]))
    return [Heading(t("report.resilience.heading")), *lead, Fold(t("report.resilience.fold"), tuple(folded))]


def _percent(row: OnRows) -> str:
    return f"{100 * (row.share or 0.0):g}%"


def _drift(record: Record) -> list[Block]:
    if record.drift.low is None:
        return []
    found = record.drift.low > 0.5
    shown = any(one.kind == "drift" for one in record.subsets)
    key = "none" if not found else "found" if shown else "few"
    return [Paragraph(t(f"report.resilience.drift.{key}", auc=stated(record.drift)), "note")]


def _tables(record: Record, document: Document, metric: str) -> list[Table]:
    """Return a table of losses and a table of AUC or R2.

    Each table has one line for all rows, one for the smallest share of each kind of subset, one for the worst cluster and one for
    drift.
    """
    rows: list[OnRows] = []
    for one in record.subsets:
        if all(one.kind != other.kind for other in rows):
            rows.append(one)
    first: Column[OnRows] = Column(
        t("report.resilience.of"),
        lambda row: t(f"report.resilience.{row.kind}", share=_percent(row), linear=document.linear.name),
        "w",
    )
    columns: list[Column[OnRows]] = [
        first,
        interval_column(capital(t("report.network")), lambda row: row.network, "net"),
        interval_column(capital(t("report.linear")), lambda row: row.linear, "lin"),
        interval_column(t("report.difference"), lambda row: row.difference, sign=True),
        interval_column(t("report.resilience.rise"), lambda row: row.rise, sign=True),
        Column(t("report.resilience.rows"), lambda row: counted(row.rows)),
    ]
    made = [table(t("report.resilience.table", metric=capital(metric)), rows, columns)]
    if record.power is not None:
        powers: list[Column[OnRows]] = [
            first,
            interval_column(capital(t("report.network")), lambda row: row.network_power, "net"),
            interval_column(capital(t("report.linear")), lambda row: row.linear_power, "lin"),
            interval_column(t("report.difference"), lambda row: row.power_difference, sign=True),
        ]
        caption = t("report.resilience.power", metric=t(f"report.metric.{record.power}"))
        made.append(table(caption, [row for row in rows if row.network_power.value is not None], powers))
    return made


def _cluster(cluster: Cluster) -> Table:
    def shown(trait: Trait, value: float) -> str:
        return share(value) if trait.is_share else number(value)

    columns: list[Column[Trait]] = [
        Column(t("report.column"), lambda row: tidy(say(row.of)), "w"),
        Column(t("report.resilience.inside"), lambda row: shown(row, row.inside)),
        Column(t("report.resilience.outside"), lambda row: shown(row, row.outside)),
    ]
    return table(t("report.resilience.cluster.table", rows=cluster.rows), cluster.traits, columns)


def _curve(record: Record, kind: str, metric: str) -> Figure:
    rows = [*(one for one in record.subsets if one.kind == kind), record.subsets[0]]
    both = [figures.series(model, [getattr(one, model) for one in rows]) for model in MODELS]
    aria = t(f"report.resilience.aria.{kind}", metric=metric, count=len(rows))

    def title(place: int, model: str) -> str:
        value = interval(getattr(rows[place], model))
        return t("report.mark", name=_percent(rows[place]), model=t(f"report.{model}"), value=value)

    axes = (t(f"report.resilience.x.{kind}"), capital(metric))
    shares = [one.share or 0.0 for one in rows]
    svg = figures.over_sizes(shares, both, axes, aria, f"figure-resilience-{kind}", title, root=False)
    legend = [Key("●", "net", t("report.judged.legend.network")), Key("◇", "lin", t("report.judged.legend.linear"))]
    columns: list[Column[OnRows]] = [
        Column(t("report.resilience.share"), _percent),
        interval_column(capital(t("report.network")), lambda row: row.network, "net"),
        interval_column(capital(t("report.linear")), lambda row: row.linear, "lin"),
        interval_column(t("report.difference"), lambda row: row.difference, sign=True),
    ]
    caption = t(f"report.resilience.caption.{kind}", metric=capital(metric))
    return Figure(svg, aria, legend, caption, table(caption, rows, columns))
