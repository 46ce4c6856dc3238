"""The appendix: what the page folds is kept folded, unfolded, left out, or put in an appendix on paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from tabinterp.errors import DocumentError

from .blocks import Block, Figure, Fold, Panels, Paragraph, Section, Table
from .layout import is_folded
from .words import t

APPENDICES: Final = ("none", "folded", "full")


def with_appendix(chapters: Sequence[Section], appendix: str, paper: bool) -> list[Section]:
    """Return the numbered chapters with what is folded in its place.

    Parameters
    ----------
    appendix : "none": without what is folded; "folded": as it is; "full": unfolded.
    paper : for a PDF, in which nothing can be folded: what is folded stands in an appendix, under the number of its section,
        before the chapters that are folded as a whole.

    Raises
    ------
    DocumentError : there is no such appendix.
    """
    if appendix not in APPENDICES:
        raise DocumentError(f"the appendix of a report must be one of {', '.join(APPENDICES)}; got {appendix!r}")
    if appendix == "none":
        body, _ = _divided(chapters)
        return [*body, Section("appendix", t("report.appendix"), [Paragraph(t("report.appendix.none"))])]
    if paper:
        body, moved = _divided(chapters)
        between = [Section("appendix", t("report.appendix"), [], sections=moved)] if moved else []
        return [*body, *between, *(replace(chapter, summary="") for chapter in chapters if chapter.summary)]
    return [_unfolded(chapter) for chapter in chapters] if appendix == "full" else list(chapters)


def _divided(chapters: Sequence[Section]) -> tuple[list[Section], list[Section]]:
    """Return the chapters that are shown, without what they fold, and a section of the appendix for what each section folds."""
    body: list[Section] = []
    moved: list[Section] = []
    for chapter in chapters:
        if chapter.summary:
            continue
        sections: list[Section] = []
        for section in chapter.sections:
            kept, folded = _kept(section.blocks), list(_folded(section.blocks))
            if section.summary:
                kept, folded = [Paragraph(section.summary)], [*kept, *folded]
            if folded:
                title = t("report.appendix.of", number=section.number, title=section.title)
                moved.append(Section(f"appendix-{section.anchor}", title, folded))
                kept = [*kept, Paragraph(t("report.appendix.see", number=section.number), "note")]
            sections.append(replace(section, blocks=kept, summary=""))
        body.append(replace(chapter, sections=sections))
    return body, moved


def _folded(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        if isinstance(block, Figure):
            yield from [] if block.table is None else [block.table]
        elif isinstance(block, Panels):
            for group in block.groups:
                yield from _folded(group)
        elif is_folded(block):
            yield block


def _kept(blocks: Iterable[Block]) -> list[Block]:
    return [_bare(block) for block in blocks if not is_folded(block)]


def _bare(block: Block) -> Block:
    if isinstance(block, Figure):
        return replace(block, table=None)
    return replace(block, groups=[_kept(group) for group in block.groups]) if isinstance(block, Panels) else block


def _unfolded(section: Section) -> Section:
    sections = [_unfolded(one) for one in section.sections]
    return replace(section, blocks=list(map(_open, section.blocks)), sections=sections, summary="")


def _open(block: Block) -> Block:
    if isinstance(block, Table):
        return replace(block, open=True)
    if isinstance(block, Fold):
        return replace(block, open=True, blocks=list(map(_open, block.blocks)))
    if isinstance(block, Panels):
        return replace(block, groups=[list(map(_open, group)) for group in block.groups])
    return block
