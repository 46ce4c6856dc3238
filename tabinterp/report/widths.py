"""How wide a text stands where every letter takes one column, and an East Asian wide one two."""

from __future__ import annotations

import unicodedata


def width(name: str) -> int:
    """Display columns of a name."""
    return len(name) if name.isascii() else sum(map(_columns, name))


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
