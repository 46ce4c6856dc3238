"""Widths of the columns of printed tables, which the page's layout would otherwise measure cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from .blocks import Cell, Table
from .figures import TEXT, text_width

SHEET: Final = 84.0  # width of a sheet, as a multiple of the font size of tables
ACROSS: Final = 122.0  # of a sheet in landscape
PADDING: Final = 1.0  # of a cell, and what the estimate of a text's width may be short of
BOLD: Final = 1.12  # widths of bold letters relative to regular ones
KEPT_WHOLE: Final = 16  # rows of a table that is not divided between two sheets
MARKS: Final = {"net": "\u25cf ", "lin": "\u25c7 "}  # in front of the head of a model's column


@dataclass(frozen=True, slots=True)
class Printed:
    """How a table is printed.

    Parameters
    ----------
    widths : of the columns, in em of the table's font.
    across : too wide for an upright sheet even if every word has a line of its own.
    whole : few enough rows to be kept on one sheet.
    """

    widths: Sequence[float]
    across: bool
    whole: bool


def printed_table(table: Table, share: float) -> Printed:
    """Return how a table is printed in a share of the sheet's width.

    Every column is as wide as its widest text if that fits. Otherwise the widest columns are narrowed to a common width, but
    to no less than their longest word, and their texts take several lines.
    """
    columns = [_column(head, column) for head, column in zip(table.head, zip(*table.rows, strict=True), strict=False)]
    if "heat" in table.style:
        room = SHEET * share
        first = min(columns[0][1], room / 4)
        widths = [first, *[(room - first) / max(1, len(columns) - 1)] * (len(columns) - 1)]
        return Printed(widths, across=False, whole=True)
    least = sum(narrow for narrow, _ in columns)
    across = share == 1 and least > SHEET
    room = ACROSS if across else SHEET * share
    return Printed(_fitted(columns, room), across, len(table.rows) <= KEPT_WHOLE)


def marked(head: Cell) -> str:
    """Return the head of a column with the mark of the model that it is about."""
    return "".join(mark for style, mark in MARKS.items() if style in head.style.split()) + head.text


def _column(head: Cell, cells: Sequence[Cell]) -> tuple[float, float]:
    """Return the least width of a column, at which every word has a line, and the most, at which every text has one."""
    bold = [BOLD * _width(word) for word in marked(head).split(" ")]
    words = max((_width(word) for cell in cells for word in cell.text.split()), default=0.0)
    texts = max((_width(cell.text) for cell in cells), default=0.0)
    least = max(*bold, words) + PADDING
    return least, max(least, texts + PADDING)


def _fitted(columns: Sequence[tuple[float, float]], room: float) -> list[float]:
    """Return widths between the least and the most that fit the room: no column is wider than a limit, if there must be one."""
    if sum(most for _, most in columns) <= room:
        return [most for _, most in columns]
    least = sum(narrow for narrow, _ in columns)
    if least >= room:
        return [narrow * room / least for narrow, _ in columns]
    low, high = 0.0, room
    for _ in range(40):
        limit = (low + high) / 2
        taken = sum(max(narrow, min(most, limit)) for narrow, most in columns)
        low, high = (limit, high) if taken <= room else (low, limit)
    return [max(narrow, min(most, low)) for narrow, most in columns]


@cache
def _width(text: str) -> float:
    return text_width(text) / TEXT
