"""Are there input columns that identify the row?"""

from __future__ import annotations

from tabinterp.checks.shared.document_values import input_columns
from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    if document.table is None:
        return not_applicable()
    columns = input_columns(document)
    identifiers = [column for column in columns if column.identifier is not None]
    if not identifiers:
        return cleared(count=len(columns))
    first, names = identifiers[0], [column.column for column in identifiers]
    return raised(columns=names, column=first.column, distinct=first.distinct, rows=document.table.rows)


CHECK = Check(
    code="TI-D04",
    slug="row-identifier",
    severity="check",
    section="data",
    evaluate=evaluate,
    text=Text(
        title="A column names the row",
        measures=(
            "whether nearly every row has its own level or whole number, in order, filling a range, or each once"
        ),
        limitations="Identifiers with decimals, and those that many rows share.",
        raised_when="95% distinct values, and one of the three.",
        next="Leave the column out: it can only be memorised. If it stands for time, make it a date and split by it.",
        claims={
            "raised": (
                "These input columns name the row: {columns}. {column} holds {distinct} values in {rows} rows.",
                "columns: names; column: the first of them; distinct: the number of its values",
            ),
            "cleared": "None of {count} input columns names the row.",
            "not_applicable": "The rows were not read.",
        },
    ),
)
