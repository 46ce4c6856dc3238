"""The definition of a check (code, severity, limits, function and sentences), and the outcome that a check's function returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Literal

from tabinterp.document.document import Document, Interval, Power

Status = Literal["raised", "cleared", "not_applicable"]
Severity = Literal["act", "check", "note"]
Limits = Mapping[str, float]
Sentence = str | tuple[str, str]  # the English sentence, and a note for translators if they need one

UNBOUNDED = 1e9  # upper end of the range of a limit that may be any number
WITHHELD: Sentence = (
    "Not applicable: {reason}.",
    "reason: a sentence of the catalogue, such as that there are too few rows or too few events of a class",
)
ASPECTS = {  # last part of the key `check.SLUG.ASPECT`: field of `Text`
    "title": "title",
    "measures": "measures",
    "blind": "limitations",
    "threshold": "raised_when",
    "next": "next",
}


@dataclass(frozen=True)
class Outcome:
    """The result of a check's function.

    Parameters
    ----------
    status : "raised", "cleared" (shown as passed) or "not_applicable"
    key : str
        Key of the finding's sentence in `Text.claims`. The key in the message catalogue is `finding.SLUG.KEY`. A key with a dot,
        such as "any.powerless", refers to `finding.KEY`, a sentence that several checks share.
    values : mapping, optional
        Values of the placeholders in the sentence.
    lesser : bool
        For a check with two severities, whether the finding has the lower one.
    power : Power, optional
        For a check that passed, the smallest effect that it could have detected.
    """

    status: Status
    key: str
    values: Mapping[str, object] | None = None
    lesser: bool = False
    power: Power | None = None


@dataclass(frozen=True)
class Limit:
    """Limit of a check: a number that the check compares with a result to decide whether it is raised. A policy may replace
    `value` by another number from `least` to `most`.

    `means` is the name of the quantity that is compared with the limit.
    """

    value: float
    least: float = 0.0
    most: float = 1.0
    means: Sentence = field(kw_only=True)


@dataclass(frozen=True)
class Text:
    """All sentences of a check.

    The placeholders in `raised_when` are replaced by the limits and constants of the check. `claims` contains the sentence of
    each outcome, by key. The placeholders of these sentences are replaced by the values of the outcome.
    """

    title: Sentence
    measures: Sentence
    limitations: Sentence
    raised_when: Sentence
    next: Sentence
    claims: Mapping[str, Sentence]


@dataclass(frozen=True)
class Check:
    """A check of the document. Its function `evaluate` takes the document and the limits to apply.

    Parameters
    ----------
    code, slug : str
        Names that never change, such as "TI-D02" and "label-leak".
    severity : "act", "check" or "note"
    section : str
        Anchor of the report section that contains the numbers on which the check is based.
    limits : mapping of str to Limit
        Limits that a policy may change.
    constants : mapping of str to float
        Other numbers in `text.raised_when`, which a policy cannot change.
    lesser_severity : optional
        Severity of outcomes with `lesser=True`.
    voids_comparison : bool
        Whether a raised finding invalidates the comparison of the two models. In this case, every format of the report
        states this above the verdict.
    """

    code: str
    slug: str
    severity: Severity
    section: str
    evaluate: Callable[[Document, Limits], Outcome]
    text: Text
    limits: Mapping[str, Limit] = field(default_factory=dict)
    constants: Limits = field(default_factory=dict)
    lesser_severity: Severity | None = None
    voids_comparison: bool = False

    @property
    def severities(self) -> tuple[Severity, ...]:
        """The severities that a finding of this check can have, most severe first."""
        return (self.severity,) if self.lesser_severity is None else (self.severity, self.lesser_severity)

    @property
    def default_limits(self) -> dict[str, float]:
        """The limits that apply unless a policy changes them."""
        return {name: limit.value for name, limit in self.limits.items()}

    @property
    def sentences(self) -> dict[str, Sentence]:
        """All sentences of the check by their keys in the message catalogue: `check.SLUG.ASPECT`, `check.SLUG.limit.NAME` or
        `finding.SLUG.OUTCOME`.
        """
        aspects = {f"check.{self.slug}.{aspect}": getattr(self.text, name) for aspect, name in ASPECTS.items()}
        aspects |= {f"check.{self.slug}.limit.{name}": limit.means for name, limit in self.limits.items()}
        return aspects | {f"finding.{self.slug}.{outcome}": claim for outcome, claim in self.text.claims.items()}


def raised(**values: object) -> Outcome:
    return Outcome("raised", "raised", values)


def cleared(**values: object) -> Outcome:
    return Outcome("cleared", "cleared", values)


def not_applicable(key: str = "not_applicable") -> Outcome:
    return Outcome("not_applicable", key)


def raised_if(condition: bool, **values: object) -> Outcome:
    """Return the outcome "raised" if the condition is true, and "cleared" otherwise. Both outcomes receive `values`."""
    return (raised if condition else cleared)(**values)


def above(interval: Interval, limit: float) -> bool:
    """Return whether the whole interval is at or above the limit. Return False if there is no interval."""
    return interval.low is not None and interval.low >= limit


def p_value(interval: Interval, hypothesis: float) -> float:
    """Return the two-sided p-value of the hypothesis that a quantity equals `hypothesis`. It is computed from the quantity's 95%
    interval under a normal approximation. The standard error is derived from the half of the interval on the side of the
    hypothesised value. Without an interval, the p-value is 1.
    """
    if interval.value is None or interval.low is None or interval.high is None:
        return 1.0
    half = interval.value - interval.low if interval.value > hypothesis else interval.high - interval.value
    return 2 * NormalDist().cdf(-abs(interval.value - hypothesis) * NormalDist().inv_cdf(0.975) / max(half, 1e-12))
