"""Formatting of numbers and names. Most numbers are shown with three significant digits. Missing numbers appear as "–"."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from tabinterp import messages
from tabinterp.analyses.coefficients.record import CoefficientRow, Coefficients
from tabinterp.analyses.gradients.record import GradientMethod, effort_of
from tabinterp.analyses.permutation_importance.record import Importance
from tabinterp.document.base import side
from tabinterp.document.document import Document, Interval, Message
from tabinterp.messages import date, english, text
from tabinterp.messages import level as level_name
from tabinterp.messages.names import LONGEST, apart, cut, plain, tidy, width
from tabinterp.report.blocks import Cell

__all__ = [
    "apart",
    "cut",
    "date",
    "level_name",
    "plain",
    "tidy",
    "width",
]  # also re-exported here

NONE = "–"
MINUS = "−"
NOISE = 1e-9  # relative to the width of an interval: smaller values are rounding errors
FLAT = 1e-12  # relative to a value: narrower intervals count as having no width


def t(key: str, **values: Any) -> str:
    return text(key, {name: _typeset(value) for name, value in values.items()})


def say(message: Message, brief: bool = False) -> str:
    """Return the text of a message. With `brief`, the text ends after the first sentence that contains a value."""
    return text(message.key, {name: _typeset(value) for name, value in message.values.items()}, brief)


def _typeset(value: Any) -> Any:
    """Format a value that is inserted into a message. Numbers have the minus sign used in tables. Right-to-left names are
    enclosed in Unicode isolates.
    """
    if isinstance(value, Message):
        return say(value)
    if isinstance(value, str):
        return apart(value)
    if isinstance(value, (list, tuple)):
        return [_typeset(item) if isinstance(item, str) else item for item in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    whole = float(value).is_integer() and abs(value) < 2**53
    return (messages.count(int(value)) if whole else messages.number(value)).replace("-", MINUS)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number in the format of the current language, with a minus sign that is as wide as a plus sign.

    >>> number(-0.01234), number(None), number(2.5e-7)
    ('−0.0123', '–', '2.5e−07')
    """
    return messages.number(value, digits).replace("-", MINUS)


def counted(value: int) -> str:
    """Return a count as text, with grouped digits.

    >>> counted(48842)
    '48,842'
    """
    return messages.count(value).replace("-", MINUS)


def signed(value: float | None) -> str:
    """Return a difference as text, always with a sign.

    >>> signed(0.072), signed(-0.001), signed(0.0), signed(None)
    ('+0.0720', '−0.00100', '0', '–')
    """
    return f"+{number(value)}" if value is not None and value > 0 else number(value)


def interval(part: Interval, sign: bool = False) -> str:
    """Return a number with its 95% interval. `[–]` means that there is no valid interval.

    A value that is tiny compared with the width of its interval is treated as a rounding error and shown as zero.

    >>> interval(Interval(value=0.5, low=0.25, high=0.75)), interval(Interval(value=2)), interval(Interval())
    ('0.500 [0.250, 0.750]', '2.00 [–]', '–')
    >>> interval(Interval(value=-2.7e-17, low=-0.0154, high=0.0154), sign=True)
    '0 [−0.0154, +0.0154]'
    """
    show = signed if sign else number
    if part.value is None:
        return NONE
    if part.low is None or part.high is None:
        return f"{show(part.value)} [{NONE}]"
    return text("language.interval", {"value": show(_centre(part)), "low": show(part.low), "high": show(part.high)})


def _centre(part: Interval) -> float:
    """Return the estimate, or zero if it is tiny compared with the width of its interval."""
    value, low, high = part.value or 0.0, part.low or 0.0, part.high or 0.0
    return 0.0 if abs(value) < NOISE * (high - low) else value


def between(part: Interval, sign: bool = False) -> str:
    """Return the 95% interval without the estimate.

    >>> between(Interval(value=0.5, low=-0.25, high=0.75), sign=True), between(Interval(value=2))
    ('95% CI −0.250 to +0.750', 'no interval')
    """
    if part.low is None or part.high is None:
        return t("report.interval.none")
    show = signed if sign else number
    return t("report.interval.between", low=show(part.low), high=show(part.high))


