"""Rounding of numbers and dates. Every number that is shown represents at least ten rows of its column.

A number that occurs in at least ten rows is shown unchanged. Any other number is rounded to a multiple of a step. Steps are 1, 2
or 5 times a power of ten. The step is the finest one for which at least ten rows lie within half a step of the rounded number. A
number that is already a multiple of this step does not change. Points at which a model is evaluated, and edges between bins, are
rounded before they are used. The numbers shown are therefore exactly those used in the computation.
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

DIGITS = 5  # number of significant digits from which a number can identify a single row
NEAR = 1 + 1e-9  # factor for half a step, to allow for rounding errors
PERIODS = ("D", "W", "M", "Q", "Y")  # days, weeks from Monday, months, quarters, years


class Rounding:
    """A function that rounds numbers. Every result is shared by at least ten of the given values.

    Parameters
    ----------
    values : (n,) values of a column. Missing values are ignored.

    Examples
    --------
    >>> salaries = Rounding(np.linspace(30_000.17, 31_000.29, 101))
    >>> salaries(30_411.37), Rounding(np.full(10, 7.125))(7.125), Rounding(np.array([1.0, 2.0]))(1.0)
    (30400.0, 7.125, nan)
    """

    def __init__(self, values: FloatArray) -> None:
        self.values: FloatArray = np.sort(values[np.isfinite(values)])

    def __call__(self, number: float) -> float:
        """Return the rounded number, or NaN if fewer than ten rows have a value."""
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
        """Round a mean over ten or more rows to a step of at most a twentieth of the standard deviation of the values.

        A mean is not the value of a row, so it does not have to be shared by ten rows. The rounding prevents someone who knows
        all rows but one from computing the value of the remaining row. The result is NaN if fewer than ten rows have a value.

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
        """Return the distinct rounded numbers in ascending order. The array is empty if fewer than ten rows have a value."""
        made = np.array([self(number) for number in numbers], dtype=np.float64)
        return np.asarray(np.unique(made[~np.isnan(made)]))

    def ends(self, low: float, high: float) -> tuple[float, float]:
        """Return the rounded ends of the range from `low` to `high`. They do not reveal an extreme row: each end is moved inwards
        before rounding if fewer than ten rows lie at or beyond it.
        """
        if len(self.values) < SMALL:
            return float("nan"), float("nan")
        first = min(SMALL, (len(self.values) + 1) // 2) - 1
        both = sorted((self(max(low, self.values[first])), self(min(high, self.values[-1 - first]))))
        return both[0], both[1]

    def edges(self, edges: Iterable[float]) -> list[float]:
        """Return bin edges after rounding, in ascending order. Edges with no values on one side are left out. A value equal to an
        edge counts as below the edge.
        """
        return [float(edge) for edge in self.points(edges) if self.values[0] <= edge < self.values[-1]]

    def _may_be_shown(self, number: float) -> bool:
        """Return whether at least ten rows have this number or a value that rounds to it. Values are rounded to the coarsest step
        (1, 2 or 5 times a power of ten) of which the number is a multiple.
        """
        if self._within(number, 0.0) >= SMALL:
            return True
        _, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
        factor = 5 if digits[-1] == 5 else 2 if digits[-1] % 2 == 0 else 1
        return self._shared(number, factor * 10.0 ** int(exponent))

    def _shared(self, number: float, step: float) -> bool:
        """Return whether the numbers of at least ten rows would be rounded to `number`, a multiple of `step`, and `number` does
        not identify one to nine rows.
        """
        return self._within(number, step / 2) >= SMALL and not self.points_to_few(number)

    def points_to_few(self, number: float) -> bool:
        """Return whether a number identifies one to nine rows. This is possible only for a number with at least five significant
        digits. The rows that it identifies have exactly this value, or have it after rounding to the same number of digits.
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
        """Return the distance from the number to the tenth nearest value. It determines the finest rounding step to try."""
        at = int(np.searchsorted(self.values, number))
        near = self.values[max(0, at - SMALL) : at + SMALL]
        with np.errstate(over="ignore"):
            return float(np.sort(np.abs(near - number))[SMALL - 1])


def _steps(least: float) -> Iterator[tuple[int, int]]:
    """Yield the steps from `least` up to the largest floating-point number, as pairs of a factor (1, 2 or 5) and an exponent of
    ten.
    """
    first = int(np.floor(np.log10(min(least, 1e308))))
    for exponent in range(max(first, -323), 309):
        yield from ((factor, exponent) for factor in (1, 2, 5) if least <= factor * 10.0**exponent * NEAR < np.inf)


def shown_date(date: pd.Timestamp, dates: pd.Series, rows: IntArray | None = None) -> pd.Timestamp | None:
    """Return a calendar date near the given date that can be shown because it does not identify a row.

    Parameters
    ----------
    date : the date to round, in the time zone of `dates` if they have one.
    dates : dates of the rows, or the distinct dates.
    rows : number of rows with each of the dates. None: each date belongs to one row.

    Returns
    -------
    The start of the shortest calendar period (day, week from Monday, month, quarter or year) that contains the date and at least
    ten rows. Some rows must be before the returned date, and others on or after it. If no row is before the start of the period,
    the start of the next period is returned instead. If neither start has rows on both sides, longer periods are tried. None if
    no period is suitable.
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
