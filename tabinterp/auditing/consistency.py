"""Consistency checks of a saved document. Values that can be derived from other numbers in the document are recomputed and
compared.

Findings, the verdict, the evidence for clauses and parts of the provenance are derived from the numbers in the document. If one
of them was edited by hand, the document contradicts itself. Only the version of tabinterp that wrote a document can detect this
reliably, because other versions may apply different rules.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from tabinterp import __version__
from tabinterp.analyses.calibration.record import Calibration
from tabinterp.analyses.coefficients.record import LINEAR_R2, Coefficients
from tabinterp.analyses.decision_curve.record import Decisions, Policy
from tabinterp.analyses.groups.record import Groups
from tabinterp.analyses.performance.record import MARGIN, Judged, gap, only_network, others, rounded
from tabinterp.analyses.permutation_importance.record import Importance
from tabinterp.analyses.recourse.record import Record as Recourse
from tabinterp.analyses.settings import AuditSettings, DecisionPolicy
from tabinterp.auditing.not_assessed import KEYS, unassessed
from tabinterp.auditing.run_record import code_digest, configuration_digest, readings
from tabinterp.checks.evidence.clauses import evidence, holds
from tabinterp.checks.judge import judge
from tabinterp.document import claims
from tabinterp.document.base import RANGES, Interval, MetricRow, Part, status_of
from tabinterp.document.document import PLACES, Document, Message
from tabinterp.errors import DocumentError
from tabinterp.table.schema import GOALS
from tabinterp.table.suppression import SMALL

CHECKED = {
    "column",
    "direction",
    "low",
    "high",
}  # settings of a declared constraint that its row in the table of constraints repeats
CHANGED = {"column", "changeable", "low", "high"}  # settings that its row in the table of recourse repeats
BROKEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)  # errors caused by contradictory values


def written_here(document: Document) -> bool:
    """Return whether the document was written by this version of tabinterp, with identical package files."""
    return document.method.version == __version__ and document.method.code_digest == code_digest()


def contradictions(document: Document) -> list[Message]:
    """Return a message about each part of the document that contradicts other parts. The list is empty if there is no
    contradiction.

    The result is meaningful only if `written_here(document)` is true.
    """
    try:
        claims.check_each(document)
        return [*_findings(document), *_parts(document), *_evidence(document)]
    except DocumentError as error:
        return [Message(key="consistency.claim", values={"reason": str(error)})]
    except BROKEN as error:
        return [Message(key="consistency.broken", values={"reason": f"{type(error).__name__}: {error}"})]


def _findings(document: Document) -> Iterator[Message]:
    expected, written = judge(document), document.findings
    if written == expected:
        return
    known = {one.slug: one for one in written}
    for one in expected:
        if one.slug not in known:
            yield Message(key="consistency.finding.absent", values={"slug": one.slug})
        elif known[one.slug] != one:
            raised = one.status == "raised" and known[one.slug].status != "raised"
            yield Message(key=f"consistency.finding.{'hidden' if raised else 'changed'}", values={"slug": one.slug})
    yield Message(key="consistency.part", values={"place": "findings"})  # also for a different order


def _parts(document: Document) -> Iterator[Message]:
    how, verdict, performance = document.method, document.verdict, document.performance
    primary = performance.metrics[0]
    digests = [how.digest_key, how.data_digest, *(column.digest for column in document.data.columns)]
    held = {
        "verdict.status": verdict.status == _status(document),
        "verdict.metric": verdict.metric == primary.metric,
        "verdict.difference": verdict.difference == primary.difference,
        "verdict.sentence": verdict.sentence.values.get("linear", document.linear.name) == document.linear.name,
        "verdict.lines": _lines_follow(document),
        "data.rows": _rows_add_up(document),
        "method.settings.unsafe": all(_unsafe_file_is_told(document, name) for name in ("network", "linear")),
        "performance.metrics": _metrics_possible(document),
        "calibration": all(map(_holds_its_value, _calibrations(document))),
        "performance.held_out": performance.held_out == (document.data.held_out_rows is not None),
        **{
            f"{'.'.join(place)}.sentences": record.sentences_follow(document)
            for kind, place in PLACES.items()
            if (record := document.get(kind)) is not None
        },
        "not_assessed": [one for one in document.not_assessed if one.key in KEYS] == unassessed(document),
        "method.settings.margin": how.settings.get("margin") == verdict.margin,
        "settings": document.settings is None or _settings_follow(document, document.settings),
        "method.readings": how.readings == readings(document),
        "method.configuration_digest": how.configuration_digest == configuration_digest(document),
        "method.data_digest": len({digest == "" for digest in digests})
        == 1,  # all digests were written with one key, or there are none
    }
    yield from (Message(key="consistency.part", values={"place": place}) for place, same in held.items() if not same)


def _metrics_possible(document: Document) -> bool:
    """Return whether each metric belongs to the task, occurs only once and has values that are possible. Duplicates are not
    allowed, because a policy uses the first metric with a given name.
    """
    rows = document.performance.metrics
    names = {row.metric for row in rows}
    return len(names) == len(rows) and names <= {*GOALS[document.data.task].metrics} and all(map(_possible, rows))


def _calibrations(document: Document) -> Iterator[Interval]:
    """Yield the calibration slopes and intercepts. A policy may set limits for them."""
    calibration = document.get(Calibration)
    for output in () if calibration is None else calibration.outputs:
        for model in (output.network, output.linear):
            yield from (model.slope, model.intercept)


def _holds_its_value(part: Interval) -> bool:
    return part.value is None or part.low is None or part.high is None or part.low <= part.value <= part.high


def _settings_follow(document: Document, asked: AuditSettings) -> bool:
    """Return whether the settings of the audit agree with the rest of the document."""
    data, verdict, groups, read = document.data, document.verdict, document.get(Groups), asked.table
    decisions = document.get(Decisions)
    policy = None if decisions is None or decisions.policy is None else decisions.policy
    constraints = None if groups is None else groups.constraints
    recourse = document.get(Recourse)
    tables = [] if groups is None else groups.tables
    held = [
        asked.seed == document.method.seed,
        verdict.margin_given == (asked.margin is not None),
        not verdict.margin_given or verdict.margin in (None, asked.margin),
        document.performance.threshold in (None, asked.threshold),
        policy is None or policy.model_dump(include=set(DecisionPolicy.model_fields)) == _dumped(asked.policy),
        all(table.control == asked.control for table in tables),
        constraints is None
        or [one.model_dump(include=CHECKED) for one in constraints.columns]
        == [one.model_dump(include=CHECKED) for one in asked.constraints if one.is_checked],
        recourse is None
        or [one.model_dump(include=CHANGED) for one in recourse.columns]
        == [one.model_dump(include=CHANGED) for one in asked.constraints if one.changeable],
        read is None or (read.target, read.task, read.adverse) == (data.target, data.task, data.adverse),
    ]
    return all(held)


def _dumped(part: Part | None) -> dict[str, Any] | None:
    return None if part is None else part.model_dump()


def _possible(row: MetricRow) -> bool:
    """Return whether both models' values of a metric are possible and the stated difference follows from them."""
    least, most = RANGES.get(row.metric, (0.0, math.inf))
    one, other, difference = row.network.value, row.linear.value, row.difference.value
    inside = all(value is None or least <= value <= most for value in (one, other))
    around = all(map(_holds_its_value, (row.network, row.linear, row.difference)))
    if one is None or other is None or difference is None:
        return inside and around
    same = math.isclose(one - other, difference, rel_tol=1e-6, abs_tol=1e-9 * max(1.0, abs(one), abs(other)))
    return inside and around and same


