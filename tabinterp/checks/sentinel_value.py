"""Check whether codes for missing values, such as 999 or -1, are treated as numbers."""

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
        title="Missing-value code read as a number",
        measures="whether many rows share a value, such as 999 or −1, that lies apart from the other values.",
        limitations="Does not detect codes that look like ordinary values, such as 0.",
        raised_when=(
            "a value occurs in at least ten rows and in at least 0.2% of all rows, and its distance from the range "
            "of the other values exceeds the width of that range (or half the width, if the value looks like a "
            "code, such as −1 or 999). A value that looks like a code is also reported if it is the only negative "
            "value, or if it occurs at least ten times as often as neighbouring values."
        ),
        next=(
            "Find out what the values that look like missing-value codes mean. Recode such values as missing, and "
            "add an indicator column."
        ),
        claims={
            "raised": (
                (
                    "Some values look like missing-value codes, but are read as numbers ({columns}). The value "
                    "{value} occurs in {rows} rows of {column} ({percent}%)."
                ),
                "columns: such as 'age: 999'; column: the one with the most such rows; value: the code",
            ),
            "cleared": "None of the {count} numeric columns has a value that looks like a missing-value code.",
            "not_applicable": "Not applicable: the network has no numeric inputs.",
        },
    ),
)
