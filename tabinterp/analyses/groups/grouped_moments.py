"""Means of values over groups of rows, as sums that merge: `moments` of a batch, `merge`, and the `share` of each group.

Weighted rows count as many as say as much (Kish 1965), and rows that belong together as many as have the standard error of their
mean; these must come in one batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tabinterp.analyses.performance.estimator import groups as together
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.stats.group_contrasts import Share
from tabinterp.table import Table
from tabinterp.table.suppression import SMALL


@dataclass(frozen=True, eq=False)
class Moments:
    """(cells,) rows, sum w, sum w^2, the weighted mean of a value, sum w (value - mean)^2.

    `joint` (4, cells), where rows belong together: how many such groups of rows there are, and the sums over them of W^2, W D
    and D^2, where W and D are the sums of w and of w (value - mean) over a group's rows.
    """

    rows: IntArray
    mass: FloatArray
    squares: FloatArray
    mean: FloatArray
    spread: FloatArray
    joint: FloatArray | None = None

    def share(self, cell: int) -> Share:
        """The mean of one cell, with its error; none of fewer than ten rows."""
        rows, mass, spread = int(self.rows[cell]), float(self.mass[cell]), float(self.spread[cell])
        if rows < SMALL or not mass > 0:
            return Share()
        size, variance, units = mass**2 / float(self.squares[cell]), spread / mass, np.inf
        if self.joint is not None and (apart := float(self.joint[0, cell])) < rows:
            error = float(np.sqrt(self.joint[3, cell] * apart / (apart - 1)) / mass) if apart > 1 else 0.0
            size, units = min(size, variance / error**2) if error > 0 else size * apart / rows, apart
        return Share(float(self.mean[cell]), size, float(np.sqrt(variance)), units)


def clusters(table: Table) -> IntArray | None:
    """(n,) which rows belong together; None where every row stands alone."""
    return together(table) if any(column.role == "group" for column in table.schema.columns) else None


def moments(
    cells: IntArray, size: int, values: FloatArray, weights: FloatArray | None, group: IntArray | None = None
) -> Moments:
    """Of these rows, in the groups `cells` (n,) below `size`."""
    rows = np.bincount(cells, minlength=size).astype(np.int64)
    mass = squares = rows.astype(np.float64)
    if weights is not None:
        mass, squares = (np.bincount(cells, one, size).astype(np.float64) for one in (weights, weights**2))
    mean = np.bincount(cells, values if weights is None else weights * values, size) / np.where(mass > 0, mass, 1.0)
    apart = values - mean[cells]
    joint = None if group is None else _joint(cells, size, apart, weights, group)
    apart *= apart
    if weights is not None:
        apart *= weights
    return Moments(rows, mass, squares, mean, np.bincount(cells, apart, size).astype(np.float64), joint)


def merge(a: Moments, b: Moments) -> Moments:
    """Both parts' rows (Chan, Golub & LeVeque 1983)."""
    mass = a.mass + b.mass
    share = b.mass / np.where(mass > 0, mass, 1.0)
    shift = b.mean - a.mean
    mean = a.mean + shift * share
    joint = None if a.joint is None or b.joint is None else _moved(a, mean) + _moved(b, mean)
    spread = a.spread + b.spread + shift**2 * a.mass * share
    return Moments(a.rows + b.rows, mass, a.squares + b.squares, mean, spread, joint)


def of_share(rows: IntArray, mass: FloatArray, squares: FloatArray) -> Moments:
    """Of a value that is 0 or 1; (cells, 2) sums over the rows of either."""
    total = mass.sum(axis=1)
    mean = mass[:, 1] / np.where(total > 0, total, 1.0)
    return Moments(rows.sum(axis=1), total, squares.sum(axis=1), mean, total * mean * (1 - mean))


def _joint(cells: IntArray, size: int, apart: FloatArray, weights: FloatArray | None, group: IntArray) -> FloatArray:
    pairs, at = np.unique(cells * (int(group.max(initial=0)) + 1) + group, return_inverse=True)
    of = pairs // (int(group.max(initial=0)) + 1)
    w = np.ones(len(cells)) if weights is None else weights
    mass, moved = np.bincount(at, w, len(pairs)), np.bincount(at, w * apart, len(pairs))
    return np.stack([np.bincount(of, one, size) for one in (np.ones(len(pairs)), mass**2, mass * moved, moved**2)])


def _moved(one: Moments, mean: FloatArray) -> FloatArray:
    """`joint` about another mean."""
    assert one.joint is not None
    shift = one.mean - mean
    count, zeroth, first, second = one.joint
    return np.stack([count, zeroth, first + shift * zeroth, second + 2 * shift * first + shift**2 * zeroth])
