"""Numbers and names as a reader sees them: three significant digits, an error beside each, an en dash for none."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from typing import Any

from tabinterp.messages import ENGLISH, number, text
from tabinterp.report.blocks import Cell
from tabinterp.report.claims import side
from tabinterp.report.document import CoefficientRow, Document, Interval, Message

LONGEST = 28  # display columns of a label; an East Asian wide character takes two
HEAD = 16
NONE = "–"
REORDERING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0], "\ufffd")


def t(key: str, **values: Any) -> str:
    return text(key, values)


def say(message: Message) -> str:
    return text(message.key, message.values)


def signed(value: float | None) -> str:
    """A difference: its sign is always shown.

    >>> signed(0.072), signed(-0.001), signed(0.0), signed(None)
    ('+0.0720', '-0.00100', '0', '–')
    """
    return f"+{number(value)}" if value is not None and value > 0 else number(value)


def interval(part: Interval, sign: bool = False) -> str:
    """A number with its 95% interval; `[–]` says that there is no valid interval.

    >>> interval(Interval(value=0.5, low=0.25, high=0.75)), interval(Interval(value=2)), interval(Interval())
    ('0.500 [0.250, 0.750]', '2.00 [–]', '–')
    """
    show = signed if sign else number
    if part.value is None:
        return NONE
    if part.low is None or part.high is None:
        return f"{show(part.value)} [{NONE}]"
    return f"{show(part.value)} [{show(part.low)}, {show(part.high)}]"


def share(value: float | None) -> str:
    """A share as a percentage.

    >>> share(0.1234), share(1.0), share(None)
    ('12.3%', '100%', '–')
    """
    return NONE if value is None else f"{number(100 * value)}%"


def two(value: float | None) -> str:
    """A correlation in a heat map, to two decimals, zero without a sign.

    >>> two(-0.001), two(0.345), two(None)
    ('0.00', '0.34', '–')
    """
    return NONE if value is None else f"{round(value, 2) + 0.0:.2f}"


def capital(words: str) -> str:
    """Words as the beginning of a sentence or as a heading."""
    return words[:1].upper() + words[1:]


def p_value(value: float | None) -> str:
    """A p-value; one that underflowed is only known to be small.

    >>> p_value(0.0321), p_value(0.0)
    ('0.0321', '<1e-15')
    """
    return "<1e-15" if value == 0 else number(value)


def excludes_zero(part: Interval) -> bool | None:
    """Whether the interval excludes zero; None when there is no interval."""
    if part.value is None or part.low is None or part.high is None:
        return None
    return side(part) != 0


def scaled(part: Interval, factor: float | None) -> Interval:
    """The same number per another step of the column, never with a value that is not finite."""
    if factor is None:
        return part
    return Interval(**{name: _times(getattr(part, name), factor) for name in Interval.model_fields})


def _times(value: float | None, factor: float) -> float | None:
    product = None if value is None else value * factor
    return product if product is None or math.isfinite(product) else None


def tidy(name: str) -> str:
    """A name on one line: white space and control characters become single spaces.

    >>> tidy("a\\n  b\\x00c"), tidy(" ")
    ('a b c', '(empty)')
    """
    spaced = "".join(" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in name)
    return plain(" ".join(spaced.split())) or t("report.unnamed")


def plain(words: str) -> str:
    """Words without the characters that reorder what follows them: a name must not disguise itself or a number.

    >>> plain("a\\u202eb") == "a\ufffdb"
    True
    """
    return words.translate(REORDERING)


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


def width(name: str) -> int:
    """Display columns of a name."""
    return sum(_columns(char) for char in name)


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


def reading(name: str) -> str:
    """A reading's name in the reader's language; one that the catalogue does not know, as it stands."""
    key = f"reading.{name}"
    return t(key) if key in ENGLISH else tidy(name.replace("_", " "))


def name_cell(name: str, style: str = "") -> Cell:
    """A name in a table, whole in a title when it was cut."""
    label = cut(name)
    return Cell(label, "" if label == name else tidy(name), style)


def cells(values: Iterable[str]) -> list[Cell]:
    return [Cell(value) for value in values]


def yes(flag: bool) -> str:
    return t("report.yes") if flag else t("report.no")


def term(row: CoefficientRow) -> str:
    """The whole name of a term."""
    return row.column if row.level is None else f"{row.column}: {row.level}"


def step(row: CoefficientRow, standard: bool = False) -> str:
    """What one step of the term is: a standard deviation, a unit, or another level than the reference."""
    if row.level is not None:
        return t("report.step.reference", reference=cut(row.reference or NONE))
    if standard and row.sd is not None:
        return t("report.step.sd")
    return t("report.step.unit") if row.unit is None else t("report.step.words", unit=row.unit)


def outputs(rows: Iterable[Any]) -> list[str | None]:
    """The outputs in the order in which the document names them."""
    return list(dict.fromkeys(row.output for row in rows))


def by_importance(document: Document) -> dict[str, int]:
    """Rank of each column, most important for the network first; the order of every list of columns."""
    return {row.column: rank for rank, row in enumerate(document.importance.columns)}
