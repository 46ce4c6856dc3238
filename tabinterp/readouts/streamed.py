"""Gradients and derivatives as sums over rows of any number of batches: what does not need the rows together.

The covariance of a block and the point that a distance is measured from are those of the rows a plan is started with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..models import Bound
from ..table.draws import FloatArray
from . import sums
from .baselines import baseline_of
from .blockwise import covariances, known, members, sizes
from .derivatives import row_derivatives
from .gradients import GradientImportance
from .result import Estimates
from .sums import Means
from .terms import AnyTerm

SUMMED = ("saliency", "gradient_x_input")


@dataclass(frozen=True, eq=False)
class Gradients:
    """What a first look at some rows fixes."""

    spread: tuple[FloatArray, ...]
    start: FloatArray  # (d,)


def start_gradients(bound: Bound) -> Gradients:
    return Gradients(covariances(bound), baseline_of(bound, "mean"))


def update_gradients(plan: Gradients, bound: Bound) -> Means:
    """Sums over these rows of each method's values and their sizes: entries (methods, 2, columns, k)."""
    gradient = bound.gradients(bound.x)
    product = gradient * (bound.x - plan.start)[:, :, None]
    moved = np.einsum("ndk,dj->njk", product, members(bound), optimize=True)
    few = gradient[:1] if bound.is_linear else gradient  # a linear model's is the same in every row
    size = np.broadcast_to(sizes(bound, few, plan.spread), moved.shape)
    values = [known(bound, one) for one in (size, moved)]
    both = np.stack([np.stack([one, np.abs(one)], axis=1) for one in values], axis=1)
    return sums.update(sums.start(both.shape[1:]), both, bound.table.weights)


def finish_gradients(state: Means, drawn: Sequence[GradientImportance]) -> tuple[GradientImportance, ...]:
    """The results of drawn rows, the means of these methods over all rows in their place."""
    found = sums.finish(state)
    over = {name: (state.rows, found[i, 0], found[i, 1]) for i, name in enumerate(SUMMED)}
    return tuple(replace(one, over=over[one.method]) if one.method in over else one for one in drawn)


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
