"""The chapters of the report and their sections, in order. The analyses declare the contents of most sections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from operator import itemgetter
from typing import cast

from tabinterp.analyses import ANALYSES
from tabinterp.analyses.agreement import section as agreement
from tabinterp.analyses.drop_column import section as drop_column
from tabinterp.analyses.mechanism import section as mechanism
from tabinterp.analyses.performance import section as performance
from tabinterp.document.document import OWN, RECORDS, Document, Part
from tabinterp.messages import english
from tabinterp.report.blocks import Block, Paragraph, Section
from tabinterp.report.layout import arranged
from tabinterp.report.numbering import numbered
from tabinterp.report.sections.evidence import evidence, use
from tabinterp.report.sections.findings import findings, findings_about
from tabinterp.report.sections.method import method, not_assessed
from tabinterp.report.words import t

Build = Callable[[Document], list[Block]]
Shown = tuple[int, str, Build]  # position in the chapter, anchor of the section, function that builds its blocks


@dataclass(frozen=True)
class Chapter:
    """A numbered part of the report.

    Parameters
    ----------
    anchor : id of the chapter's HTML element. The key of the chapter's title in the message catalogue is `report.chapter.ANCHOR`.
    shown : sections that do not belong to an analysis in `ANALYSES`. An analysis declares the position of its section in
        `Analysis.page`.
    folded : whether the chapter is closed until the reader opens it.
    """

    anchor: str
    shown: tuple[Shown, ...] = ()
    folded: bool = False


CHAPTERS = (
    Chapter("performance-chapter", ((10, "performance", performance.build),)),
    Chapter("importance-chapter", ((20, "agreement", agreement.build), (31, "together", drop_column.build))),
    Chapter("effects-chapter"),
    Chapter("robustness"),
    Chapter("people"),
    Chapter("data-chapter", folded=True),
    Chapter("inside", ((20, "mechanism", mechanism.build), (25, "mechanism", mechanism.absent)), folded=True),
    Chapter(
        "method-chapter",
        (
            (10, "findings", findings),
            (20, "use", use),
            (30, "method", method),
            (40, "not-assessed", not_assessed),
            (50, "evidence", evidence),
        ),
        folded=True,
    ),
)


def chapters(document: Document) -> list[Section]:
    """Return the numbered chapters of the report. If a section has no content, it refers to the section that states why."""
    return numbered(_chapter(document, chapter) for chapter in CHAPTERS)


def _chapter(document: Document, chapter: Chapter) -> Section:
    shown: dict[str, list[Build]] = {}
    for _, anchor, build in sorted([*chapter.shown, *_of_analyses(chapter.anchor, document)], key=itemgetter(0)):
        shown.setdefault(anchor, []).append(build)
    sections = [
        _section(anchor, [block for build in builds for block in build(document)]) for anchor, builds in shown.items()
    ]
    return Section(
        chapter.anchor,
        t(f"report.chapter.{chapter.anchor}"),
        [],
        findings=findings_about(document, [section.anchor for section in sections]),
        sections=sections,
        summary=t(f"report.chapter.{chapter.anchor}.summary") if chapter.folded else "",
    )


def _of_analyses(chapter: str, document: Document) -> Iterator[Shown]:
    """Yield the sections that analyses declare for a chapter. If an analysis has its own record, its section appears only if the
    document contains this record.
    """
    for analysis in ANALYSES:
        record = document.get(analysis.kind if analysis.record else RECORDS[str(analysis.place).partition(".")[0]].kind)
        for place in analysis.on_page:
            if place.chapter == chapter and (record is not None or analysis.name not in OWN):
                yield place.order, place.section, partial(_blocks, analysis.name, place.build, record)


def _blocks(package: str, name: str, record: Part | None, document: Document) -> list[Block]:
    """Return the blocks that the named function of an analysis builds from the analysis's record. Return an empty list if there
    is no record.
    """
    if record is None:
        return []
    module, _, function = name.rpartition(".")
    build = getattr(import_module(f"tabinterp.analyses.{package}.{module}"), function)
    return cast("list[Block]", build(record, document))


def _section(anchor: str, blocks: list[Block]) -> Section:
    empty = Paragraph(t("report.empty", section=t("report.section.not-assessed")))
    title, summary = t(f"report.section.{anchor}"), f"report.section.{anchor}.summary"
    folded = t(summary) if summary in english() else ""  # a section with a summary is closed until somebody opens it
    return Section(anchor, title, arranged(blocks, title) or [empty], summary=folded)
