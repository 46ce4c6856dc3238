"""Decide whether an audit meets a policy. Every demand of the policy is a gate, which is passed, failed, or waived.

Two more gates exist only if there is a problem, and no policy can waive them. The gate "document" fails if the document
contradicts itself, and is incomplete if the document was written by another version. The gate "analyses" fails if an analysis
ended with an internal error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

import pandas as pd

from tabinterp.analyses.calibration.record import Calibration
from tabinterp.checks import CHECKS
from tabinterp.checks.judge import run_check
from tabinterp.document.document import Document, Finding, Interval, Message, Power
from tabinterp.exit_codes import ExitCode
from tabinterp.frames import any_backend
from tabinterp.preview import PreviewedFrame

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
    """One demand of a policy, and whether the audit meets it."""

    name: str  # "finding:SLUG", "metric:OF.METRIC", "verdict", "document", "analyses"
    status: Outcome
    level: Level  # severity of a failure
    demand: Message
    found: Message  # result of the audit
    owner: str
    evidence: str  # anchor of the section of the report with the numbers
    power: Power | None = None  # the smallest effect that a check that passed could have detected
    waiver: Waiver | None = None  # the waiver that covers it, or one that has expired


@dataclass(frozen=True)
class Decision(PreviewedFrame):
    """Decision on whether an audit meets a policy: all gates, in the order of the policy."""

    policy: str
    network: str
    table: str
    on: date
    gates: tuple[Gate, ...]
    idle: tuple[Waiver, ...]  # waivers of gates that pass
    without_gate: tuple[str, ...]  # checks that are raised, but on which the policy makes no demand

    @property
    def subject(self) -> str:
        """The names of the network and the table to which the decision applies."""
        return f"{self.network} on {self.table}"

    @property
    def passed(self) -> bool:
        """Whether every gate passed or is waived."""
        return self.exit_code is ExitCode.PASSED

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the command: 0 if the audit passed, 1 if a gate failed, and 3 if no gate failed but the findings could
        not be recomputed.
        """
        if self.count("failed"):
            return ExitCode.FAILED
        return ExitCode.INCOMPLETE if self.count("incomplete") else ExitCode.PASSED

    def count(self, status: Outcome) -> int:
        return sum(gate.status == status for gate in self.gates)

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a DataFrame with one row per gate and the columns gate, status, level, owner, waived_by and expires."""
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
    """Decide whether an audit meets a policy. Only the audit's document is needed, not the model or the rows, so old audits can
    be checked again.

    Parameters
    ----------
    today : date, optional
        Day on which waivers must be valid; by default today (UTC).
    contradictions : sequence of Message
        Contradictions that were found in the document. If there are any, the gate "document" fails.
    unjudged : Message, optional
        Reason why the document could not be checked for contradictions. If this is given, the gate "document" is incomplete.

    Raises
    ------
    PolicyError
        If a waiver lasts longer than `policy.LONGEST_WAIVER` days from `today`.
    """
    day = datetime.now(UTC).date() if today is None else today
    refuse_long_waivers(policy, day)
    waivers = {waiver.gate: waiver for waiver in policy.waiver}
    demanded = (_with_waiver(gate, waivers.get(gate.name), day) for gate in _gates(document, policy))
    gates = (*_document_gate(contradictions, unjudged), *_analyses_gate(document), *demanded)
    passing = {gate.name for gate in gates if gate.status == "passed"}
    raised = [finding.slug for finding in document.findings if finding.status == "raised"]
    gated = {gate.name for gate in gates}
    return Decision(
        policy=policy.name,
        network=document.network.name,
        table=document.data.name,
        on=day,
        gates=gates,
        idle=tuple(waiver for waiver in policy.waiver if waiver.gate in passing),
        without_gate=tuple(slug for slug in raised if f"finding:{slug}" not in gated),
    )


def _document_gate(contradictions: Sequence[Message], unjudged: Message | None) -> Iterator[Gate]:
    """Yield the gate "document" if the document contradicts itself or could not be checked for contradictions."""
    status: Outcome = "failed" if contradictions else "incomplete"
    problem = unjudged
    if contradictions:
        values: dict[str, Any] = {"count": len(contradictions), "first": contradictions[0]}
        problem = Message(key="gate.document.changed", values=values)
    if problem is not None:
        yield Gate(
            "document", status, "act", Message(key="gate.document"), problem, owner="tabinterp", evidence="method"
        )


def _analyses_gate(document: Document) -> Iterator[Gate]:
    """Yield the gate "analyses" if an analysis failed. Checks that depend on a failed analysis could not be evaluated."""
    names = [str(note.values.get("analysis", "")) for note in document.failed]
    if names:
        found = Message(key="gate.analyses.failed", values={"names": names})
        demanded = Message(key="gate.analyses")
        yield Gate("analyses", "failed", "act", demanded, found, owner="tabinterp", evidence="not-assessed")


def _gates(document: Document, policy: Policy) -> Iterator[Gate]:
    if policy.verdict is not None:
        yield _verdict_gate(document, policy.verdict)
    for metric in policy.metric:
        yield _metric_gate(document, metric)
    demands = {demand.finding: demand for demand in policy.finding}
    owners = {demand.severity: demand.owner for demand in policy.severity}
    present = {finding.slug for finding in document.findings}
    for finding in document.findings:
        demand = demands.get(finding.slug) or _severity_demand(document, finding, owners)
        if demand is not None:
            yield _finding_gate(run_check(demand.check, document, demand.limits) if demand.limits else finding, demand)
    for check in CHECKS:  # a check that is missing in the document was not run, and does not pass
        owner = demands[check.slug].owner if check.slug in demands else owners.get(check.severity)
        if owner is not None and check.slug not in present:
            demanded, absent = _not_raised(check.slug), Message(key="gate.finding.absent")
            yield Gate(f"finding:{check.slug}", "failed", check.severity, demanded, absent, owner, "findings")


def _severity_demand(document: Document, finding: Finding, owners: Mapping[Level, str]) -> FindingDemand | None:
    """Return the policy's demand on all checks that have the severity of this finding, or None if there is no such demand.

    The severity is taken from the check and not from the document. If a check has two severities, the check is evaluated again to
    decide which applies.
    """
    check = BY_SLUG.get(finding.slug)
    severity = finding.severity if check is None else check.severity
    if check is not None and check.lesser_severity is not None and finding.severity == check.lesser_severity:
        severity = run_check(check, document).severity
    owner = owners.get(severity)
    if owner is None:
        return None
    return FindingDemand.model_construct(finding=finding.slug, owner=owner, not_applicable="pass", limits={})


def _not_raised(slug: str) -> Message:
    return Message(key="gate.finding", values={"slug": slug})


def _finding_gate(finding: Finding, demand: FindingDemand) -> Gate:
    moved = [f"{name} {value:g}" for name, value in demand.limits.items()]
    values: dict[str, object] = {"slug": finding.slug, "limits": moved}
    demanded = Message(key="gate.finding.moved", values=values) if moved else _not_raised(finding.slug)
    failed = finding.status == "raised" or (finding.status == "not_applicable" and demand.not_applicable == "fail")
    return Gate(
        name=f"finding:{finding.slug}",
        status="failed" if failed else "passed",
        level=finding.severity,
        demand=demanded,
        found=finding.claim,
        owner=demand.owner,
        evidence=finding.evidence,
        power=finding.power,
    )


def _verdict_gate(document: Document, demand: VerdictDemand) -> Gate:
    return Gate(
        name="verdict",
        status="passed" if document.verdict.status in demand.allowed else "failed",
        level="act",
        demand=Message(key="gate.verdict", values={"allowed": list(demand.allowed)}),
        found=document.verdict.sentence,
        owner=demand.owner,
        evidence="performance",
    )


def _metric_gate(document: Document, demand: MetricDemand) -> Gate:
    metric = _metric_value(document, demand)
    values: dict[str, object] = {
        "metric": Message(
            key=f"gate.metric.{demand.metric}" if demand.metric in OTHERS else f"report.metric.{demand.metric}"
        ),
        "of": Message(key=f"gate.of.{demand.of}"),
    }
    bounds = {"at_least": demand.at_least, "at_most": demand.at_most}
    values |= {bound: value for bound, value in bounds.items() if value is not None}
    which = "both" if None not in bounds.values() else next(b for b, value in bounds.items() if value is not None)
    if metric.value is None:
        passes, statement = demand.missing == "pass", Message(key="gate.metric.missing")
    else:
        passes = _is_within(metric, demand)
        ends = metric.low is not None and metric.high is not None
        statement = Message(
            key="gate.metric.found" if ends else "gate.metric.value",
            values={"value": metric.value} | ({"low": metric.low, "high": metric.high} if ends else {}),
        )
    return Gate(
        name=demand.gate,
        status="passed" if passes else "failed",
        level="act",
        demand=Message(key=f"gate.metric.{which}.{demand.by}", values=values),
        found=statement,
        owner=demand.owner,
        evidence="calibration" if demand.metric.startswith("calibration") else "performance",
    )


def _metric_value(document: Document, demand: MetricDemand) -> Interval:
    """Return the value of a demand's metric in the document, or an empty interval if the document does not contain the metric."""
    if demand.metric.startswith("calibration_"):
        calibration = document.get(Calibration)
        if calibration is None or len(calibration.outputs) != 1 or demand.of == "difference":
            return Interval()
        model = calibration.outputs[0].network if demand.of == "network" else calibration.outputs[0].linear
        interval: Interval = getattr(model, demand.metric.removeprefix("calibration_"))
        return interval
    rows = [row for row in document.performance.metrics if row.metric == demand.metric]
    return getattr(rows[0], demand.of) if rows else Interval()


def _is_within(metric: Interval, demand: MetricDemand) -> bool:
    low, high = (metric.low, metric.high) if demand.by == "interval" else (metric.value, metric.value)
    if low is None or high is None:
        return False
    above = demand.at_least is None or low >= demand.at_least
    return above and (demand.at_most is None or high <= demand.at_most)


def _with_waiver(gate: Gate, waiver: Waiver | None, day: date) -> Gate:
    if waiver is None or gate.status == "passed":
        return gate
    return replace(gate, waiver=waiver, status="waived" if day <= waiver.expires else "failed")
