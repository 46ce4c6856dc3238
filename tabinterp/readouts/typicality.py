"""Is an optimum a row like others? Where it stands among real rows, in percentiles, from both sides.

A mode is no typical sample: in N(0, I_d) the squared Mahalanobis radius has mean d and standard deviation sqrt(2d), so that a row
at the very middle is as odd as one far out. Each measure's percentile among the real rows is therefore read at both ends. With
four measures, an optimum must not be read when one of them lies in the outer 1 / 4 of 1% at the far end (Bonferroni), or a
number is out of the range of the real rows. The near end is told, and forbids nothing.

The conditional residual of a number is what a linear regression on all other columns, categories included, leaves of it, in
standard deviations; the largest of a row's says whether its columns fit each other. A real row's own is from the fit without
it (Allen 1974).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import NearestNeighbors

from ..models import Bound
from ..table.draws import FloatArray, IntArray, chosen
from .budget import standing

ROWS = 2000
NEIGHBOURS = 5
FAR = 1 - 0.01 / 4
EXACT = 1e-6  # of a number's standard deviation: what others leave of it below this is rounding


@dataclass(frozen=True, eq=False)
class Typicality:
    """Arrays (rows,). Percentiles in [0, 1] among `reference` real rows, above 0.5 farther out than most; `out` columns out of
    the rows' range; `unreadable`: too far out to be read as a row. `column`: whose conditional residual is the largest, None
    where no column is a number."""

    mahalanobis: FloatArray
    neighbours: FloatArray
    forest: FloatArray
    residual: FloatArray
    out: IntArray
    unreadable: Any
    column: tuple[str | None, ...]
    reference: int

    def frame(self) -> pd.DataFrame:
        names = ("mahalanobis", "neighbours", "forest", "residual", "out", "unreadable")
        return pd.DataFrame({name: getattr(self, name) for name in names})


def typicality(bound: Bound, rows: pd.DataFrame, seed: int = 0) -> Typicality:
    """Rows of the table's input columns beside at most 2,000 of the rows of `bound`, held out where it has a split."""
    real = _real(bound, seed)
    sd = np.maximum(real.x.std(axis=0), 1e-12)
    mine, theirs = bound.encoding.transform(rows) / sd, real.x / sd
    forest = IsolationForest(random_state=seed).fit(theirs)
    distances = _mahalanobis(real, rows)
    column, *residuals = _residuals(real, rows)
    percentiles = [
        _percentile(*distances),
        _nearness(mine, theirs),
        _percentile(-forest.score_samples(mine), -forest.score_samples(theirs)),
        _percentile(*residuals),
    ]
    out = _out(real, rows)
    far = np.any([one > FAR for one in percentiles], axis=0) | (out > 0)
    radius, nearest, odd, residual = percentiles
    return Typicality(radius, nearest, odd, residual, out, far, column, len(theirs))


def of_encoded(bound: Bound, point: FloatArray, seed: int = 0) -> tuple[float, int]:
    """Percentile of the distance to the fifth neighbour of an encoded point (d,), which need be no row; rows it is among."""
    real = _real(bound, seed)
    sd = np.maximum(real.x.std(axis=0), 1e-12)
    return float(_nearness(point[None] / sd, real.x / sd)[0]), len(real.x)


def _real(bound: Bound, seed: int) -> Bound:
    held_out = bound.table.held_out
    able = np.arange(len(bound.table)) if held_out is None or not held_out.any() else np.flatnonzero(held_out)
    return bound.take(able[chosen(bound.table.numbers[able], ROWS, seed)])


def _nearness(mine: FloatArray, theirs: FloatArray) -> FloatArray:
    k = min(NEIGHBOURS, len(theirs) - 1)
    near = NearestNeighbors(n_neighbors=k + 1).fit(theirs)
    own = near.kneighbors(theirs)[0][:, k]  # a real row is its own nearest
    return _percentile(near.kneighbors(mine)[0][:, k - 1], own)


def _percentile(values: FloatArray, real: FloatArray) -> FloatArray:
    """Shares of the real rows below, those equal by half."""
    ordered = np.sort(real)
    below, upto = np.searchsorted(ordered, values, side="left"), np.searchsorted(ordered, values, side="right")
    return np.asarray((below + upto) / 2 / len(ordered))


def _numeric(bound: Bound) -> list[str]:
    read = [c for c in bound.columns if len(bound.encoding.blocks[c])]
    return [c for c in read if bound.table.schema[c].kind == "numeric"]


def _mahalanobis(real: Bound, rows: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Squared distances of the rows and of the real ones; half way everywhere where no column is a number."""
    if not _numeric(real):
        return np.zeros(len(rows)), np.zeros(len(real.table))
    columns, u, mean, precision = standing(real)
    v = rows[list(columns)].to_numpy(dtype=np.float64, na_value=np.nan) - mean
    v = np.where(np.isnan(v), 0.0, v)
    return ((v @ precision) * v).sum(axis=1), ((u @ precision) * u).sum(axis=1)


def _residuals(real: Bound, rows: pd.DataFrame) -> tuple[tuple[str | None, ...], FloatArray, FloatArray]:
    """The column of each row's largest conditional residual, how large it is, and that of the real rows."""
    columns = _numeric(real)
    if not columns:
        return (None,) * len(rows), np.zeros(len(rows)), np.zeros(len(real.table))
    mean, sd = real.x.mean(axis=0), real.x.std(axis=0)
    scale = np.where(
        sd > 1e-12, 1 / np.maximum(sd, 1e-12), 0.0
    )  # what no real row has, such as a rare level, relates to nothing
    theirs, mine = (real.x - mean) * scale, (real.encoding.transform(rows) - mean) * scale
    products = theirs.T @ theirs
    made = [_residual(real, rows, column, (theirs, mine, products)) for column in columns]
    own, their = np.abs([one for one, _ in made]), np.abs([one for _, one in made])
    return tuple(columns[j] for j in own.argmax(axis=0)), own.max(axis=0), their.max(axis=0)


def _residual(
    real: Bound, rows: pd.DataFrame, column: str, encoded: tuple[FloatArray, FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Residuals of a number given the other columns, of the rows and (each left out) of the real ones; 0 where it is missing."""
    theirs, mine, products = encoded
    others = np.setdiff1d(np.arange(theirs.shape[1]), real.encoding.blocks[column])
    y, v = (frame[column].to_numpy(dtype=np.float64, na_value=np.nan) for frame in (real.table.inputs, rows))
    if np.isnan(y).all():
        return np.zeros(len(v)), np.zeros(len(y))
    known = ~np.isnan(y)
    mean, z = np.nanmean(y), theirs[:, others]
    inverse = np.linalg.pinv(products[np.ix_(others, others)], rcond=1e-10, hermitian=True)
    slope = inverse @ (z.T @ np.where(known, y - mean, 0.0))
    leverage = 1 / len(z) + ((z @ inverse) * z).sum(axis=1)
    left = np.where(known, y - mean - z @ slope, 0.0) / np.maximum(1 - leverage, 1e-6)
    scale = max(float(np.sqrt((left**2).sum() / known.sum())), EXACT * float(np.nanstd(y)), 1e-300)
    return np.where(np.isnan(v), 0.0, v - mean - mine[:, others] @ slope) / scale, left / scale


def _out(real: Bound, rows: pd.DataFrame) -> IntArray:
    count = np.zeros(len(rows), dtype=np.int64)
    for column in _numeric(real):
        x = real.table.frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
        v = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        if not np.isnan(x).all():
            count += (v < np.nanmin(x)) | (v > np.nanmax(x))
    return count
