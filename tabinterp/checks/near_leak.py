"""Check for a single column that predicts the target suspiciously well, but less well than `label_leak` requires."""

from __future__ import annotations

from tabinterp.document.document import Document

from .base import WITHHELD, Check, Limit, Limits, Outcome, Text
from .label_leak import LEAK_AUC, LEAK_R2, evaluate_columns, limit_of

NEAR_AUC, NEAR_R2 = 0.9, 0.8  # AUC and R² of one column alone
LEAK = {"auc": LEAK_AUC, "r2": LEAK_R2}


def evaluate(document: Document, limits: Limits) -> Outcome:
    return evaluate_columns(document, limits, lambda low, table: limit_of(table, limits) <= low < limit_of(table, LEAK))


CHECK = Check(
    code="TI-D03",
    slug="near-leak",
    severity="check",
    section="data",
    evaluate=evaluate,
    limits={
        "auc": Limit(NEAR_AUC, 0.5, LEAK_AUC, means="AUC when the target is predicted from this column alone"),
        "r2": Limit(NEAR_R2, most=LEAK_R2, means="R² when the target is predicted from this column alone"),
    },
    text=Text(
        title="Unusually predictive column",
        measures="how well each column alone predicts the target (AUC or R², measured on held-out rows if there are any).",
        limitations=(
            "Legitimate columns can be as predictive as leaks; only knowledge of the data can distinguish the two."
        ),
        raised_when=(
            "a single column predicts the target so well that the lower end of the 95% interval is at least {auc} for the AUC, "
            "or at least {r2} for R². Columns for which the lower end reaches the default limit of the “label-leak” check are "
            "not included."
        ),
        next=(
            "Find out when and how the columns named in the finding are recorded, and make sure that they do not contain the "
            "outcome."
        ),
        claims={
            "raised_auc": (
                (
                    "{column} alone predicts the target unusually well (AUC {value}, 95% CI {low} to {high}). "
                    "Columns that predict the target unusually well: {columns}."
                ),
                (
                    "column: the strongest one; value, low, high: its AUC or R² and the ends of the "
                    "interval; columns: names"
                ),
            ),
            "raised_r2": (
                (
                    "{column} alone predicts the target unusually well (R² {value}, 95% CI {low} to {high}). "
                    "Columns that predict the target unusually well: {columns}."
                ),
                (
                    "column: the strongest one; value, low, high: its AUC or R² and the ends of the "
                    "interval; columns: names"
                ),
            ),
            "cleared_auc": (
                (
                    "Apart from possible label leaks, no single column predicts the target unusually well. The "
                    "column that best predicts the target on its own is {column} (AUC {value})."
                ),
                "column: the strongest one; value: its AUC or R²",
            ),
            "cleared_r2": (
                (
                    "Apart from possible label leaks, no single column predicts the target unusually well. The "
                    "column that best predicts the target on its own is {column} (R² {value})."
                ),
                "column: the strongest one; value: its AUC or R²",
            ),
            "not_applicable": "Not applicable: there are too few rows, or the network has no input columns.",
            "withheld": WITHHELD,
        },
    ),
)
