"""Policies, which are read from TOML files. A policy contains demands that an audit must meet, the owner of each demand, and
waivers with an expiry date.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
import unicodedata
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from tabinterp.atomic_io import LARGEST_TEXT, read_regular
from tabinterp.checks import CHECKS
from tabinterp.checks.base import Check
from tabinterp.document.base import RANGES, Metric, Status
from tabinterp.errors import PolicyError, did_you_mean
from tabinterp.field_errors import problem_in_toml, toml_place
from tabinterp.messages import english

LONGEST_WAIVER = 366  # days from the day on which a waiver is used
EARLIEST = date(2000, 1, 1)  # an earlier day is a typing error, such as 0027-03-31
# Invisible characters in the categories of letters: fillers of Hangul, and blanks of Egyptian hieroglyphs.
BLANK = {"\u115f", "\u1160", "\u3164", "\uffa0", "\U00013441", "\U00013442"}


def _named(text: str) -> str:
    """Return the text. Raise an error if it contains no visible letter or digit, for example if it consists only of spaces,
    invisible characters, dashes or combining marks.
    """
    kinds = {unicodedata.category(letter) for letter in text if letter not in BLANK} - {"Lm"}
    if not any(kind[0] in "LN" for kind in kinds):
        raise ValueError("the text must contain at least one letter or digit")
    return text


@cache
def _shown_words() -> dict[str, str]:
    """Return a mapping from the words that reports show for verdicts, severities and metrics to the names that documents use."""
    places = (
        ("report.judged.status", get_args(Status)),
        ("report.severity", get_args(Severity)),
        ("report.metric", get_args(Metric)),
        ("gate.metric", OTHERS),
    )
    return {english()[f"{place}.{name}"].casefold(): name for place, names in places for name in names}


def _as_in_document(word: Any) -> Any:
    """Return the name used in documents for a word shown in reports. Case is ignored. All other words are returned unchanged.

    >>> _as_in_document("Inconclusive"), _as_in_document("act"), _as_in_document("ROC AUC"), _as_in_document("gini")
    ('not_resolved', 'act', 'auc', 'gini')
    """
    return _shown_words().get(word.casefold(), word) if isinstance(word, str) else word


Text = Annotated[str, AfterValidator(_named)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
BY_SLUG = {check.slug: check for check in CHECKS}
OTHERS = ("calibration_slope", "calibration_intercept")
METRICS = (*get_args(Metric), *OTHERS)
OF_SCIKIT_LEARN = {  # names of scikit-learn, without "neg_" and "_score", and the metrics to suggest for them
    "roc_auc": "auc",
    "roc_auc_ovr": "macro_auc",
    "brier_score_loss": "brier",
    "brier": "brier",
    "mean_squared_error": "squared_error",
    "mean_absolute_error": "absolute_error",
    "mean_poisson_deviance": "poisson_deviance",
    "recall": "sensitivity",
}
Severity = Literal["act", "check", "note"]
AsShown = BeforeValidator(_as_in_document)


class _Part(BaseModel):
    """Base class for the parts of a policy. Values are not converted to another type: a date cannot be given as a number, and a
    number cannot be given as a boolean.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


class _Demand(_Part):
    owner: Text  # the person who decided on it, and may change it


