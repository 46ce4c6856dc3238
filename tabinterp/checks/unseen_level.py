"""Do held-out rows hold levels that no training row has?"""

from __future__ import annotations

from tabinterp.checks.shared.document_values import input_columns
from tabinterp.checks.shared.power import of_counts, share_of, with_power
from tabinterp.document.document import Document
from tabinterp.table.suppression import SMALL

from .base import UNBOUNDED, Check, Limit, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    held_out = document.data.held_out_rows
    known = [one for one in input_columns(document) if one.unseen_levels is None or one.unseen_levels >= 0]
    if document.table is None or held_out is None or not known:
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
    limits={"rows": Limit(SMALL, SMALL, UNBOUNDED)},
    text=Text(
        title="Levels absent from training",
        measures="Number of held-out rows with a level that no training row has.",
        limitations="Does not detect levels that first appear in later data.",
        raised_when="In at least one column, {rows} or more held-out rows have levels that do not occur in the training rows.",
        next="Check how the encoder treats unknown levels: predictions for these rows depend on it.",
        claims={
            "raised": (
                (
                    "Some held-out rows have levels that no training row has, in these columns: {columns}. In "
                    "{column}, {rows} rows are affected ({levels} levels)."
                ),
                "columns: names; column: the one with the most such rows; levels: a number of levels",
            ),
            "cleared": (
                (
                    "The number of held-out rows with levels absent from training is below the limit in "
                    "every column. Columns with one to nine such rows: {few}."
                ),
                "few: a number of columns",
            ),
            "not_applicable": (
                "Not applicable: there is no split, so there are no held-out rows to compare with training rows."
            ),
        },
    ),
)
