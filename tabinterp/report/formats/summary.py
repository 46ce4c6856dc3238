"""Summaries of the document for one sheet of paper, a notebook cell, and a terminal."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from tabinterp.document.canonical import to_bytes
from tabinterp.document.document import Document
from tabinterp.document.labels import labelled
from tabinterp.messages import english
from tabinterp.messages.names import shortened
from tabinterp.preview import Preview
from tabinterp.report.blocks import Facts, FindingItem, Paragraph, Table
from tabinterp.report.sections.findings import ORDER, items, raised_of
from tabinterp.report.sections.first_screen import first_screen
from tabinterp.report.words import capital, interval, listed, number, say, series, t, tidy

MOST, FEW = 5, 3  # maximum number of findings on a sheet, and in a notebook
LINES = 5
NAME, VERDICT, SENTENCE, CLAIM = 48, 120, 200, 240  # available display columns


@dataclass(frozen=True, slots=True)
class Brief:
    """A summary: the compared models, the verdict, the difference in performance, the most severe raised findings, and the
    document's digest.
    """

    title: str
    context: str
    target: str
    verdict: str
    lines: list[str]
    findings: list[FindingItem]
    rest: str  # a sentence on other findings; empty if all are included
    performance: list[Table | Paragraph]
    provenance: Facts
    footer: str
    voids: list[str]


def on_one_sheet(document: Document) -> Brief:
    """Return a summary that fits on one sheet of paper. Names and sentences are shortened."""
    first = first_screen(_narrow(labelled(document)))
    return replace(
        _brief(document, MOST),
        title=t("summary.title", **_names(_narrow(document))),
        context=first.context,
        target=first.target,
    )


def in_a_notebook(document: Document) -> Brief:
    return _brief(document, FEW)


def in_one_line(document: Document) -> str:
    """Return one line with the audited models and data, the verdict, and the number of raised findings."""
    return t("notebook.repr", **_names(_narrow(document)), status=_status(document), raised=len(raised_of(document)))


def on_a_terminal(document: Document) -> str:
    """Return text with a line for each raised finding, the most severe first, and a line that states how many checks passed
    or do not apply.
    """
    lines = [
        t(
            "terminal.finding",
            severity=t(f"report.severity.{one.severity}"),
            title=t(key) if (key := f"check.{one.slug}.title") in english() else one.slug,
            slug=one.slug,
            claim=shortened(say(one.claim), CLAIM),
        )
        for one in raised_of(labelled(document))
    ]
    return "\n".join([*(lines or [t("report.findings.none")]), t("terminal.others", **_others(document))])


def in_tables(document: Document) -> tuple[list[tuple[str, list[list[str]]]], str]:
    """Return tables for a terminal, and a sentence with the numbers of checks that passed or do not apply. Each table is a title
    and a list of rows. The first row is the header. There is a table of metrics and, if findings were raised, a table of
    findings.
    """
    document = labelled(document)
    heads = (t("report.metric"), t("report.network"), document.linear.name, t("report.difference"))
    metrics = [
        [
            t(f"report.metric.{row.metric}"),
            number(row.network.value),
            number(row.linear.value),
            interval(row.difference, sign=True),
        ]
        for row in document.performance.metrics
    ]
    found = raised_of(document)
    raised = [
        [item.severity_text, f"{item.title} ({one.slug}). {shortened(item.claim, CLAIM)}"]
        for one, item in zip(found, items(found), strict=True)
    ]
    findings = [(t("report.findings.top"), [["", ""], *raised])] if raised else []
    tables = [(t("report.performance.caption"), [[*map(capital, heads)], *metrics]), *findings]
    return tables, t("terminal.others", **_others(document))


def preview_of_findings(document: Document) -> Preview:
    """Return a preview with the verdict, the counts of findings, and the raised findings, the most severe first."""
    raised = items(raised_of(labelled(document)))
    rows = [(one.severity_text, f"{one.title}. {one.claim}") for one in raised]
    return Preview(verdict_and_counts(document), rows, count=len(rows))


def verdict_and_counts(document: Document) -> str:
    """Return the verdict and the number of findings of each severity, on one line."""
    severities: list[str] = [one.severity for one in raised_of(document)]
    return t(
        "terminal.line",
        status=_status(document),
        raised=series(f"{severities.count(one)} {t(f'report.severity.{one}')}" for one in ORDER),
        **_others(document),
    )


def _status(document: Document) -> str:
    """Return the verdict in a few words, followed by the codes of the checks that invalidate it, if any."""
    status = t(f"report.judged.status.{document.verdict.status}")
    codes = listed(one.code for one in raised_of(document) if one.voids)
    return f"{status}; {t('notebook.void', codes=codes)}" if codes else status


def _others(document: Document) -> dict[str, int]:
    states = [one.status for one in document.findings]
    return {"passed": states.count("cleared"), "not_applicable": states.count("not_applicable")}


def _brief(document: Document, most: int) -> Brief:
    shown = labelled(document)
    first, raised, how = first_screen(shown), raised_of(shown), document.method
    rest = t("brief.more", count=len(raised) - most) if len(raised) > most else ""
    facts = [
        (t("summary.document"), hashlib.sha256(to_bytes(document)).hexdigest()),
        (t("report.method.model_digest"), how.model_digest),
        (t("report.method.data_digest"), how.data_digest or t("report.method.no_digests")),
    ]
    return Brief(
        title=first.title,
        context=first.context,
        target=first.target,
        verdict=shortened(first.verdict, VERDICT),
        lines=[shortened(line, SENTENCE) for line in first.lines[:LINES]],
        findings=[replace(one, claim=shortened(one.claim, CLAIM)) for one in items(raised[:most])],
        rest=rest if raised else t("report.findings.none"),
        performance=first.performance,
        provenance=Facts(facts),
        footer=t("summary.footer", version=how.version),
        voids=[shortened(one, CLAIM) for one in first.voids],
    )


def _names(document: Document) -> dict[str, str]:
    names = {"data": document.data.name, "network": document.network.name, "linear": document.linear.name}
    return {part: tidy(name) for part, name in names.items()}


def _narrow(document: Document) -> Document:
    """Return a copy of the document in which the names of the data, the target and the models are shortened."""
    data, target = shortened(document.data.name, NAME), shortened(document.data.target, NAME)
    models = {
        name: getattr(document, name).model_copy(update={"name": shortened(getattr(document, name).name, NAME)})
        for name in ("network", "linear")
    }
    return document.model_copy(
        update={"data": document.data.model_copy(update={"name": data, "target": target}), **models}
    )
