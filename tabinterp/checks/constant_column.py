"""Are there input columns of a single value?"""

from __future__ import annotations

from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    constant = [column.name for column in document.data.columns if column.role == "input" and column.constant]
    return raised(columns=constant) if constant else cleared()


CHECK = Check(
    code="TI-D01",
    slug="constant-column",
    severity="note",
    section="method",
    evaluate=evaluate,
    text=Text(
        title="Columns of one value",
        measures="the number of distinct values",
        limitations="Columns that are almost constant.",
        raised_when="One value, or none.",
        next="Leave the column out.",
        claims={
            "raised": (
                "These input columns hold a single value: {columns}.",
                "columns: names",
            ),
            "cleared": "Every input column holds at least two values.",
        },
    ),
)
