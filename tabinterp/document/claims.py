"""Validation of the statements in a document. Every statement of significance must agree with the corresponding interval.

An audit can be saved, edited and rendered again. A report is not rendered if one of its sentences or flags states more than the
numbers support.
"""

from __future__ import annotations

from tabinterp.analyses.coefficients.record import LINEAR_R2, Coefficients
from tabinterp.analyses.ladder.record import Ladder
from tabinterp.analyses.performance.record import Judged, Verdict
from tabinterp.analyses.permutation_importance.record import Importance
from tabinterp.errors import DocumentError

from .base import side, status_of, within
from .document import AS_WRITTEN, PLACES, Document, Interval, Message, MetricRow, Status

HIGHER_IS_BETTER = {
    "auc", "average_precision", "macro_auc", "accuracy", "balanced_accuracy", "sensitivity", "specificity", "r2",
}  # fmt: skip


def check(document: Document) -> None:
    """Raise `DocumentError` if a document contains a statement that its numbers do not support. The error says what to do."""
    try:
        check_each(document)
    except DocumentError as error:
        raise DocumentError(f"The audit contradicts itself. {error} {AS_WRITTEN}") from None


def check_each(document: Document) -> None:
    """Raise `DocumentError` at the first statement in the document that its numbers do not support."""
    _sentence(document.verdict)
    _verdict(document)
    for index, row in enumerate(document.performance.metrics):
        _metric(row, f"performance.metrics.{index}")
    if (judged := document.get(Judged)) is not None:
        _judged(judged, document)
    _lines(document)
    for kind in PLACES:
        record = document.get(kind)
        if record is not None:
            record.check_claims(document)
    _linear(document)
    ladder = document.get(Ladder)
    ladder_lines = [line.key for line in document.verdict.lines if line.key.startswith("ladder.")]
    if ladder_lines and (ladder is None or ladder.gain != "better"):
        raise DocumentError(
            f"verdict.lines contains {ladder_lines[0]!r}, which is allowed only if gain.ladder.gain is 'better'."
        )


def _linear(document: Document) -> None:
    """Check that the network is called linear only if it is linear, or if a linear surrogate explains almost all of the variance
    of its score.
    """
    keys = {line.key for line in document.verdict.lines}
    one_value = document.verdict.status == "not_resolved" and (
        document.verdict.margin_given or not document.verdict.margin
    )
    if "verdict.one_value" in keys and not one_value:
        raise DocumentError(
            "verdict.lines contains 'verdict.one_value'. This line is allowed only if verdict.status is 'not_resolved'. In "
            "addition, verdict.margin must be 0 or must have been given by the user."
        )
    if "verdict.linear.exact" in keys and not document.network.linear:
        raise DocumentError(
            "verdict.lines contains 'verdict.linear.exact', which is allowed only if the network is linear."
        )
    shares = [row.r2 for row in document[Coefficients].surrogates]
    if "verdict.linear.score" in keys and not (shares and all(r2 is not None and r2 >= LINEAR_R2 for r2 in shares)):
        raise DocumentError(
            "verdict.lines contains 'verdict.linear.score', which is allowed only if the audit shows that a linear surrogate "
            f"explains at least {LINEAR_R2:.1%} of the variance of every score."
        )


def _sentence(verdict: Verdict) -> None:
    allowed = f"verdict.{verdict.status}"
    if verdict.sentence.key != allowed and not verdict.sentence.key.startswith(f"{allowed}."):
        raise DocumentError(
            f"verdict.sentence is {verdict.sentence.key!r}, but verdict.status is {verdict.status!r}, so the sentence must be "
            f"{allowed!r}."
        )


def _verdict(document: Document) -> None:
    verdict = document.verdict
    if verdict.status != "not_assessed" and not document.performance.held_out:
        raise DocumentError(
            f"verdict.status is {verdict.status!r}, but it must be 'not_assessed', because there are no held-out rows and the "
            "network may have been trained on the evaluated rows."
        )
    better = side(verdict.difference) * (1 if verdict.metric in HIGHER_IS_BETTER else -1)
    if (verdict.status == "better" and better <= 0) or (verdict.status == "worse" and better >= 0):
        raise DocumentError(
            f"verdict.status is {verdict.status!r}, but the interval of verdict.difference does not show that the network is "
            f"{verdict.status}. The status must be 'not_resolved', or 'equivalent' if the interval is within the margin."
        )
    if verdict.status == "equivalent" and not within(verdict.difference, verdict.margin):
        raise DocumentError(
            "verdict.status is 'equivalent', but the interval of verdict.difference is not within verdict.margin "
            f"({verdict.margin}). The status must be 'not_resolved'."
        )