class MetricDemand(_Demand):
    """A demand that a metric lie within given bounds: the metric of one model, or the difference between the models (network
    minus linear model).

    With `by = "interval"`, the whole 95% interval must be within the bounds, so a gate is unlikely to pass by chance.
    `missing` states whether the gate fails or passes if the audit does not contain the metric.
    """

    metric: Annotated[Text, AsShown]
    of: Literal["network", "linear", "difference"] = "network"
    at_least: Number | None = None
    at_most: Number | None = None
    by: Literal["interval", "value"] = "interval"
    missing: Literal["fail", "pass"] = "fail"

    @model_validator(mode="after")
    def _bounded(self) -> MetricDemand:
        if self.metric not in METRICS:
            plain = self.metric.casefold().removeprefix("neg_").removesuffix("_score")
            suggestion = did_you_mean(OF_SCIKIT_LEARN.get(plain, self.metric), METRICS)
            raise ValueError(f"unknown metric {self.metric!r}; choose one of {', '.join(METRICS)}.{suggestion}")
        if self.at_least is None and self.at_most is None:
            raise ValueError("at_least and at_most are both missing; give at least one of them")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(
                f"at_least must not be greater than at_most; got at_least = {self.at_least:g} and at_most = "
                f"{self.at_most:g}"
            )
        least, most = RANGES.get(self.metric, (-math.inf if self.metric in OTHERS else 0.0, math.inf))
        if self.of == "difference":
            least, most = least - most, most - least
        if (self.at_least is None or self.at_least <= least) and (self.at_most is None or self.at_most >= most):
            raise ValueError(
                f"every model meets this threshold, because {'the difference in ' * (self.of == 'difference')}{self.metric} "
                f"always lies between {least:g} and {most:g}; set a threshold that a model can fail to meet (write proportions "
                "as 0.75, not 75)"
            )
        return self

    @property
    def gate(self) -> str:
        return f"metric:{self.of}.{self.metric}"


class FindingDemand(_Demand):
    """A demand that a check not be raised. `limits` replaces default limits of the check. `not_applicable` states whether the
    gate fails or passes if the check does not apply.
    """

    finding: Text
    not_applicable: Literal["fail", "pass"] = "pass"
    limits: dict[str, Number] = {}

    @model_validator(mode="after")
    def _known(self) -> FindingDemand:
        if self.finding not in BY_SLUG:
            raise ValueError(
                f"unknown check {self.finding!r}; `tabinterp checks` lists all checks.{did_you_mean(self.finding, BY_SLUG)}"
            )
        limits = BY_SLUG[self.finding].limits
        ranges = [f"{name} (from {limit.least:g} to {limit.most:g})" for name, limit in limits.items()]
        allowed = (
            f"the limits of this check are {', '.join(ranges)}"
            if ranges
            else "this check has no limits that a policy can change"
        )
        for name, value in self.limits.items():
            if name not in limits:
                raise ValueError(f"the check {self.finding!r} has no limit {name!r}; {allowed}")
            if not limits[name].least <= value <= limits[name].most:
                raise ValueError(
                    f"the limit {name!r} of the check {self.finding!r} is {value:g}, which is out of range; {allowed}"
                )
        return self

    @property
    def check(self) -> Check:
        return BY_SLUG[self.finding]


class SeverityDemand(_Demand):
    """A demand that no check with a given severity be raised. Checks for which the policy has a separate demand are exempt."""

    severity: Annotated[Severity, AsShown]


class VerdictDemand(_Demand):
    """A demand that the verdict be one of the `allowed` verdicts."""

    allowed: Annotated[list[Annotated[Status, AsShown]], Field(min_length=1)]

    @model_validator(mode="after")
    def _can_fail(self) -> VerdictDemand:
        if {*self.allowed} == {*get_args(Status)}:
            raise ValueError(
                "[verdict] allows every verdict, so this gate can never fail; remove at least one verdict from "
                "the list 'allowed', or remove [verdict]"
            )
        return self


class Waiver(_Part):
    """Permission for a gate to fail up to and including a given day. The day must be at most `LONGEST_WAIVER` days after the day
    on which the waiver is used.
    """

    gate: Text  # "finding:SLUG", "metric:OF.METRIC" or "verdict"
    reason: Text
    name: Text  # the person who waives
    expires: date

    @field_validator("expires")
    @classmethod
    def _recent(cls, day: date) -> date:
        if day < EARLIEST:
            raise ValueError(
                f"{day.isoformat()} is before {EARLIEST.isoformat()}; write the year with four digits, such as 2027"
            )
        return day


