"""First screen: what was compared, one verdict sentence, what it rests on; findings beside the metrics."""

from __future__ import annotations

from dataclasses import dataclass, field

from tabinterp.analyses.performance import section as performance
from tabinterp.document.document import Document
from tabinterp.report.blocks import FindingList, Paragraph, Table
from tabinterp.report.words import cut, say, share, t

from . import findings

MOST = 5  # findings beside the performance table


@dataclass(frozen=True, slots=True)
class FirstScreen:
    title: str
    context: str
    target: str
    verdict: str
    lines: list[str]
    findings: list[FindingList | Paragraph]
    performance: list[Table | Paragraph]
    voids: list[str] = field(default_factory=list)  # why the verdict cannot be trusted; they stand above it


def first_screen(document: Document) -> FirstScreen:
    names = {"data": document.data.name, "network": document.network.name, "linear": document.linear.name}
    return FirstScreen(
        title=t("report.title", **names),
        context=_context(document, names),
        target=target(document),
        verdict=say(document.verdict.sentence),
        lines=[say(line) for line in document.verdict.lines],
        findings=findings.top(document, MOST),
        performance=performance.brief(document),
        voids=findings.voids(document),
    )


def _context(document: Document, names: dict[str, str]) -> str:
    rows = document.data.held_out_rows
    return t("report.context.unknown", **names) if rows is None else t("report.context", **names, rows=rows)


def target(document: Document) -> str:
    data = document.data
    if data.task == "binary":
        rate = share(data.rates[-1] if data.rates else None)
        positive = cut(data.classes[-1]) if data.classes else t("report.method.unknown")
        return t("report.target.binary", target=data.target, positive=positive, rate=rate, rows=data.rows)
    if data.task == "multiclass":
        return t("report.target.multiclass", target=data.target, classes=len(data.classes), rows=data.rows)
    return t(f"report.target.{data.task}", target=data.target, rows=data.rows)
