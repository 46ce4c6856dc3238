"""Activating rows: the rows that activate a hidden unit most, and their comparison with all rows.

The activating rows of a unit are the rows with its highest activations: 10% of all rows by weight, but at least 10 rows. Ties are
broken by a hash of the row number. A numeric column is described by the standardised mean difference d = (mean over activating
rows - mean over all rows) / standard deviation over all rows. A level of a categorical column is described by its lift: its share
among the activating rows divided by its share among all rows (Hastie, Tibshirani & Friedman 2009, 14.2). Standard errors are
based on first-order influence values of the rows (Hájek 1968). The choice of activating rows is treated as fixed.

A level is left out if fewer than 10 rows have it, or if 1 to 9 activating rows have it. If all but 1 to 9 of the activating rows
have a level, the report states that nearly all of them have it. To avoid revealing how many
do not have it, the significance of the lift is then computed as if ten activating rows did not have the level. If the rows come
in groups, no significance is computed for such a level.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.messages import text
from tabinterp.models import BoundModel
from tabinterp.stats.estimates import FEWEST_GROUPS, Estimates, group_sums
from tabinterp.stats.multiple_testing import benjamini_hochberg
from tabinterp.stats.weights import unit
from tabinterp.table.hash_sampling import row_hash
from tabinterp.table.suppression import SMALL, parts_shown

SHARE = 0.1
SURE = 0.05  # a difference is reported if its adjusted p-value is smaller than this


@dataclass(frozen=True, eq=False)
class Profiles:
    """Comparison of the activating rows of each unit with all rows.

    The activating rows of a unit are the rows with its highest activations. A line describes a numeric column (`levels` is None)
    or one level of a column. Arrays are (units, lines), with NaN for lines that are not shown.

    Parameters
    ----------
    difference : for numeric columns, the difference in means in standard deviations.
    lift : for levels, the share among the activating rows divided by the share among all rows, with an interval on the log scale.
    most : whether all but 1 to 9 of the activating rows have the level. The lift of such a level is NaN.
    share : (lines,) share of all rows that have the level.
    q : p-value of the hypothesis of no difference, adjusted within each unit (Benjamini & Hochberg 1995).
    excited : (units,) number of activating rows.
    """

    columns: tuple[str, ...]
    levels: tuple[Any, ...]
    difference: Estimates
    lift: Estimates
    most: NDArray[np.bool_]
    share: FloatArray  # (lines,)
    q: FloatArray
    excited: FloatArray

    def take(self, which: slice | IntArray) -> Profiles:
        """Return the profiles of the selected units."""
        difference, lift = (
            Estimates(*(getattr(one, part)[which] for part in ("value", "stderr", "low", "high")))
            for one in (self.difference, self.lift)
        )
        most, q, excited = self.most[which], self.q[which], self.excited[which]
        return replace(self, difference=difference, lift=lift, most=most, q=q, excited=excited)

    def strongest(self, u: int) -> IntArray:
        """Return the indices of the lines with a significant difference for a unit (adjusted p below 0.05).

        Levels that nearly all activating rows share are listed first. All other lines follow, from the largest to the smallest
        absolute difference or absolute log lift.
        """
        lift = np.where(self.lift.value[u] > 0, self.lift.value[u], np.nan)
        size = np.where(self.most[u], np.inf, np.fmax(np.abs(np.log(lift)), np.abs(self.difference.value[u])))
        significant = np.flatnonzero(self.q[u] < SURE)
        return np.asarray(significant[np.argsort(-size[significant], kind="stable")])


def excited_rows(activations: FloatArray, hashes: Any, weights: FloatArray) -> Any:
    """Return a mask (n, units) of the activating rows of each unit.

    A unit with the same activation on all rows has no activating rows. If there are fewer than 20 rows, no unit has activating
    rows.
    """
    n, chosen = len(activations), np.zeros(activations.shape, dtype=bool)
    for u in np.flatnonzero(np.ptp(activations, axis=0) > 0):
        order = np.lexsort((hashes, -activations[:, u]))
        mass = np.cumsum(weights[order])
        size = max(SMALL, int(np.searchsorted(mass, SHARE * mass[-1] * (1 - 1e-12))) + 1)
        chosen[order[:size], u] = n >= 2 * SMALL
    return chosen


@dataclass(frozen=True, eq=False)
class _Lines:
    """Differences in the mean of a numeric column, or log lifts of the levels of a column, for each unit (lines, units)."""

    number: bool
    share: FloatArray  # (lines,)
    value: FloatArray
    stderr: FloatArray
    most: NDArray[np.bool_]


def profiles(bound: BoundModel, activations: FloatArray) -> Profiles:
    """Compare the activating rows of each unit with all rows, column by column. `activations` has the shape (n, units)."""
    table = bound.table
    w = unit(table.weights, len(table))
    return compared(bound, excited_rows(activations, row_hash(table.numbers, 0), w))


def compared(bound: BoundModel, top: Any) -> Profiles:
    """Compare sets of rows with all rows, column by column. `top` (n, sets) is a mask of the rows in each set."""
    table = bound.table
    w = unit(table.weights, len(table))
    groups = table.groups
    columns: list[str] = []
    levels: list[Any] = []
    told: list[_Lines] = []
    marked = top.astype(np.float64)
    for name in bound.columns:
        if table.schema[name].kind == "numeric":
            x = table.numeric(name)
            known = ~np.isnan(x)
            columns.append(name)
            levels.append(None)
            rows = slice(None) if known.all() else known  # a slice does not copy `marked`
            d, stderr = _difference(x[rows], marked[rows], w[rows], None if groups is None else groups[rows])
            told.append(_Lines(True, np.array([np.nan]), d[None], stderr[None], np.zeros((1, len(d)), dtype=bool)))
        own, codes = _codes(bound, name)
        columns += [name] * len(own)
        levels += own
        if own:
            told.append(_log_lift(codes, len(own), top, w, groups))
    return _gathered(columns, levels, told, top)


def _codes(bound: BoundModel, name: str) -> tuple[list[Any], IntArray]:
    """Return the levels of a column, and the index (n,) of each row's level; -1 for rows without a level.

    Missing values count as the last level. They are the only level of a numeric column.
    """
    column, values = bound.table.schema[name], bound.table.frame[name]
    missing = values.isna().to_numpy()
    levels = [] if column.kind == "numeric" else list(column.levels)
    place = {level: i for i, level in enumerate(levels)}
    codes = (
        values.astype(object).map(place).to_numpy(dtype=np.float64, na_value=-1) if levels else np.full(len(values), -1)
    )
    codes = np.where(missing, len(levels), codes).astype(np.int64)
    return [*levels, text("level.missing")] if missing.any() else levels, codes


def _error(terms: FloatArray, w: FloatArray, groups: IntArray | None) -> FloatArray:
    """Return standard errors (units,) of means, from `terms` (n, units), the influence of each row on each mean.

    If rows come in groups, the influences are summed within groups. The errors are NaN if there are fewer than ten groups.
    """
    if groups is None:
        return np.asarray(np.sqrt((w**2) @ terms**2) / w.sum())
    sums = group_sums(w[:, None] * terms, groups)
    units = len(sums)
    if units < FEWEST_GROUPS:
        return np.full(terms.shape[1], np.nan)
    return np.asarray(np.sqrt((sums**2).sum(axis=0) * units / (units - 1)) / w.sum())


def _difference(
    x: FloatArray, top: FloatArray, w: FloatArray, groups: IntArray | None
) -> tuple[FloatArray, FloatArray]:
    """Return the standardised mean difference of `x` (n,) for each unit (units,), with standard errors.

    `top` (n, units) is 1 for activating rows and 0 for others. The influence of a row on a difference d is T / M * t (z - d) - g
    with g = z + d / 2 * (z^2 - 1). In this formula, z is the standardised value, t is 1 for an activating row, T is the total
    weight, and M is the weight of the activating rows. Without groups, the sum of the squared influences follows from sums of
    powers of z.
    """
    none = np.full(top.shape[1], np.nan)
    total = w.sum()
    centred = x - np.average(x, weights=w) if len(x) else x
    sd = np.sqrt(w @ centred**2 / total) if len(x) else 0.0
    if not sd > 0:
        return none, none
    z = centred / sd
    of_square = z**2 - 1
    inside, mass, first, *of_power = np.stack([np.ones(len(z)), w, w * z, *(w**2 * z**k for k in range(4))]) @ top
    with np.errstate(invalid="ignore", divide="ignore"):
        d, ratio = first / mass, total / mass
        if groups is None:
            g_squared = (
                (w * z) @ (w * z) + d * ((w**2 * z) @ of_square) + d**2 / 4 * ((w * of_square) @ (w * of_square))
            )
            one, two = of_power[2] - 2 * d * of_power[1] + d**2 * of_power[0], of_power[2] - d * of_power[1]
            two += d / 2 * (of_power[3] - of_power[1] - d * (of_power[2] - of_power[0]))
            stderr = np.sqrt(ratio**2 * one - 2 * ratio * two + g_squared) / total
        else:
            terms = ratio * top * (z[:, None] - d) - z[:, None] - d / 2 * of_square[:, None]
            stderr = _error(terms, w, groups)
    enough = inside >= SMALL
    return np.where(enough, d, np.nan), np.where(enough, stderr, np.nan)


def _log_lift(codes: IntArray, size: int, top: Any, w: FloatArray, groups: IntArray | None) -> _Lines:
    """Return the share of each level over all rows, and the log lift of each level for each unit, with standard errors.

    The log lift is -inf if no activating row has the level. The influence of a row is T / both * t (x - s) - T / all * (x - r).
    In this formula, x is 1 if the row has the level, and t is 1 if it is an activating row; otherwise they are 0. The shares of
    the level among activating rows and among all rows are s and r. T is the total weight, `both` is the weight of activating rows
    with the level, and `all` is the weight of all rows with the level. The influence has only four values, so standard errors can
    be computed from sums of weights and of squared weights.
    """

    def mass_of(mass: FloatArray) -> FloatArray:
        own = [np.bincount(codes[rows] + 1, mass[rows], size + 1)[1:] for rows in excited]
        return np.column_stack([*own, np.bincount(codes + 1, mass, size + 1)[1:]])

    excited = [np.flatnonzero(one) for one in top.T]
    squares, total = w**2, w.sum()
    mass, mass2 = w @ top, squares @ top
    both, everywhere = np.split(mass_of(w), [-1], axis=1)
    both2, everywhere2 = np.split(mass_of(squares), [-1], axis=1)
    cells, held = np.split(mass_of(np.ones(len(w))), [-1], axis=1)
    inside = top.sum(axis=0)
    told = (held >= SMALL) & ((cells >= SMALL) | (cells == 0)) & (inside >= SMALL)
    told &= (held - cells >= SMALL) | (held == cells)
    for at, rest in enumerate(inside - cells.sum(axis=0)):  # `rest`: rows without a level
        told[:, at] &= parts_shown([*cells[:, at].astype(np.int64), int(rest)])[:-1]
    least = np.maximum(inside - SMALL, 0) / np.maximum(inside, 1)  # share with the level if ten lack it
    most = (inside > cells) & (inside - cells < SMALL) & (inside >= 2 * SMALL)
    # Assume that ten activating rows lack the level. A standard error over groups would reveal which rows lack it.
    most &= (held > inside) & (least > everywhere / total) & (groups is None)
    told &= ~most
    both, both2 = np.where(most, least * mass, both), np.where(most, least * mass2, both2)
    with np.errstate(invalid="ignore", divide="ignore"):
        s, r = both / mass, everywhere / total
        a, b = total / both, total / everywhere
        if groups is not None:
            errors = [
                _error(a[j] * top * ((codes == j)[:, None] - s[j]) - b[j] * ((codes == j)[:, None] - r[j]), w, groups)
                for j in range(size)
            ]
            stderr = np.where(told & (cells > 0), np.reshape(errors, told.shape), np.nan)
            return _Lines(False, r[:, 0], np.where(told, np.log(s / r), np.nan), stderr, most)
        squared = both2 * (a * (1 - s) - b * (1 - r)) ** 2 + (mass2 - both2) * (b * r - a * s) ** 2
        squared += (everywhere2 - both2) * (b * (1 - r)) ** 2
        squared += (squares.sum() - everywhere2 - mass2 + both2) * (b * r) ** 2
        stderr = np.where((told & (cells > 0)) | most, np.sqrt(squared) / total, np.nan)
        return _Lines(False, r[:, 0], np.where(told | most, np.log(s / r), np.nan), stderr, most)


def _gathered(columns: list[str], levels: list[Any], told: list[_Lines], top: Any) -> Profiles:
    number = np.concatenate([np.full(len(line.share), line.number) for line in told])
    value, stderr, most = (np.vstack([getattr(line, part) for line in told]).T for part in ("value", "stderr", "most"))
    plain = Estimates.of(np.where(number, value, np.nan), np.where(number, stderr, np.nan))
    logs = Estimates.of(np.where(number | most, np.nan, value), np.where(number | most, np.nan, stderr))
    lift = np.exp(logs.value)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * stats.norm.sf(np.abs(value / stderr))
    return Profiles(
        columns=tuple(columns),
        levels=tuple(levels),
        difference=plain,
        lift=Estimates(lift, lift * logs.stderr, np.exp(logs.low), np.exp(logs.high)),
        most=most,
        share=np.concatenate([line.share for line in told]),
        q=np.vstack([benjamini_hochberg(one) for one in p]),
        excited=top.sum(axis=0).astype(np.float64),
    )


def profile_frame(made: Profiles, layer: tuple[str, ...], index: tuple[int, ...]) -> pd.DataFrame:
    """Return the profiles as a DataFrame with one row per unit and column (or level)."""
    units, lines = made.q.shape
    named = {"difference": made.difference, "lift": made.lift}
    arrays = {
        f"{name}{suffix}": getattr(one, part).ravel()
        for name, one in named.items()
        for suffix, part in (("", "value"), ("_low", "low"), ("_high", "high"))
    }
    return pd.DataFrame(
        {
            "layer": np.repeat(np.array(layer, dtype=object), lines),
            "unit": np.repeat(np.array(index, dtype=np.int64), lines),
            "column": list(made.columns) * units,
            "level": pd.Series([None if one is None else str(one) for one in made.levels] * units, dtype=object),
            "share": np.tile(made.share, units),
            **arrays,
            "most": made.most.ravel(),
            "q": made.q.ravel(),
        }
    )
