"""Mahalanobis ball of numbers and levels, which limits a search to rows near the mean.

The features v of a row are its numbers and indicators of its levels. A missing number is replaced by the mean of its column. Each
column has indicators for its 30 most frequent levels, and one indicator for all other levels. C is the covariance matrix of the
features. The squared distance (v - mean)' C^-1 (v - mean) (Mahalanobis 1936) must not exceed a quantile of the squared distances
of the real rows. A level with share p that is uncorrelated with other columns adds (1 - p) / p to the squared distance. A rare
level can therefore be as far from the mean as an extreme number. A row with two levels that never occur together in the table is
farther from the mean than a row with only one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel
from tabinterp.stats.distances import constant

from .search_space import Domain

MOST = 30  # levels of a column with their own indicator
RIDGE = 1e-6  # added to a correlation matrix: keeps relations that hold in every row, so that breaking them is far out


@dataclass(frozen=True, eq=False)
class Budget:
    """Mahalanobis ball: a limit on the squared distance from the mean.

    Attributes
    ----------
    precision : inverse covariance of the features (q, q).
    places : for each column, the indices of its features (e,).
    deviations : for each column, the features of its candidates minus their means (C, e).
    middle : mean of each numeric column.
    limits : upper limits of the squared distance: one for all objectives, or one for each objective.
    """

    domain: Domain
    precision: FloatArray
    places: tuple[IntArray, ...]
    deviations: tuple[FloatArray, ...]
    middle: tuple[float, ...]
    limits: FloatArray

    def squared(self, at: IntArray, value: FloatArray) -> FloatArray:
        """Return the squared distances (m,) of states from the mean."""
        u = self._deviation(at, value)
        return self._product(u, u)

    def limit(self, of: IntArray) -> FloatArray:
        """Return the upper limit of the squared distance for each state (m,), given the index of its objective."""
        return np.asarray(self.limits[of % len(self.limits)] * (1 + 1e-9))

    def within(self, at: IntArray, value: FloatArray, of: IntArray) -> NDArray[np.bool_]:
        return np.asarray(self.squared(at, value) <= self.limit(of))

    def beyond(
        self, at: IntArray, value: FloatArray, of: IntArray, p: int, candidates: IntArray, values: FloatArray
    ) -> NDArray[np.bool_]:
        """Return a mask (S, C) of the candidates of column p that would move a state out of the ball.

        `candidates` and `values` have shape (S, C) or (1, C).
        """
        own = self._own(p, candidates.ravel(), values.ravel()).reshape(*candidates.shape, -1)
        rest, places = self._deviation(at, value), self.places[p]
        rest[:, places] = 0.0
        crossed = rest @ self.precision
        base, cross = (crossed * rest).sum(axis=1)[:, None], 2 * crossed[:, places]
        both = cross @ own[0].T if len(own) == 1 else np.einsum("se,sce->sc", cross, own)
        alone = ((own @ self.precision[np.ix_(places, places)]) * own).sum(axis=2)
        return np.asarray(base + both + alone > self.limit(of)[:, None])

    def pulled(self, at: IntArray, value: FloatArray, of: IntArray, lines: list[int]) -> FloatArray:
        """Move numbers towards their means until each row is in the ball, and return the new values."""
        made = value.copy()
        for p in lines:
            made[:, p] = np.where(np.isnan(value[:, p]), np.nan, self.middle[p])
        middle = self._deviation(at, made)
        way = self._deviation(at, value) - middle
        a, b = self._product(way, way), self._product(way, middle)
        room = self.limits[of % len(self.limits)] - self._product(middle, middle)
        with np.errstate(invalid="ignore", divide="ignore"):
            reach = (-b + np.sqrt(np.maximum(b**2 + a * room, 0.0))) / a
        factor = np.where(np.isfinite(reach), np.clip(reach, 0.0, 1.0), 1.0)
        for p in lines:
            low, high = self.domain.players[p].ends
            drawn = np.clip(self.middle[p] + factor * (value[:, p] - self.middle[p]), low, high)
            made[:, p] = np.where(factor < 1, np.round(drawn) if self.domain.players[p].whole else drawn, value[:, p])
        return made

    def _product(self, u: FloatArray, v: FloatArray) -> FloatArray:
        return np.asarray(((u @ self.precision) * v).sum(axis=1))

    def _deviation(self, at: IntArray, value: FloatArray) -> FloatArray:
        u = np.zeros((len(at), len(self.precision)))
        for p, places in enumerate(self.places):
            u[:, places] = self._own(p, at[:, p], value[:, p])
        return u

    def _own(self, p: int, at: IntArray, value: FloatArray) -> FloatArray:
        made = self.deviations[p][at]
        player = self.domain.players[p]
        if player.slope is not None:
            off = np.where(np.isnan(value), 0.0, value - self.middle[p])
            made = off[:, None] * np.array([factor for factor, _ in player.scales])
        return np.asarray(made)


def budget_of(domain: Domain, *shares: float | None) -> Budget:
    """Return the ball that contains a given share of the real rows; None means no limit.

    If several shares are given, there is one ball for each objective.
    """
    if not all(share is None or 0 < share <= 1 for share in shares):
        raise NotApplicableError(
            f"every budget must be a share of the rows, above 0 and at most 1; got {', '.join(map(str, shares))}"
        )
    bound, parts = domain.bound, list[FloatArray]()
    places, middle = list[IntArray](), list[float]()
    for player in domain.players:
        own = np.concatenate([_features(bound, column) for column in player.columns], axis=1)
        places.append(sum(part.shape[1] for part in parts) + np.arange(own.shape[1]))
        parts.append(own)
        middle.append(float(np.nanmean(bound.table.numeric(player.columns[0]))) if player.slope is not None else np.nan)
    u = np.concatenate(parts, axis=1) if parts else np.zeros((len(bound.table), 0))
    mean = u.mean(axis=0)
    u, sd = _still(u - mean, mean)
    precision = np.linalg.inv((u / sd).T @ (u / sd) / len(u) + RIDGE * np.eye(u.shape[1])) / np.outer(sd, sd)
    squared = ((u @ precision) * u).sum(axis=1)
    return Budget(
        domain,
        precision,
        tuple(places),
        tuple(u[player.donors][:, own] for player, own in zip(domain.players, places, strict=True)),
        tuple(middle),
        np.array(
            [np.inf if one is None else float(np.quantile(squared, one, method="inverted_cdf")) for one in shares]
        ),
    )


def standing(bound: BoundModel) -> tuple[tuple[str, ...], FloatArray, FloatArray, FloatArray]:
    """Return the names, deviations from the mean, means and inverse covariance of the numeric columns that the model uses.

    The deviations have the shape (n, q), the means (q,), and the inverse covariance (q, q).
    """
    read = [c for c in bound.columns if len(bound.encoding.blocks[c])]
    columns = tuple(c for c in read if bound.table.schema[c].kind == "numeric")
    x = bound.table.inputs[list(columns)].to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(x)
    mean = np.where(known, x, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    u, sd = _still(np.where(known, x - mean, 0.0), mean)
    precision = np.linalg.pinv(np.atleast_2d((u / sd).T @ (u / sd) / len(u)), rcond=1e-10, hermitian=True)
    return columns, u, mean, precision / np.outer(sd, sd)


def _still(u: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the deviations of features from their means, and the standard deviations of the features.

    For constant features, the deviations are 0 and the standard deviation is 1.
    """
    still = constant((u**2).sum(axis=0), float(len(u)), mean)
    u = np.where(still, 0.0, u)
    return u, np.where(still, 1.0, u.std(axis=0))


def _features(bound: BoundModel, column: str) -> FloatArray:
    """Return the features (n, e) of a column: the number, or indicators of the levels. Missing values count as a level."""
    if bound.table.schema[column].kind == "numeric":
        x = bound.table.numeric(column)
        known = ~np.isnan(x)
        return np.where(known, x, x[known].mean() if known.any() else 0.0)[:, None]
    codes, _ = pd.factorize(bound.table.frame[column], use_na_sentinel=False)
    count = np.bincount(codes)
    rank = np.empty(len(count), dtype=np.int64)
    rank[np.argsort(-count, kind="stable")] = np.arange(len(count))
    return np.eye(min(len(count), MOST + 1))[np.minimum(rank[codes], MOST)]
