"""Functions that run every check on a document, or describe what each check measures and when it is raised."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from tabinterp import messages
from tabinterp.document.document import Document, Finding, Message
from tabinterp.errors import TabinterpError, did_you_mean

from . import CHECKS
from .base import ASPECTS, UNBOUNDED, Check, Limits

LABELLED = ("measures", "threshold", "blind", "next", "limits")  # in the order in which the manual shows them
SEVERITY_ORDER = {"act": 0, "check": 1, "note": 2}


def judge(document: Document) -> list[Finding]:
    """Run all checks on a document, and return one finding per check. Raised findings come first, the most severe at the top."""
    findings = [run_check(check, document) for check in CHECKS]
    return sorted(findings, key=lambda finding: (finding.status != "raised", SEVERITY_ORDER[finding.severity]))


def run_check(check: Check, document: Document, limits: Limits | None = None) -> Finding:
    """Run one check on a document, and return its finding. `limits` overrides the check's default limits by name."""
    outcome = check.evaluate(document, check.default_limits | dict(limits or {}))
    key = f"finding.{outcome.key}" if "." in outcome.key else f"finding.{check.slug}.{outcome.key}"
    return Finding(
        code=check.code,
        slug=check.slug,
        severity=check.lesser_severity if outcome.lesser and check.lesser_severity else check.severity,
        status=outcome.status,
        voids=check.voids_comparison and outcome.status == "raised",
        claim=Message(key=key, values=dict(outcome.values or {})),
        power=outcome.power,
        evidence=check.section,
    )


def explain_checks(slugs: Sequence[str] = ()) -> list[dict[str, str]]:
    """Describe checks: what each check measures, and when it is raised.

    The function returns one mapping for each check. Its keys are `code`, `slug`, `severity`, `evidence` (anchor of the report
    section with the numbers), `limits` (the limits that a policy may change, with default values and ranges), `title`,
    `measures`, `blind` (limitations), `threshold` (when the check is raised) and `next` (what to do then).

    Parameters
    ----------
    slugs : sequence of str, optional
        Slugs, titles or codes of the checks to explain; by default all checks.

    Raises
    ------
    TabinterpError
        If there is no check with a given name.

    Examples
    --------
    >>> explain_checks(["label-leak"])[0]["limits"].split("; r2")[0]
    'auc = 0.99 (AUC when the target is predicted from this column alone; allowed values: 0.5 to 1)'
    """
    return [
        {"code": check.code, "slug": check.slug, "severity": check.severity, "evidence": check.section}
        | {"limits": "; ".join(_limits(check))}
        | {
            aspect: messages.text(f"check.{check.slug}.{aspect}", check.default_limits | dict(check.constants))
            for aspect in ASPECTS
        }
        for check in _named(slugs)
    ]


def _named(names: Sequence[str]) -> Sequence[Check]:
    """Return the checks with these slugs, titles or codes, in the order of `CHECKS`. Without names, return all checks.

    Titles may be in English or in the current language. Case is ignored.
    """
    slugs = {name.casefold(): check.slug for check in CHECKS for name in (check.slug, check.code)}
    for check in CHECKS:
        key = f"check.{check.slug}.title"
        slugs |= {messages.english()[key].casefold(): check.slug, messages.text(key).casefold(): check.slug}
    for name in names:
        if name.casefold() not in slugs:
            raise TabinterpError(
                f"unknown check {name!r}.{did_you_mean(name, slugs)} `tabinterp checks` lists all checks"
            )
    chosen = {slugs[name.casefold()] for name in names}
    return [check for check in CHECKS if check.slug in chosen] if names else CHECKS


def _limits(check: Check) -> Iterator[str]:
    """Yield, for each limit of a check, a text with the limit's name in a policy, default value, meaning and range."""
    for name, limit in check.limits.items():
        key = "checks.limit.unbounded" if limit.most == UNBOUNDED else "checks.limit"
        numbers = {end: f"{getattr(limit, end):g}" for end in ("value", "least", "most")}
        yield messages.text(key, {"name": name, "means": messages.text(f"check.{check.slug}.limit.{name}")} | numbers)


def list_checks(slugs: Sequence[str] = ()) -> str:
    """Return the result of `explain_checks` as text, with one paragraph per check."""
    return "\n".join(
        f"{one['code']}  {one['slug']}  ({messages.word('report.severity', one['severity'])})  {one['title']}\n"
        + "\n".join(
            textwrap.fill(f"{label}: {text}", 100, initial_indent="  ", subsequent_indent="    ")
            for label, text in labelled(one)
        )
        for one in explain_checks(slugs)
    )


def labelled(explained: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the description of a check as pairs of a label and a text. The title and empty texts are left out."""
    return [(messages.text(f"checks.{aspect}"), explained[aspect]) for aspect in LABELLED if explained[aspect]]
