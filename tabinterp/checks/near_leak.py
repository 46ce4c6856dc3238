"""Does one column alone predict the target better than hardly any honest column does, short of a leak?"""

from __future__ import annotations

from tabinterp.document.document import Document

from .base import WITHHELD, Check, Limit, Limits, Outcome, Text
from .label_leak import LEAK_AUC, LEAK_R2, evaluate_columns, limit_of

NEAR_AUC, NEAR_R2 = 0.9, 0.8  # of one column alone
LEAK = {"auc": LEAK_AUC, "r2": LEAK_R2}


def evaluate(document: Document, limits: Limits) -> Outcome:
    return evaluate_columns(document, limits, lambda low, table: limit_of(table, limits) <= low < limit_of(table, LEAK))


CHECK = Check(
    code="TI-D03",
    slug="near-leak",
    severity="check",
    section="data",
    evaluate=evaluate,
    limits={"auc": Limit(NEAR_AUC, 0.5, LEAK_AUC), "r2": Limit(NEAR_R2, most=LEAK_R2)},
    text=Text(
        title="A column nearly holds the answer",
        measures="how well one column alone tells the target, on held-out rows where there are any",
        limitations="Honest columns may be this strong: only who knows the table can tell.",
        raised_when="The 95% interval lies above an AUC of {auc}, or R² of {r2}, and it is no label-leak.",
        next="Find out when and from what the column is made.",
        claims={
            "raised_auc": (
                (
                    "{column} alone nearly tells the target: AUC {value} (95% interval {low} to {high}). Columns "
                    "that do: {columns}."
                ),
                (
                    "column: the strongest one; value, low, high: its AUC or R² and the ends of the interval; "
                    "columns: names"
                ),
            ),
            "raised_r2": (
                (
                    "{column} alone nearly tells the target: R² {value} (95% interval {low} to {high}). Columns that "
                    "do: {columns}."
                ),
                (
                    "column: the strongest one; value, low, high: its AUC or R² and the ends of the interval; "
                    "columns: names"
                ),
            ),
            "cleared_auc": (
                "No column nearly tells the target, short of a leak; the strongest: {column} (AUC {value}).",
                "column: the strongest one; value: its AUC or R²",
            ),
            "cleared_r2": (
                "No column nearly tells the target, short of a leak; the strongest: {column} (R² {value}).",
                "column: the strongest one; value: its AUC or R²",
            ),
            "not_applicable": "The rows are too few, or no column is read.",
            "withheld": WITHHELD,
        },
    ),
)
