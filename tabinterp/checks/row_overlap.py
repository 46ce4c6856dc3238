"""Check whether held-out rows are copies of training rows.

The check is raised if held-out rows equal a training row more often than training rows equal each other. This comparison prevents
false alarms in a table with few distinct values, in which both kinds of duplicates are frequent.
"""

from __future__ import annotations

from tabinterp.analyses.data_quality.record import TableReadings
from tabinterp.document.document import Document
from tabinterp.table.suppression import SMALL

from .base import UNBOUNDED, Check, Limit, Limits, Outcome, Text, not_applicable

OVERLAP_PERCENT = 1.0  # percentage of the held-out rows, beyond the share of training rows that equal each other


def evaluate(document: Document, limits: Limits) -> Outcome:
    table = document.get(TableReadings)
    if table is None or table.copies.held_out_rows is None:
        return not_applicable()
    copies, within, rows = table.copies.across_whole, table.copies.training_whole, table.copies.held_out_rows
    if copies is None:
        return Outcome("cleared", "cleared_few", {"rows": rows})
    training = table.rows - rows
    values: dict[str, object] = {"count": copies, "rows": rows, "percent": 100 * copies / rows}
    if within is not None:
        values["training"] = 100 * within / training
    excess = copies / rows - (SMALL - 1 if within is None else within) / training
    if table.copies.copied and copies >= limits["rows"] and 100 * excess >= limits["percent"]:
        return Outcome("raised", "raised_training_few" if within is None else "raised", values)
    return Outcome("cleared", "cleared_training_few" if within is None else "cleared", values)


CHECK = Check(
    code="TI-D08",
    slug="row-overlap",
    severity="act",
    section="data",
    evaluate=evaluate,
    limits={
        "percent": Limit(
            OVERLAP_PERCENT,
            most=100,
            means=(
                "share of held-out rows that match a training row, minus the share of training rows that match another "
                "training row, in percentage points"
            ),
        ),
        "rows": Limit(SMALL, SMALL, UNBOUNDED, means="number of held-out rows that match a training row"),
    },
    voids_comparison=True,
    text=Text(
        title="Rows duplicated across the split",
        measures=(
            "the share of held-out rows that match a training row in every column except row identifiers, compared with "
            "the share of training rows that match another training row."
        ),
        limitations=(
            "Does not detect rows that are nearly identical, or related rows such as several rows of one person; for "
            "related rows, supply a group column."
        ),
        raised_when=(
            "at least {rows} held-out rows match a training row. In addition, the percentage of held-out rows that match a "
            "training row, minus the percentage of training rows that match another training row, must be at least {percent} and "
            "significantly above zero (one-sided p-value below 0.01)."
        ),
        next="Remove duplicate rows before splitting, then retrain the network and repeat the audit.",
        claims={
            "raised": (
                (
                    "Of the {rows} held-out rows, {count} ({percent}%) match a training row in every column, but only "
                    "{training}% of training rows match another training row. Performance on these held-out rows may reflect "
                    "memorisation."
                ),
                "count, rows: numbers of held-out rows; training: a share of the training rows",
            ),
            "raised_training_few": (
                (
                    "Of the {rows} held-out rows, {count} ({percent}%) match a training row in every column, but fewer than "
                    "ten training rows match another training row. Performance on these held-out rows may reflect "
                    "memorisation."
                ),
                "count, rows: numbers of held-out rows",
            ),
            "cleared": (
                (
                    "Of the {rows} held-out rows, {count} ({percent}%) match a training row in every column. "
                    "Given that {training}% of training rows match another training row, this overlap is "
                    "within the limits."
                ),
                "count, rows: numbers of held-out rows; training: a share of the training rows",
            ),
            "cleared_training_few": (
                (
                    "Of the {rows} held-out rows, {count} ({percent}%) match a training row in every column. The "
                    "overlap between held-out and training rows is within the limits."
                ),
                "count, rows: numbers of held-out rows",
            ),
            "cleared_few": "Fewer than ten of the {rows} held-out rows match a training row in every column.",
            "not_applicable": (
                "Not applicable: there is no split, so there are no held-out rows to compare with training rows."
            ),
        },
    ),
)
