"""Check a document against itself: everything in it that follows from the rest is worked out again.

Findings, the verdict, the evidence for clauses and parts of the provenance follow from the numbers in the document. Whoever edits
one of them by hand leaves a contradiction. Only the code that wrote a document can tell: another version may judge otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from tabinterp import __version__
from tabinterp.analyses.disagreement.record import disagreement_sentences
from tabinterp.analyses.performance.record import gap, only_network, others
from tabinterp.analyses.settings import AuditSettings, Constraint, DecisionPolicy
from tabinterp.analyses.slices.record import Slices, slices_sentences
from tabinterp.auditing.not_assessed import KEYS, unassessed
from tabinterp.auditing.run_record import code_digest, configuration_digest, readings
from tabinterp.checks.evidence.clauses import evidence, holds
from tabinterp.checks.judge import judge
from tabinterp.document import claims
from tabinterp.document.base import MetricRow, Part
from tabinterp.document.document import Document, Message
from tabinterp.errors import DocumentError

SHARES = ("auc", "average_precision", "macro_auc", "accuracy", "balanced_accuracy", "sensitivity", "specificity")
RANGES = dict.fromkeys(SHARES, (0.0, 1.0)) | {"r2": (-math.inf, 1.0)}  # of any other metric: from 0 on
BROKEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)  # of values that do not fit


def written_here(document: Document) -> bool:
    """Return whether this very code wrote the document: the same version, and the same files."""
    return document.method.version == __version__ and document.method.code_digest == code_digest()


def contradictions(document: Document) -> list[Message]:
    """Return what the document says that the rest of it does not give; empty where it is as it was written.

    Meaningful only where `written_here`.
    """
    try:
        claims.check(document)
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
    yield Message(key="consistency.part", values={"place": "findings"})  # also of another order, or of one too many


def _parts(document: Document) -> Iterator[Message]:
    how, verdict, performance = document.method, document.verdict, document.performance
    primary = performance.metrics[0]
    digests = [how.digest_key, how.data_digest, *(column.digest for column in document.data.columns)]
    held = {
        "verdict.status": verdict.status == _status(document),
        "verdict.metric": verdict.metric == primary.metric,
        "verdict.difference": verdict.difference == primary.difference,
        "verdict.lines": _lines_follow(document),
        "performance.metrics": all(_possible(row) for row in performance.metrics),
        "performance.held_out": performance.held_out == (document.data.held_out_rows is not None),
        "disagreement.sentences": document.disagreement is None
        or document.disagreement.sentences == disagreement_sentences(document.disagreement, document.linear.name),
        "slices.sentences": document.slices is None or _slices_follow(document.slices, document.linear.name),
        "not_assessed": [one for one in document.not_assessed if one.key in KEYS] == unassessed(document),
        "method.settings.margin": how.settings.get("margin") == verdict.margin,
        "settings": document.settings is None or _settings_follow(document, document.settings),
        "method.readings": how.readings == readings(document),
        "method.configuration_digest": how.configuration_digest == configuration_digest(document),
        "method.data_digest": len({digest == "" for digest in digests})
        == 1,  # all of them are written under one key, or none
    }
    yield from (Message(key="consistency.part", values={"place": place}) for place, same in held.items() if not same)


def _settings_follow(document: Document, asked: AuditSettings) -> bool:
    """Whether the settings are those that the rest of the document was made with."""
    data, verdict, groups, read = document.data, document.verdict, document.groups, asked.table
    decisions = None if document.judged is None else document.judged.decisions
    policy = None if decisions is None or decisions.policy is None else decisions.policy
    constraints = None if groups is None else groups.constraints
    tables = [] if groups is None else groups.tables
    held = [
        asked.seed == document.method.seed,
        verdict.margin_given == (asked.margin is not None),
        not verdict.margin_given or verdict.margin in (None, asked.margin),
        document.performance.threshold in (None, asked.threshold),
        policy is None or policy.model_dump(include=set(DecisionPolicy.model_fields)) == _dumped(asked.policy),
        all(table.control == asked.control for table in tables),
        constraints is None
        or [one.model_dump(include=set(Constraint.model_fields)) for one in constraints.columns]
        == [_dumped(one) for one in asked.constraints],
        read is None or (read.target, read.task, read.adverse) == (data.target, data.task, data.adverse),
    ]
    return all(held)


def _dumped(part: Part | None) -> dict[str, Any] | None:
    return None if part is None else part.model_dump()


def _possible(row: MetricRow) -> bool:
    """Whether a metric has values that it can have, and a difference that is theirs."""
    least, most = RANGES.get(row.metric, (0.0, math.inf))
    one, other, difference = row.network.value, row.linear.value, row.difference.value
    inside = all(value is None or least <= value <= most for value in (one, other))
    ordered = all(part.low is None or part.high is None or part.low <= part.high for part in (row.network, row.linear))
    if one is None or other is None or difference is None:
        return inside and ordered
    same = math.isclose(one - other, difference, rel_tol=1e-6, abs_tol=1e-9 * max(1.0, abs(one), abs(other)))
    return inside and ordered and same


def _lines_follow(document: Document) -> bool:
    """Whether the verdict says the gap, the other metrics and the columns of one model alone as the numbers give them."""
    verdict, metrics = document.verdict, document.performance.metrics
    if verdict.status == "not_assessed":
        return not verdict.lines
    expected = only_network(document.importance, document.linear.name)
    if not any(line.key == "verdict.one_value" for line in verdict.lines):
        expected = [gap(metrics[0], verdict.margin), *others(metrics[1:]), *expected]
    said = ("verdict.gap.", "verdict.others.", "verdict.only_network")
    return [line for line in verdict.lines if line.key.startswith(said)] == expected


def _slices_follow(part: Slices, linear: str) -> bool:
    """Whether the groups of rows are told as the table shows them; of those beyond the table only a number is known."""
    counts: Any = {name: part.sentences[0].values.get(name, 0) for name in ("better", "worse", "unlike")}
    shown = {name: sum(row.status == name for row in part.found) for name in ("better", "worse")}
    shown["unlike"] = sum(row.unlike for row in part.found)
    possible = all(shown[name] <= counts[name] <= part.groups for name in counts)
    if not part.hidden:
        possible &= all(counts[name] == shown[name] for name in ("worse", "unlike"))
    return possible and part.sentences == slices_sentences(part, counts, linear)


def _status(document: Document) -> str:
    if not document.performance.held_out or document.performance.metrics[0].difference.value is None:
        return "not_assessed"  # the rows are not held out, or too few to be told of
    if any(line.key == "verdict.one_value" for line in document.verdict.lines):
        return "not_resolved"
    return claims.status_of(document.performance.metrics[0].difference, document.verdict.margin or 0.0)


def _evidence(document: Document) -> Iterator[Message]:
    """Rows of the built-in mapping are worked out again; of the author's own mappings only what is missing can be held to it."""
    expected = evidence(document)
    same = document.evidence[: len(expected)] == expected
    for row in document.evidence[len(expected) :]:
        same &= (row.status == "supplied") == (not row.missing)
        same &= not any(holds(document, place) for place in row.missing)
    if not same:
        yield Message(key="consistency.part", values={"place": "evidence"})
