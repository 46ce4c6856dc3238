"""Branch and bound: the domain is split until the derivative is bounded on every part, or until the work limit is reached.

The part that can contribute most to the largest fall in the score is split first. It is split by the column that contributes most
to the looseness of its bound. The range of a numeric column is split in the middle, and levels are split into two halves. A
numeric column that may be missing is split into known and missing values.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tabinterp.arrays import FloatArray, IntArray

from .bounds import Bounds, Boxes
from .domain import apart

FLAT = 1e-6  # share of a bound below which looseness is rounding


class Branching:
    """Boxes on which the derivative with respect to a numeric column may still be substantially negative.

    Parameters
    ----------
    bounds : function that returns a lower bound on the derivative for each box.
    boxes : the whole domain.
    number : index of the column in the domain's `numbers`.
    least : tolerance. Smaller falls in the score over the range of the column are ignored.
    together : number of boxes that are split at once.

    Attributes
    ----------
    fall : upper bound on the fall in the score between any two values of the column.
    """

    def __init__(self, bounds: Bounds, boxes: Boxes, number: int, least: float, together: int) -> None:
        self._bounds, self._number, self._least, self._together = bounds, number, least, together
        self._done = least / 2  # the other half is reserved for short intervals with a lower derivative
        self._known, self._loose = bounds(boxes)
        self.boxes, self.evaluated = boxes, 1
        self._keep(np.flatnonzero(self._known < -self._done))
        self.fall = self._fall()

    @property
    def cost(self) -> int:
        """The approximate number of multiplications needed to bound the derivative on one box."""
        return self._bounds.cost

    @property
    def is_proved(self) -> bool:
        return self.fall <= self._least

    def cut(self, most: int) -> None:
        """Split boxes until no box is left, no box can be split, or `most` bounds have been computed."""
        end = self.evaluated + most
        while self.evaluated < end:
            can = np.flatnonzero(self._loose.max(axis=1, initial=0.0) > FLAT * -self._known)
            if len(can) == 0:
                break
            few = can[np.argsort(-self._shares()[can], kind="stable")[: self._together]]
            self._replace(few, halves(self.boxes.take(few), self._loose[few].argmax(axis=1)))

        self.fall = self._fall()

    def worst(self, most: int) -> Boxes:
        """Return the `most` boxes that can contribute most to the largest fall."""
        return self.boxes.take(np.argsort(-self._shares(), kind="stable")[:most])

    def _shares(self) -> FloatArray:
        """Return, for each box, the largest fall that it can contribute: its width along the column times the negative of the
        lower bound on the derivative.
        """
        width = self.boxes.high[:, self._number] - self.boxes.low[:, self._number]
        return np.asarray(-self._known * width)

    def _fall(self) -> float:
        """Return the upper bound on the fall in the score over the range of the column.

        The upper bound is the negative of an integral over positions in this range. The integrand is the lowest of the boxes'
        bounds at each position.
        """
        low, high = self.boxes.low[:, self._number], self.boxes.high[:, self._number]
        edges = np.unique(np.concatenate([[0.0, 1.0], low, high]))
        start, stop = np.searchsorted(edges, low).tolist(), np.searchsorted(edges, high).tolist()
        lowest = np.full(len(edges) - 1, -self._done)
        free = list(range(len(edges)))  # for each interval, the next one without a bound, or a step towards it
        for k in np.argsort(self._known, kind="stable").tolist():  # the lowest first
            at = start[k]
            while (at := _root(free, at)) < stop[k]:
                lowest[at], free[at] = self._known[k], at + 1
        return -float(np.diff(edges) @ lowest)

    def _replace(self, old: IntArray, new: Boxes) -> None:
        known, loose = self._bounds(new)
        known = np.maximum(known, np.tile(self._known[old], 2))  # a part's bound is never worse than the whole's
        self.evaluated += len(new)
        left = np.setdiff1d(np.arange(len(self.boxes)), old)
        self.boxes = self.boxes.take(left).joined(new)
        self._known, self._loose = np.append(self._known[left], known), np.concatenate([self._loose[left], loose])
        self._keep(np.flatnonzero(self._known < -self._done))

    def _keep(self, rows: IntArray) -> None:
        self.boxes, self._known, self._loose = self.boxes.take(rows), self._known[rows], self._loose[rows]


def _root(steps: list[int], at: int) -> int:
    """Follow the links from an index to the end of their chain, and return the last index.

    The links are shortened to make later calls faster.
    """
    while steps[at] != at:
        steps[at] = steps[steps[at]]
        at = steps[at]
    return at


def halves(boxes: Boxes, column: IntArray) -> Boxes:
    """Split each box in two along the given column. All first parts come before all second parts."""
    rows, numbers = np.arange(len(boxes)), boxes.low.shape[1]
    low, high = [boxes.low.copy(), boxes.low.copy()], [boxes.high.copy(), boxes.high.copy()]
    present, missing = [boxes.present.copy(), boxes.present.copy()], [boxes.missing.copy(), boxes.missing.copy()]
    levels = [[one.copy() for one in boxes.levels] for _ in range(2)]
    number = column < numbers
    r, c = rows[number], column[number]
    either = boxes.present[r, c] & boxes.missing[r, c]
    missing[0][r[either], c[either]] = False
    present[1][r[either], c[either]] = False
    r, c = r[~either], c[~either]
    middle = (boxes.low[r, c] + boxes.high[r, c]) / 2
    high[0][r, c], low[1][r, c] = middle, middle
    for q, known in enumerate(boxes.levels):
        at = rows[column == numbers + q]
        first = apart(known[at])
        levels[0][q][at], levels[1][q][at] = first, known[at] & ~first
    parts = [Boxes(low[k], high[k], present[k], missing[k], tuple(levels[k])) for k in range(2)]
    return parts[0].joined(parts[1])


def without_missing(boxes: Boxes, number: int) -> Boxes:
    """Return the boxes restricted to known values of a number."""
    missing = boxes.missing.copy()
    missing[:, number] = False
    return replace(boxes, missing=missing)