def stated(part: Interval, sign: bool = False) -> str:
    """Return a number with its 95% interval in the form used in sentences.

    >>> stated(Interval(value=0.5, low=0.25, high=0.75)), stated(Interval(value=2), sign=True)
    ('0.500 (95% CI 0.250 to 0.750)', '+2.00 (no interval)')
    """
    if part.value is None:
        return NONE
    value = (signed if sign else number)(_centre(part))
    return t("report.interval.stated", value=value, interval=between(part, sign))


def mean(part: Interval) -> str:
    """Return a mean with its sign and its interval. If every row has the same number, the interval is omitted.

    >>> mean(Interval(value=0.351, low=0.351, high=0.351)), mean(Interval(value=0.5, low=0.25, high=0.75))
    ('+0.351', '+0.500 [+0.250, +0.750]')
    """
    if part.value is None or part.low is None or part.high is None:
        return interval(part, sign=True)
    flat = part.high - part.low <= FLAT * abs(part.value)
    return signed(part.value) if flat else interval(part, sign=True)


def share(value: float | None) -> str:
    """Return a share as text, in percent.

    >>> share(0.1234), share(1.0), share(None)
    ('12.3%', '100%', '–')
    """
    return NONE if value is None else text("language.percent", {"number": number(100 * value)})


def two(value: float | None) -> str:
    """Return a correlation for a heat map, with two decimals. Zero has no sign.

    >>> two(-0.001), two(-0.345), two(None)
    ('0.00', '−0.34', '–')
    """
    return NONE if value is None else messages.signs(f"{round(value, 2) + 0.0:.2f}").replace("-", MINUS)


def listed(parts: Iterable[str]) -> str:
    """Join parts into a list within a sentence."""
    return messages.joined(parts)


def series(parts: Iterable[str]) -> str:
    """Join long parts into a list within a sentence. The parts may themselves be lists."""
    return messages.joined(parts, "series")


def both(parts: Iterable[str]) -> str:
    """Join two texts into a phrase such as "A and B", in the current language."""
    return messages.joined(parts, "both")


def conditions(parts: Iterable[str]) -> str:
    """Join conditions with "and", in the current language."""
    return messages.joined(parts, "conditions")


def sentences(parts: Iterable[str]) -> str:
    """Join sentences into one paragraph."""
    return messages.joined(parts, "sentences")


def capital(words: str) -> str:
    """Return the words with their first letter capitalised, for the beginning of a sentence or a heading."""
    return words[:1].upper() + words[1:]


def p_value(value: float | None) -> str:
    """Return a p-value as text. Below 1e-15, only a bound is shown.

    >>> p_value(0.0321), p_value(0.0), p_value(3e-40), p_value(None)
    ('0.0321', '<1e−15', '<1e−15', '–')
    """
    return f"<1e{MINUS}15" if value is not None and value < 1e-15 else number(value)


def excludes_zero(part: Interval) -> bool | None:
    """Return whether the interval excludes zero, or None if there is no interval."""
    if part.value is None or part.low is None or part.high is None:
        return None
    return side(part) != 0


def scaled(part: Interval, factor: float | None) -> Interval:
    """Convert an effect per unit of a column, with its interval, to the effect of a step of `factor` units. Values that are not
    finite are left out.
    """
    if factor is None:
        return part
    return Interval(**{name: _times(getattr(part, name), factor) for name in Interval.model_fields})


def powered(part: Interval, exponent: float | None) -> Interval:
    """Convert an odds or rate ratio per unit of a column to the ratio for a step of `exponent` units: the ratio raised to this
    power.

    >>> interval(powered(Interval(value=1.5, low=1.2, high=2.0), 2.0)), interval(powered(Interval(value=9.0), 1e9))
    ('2.25 [1.44, 4.00]', '–')
    """
    if exponent is None:
        return part
    return Interval(**{name: _power(getattr(part, name), exponent) for name in ("value", "low", "high")})


def per_step(value: float | None, step: float | None) -> float | None:
    """Convert an effect per unit of a column to the effect of `step` units. If `step` is None, return `value` unchanged.

    >>> per_step(2.0, 3.0), per_step(2.0, None), per_step(None, 3.0), per_step(1e300, 1e300)
    (6.0, 2.0, None, None)
    """
    return value if step is None else _times(value, step)


