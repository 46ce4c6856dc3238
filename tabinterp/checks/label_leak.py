"""Check for a single column that predicts the target almost perfectly, probably because it contains the outcome."""

from __future__ import annotations

from collections.abc import Callable

from tabinterp.analyses.data_quality.record import TableReadings
from tabinterp.checks.shared.document_values import input_columns, power_withheld, predictive_power
from tabinterp.checks.shared.power import auc_beyond, of_counts, r2_beyond, with_power
from tabinterp.document.document import Document, Power

from .base import WITHHELD, Check, Limit, Limits, Outcome, Text, not_applicable

LEAK_AUC, LEAK_R2 = 0.99, 0.95  # AUC and R² of one column alone
RAISED = {"auc": "raised_auc", "r2": "raised_r2"}
CLEARED = {"auc": "cleared_auc", "r2": "cleared_r2"}


def evaluate(document: Document, limits: Limits) -> Outcome:
    return evaluate_columns(document, limits, lambda low, table: low >= limit_of(table, limits))


def evaluate_columns(document: Document, limits: Limits, leaks: Callable[[float, TableReadings], bool]) -> Outcome:
    """Raise the check if a column leaks the target. `leaks` is a function that decides this from the lower end of the interval of
    a column's AUC or R². For the check `near_leak`, it is a different function.
    """
    table = document.get(TableReadings)
    powers = [(column.column, predictive_power(column)) for column in input_columns(document)]
    known = [(name, power) for name, power in powers if power.low is not None]
    if table is None or not known:
        return power_withheld(document) or not_applicable()
    leaking = [(name, power) for name, power in known if leaks(power.low or 0.0, table)]
    name, power = max(leaking or known, key=lambda one: one[1].value or 0.0)
    values: dict[str, object] = {"column": name, "value": power.value, "low": power.low, "high": power.high}
    values |= {"columns": [name for name, _ in leaking]}
    if leaking:
        return Outcome("raised", RAISED[table.metric], values)
    passed = Outcome("cleared", CLEARED[table.metric], values)
    return with_power(passed, _smallest_power(document, limit_of(table, limits)))


def limit_of(table: TableReadings, limits: Limits) -> float:
    """Return the limit for the measure that the table uses, which is AUC or R²."""
    return limits["auc" if table.metric == "auc" else "r2"]


def _smallest_power(document: Document, limit: float) -> Power | None:
    """Return the smallest AUC or R² that could have been detected. With the number of scored rows in this audit, the whole
    interval of this AUC or R² would be above the limit with a probability of 80%.
    """
    data = document.data
    rows = data.rows if data.held_out_rows is None else data.held_out_rows
    if data.drawn is not None:
        rows = data.drawn.rows if data.drawn.held_out_rows is None else data.drawn.held_out_rows
    table = document.get(TableReadings)
    if table is not None and table.metric == "r2":
        return of_counts(document, "r2", r2_beyond(limit, rows), rows)
    events = data.events if data.task == "binary" else None
    return of_counts(document, "auc", auc_beyond(limit, events, rows - events), rows, events) if events else None


CHECK = Check(
    code="TI-D02",
    slug="label-leak",
    severity="act",
    section="data",
    evaluate=evaluate,
    limits={
        "auc": Limit(LEAK_AUC, least=0.5, means="AUC when the target is predicted from this column alone"),
        "r2": Limit(LEAK_R2, means="R² when the target is predicted from this column alone"),
    },
    voids_comparison=True,
    text=Text(
        title="Possible label leak",
        measures="how well each column alone predicts the target (AUC or R², measured on held-out rows if there are any).",
        limitations="Does not detect leaks that are spread over several columns or that affect only a few rows.",
        raised_when=(
            "a single column predicts the target so well that the lower end of the 95% interval is at least {auc} "
            "for the AUC, or at least {r2} for R²."
        ),
        next=(
            "Find out when the columns that may leak the target are recorded. Remove columns that are recorded after "
            "the outcome, and retrain the network."
        ),
        claims={
            "raised_auc": (
                (
                    "{column} alone predicts the target almost perfectly (AUC {value}, 95% CI {low} to {high}). "
                    "Columns that predict the target almost perfectly: {columns}."
                ),
                (
                    "column: the strongest one; value, low, high: its AUC or R² and the ends of the "
                    "interval; columns: names"
                ),
            ),
            "raised_r2": (
                (
                    "{column} alone predicts the target almost perfectly (R² {value}, 95% CI {low} to {high}). "
                    "Columns that predict the target almost perfectly: {columns}."
                ),
                (
                    "column: the strongest one; value, low, high: its AUC or R² and the ends of the "
                    "interval; columns: names"
                ),
            ),
            "cleared_auc": (
                (
                    "No single column predicts the target almost perfectly. The column that best predicts the "
                    "target on its own is {column} (AUC {value})."
                ),
                "column: the strongest one; value: its AUC or R²",
            ),
            "cleared_r2": (
                (
                    "No single column predicts the target almost perfectly. The column that best predicts the "
                    "target on its own is {column} (R² {value})."
                ),
                "column: the strongest one; value: its AUC or R²",
            ),
            "not_applicable": "Not applicable: there are too few rows, or the network has no input columns.",
            "withheld": WITHHELD,
        },
    ),
)
