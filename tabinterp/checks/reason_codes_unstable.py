"""Check whether reason codes for adverse decisions change with the random seed or with the reference rows."""

from __future__ import annotations

from tabinterp.analyses.reason_codes.record import Reasons
from tabinterp.checks.shared.power import of_counts, share_beyond, with_power
from tabinterp.document.document import Document, Interval, Message

from .base import Check, Limit, Limits, Outcome, Text, above, cleared, not_applicable, raised

CHANGED_PERCENT = 15.0  # percentage of the lists, with another seed: one in eight changes if the fourth has no weight
JACCARD = 0.5  # index of the lists from the two references: half of the named columns are not common to both


def evaluate(document: Document, limits: Limits) -> Outcome:
    reasons = document.get(Reasons)
    if document.data.task == "binary" and document.data.adverse is None and reasons is None:
        return not_applicable("not_applicable_adverse")
    rows = {row.of: row for row in (reasons.alike if reasons is not None else [])}
    seed, reference = rows.get("seed"), rows.get("reference")
    changed = Interval() if seed is None else seed.changed
    alike = Interval() if reference is None else reference.jaccard
    if changed.low is None and changed.high is None and alike.low is None and alike.high is None:
        return not_applicable()
    count = reasons.rows if reasons else 0
    moved = Interval() if reference is None else reference.changed
    values = {"changed": _amount(changed, 100), "moved": _amount(moved, 100), "alike": _amount(alike), "rows": count}
    if above(changed, limits["percent"] / 100) or (alike.high is not None and alike.high <= limits["jaccard"]):
        return raised(**values)
    share = share_beyond(limits["percent"] / 100, count) if count else None
    power = None if share is None else of_counts(document, "share", share, count)
    return with_power(cleared(**values), power, 1.0)


def _amount(interval: Interval, scale: float = 1) -> float | Message | None:
    """Return the point estimate in `interval`, multiplied by `scale`. If the value is withheld because it is based on too few
    rows, return a message with a bound, or None if there is no bound.
    """
    if interval.value is not None:
        return scale * interval.value
    if interval.high is not None:
        return Message(key="amount.at_most", values={"value": scale * interval.high})
    if interval.low is not None:
        return Message(key="amount.at_least", values={"value": scale * interval.low})
    return None


CLAIM = (
    (
        "A different random seed changes the list of reason codes for {changed}% of declined rows. Using the mean of all rows as "
        "the reference, instead of the mean of the narrowly approved rows, changes the list for {moved}% of declined rows. The "
        "mean Jaccard index between the lists for these two references is {alike} (n = {rows} declined rows)."
    ),
    "changed, moved, alike: a number, or 'at most' or 'at least' a number",
)  # raised or not

CHECK = Check(
    code="TI-G05",
    slug="reason-codes-unstable",
    severity="check",
    section="reasons",
    evaluate=evaluate,
    limits={
        "percent": Limit(
            CHANGED_PERCENT, most=100, means="percentage of reason-code lists that change with the random seed"
        ),
        "jaccard": Limit(JACCARD, means="Jaccard index of reason-code lists computed relative to two references"),
    },
    text=Text(
        title="Unstable reason codes",
        measures=(
            "the share of rows with an adverse decision for which the list of reason codes changes with the random "
            "seed, and the agreement between lists computed relative to two references: the mean of the narrowly "
            "approved rows and the mean of all rows."
        ),
        limitations=(
            "Does not show whether the reason codes are correct, or how they would change if the network "
            "were retrained."
        ),
        raised_when=(
            "the whole 95% interval for the share of reason-code lists that change with the random seed lies at or above "
            "{percent}%, or the whole 95% interval for the mean Jaccard index between the lists computed relative to the two "
            "references lies at or below {jaccard}."
        ),
        next=(
            "Compute the Shapley values from more permutations. Choose one reference and document it. Do not rank tied "
            "reasons."
        ),
        claims={
            "raised": CLAIM,
            "cleared": CLAIM,
            "not_applicable_adverse": (
                "Not applicable: the adverse class was not stated. State it with adverse= when reading "
                "the table, or with --adverse CLASS."
            ),
            "not_applicable": (
                "Not applicable: reason codes were not computed, or were computed for fewer than ten rows."
            ),
        },
    ),
)
