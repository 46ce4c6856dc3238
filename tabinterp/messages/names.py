"""Conversion of names from a table to safe labels, which have one line, a limited length and no control characters."""

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
    r"""Return a name on one line. White space and control characters are replaced by single spaces.

    >>> tidy("a\n  b\x00c"), tidy(" ")
    ('a b c', '(empty)')
    """
    if not name.isprintable():
        name = "".join(" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in name)
    return plain(" ".join(name.split())) or text("report.unnamed")


def apart(name: str) -> str:
    r"""Return a name for use in a sentence. A right-to-left name is enclosed in Unicode isolates, so it does not reorder the
    surrounding words.

    >>> apart("age"), apart("\u05d2\u05d9\u05dc") == "\u2068\u05d2\u05d9\u05dc\u2069"
    ('age', True)
    """
    return f"{FIRST_STRONG}{plain(name)}{POP}" if LEFTWARD.search(name) else name


def plain(words: str) -> str:
    """Return the text with control and format characters replaced by U+FFFD. The replacement prevents a name from imitating
    another name or changing how a number is shown.

    White space is not replaced. The isolate characters U+2068 and U+2069 are not replaced if they occur in pairs, because a pair
    does not reorder the surrounding text. Joiners are not replaced between two letters of a script that needs them, or between
    two emoji.

    >>> plain("a\\u202eb\\x1b") == "a\ufffdb\ufffd", plain("a\\u2068b") == "a\ufffdb"
    (True, True)
    """
    return _without_controls(words, lambda _char: "\ufffd", "\t\n")


def terminal(words: str) -> str:
    r"""Return the text for a terminal or a log, with control characters replaced by Python escape sequences.

    >>> terminal("a\x1b[2J\u202eb")
    'a\\x1b[2J\\u202eb'
    """
    return _without_controls(words, lambda char: char.encode("unicode_escape").decode(), "\n")


def spreadsheet_cell(words: str) -> str:
    """Return the text for a cell of a CSV file. Text that a spreadsheet would interpret as a formula is prefixed with an
    apostrophe.

    >>> spreadsheet_cell("=1+1"), spreadsheet_cell("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{words}" if words.lstrip().startswith(FORMULA) else words


def plain_values(value: Any) -> Any:
    """Apply `plain` to every string in a JSON value, including the names of fields."""
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
    """Return whether a character can be shown. This depends on the characters before and after it."""
    if char.isprintable():
        return True
    if char in (FIRST_STRONG, POP):
        return isolates
    if char in JOINERS:
        return before >= JOINED and after >= JOINED
    return char in spaces or unicodedata.category(char) not in STEERING


def _are_closed(words: str) -> bool:
    """Return whether the characters that start and end Unicode isolates are balanced in the text."""
    depth = 0
    for mark in words:
        depth += (mark == FIRST_STRONG) - (mark == POP)
        if depth < 0:
            return False
    return depth == 0


def cut(name: str, longest: int = LONGEST) -> str:
    """Return a name as a label. A long name is shortened in the middle, because related names often differ at the end.

    >>> cut("household_income_before_taxes_2019")
    'household_income…taxes_2019'
    """
    name = tidy(name)
    if width(name) <= longest:
        return name
    head = max(1, longest * HEAD // LONGEST)
    return f"{_take(name, head)}…{_take(name[::-1], longest - head - 2)[::-1]}"


def shortened(words: str, longest: int) -> str:
    """Truncate text that is wider than `longest` display columns. The text is cut at a word boundary unless a word is very long.

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
    """Return the width of a name in display columns. East Asian wide characters have a width of two."""
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