def _rows_add_up(document: Document) -> bool:
    """Return whether the numbers of training and held-out rows add up to the number of all rows."""
    data = document.data
    if data.training_rows is None or data.held_out_rows is None:
        return data.rows > 0
    return data.rows == data.training_rows + data.held_out_rows and min(data.training_rows, data.held_out_rows) > 0


def _unsafe_file_is_told(document: Document, which: str) -> bool:
    """Return whether the document contains the note on an unsafe model file if, and only if, code in the file was run."""
    notes = {note.key for note in getattr(document, which).notes}
    return (document.method.settings.get(f"{which}_file_unsafe") is True) == ("model.unsafe" in notes)


def _lines_follow(document: Document) -> bool:
    """Return whether the sentences below the verdict agree with the numbers in the document.

    Two kinds of sentences cannot be recomputed. For the sentence on the simpler models (`Ladder`), `claims` checks the message
    key. For the sentences on labels, this function checks the number of rows.
    """
    verdict, rows = document.verdict, document.performance.rows
    if verdict.status == "not_assessed":
        return not verdict.lines
    labels = [line for line in verdict.lines if line.key.startswith("verdict.labels")]
    if len(labels) > 1 or any(line.values.get("rows") != rows for line in labels):
        return False
    held = [line for line in verdict.lines if not line.key.startswith(("ladder.", "verdict.labels"))]
    return held == verdict_lines(document)


