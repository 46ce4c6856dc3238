"""Numbers of sections, tables and figures, such as "Table 2.1", for citation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from .blocks import Block, Figure, Fold, Panels, Section, Table
from .words import t


def numbered(chapters: Iterable[Section]) -> list[Section]:
    """Return the chapters with numbers. Sections, tables and figures are numbered within their chapter.

    Visible figures and tables are numbered first, so their numbers have no gaps. Figures and tables in folded parts are numbered
    after them.
    """
    return [_chapter(chapter, str(place)) for place, chapter in enumerate(chapters, 1)]


def _chapter(chapter: Section, number: str) -> Section:
    counts: Counter[str] = Counter()
    sections = [replace(section, number=f"{number}.{place}") for place, section in enumerate(chapter.sections, 1)]
    chapter = replace(chapter, number=number, sections=sections)
    for folded in (False, True):
        chapter = replace(
            chapter,
            blocks=_blocks(chapter.blocks, number, counts, folded),
            sections=[
                section
                if section.summary and not folded
                else replace(section, blocks=_blocks(section.blocks, number, counts, folded))
                for section in chapter.sections
            ],
        )
    return chapter


def _blocks(blocks: Sequence[Block], chapter: str, counts: Counter[str], folded: bool) -> list[Block]:
    return [_block(block, chapter, counts, folded) for block in blocks]


def _block(block: Block, chapter: str, counts: Counter[str], folded: bool) -> Block:
    """Return the block after numbering its figures and tables that have no number yet. With `folded`, figures and tables in
    folded parts are numbered too.
    """
    if isinstance(block, Figure | Table):
        return block if block.number else _with_number(block, chapter, counts)
    if isinstance(block, Fold) and (block.open or folded):
        return replace(block, blocks=_blocks(block.blocks, chapter, counts, folded))
    if isinstance(block, Panels):
        return replace(block, groups=[_blocks(group, chapter, counts, folded) for group in block.groups])
    return block


def _with_number(block: Figure | Table, chapter: str, counts: Counter[str]) -> Block:
    counts[block.kind] += 1
    number = f"{chapter}.{counts[block.kind]}"
    if isinstance(block, Table) or block.table is None:
        return replace(block, number=number)
    caption = t("report.figure.data", number=number, caption=block.table.caption)
    return replace(block, number=number, table=replace(block.table, caption=caption))
