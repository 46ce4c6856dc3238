"""Check whether protected columns are among the reasons for adverse decisions."""

from __future__ import annotations

from tabinterp.analyses.reason_codes.record import Reasons
from tabinterp.checks.shared.power import of_counts, share_beyond, with_power
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, above, cleared, not_applicable, raised

PERCENT = 5.0  # percentage of the declined rows


def evaluate(document: Document, limits: Limits) -> Outcome:
    reasons = document.get(Reasons)
    if document.data.task == "binary" and document.data.adverse is None and reasons is None:
        return not_applicable("not_applicable_adverse")
    if reasons is None:
        return not_applicable("not_applicable_reasons")
    share = reasons.protected_network
    if share.low is None and share.high is None:
        return not_applicable()
    limit = limits["percent"] / 100
    if above(share, limit):
        columns = [row.column for row in reasons.columns if row.protected and row.network.value != 0]
        if share.value is None:
            return Outcome("raised", "raised_nearly", {"low": 100 * (share.low or 0.0), "columns": columns})
        ends = {"share": 100 * share.value, "low": 100 * (share.low or 0.0), "high": 100 * (share.high or 1.0)}
        return raised(**ends, columns=columns)
    least = share_beyond(limit, reasons.rows)
    power = of_counts(document, "share", least, reasons.rows)
    return with_power(cleared(limit=limits["percent"], rows=reasons.rows), power, 1.0)


CHECK = Check(
    code="TI-G06",
    slug="protected-reasons",
    severity="check",
    section="reasons",
    evaluate=evaluate,
    limits={
        "percent": Limit(PERCENT, most=100, means="percentage of declined rows with a protected column as a reason")
    },
    text=Text(
        title="Protected columns among reasons",
        measures=(
            "the share of declined rows for which the network's reasons include a protected column. Applies only if a protected "
            "column is an input."
        ),
        limitations=(
            "Does not show whether applicable law permits the use of the column. Does not detect proxies for protected columns."
        ),
        raised_when=(
            "the whole 95% interval for the share of declined rows with at least one protected column among the network's "
            "reasons lies at or above {percent}%."
        ),
        next="Ask legal or compliance to review whether decisions may depend on the protected columns.",
        claims={
            "raised": (
                (
                    "For {share}% of declined rows (95% CI {low} to {high}), the network's reasons include at least one "
                    "protected column. Protected columns among the reasons: {columns}."
                ),
                "share, low, high: percentages",
            ),
            "raised_nearly": (
                (
                    "For at least {low}% of declined rows, the network's reasons include at least one protected column (the "
                    "exact share is withheld because of a small count). Protected columns among the reasons: {columns}."
                ),
                "low: a percentage",
            ),
            "cleared": (
                (
                    "The share of declined rows with a protected column among the network's reasons is not significantly above "
                    "{limit}% (n = {rows} declined rows)."
                ),
                "limit: a percentage",
            ),
            "not_applicable_adverse": (
                "Not applicable: the adverse class was not stated. State it with adverse= when reading "
                "the table, or with --adverse CLASS."
            ),
            "not_applicable_reasons": "Not applicable: reason codes were not computed.",
            "not_applicable": "Not applicable: no input is declared protected, or too few rows are declined.",
        },
    ),
)
