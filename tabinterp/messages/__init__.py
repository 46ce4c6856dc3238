"""The message catalogue: the keys and English templates of all sentences that readers see, and their formatting and translation.

A sentence is stored as a key and values (`tabinterp.document.document.Message`). Its text is created only when it is shown, in
the current language (`language.speaking`). The text is not escaped. Code that puts it on a page must escape it.

A template can contain placeholders of these forms:

- `{name}` shows the value unchanged.
- `{name:vocabulary}` shows the message `vocabulary.VALUE` if it exists, and otherwise the value. Terms of this package are thus
  translated, but names from a table are not.
- `{name:date}` shows a date in the format of the current language.
- `{name:level}` shows a label of one or more levels. Parts in parentheses are translated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial, reduce
from importlib import import_module
from pathlib import Path
from typing import Any

from .language import translated

PACKAGE = Path(__file__).resolve().parent.parent

SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=。)")
OURS = re.compile(r"(?:^|(?<=[,:−] ))\((?:(missing|present)|(\d+) (more|levels))\)(?=$|,| \(| −)")


def text_modules() -> list[Any]:
    """Import and return all modules named `text` in the package. Each contains a dictionary `TEXT` of keys and sentences."""
    paths = sorted(PACKAGE.rglob("text.py"))
    return [import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)) for path in paths]


@cache
def sentences() -> dict[str, tuple[str, str]]:
    """Return the English sentence and the note for translators (which may be empty) for each key of the catalogue.

    The sentences are defined in the modules named `text` of all packages, and in the modules of checks. These modules import this
    package, so they are imported only when the first sentence is needed.
    """
    gathered: dict[str, Any] = {}
    for module in text_modules():
        gathered |= module.TEXT
    for check in import_module("tabinterp.checks").CHECKS:
        gathered |= check.sentences
    return {key: (entry, "") if isinstance(entry, str) else entry for key, entry in gathered.items()}


@cache
def english() -> dict[str, str]:
    """Return the English sentence for each key of the catalogue."""
    return {key: sentence for key, (sentence, _) in sentences().items()}


def text(key: str, values: Mapping[str, Any] | None = None, brief: bool = False) -> str:
    """Return the sentence for a key in the current language, with formatted values.

    If `brief` is true, the text ends after the first sentence that contains a value.

    >>> text("verdict.worse", {"linear": "logistic regression"})
    'The network predicts worse than logistic regression.'
    """
    template = translated(key, english()[key])
    if brief:
        ends = (end.start() for end in SENTENCE_END.finditer(template))
        template = template[: next((end for end in ends if "{" in template[:end]), None)]
    return template.format(**{name: _Value(value) for name, value in (values or {}).items()})


def word(vocabulary: str, name: str) -> str:
    """Return a name in the current language if it belongs to the vocabulary. Any other name comes from the user's data and is
    returned unchanged.

    >>> word("report.kind", "numeric"), word("report.kind", "Mrs.")
    ('numeric', 'Mrs.')
    """
    key = f"{vocabulary}.{name}"
    return text(key) if key in english() else name


def joined(parts: Iterable[str], joint: str = "list") -> str:
    """Join texts with the punctuation and conjunctions of the current language.

    `joint` is "list", "series" (for longer parts), "both", "conditions" or "sentences".

    >>> joined(["a", "b", "c"]), joined(["a", "b"], "both"), joined([])
    ('a, b, c', 'a and b', '')
    """
    found = list(parts)
    template = translated(f"language.{joint}", english()[f"language.{joint}"])
    return reduce(lambda before, one: template.format(before=before, next=one), found) if found else ""


class _Value:
    """A value in a template. The format specification of the placeholder determines how the value is shown."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __format__(self, vocabulary: str) -> str:
        value = self.value
        if hasattr(value, "key"):  # a message in a message
            return text(value.key, value.values)
        own = MADE.get(vocabulary, partial(word, vocabulary))
        if isinstance(value, (list, tuple)):
            return joined(own(str(one)) if vocabulary else str(one) for one in value)
        return own(value) if vocabulary and isinstance(value, str) else _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return number(None)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    # JSON does not distinguish 2.0 from 2, and a saved audit must show the same text as the one in memory.
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < 2**53)
    return count(int(value)) if whole else number(value)


def count(value: int) -> str:
    """Return a whole number with grouped digits.

    >>> count(1234567)
    '1,234,567'
    """
    return signs(f"{value:,}")


def number(value: float | None, digits: int = 3) -> str:
    """Return a number as text with three significant digits. A large number is rounded to an integer. Exponents are used only for
    very small or very large numbers.

    >>> number(0.0123456), number(1234.5), number(-0.0), number(None), number(2.5e-7)
    ('0.0123', '1,234', '0', '–', '2.5e-07')
    """
    if value is None or math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e7:
        return signs(f"{value:.{digits}g}")
    magnitude = int(f"{value:.{digits - 1}e}".rpartition("e")[2])
    return signs(f"{value:,.{max(0, digits - 1 - magnitude)}f}")


def date(iso: str) -> str:
    """Convert an ISO 8601 date or time (2026-08-02 or 2026-08-02T00:00:00) to the format of the current language.

    Any other text is returned unchanged.

    >>> date("2026-08-02"), date("2026-08-02T00:00:00"), date("2026-08-02T09:30:00"), date("soon")
    ('2026-08-02', '2026-08-02', '2026-08-02 09:30:00', 'soon')
    """
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:T(.+))?", iso)
    if found is None:
        return iso
    year, month, day, time = found.groups()
    shown = text("language.date", {"year": year, "month": month, "day": day})
    return shown if time in (None, "00:00:00") else f"{shown} {time}"


def level(label: str) -> str:
    """Return a label that lists one or more levels, in the current language.

    Parts in parentheses are terms of this package (see `linear.terms`) and are translated. All other parts are data and are not
    translated.

    >>> level("oslo, rome, (3 more), (missing)"), level("missing")
    ('oslo, rome, (3 more), (missing)', 'missing')
    """
    return OURS.sub(lambda found: text(f"level.{found[1] or found[3]}", {"count": int(found[2] or 0)}), label)


def signs(digits: str) -> str:
    """Replace the decimal point and the grouping commas in a number with the separators of the current language."""
    decimal, group = translated("language.decimal", "."), translated("language.group", ",")
    return digits if (decimal, group) == (".", ",") else digits.translate({ord("."): decimal, ord(","): group})


MADE: dict[str, Callable[[str], str]] = {"date": date, "level": level}  # vocabularies that are functions
