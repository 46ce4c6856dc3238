"""Check for input columns that contain a single value."""

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
        title="Constant columns",
        measures="the number of distinct values in each input column.",
        limitations="Does not detect columns that are nearly constant.",
        raised_when="an input column has one distinct value, or none.",
        next="Remove constant columns.",
        claims={
            "raised": (
                "These input columns are constant: {columns}.",
                "columns: names",
            ),
            "cleared": "Every input column has at least two distinct values.",
        },
    ),
)
