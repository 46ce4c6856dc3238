"""Report section on proxies: how well the inputs predict protected columns that are not inputs."""

from __future__ import annotations

from tabinterp.analyses.groups.record import Groups
from tabinterp.analyses.proxies.record import AblatedRow, GapPart, ProbeRow, ProxyPart
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Heading, Paragraph
from tabinterp.report.tables import Column, interval_column, table
from tabinterp.report.words import capital, layer_name, listed, number, say, stated, t, tidy

CHANCE = {"auc": 0.5, "r2": 0.0}


def build(groups: Groups, document: Document) -> list[Block]:
    return [block for proxy in groups.proxies for block in _proxy(proxy)]


def _proxy(proxy: ProxyPart) -> list[Block]:
    metric = t(f"report.proxies.metric.{proxy.metric}")
    values = {"rows": proxy.rows, "metric": metric, "chance": number(CHANCE[proxy.metric])}
    columns: list[Column[ProbeRow]] = [
        Column(t("report.proxies.read"), _place, "w"),
        interval_column(metric, lambda row: row.power),
    ]
    blocks: list[Block] = [
        Heading(t("report.proxies", column=tidy(proxy.column))),
        Paragraph(t("report.proxies.lead", column=tidy(proxy.column), **values)),
        table(t("report.proxies.table", column=tidy(proxy.column), metric=metric), proxy.probes, columns),
    ]
    for model, gap in (("network", proxy.network), ("linear", proxy.linear)):
        if gap is not None and gap.ablated:
            blocks += _gap(model, gap)
    return blocks


def _place(row: ProbeRow) -> str:
    return t(f"report.proxies.place.{row.place}", name=tidy(layer_name(row.name) if row.place == "layer" else row.name))


def _gap(model: str, gap: GapPart) -> list[Block]:
    groups = {"most": tidy(say(gap.most)), "least": tidy(say(gap.least))}
    key = "report.proxies.gap" if gap.gap.value is not None else "report.proxies.gap_held_back"
    sentence = t(key, model=capital(t(f"report.{model}")), gap=stated(gap.gap, sign=True), **groups)
    columns: list[Column[AblatedRow]] = [
        Column(t("report.proxies.columns"), lambda row: listed(map(tidy, row.columns)), "w"),
        interval_column(t("report.proxies.loss"), lambda row: row.loss, sign=True),
        interval_column(t("report.proxies.change"), lambda row: row.gap, sign=True),
        interval_column(t("report.proxies.left"), lambda row: row.left, sign=True),
    ]
    return [Paragraph(sentence), table(t("report.proxies.ablation"), gap.ablated, columns)]
