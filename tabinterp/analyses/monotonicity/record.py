"""Monotonicity in the document: whether each declared direction is proved, refuted or open, for both models."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.record_values import number
from tabinterp.document.base import Message, Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows
from tabinterp.errors import DocumentError
from tabinterp.table.rounding import Rounding
from tabinterp.table.suppression import SMALL

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document
    from tabinterp.table import Table

    from .estimator import Verdict

DIGITS = 3  # significant digits of the tolerance, and of a bound below it
# Digits of a fall and of a larger bound. Divided by a slope, they would reveal the distance between the ends of the domain, and
# the ends are values of single rows.
COARSE = 1


class Answer(Part):
    """Answer for one column of one model. `fall` and `bound` are in units of the score."""

    answer: Literal["proved", "refuted", "open"]
    fall: float  # the largest fall that was found, rounded down
    start: float | str | None  # column's value before this fall, rounded; None if no fall counts or it is withheld
    end: float | str | None
    bound: float | None  # upper bound on the fall, rounded up; None if no bound was computed
    reason: Message | None  # why no proof was attempted


class DirectionRow(Part):
    column: str
    direction: Literal["+", "-"]
    network: Answer
    linear: Answer


class Record(Part):
    rows: int  # number of rows whose values define the domain
    seed: int
    network_least: float  # tolerance: smaller falls are ignored, for the network's score
    linear_least: float
    columns: list[DirectionRow]

    def check_claims(self, document: Document) -> None:
        """Check that each answer is consistent with its `fall` and `bound`, within rounding."""
        for row in self.columns:
            for model, least in (("network", self.network_least), ("linear", self.linear_least)):
                found: Answer = getattr(row, model)
                near = 10.0 ** (1 - DIGITS)  # relative error that rounding may cause
                proved = found.bound is not None and found.bound <= least * (1 + near) and found.fall <= least
                refuted = found.fall >= least * (1 - near) / 2  # rounded down to one digit, more than half is left
                if (found.answer == "proved" and not proved) or (found.answer == "refuted" and not refuted):
                    raise DocumentError(
                        f"analyses.monotonicity: {model}.answer is {found.answer!r} for column {row.column!r}, but the largest "
                        f"fall found in the score is {found.fall}, and the upper bound on any fall is {found.bound}. For the "
                        f"answer 'proved', both numbers must be at most {least}. For the answer 'refuted', the largest fall "
                        f"must be at least {least}."
                    )

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("monotonicity", "both", self.rows, "all", self.seed)


def build(results: Results) -> Record | None:
    """Return the answers for all declared directions; None if no direction was declared."""
    result = results[ANALYSIS]
    if result is None:
        return None
    table = results.network.table
    pairs = zip(result.network.columns, result.linear.columns, strict=True)
    return Record(
        rows=len(table),
        seed=result.network.seed,
        network_least=_rounded(result.network.least, math.floor),
        linear_least=_rounded(result.linear.least, math.floor),
        columns=[_row(table, network, linear) for network, linear in pairs],
    )


def _row(table: Table, network: Verdict, linear: Verdict) -> DirectionRow:
    constraint = network.constraint
    assert constraint.direction is not None
    answers = [_answer(table, one) for one in (network, linear)]
    return DirectionRow(column=constraint.column, direction=constraint.direction, network=answers[0], linear=answers[1])


def _answer(table: Table, found: Verdict) -> Answer:
    bound = number(found.bound)
    return Answer(
        answer=found.answer,
        fall=_rounded(found.fall, math.floor, COARSE),
        start=_shown(table, found.constraint.column, found.start),
        end=_shown(table, found.constraint.column, found.end),
        bound=None if bound is None else _rounded(bound, math.ceil, DIGITS if found.answer == "proved" else COARSE),
        reason=found.reason,
    )


def _rounded(value: float, to: Callable[[float], int], digits: int = DIGITS) -> float:
    """Return a number rounded up or down to a few significant digits.

    >>> _rounded(0.0123456, math.floor), _rounded(0.0123456, math.ceil), _rounded(0.0123456, math.ceil, 1)
    (0.0123, 0.0124, 0.02)
    """
    if value == 0:
        return 0.0
    exponent = math.floor(math.log10(abs(value))) + 1 - digits
    return float(f"{to(float(f'{value:e}'.partition('e')[0]) * 10 ** (digits - 1))}e{exponent}")


def _shown(table: Table, column: str, value: object) -> float | str | None:
    """Return a value of a column in a form that can be shown; None for a level that fewer than ten rows have.

    Numbers are rounded.
    """
    if value is None:
        return None
    if table.schema[column].kind != "numeric":
        return str(value) if int((table.frame[column] == value).sum()) >= SMALL else None
    return number(Rounding(table.numeric(column))(float(str(value))))
