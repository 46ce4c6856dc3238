"""Report section on disagreement: on which rows the two models differ, and which of them is right on these rows."""

from __future__ import annotations

from tabinterp.analyses.disagreement.record import Leaf
from tabinterp.document.document import Document, Interval
from tabinterp.report.blocks import Block, Heading, Paragraph, Table
from tabinterp.report.tables import Column, interval_column, table
from tabinterp.report.words import counted, interval, number, say, series, t, tidy
from tabinterp.table.suppression import SMALL

from .record import RIGHT, Disagreement


def build(disagreement: Disagreement, document: Document) -> list[Block]:
    """Return a table of the shares of rows on which the models differ, and a description of these rows."""
    blocks: list[Block] = [
        Heading(t("report.disagreement")),
        *(Paragraph(say(line)) for line in disagreement.sentences if line.key.startswith("disagreement.tree")),
        _shares(disagreement, document),
    ]
    if not disagreement.leaves:
        return blocks
    columns: list[Column[Leaf]] = [
        Column(t("report.disagreement.rule"), lambda leaf: tidy(series(map(say, leaf.conditions))), "w"),
        interval_column(t("report.disagreement.share"), lambda leaf: leaf.share),
        Column(t("report.disagreement.rows"), lambda leaf: counted(leaf.rows)),
    ]
    note = t("report.disagreement.note", fitted=disagreement.fitted_rows, scored=disagreement.scored_rows)
    return [*blocks, table(t("report.disagreement.rules"), disagreement.leaves, columns), Paragraph(note, "note")]


def _shares(disagreement: Disagreement, document: Document) -> Table:
    """Return a table of the share of rows on which the models differ, and how often each model is right on these rows."""
    rows = [(_which(disagreement), _share(disagreement, disagreement.share))]
    if document.data.task != "multiclass":
        positive = tidy(document.data.classes[-1]) if document.data.task == "binary" else None
        key = "report.disagreement.larger" if positive is None else "report.disagreement.positive"
        rows.append((t(key, positive=positive), _higher(disagreement)))
    right = RIGHT if disagreement.neither.value else RIGHT[:2]
    rows += [(t(f"report.disagreement.{name}"), _share(disagreement, getattr(disagreement, name))) for name in right]
    columns: list[Column[tuple[str, str]]] = [
        Column(t("report.disagreement.kind"), lambda row: row[0], "w"),
        Column(t("report.disagreement.of"), lambda row: row[1]),
    ]
    return table(t("report.disagreement.shares", rows=disagreement.rows), rows, columns, style="")


def _which(disagreement: Disagreement) -> str:
    if disagreement.threshold is None:
        return t("report.disagreement.classes")
    return t("report.disagreement.numbers", threshold=number(disagreement.threshold))


def _higher(disagreement: Disagreement) -> str:
    """Return, as text, the share of the rows with different predictions on which the network's prediction is higher."""
    nearly = disagreement.nearly_always_higher
    return (
        _share(disagreement, disagreement.network_higher)
        if nearly is None
        else t(f"report.disagreement.nearly.{nearly}", fewest=SMALL)
    )


def _share(disagreement: Disagreement, part: Interval) -> str:
    """Return a share as text. If the number of differing rows is withheld, the share is marked as approximate."""
    if part.value is None:
        return t("report.withheld")
    return interval(part) if disagreement.count is not None else t("report.disagreement.about", share=interval(part))
