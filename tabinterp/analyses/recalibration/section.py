"""Report section on recalibration: the primary metric before and after both models are recalibrated."""

from __future__ import annotations

from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Heading, Paragraph
from tabinterp.report.tables import metric_table
from tabinterp.report.words import draws, t

from .record import Recalibration


def build(recalibration: Recalibration, document: Document) -> list[Block]:
    lead = t(
        "report.judged.recalibration.lead",
        map=t(f"report.judged.map.{document.data.task}"),
        rows=recalibration.rows,
        others=recalibration.folds - 1,
        folds=recalibration.folds,
        draws=draws(document),
    )
    before, after = (t(f"report.judged.status.{status}") for status in (document.verdict.status, recalibration.status))
    change = "same" if before == after else "other"
    sentence = t(f"report.judged.recalibration.{change}", status=after, before=before)
    unchanged = [row for row in document.performance.metrics if row.metric == recalibration.row.metric]
    rows = [(t("report.judged.before"), row) for row in unchanged[:1]] + [(t("report.judged.after"), recalibration.row)]
    return [
        Heading(t("report.judged.recalibration")),
        Paragraph(sentence),
        metric_table(t("report.judged.recalibration.table"), "report.judged.when", rows),
        Paragraph(lead, "note"),
    ]
