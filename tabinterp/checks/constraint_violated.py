"""Check whether the network violates a declared direction, or the rows violate a declared range."""

from __future__ import annotations

from collections.abc import Mapping

from tabinterp.analyses.constraints.record import ConstraintRow, ConstraintTable
from tabinterp.analyses.monotonicity.record import Answer, DirectionRow, Record
from tabinterp.checks.shared.power import of_counts, share_beyond, with_power
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, above, cleared, not_applicable

AGAINST_PERCENT = 1.0  # percentage of the rows that may violate a declared direction


def evaluate(document: Document, limits: Limits) -> Outcome:
    table, record = document.get(ConstraintTable), document.get(Record)
    if table is None or not table.columns:
        return not_applicable()
    proofs = {} if record is None else {row.column: row for row in record.columns}
    reversed_rows = [row for row in table.columns if _is_reversed(row, "network", limits, proofs)]
    outside = [row for row in table.columns if row.outside or row.few_outside]
    names = [row.column for row in table.columns if row in reversed_rows or row in outside]
    if not names:
        return _passed(document, table, proofs, limits)
    if not reversed_rows:
        return Outcome("raised", "raised_domain", {"columns": names, "rows": sum(row.outside or 0 for row in outside)})
    first = max(reversed_rows, key=_percent)
    values: dict[str, object] = {
        "columns": names,
        "column": first.column,
        "percent": _percent(first),
        "direction": first.direction,
        "linear": sum(_is_reversed(row, "linear", limits, proofs) for row in reversed_rows),
        "count": len(reversed_rows),
    }
    if any(_is_reversed(row, "network", limits, {}) for row in reversed_rows):
        return Outcome("raised", "raised", values)
    first = max(reversed_rows, key=lambda row: proofs[row.column].network.fall)
    values |= {"column": first.column, "direction": first.direction, "fall": proofs[first.column].network.fall}
    return Outcome("raised", "raised_refuted", {name: value for name, value in values.items() if name != "percent"})


def _passed(document: Document, table: ConstraintTable, proofs: Mapping[str, DirectionRow], limits: Limits) -> Outcome:
    directed = [row.column for row in table.columns if row.direction is not None]
    if directed and all(_answer(proofs, column, "network") == "proved" for column in directed):
        return Outcome("cleared", "cleared_proved", {"count": len(directed)})
    passed = cleared(count=len(table.columns))
    if all(row.network is None for row in table.columns):  # only ranges, which have no error
        return passed
    share = share_beyond(limits["percent"] / 100, table.rows)
    return with_power(passed, of_counts(document, "share", share, table.rows))


def _percent(row: ConstraintRow) -> float:
    return 0.0 if row.network is None else 100 * (row.network.share.value or 0.0)


def _is_reversed(row: ConstraintRow, model: str, limits: Limits, proofs: Mapping[str, DirectionRow]) -> bool:
    """Return whether a model violates the declared direction of a column.

    If the audit proved or refuted that the direction holds for all combinations of values, return this result. Otherwise, the
    direction is treated as violated if significantly more than `percent` of the rows violate it, or if the effect curve contains
    a significant change in the opposite direction.
    """
    answer = _answer(proofs, row.column, model)
    if answer in ("proved", "refuted"):
        return answer == "refuted"
    kept = row.network if model == "network" else row.linear
    return kept is not None and (above(kept.share, limits["percent"] / 100) or above(kept.fall, 1e-12))


def _answer(proofs: Mapping[str, DirectionRow], column: str, model: str) -> str | None:
    if column not in proofs:
        return None
    found: Answer = getattr(proofs[column], model)
    return found.answer


CHECK = Check(
    code="TI-G04",
    slug="constraint-violated",
    severity="act",
    section="groups",
    evaluate=evaluate,
    limits={
        "percent": Limit(
            AGAINST_PERCENT, most=100, means="percentage of rows whose score moves against the declared direction"
        )
    },
    text=Text(
        title="Declared constraint violated",
        measures=(
            "whether the score moves in the direction declared for each column, both for individual rows and along the effect "
            "curve, and whether the values of the column lie within its declared domain. If compliance with a direction "
            "can be proved or refuted for all combinations of values, this result replaces the checks of individual rows and of "
            "the effect curve."
        ),
        limitations=(
            "Does not check undeclared directions. If compliance with a direction is neither proved nor refuted, rows "
            "unlike those in the table are not checked. If compliance is refuted, the pair of rows that refutes it may not "
            "resemble real rows."
        ),
        raised_when=(
            "two rows that differ only in one column show that the score violates the direction declared for this column. "
            "If compliance is neither refuted nor proved, the check is raised in either of two cases: (a) the lower end of the "
            "95% interval for the share of rows whose score moves against the direction is at least {percent}%, or (b) the "
            "whole 95% interval for the largest movement of the effect curve against the direction lies above zero. "
            "The check is also raised if any value lies outside the domain declared for its column."
        ),
        next=(
            "Train the network with the declared constraint, or correct the declaration. Values outside the declared "
            "domain are data errors."
        ),
        claims={
            "raised": (
                (
                    "Declared constraints are violated for {columns}. Along {column} (declared direction: "
                    "{direction}), the score moves in the opposite direction in {percent}% of the rows. The linear "
                    "counterpart violates {linear} of the {count} directions that the network violates."
                ),
                (
                    "columns: names; column: the one with the most such rows; direction: such as "
                    "'increasing'; linear, count: numbers of columns"
                ),
            ),
            "raised_refuted": (
                (
                    "Declared constraints are violated for {columns}. Along {column} (declared direction: {direction}), the "
                    "score moves by {fall} or more in the opposite direction between two rows that differ only in this column. "
                    "Both rows lie within the domains of the columns, but few or no rows of the table show the violation. The "
                    "linear counterpart violates {linear} of the {count} directions that the network violates."
                ),
                (
                    "columns: names; column: the one with the largest such move; direction: such as 'increasing'; fall: a "
                    "number in units of the score; linear, count: numbers of columns"
                ),
            ),
            "raised_domain": (
                "Some rows have values outside the declared domain of {columns} (at least {rows} rows).",
                "columns: names",
            ),
            "cleared": (
                ("No violations of the directions and domains declared for {count} columns were found."),
                "count: the number of columns",
            ),
            "cleared_proved": (
                (
                    "For all {count} declared directions, compliance is proved for all combinations of values. No value lies "
                    "outside a declared domain."
                ),
                "count: the number of columns with a direction",
            ),
            "not_applicable": "Not applicable: no constraint was declared.",
        },
    ),
)
