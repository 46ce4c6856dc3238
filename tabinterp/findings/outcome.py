"""What a check is, and what it may say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Literal

from ..report.document import Document, Interval

Status = Literal["raised", "cleared", "not_applicable"]
ASPECTS = ("title", "measures", "blind", "threshold", "next")


@dataclass(frozen=True)
class Outcome:
    """`key` names the sentence `finding.SLUG.KEY`, which `values` fill."""

    status: Status
    key: str
    values: Mapping[str, object] | None = None


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
    that says when it is raised is filled by `limits`, and by what is `fixed` because the numbers were taken with it.
    """

    code: str
    slug: str
    severity: Literal["act", "check", "note"]
    evidence: str
    look: Callable[[Document, Limits], Outcome]
    limits: Mapping[str, Limit] = field(default_factory=dict)
    fixed: Limits = field(default_factory=dict)

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


def either(found: bool, **values: object) -> Outcome:
    return (raised if found else cleared)(**values)


def above(part: Interval, limit: float) -> bool:
    """The whole interval lies above the limit; False where there is none."""
    return part.low is not None and part.low >= limit


def p_of(part: Interval, value: float) -> float:
    """Two-sided p-value of the hypothesis that a number is `value`, by the near half of its 95% normal interval; 1 without one."""
    if part.value is None or part.low is None or part.high is None:
        return 1.0
    half = part.value - part.low if part.value > value else part.high - part.value
    return 2 * NormalDist().cdf(-abs(part.value - value) * NormalDist().inv_cdf(0.975) / max(half, 1e-12))


def read_columns(d: Document) -> set[str]:
    """Input columns that the network reads."""
    return {c.name for c in d.data.columns if c.role == "input" and c.read_by_network}
