"""Names from a table as labels (on one line, of limited length, in a safe order), and removal of control characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from . import text

LONGEST = 28  # maximum display columns of a label; an East Asian wide character takes two
HEAD = 16
STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # Unicode categories of control and format characters
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # a spreadsheet would run a cell that starts with one
JOINERS, JOINED = "\u200c\u200d", "\u0600"  # scripts and emoji that use joiners start at this character
FIRST_STRONG, POP = "\u2068", "\u2069"  # around a right-to-left name, so that it does not reorder other text
LEFTWARD = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")


def tidy(name: str) -> str:
    r"""Return a name on one line, with white space and control characters replaced by single spaces.

    >>> tidy("a\n  b\x00c"), tidy(" ")
    ('a b c', '(empty)')
    """
    if not name.isprintable():
        name = "".join(" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in name)
    return plain(" ".join(name.split())) or text("report.unnamed")


def apart(name: str) -> str:
    r"""Isolate a name from the surrounding words, so that a right-to-left name does not reorder them.

    >>> apart("age"), apart("\u05d2\u05d9\u05dc") == "\u2068\u05d2\u05d9\u05dc\u2069"
    ('age', True)
    """
    return f"{FIRST_STRONG}{plain(name)}{POP}" if LEFTWARD.search(name) else name


def plain(words: str) -> str:
    """Return words with every control and format character replaced by U+FFFD, so that no name can disguise itself or a
    number.

    White space is kept. Isolated parts (U+2068 to U+2069) are also kept, because they do not reorder the surrounding text, and so
    are joiners between two letters of a script that needs them, or between two emoji.

    >>> plain("a\\u202eb\\x1b") == "a\ufffdb\ufffd", plain("a\\u2068b") == "a\ufffdb"
    (True, True)
    """
    return _without_controls(words, lambda _char: "\ufffd", "\t\n")


def terminal(words: str) -> str:
    r"""Return text for a terminal or a log, with control characters as Python escapes.

    >>> terminal("a\x1b[2J\u202eb")
    'a\\x1b[2J\\u202eb'
    """
    return _without_controls(words, lambda char: char.encode("unicode_escape").decode(), "\n")


def spreadsheet_cell(words: str) -> str:
    """Return text for a cell of a CSV file, preceded by an apostrophe if a spreadsheet would run it as a formula.

    >>> spreadsheet_cell("=1+1"), spreadsheet_cell("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{words}" if words.lstrip().startswith(FORMULA) else words


def plain_values(value: Any) -> Any:
    """Return JSON values with `plain` applied to every text in them, including names."""
    if isinstance(value, dict):
        return {plain(name): plain_values(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(one) for one in value]
    return plain(value) if isinstance(value, str) else value


def _without_controls(words: str, show: Callable[[str], str], spaces: str) -> str:
    if words.isprintable():
        return words
    isolates = _are_closed(words)
    around = zip(" " + words, words, words[1:] + " ", strict=False)
    return "".join(char if _is_shown(*three, isolates, spaces) else show(char) for three in around for char in three[1])


def _is_shown(before: str, char: str, after: str, isolates: bool, spaces: str) -> bool:
    """Return whether a character may be shown, given the characters before and after it."""
    if char.isprintable():
        return True
    if char in (FIRST_STRONG, POP):
        return isolates
    if char in JOINERS:
        return before >= JOINED and after >= JOINED
    return char in spaces or unicodedata.category(char) not in STEERING


def _are_closed(words: str) -> bool:
    """Return whether every isolated part is closed."""
    depth = 0
    for mark in words:
        depth += (mark == FIRST_STRONG) - (mark == POP)
        if depth < 0:
            return False
    return depth == 0


def cut(name: str, longest: int = LONGEST) -> str:
    """Return a label; a long one is shortened in the middle, because related names often differ at the end.

    >>> cut("household_income_before_taxes_2019")
    'household_income…taxes_2019'
    """
    name = tidy(name)
    if width(name) <= longest:
        return name
    head = max(1, longest * HEAD // LONGEST)
    return f"{_take(name, head)}…{_take(name[::-1], longest - head - 2)[::-1]}"


def shortened(words: str, longest: int) -> str:
    """Return text shortened at the end if it is too long, at a word boundary unless one word is very long.

    >>> shortened("nothing to lose", 13), shortened("all of it", 9), shortened("indivisible", 6)
    ('nothing to…', 'all of it', 'indiv…')
    """
    words = tidy(words)
    if width(words) <= longest:
        return words
    kept = _take(words, longest - 1)
    whole = kept.rpartition(" ")[0] if words[len(kept)] != " " else kept
    return f"{(whole if width(whole) > longest // 2 else kept).rstrip(' ,;:')}…"


def width(name: str) -> int:
    """Return the display width of a name in columns."""
    return len(name) if name.isascii() else sum(map(_columns, name))


@lru_cache(maxsize=4096)
def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _take(name: str, columns: int) -> str:
    taken = 0
    for place, char in enumerate(name):
        taken += _columns(char)
        if taken > columns:
            return name[:place]
    return name
