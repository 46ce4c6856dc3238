"""Typicality of an optimum: its percentiles among real rows by several measures, and whether it is too atypical to interpret.

The mode of a distribution is not a typical sample from it. In N(0, I_d), the squared Mahalanobis distance has mean d and standard
deviation sqrt(2d), so a row at the exact centre is atypical, as is a row far from the centre. Four measures are used: the
Mahalanobis distance, the distance to the fifth nearest row, the score of an isolation forest, and the largest conditional
residual. Both unusually high and unusually low values of each measure count as atypical. For each measure and direction, the tail
is the most extreme 5% of the real rows. The excess of a row beyond the start of the tail, on a logarithmic scale, is divided by
the mean excess of the real rows in the tail (Pickands 1975). The row's degree of atypicality is the largest of these eight
ratios. It is computed for real rows in the same way.

A row must not be interpreted if it is more atypical than 99% of the real rows (conformal prediction: Vovk, Gammerman & Shafer
2005). This rule rejects about 1 in 100 new real rows, regardless of the correlations between the measures.

Each real row is assessed using quantities that were estimated without it. The mean and covariance in its Mahalanobis distance
exclude the row. Its isolation forest is grown on the half of the rows that does not contain it. Its residual comes from a
regression fitted without it (Allen 1974). If there is a group column, all rows of a group are in the same half. All four measures
of a real row are then computed from the half that does not contain it.

The conditional residual of a numeric value comes from a linear regression of its column on all other columns, including
categorical columns. The residual is in standard deviations. A row's largest residual shows whether the values in its columns are
consistent with each other.
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
TINY = 1e-6  # of the median of a measure: smaller values are rounding
ENDS = (*MEASURES, *(f"{name}_near" for name in MEASURES))
RIDGE = 1e-8  # of a variance: a level that only one row has carries no information about that row
EXACT = 1e-6  # of the standard deviation of a number: a smaller part left by other columns is rounding


@dataclass(frozen=True, eq=False)
class Typicality:
    """Typicality of rows by several measures.

    Percentiles in [0, 1] are ranks among `reference` real rows. A percentile above 0.5 means that the row is farther from the
    centre than most real rows. All arrays have shape (rows,).

    Attributes
    ----------
    out : number of columns in which the value is outside the range of the real rows.
    oddness : share of real rows that are less atypical, over all measures and both tails.
    outward : share of real rows that are less atypical, over upper tails only. A row that is unusually close to the centre does
        not count as atypical here.
    unreadable : whether `oddness` is at least `far`. If it is, the row must not be interpreted.
    beyond : tails (from `ENDS`) in which the share of real rows that are less atypical than this row is at least `far`.
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

    A row with this value is more atypical than 99% of the real rows, or than all real rows if there are few.
    """
    return 1 - max(LEVEL, 1 / (reference + 1))


def typicality(bound: BoundModel, rows: pd.DataFrame, seed: int = 0) -> Typicality:
    """Assess how typical the given rows are, compared with at most 2,000 real rows of `bound`.

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
    """Replace measures near zero by a small positive number, because the logarithm of zero is not finite."""
    mine, theirs = map(np.abs, pair)
    least = max(TINY * float(np.median(theirs)), 1e-300)
    return np.maximum(mine, least), np.maximum(theirs, least)


