"""Does the network keep the directions, and the rows the domains, that the user declared?"""

from __future__ import annotations

from tabinterp.analyses.constraints.record import ConstraintRow, ConstraintTable, HeldPart
from tabinterp.checks.shared.power import of_counts, share_beyond, with_power
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, above, cleared, not_applicable

AGAINST_PERCENT = 1.0  # of the rows against a declared direction


def evaluate(document: Document, limits: Limits) -> Outcome:
    table = document.get(ConstraintTable)
    if table is None or not table.columns:
        return not_applicable()
    reversed_rows = [row for row in table.columns if _is_reversed(row.network, limits)]
    outside = [row for row in table.columns if row.outside or row.few_outside]
    names = [row.column for row in table.columns if row in reversed_rows or row in outside]
    if not names:
        passed = cleared(count=len(table.columns))
        if all(row.network is None for row in table.columns):  # domains only, which have no error
            return passed
        share = share_beyond(limits["percent"] / 100, table.rows)
        return with_power(passed, of_counts(document, "share", share, table.rows))
    if not reversed_rows:
        return Outcome("raised", "raised_domain", {"columns": names, "rows": sum(row.outside or 0 for row in outside)})
    first = max(reversed_rows, key=_percent)
    values: dict[str, object] = {
        "columns": names,
        "column": first.column,
        "percent": _percent(first),
        "direction": first.direction,
        "linear": sum(_is_reversed(row.linear, limits) for row in reversed_rows),
        "count": len(reversed_rows),
    }
    return Outcome("raised", "raised", values)


def _percent(row: ConstraintRow) -> float:
    return 0.0 if row.network is None else 100 * (row.network.share.value or 0.0)


def _is_reversed(kept: HeldPart | None, limits: Limits) -> bool:
    """Return whether more than a few rows, or a part of the effect curve, go against the direction, beyond their errors."""
    return kept is not None and (above(kept.share, limits["percent"] / 100) or above(kept.fall, 1e-12))


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
            "whether the score moves in the direction declared for each column, both for individual rows and along "
            "the effect curve, and whether the values of the column lie within its declared domain."
        ),
        limitations="Does not check undeclared directions, or rows unlike those in the table.",
        raised_when=(
            "for a column with a declared direction, either the lower end of the 95% interval for the share of rows "
            "whose score moves against that direction is at least {percent}%, or the lower end of the 95% interval "
            "for the largest movement of the effect curve against that direction is above zero. The check is also "
            "raised if any value lies outside the domain declared for its column."
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
            "raised_domain": (
                "Some rows have values outside the declared domain of {columns} (at least {rows} rows).",
                "columns: names",
            ),
            "cleared": (
                ("No violations of the directions and domains declared for {count} columns were found."),
                "count: the number of columns",
            ),
            "not_applicable": "Not applicable: no constraint was declared.",
        },
    ),
)
