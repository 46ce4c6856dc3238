"""Report section on ablation: the rise in loss when a group of correlated hidden units is ablated."""

from __future__ import annotations

from tabinterp.analyses.ablation.record import UnitGroup
from tabinterp.analyses.hidden_units.record import Inside
from tabinterp.analyses.unit_correlations.record import Neurons
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Fold, Paragraph
from tabinterp.report.tables import Column, interval_column, table
from tabinterp.report.words import cut, layer_name, listed, signed, t, two

from .record import UnitGroups

GROUPS = 8
NAMED = 6  # maximum number of units listed for a group


def build(groups: UnitGroups, document: Document) -> list[Block]:
    inside = document.get(Inside)
    lead = t(
        "report.mechanism.groups.lead",
        rows_of=t(f"report.rows_of.{document[Neurons].rows_of}", rows=groups.rows),
        together=two(groups.together),
        repeats=groups.repeats,
        loss=t(f"report.metric.{document.verdict.metric if inside is None else inside.loss}"),
    )
    columns: list[Column[UnitGroup]] = [
        Column(t("report.mechanism.groups.units"), _units, "w"),
        interval_column(t("report.mechanism.groups.resample"), lambda row: row.resample, sign=True),
        Column(t("report.mechanism.groups.alone"), lambda row: signed(row.alone)),
        interval_column(t("report.mechanism.groups.mean"), lambda row: row.mean, sign=True),
        interval_column(t("report.mechanism.groups.zero"), lambda row: row.zero, sign=True),
    ]
    shown = groups.groups[:GROUPS]
    caption = t("report.mechanism.groups.table", shown=len(shown), count=len(groups.groups))
    note = Paragraph(t("report.mechanism.groups.note"), "note")
    blocks: list[Block] = [Paragraph(lead), table(caption, shown, columns), note]
    return [Fold(t("report.mechanism.groups.fold", count=len(groups.groups)), blocks)]


def _units(group: UnitGroup) -> str:
    units = listed(map(str, group.units[:NAMED]))
    if len(group.units) > NAMED:
        units = t("report.mechanism.groups.more", units=units, count=len(group.units) - NAMED)
    return t("report.mechanism.groups.group", layer=cut(layer_name(group.layer)), units=units)
