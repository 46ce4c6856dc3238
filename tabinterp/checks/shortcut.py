"""Check for a column that predicts the target well on training rows but significantly worse on held-out rows."""

from __future__ import annotations

from tabinterp.checks.shared.document_values import input_columns, power_withheld
from tabinterp.checks.shared.power import Z_CHANCE, beyond, smallest_effect, with_power
from tabinterp.document.document import Document

from .base import WITHHELD, Check, Limit, Limits, Outcome, Text, above, not_applicable, raised_if

FALL = 0.1  # fall of AUC or R² from training to held-out rows
FALL_LOW = 0.04  # the lower end of its interval
FALL_Q = 0.01  # Benjamini-Hochberg, over all columns


def evaluate(document: Document, limits: Limits) -> Outcome:
    known = [column for column in input_columns(document) if column.fall.low is not None]
    if not known:
        return power_withheld(document) or not_applicable()
    fallen = [
        column
        for column in known
        if (column.fall.value or 0.0) >= limits["fall"]
        and above(column.fall, limits["sure"])
        and (1.0 if column.fall_q is None else column.fall_q) < limits["q"]
    ]
    first = max(fallen or known, key=lambda column: column.fall.value or 0.0)
    outcome = raised_if(
        bool(fallen),
        columns=[column.column for column in fallen],
        count=len(known),
        column=first.column,
        training=first.training.value,
        held_out=first.held_out.value,
        fall=first.fall.value,
        low=first.fall.low,
        high=first.fall.high,
        q=first.fall_q,
    )
    falls = [column.fall for column in known if column.fall.stderr is not None]
    if not falls or document.data.held_out_rows is None:
        return outcome
    effect = max(max(beyond(limits["sure"], fall), limits["fall"] + Z_CHANCE * (fall.stderr or 0.0)) for fall in falls)
    power = smallest_effect("fall", effect, document.data.held_out_rows, document.data.events)
    return with_power(outcome, power, 1.0)


CHECK = Check(
    code="TI-D05",
    slug="shortcut",
    severity="act",
    section="data",
    evaluate=evaluate,
    limits={
        "fall": Limit(FALL, means="drop in AUC or R² from training to held-out rows"),
        "sure": Limit(FALL_LOW, means="lower end of the 95% interval for the drop in AUC or R²"),
        "q": Limit(FALL_Q, means="q-value of the drop in AUC or R²"),
    },
    voids_comparison=True,
    text=Text(
        title="Column predictive only in training",
        measures=(
            "how far the predictive power of each column alone (AUC or R²) drops from training rows (cross-fitted) to held-out "
            "rows."
        ),
        limitations=(
            "Does not detect shortcuts that also work on the held-out rows, or shortcuts that involve several columns."
        ),
        raised_when=(
            (
                "the AUC or R² of a single column drops by {fall} or more from training to held-out rows, the "
                "whole 95% interval for the drop lies at or above {sure}, and the q-value is below {q} (Benjamini–Hochberg over "
                "all columns). The AUC requires at least 20 rows of each class among both the training rows and the "
                "held-out rows."
            ),
            "fall, sure: differences of AUC or R²; q: a corrected p-value",
        ),
        next=(
            "Find out why the columns named in the finding are predictive only in the training rows. Remove these "
            "columns, and retrain the network."
        ),
        claims={
            "raised": (
                (
                    "These columns predict the target significantly worse on held-out rows than on training rows: "
                    "{columns}. The AUC or R² of {column} alone is {training} on training rows (cross-fitted) and "
                    "{held_out} on held-out rows (difference {fall}, 95% CI {low} to {high}; q = {q}, adjusted over "
                    "all columns)."
                ),
                "columns: names; column: the one that falls most; training, held_out, fall: AUC or R²",
            ),
            "cleared": (
                (
                    "No column was shown to lose more predictive power from training to held-out rows than this check allows "
                    "(columns tested: {count}). The largest drop in the AUC or R² of a single column is {fall}, for {column} "
                    "(95% CI {low} to {high}; q = {q}, adjusted over all columns)."
                ),
                ("count: the number of columns; column: the one that falls most; fall: a difference of AUC or R²"),
            ),
            "not_applicable": (
                "Not applicable: there is no split, or there are too few training or held-out rows to compare."
            ),
            "withheld": WITHHELD,
        },
    ),
)
