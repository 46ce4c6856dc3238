"""What a check is, and what it may say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Literal

from tabinterp.document.document import Document, Interval, Message, Power

Status = Literal["raised", "cleared", "not_applicable"]
Severity = Literal["act", "check", "note"]
ASPECTS = ("title", "measures", "blind", "threshold", "next")


@dataclass(frozen=True)
class Outcome:
    """`key` names the sentence `finding.SLUG.KEY`, which `values` fill.

    A key with a dot is `finding.KEY`, a sentence of several checks. `lesser`: what was found has the lesser of the check's two
    severities. `power`: what a pass could have detected.
    """

    status: Status
    key: str
    values: Mapping[str, object] | None = None
    lesser: bool = False
    power: Power | None = None


Limits = Mapping[str, float]


@dataclass(frozen=True)
class Limit:
    """A number that decides whether a check is raised; a policy may put another in its place, from `least` to `most`."""

    value: float
    least: float = 0.0
    most: float = 1.0


@dataclass(frozen=True)
class Check:
    """`code` and `slug` are stable; `evidence` is the anchor of the section that holds the numbers.

    What it is called, measures, cannot see, when it is raised and what to do next are sentences `check.SLUG.ASPECT`; the one
    that says when it is raised is filled by `limits`, and by what is `fixed` because the numbers were taken with it. `lesser` is
    the severity of an outcome that says so. `voids`: where it is raised, the comparison of the two models cannot be trusted, and
    every view of the audit says so above the verdict.
    """

    code: str
    slug: str
    severity: Severity
    evidence: str
    look: Callable[[Document, Limits], Outcome]
    limits: Mapping[str, Limit] = field(default_factory=dict)
    fixed: Limits = field(default_factory=dict)
    lesser: Severity | None = None
    voids: bool = False

    @property
    def severities(self) -> tuple[Severity, ...]:
        """Every severity that its finding may have, the gravest first."""
        return (self.severity,) if self.lesser is None else (self.severity, self.lesser)

    @property
    def usual(self) -> dict[str, float]:
        """The limits that hold where no policy says otherwise."""
        return {name: limit.value for name, limit in self.limits.items()}


def raised(**values: object) -> Outcome:
    return Outcome("raised", "raised", values)


def cleared(**values: object) -> Outcome:
    return Outcome("cleared", "cleared", values)


def not_applicable(why: str = "not_applicable") -> Outcome:
    return Outcome("not_applicable", why)


def withheld(d: Document) -> Outcome | None:
    """Not applicable because performance was withheld, with the reason: too few rows, or too few events of a class."""
    reason = d.verdict.sentence.values.get("reason")
    return Outcome("not_applicable", "withheld", {"reason": reason}) if isinstance(reason, Message) else None


def either(found: bool, **values: object) -> Outcome:
    return (raised if found else cleared)(**values)


def above(part: Interval, limit: float) -> bool:
    """The whole interval lies above the limit; False where there is none."""
    return part.low is not None and part.low >= limit


def p_of(part: Interval, value: float) -> float:
    """Two-sided p-value of the hypothesis that a number is `value`, by the near half of its 95% normal interval; 1 without."""
    if part.value is None or part.low is None or part.high is None:
        return 1.0
    half = part.value - part.low if part.value > value else part.high - part.value
    return 2 * NormalDist().cdf(-abs(part.value - value) * NormalDist().inv_cdf(0.975) / max(half, 1e-12))


def read_columns(d: Document) -> set[str]:
    """Input columns that the network reads."""
    return {c.name for c in d.data.columns if c.role == "input" and c.read_by_network}
