"""Check for input columns that the network does not use at all."""

from __future__ import annotations

from tabinterp.analyses.permutation_importance.record import Importance
from tabinterp.document.document import Document, Interval

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised

ROUNDING = 1e-7  # share of the loss: changing a column and changing it back in single precision leaves less


def evaluate(document: Document, limits: Limits) -> Outcome:
    importance = document[Importance]
    if not importance.columns:
        return not_applicable()
    unread = {column.name for column in document.data.columns if column.role == "input" and not column.read_by_network}
    losses = (row.network.value for row in document.performance.metrics if row.metric == importance.loss)
    loss = next(losses, None) or 1.0
    of = document.data.held_out_rows or document.data.rows
    on_a_budget = document.settings is not None and document.settings.budget is not None and importance.rows < of
    if on_a_budget and not unread:  # a column may matter in rows that were not drawn
        return not_applicable("not_applicable_budget")
    unused = [row.column for row in importance.columns if _is_zero(row.network, abs(loss)) or row.column in unread]
    if on_a_budget:
        unused = [name for name in unused if name in unread]
    if unused:
        return raised(columns=unused)
    including_zero = sum(not ((r.network.low or 0.0) > 0 or (r.network.high or 0.0) < 0) for r in importance.columns)
    return cleared(open=including_zero, count=len(importance.columns))


def _is_zero(importance: Interval, loss: float) -> bool:
    """Return whether an importance is zero up to the rounding error of single-precision numbers."""
    ends = [value for value in (importance.value, importance.low, importance.high) if value is not None]
    return importance.value is not None and all(abs(value) <= ROUNDING * loss for value in ends)


CHECK = Check(
    code="TI-E03",
    slug="unused-column",
    severity="note",
    section="importance",
    evaluate=evaluate,
    text=Text(
        title="Unused columns",
        measures=(
            "the permutation importance of each input column, and whether the network receives the column from the "
            "encoder."
        ),
        limitations="Does not report columns that are used but have little effect.",
        raised_when=(
            "the permutation importance of a column is zero up to rounding, or the network does not receive the column."
        ),
        next="Remove unused columns from the model. If an unused column was expected to matter, check the encoder.",
        claims={
            "raised": (
                "The network does not use these columns, so permuting them has no effect: {columns}.",
                "columns: names",
            ),
            "cleared": (
                (
                    "The network uses every input column. For {open} of the {count} columns, the 95% interval for "
                    "permutation importance includes zero."
                ),
                "open, count: numbers of columns",
            ),
            "not_applicable_budget": (
                "Not applicable: because of the audit's budget, permutation importance was computed on only some of the rows. "
                "Columns that appear unused may matter for the rows left out. Raise the budget and repeat the audit."
            ),
            "not_applicable": (
                "Not applicable: permutation importance was not computed. Include the permutation_importance analysis."
            ),
        },
    ),
)