def _beyond(mine: FloatArray, theirs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how far values exceed the 95% quantile of the real values `theirs`, divided by the mean excess of the real values.

    The first array is for `mine`, and the second is for `theirs`. The excess of a real value is divided by the mean excess of the
    other real values.
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
    """Return the percentile of an encoded point (d,), by distance to the fifth nearest real row, and the number of real rows.

    The point need not be the encoding of a possible row.
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

    For an indicator, the standard deviation is at least that of a level with ten rows. This limits the influence of a single row.
    """
    sd = x.std(axis=0)
    indicator = ((x == 0) | (x == 1)).all(axis=0)
    return np.asarray(np.maximum(sd, np.where(indicator, np.sqrt(min(1.0, SMALL / len(x))), 1e-12)))


@dataclass(frozen=True, eq=False)
class _Halves:
    """Division of the real rows into two halves.

    Attributes
    ----------
    of : for each row, the half that contains it (rows,); None if there are too few rows.
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
    """Return Mahalanobis distances and largest conditional residuals, for the given rows and for the real rows.

    Each real row is compared with the other real rows or, if rows come in groups, with the half that does not contain its group.

    Returns
    -------
    The column of each given row's largest conditional residual; the Mahalanobis distances of the given rows and of the real rows;
    the largest residuals of the given rows and of the real rows.
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
    """Return the distance from each given row, and from each real row, to its fifth nearest neighbour among the real rows.

    If rows come in groups, neighbours of a real row are sought only in the half that does not contain its group.
    """
    if halves.grouped and halves.of is not None:
        first, second = (NearestNeighbors(n_neighbors=NEIGHBOURS).fit(theirs[halves.of == one]) for one in (0, 1))
        own = np.empty(len(theirs))
        for one, other in ((0, second), (1, first)):
            own[halves.of == one] = other.kneighbors(theirs[halves.of == one])[0][:, -1]
        return first.kneighbors(mine)[0][:, -1], own
    k = min(NEIGHBOURS, len(theirs) - 1)
    near = NearestNeighbors(n_neighbors=k + 1).fit(theirs)
    own = near.kneighbors(theirs)[0][:, k]  # the nearest neighbour of a real row is itself
    return near.kneighbors(mine)[0][:, k - 1], own


def _forest(mine: FloatArray, theirs: FloatArray, halves: _Halves, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return isolation-forest scores of the given rows and of the real rows.

    Each real row is scored by a forest grown on the half that does not contain it. The given rows are scored by the forest grown
    on the first half.
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
    """Return an isolation forest fitted to the rows. It is cached, because several analyses use it."""
    return IsolationForest(random_state=seed).fit(np.frombuffer(rows).reshape(-1, width))


def _percentile(values: FloatArray, real: FloatArray) -> FloatArray:
    """Return the share of real values below each value. Real values equal to it count half."""
    ordered = np.sort(real)
    below, upto = np.searchsorted(ordered, values, side="left"), np.searchsorted(ordered, values, side="right")
    return np.asarray((below + upto) / 2 / len(ordered))


def _numeric(bound: BoundModel) -> list[str]:
    read = [c for c in bound.columns if len(bound.encoding.blocks[c])]
    return [c for c in read if bound.table.schema[c].kind == "numeric"]


def _mahalanobis(real: BoundModel, rows: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Return squared Mahalanobis distances of the given rows and of the real rows; all are zero if no column is numeric.

    The distance of a real row uses the mean and covariance of all other real rows.
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
    """Return the column with the largest absolute conditional residual in each of `rows`, and the largest absolute residuals.

    The first array of residuals is for `rows`, and the second is for the real rows.
    """
    columns = _numeric(real)
    if not columns:
        return (None,) * len(rows), np.zeros(len(rows)), np.zeros(len(real.table))
    mean, sd = real.x.mean(axis=0), real.x.std(axis=0)
    scale = np.where(
        sd > 1e-12, 1 / np.maximum(sd, 1e-12), 0.0
    )  # values that no real row has, such as a rare level, have no relation to others
    theirs, mine = (real.x - mean) * scale, (real.encoding.transform(rows) - mean) * scale
    products = theirs.T @ theirs
    made = [_residual(real, rows, column, (theirs, mine, products)) for column in columns]
    own, their = np.abs([one for one, _ in made]), np.abs([one for _, one in made])
    return tuple(columns[j] for j in own.argmax(axis=0)), own.max(axis=0), their.max(axis=0)


def _residual(
    real: BoundModel, rows: pd.DataFrame, column: str, encoded: tuple[FloatArray, FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return residuals of the numeric column `column` given all other columns; 0 if the number is missing.

    The first array contains the residuals of `rows`. The second contains those of the real rows, each from a fit without that
    row.
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
