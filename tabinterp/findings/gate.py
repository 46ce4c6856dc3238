"""Does an audit pass a policy? Every demand is a gate: passed, failed, or failed and waived.

One more gate, "document", is there only where the document itself cannot be believed: it fails where the document contradicts
itself, and is incomplete where another version wrote it. No policy can waive it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

import pandas as pd

from tabinterp.document.document import Document, Finding, Interval, Message, Power
from tabinterp.exit_codes import ExitCode

from .checks import CHECKS, found_by
from .policy import (
    BY_SLUG,
    DEFAULT,
    OTHERS,
    FindingDemand,
    MetricDemand,
    Policy,
    VerdictDemand,
    Waiver,
    refuse_long_waivers,
)

Level = Literal["act", "check", "note"]
Outcome = Literal["passed", "failed", "waived", "incomplete"]


@dataclass(frozen=True)
class Gate:
    """One demand, and what the audit says of it."""

    name: str  # "finding:SLUG", "metric:OF.METRIC", "verdict", "document"
    status: Outcome
    level: Level  # how bad a failure is
    demand: Message  # what is asked
    found: Message  # what the audit says
    owner: str
    evidence: str  # anchor of the section of the report that holds the numbers
    power: Power | None = None  # of a check that passed: the smallest effect that it could have detected
    waiver: Waiver | None = None  # the one that covers it, or one that has expired


@dataclass(frozen=True)
class Decision:
    """All gates of a policy, in its order."""

    policy: str
    network: str
    table: str
    on: date
    gates: tuple[Gate, ...]
    idle: tuple[Waiver, ...]  # waivers of gates that pass

    @property
    def subject(self) -> str:
        """For programs; a reader is told it in a sentence."""
        return f"{self.network} on {self.table}"

    @property
    def passed(self) -> bool:
        """No gate fails without a waiver, and none is incomplete."""
        return self.exit_code is ExitCode.PASSED

    @property
    def exit_code(self) -> ExitCode:
        """0: passed. 1: a gate failed. 3: none failed, but the document could not be judged again."""
        if self.count("failed"):
            return ExitCode.FAILED
        return ExitCode.INCOMPLETE if self.count("incomplete") else ExitCode.PASSED

    def count(self, status: Outcome) -> int:
        return sum(gate.status == status for gate in self.gates)

    def frame(self) -> pd.DataFrame:
        """gate, status, level, owner, waived_by, expires."""
        rows = [
            (g.name, g.status, g.level, g.owner, g.waiver and g.waiver.name, g.waiver and g.waiver.expires)
            for g in self.gates
        ]
        return pd.DataFrame(rows, columns=["gate", "status", "level", "owner", "waived_by", "expires"])


def decide(
    document: Document,
    policy: Policy = DEFAULT,
    today: date | None = None,
    contradictions: Sequence[Message] = (),
    unjudged: Message | None = None,
) -> Decision:
    """Hold an audit's document to a policy. No model or row is needed: an old audit can be held to a new policy.

    Parameters
    ----------
    today : date, optional
        The day waivers are judged by; by default the present one (UTC).
    contradictions : sequence of Message
        What in the document does not follow from the rest of it; any makes the gate "document" fail.
    unjudged : Message, optional
        Why nobody can say whether there are contradictions; it makes the gate "document" incomplete.

    Raises
    ------
    PolicyError
        If a waiver lasts longer than `policy.LONGEST_WAIVER` days from `today`.
    """
    day = datetime.now(UTC).date() if today is None else today
    refuse_long_waivers(policy, day)
    waivers = {waiver.gate: waiver for waiver in policy.waiver}
    judged = (_waived(gate, waivers.get(gate.name), day) for gate in _gates(document, policy))
    gates = (*_document(contradictions, unjudged), *judged)
    passing = {gate.name for gate in gates if gate.status == "passed"}
    return Decision(
        policy=policy.name,
        network=document.network.name,
        table=document.data.name,
        on=day,
        gates=gates,
        idle=tuple(waiver for waiver in policy.waiver if waiver.gate in passing),
    )


def _document(contradictions: Sequence[Message], unjudged: Message | None) -> Iterator[Gate]:
    """A gate only where the document is not to be believed."""
    status: Outcome = "failed" if contradictions else "incomplete"
    found = unjudged
    if contradictions:
        told: dict[str, Any] = {"count": len(contradictions), "first": contradictions[0]}
        found = Message(key="gate.document.changed", values=told)
    if found is not None:
        yield Gate("document", status, "act", Message(key="gate.document"), found, owner="tabinterp", evidence="method")


def _gates(document: Document, policy: Policy) -> Iterator[Gate]:
    if policy.verdict is not None:
        yield _verdict(document, policy.verdict)
    for metric in policy.metric:
        yield _metric(document, metric)
    own = {demand.finding: demand for demand in policy.finding}
    owners = {demand.severity: demand.owner for demand in policy.severity}
    held = {finding.slug for finding in document.findings}
    for finding in document.findings:
        demand = own.get(finding.slug) or _of_severity(document, finding, owners)
        if demand is not None:
            yield _finding(found_by(demand.check, document, demand.limits) if demand.limits else finding, demand)
    for check in CHECKS:  # what the document does not hold was not checked, and does not pass
        owner = own[check.slug].owner if check.slug in own else owners.get(check.severity)
        if owner is not None and check.slug not in held:
            told = Message(key="gate.finding.absent")
            yield Gate(f"finding:{check.slug}", "failed", check.severity, _asked(check.slug), told, owner, "findings")


def _of_severity(document: Document, finding: Finding, owners: Mapping[Level, str]) -> FindingDemand | None:
    """The demand on all checks of a severity: that of the check, whatever the document says; of two severities the one that the
    numbers give."""
    check = BY_SLUG.get(finding.slug)
    severity = finding.severity if check is None else check.severity
    if check is not None and check.lesser is not None and finding.severity == check.lesser:
        severity = found_by(check, document).severity
    owner = owners.get(severity)
    if owner is None:
        return None
    return FindingDemand.model_construct(finding=finding.slug, owner=owner, not_applicable="pass", limits={})


def _asked(slug: str) -> Message:
    return Message(key="gate.finding", values={"slug": slug})


def _finding(finding: Finding, demand: FindingDemand) -> Gate:
    moved = [f"{name} {value:g}" for name, value in demand.limits.items()]
    asked: dict[str, object] = {"slug": finding.slug} | ({"limits": moved} if moved else {})
    failed = finding.status == "raised" or (finding.status == "not_applicable" and demand.not_applicable == "fail")
    return Gate(
        name=f"finding:{finding.slug}",
        status="failed" if failed else "passed",
        level=finding.severity,
        demand=Message(key="gate.finding.moved" if moved else "gate.finding", values=asked),
        found=finding.claim,
        owner=demand.owner,
        evidence=finding.evidence,
        power=finding.power,
    )


def _verdict(document: Document, demand: VerdictDemand) -> Gate:
    return Gate(
        name="verdict",
        status="passed" if document.verdict.status in demand.allowed else "failed",
        level="act",
        demand=Message(key="gate.verdict", values={"allowed": list(demand.allowed)}),
        found=document.verdict.sentence,
        owner=demand.owner,
        evidence="performance",
    )


def _metric(document: Document, demand: MetricDemand) -> Gate:
    found = _number(document, demand)
    asked: dict[str, object] = {
        "metric": Message(
            key=f"gate.metric.{demand.metric}" if demand.metric in OTHERS else f"report.metric.{demand.metric}"
        ),
        "of": Message(key=f"gate.of.{demand.of}"),
    }
    bounds = {"at_least": demand.at_least, "at_most": demand.at_most}
    asked |= {bound: value for bound, value in bounds.items() if value is not None}
    which = "both" if None not in bounds.values() else next(b for b, value in bounds.items() if value is not None)
    if found.value is None:
        status, told = demand.missing == "pass", Message(key="gate.metric.missing")
    else:
        status = _holds(found, demand)
        ends = found.low is not None and found.high is not None
        told = Message(
            key="gate.metric.found" if ends else "gate.metric.value",
            values={"value": found.value} | ({"low": found.low, "high": found.high} if ends else {}),
        )
    return Gate(
        name=demand.gate,
        status="passed" if status else "failed",
        level="act",
        demand=Message(key=f"gate.metric.{which}.{demand.by}", values=asked),
        found=told,
        owner=demand.owner,
        evidence="calibration" if demand.metric.startswith("calibration") else "performance",
    )


def _number(document: Document, demand: MetricDemand) -> Interval:
    """The number that is asked for, or an empty interval."""
    if demand.metric.startswith("calibration_"):
        part = document.calibration
        if part is None or len(part.outputs) != 1 or demand.of == "difference":
            return Interval()
        model = part.outputs[0].network if demand.of == "network" else part.outputs[0].linear
        found: Interval = getattr(model, demand.metric.removeprefix("calibration_"))
        return found
    rows = [row for row in document.performance.metrics if row.metric == demand.metric]
    return getattr(rows[0], demand.of) if rows else Interval()


def _holds(found: Interval, demand: MetricDemand) -> bool:
    low, high = (found.low, found.high) if demand.by == "interval" else (found.value, found.value)
    if low is None or high is None:
        return False
    above = demand.at_least is None or low >= demand.at_least
    return above and (demand.at_most is None or high <= demand.at_most)


def _waived(gate: Gate, waiver: Waiver | None, day: date) -> Gate:
    if waiver is None or gate.status == "passed":
        return gate
    return replace(gate, waiver=waiver, status="waived" if day <= waiver.expires else "failed")
