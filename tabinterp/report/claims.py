"""What a document may claim: every resolved flag must follow from the interval beside it.

An audit can be saved, edited and rendered again. A report is refused rather than let a sentence or a flag say more than
the numbers next to it.
"""

from __future__ import annotations

from tabinterp.errors import DocumentError
from tabinterp.report.document import Document, Interval, MetricRow, Verdict

HIGHER_IS_BETTER = {"auc", "accuracy", "r2"}


def check(document: Document) -> None:
    """Raise `DocumentError` at the first claim that its own interval does not bear out."""
    _sentence(document.verdict)
    _verdict(document)
    for index, row in enumerate(document.performance.metrics):
        _metric(row, f"performance.metrics.{index}")
    for index, term in enumerate(document.coefficients.terms):
        sides = side(term.linear) * side(term.network)
        if term.conflict and sides >= 0:
            raise DocumentError(
                f"coefficients.terms.{index}.conflict: true, but the two intervals do not lie on different sides of "
                "zero. Allowed: false."
            )


def side(part: Interval) -> int:
    """On which side of zero the whole interval lies; 0 when it includes zero or does not exist."""
    if part.low is None or part.high is None:
        return 0
    return int(part.low > 0) - int(part.high < 0)


def _sentence(verdict: Verdict) -> None:
    allowed = f"verdict.{verdict.status}"
    if verdict.sentence.key != allowed and not verdict.sentence.key.startswith(f"{allowed}."):
        raise DocumentError(
            f"verdict.sentence: the key {verdict.sentence.key!r} does not go with the status {verdict.status!r}. "
            f"Allowed: {allowed!r}."
        )


def _verdict(document: Document) -> None:
    verdict = document.verdict
    if verdict.status != "not_assessed" and not document.performance.held_out:
        raise DocumentError(
            f"verdict.status: {verdict.status!r} without held-out rows. Allowed: 'not_assessed', because the network "
            "may have been trained on the rows."
        )
    better = side(verdict.difference) * (1 if verdict.metric in HIGHER_IS_BETTER else -1)
    if (verdict.status == "better" and better <= 0) or (verdict.status == "worse" and better >= 0):
        raise DocumentError(
            f"verdict.status: {verdict.status!r}, but the interval of verdict.difference does not lie on that side of "
            "zero. Allowed: 'not_resolved', or 'equivalent' within the margin."
        )
    if verdict.status == "equivalent" and not _within(verdict.difference, verdict.margin):
        raise DocumentError(
            "verdict.status: 'equivalent', but the interval of verdict.difference does not lie within "
            f"verdict.margin ({verdict.margin}). Allowed: 'not_resolved'."
        )


def _within(part: Interval, margin: float | None) -> bool:
    if margin is None or part.low is None or part.high is None:
        return False
    return -margin <= part.low and part.high <= margin


def _metric(row: MetricRow, place: str) -> None:
    better = side(row.difference) * (1 if row.higher_is_better else -1)
    expected = {1: "better", 0: "no", -1: "worse"}[better]
    if row.resolved != expected:
        raise DocumentError(
            f"{place}.resolved: {row.resolved!r}, but by its interval the difference in {row.metric} must be "
            f"{expected!r}."
        )
