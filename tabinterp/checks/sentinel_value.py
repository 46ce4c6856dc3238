"""Are codes for a missing value, such as 999 or -1, read as numbers?"""

from __future__ import annotations

from tabinterp.checks.shared.document_values import input_columns
from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    numeric = {column.name for column in document.data.columns if column.kind == "numeric"}
    numbers = [column for column in input_columns(document) if column.column in numeric]
    if not numbers:
        return not_applicable()
    spikes = [(column.column, column.spike) for column in numbers if column.spike is not None]
    if not spikes:
        return cleared(count=len(numbers))
    name, spike = max(spikes, key=lambda one: one[1].rows)
    names = [f"{column}: {one.value:g}" for column, one in spikes]
    return raised(columns=names, column=name, value=spike.value, rows=spike.rows, percent=100 * spike.share)


CHECK = Check(
    code="TI-D09",
    slug="sentinel-value",
    severity="check",
    section="data",
    evaluate=evaluate,
    text=Text(
        title="A code for missing is read as a number",
        measures="values such as 999 or -1 that many rows hold and that lie apart from the others",
        limitations="Codes that look like honest values, such as 0.",
        raised_when=(
            "Ten rows and 0.2% of them; outside the others by half their range (any value: by all of it), or a heap "
            "of ten times the rows beside."
        ),
        next="Ask what the value means; make it missing, with an indicator.",
        claims={
            "raised": (
                (
                    "Numbers that look like codes for a missing value are read as numbers: {columns}. {value} stands "
                    "in {rows} rows of {column} ({percent}%), apart from its other values."
                ),
                "columns: such as 'age: 999'; column: the one with the most such rows; value: the code",
            ),
            "cleared": "None of {count} numbers has a value that looks like a code.",
            "not_applicable": "The network reads no number.",
        },
    ),
)
