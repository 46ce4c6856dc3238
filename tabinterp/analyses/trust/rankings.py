"""Rankings of the columns by each explanation method, for a sample of rows as a whole and for each of its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from tabinterp.analyses.gradients.estimator import EXPECTED_TOLERANCE, POSITIONS, completeness, gradient_importance
from tabinterp.analyses.permutation_importance.estimator import sizes
from tabinterp.analyses.shapley_values.estimator import attributed
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models import BoundModel
from tabinterp.models.device import slopes
from tabinterp.models.perturbation import parts
from tabinterp.stats.accumulators import mean_over_rows

REPEATS = 10
PATH_ROWS = 8192  # path points that pass through the network at once
PATH_TOLERANCE = 0.02  # largest accepted completeness gap, which is small enough for a ranking


@dataclass(frozen=True, eq=False)
class Ask:
    """A bound model, with the indices of the rows to explain and of the background rows."""

    bound: BoundModel
    rows: IntArray
    backs: IntArray
    seed: int

    @property
    def part(self) -> BoundModel:
        """The model, bound only to the explained rows."""
        return self.bound.take(self.rows)


@dataclass(frozen=True, eq=False)
class Ranking:
    """Importance of each column by one method: absolute attributions, averaged over outputs.

    The importance is NaN if the method has no value for a column.

    Attributes
    ----------
    sizes : importance over all rows (columns,).
    rows : importance in each row (rows, columns). If the method has no values for single rows, all rows are equal to `sizes`.
    gap : completeness gap of the attributions (`GradientImportance.gap`), if the attributions of the method should add up to the
        score; otherwise None.
    tolerance : largest accepted completeness gap.
    """

    sizes: FloatArray
    rows: FloatArray
    gap: float | None = None
    tolerance: float | None = None

    @property
    def complete(self) -> bool:
        """Whether the attributions add up to the score within the tolerance; True for methods that do not require this."""
        return self.gap is None or self.tolerance is None or not self.gap > self.tolerance


@dataclass(frozen=True)
class Method:
    """A method of ranking columns, with two flags: whether it uses background rows, and whether it uses gradients."""

    rank: Callable[[Ask], Ranking]
    background: bool = False
    gradient: bool = False


def _permutation(ask: Ask) -> Ranking:
    part = ask.part
    repeats = REPEATS if part.is_local(part.columns) else 2  # Otherwise whole rows are encoded again in each repeat.
    size = sizes(part, repeats, ask.seed)
    return Ranking(size, np.tile(size, (len(ask.rows), 1)))


def _of_values(ask: Ask, values: FloatArray) -> Ranking:
    size = np.abs(values)
    weights = ask.bound.table.weights
    mean = mean_over_rows(size, None if weights is None else weights[ask.rows]).value
    return Ranking(mean.mean(axis=1), size.mean(axis=2))


def _gradient(method: str, **settings: Any) -> Callable[[Ask], Ranking]:
    def rank(ask: Ask) -> Ranking:
        part = ask.part
        found = gradient_importance(part, part.table, method=method, **settings)
        return replace(_of_values(ask, found.values), gap=found.gap, tolerance=found.tolerance)

    return rank


def _expected(ask: Ask) -> Ranking:
    """Return the ranking by expected gradients, computed for many paths at once.

    The gradient of the score is taken with respect to `z`, the output of the network's first affine operations. A column's
    attribution along a path is this gradient times the change in `z` that the column causes.
    """
    bound, n = ask.bound, len(ask.rows)
    if not bound.is_local(bound.columns):
        return _of_values(ask, np.full((n, len(bound.columns), len(bound.outputs)), np.nan))
    weights = bound.table.row_weights[ask.backs]
    offsets = np.random.default_rng(ask.seed).uniform(size=len(ask.backs))
    z, moves = bound.z[ask.rows], parts(bound)
    values = z.new_zeros((n, len(bound.columns), len(bound.outputs)), dtype=torch.float64)
    together = max(1, PATH_ROWS // (POSITIONS * n))
    for i in range(0, len(ask.backs), together):
        backs = ask.backs[i : i + together]
        at = bound.at_home((np.arange(POSITIONS) + offsets[i : i + together, None]) / POSITIONS).float()
        start = bound.z[backs][:, None, None]
        slope, _ = slopes(bound.rest, (start + at[..., None, None] * (z - start)).flatten(0, 2))
        mean = slope.reshape(len(backs), POSITIONS, n, *slope.shape[1:]).mean(dim=1)
        for one, back, weight in zip(mean, backs, weights[i : i + together], strict=True):
            values += float(weight) * torch.einsum("nhk,nph->npk", one, moves[ask.rows] - moves[back]).double()
    found = (values / float(weights.sum())).cpu().numpy()
    rise = bound.scores[ask.rows] - np.average(bound.scores[ask.backs], axis=0, weights=weights)
    gap = completeness(found, rise, ask.part.table.weights)
    return replace(_of_values(ask, found), gap=float(gap.max()), tolerance=EXPECTED_TOLERANCE)


def _shapley(ask: Ask) -> Ranking:
    return _of_values(ask, attributed(ask.bound, ask.rows, ask.backs, ask.seed))


METHODS: dict[str, Method] = {
    "permutation_importance": Method(_permutation),
    "saliency": Method(_gradient("saliency"), gradient=True),
    "integrated_gradients": Method(_gradient("integrated_gradients", tolerance=PATH_TOLERANCE), gradient=True),
    "expected_gradients": Method(_expected, background=True, gradient=True),
    "shapley": Method(_shapley, background=True),
}


def rankings(ask: Ask, background: bool | None = None) -> dict[str, Ranking]:
    """Return a dict that maps the name of each applicable method to its ranking.

    `background` selects the methods that use background rows (True), the methods that do not (False), or all methods (None).
    """
    found = {
        name: method.rank(ask)
        for name, method in METHODS.items()
        if (ask.bound.has_gradient or not method.gradient) and background in (None, method.background)
    }
    return {name: ranking for name, ranking in found.items() if not np.isnan(ranking.sizes).all()}
