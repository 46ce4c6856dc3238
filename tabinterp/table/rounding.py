"""Rounding of numbers and dates on the scale of a column, so that nothing shown is the value of fewer than ten rows.

A number that at least ten rows hold is shown as it is. Any other is rounded to a multiple of 1, 2 or 5 times a power of ten, the
finest such that at least ten rows lie within half a step of the result; a number that is such a multiple already stays. Points at
which a model is asked, and edges at which rows are cut, are rounded before they are used, so that what is shown is exactly what
the result is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from math import floor, log10
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tabinterp.arrays import FloatArray, IntArray

from .suppression import SMALL

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 5  # significant digits from which on a number can point to a single row
NEAR = 1 + 1e-9  # of half a step: what its ends may be off as floating-point numbers
PERIODS = ("D", "W", "M", "Q", "Y")  # days, weeks from Monday, months, quarters, years


class Rounding:
    """Rounds numbers so that at least ten of the given values share each result.

    Parameters
    ----------
    values : (n,) the values of a column's rows. Missing ones do not count.

    Examples
    --------
    >>> salaries = Rounding(np.linspace(30_000.17, 31_000.29, 101))
    >>> salaries(30_411.37), Rounding(np.full(10, 7.125))(7.125), Rounding(np.array([1.0, 2.0]))(1.0)
    (30400.0, 7.125, nan)
    """

    def __init__(self, values: FloatArray) -> None:
        self.values: FloatArray = np.sort(values[np.isfinite(values)])

    def __call__(self, number: float) -> float:
        """Return the number as it can be shown; NaN if fewer than ten rows have a value."""
        number = float(number)
        if len(self.values) < SMALL or not np.isfinite(number):
            return float("nan")
        if self._may_be_shown(number):
            return number
        for factor, exponent in _steps(self._reach(number)):
            made = float(f"{round(number / (factor * 10.0**exponent)) * factor}e{exponent}")
            if self._shared(made, factor * 10.0**exponent):
                return made
        return float("nan")

    def mean(self, number: float) -> float:
        """Return the mean of ten rows or more, rounded to a step of at most a twentieth of the standard deviation of the values.

        A mean is no row's value, so no ten rows need to share it. The step keeps it from telling the value of one row to someone
        who knows the others. NaN if fewer than ten rows have a value.

        >>> Rounding(np.repeat([-1.0, 0.0, 2.0], 50))(1.0731), Rounding(np.repeat([-1.0, 0.0, 2.0], 50)).mean(1.0731)
        (2.0, 1.07)
        """
        number, spread = float(number), float(self.values.std()) if len(self.values) else 0.0
        if len(self.values) < SMALL or not np.isfinite(number) or spread == 0:
            return self(number)
        exponent = floor(log10(spread / 20))
        while self.points_to_few(made := float(f"{round(number / 10.0**exponent)}e{exponent}")):
            exponent += 1
        return made

    def points(self, numbers: Iterable[float]) -> FloatArray:
        """Return the distinct results for these numbers, in order; empty if fewer than ten rows have a value."""
        made = np.array([self(number) for number in numbers], dtype=np.float64)
        return np.asarray(np.unique(made[~np.isnan(made)]))

    def ends(self, low: float, high: float) -> tuple[float, float]:
        """Return rounded ends of a range that reveal no extreme row: before rounding, at least ten rows lie at or beyond
        each end.
        """
        if len(self.values) < SMALL:
            return float("nan"), float("nan")
        first = min(SMALL, (len(self.values) + 1) // 2) - 1
        both = sorted((self(max(low, self.values[first])), self(min(high, self.values[-1 - first]))))
        return both[0], both[1]

    def edges(self, edges: Iterable[float]) -> list[float]:
        """Return rounded edges that divide the values, in order: at least one value is at most an edge, and one is above
        it.
        """
        return [float(edge) for edge in self.points(edges) if self.values[0] <= edge < self.values[-1]]

    def _may_be_shown(self, number: float) -> bool:
        """Return whether ten rows have the number, or share it as a multiple of the coarsest possible step."""
        if self._within(number, 0.0) >= SMALL:
            return True
        _, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
        factor = 5 if digits[-1] == 5 else 2 if digits[-1] % 2 == 0 else 1
        return self._shared(number, factor * 10.0 ** int(exponent))

    def _shared(self, number: float, step: float) -> bool:
        """Return whether ten rows share this multiple of a step, and it does not point to fewer."""
        return self._within(number, step / 2) >= SMALL and not self.points_to_few(number)

    def points_to_few(self, number: float) -> bool:
        """Return whether a number of at least five significant digits is the value of one to nine rows, to these digits or
        exactly.
        """
        _, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
        if len(digits) < DIGITS:
            return False
        alike = (self._within(number, 0.5 * 10.0 ** int(exponent)), self._within(number, 0.0))
        return any(0 < rows < SMALL for rows in alike)

    def _within(self, number: float, reach: float) -> int:
        low = np.searchsorted(self.values, number - reach * NEAR)
        return int(np.searchsorted(self.values, number + reach * NEAR, "right") - low)

    def _reach(self, number: float) -> float:
        """Return the distance within which ten rows lie: with no finer step can ten rows share a multiple."""
        at = int(np.searchsorted(self.values, number))
        near = self.values[max(0, at - SMALL) : at + SMALL]
        with np.errstate(over="ignore"):
            return float(np.sort(np.abs(near - number))[SMALL - 1])


def _steps(least: float) -> Iterator[tuple[int, int]]:
    """Yield steps from this size on, as 1, 2 or 5 times a power of ten, within floating-point range."""
    first = int(np.floor(np.log10(min(least, 1e308))))
    for exponent in range(max(first, -323), 309):
        yield from ((factor, exponent) for factor in (1, 2, 5) if least <= factor * 10.0**exponent * NEAR < np.inf)


def shown_date(date: pd.Timestamp, dates: pd.Series, rows: IntArray | None = None) -> pd.Timestamp | None:
    """Return the start of the shortest calendar period around a date with at least ten rows in it and rows on both sides.

    Parameters
    ----------
    date : in the time zone of `dates`, where these have one.
    dates : dates of the rows, or each date once.
    rows : how many rows have each of the dates; None: one.

    Returns
    -------
    The start of a day, week (Monday), month, quarter or year, at midnight; None where there is none.
    """
    counts: NDArray[np.int64] = np.ones(len(dates), dtype=np.int64) if rows is None else rows
    zone, local = dates.dt.tz, dates.dt.tz_localize(None)
    day = date.tz_localize(None)
    for period in PERIODS:
        own = day.to_period(period)
        if counts[(local.dt.to_period(period) == own).to_numpy()].sum() < SMALL:
            continue
        for start in (own.start_time, (own + 1).start_time):
            if local.min() < start <= local.max():
                return start if zone is None else start.tz_localize(zone, nonexistent="shift_forward", ambiguous=True)
    return None
