"""Is an optimum a row like others? Where it stands among real rows, in percentiles, from both sides.

A mode is no typical sample: in N(0, I_d) the squared Mahalanobis radius has mean d and standard deviation sqrt(2d), so that a row
at the very middle is as odd as one far out. Each measure's percentile among the real rows is therefore read at both ends. With
three measures, an optimum must not be read when one of them lies in the outer 1 / 3 of 1% at the far end (Bonferroni), or a
number is out of the range of the real rows. The near end is told, and forbids nothing.
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
FAR = 1 - 0.01 / 3


@dataclass(frozen=True, eq=False)
class Typicality:
    """Arrays (rows,). Percentiles in [0, 1] among `reference` real rows, above 0.5 farther out than most; `out` columns out of
    the rows' range; `unreadable`: too far out to be read as a row."""

    mahalanobis: FloatArray
    neighbours: FloatArray
    forest: FloatArray
    out: IntArray
    unreadable: Any
    reference: int

    def frame(self) -> pd.DataFrame:
        names = ("mahalanobis", "neighbours", "forest", "out", "unreadable")
        return pd.DataFrame({name: getattr(self, name) for name in names})


def typicality(bound: Bound, rows: pd.DataFrame, seed: int = 0) -> Typicality:
    """Rows of the table's input columns beside at most 2,000 of the rows of `bound`, held out where it has a split."""
    real = _real(bound, seed)
    sd = np.maximum(real.x.std(axis=0), 1e-12)
    mine, theirs = bound.encoding.transform(rows) / sd, real.x / sd
    forest = IsolationForest(random_state=seed).fit(theirs)
    distances = _mahalanobis(real, rows)
    percentiles = [
        _percentile(*distances),
        _nearness(mine, theirs),
        _percentile(-forest.score_samples(mine), -forest.score_samples(theirs)),
    ]
    out = _out(real, rows)
    far = np.any([one > FAR for one in percentiles], axis=0) | (out > 0)
    radius, nearest, odd = percentiles
    return Typicality(radius, nearest, odd, out, far, len(theirs))


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


def _out(real: Bound, rows: pd.DataFrame) -> IntArray:
    count = np.zeros(len(rows), dtype=np.int64)
    for column in _numeric(real):
        x = real.table.frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
        v = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        if not np.isnan(x).all():
            count += (v < np.nanmin(x)) | (v > np.nanmax(x))
    return count
