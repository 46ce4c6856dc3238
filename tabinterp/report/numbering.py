"""Numbers of sections, tables and figures, so that a memo can cite "Table 2.1"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from .blocks import Block, Figure, Fold, Panels, Section, Table
from .words import t


def numbered(chapters: Iterable[Section]) -> list[Section]:
    """Return the chapters with numbers: sections within a chapter, tables and figures throughout a chapter."""
    return [_chapter(chapter, str(place)) for place, chapter in enumerate(chapters, 1)]


def _chapter(chapter: Section, number: str) -> Section:
    counts: Counter[str] = Counter()
    blocks = _blocks(chapter.blocks, number, counts)
    sections = [
        replace(section, number=f"{number}.{place}", blocks=_blocks(section.blocks, number, counts))
        for place, section in enumerate(chapter.sections, 1)
    ]
    return replace(chapter, number=number, blocks=blocks, sections=sections)


def _blocks(blocks: Sequence[Block], chapter: str, counts: Counter[str]) -> list[Block]:
    return [_block(block, chapter, counts) for block in blocks]


def _block(block: Block, chapter: str, counts: Counter[str]) -> Block:
    if isinstance(block, Figure):
        counts["figure"] += 1
        number = f"{chapter}.{counts['figure']}"
        if block.table is None:
            return replace(block, number=number)
        caption = t("report.figure.data", number=number, caption=block.table.caption)
        return replace(block, number=number, table=replace(block.table, caption=caption))
    if isinstance(block, Table):
        counts["table"] += 1
        return replace(block, number=f"{chapter}.{counts['table']}")
    if isinstance(block, Fold):
        return replace(block, blocks=_blocks(block.blocks, chapter, counts))
    if isinstance(block, Panels):
        return replace(block, groups=[_blocks(group, chapter, counts) for group in block.groups])
    return block