def verdict_lines(document: Document) -> list[Message]:
    """Return the sentences below the verdict that can be derived from the rest of the document. These are all sentences except
    those on the simpler models (`Ladder`) and on labels.
    """
    lines = _linear_lines(document)
    if any(line.key == "verdict.one_value" for line in document.verdict.lines):
        lines.append(Message(key="verdict.one_value", values={"rows": document.performance.rows}))
    else:
        lines += _gap_lines(document)
    return [*lines, *only_network(document[Importance], document.linear.name), _scope(document)]


def _linear_lines(document: Document) -> list[Message]:
    linear = {"linear": document.linear.name}
    if document.network.linear:
        return [Message(key="verdict.linear.exact", values=linear)]
    shares = [row.r2 for row in document[Coefficients].surrogates]
    known = [r2 for r2 in shares if r2 is not None]
    if not shares or len(known) < len(shares) or min(known) < LINEAR_R2:
        return []
    return [Message(key="verdict.linear.score", values=linear | {"percent": 100 * min(known)})]


def _gap_lines(document: Document) -> list[Message]:
    """Return the sentences on the differences in the primary metric and in other metrics, on the number of rows needed for a
    verdict, and on recalibration, costs and boosted trees.
    """
    verdict, metrics, judged = document.verdict, document.performance.metrics, document.get(Judged)
    lines = [gap(metrics[0], verdict.margin), *others(metrics[1:])]
    if verdict.rows_needed is not None:
        values = {"needed": rounded(verdict.rows_needed), "rows": document.performance.rows}
        lines.append(Message(key="verdict.rows_needed", values=values))
    if judged is None:
        return lines
    again, reference = judged.recalibration, judged.reference
    if again is not None and again.status != verdict.status:
        lines.append(Message(key=f"verdict.recalibrated.{again.status}", values=_ends(again.row.difference)))
    policy = None if judged.decisions is None else judged.decisions.policy
    if policy is not None:
        cost = policy.metrics[0]
        if (cost.difference.value if cost.method == "withheld" else cost.difference.low) is not None:
            lines.append(_cost_line(policy, document.linear.name))
    if reference is not None and reference.status == "worse":
        lines.append(Message(key="verdict.reference.worse", values=_ends(reference.difference)))
    return lines


def _cost_line(policy: Policy, linear: str) -> Message:
    cost = policy.metrics[0]
    said = {
        "false_positive": policy.false_positive,
        "false_negative": policy.false_negative,
        "threshold": policy.threshold,
    }
    models = {"network": cost.network.value, "other": cost.linear.value, "linear": linear}
    if cost.method == "withheld":
        withheld = {"value": cost.difference.value, "fewest": SMALL}
        return Message(key="verdict.cost.withheld", values=said | models | withheld)
    return Message(key=f"verdict.cost.{cost.resolved}", values=said | models | _ends(cost.difference))


def _scope(document: Document) -> Message:
    over = "" if document.data.grouping is None else ".groups"
    if document.verdict.margin_given:
        return Message(key=f"verdict.scope.given{over}", values={"margin": document.verdict.margin})
    values = {"percent": 100 * MARGIN, "base": GOALS[document.data.task].base}
    return Message(key=f"verdict.scope{over}", values=values)


def _ends(part: Interval) -> dict[str, Any]:
    return {"value": part.value, "low": part.low, "high": part.high}


def _status(document: Document) -> str:
    if not document.performance.held_out or document.performance.metrics[0].difference.value is None:
        return "not_assessed"  # the rows are not held out, or are too few to be reported
    if any(line.key == "verdict.one_value" for line in document.verdict.lines):
        return "not_resolved"
    return status_of(document.performance.metrics[0].difference, document.verdict.margin or 0.0)


def _evidence(document: Document) -> Iterator[Message]:
    """Yield a message if the evidence for clauses does not agree with the document. Evidence for the built-in mapping is
    recomputed. The document does not contain the user's own mappings. For these, only the statements on missing evidence are
    checked.
    """
    expected = evidence(document)
    same = document.evidence[: len(expected)] == expected
    for row in document.evidence[len(expected) :]:
        same &= (row.status == "supplied") == (not row.missing)
        same &= not any(holds(document, place) for place in row.missing)
    if not same:
        yield Message(key="consistency.part", values={"place": "evidence"})
