"""Selection of the pairs of columns that interact in the network, for the ladder and the decomposition.

The network's score is approximated by an additive model. The residuals are then regressed on products of two columns, one pair at
a time.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.base import clone

from tabinterp.analyses.interactions.screening import MOVED, most_moving
from tabinterp.arrays import FloatArray
from tabinterp.models.model import BoundModel
from tabinterp.table.hash_sampling import chosen

from .basis import Pair, build, check_size, coarse, read_columns
from .projection import solve_gram

ROWS = 5000
LEAST = 0.001  # share of the variance of the score that a pair must explain to be named
NOTHING = 1e-20  # share of the largest sum of squares below which a column is constant up to rounding


def looked_at(bound: BoundModel, seed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divide the columns into two groups: those that get curves and are screened for pairs, and all others.

    If there are more than a hundred columns, the first group contains the hundred with the largest total Sobol indices.
    """
    rows = chosen(bound.table.numbers, 2 * MOVED, seed)
    half = len(rows) // 2
    columns = tuple(read_columns(bound))
    near, _ = most_moving(bound, columns, rows[:half], rows[half : 2 * half])
    return near, tuple(c for c in columns if c not in set(near))


def strongest_pairs(bound: BoundModel, among: Collection[str], count: int, seed: int) -> tuple[Pair, ...]:
    """Return at most `count` pairs of the columns in `among`. Pairs that explain more variance of the score come first.

    At most 5,000 randomly selected rows are used.
    """
    rows = np.sort(chosen(bound.table.numbers, ROWS, seed))
    frame, kinds = bound.table.inputs.iloc[rows].reset_index(drop=True), read_columns(bound)
    weights = bound.table.row_weights[rows]
    root = np.sqrt(weights / weights.mean())[:, None]
    score = bound.scores[rows] - np.average(bound.scores[rows], axis=0, weights=weights)
    additive = build(frame, kinds, curves=among)
    design = additive.design(frame)
    check_size(design, additive)
    left = root * score
    left = left - _explained(root * np.column_stack([np.ones(len(rows)), design]), left)
    spread = (root**2 * score**2).sum()
    encoded = {c: _pieces(frame[[c]], kinds[c]) for c in among if frame[c].nunique(dropna=False) > 1}
    shares = {}
    for a, b in combinations(encoded, 2):
        products = (encoded[a][:, :, None] * encoded[b][:, None, :]).reshape(len(rows), -1)
        gain = (_explained(root * products, left) ** 2).sum() - products.shape[1] / len(rows) * (left**2).sum()
        shares[a, b] = gain / spread if spread > 0 else 0.0
    order = sorted(shares, key=lambda pair: -shares[pair])
    return tuple(pair for pair in order[:count] if shares[pair] > LEAST)


def _pieces(values: pd.DataFrame, kind: str) -> FloatArray:
    """Return the centred coarse encoding (rows, m) of one column.

    The last basis function is omitted, because it is determined by the others.
    """
    name = values.columns[0]
    pieces = np.asarray(clone(coarse(values[name], kind)).fit_transform(values), dtype=np.float64)
    return np.asarray((pieces - pieces.mean(axis=0))[:, : max(1, pieces.shape[1] - 1)])


def _explained(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the fitted values (rows, k) of a least-squares regression of `y` on the columns of `x`."""
    size = np.sqrt((x**2).sum(axis=0))
    kept = size > np.sqrt(NOTHING) * size.max(initial=0.0)
    x = x[:, kept] / size[kept]  # a constant explains nothing; equal sizes keep the ridge above rounding errors
    return np.asarray(x @ solve_gram(x.T @ x, x.T @ y)) if x.shape[1] else np.zeros_like(y)