def _power(value: float | None, exponent: float) -> float | None:
    if value is None or value < 0:
        return None
    if value == 0:
        return 0.0 if exponent > 0 else None
    log = exponent * math.log(value)
    return math.exp(log) if log <= math.log(sys.float_info.max) else None


def _times(value: float | None, factor: float) -> float | None:
    product = None if value is None else value * factor
    return product if product is None or math.isfinite(product) else None


def reading(name: str) -> str:
    """Return a method's name in the current language. A name that is not in the catalogue is returned unchanged."""
    return messages.word("reading", name) if f"reading.{name}" in english() else tidy(name.replace("_", " "))


def layer_name(name: str) -> str:
    """Return the name of a layer as shown to readers: the name of the module if it has one, and otherwise the layer's number."""
    own, _, number_of = name.partition(" ")
    return t("report.layer", index=number_of) if own == "layer" and number_of.isdecimal() else name


def group_name(conditions: Sequence[Message]) -> str:
    """Return the name of a group of rows that is defined by one or two conditions."""
    names = [tidy(say(condition)) for condition in conditions]
    return names[0] if len(names) == 1 else t("group.both", first=names[0], second=names[1])


def unit_name(layer: str, index: int) -> str:
    """Return the name of a hidden unit: its layer and its number in the layer."""
    return t("report.neuron.name", layer=cut(layer_name(layer)), index=str(index))


def name_cell(name: str, style: str = "") -> Cell:
    """Return a cell with a full name. A long name is wrapped."""
    label = tidy(name)
    return Cell(label, style=f"{style} n".strip() if width(label) > LONGEST else style)


def cut_cell(name: str) -> Cell:
    """Return a cell with a shortened name, for the heading of a narrow column. If the name was shortened, the cell's title is the
    full name.
    """
    label = cut(name)
    return Cell(label, "" if label == name else tidy(name))


def cells(values: Iterable[str]) -> list[Cell]:
    return [Cell(value) for value in values]


def draws(document: Document) -> str:
    """Return the name of the sampling units on which a document's intervals are based: rows or groups of rows."""
    return t(f"report.draws.{'rows' if document.data.grouping is None else 'groups'}")


def rows_of(part: Any) -> str:
    """Return a phrase for the rows used in a part of the document, such as "7,500 held-out rows"."""
    return t(f"report.rows_of.{part.rows_of}", rows=part.rows)


def score_scale(document: Document) -> str:
    """Return the unit of the score: log-odds, the unit of the target, or log rate."""
    return t(f"report.scale.{document[Coefficients].scale}")


def yes(flag: bool) -> str:
    return t("report.yes") if flag else t("report.no")


def term(row: CoefficientRow) -> str:
    """Return the full name of a term: the name of its column, followed by its level if the term stands for a level."""
    return row.column if row.level is None else f"{row.column}: {level_name(row.level)}"


def step(row: CoefficientRow, standard: bool = False) -> str:
    """Return the step of a term in words: a standard deviation, a unit, or a level compared with the reference level."""
    if row.level is not None:
        return t("report.step.reference", reference=tidy(level_name(row.reference or NONE)))
    if standard and row.sd is not None:
        return t("report.step.sd")
    return t("report.step.unit") if row.unit is None else step_of(row.unit)


def step_of(unit: str) -> str:
    """Return the step of an encoded column without a natural unit (`linear.terms`) in words, such as "encoded value" or "basis 2
    of 5".
    """
    index, _, count = unit.removeprefix("basis ").partition(" of ")
    return t("report.step.basis", index=index, count=count) if count else t("report.step.encoded")


def effort(method: GradientMethod) -> str:
    """Return a sentence on how much computation a gradient method needs per row, or an empty string if the document does not
    state this.
    """
    message = effort_of(method)
    return "" if message is None else say(message)


def outputs(rows: Iterable[Any]) -> list[str | None]:
    """Return the distinct outputs of the rows, in the order of the document."""
    return list(dict.fromkeys(row.output for row in rows))


def by_importance(document: Document) -> dict[str, int]:
    """Return the rank of each column by its importance to the network. All lists of columns in the report have this order."""
    return {row.column: rank for rank, row in enumerate(document[Importance].columns)}
