"""Groups in which one model is much better: a sentence, and the groups that were found."""

from __future__ import annotations

from tabinterp.report.blocks import Block, Cell, Heading, Paragraph, Table
from tabinterp.report.words import cells, counted, interval, say, sentences, t, tidy

from .types import Slices


def slices(part: Slices) -> list[Block]:
    blocks: list[Block] = [Heading(t("report.slices")), *(Paragraph(say(told)) for told in part.sentences)]
    if not part.found:
        return blocks
    head = [Cell(t("report.slices.group"), style="w")]
    head += cells([t("report.slices.difference"), t("report.slices.rest")])
    head += [Cell(t("report.slices.status"), style="t"), Cell(t("report.slices.rows"))]
    body = [
        [
            Cell(tidy(say(row.group)), style="w"),
            *cells([interval(row.difference, sign=True), interval(row.against_rest, sign=True)]),
            Cell(t(f"report.gain.status.{row.status}"), style="t"),
            Cell(counted(row.rows)),
        ]
        for row in part.found
    ]
    caption = t("report.slices.table", metric=t(f"report.metric.{part.metric}"))
    more = [t("report.slices.hidden", hidden=part.hidden)] if part.hidden else []
    return [*blocks, Table(caption, head, body), Paragraph(sentences([t("report.slices.note"), *more]), "note")]
