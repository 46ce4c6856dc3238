"""Check whether held-out rows contain levels that do not occur in training rows."""

from __future__ import annotations

from tabinterp.analyses.data_quality.record import TableReadings
from tabinterp.checks.shared.document_values import input_columns
from tabinterp.checks.shared.power import of_counts, share_of, with_power
from tabinterp.document.document import Document
from tabinterp.table.suppression import SMALL

from .base import UNBOUNDED, Check, Limit, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    held_out = document.data.held_out_rows
    known = [one for one in input_columns(document) if one.unseen_levels is None or one.unseen_levels >= 0]
    if document.get(TableReadings) is None or held_out is None or not known:
        return not_applicable()
    unseen = [column for column in known if (column.unseen_rows or 0) >= limits["rows"]]
    if not unseen:
        passed = cleared(few=sum(column.unseen_rows is None for column in known))
        power = of_counts(document, "share", share_of(int(limits["rows"]), held_out), held_out)
        return with_power(passed, power, 1.0)
    first, names = max(unseen, key=lambda column: column.unseen_rows or 0), [column.column for column in unseen]
    return raised(columns=names, column=first.column, rows=first.unseen_rows, levels=first.unseen_levels)


CHECK = Check(
    code="TI-D11",
    slug="unseen-level",
    severity="check",
    section="data",
    evaluate=evaluate,
    limits={
        "rows": Limit(
            SMALL,
            SMALL,
            UNBOUNDED,
            means="number of held-out rows with a level that does not occur in the training rows",
        )
    },
    text=Text(
        title="Levels absent from training",
        measures="the number of held-out rows with a level that does not occur in the training rows.",
        limitations="Does not detect levels that first appear in later data.",
        raised_when="in at least one column, {rows} or more held-out rows have levels that do not occur in the training rows.",
        next=(
            "Check how the encoder treats unknown levels, because predictions for rows with such levels depend on "
            "this treatment."
        ),
        claims={
            "raised": (
                (
                    "Some held-out rows have levels that do not occur in the training rows, in these columns: "
                    "{columns}. In {column}, {rows} held-out rows have a level absent from the training rows (number of "
                    "such levels: {levels})."
                ),
                "columns: names; column: the one with the most such rows; levels: a number of levels",
            ),
            "cleared": (
                (
                    "The number of held-out rows with levels absent from the training rows is below the limit in every "
                    "column. Number of columns in which one to nine held-out rows have a level absent from "
                    "the training rows: {few}."
                ),
                "few: a number of columns",
            ),
            "not_applicable": (
                "Not applicable: there is no split, so there are no held-out rows to compare with training rows."
            ),
        },
    ),
)