def _judged(part: Judged, document: Document) -> None:
    """Check that there are held-out rows, and that the status of each comparison agrees with its interval and the margin."""
    rows = {f"classes.{i}.row": one.row for i, one in enumerate(part.classes)}
    statuses: dict[str, tuple[Status, Interval]] = {}
    if part.decisions is not None and part.decisions.policy is not None:
        rows |= {f"decisions.policy.metrics.{i}": row for i, row in enumerate(part.decisions.policy.metrics)}
    if part.recalibration is not None:
        rows["recalibration.row"] = part.recalibration.row
        statuses["recalibration"] = part.recalibration.status, part.recalibration.row.difference
    if part.reference is not None:
        statuses["reference"] = part.reference.status, part.reference.difference
    for place, row in rows.items():
        _metric(row, f"judged.{place}")
    for place, (status, difference) in statuses.items():
        expected = status_of(difference, document.verdict.margin or 0.0)
        if not document.performance.held_out or status != expected:
            raise DocumentError(
                f"judged.{place}.status is {status!r}. With held-out rows, the interval of the difference and the margin imply "
                f"the status {expected!r}. Without held-out rows, the comparison must be left out."
            )


def _lines(document: Document) -> None:
    """Check that the sentences below the verdict agree with the rest of the document."""
    part, verdict = document.get(Judged), document.verdict
    told: dict[str, str | None] = {"rows_needed": None, "recalibrated": None, "cost": None, "reference": None}
    if verdict.status == "not_resolved" and verdict.rows_needed is not None:
        told["rows_needed"] = ""
    if part is not None and part.recalibration is not None and part.recalibration.status != verdict.status:
        told["recalibrated"] = f".{part.recalibration.status}"
    if part is not None and part.decisions is not None and part.decisions.policy is not None:
        cost = part.decisions.policy.metrics[0]
        if cost.difference.value is not None:
            told["cost"] = f".{'withheld' if cost.method == 'withheld' else cost.resolved}"
    if part is not None and part.reference is not None:
        told["reference"] = f".{part.reference.status}"
    told |= {"gap": f".{verdict.metric}.{_gap(verdict.difference)}", "others": _others(document)}
    for line in verdict.lines:
        if line.key == "verdict.only_network":
            _only_network(line, document)
        _, _, rest = line.key.partition("verdict.")
        name, dot, end = rest.partition(".")
        if name in told and f"{dot}{end}" != told[name]:
            wanted = "no such line" if told[name] is None else repr(f"verdict.{name}{told[name]}")
            raise DocumentError(f"verdict.lines contains {line.key!r}, but the numbers in the audit imply {wanted}.")


def _gap(part: Interval) -> str:
    """Return the required ending of the message key for the sentence on the difference in the primary metric."""
    if part.low is None or part.high is None:
        return "few"
    return {1: "higher", 0: "open", -1: "lower"}[side(part)]


def _others(document: Document) -> str | None:
    """Return the required ending of the message key for the sentence on the other metrics, or None if there must be no such
    sentence.

    Metrics with withheld intervals are ignored. R2 is ignored because it follows from the squared error.
    """
    rows = document.performance.metrics[1:]
    found = {row.resolved for row in rows if row.metric != "r2" and row.method != "withheld"}
    if len(found) != 1:
        return ".mixed" if found else None
    return {"better": ".better", "worse": ".worse"}.get(next(iter(found)), ".open")


def _only_network(line: Message, document: Document) -> None:
    """Check the sentence that lists the columns that only the network uses.

    The importance of each of these columns must be significant for the network but not for the linear model. The difference
    between the models must be significant too.
    """
    rows = {row.column: row for row in document[Importance].columns}
    columns = line.values.get("columns")
    for name in columns if isinstance(columns, list) else [columns]:
        row = rows.get(str(name))
        if row is None or not (side(row.network) > 0 >= side(row.linear) and side(row.difference) > 0):
            raise DocumentError(
                f"verdict.lines: 'verdict.only_network' names the column {name!r}. It may name a column only if the importance "
                "of the column is significant for the network, not significant for the linear model, and significantly larger "
                "for the network than for the linear model."
            )


def _metric(row: MetricRow, place: str) -> None:
    if row.higher_is_better != (row.metric in HIGHER_IS_BETTER):
        raise DocumentError(
            f"{place}.higher_is_better is {str(row.higher_is_better).lower()}, but for the metric {row.metric} it must be "
            f"{str(not row.higher_is_better).lower()}."
        )
    if row.method == "withheld" and (row.difference.low, row.difference.high) != (None, None):
        raise DocumentError(
            f"{place}.method is 'withheld', but an interval is given for the difference in {row.metric}. The ends of this "
            "interval must be null."
        )
    better = side(row.difference) * (1 if row.higher_is_better else -1)
    expected = {1: "better", 0: "no", -1: "worse"}[better]
    if row.resolved != expected:
        raise DocumentError(
            f"{place}.resolved is {row.resolved!r}, but the interval of the difference in {row.metric} "
            f"implies {expected!r}."
        )
