"""Layout of a section's blocks on the page: text in two columns, then folded tables, then notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from .blocks import Block, Figure, Fold, Heading, Key, Legend, Panels, Paragraph, Points, Table
from .words import t


def arranged(blocks: Sequence[Block], title: str) -> list[Block]:
    """Return the blocks of a section in the order and the columns in which the page shows them.

    The content below each heading is one card. Consecutive cards fill two columns; each card goes to the column that is shorter
    so far. Cards that contain only a narrow figure are shown three in a row, below one legend. A lead followed by a single card
    is shown next to it, and a figure without a heading next to its text. Folded tables follow, over the full width, and then the
    notes on how numbers were calculated. A heading that repeats the title of the section is left out.
    """
    if blocks and isinstance(blocks[0], Heading) and blocks[0].text == title:
        blocks = blocks[1:]
    notes = [block for block in blocks if _is_note(block)]
    folded = [_laid_out(block) for block in blocks if is_folded(block)]
    groups = list(_groups([block for block in blocks if not _is_note(block) and not is_folded(block)]))
    if len(groups) == 2 and _is_lead(groups[0]) and _is_card(groups[1]):
        placed: list[Block] = [Panels(groups)]
    else:
        placed = [block for is_card, some in groupby(groups, _is_card) for block in _placed(list(some), is_card)]
    return [*placed, *folded, *([Fold(t("report.notes"), notes)] if notes else [])]


def _laid_out(block: Block) -> Block:
    """Return a block; if it is folded, its cards that contain only a figure are also arranged in rows."""
    if isinstance(block, Fold) and block.blocks and all(map(_is_narrow, block.blocks)):
        return replace(block, blocks=list(_placed(list(_groups(block.blocks)), True)))
    return block


def _placed(groups: Sequence[list[Block]], are_cards: bool) -> Iterator[Block]:
    """Yield groups arranged in columns. Either all of them are cards, or none is."""
    if not are_cards or len(groups) == 1:
        for group in groups:
            yield from _beside(group)
    elif all(_is_narrow(block) for group in groups for block in group):
        common = max((block.legend for group in groups for block in group if isinstance(block, Figure)), key=len)
        yield Legend(common)
        bare = [[_without(block, common) for block in group] for group in groups]
        yield from (Panels(bare[start : start + 3], small=True) for start in range(0, len(bare), 3))
    else:
        columns: tuple[list[Block], list[Block]] = ([], [])
        heights = [0.0, 0.0]
        for group in groups:
            shorter = 0 if heights[0] < heights[1] or not columns[0] else 1
            columns[shorter].extend(group)
            heights[shorter] += sum(map(_height, group))
        yield Panels(columns)


def _is_narrow(block: Block) -> bool:
    return isinstance(block, Heading) or (isinstance(block, Figure) and block.narrow)


def _without(block: Block, legend: Sequence[Key]) -> Block:
    """Return a figure without its legend, if a legend above it already shows all entries."""
    said = isinstance(block, Figure) and all(key in legend for key in block.legend)
    return replace(block, legend=()) if said and isinstance(block, Figure) else block


def _height(block: Block) -> float:
    """Return the approximate number of lines of a block at half width, equal in all languages so that figure numbers agree."""
    if isinstance(block, Figure):
        return 12 + 0.75 * min(len(block.table.rows) if block.table else 0, 16)
    if isinstance(block, Table):
        return 4 + 1.5 * len(block.rows)
    if isinstance(block, Points):
        return 3 * len(block.items)
    return {Paragraph: 4.0, Heading: 2.0}.get(type(block), 0.0)


def _is_note(block: Block) -> bool:
    return isinstance(block, Paragraph) and block.style == "note"


def _is_lead(group: Sequence[Block]) -> bool:
    return all(isinstance(block, Paragraph | Points) for block in group)


def is_folded(block: Block) -> bool:
    return isinstance(block, Fold) or (isinstance(block, Table) and not block.open)


def _groups(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Yield each heading with the content below it; a heading without content is left out."""
    group: list[Block] = []
    for block in blocks:
        if isinstance(block, Heading):
            if _says_something(group):
                yield group
            group = []
        group.append(block)
    if _says_something(group):
        yield group


def _says_something(group: Sequence[Block]) -> bool:
    return any(not isinstance(block, Heading) for block in group)


def _is_card(group: Sequence[Block]) -> bool:
    """Return whether half of the width is enough, which is the case for text and at most one figure."""
    figures = sum(isinstance(block, Figure) for block in group)
    return (
        isinstance(group[0], Heading)
        and figures <= 1
        and all(isinstance(block, Heading | Paragraph | Points | Figure | Table) for block in group)
    )


def _beside(group: Sequence[Block]) -> list[Block]:
    head = [block for block in group if isinstance(block, Heading)]
    drawn = [block for block in group if isinstance(block, Figure)]
    told = [block for block in group if isinstance(block, Paragraph | Points)]
    rest = [block for block in group if not any(block is one for one in (*head, *drawn, *told))]
    if not drawn or not (told or len(drawn) > 1):
        return list(group)
    columns: list[Sequence[Block]] = [drawn, told] if told else [[figure] for figure in drawn]
    return [*head, Panels(columns), *rest]
