"""Sentences about declared constraints on the direction of a column."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.constraints": "Declared constraints",
    "report.constraints.lead": (
        "Directions are checked on {rows} rows: where each row is, and between any two points of the effect curve, "
        "which are found on one half of the rows and measured on the other. A fall above zero goes against the direction."
    ),
    "report.constraints.direction": "direction",
    "report.constraints.against.network": "rows against it, network",
    "report.constraints.against.linear": "rows against it, linear",
    "report.constraints.fall.network": "largest fall, network",
    "report.constraints.fall.linear": "largest fall, linear",
    "report.constraints.from": "from, to",
    "report.constraints.domain": "domain",
    "report.constraints.outside": "rows outside",
    "report.constraints.few": "1 to 9",
    # why it does not apply
    "why.constraints.few": "a direction is checked on two halves of {least} rows at least; there are {rows}",
}
