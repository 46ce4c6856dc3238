"""Sentences about declared constraints on the direction of a column."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.declared constraints": "declared constraints",
    "rows_of.constraints": "Declared constraints",
    "report.constraints": "Declared constraints",
    "report.constraints.lead": (
        "Declared directions are checked on {rows} rows by two measures: the share of rows in which the score moves against the "
        "direction, and the largest movement of the effect curve against the direction (“reversal”). The start and end of a "
        "reversal are chosen on one half of the rows, and the reversal is measured on the other half. A reversal greater than "
        "zero violates the direction."
    ),
    "report.constraints.caption": "Violations of the declared constraints by both models, for each constrained column",
    "report.constraints.direction": "Direction",
    "report.constraints.against.network": "Network: share of rows in violation [95% CI]",
    "report.constraints.against.linear": "Linear: share of rows in violation [95% CI]",
    "report.constraints.fall.network": "Network: largest reversal [95% CI]",
    "report.constraints.fall.linear": "Linear: largest reversal [95% CI]",
    "report.constraints.from": "Start and end of largest reversal (network)",
    "report.constraints.domain": "Domain",
    "report.constraints.outside": "Rows outside the domain",
    "report.constraints.few": "1 to 9",
    # why the analysis does not apply
    "why.constraints.few": (
        "there are too few rows to check constraints: each half of the rows must have at least {least} rows, but there are only "
        "{rows} rows in total"
    ),
}
