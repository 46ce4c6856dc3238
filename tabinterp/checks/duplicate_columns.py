"""Are there input columns that are recodings of each other?"""

from __future__ import annotations

from tabinterp.checks.shared.document_values import input_columns
from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    if document.table is None:
        return not_applicable()
    families = [" = ".join(names) for names in document.table.equal]
    if families:
        return raised(families=families, count=len(families))
    return cleared(count=len(input_columns(document)))


CHECK = Check(
    code="TI-D06",
    slug="duplicate-columns",
    severity="check",
    section="data",
    evaluate=evaluate,
    text=Text(
        title="Columns that tell the same",
        measures="whether one column is a recoding of another, or a number on one line with it",
        limitations="Columns that are nearly alike, or alike in combination: see the variance inflation factors.",
        raised_when="One-to-one values, or a correlation of 0.9999.",
        next="Keep one of them: importance is shared between copies, and each looks weaker than it is.",
        claims={
            "raised": (
                "Input columns that tell the same: {families}.",
                "families: such as 'age = age_in_years'",
            ),
            "cleared": "No two of {count} input columns tell the same.",
            "not_applicable": "The rows were not read.",
        },
    ),
)
