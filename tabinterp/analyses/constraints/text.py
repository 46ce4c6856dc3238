"""Sentences about declared constraints on the direction of a column."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.constraints": "Declared constraints",
    "report.constraints.lead": (
        "Declared directions are checked on {rows} rows in two ways: the share of rows in which the score moves against "
        "the direction, and the largest fall between two points of the effect curve. These points are chosen on one "
        "half of the rows, and the fall is measured on the other. A fall above zero violates the direction."
    ),
    "report.constraints.caption": "Columns with declared constraints: violations by both models",
    "report.constraints.direction": "direction",
    "report.constraints.against.network": "network: rows against it [95% CI]",
    "report.constraints.against.linear": "linear: rows against it [95% CI]",
    "report.constraints.fall.network": "network: largest fall [95% CI]",
    "report.constraints.fall.linear": "linear: largest fall [95% CI]",
    "report.constraints.from": "network: fall from, to",
    "report.constraints.domain": "domain",
    "report.constraints.outside": "rows outside the domain",
    "report.constraints.few": "1 to 9",
    # why it does not apply
    "why.constraints.few": "a direction is checked on two halves of at least {least} rows each; there are {rows} rows",
}
