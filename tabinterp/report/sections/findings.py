"""The section on findings, which lists every check once as raised, passed or not applicable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tabinterp.document.document import OWN, Document, Finding, Power
from tabinterp.messages import english
from tabinterp.messages.names import shortened
from tabinterp.report.blocks import Block, FindingItem, FindingList, Fold, Paragraph
from tabinterp.report.words import say, t

ORDER = ("act", "check", "note")
GLYPHS = {"act": "▲", "check": "◆", "note": "●"}


ON_PAGE_ONE = 3  # maximum number of findings
EXCERPT = 200  # maximum display columns of a finding's sentence on page one


def findings_about(document: Document, anchors: Sequence[str]) -> list[FindingItem]:
    """Return the raised findings whose evidence is in one of the sections `anchors`."""
    return [item for item in map(_item, raised_of(document)) if item.anchor in anchors]


def findings(document: Document) -> list[Block]:
    raised = raised_of(document)
    cleared = [finding for finding in document.findings if finding.status == "cleared"]
    not_applicable = [finding for finding in document.findings if finding.status == "not_applicable"]
    blocks: list[Block] = [Paragraph(counts(document)), Paragraph(" ".join(map(_meaning, ORDER)), "note")]
    if raised:
        blocks.append(FindingList(items(raised)))
    for key, quiet in (("cleared", cleared), ("not_applicable", not_applicable)):
        if quiet:
            summary = t(f"report.findings.{key}", count=len(quiet))
            blocks.append(Fold(summary, [FindingList(items(quiet))]))
    return blocks


def counts(document: Document) -> str:
    """Return a sentence that states how many checks were raised, how many passed, and how many do not apply."""
    states = [finding.status for finding in document.findings]
    return t(
        "report.findings.count", **{state: states.count(state) for state in ("raised", "cleared", "not_applicable")}
    )


def meanings(found: Sequence[Finding]) -> str:
    """Return sentences that explain the severities of these findings."""
    return " ".join(_meaning(severity) for severity in ORDER if any(one.severity == severity for one in found))


def _meaning(severity: str) -> str:
    return t(f"report.severity.{severity}.means")


def top(document: Document, most: int) -> list[FindingList | Paragraph]:
    """Return at most `most` raised findings, the most severe first, for the one-sheet summary."""
    raised = raised_of(document)
    if not raised:
        return [Paragraph(t("report.findings.none"))]
    return [FindingList([_item(finding) for finding in raised[:most]])]


def raised_of(document: Document) -> list[Finding]:
    """Return the raised findings, the most severe first."""
    raised = [finding for finding in document.findings if finding.status == "raised"]
    return sorted(raised, key=lambda finding: ORDER.index(finding.severity))


def voids(document: Document) -> list[str]:
    """Return the sentences that are shown above the verdict: one for each finding that invalidates the comparison, and one for
    each analysis that failed.
    """
    voiding = [t("report.void", code=one.code, claim=say(one.claim)) for one in raised_of(document) if one.voids]
    return [*voiding, *map(say, document.failed)]


def items(found: Sequence[Finding]) -> list[FindingItem]:
    """Return findings with all details: limitations of the check, the smallest detectable effect and, for raised findings, the
    next step. Page one of the report has no room for these details.
    """
    return [
        replace(_item(one), next=_next(one), blind=_about(one, "blind"), power=detectable(one.power)) for one in found
    ]


def excerpts(found: Sequence[Finding]) -> list[FindingItem]:
    """Return findings in a short form for page one: the title, and the text up to the first sentence that contains a value. The
    section with all checks shows the full text.
    """
    return [replace(_item(one), claim=shortened(say(one.claim, brief=True), EXCERPT)) for one in found]


def detectable(power: Power | None) -> str:
    """Return a sentence on the smallest effect that a check could have detected, or an empty string if this effect is unknown."""
    if power is None:
        return ""
    return t("power.rows" if power.events is None else "power.events", **power.model_dump(exclude_none=True))


def _next(finding: Finding) -> str:
    """Return the next step for a raised finding, or an empty string for other findings."""
    return _about(finding, "next") if finding.status == "raised" else ""


def _about(finding: Finding, aspect: str) -> str:
    """Return text about a check from the message catalogue, such as its limitations, or an empty string if the catalogue has
    none.
    """
    key = f"check.{finding.slug}.{aspect}"
    return t(f"report.findings.{aspect}", text=t(key)) if key in english() else ""


def _item(finding: Finding) -> FindingItem:
    anchor = finding.evidence.lstrip("#")
    # If a check applies, the record of its analysis exists, and so does the section on the page.
    known = f"report.section.{anchor}" in english() and (anchor not in OWN or finding.status != "not_applicable")
    raised = finding.status == "raised"  # a check that passed has no severity to show
    passed = finding.status == "cleared"  # its title names a problem that was not found
    key = f"check.{finding.slug}.title"
    return FindingItem(
        code=finding.code,
        severity=finding.severity if raised else "quiet",
        severity_text=t(f"report.severity.{finding.severity}") if raised else "",
        glyph=GLYPHS[finding.severity] if raised else "",
        title="" if passed else t(key) if key in english() else finding.slug,
        claim=say(finding.claim),
        anchor=anchor if known else "",
        see=t("report.see", section=t(f"report.section.{anchor}")) if known else "",
    )
