"""Report section on subgroup gaps: groups of rows in which the network's loss is higher than noise can explain."""

from __future__ import annotations

from tabinterp.analyses.subgroup_gaps.record import WeakRow
from tabinterp.document.base import side
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Heading, Paragraph
from tabinterp.report.tables import Column, interval_column, table
from tabinterp.report.words import counted, group_name, number, share, t

from .record import WeakPart


def build(gaps: WeakPart, document: Document) -> list[Block]:
    lead = t("report.weak.lead", searched=gaps.searched, rows=gaps.rows, mean=number(gaps.mean), null=number(gaps.null))
    blocks: list[Block] = [Heading(t("report.weak")), Paragraph(lead)]
    if not gaps.found:
        return blocks
    columns: list[Column[WeakRow]] = [
        Column(t("report.groups.group"), lambda row: group_name(row.group), "w"),
        Column(t("report.groups.rows"), lambda row: counted(row.rows)),
        Column(t("report.weak.loss"), lambda row: number(row.loss)),
        Column(t("report.weak.rest"), lambda row: number(row.rest)),
        interval_column(t("report.weak.difference"), lambda row: row.difference, sign=True),
        Column(t("report.weak.skill"), lambda row: share(row.skill)),
        interval_column(t("report.weak.beyond"), lambda row: row.beyond, sign=True),
        interval_column(t("report.weak.excess"), lambda row: row.excess, sign=True),
    ]
    worse = sum(side(row.difference) > 0 for row in gaps.found)
    note = "report.weak.note" if any(row.excess.value is not None for row in gaps.found) else "report.weak.note_mean"
    return [
        *blocks,
        Paragraph(t("report.weak.found", count=len(gaps.found), worse=worse)),
        table(t("report.weak.caption"), gaps.found, columns),
        Paragraph(t(note), "note"),
    ]
