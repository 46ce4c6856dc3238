"""Typicality of an optimum: its percentile among real rows by several measures, and whether it is too atypical to be interpreted.

The mode of a distribution is not a typical sample from it. In N(0, I_d), the squared Mahalanobis distance has mean d and standard
deviation sqrt(2d), so a row at the exact centre is as atypical as a row far from it. Both ends of each of four measures are
therefore used. For each end, the logarithm of the measure is compared with the most extreme 5% of the real rows. The excess of a
row beyond the start of this tail is divided by the mean excess of the real rows in the tail (for the distribution of excesses,
see Pickands 1975). The largest of the eight resulting numbers measures how atypical the row is. The same number is computed for
real rows.

A row must not be interpreted if it is more atypical than 99% of the real rows (conformal prediction: Vovk, Gammerman & Shafer
2005). This rule also rejects about 1 in 100 real rows that are not among the reference rows, whatever the correlation between the
measures.

The measures of a real row are not fitted to this row. The mean and covariance for its Mahalanobis distance are computed without
the row, and so is the regression for its conditional residual (Allen 1974). The real rows are divided into two halves, and the
isolation forest for a row is grown on the half without the row. If there is a group column, no group is split between the halves,
and all four measures of a row are fitted to the half without the row.

The conditional residual of a number comes from a linear regression on all other columns, including categorical columns. It is in
standard deviations. A large residual indicates that the row's values do not fit each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import NearestNeighbors

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel
from tabinterp.table.folds import dealt
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.suppression import SMALL

from .mahalanobis_ball import standing
from .record import LEVEL, MEASURES

ROWS = 2000
NEIGHBOURS = 5
TAIL = 0.05  # share of the real rows beyond which an end begins
TINY = 1e-6  # share of the median of a measure below which a value is rounding error
ENDS = (*MEASURES, *(f"{name}_near" for name in MEASURES))
RIDGE = 1e-8  # share of a variance; without it, a level that only one row has would be fitted exactly
EXACT = 1e-6  # share of a number's standard deviation below which its residual is rounding error


@dataclass(frozen=True, eq=False)
class Typicality:
    """Typicality of rows by several measures.

    Percentiles in [0, 1] are ranks among `reference` real rows. A row with a percentile above 0.5 is farther from the centre than
    most real rows. All arrays have shape (rows,).

    Attributes
    ----------
    out : number of columns in which the value is outside the range of the real rows.
    oddness : share of real rows that are less atypical, over all measures and both ends.
    outward : share of real rows that are less atypical at the far ends of the measures, at which a row is unlike the real rows.
    unreadable : whether `oddness` is at least `far`, so that the row must not be interpreted.
    beyond : the ends of measures, from `ENDS`, at which the row is too atypical to be interpreted.
    column : column with the largest conditional residual; None if no column is numeric.
    """

    mahalanobis: FloatArray
    neighbours: FloatArray
    forest: FloatArray
    residual: FloatArray
    out: IntArray
    oddness: FloatArray
    outward: FloatArray
    unreadable: Any
    beyond: tuple[tuple[str, ...], ...]
    column: tuple[str | None, ...]
    reference: int

    @property
    def far(self) -> float:
        return far(self.reference)

    @any_backend
    def frame(self) -> pd.DataFrame:
        names = (*MEASURES, "out", "oddness", "unreadable")
        return pd.DataFrame({name: getattr(self, name) for name in names})


def far(reference: int) -> float:
    """Return the smallest value of `oddness` at which a row is too atypical to be interpreted.

    Such a row is more atypical than 99% of the real rows, or than all of them if there are few.
    """
    return 1 - max(LEVEL, 1 / (reference + 1))


def typicality(bound: BoundModel, rows: pd.DataFrame, seed: int = 0) -> Typicality:
    """Compare rows of input columns with at most 2,000 real rows of `bound`.

    If the table has a split, the real rows are held-out rows.
    """
    real = _real(bound, seed)
    sd = _spread(real.x)
    mine, theirs = bound.encoding.transform(rows) / sd, real.x / sd
    halves = _halves(real, seed)
    column, distance, residuals = _from_others(real, rows, halves)
    values = [distance, _nearness(mine, theirs, halves), _forest(mine, theirs, halves, seed), residuals]
    ends = [_beyond(sign * np.log(one), sign * np.log(two)) for sign in (1, -1) for one, two in map(_positive, values)]
    own = np.array([one for one, _ in ends])
    real_oddest = np.sort(np.max([two for _, two in ends], axis=0))
    oddness = 1 - (1 + len(theirs) - np.searchsorted(real_oddest, own)) / (len(theirs) + 1)  # (ends, rows)
    unreadable = oddness >= far(len(theirs))
    radius, nearest, odd, residual = (_percentile(*one) for one in values)
    return Typicality(
        mahalanobis=radius,
        neighbours=nearest,
        forest=odd,
        residual=residual,
        out=_out(real, rows),
        oddness=oddness.max(axis=0),
        outward=oddness[: len(MEASURES)].max(axis=0),
        unreadable=unreadable.any(axis=0),
        beyond=tuple(tuple(name for name, is_so in zip(ENDS, row, strict=True) if is_so) for row in unreadable.T),
        column=column,
        reference=len(theirs),
    )


def _positive(pair: tuple[FloatArray, ...]) -> tuple[FloatArray, FloatArray]:
    """Bound the measures away from zero, because their logarithm is used."""
    mine, theirs = map(np.abs, pair)
    least = max(TINY * float(np.median(theirs)), 1e-300)
    return np.maximum(mine, least), np.maximum(theirs, least)


def _beyond(mine: FloatArray, theirs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the excess of values beyond the 95% quantile of the real values, in units of the mean excess.

    For a real value, the mean excess of the other real values is used.
    """
    edge = float(np.quantile(theirs, 1 - TAIL))
    own = theirs - edge
    outer = np.maximum(own, 0.0)
    count, total = int((outer > 0).sum()), float(outer.sum())
    if count < 2:
        unit = max(float(theirs.std()), 1e-300)
        return (mine - edge) / unit, own / unit
    return (mine - edge) * count / total, own * (count - (outer > 0)) / (total - outer)


