"""The appendix of the report. Folded details can stay folded, be expanded, be left out, or be moved to the end of a PDF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from tabinterp.errors import DocumentError

from .blocks import Block, Figure, Fold, Panels, Paragraph, Section, Table
from .layout import is_folded
from .words import t

APPENDICES: Final = ("none", "folded", "full")


def with_appendix(chapters: Sequence[Section], appendix: str, paper: bool) -> list[Section]:
    """Return the numbered chapters with their folded parts left out, unchanged, expanded, or moved to an appendix.

    Parameters
    ----------
    appendix : "none" leaves out the folded parts, "folded" leaves them unchanged, and "full" expands them.
    paper : whether the report is a PDF, in which nothing can be folded. Folded parts are then moved to an appendix, where each is
        labelled with the number of its section. Chapters that are folded as a whole are printed after the appendix. With
        "folded", the appendix does not include figure data or parts that are too long to be printed.

    Raises
    ------
    DocumentError : `appendix` is not one of the three values above.
    """
    if appendix not in APPENDICES:
        raise DocumentError(f"the appendix of a report must be one of {', '.join(APPENDICES)}; got {appendix!r}")
    if appendix == "none":
        body, _ = _divided(chapters)
        return [*body, Section("appendix", t("report.appendix"), [Paragraph(t("report.appendix.none"))])]
    if paper:
        lead = [Paragraph(t("report.appendix.short"))] if appendix == "folded" else []
        body, moved = _divided(map(_shortened, chapters) if lead else chapters)
        between = [Section("appendix", t("report.appendix"), lead, sections=moved)] if moved or lead else []
        folded = [replace(chapter, summary="") for chapter in chapters if chapter.summary]
        return [*body, *between, *(map(_shortened, folded) if lead else folded)]
    return [_unfolded(chapter) for chapter in chapters] if appendix == "full" else list(chapters)


def _shortened(section: Section) -> Section:
    """Return a section or a chapter without its figure data and without parts that are too long to be printed."""
    sections = [_shortened(one) for one in section.sections]
    return replace(section, blocks=_printed(section.blocks), sections=sections)


def _printed(blocks: Iterable[Block]) -> list[Block]:
    kept: list[Block] = []
    for is_left_out, some in groupby(blocks, lambda block: isinstance(block, Fold) and not block.printed):
        if is_left_out:
            kept.extend(_left_out(some))
        else:
            kept.extend(map(_printed_block, some))
    return kept


def _printed_block(block: Block) -> Block:
    if isinstance(block, Figure):
        return replace(block, table=None)
    if isinstance(block, Fold):
        return replace(block, blocks=_printed(block.blocks))
    return replace(block, groups=list(map(_printed, block.groups))) if isinstance(block, Panels) else block


def _left_out(blocks: Iterable[Block]) -> Iterator[Paragraph]:
    """Yield a paragraph with the numbers of the tables that are left out. Yield nothing if none of them has a number."""
    numbers = sorted([int(part) for part in table.number.split(".")] for table in _tables(blocks) if table.number)
    # In a run of consecutive numbers, the difference between a number and its position in the list is constant.
    runs = [[one for _, one in run] for _, run in groupby(enumerate(numbers), lambda one: one[1][1] - one[0])]
    ends = [(f"{run[0][0]}.{run[0][1]}", f"{run[-1][0]}.{run[-1][1]}") for run in runs]
    if ends:
        ranges = [one if one == last else t("report.appendix.range", first=one, last=last) for one, last in ends]
        yield Paragraph(t("report.appendix.several", tables=", ".join(ranges)), "note")


def _tables(blocks: Iterable[Block]) -> Iterator[Table]:
    for block in blocks:
        if isinstance(block, Table):
            yield block
        elif isinstance(block, Fold):
            yield from _tables(block.blocks)
        elif isinstance(block, Panels):
            yield from _tables(inner for group in block.groups for inner in group)


def _divided(chapters: Iterable[Section]) -> tuple[list[Section], list[Section]]:
    """Return the chapters without their folded parts, and the sections of the appendix. Each appendix section contains the folded
    parts of one section.
    """
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
