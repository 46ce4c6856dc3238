"""Report section on drop-column importance: the numbers of rows used to refit and to evaluate the linear model.

The importance of each column is shown in the table of conditional importance.
"""

from __future__ import annotations

from tabinterp.analyses.conditional_importance.record import Together
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Paragraph
from tabinterp.report.words import t


def build(document: Document) -> list[Block]:
    importance = document.get(Together)
    if importance is None:
        return []
    if importance.refit_rows is None:
        return [Paragraph(t("report.together.refit.none"), "note")]
    values = {"training": importance.refit_rows, "rows": importance.refit_scored_rows}
    return [Paragraph(t("report.together.refit", **values), "note")]
