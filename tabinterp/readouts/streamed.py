"""Gradients and derivatives as sums over rows of any number of batches: what does not need the rows together.

The covariance of a block and the point that a distance is measured from are those of the rows a plan is started with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..models import Bound
from ..models.model import SMALL
from ..table.draws import FloatArray
from . import sums
from .baselines import baseline_of
from .blockwise import covariances, known, members, sizes
from .derivatives import row_derivatives
from .gradients import GradientImportance
from .result import Estimates
from .sums import Means
from .terms import AnyTerm


@dataclass(frozen=True, eq=False)
class Gradients:
    """What a first look at some rows fixes."""

    spread: tuple[FloatArray, ...]
    start: FloatArray  # (d,)


def start_gradients(bound: Bound) -> Gradients:
    return Gradients(covariances(bound), baseline_of(bound, "mean"))


def update_gradients(plan: Gradients, bound: Bound) -> Means:
    """Sums over these rows of sizes, of gradient x input and of its absolute values: entries (3, columns, k)."""
    shape = 3, len(bound.columns), len(bound.outputs)
    values = np.empty((len(bound.x), *shape))
    for rows, size, moved in (_of_linear if bound.is_linear else _of_network)(plan, bound):
        values[rows, 0], values[rows, 1] = known(bound, size), known(bound, moved)
        np.abs(values[rows, 1], out=values[rows, 2])
    return sums.update(sums.start(shape), values, bound.table.weights)


Block = tuple[slice, FloatArray, FloatArray]  # rows, the size of their gradients, gradient x input: (m, columns, k)


def _of_network(plan: Gradients, bound: Bound) -> Iterator[Block]:
    member = members(bound)
    for rows, slopes in bound.slopes():
        shift = bound.x[rows] - plan.start
        moved = [(shift * slopes[:, :, k]) @ member for k in range(slopes.shape[2])]
        yield rows, sizes(bound, slopes, plan.spread), np.stack(moved, axis=2)


def _of_linear(plan: Gradients, bound: Bound) -> Iterator[Block]:
    """One row's gradient is that of all, and gradient x input one product of matrices."""
    if not len(bound.x):
        return
    slope, member = bound.gradients(bound.x[:1]), members(bound)
    size = sizes(bound, slope, plan.spread)
    weight = (member[:, :, None] * slope[0][:, None, :]).reshape(len(member), -1)
    start = plan.start @ weight
    for first in range(0, len(bound.x), SMALL):
        rows = slice(first, first + SMALL)
        yield rows, size, (bound.x[rows] @ weight - start).reshape(-1, *size.shape[1:])


def finish_gradients(state: Means, drawn: Sequence[GradientImportance]) -> tuple[GradientImportance, ...]:
    """The results of drawn rows, the means of these methods over all rows in their place."""
    found = sums.finish(state)
    over = {
        "saliency": (state.rows, found[0], found[0]),  # a size is its own absolute value
        "gradient_x_input": (state.rows, found[1], found[2]),
    }
    return tuple(replace(one, over=over.get(one.method, one.over)) for one in drawn)


# ---- derivatives of terms


def update_derivatives(terms: Sequence[AnyTerm], bound: Bound) -> Means:
    """Sums of every row's derivative or contrast, and of how often it is above and below nought: (3, terms, k)."""
    derivative = row_derivatives(bound, terms)
    with np.errstate(invalid="ignore"):
        signs = [np.where(np.isnan(derivative), np.nan, one) for one in (derivative > 0, derivative < 0)]
    both = np.stack([derivative, *signs], axis=1)
    return sums.update(sums.start(both.shape[1:]), both, bound.table.weights)


def finish_derivatives(state: Means) -> tuple[Estimates, FloatArray]:
    """(terms, k) means, and the share of rows whose own derivative has the other sign."""
    found = sums.finish(state)
    mean = found[0]
    above, below = found.value[1], found.value[2]
    with np.errstate(invalid="ignore"):
        flips = np.where(mean.value > 0, below, np.where(mean.value < 0, above, 0.0))
    return mean, np.where(np.isnan(mean.value), np.nan, flips)