def of_encoded(bound: BoundModel, point: FloatArray, seed: int = 0) -> tuple[float, int]:
    """Return the percentile among real rows of an encoded point (d,), and the number of these rows.

    The measure is the distance to the fifth nearest neighbour. The point need not be the encoding of any row.
    """
    real = _real(bound, seed)
    sd = _spread(real.x)
    return float(_percentile(*_nearness(point[None] / sd, real.x / sd, _halves(real, seed)))[0]), len(real.x)


def _real(bound: BoundModel, seed: int) -> BoundModel:
    held_out = bound.table.held_out
    able = np.arange(len(bound.table)) if held_out is None or not held_out.any() else np.flatnonzero(held_out)
    return bound.take(able[chosen(bound.table.numbers[able], ROWS, seed)])


def _spread(x: FloatArray) -> FloatArray:
    """Return the standard deviations of encoded columns.

    For an indicator, the result is at least the standard deviation of the indicator of a level with ten rows.
    """
    sd = x.std(axis=0)
    indicator = ((x == 0) | (x == 1)).all(axis=0)
    return np.asarray(np.maximum(sd, np.where(indicator, np.sqrt(min(1.0, SMALL / len(x))), 1e-12)))


@dataclass(frozen=True, eq=False)
class _Halves:
    """Division of the real rows into two halves.

    Attributes
    ----------
    of : half to which each row belongs (rows,); None if there are too few rows.
    grouped : whether rows come in groups, which are never split between the halves.
    """

    of: IntArray | None
    grouped: bool


def _halves(real: BoundModel, seed: int) -> _Halves:
    part = dealt(real.table, seed, 2)
    enough = np.bincount(part, minlength=2).min() >= SMALL
    return _Halves(part if enough else None, real.table.groups is not None)


