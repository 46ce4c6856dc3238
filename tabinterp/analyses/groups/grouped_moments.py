"""Means of values in groups of rows, computed from mergeable sums: `moments` of a batch, `merge`, and the `share` of a group.

Standard errors are expressed as effective sample sizes. For clustered rows, the effective sample size is the number of
independent rows that would give the same standard error of the mean. All rows of a cluster must be in one batch. Two groups that
share clusters have correlated errors. For weighted rows, the effective sample size is the number of unweighted rows that would
give the linearised standard error of the mean (Korn & Graubard 1998). This standard error takes into account that values
may be associated with weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from tabinterp.analyses.performance.estimator import groups as together
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.stats.group_contrasts import Share
from tabinterp.table import Table
from tabinterp.table.suppression import SMALL


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over the rows of each group (cells,).

    Parameters
    ----------
    rows : number of rows.
    mass : sum of the weights w.
    squares : sum of w^2.
    mean : weighted mean of a value.
    spread : sum of w (value - mean)^2.
    joint : (4, cells, cells) for clustered rows: the number of clusters that two cells share, and the sums over clusters of W W',
        W D' and D D'. Here W and D are the sums of w and of w (value - mean) over the rows of a cluster in a cell.
    linear : (2, cells) for weighted rows: the sums of w^2 (value - mean) and of w^2 (value - mean)^2.
    """

    rows: IntArray
    mass: FloatArray
    squares: FloatArray
    mean: FloatArray
    spread: FloatArray
    joint: FloatArray | None = None
    linear: FloatArray | None = None

    def share(self, cell: int) -> Share:
        """Return the mean of one group with its standard error; empty if the group has fewer than ten rows."""
        rows, mass, spread = int(self.rows[cell]), float(self.mass[cell]), float(self.spread[cell])
        if rows < SMALL or not mass > 0:
            return Share()
        size, variance, units, correlations = mass**2 / float(self.squares[cell]), spread / mass, np.inf, None
        if self.linear is not None and self.linear[1, cell] > 0:
            size = min(float(rows), variance * mass**2 / float(self.linear[1, cell]))
        if self.joint is not None and (apart := float(self.joint[0, cell, cell])) < rows:
            error = float(np.sqrt(self.joint[3, cell, cell] * apart / (apart - 1)) / mass) if apart > 1 else 0.0
            size, units = min(size, variance / error**2) if error > 0 else size * apart / rows, apart
            correlations = self._correlations(cell)
        return Share(float(self.mean[cell]), size, float(np.sqrt(variance)), units, cell, correlations)

    def _correlations(self, cell: int) -> FloatArray:
        """Return the correlations (cells,) between the error of this cell's mean and that of every cell's mean."""
        assert self.joint is not None
        square = np.diag(self.joint[3])
        scale = np.sqrt(square * square[cell])
        return np.asarray(np.divide(self.joint[3, cell], scale, out=np.zeros(len(scale)), where=scale > 0))


def clusters(table: Table) -> IntArray | None:
    """Return the cluster of each row (n,); None if rows are independent."""
    return together(table) if any(column.role == "group" for column in table.schema.columns) else None


def moments(
    cells: IntArray, size: int, values: FloatArray, weights: FloatArray | None, group: IntArray | None = None
) -> Moments:
    """Return the moments of `values` (n,) in each group, where `cells` (n,) is the group of each row, from 0 to `size` - 1."""
    rows = np.bincount(cells, minlength=size).astype(np.int64)
    mass = squares = rows.astype(np.float64)
    if weights is not None:
        mass, squares = (np.bincount(cells, one, size).astype(np.float64) for one in (weights, weights**2))
    mean = np.bincount(cells, values if weights is None else weights * values, size) / np.where(mass > 0, mass, 1.0)
    apart = values - mean[cells]
    joint = None if group is None else _joint(cells, size, apart, weights, group)
    linear = None
    if weights is not None:
        linear = np.stack([np.bincount(cells, weights**2 * apart**power, size) for power in (1, 2)]).astype(np.float64)
    apart *= apart
    if weights is not None:
        apart *= weights
    return Moments(rows, mass, squares, mean, np.bincount(cells, apart, size).astype(np.float64), joint, linear)


def merge(a: Moments, b: Moments) -> Moments:
    """Merge the moments of two sets of rows (Chan, Golub & LeVeque 1983)."""
    mass = a.mass + b.mass
    share = b.mass / np.where(mass > 0, mass, 1.0)
    shift = b.mean - a.mean
    mean = a.mean + shift * share
    joint = None if a.joint is None or b.joint is None else _moved(a, mean) + _moved(b, mean)
    linear = None if a.linear is None or b.linear is None else _recentred(a, mean) + _recentred(b, mean)
    spread = a.spread + b.spread + shift**2 * a.mass * share
    return Moments(a.rows + b.rows, mass, a.squares + b.squares, mean, spread, joint, linear)


def of_share(rows: IntArray, mass: FloatArray, squares: FloatArray, weighted: bool = False) -> Moments:
    """Return the moments of a value that is 0 or 1, from sums (cells, 2) over the rows with value 0 and with value 1.

    `weighted` states whether rows have different weights.
    """
    total = mass.sum(axis=1)
    mean = mass[:, 1] / np.where(total > 0, total, 1.0)
    linear = None
    if weighted:
        away = np.stack([-mean, 1 - mean], axis=1)  # distance of each value from the mean
        linear = np.stack([(squares * away**power).sum(axis=1) for power in (1, 2)])
    return Moments(rows.sum(axis=1), total, squares.sum(axis=1), mean, total * mean * (1 - mean), linear=linear)


def _joint(cells: IntArray, size: int, apart: FloatArray, weights: FloatArray | None, group: IntArray) -> FloatArray:
    pairs, at = np.unique(cells * (int(group.max(initial=0)) + 1) + group, return_inverse=True)
    of, together = np.divmod(pairs, int(group.max(initial=0)) + 1)
    w = np.ones(len(cells)) if weights is None else weights

    def by_group(values: FloatArray) -> sparse.csr_array:
        return sparse.csr_array((values, (of, together)), shape=(size, int(group.max(initial=0)) + 1))

    sums = [np.bincount(at, one, len(pairs)).astype(np.float64) for one in (w, w * apart)]
    present, mass, moved = (by_group(one) for one in (np.ones(len(pairs)), *sums))
    products = (present @ present.T, mass @ mass.T, mass @ moved.T, moved @ moved.T)
    return np.stack([one.toarray() for one in products])


def _recentred(one: Moments, mean: FloatArray) -> FloatArray:
    """Return `Moments.linear` for a different mean (cells,)."""
    assert one.linear is not None
    shift, (first, second) = one.mean - mean, one.linear
    return np.stack([first + shift * one.squares, second + 2 * shift * first + shift**2 * one.squares])


def _moved(one: Moments, mean: FloatArray) -> FloatArray:
    """Return `Moments.joint` for a different mean (cells,)."""
    assert one.joint is not None
    shift = one.mean - mean
    count, zeroth, first, second = one.joint
    cross = shift[:, None] * first
    return np.stack([count, zeroth, first + shift * zeroth, second + cross + cross.T + np.outer(shift, shift) * zeroth])
