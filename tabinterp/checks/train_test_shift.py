"""Check whether the distribution of held-out rows differs from that of training rows, in a single column or overall."""

from __future__ import annotations

from tabinterp.analyses.data_quality.record import TableReadings
from tabinterp.checks.shared.document_values import columns_read
from tabinterp.checks.shared.power import of_counts, psi_beyond, with_power
from tabinterp.document.document import Document, Power

from .base import UNBOUNDED, Check, Limit, Limits, Outcome, Text, cleared, not_applicable, p_value, raised

PSI = 0.2  # population stability index: the usual threshold in credit scoring for a shift that needs action
SHIFT_Q = 0.01
APART_AUC = 0.6  # AUC with which trees distinguish held-out from training rows


def evaluate(document: Document, limits: Limits) -> Outcome:
    table = document.get(TableReadings)
    if table is None or not any(column.psi is not None for column in table.columns):
        return not_applicable()
    used = columns_read(document)  # a row number or a date that the network does not use cannot change its predictions
    examined = [column for column in table.columns if column.target or column.column in used]
    shifted = [
        column
        for column in examined
        if (column.psi or 0.0) >= limits["psi"] and (1.0 if column.drift_q is None else column.drift_q) < limits["q"]
    ]
    apart = (table.whole.value or 0.0) >= limits["auc"] and p_value(table.whole, 0.5) < limits["q"]
    first = max(shifted or examined, key=lambda column: column.psi or 0.0)
    values = {
        "column": first.column,
        "psi": first.psi,
        "auc": table.whole.value,
        "low": table.whole.low,
        "high": table.whole.high,
    }
    if shifted:
        return raised(columns=[column.column for column in shifted], **values)
    if apart:
        return Outcome("raised", "raised_whole", values)
    return with_power(cleared(**values), _smallest_shift(document, limits))


def _smallest_shift(document: Document, limits: Limits) -> Power | None:
    """Return the smallest population stability index that would be detected in a single column. The p-value is adjusted for the
    number of columns.
    """
    training, held_out = document.data.training_rows, document.data.held_out_rows
    table = document.get(TableReadings)
    df = [] if table is None else [column.drift_df for column in table.columns if column.drift_df]
    if not df or not training or not held_out:
        return None
    psi = psi_beyond(limits["psi"], limits["q"] / len(df), max(df), training, held_out)
    return of_counts(document, "psi", psi, held_out)


CHECK = Check(
    code="TI-D07",
    slug="train-test-shift",
    severity="act",
    section="data",
    evaluate=evaluate,
    limits={
        "psi": Limit(PSI, most=UNBOUNDED, means="population stability index of a column"),
        "q": Limit(SHIFT_Q, means="p-value of the shift (for a single column, corrected for multiple testing)"),
        "auc": Limit(APART_AUC, least=0.5, means="AUC of boosted trees that distinguish held-out from training rows"),
    },
    text=Text(
        title="Distribution shift in held-out rows",
        measures=(
            "the population stability index (PSI) of the target and of each column that the network uses, and how well "
            "boosted trees distinguish held-out from training rows on the basis of the columns that the network uses."
        ),
        limitations="Does not detect a change in how columns relate to the target; for that, see the “shortcut” check.",
        raised_when=(
            (
                "a column has a PSI of {psi} or more with a corrected p-value below {q}, or boosted trees "
                "distinguish held-out from training rows with an AUC of {auc} or more that differs from 0.5 with a "
                "p-value below {q}."
            ),
            "psi: a population stability index; q: a p-value",
        ),
        next=(
            "If the split is by time or place, report the distribution shift with every result. If the split is "
            "random, find the cause of the shift."
        ),
        claims={
            "raised": (
                (
                    "Held-out rows differ from training rows in {columns}: the largest population stability index "
                    "is {psi} ({column}). Boosted trees distinguish held-out from training rows with an AUC of "
                    "{auc} (95% CI {low} to {high}; chance is 0.5)."
                ),
                (
                    "columns: names; column: the one with the largest index psi; auc, low, high: an AUC "
                    "and the ends of its interval"
                ),
            ),
            "raised_whole": (
                (
                    "Boosted trees distinguish held-out from training rows with an AUC of {auc} (95% CI {low} to "
                    "{high}; chance is 0.5), although no single column has shifted much (the largest population "
                    "stability index is {psi}, for {column})."
                ),
                ("column: the one with the largest index psi; auc, low, high: an AUC and the ends of its interval"),
            ),
            "cleared": (
                (
                    "No distribution shift beyond the limits of this check was found: the largest population stability index "
                    "is {psi} ({column}), and boosted trees distinguish held-out from training rows with an AUC of {auc} (95% "
                    "CI {low} to {high}; chance is 0.5)."
                ),
                ("column: the one with the largest index psi; auc, low, high: an AUC and the ends of its interval"),
            ),
            "not_applicable": (
                "Not applicable: there is no split, so there are no held-out rows to compare with training rows."
            ),
        },
    ),
)
