"""Check for input columns that are recodings of each other."""

from __future__ import annotations

from tabinterp.analyses.data_quality.record import TableReadings
from tabinterp.checks.shared.document_values import input_columns
from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    table = document.get(TableReadings)
    if table is None:
        return not_applicable()
    families = [" = ".join(names) for names in table.equal]
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
        title="Duplicate columns",
        measures="whether an input column is a recoding or a linear function of another input column.",
        limitations=(
            "Does not detect columns that are nearly identical or that are combinations of several others; for "
            "these, see the variance inflation factors."
        ),
        raised_when=(
            "the values of two columns correspond one to one, or their correlation is at least 0.9999 in absolute "
            "value."
        ),
        next=(
            "Keep only one column of each set of duplicates: duplicates share importance, so each looks less "
            "important than it is."
        ),
        claims={
            "raised": (
                "These input columns carry the same information: {families}.",
                "families: such as 'age = age_in_years'",
            ),
            "cleared": "None of the {count} input columns is a recoding or a linear function of another input column.",
            "not_applicable": "Not applicable: data quality was not analysed. Include the data_quality analysis.",
        },
    ),
)
