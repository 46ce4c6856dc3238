"""Layout of a section's blocks on the page: text in two columns, then folded tables, then notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from .blocks import Block, Figure, Fold, Heading, Panels, Paragraph, Points, Table
from .words import t


def arranged(blocks: Sequence[Block], title: str) -> list[Block]:
    """Return the blocks of a section in the order and the columns in which the page shows them.

    What stands below each heading is one card, and consecutive cards stand side by side; a figure without a heading stands at
    the left of what is said about it. Tables that are folded follow, over the whole width, and then the notes on how numbers
    were calculated. A heading that repeats the title of the section is left out.
    """
    if blocks and isinstance(blocks[0], Heading) and blocks[0].text == title:
        blocks = blocks[1:]
    notes = [block for block in blocks if _is_note(block)]
    folded = [block for block in blocks if _is_folded(block)]
    shown = [block for block in blocks if not _is_note(block) and not _is_folded(block)]
    placed: list[Block] = []
    for is_card, groups in groupby(_groups(shown), _is_card):
        together = list(groups)
        if is_card and len(together) > 1:
            small = all(isinstance(block, Heading | Figure) for group in together for block in group)
            beside = 3 if small else 2
            placed += [Panels(row, small=small) for row in _rows(together, beside)]
        else:
            placed += [block for group in together for block in _beside(group)]
    return [*placed, *folded, *([Fold(t("report.notes"), notes)] if notes else [])]


def _rows(groups: Sequence[list[Block]], count: int) -> Iterator[Sequence[list[Block]]]:
    """Yield so many groups at a time."""
    for start in range(0, len(groups), count):
        yield groups[start : start + count]


def _is_note(block: Block) -> bool:
    return isinstance(block, Paragraph) and block.style == "note"


def _is_folded(block: Block) -> bool:
    return isinstance(block, Fold) or (isinstance(block, Table) and not block.open)


def _groups(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Yield what stands below each heading, with the heading; a heading with nothing left below it is left out."""
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
    """Whether half of the width is enough: words and at most one figure."""
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
