"""Basis functions of the original columns in three nested tiers: linear, additive and pairs.

- linear: each numeric column, and indicators of the levels of all other columns. Missing values of a numeric column are replaced
  by the median and marked by an indicator;
- additive: also a piecewise linear spline of each numeric column, with at most 16 knots;
- pairs: also products of two columns. Each of the two is encoded by a coarse spline (5 knots) or by its most frequent levels (6).

The basis is a scikit-learn transformer, so models fitted on it can be exported as a pipeline. A few extreme rows affect the
fitted spline only in the segments near them. If a numeric column has few distinct values, the spline can represent any function
of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import SplineTransformer
from sklearn.utils import _safe_indexing

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.models.model import BoundModel
from tabinterp.network.encoder import level_encoder, number_encoder

KNOTS, COARSE = 16, 5
LEVELS = 6  # levels of a column in a pair; the others share one
TIERS = ("linear", "curve", "pair")
LARGEST = 1e30

Pair = tuple[str, str]


class Products(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Transformer that encodes two columns and returns all products of the two encodings (rows, a * b)."""

    def __init__(self, first: Any, second: Any) -> None:
        self.first = first
        self.second = second

    def fit(self, X: Any, y: Any = None) -> Products:
        self.first_ = clone(self.first).fit(_safe_indexing(X, [0], axis=1))
        self.second_ = clone(self.second).fit(_safe_indexing(X, [1], axis=1))
        return self

    def transform(self, X: Any) -> FloatArray:
        a = self.first_.transform(_safe_indexing(X, [0], axis=1))
        b = self.second_.transform(_safe_indexing(X, [1], axis=1))
        return np.asarray((a[:, :, None] * b[:, None, :]).reshape(len(a), -1), dtype=np.float64)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        a, b = self.first_.get_feature_names_out(), self.second_.get_feature_names_out()
        return np.array([f"{one} × {other}" for one in a for other in b], dtype=object)


@dataclass(frozen=True, eq=False)
class Basis:
    """Fitted basis of p functions of the columns.

    Attributes
    ----------
    tier : for each function, the index of its tier in `TIERS` (p,).
    term : for each function, the index of its column in `columns` or of its pair in `pairs` (p,).
    """

    transformer: ColumnTransformer
    columns: tuple[str, ...]
    pairs: tuple[Pair, ...]
    tier: IntArray
    term: IntArray

    def design(self, frame: pd.DataFrame) -> FloatArray:
        """Evaluate the basis functions at the rows of `frame`; the result has the shape (rows, p)."""
        return np.asarray(self.transformer.transform(frame), dtype=np.float64)


def read_columns(bound: BoundModel) -> dict[str, str]:
    """Return the kind (such as "numeric") of each input column that the model uses."""
    read = [c for c in bound.columns if len(bound.encoding.blocks[c])]
    if not read:
        raise NotApplicableError(why("basis.none", model=bound.model.name))
    return {c: bound.table.schema[c].kind for c in read}


def build(
    frame: pd.DataFrame, kinds: dict[str, str], *, curves: Collection[str], pairs: tuple[Pair, ...] = ()
) -> Basis:
    """Fit the basis of the columns in `kinds` to the rows of `frame`.

    Knots, levels and medians are computed from these rows. Numeric columns in `curves` also get a spline.
    """
    names, bent, blocks = list(kinds), set(curves), []
    for i, (name, kind) in enumerate(kinds.items()):
        blocks.append((f"linear {i}", number_encoder() if kind == "numeric" else level_encoder(), [name]))
    for i, (name, kind) in enumerate(kinds.items()):
        at = knots(frame[name], KNOTS) if name in bent and kind == "numeric" else np.empty(0)
        if len(at) > 2:
            blocks.append((f"curve {i}", _spline(at, bias=False), [name]))
    for i, (a, b) in enumerate(pairs):
        products = Products(coarse(frame[a], kinds[a]), coarse(frame[b], kinds[b]))
        blocks.append((f"pair {i}", products, [a, b]))
    transformer = ColumnTransformer(blocks, sparse_threshold=0).fit(frame[names])
    tier, term = [], []
    for label, _, _ in blocks:
        place, width = transformer.output_indices_[label], label.split()
        tier += [TIERS.index(width[0])] * (place.stop - place.start)
        term += [int(width[1])] * (place.stop - place.start)
    return Basis(transformer, tuple(names), pairs, np.array(tier, dtype=np.int64), np.array(term, dtype=np.int64))


def coarse(values: pd.Series, kind: str) -> Any:
    """Return an unfitted encoding of one column, for use in products of two columns: a few spline functions or level indicators,
    which sum to one.

    A numeric column with only one distinct value is encoded by an indicator of missing values.
    """
    at = knots(values, COARSE) if kind == "numeric" else np.empty(0)
    return _spline(at, bias=True) if len(at) > 1 else level_encoder(LEVELS)


def _spline(at: FloatArray, *, bias: bool) -> Pipeline:
    bent = SplineTransformer(degree=1, knots=at[:, None], include_bias=bias, extrapolation="constant")
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), bent)


def knots(values: pd.Series, most: int) -> FloatArray:
    """Return the knots of a column's spline: all distinct values if there are at most `most`, otherwise quantiles.

    If several quantiles are equal, they give only one knot.
    """
    distinct, counts = np.unique(values.dropna().to_numpy(dtype=np.float64), return_counts=True)
    if len(distinct) <= most:
        return np.asarray(distinct)
    share = np.minimum(counts, counts.sum() / most).cumsum()
    at = np.searchsorted(share, np.linspace(share[0], share[-1], most))
    return np.asarray(distinct[np.unique(at.clip(max=len(distinct) - 1))])


def check_size(design: FloatArray, basis: Basis) -> None:
    """Raise `NotApplicableError` if a basis function has values that are not finite or are larger than 1e30."""
    wrong = ~(np.abs(design) < LARGEST).all(axis=0)
    if wrong.any():
        first = int(np.argmax(wrong))
        name = basis.columns[basis.term[first]] if basis.tier[first] < 2 else " × ".join(basis.pairs[basis.term[first]])
        raise NotApplicableError(why("basis.large", column=name))
