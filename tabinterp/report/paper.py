"""Column widths of printed tables. Without them, the PDF layout would have to measure every cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from .blocks import Cell, Table
from .figures import TEXT, text_width

SHEET: Final = 84.0  # width of a sheet, as a multiple of the font size of tables
PADDING: Final = 1.0  # of a cell, including the error of the estimated text width
BOLD: Final = 1.12  # width of bold letters relative to regular ones
KEPT_WHOLE: Final = 16  # maximum number of rows of a table that is not divided between sheets
MARKS: Final = {"net": "\u25cf\u00a0", "lin": "\u25c7\u00a0"}  # in front of the head of a model's column


@dataclass(frozen=True, slots=True)
class Printed:
    """A table as it is printed. If the columns of a table do not fit side by side, the table is divided into several printed
    tables.

    Parameters
    ----------
    head : the heading of each column.
    rows : the cells of each row.
    widths : widths of the columns, in em of the table's font.
    whole : whether the table is short enough to be printed on one sheet.
    """

    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    widths: Sequence[float]
    whole: bool


def printed_tables(table: Table, share: float) -> list[Printed]:
    """Return the printed tables for a table: one, or several if its columns do not fit side by side. `share` is the available
    share of the sheet's width.

    If possible, every column is as wide as its widest text. Otherwise, the widest columns are narrowed to a common width and
    their text is wrapped. No column is narrower than its longest word. Columns that still do not fit are put in another table,
    which repeats the row names.
    """
    needs = [_needed(head, [row[place] for row in table.rows]) for place, head in enumerate(table.head)]
    room = SHEET * share
    if "heat" in table.style:
        first = min(needs[0][1], room / 4)
        widths = [first, *[(room - first) / max(1, len(needs) - 1)] * (len(needs) - 1)]
        return [Printed(table.head, table.rows, widths, whole=True)]
    whole = len(table.rows) <= KEPT_WHOLE
    return [
        Printed(
            [table.head[place] for place in places],
            [[row[place] for place in places] for row in table.rows],
            _fitted([needs[place] for place in places], room),
            whole,
        )
        for places in _divided(needs, room)
    ]


def _divided(needs: Sequence[tuple[float, float]], room: float) -> list[list[int]]:
    """Return the positions of the columns in each printed table. The first column, which contains the row names, is repeated
    in every table.

    If the columns are divided among several tables, the tables have about the same width.
    """
    first, rest = needs[0][0], sum(most for _, most in needs[1:])
    count = math.ceil(sum(least for least, _ in needs[1:]) / max(1.0, room - first)) if len(needs) > 2 else 1
    parts = [[0]]
    taken = 0.0
    for place, (least, most) in enumerate(needs[1:], 1):
        is_full = first + sum(needs[one][0] for one in parts[-1][1:]) + least > room
        if len(parts[-1]) > 1 and (is_full or taken + most / 2 > rest * len(parts) / count):
            parts.append([0])
        parts[-1].append(place)
        taken += most
    return parts


def marked(head: Cell) -> str:
    """Return the heading of a column. If the column belongs to a model, the heading starts with the symbol of that model."""
    return "".join(mark for style, mark in MARKS.items() if style in head.style.split()) + head.text


def _needed(head: Cell, cells: Sequence[Cell]) -> tuple[float, float]:
    """Return the minimum and the maximum width of a column. Every word fits on a line at the minimum width, and every text at the
    maximum width.
    """
    bold = [BOLD * _width(word) for word in marked(head).split(" ")]
    words = max((_width(word) for cell in cells for word in cell.text.split()), default=0.0)
    texts = max((_width(cell.text) for cell in cells), default=0.0)
    least = max(*bold, words) + PADDING
    return least, max(least, texts + PADDING)


def _fitted(needs: Sequence[tuple[float, float]], room: float) -> list[float]:
    """Return the widths of columns that fit in the available space, from the minimum and maximum width of each column. If
    necessary, columns are limited to a common width.

    If even the minimum widths do not fit, a column may be narrower than its minimum width, and long words are broken.
    """
    least = sum(narrow for narrow, _ in needs)
    if sum(most for _, most in needs) <= room:
        return [most for _, most in needs]

    def limited(limit: float) -> list[float]:
        if least > room:
            return [min(narrow, limit) for narrow, _ in needs]
        return [max(narrow, min(most, limit)) for narrow, most in needs]

    low, high = 0.0, room
    for _ in range(40):
        limit = (low + high) / 2
        low, high = (limit, high) if sum(limited(limit)) <= room else (low, limit)
    return limited(low)


@cache
def _width(text: str) -> float:
    return text_width(text) / TEXT
