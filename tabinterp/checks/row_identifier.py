"""Check for input columns that identify individual rows."""

from __future__ import annotations

from tabinterp.analyses.data_quality.record import TableReadings
from tabinterp.checks.shared.document_values import input_columns
from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    table = document.get(TableReadings)
    if table is None:
        return not_applicable()
    columns = input_columns(document)
    identifiers = [column for column in columns if column.identifier is not None]
    if not identifiers:
        return cleared(count=len(columns))
    first, names = identifiers[0], [column.column for column in identifiers]
    return raised(columns=names, column=first.column, distinct=first.distinct, rows=table.rows)


CHECK = Check(
    code="TI-D04",
    slug="row-identifier",
    severity="check",
    section="data",
    evaluate=evaluate,
    text=Text(
        title="Identifier used as input",
        measures=(
            "whether a categorical or whole-number column identifies individual rows. Such a column counts as an "
            "identifier if nearly all of its values are distinct. The values of a whole-number column must also follow the row "
            "order, fill at least half of their range, or all be different."
        ),
        limitations="Does not detect identifiers with decimals, or identifiers that many rows share.",
        raised_when=(
            "at least 95% of the values of a column are distinct. In a whole-number column, the values must also "
            "follow the row order, fill at least half of their range, or all be different."
        ),
        next=(
            "Remove identifier columns, because a network can only memorise them. If an identifier represents time, "
            "convert it to a date, and split the rows into training and held-out rows by date."
        ),
        claims={
            "raised": (
                (
                    "These input columns identify individual rows: {columns}. {column} has {distinct} distinct "
                    "values in {rows} rows."
                ),
                "columns: names; column: the first of them; distinct: the number of its values",
            ),
            "cleared": "None of the {count} input columns looks like a row identifier.",
            "not_applicable": "Not applicable: data quality was not analysed. Include the data_quality analysis.",
        },
    ),
)
