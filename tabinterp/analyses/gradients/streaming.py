"""Gradient attributions and derivatives from sums over rows, which can be added up in any number of batches.

The covariances and the baseline are computed once, from the rows that are passed to `start`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tabinterp.analyses.base import Stream
from tabinterp.analyses.coefficients.marginal_effects import row_derivatives, slope_derivatives
from tabinterp.analyses.context import Context
from tabinterp.analyses.settings import AuditSettings
from tabinterp.arrays import FloatArray
from tabinterp.linear.terms import AnyTerm, Slope
from tabinterp.models import Block, BoundModel
from tabinterp.models.through_encoder import pulled, through
from tabinterp.stats import accumulators as sums
from tabinterp.stats.accumulators import Means
from tabinterp.stats.estimates import Estimates

from .column_blocks import covariances, known, members, sizes
from .estimator import GradientImportance, run
from .reference_rows import baseline_of


@dataclass(frozen=True, eq=False)
class Line:
    """Gradient of a linear model, which is the same for every row.

    `size` contains the gradient size of every column. Gradient x input is computed from `weight` and `start` by a single matrix
    product.
    """

    size: FloatArray  # (columns, k)
    weight: FloatArray  # (d, columns * k)
    start: FloatArray  # (columns * k,)


@dataclass(frozen=True, eq=False)
class Gradients:
    """Values that are computed once and then fixed: covariances, baseline and, for a linear model, the gradient."""

    spread: tuple[FloatArray, ...]
    start: FloatArray  # (d,)
    line: Line | None


def start(network: BoundModel, linear: BoundModel, settings: AuditSettings) -> tuple[Gradients, Gradients]:
    """For each model, compute the covariances of its encoded columns and the baseline from the sampled rows."""
    return start_gradients(network), start_gradients(linear)


def update(
    plan: tuple[Gradients, Gradients], network: BoundModel, linear: BoundModel
) -> Callable[[Block], tuple[Means, Means]]:
    """Return a function that computes the sums for both models over a block of rows."""
    first, second = (update_gradients(*one) for one in zip(plan, (network, linear), strict=True))
    return lambda block: (first(block), second(block))


def merge(a: tuple[Means, Means], b: tuple[Means, Means]) -> tuple[Means, Means]:
    return sums.merge(a[0], b[0]), sums.merge(a[1], b[1])


def finish(
    context: Context, plan: tuple[Gradients, Gradients], state: tuple[Means, Means]
) -> list[tuple[GradientImportance, GradientImportance]]:
    """Return the attributions of both models on the sampled rows, for every gradient method.

    The means of saliency and gradient x input are over all rows.
    """
    over = [_means_over(one) for one in state]
    return [
        (replace(network, over=over[0].get(network.method)), replace(linear, over=over[1].get(linear.method)))
        for network, linear in run(context)
    ]


STREAM = Stream(start, update, merge, finish, of="derivatives")


def start_gradients(bound: BoundModel) -> Gradients:
    bound = through(bound)
    spread, start, line = covariances(bound), baseline_of(bound, "mean"), None
    if bound.is_linear:
        slope = bound.gradients(bound.x[:1])
        weight = (members(bound)[:, :, None] * slope[0][:, None, :]).reshape(len(start), -1)
        line = Line(sizes(bound, slope, spread)[0], weight, start @ weight)
    return Gradients(spread, start, line)


def update_gradients(plan: Gradients, bound: BoundModel) -> Callable[[Block], Means]:
    """Return a function that computes sums over a block of rows, with shape (3, columns, k).

    The three quantities that are summed are the gradient size, gradient x input, and the absolute value of gradient x input.
    """
    head = through(bound)
    member, weights = members(head), bound.table.weights

    def update(block: Block) -> Means:
        x, w = head.x[block.rows], None if weights is None else weights[block.rows]
        if plan.line is not None:
            size = plan.line.size[None]
            moved = (x @ plan.line.weight - plan.line.start).reshape(-1, *size.shape[1:])
        else:
            gradient = pulled(bound, head, block.rows, block.slopes)
            size, shift = sizes(head, gradient, plan.spread), x - plan.start
            slopes = np.moveaxis(gradient, 2, 0)
            moved = np.stack([np.multiply(shift, one) @ member for one in slopes], axis=2)
        size, moved = known(head, np.broadcast_to(size, moved.shape)), known(head, moved)
        return sums.beside([sums.update(sums.start(size.shape[1:]), one, w) for one in (size, moved, np.abs(moved))])

    return update


def _means_over(state: Means) -> dict[str, tuple[int, Estimates, Estimates]]:
    """Return, for each method, the number of rows, the mean attribution and the mean absolute attribution."""
    found = sums.finish(state)
    return {
        "saliency": (state.rows, found[0], found[0]),  # a size equals its absolute value
        "gradient_x_input": (state.rows, found[1], found[2]),
    }


# ---- derivatives of terms


def update_derivatives(terms: Sequence[AnyTerm], bound: BoundModel) -> Means:
    """Return sums over rows (3, terms, k) of derivatives (or contrasts), and of indicators of positive and negative values."""
    return _sums(row_derivatives(bound, terms), bound.table.weights)


def update_slopes(terms: Sequence[Slope], bound: BoundModel) -> Callable[[Block], Means]:
    """Return a function that computes the sums of `update_derivatives` over a block of rows, from gradients only."""
    of_rows, weights = slope_derivatives(bound, terms), bound.table.weights
    return lambda block: _sums(of_rows(block.slopes, block.rows), None if weights is None else weights[block.rows])


def _sums(derivative: FloatArray, weights: FloatArray | None) -> Means:
    with np.errstate(invalid="ignore"):
        signs = [np.where(np.isnan(derivative), np.nan, one) for one in (derivative > 0, derivative < 0)]
    both = np.stack([derivative, *signs], axis=1)
    return sums.update(sums.start(both.shape[1:]), both, weights)


def mean_derivatives(terms: Sequence[AnyTerm], bound: BoundModel) -> tuple[Estimates, FloatArray]:
    """Return the mean derivatives (terms, k), and the shares of rows with a derivative of the opposite sign to the mean.

    If rows come in groups, the standard errors treat each group as one observation.
    """
    mean, flips = finish_derivatives(update_derivatives(terms, bound))
    if bound.table.groups is not None:
        mean = sums.mean_over_rows(row_derivatives(bound, terms), bound.table.weights, bound.table.groups)
    return mean, flips


def finish_derivatives(state: Means) -> tuple[Estimates, FloatArray]:
    """Return the mean derivatives (terms, k), and the shares of rows with a derivative of the opposite sign to the mean."""
    found = sums.finish(state)
    mean = found[0]
    above, below = found.value[1], found.value[2]
    with np.errstate(invalid="ignore"):
        flips = np.where(mean.value > 0, below, np.where(mean.value < 0, above, 0.0))
    return mean, np.where(np.isnan(mean.value), np.nan, flips)
