"""Layout of the blocks of a section on the page: text in two columns, then folded tables, then notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from .blocks import Block, Figure, Fold, Heading, Key, Legend, Panels, Paragraph, Points, Table
from .words import t


def arranged(blocks: Sequence[Block], title: str) -> list[Block]:
    """Arrange the blocks of a section in the order and columns in which the page shows them.

    A heading and the content below it form a card. Consecutive cards fill two columns, and each card is placed in the column that
    is shorter so far. Cards that contain only a narrow figure are shown three to a row, below a common legend. If the section
    consists of introductory text and one card, both are shown side by side. A figure without a heading is shown next to its text.
    Folded tables follow at full width, and then the notes on how numbers were calculated. A heading that repeats the title of the
    section is left out.
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
    """Arrange the figures of a folded block in rows if it contains only narrow figures. Return any other block unchanged."""
    if isinstance(block, Fold) and block.blocks and all(map(_is_narrow, block.blocks)):
        return replace(block, blocks=list(_placed(list(_groups(block.blocks)), True)))
    return block


def _placed(groups: Sequence[list[Block]], are_cards: bool) -> Iterator[Block]:
    """Yield the blocks of the groups, arranged in columns. `are_cards` states whether the groups are cards."""
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
    """Return a figure without its own legend if all entries of that legend are already in `legend`. Return any other block
    unchanged.
    """
    said = isinstance(block, Figure) and all(key in legend for key in block.legend)
    return replace(block, legend=()) if said and isinstance(block, Figure) else block


def _height(block: Block) -> float:
    """Return the approximate number of lines that a block takes at half the width of the page. The result is the same in all
    languages, so figures have the same order and numbering in all languages.
    """
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
    """Yield each heading with the content below it. Headings without content are left out."""
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
    """Return whether a group is a card: a heading with text, tables and at most one figure. A card fits in half of the page's
    width.
    """
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
