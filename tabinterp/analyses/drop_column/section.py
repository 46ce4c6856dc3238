"""Drop-column importance on the page: which rows the linear refits without a column were fitted to and scored on.

Their numbers are a column of the table of conditional importance.
"""

from __future__ import annotations

from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Paragraph
from tabinterp.report.words import t


def build(document: Document) -> list[Block]:
    part = document.together
    if part is None:
        return []
    if part.refit_rows is None:
        return [Paragraph(t("report.together.refit.none"), "note")]
    values = {"training": part.refit_rows, "rows": part.refit_scored_rows}
    return [Paragraph(t("report.together.refit", **values), "note")]