def _from_others(
    real: BoundModel, rows: pd.DataFrame, halves: _Halves
) -> tuple[tuple[str | None, ...], tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Return distances and conditional residuals of the rows and of the real rows.

    Each real row is compared with the other real rows or, if rows come in groups, with the half that does not contain its group.

    Returns
    -------
    The column of each row's largest conditional residual; the Mahalanobis distances of the rows and of the real rows; the
    residuals of both.
    """
    if not halves.grouped or halves.of is None:
        column, mine, their = _residuals(real, rows)
        return column, _mahalanobis(real, rows), (mine, their)
    parts = [real.take(np.flatnonzero(halves.of == one)) for one in (0, 1)]
    column, residual, _ = _residuals(parts[0], rows)
    distances, residuals = np.empty((2, len(real.table)))
    for one, other in ((0, 1), (1, 0)):
        at, frame = halves.of == one, parts[one].table.inputs
        distances[at], residuals[at] = _mahalanobis(parts[other], frame)[0], _residuals(parts[other], frame)[1]
    return column, (_mahalanobis(parts[0], rows)[0], distances), (residual, residuals)


def _nearness(mine: FloatArray, theirs: FloatArray, halves: _Halves) -> tuple[FloatArray, FloatArray]:
    """Return distances of the rows and of the real rows to their fifth nearest neighbour among the real rows.

    If rows come in groups, the neighbours of a real row are in the half that does not contain its group.
    """
    if halves.grouped and halves.of is not None:
        first, second = (NearestNeighbors(n_neighbors=NEIGHBOURS).fit(theirs[halves.of == one]) for one in (0, 1))
        own = np.empty(len(theirs))
        for one, other in ((0, second), (1, first)):
            own[halves.of == one] = other.kneighbors(theirs[halves.of == one])[0][:, -1]
        return first.kneighbors(mine)[0][:, -1], own
    k = min(NEIGHBOURS, len(theirs) - 1)
    near = NearestNeighbors(n_neighbors=k + 1).fit(theirs)
    own = near.kneighbors(theirs)[0][:, k]  # the nearest neighbour of a real row is the row itself
    return near.kneighbors(mine)[0][:, k - 1], own


def _forest(mine: FloatArray, theirs: FloatArray, halves: _Halves, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return isolation-forest scores of the rows and of the real rows.

    A real row is scored by the forest grown on the other half, and other rows by the forest grown on the first half.
    """
    if halves.of is None:
        forest = _grown(theirs.tobytes(), theirs.shape[1], seed)
        return -forest.score_samples(mine), -forest.score_samples(theirs)
    first, second = (_grown(theirs[halves.of == half].tobytes(), theirs.shape[1], seed) for half in (0, 1))
    their = np.empty(len(theirs))
    for half, other in ((0, second), (1, first)):
        their[halves.of == half] = -other.score_samples(theirs[halves.of == half])
    return -first.score_samples(mine), their


@lru_cache(maxsize=2)
def _grown(rows: bytes, width: int, seed: int) -> IsolationForest:
    """Return an isolation forest grown on the rows. The result is cached, because several analyses use the same forest."""
    return IsolationForest(random_state=seed).fit(np.frombuffer(rows).reshape(-1, width))


def _percentile(values: FloatArray, real: FloatArray) -> FloatArray:
    """Return the share of real values below each value; real values equal to it count half."""
    ordered = np.sort(real)
    below, upto = np.searchsorted(ordered, values, side="left"), np.searchsorted(ordered, values, side="right")
    return np.asarray((below + upto) / 2 / len(ordered))


def _numeric(bound: BoundModel) -> list[str]:
    read = [c for c in bound.columns if len(bound.encoding.blocks[c])]
    return [c for c in read if bound.table.schema[c].kind == "numeric"]


def _mahalanobis(real: BoundModel, rows: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Return squared Mahalanobis distances of the rows and of the real rows; all are zero if no column is numeric.

    The mean and covariance for a real row exclude this row.
    """
    if not _numeric(real):
        return np.zeros(len(rows)), np.zeros(len(real.table))
    columns, u, mean, precision = standing(real)
    v = rows[list(columns)].to_numpy(dtype=np.float64, na_value=np.nan) - mean
    v = np.where(np.isnan(v), 0.0, v)
    n, within = len(u), ((u @ precision) * u).sum(axis=1)
    without = within * n / max(n - 1, 1) / np.maximum(1 - within / max(n - 1, 1), 1e-6)
    return ((v @ precision) * v).sum(axis=1), without


def _residuals(real: BoundModel, rows: pd.DataFrame) -> tuple[tuple[str | None, ...], FloatArray, FloatArray]:
    """Return, for each row, the column with the largest conditional residual, and the absolute value of this residual.

    The absolute values of the largest residuals of the real rows are also returned.
    """
    columns = _numeric(real)
    if not columns:
        return (None,) * len(rows), np.zeros(len(rows)), np.zeros(len(real.table))
    mean, sd = real.x.mean(axis=0), real.x.std(axis=0)
    scale = np.where(
        sd > 1e-12, 1 / np.maximum(sd, 1e-12), 0.0
    )  # an encoded column that is constant in the real rows cannot be a predictor
    theirs, mine = (real.x - mean) * scale, (real.encoding.transform(rows) - mean) * scale
    products = theirs.T @ theirs
    made = [_residual(real, rows, column, (theirs, mine, products)) for column in columns]
    own, their = np.abs([one for one, _ in made]), np.abs([one for _, one in made])
    return tuple(columns[j] for j in own.argmax(axis=0)), own.max(axis=0), their.max(axis=0)


def _residual(
    real: BoundModel, rows: pd.DataFrame, column: str, encoded: tuple[FloatArray, FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return residuals of a number given the other columns; 0 if the number is missing.

    The first array contains the residuals of `rows`. The second contains the residuals of the real rows, each from a fit without
    that row.
    """
    theirs, mine, products = encoded
    others = np.setdiff1d(np.arange(theirs.shape[1]), real.encoding.blocks[column])
    y, v = (frame[column].to_numpy(dtype=np.float64, na_value=np.nan) for frame in (real.table.inputs, rows))
    if np.isnan(y).all():
        return np.zeros(len(v)), np.zeros(len(y))
    known = ~np.isnan(y)
    mean, z = np.nanmean(y), theirs[:, others]
    inverse = np.linalg.inv(products[np.ix_(others, others)] + RIDGE * len(z) * np.eye(len(others)))
    slope = inverse @ (z.T @ np.where(known, y - mean, 0.0))
    leverage = 1 / len(z) + ((z @ inverse) * z).sum(axis=1)
    left = np.where(known, y - mean - z @ slope, 0.0) / np.maximum(1 - leverage, 1e-3 * RIDGE)
    scale = max(float(np.sqrt((left**2).sum() / known.sum())), EXACT * float(np.nanstd(y)), 1e-300)
    return np.where(np.isnan(v), 0.0, v - mean - mine[:, others] @ slope) / scale, left / scale


def _out(real: BoundModel, rows: pd.DataFrame) -> IntArray:
    count = np.zeros(len(rows), dtype=np.int64)
    for column in _numeric(real):
        x = real.table.numeric(column)
        v = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        if not np.isnan(x).all():
            count += (v < np.nanmin(x)) | (v > np.nanmax(x))
    return count
