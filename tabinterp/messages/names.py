"""Names out of a table, as labels: on one line, in order, not too long."""

from __future__ import annotations

import re
import unicodedata

from . import text

LONGEST = 28  # display columns of a label; an East Asian wide character takes two
HEAD = 16
REORDERING = dict.fromkeys([*range(0x202A, 0x202F), 0x2066, 0x2067, 0], "\ufffd")
FIRST_STRONG, POP = "\u2068", "\u2069"  # around a name that runs from right to left, so that nothing else turns with it
LEFTWARD = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")


def tidy(name: str) -> str:
    """A name on one line: white space and control characters become single spaces.

    >>> tidy("a\\n  b\\x00c"), tidy(" ")
    ('a b c', '(empty)')
    """
    spaced = "".join(" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in name)
    return plain(" ".join(spaced.split())) or text("report.unnamed")


def apart(name: str) -> str:
    """A name among other words: where it runs from right to left, what follows it does not move before it.

    >>> apart("age"), apart("\\u05d2\\u05d9\\u05dc") == "\\u2068\\u05d2\\u05d9\\u05dc\\u2069"
    ('age', True)
    """
    return f"{FIRST_STRONG}{plain(name)}{POP}" if LEFTWARD.search(name) else name


def plain(words: str) -> str:
    """Words without the characters that reorder what follows them: a name must not disguise itself or a number.

    A part that is set apart stays so, because what surrounds it does not move; a mark that opens without closing goes.

    >>> plain("a\\u202eb") == "a\ufffdb", plain("a\\u2068b") == "a\ufffdb", plain("\\u2068a\\u2069b") == "\\u2068a\\u2069b"
    (True, True, True)
    """
    words = words.translate(REORDERING)
    depth = 0
    for mark in words:
        depth += (mark == FIRST_STRONG) - (mark == POP)
        if depth < 0:
            break
    return words if depth == 0 else words.replace(FIRST_STRONG, "\ufffd").replace(POP, "\ufffd")


def cut(name: str, longest: int = LONGEST) -> str:
    """A label; a long one loses its middle, because names of one family often differ in their end.

    >>> cut("household_income_before_taxes_2019")
    'household_income…taxes_2019'
    """
    name = tidy(name)
    if width(name) <= longest:
        return name
    head = max(1, longest * HEAD // LONGEST)
    return f"{_take(name, head)}…{_take(name[::-1], longest - head - 2)[::-1]}"


def shortened(words: str, longest: int) -> str:
    """Words without their end, where they are longer than there is room for; whole words, unless one is very long.

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
    """Display columns of a name."""
    return len(name) if name.isascii() else sum(map(_columns, name))


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _take(name: str, columns: int) -> str:
    taken = ""
    for char in name:
        if width(taken + char) > columns:
            break
        taken += char
    return taken