class Policy(_Part):
    """The demands and waivers of a policy. By default, the only demand is that no check of severity "act" is raised."""

    name: Text = "default"
    metric: list[MetricDemand] = []
    finding: list[FindingDemand] = []
    severity: list[SeverityDemand] = []
    verdict: VerdictDemand | None = None
    waiver: list[Waiver] = []

    @model_validator(mode="after")
    def _consistent(self) -> Policy:
        if not (self.metric or self.finding or self.severity or self.verdict):
            raise ValueError(
                "the policy has no gates; add at least one [[metric]], [[finding]], [[severity]] or [verdict] table"
            )
        named_once: dict[str, list[str]] = {
            "gate": [d.gate for d in self.metric] + [f"finding:{d.finding}" for d in self.finding],
            "severity gate": [d.severity for d in self.severity],
            "waiver": [w.gate for w in self.waiver],
        }
        for kind_of_entry, named in named_once.items():
            twice = sorted({name for name in named if named.count(name) > 1})
            if twice:
                raise ValueError(
                    f"the policy has more than one {kind_of_entry} for {', '.join(twice)}; keep only one "
                    f"{kind_of_entry} for each"
                )
        unknown = [w.gate for w in self.waiver if w.gate not in self.gates()]
        if unknown:
            raise ValueError(
                f"the policy waives gates that it does not contain: {', '.join(unknown)}; the gates of the policy "
                f"are {', '.join(sorted(self.gates()))}"
            )
        return self

    def gates(self) -> set[str]:
        """Return the names of all gates of the policy."""
        covered = {demand.severity for demand in self.severity}
        named = {f"finding:{d.finding}" for d in self.finding}
        named |= {f"finding:{check.slug}" for check in CHECKS if covered & {*check.severities}}
        named |= {demand.gate for demand in self.metric}
        return named | ({"verdict"} if self.verdict is not None else set())


DEFAULT = Policy(severity=[SeverityDemand(severity="act", owner="tabinterp")])


def refuse_long_waivers(policy: Policy, today: date) -> None:
    """Raise `PolicyError` if a waiver lasts longer than `LONGEST_WAIVER` days from `today`. Waivers must therefore be renewed."""
    last = today + timedelta(days=LONGEST_WAIVER)
    for index, waiver in enumerate(policy.waiver):
        if waiver.expires > last:
            raise PolicyError(
                f"{toml_place(('waiver', index, 'expires'))}: the waiver of {waiver.gate!r} expires too late "
                f"({waiver.expires.isoformat()}). A waiver is valid for at most {LONGEST_WAIVER} days; choose a "
                f"date up to {last.isoformat()}"
            )


def read_policy(path: str | Path) -> tuple[Policy, str]:
    """Read a policy from a TOML file. Return the policy and the SHA-256 of the file.

    Raises
    ------
    PolicyError
        If the file cannot be read, is not TOML, contains unknown or invalid fields, or waives a gate for longer than
        `LONGEST_WAIVER` days from today.
    """
    place = f"the policy {str(path)!r}"
    try:
        data = read_regular(Path(path), LARGEST_TEXT)
        values = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise PolicyError(f"{place} cannot be read: {error.strerror}") from None
    except (
        ValueError,
        RecursionError,
    ) as error:  # also for bytes that are not UTF-8, and for numbers with thousands of digits
        raise PolicyError(f"{place} is not valid TOML: {error}") from None
    try:
        policy = Policy.model_validate(values)
        refuse_long_waivers(policy, datetime.now(UTC).date())
    except ValidationError as error:
        problems = "; ".join(problem_in_toml(one) for one in error.errors(include_url=False))
        raise PolicyError(f"{place}: {problems}") from None
    except PolicyError as error:
        raise PolicyError(f"{place}: {error}") from None
    return policy, hashlib.sha256(data).hexdigest()
