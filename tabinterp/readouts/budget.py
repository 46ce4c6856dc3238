"""How far from the middle of the rows a search may go: a Mahalanobis ball of the numeric columns.

The squared distance (v - mean)' C^-1 (v - mean), a missing number taken at its mean (Mahalanobis 1936), stays below a quantile of
that of the real rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import NotApplicableError
from ..models import Bound
from ..table.draws import FloatArray, IntArray
from .distances import constant
from .domain import Domain


@dataclass(frozen=True, eq=False)
class Budget:
    """`precision` (q, q) of the numeric columns; `deviations` (C, q) of each player's candidates, zero where it has no part.

    `limits` of the squared distance: one for all objectives, or one for each.
    """

    domain: Domain
    columns: tuple[str, ...]
    mean: FloatArray
    precision: FloatArray
    deviations: tuple[FloatArray, ...]
    limits: FloatArray

    def squared(self, at: IntArray, value: FloatArray) -> FloatArray:
        """(m,) squared distances of states."""
        u = self._deviation(at, value)
        return np.asarray(((u @ self.precision) * u).sum(axis=1))

    def limit(self, of: IntArray) -> FloatArray:
        """(m,) limits of states of these objectives."""
        return np.asarray(self.limits[of % len(self.limits)] * (1 + 1e-9))

    def within(self, at: IntArray, value: FloatArray, of: IntArray) -> NDArray[np.bool_]:
        return np.asarray(self.squared(at, value) <= self.limit(of))

    def beyond(
        self, at: IntArray, value: FloatArray, of: IntArray, p: int, candidates: IntArray, values: FloatArray
    ) -> NDArray[np.bool_]:
        """(S, C) would a state leave the ball with player p at a candidate; `candidates`, `values` (S, C) or (1, C)."""
        u = self._deviation(at, value)
        own = self._own(p, candidates.ravel(), values.ravel()).reshape(*candidates.shape, -1)
        rest = u - self._own(p, at[:, p], value[:, p])
        d = rest[:, None] + own
        return np.asarray(np.einsum("scq,qr,scr->sc", d, self.precision, d) > self.limit(of)[:, None])

    def pulled(self, at: IntArray, value: FloatArray, of: IntArray, lines: list[int]) -> FloatArray:
        """Values with those on lines drawn towards the mean as far as the ball asks for."""
        factor = np.sqrt(
            np.minimum(1.0, self.limits[of % len(self.limits)] / np.maximum(self.squared(at, value), 1e-30))
        )
        made = value.copy()
        for p in lines:
            mean = self.mean[self.columns.index(self.domain.players[p].columns[0])]
            low, high = self.domain.players[p].ends
            drawn = np.clip(mean + factor * (value[:, p] - mean), low, high)
            made[:, p] = np.where(factor < 1, np.round(drawn) if self.domain.players[p].whole else drawn, value[:, p])
        return made

    def _deviation(self, at: IntArray, value: FloatArray) -> FloatArray:
        u = np.zeros((len(at), len(self.columns)))
        for p in range(len(self.domain.players)):
            u += self._own(p, at[:, p], value[:, p])
        return u

    def _own(self, p: int, at: IntArray, value: FloatArray) -> FloatArray:
        made = self.deviations[p][at]
        player = self.domain.players[p]
        if player.slope is not None:
            first = self.mean[self.columns.index(player.columns[0])]
            for column, (factor, _) in zip(player.columns, player.scales, strict=True):
                made[:, self.columns.index(column)] = np.where(np.isnan(value), 0.0, factor * (value - first))
        return np.asarray(made)


def budget_of(domain: Domain, *shares: float | None) -> Budget:
    """The ball that holds this share of the real rows, or one for each objective; None: all there is."""
    bound = domain.bound
    if not all(share is None or 0 < share <= 1 for share in shares):
        raise NotApplicableError(
            f"budget is a share of the rows, above 0 and at most 1; got {', '.join(map(str, shares))}"
        )
    columns, u, mean, precision = standing(bound)
    deviations = tuple(np.where(np.isin(columns, player.columns), u[player.donors], 0.0) for player in domain.players)
    squared = ((u @ precision) * u).sum(axis=1)
    limits = [np.inf if one is None else float(np.quantile(squared, one, method="inverted_cdf")) for one in shares]
    return Budget(domain, columns, mean, precision, deviations, np.array(limits))


def standing(bound: Bound) -> tuple[tuple[str, ...], FloatArray, FloatArray, FloatArray]:
    """Numeric columns that the model reads, the rows' deviations (n, q) from their means (q,), and the inverse covariance."""
    read = [c for c in bound.columns if len(bound.encoding.blocks[c])]
    columns = tuple(c for c in read if bound.table.schema[c].kind == "numeric")
    if not columns:
        raise NotApplicableError("a budget is a distance of numeric columns; this model reads none")
    x = bound.table.inputs[list(columns)].to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(x)
    mean = np.where(known, x, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    u = np.where(known, x - mean, 0.0)
    still = constant((u**2).sum(axis=0), float(len(u)), mean)  # of no direction, and of no distance
    u[:, still] = 0.0
    sd = np.where(still, 1.0, u.std(axis=0))
    precision = np.linalg.pinv(np.atleast_2d((u / sd).T @ (u / sd) / len(u)), rcond=1e-10, hermitian=True)
    return columns, u, mean, precision / np.outer(sd, sd)
