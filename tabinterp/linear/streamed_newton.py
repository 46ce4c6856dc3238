"""Fits of generalised linear models to rows that are read in batches. Each pass over the rows computes the sums for one Newton
step.

The models are least-squares, logistic, multinomial and Poisson regression with canonical links, on standardised encoded columns.
Coefficients have a quadratic penalty; intercepts have none. Loss, gradient and Fisher information are sums over rows, so the sums
of different batches can be added. A step that raises the loss is halved (McCullagh & Nelder 1989).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp, softmax, xlogy

from tabinterp.arrays import FloatArray
from tabinterp.stats.newton import newton

PASSES = 25
TOLERANCE = 1e-5  # of the last step, in score units per standard deviation; the remaining error is about its square
HALVINGS = 8
SLACK = 1e-10  # a smaller relative increase of the loss may be rounding error, because the order of summation varies


@dataclass(frozen=True, eq=False)
class Plan:
    """The parameters of a model, its penalty, and the standardisation of its columns.

    `parameters` (k, d + 1) contains the coefficients of the columns (x - `centre`) / `scale`, followed by the intercept. k is the
    number of classes if there are more than two, and 1 otherwise. The term added to the loss is `penalty` / 2 times the mean
    weight times the sum of squared coefficients.
    """

    task: str
    centre: FloatArray
    scale: FloatArray
    penalty: float
    parameters: FloatArray


@dataclass(frozen=True, eq=False)
class Sums:
    """The loss, its gradient and the Fisher information, summed over rows at the parameters of a plan. They exclude the penalty.

    `gradient` has the shape (k, d + 1), and `information` the shape (k, d + 1, k, d + 1). `mass` is the sum of the weights.
    """

    rows: int
    mass: float
    loss: float
    gradient: FloatArray
    information: FloatArray


def start(plan: Plan) -> Sums:
    """Return the initial sums, all zero, to which the sums of each batch are added."""
    shape = plan.parameters.shape
    return Sums(0, 0.0, 0.0, np.zeros(shape), np.zeros((*shape, *shape)))


def update(plan: Plan, x: FloatArray, y: FloatArray, weights: FloatArray) -> Sums:
    """Return the sums over the given rows `x` (m, d), with targets `y` (m,) and `weights` (m,)."""
    rows = np.column_stack([(x - plan.centre) / plan.scale, np.ones(len(x))])
    score = rows @ plan.parameters.T
    loss, residual, curvature = _derivatives(plan.task, score, y)
    k, d = plan.parameters.shape
    information = np.empty((k, d, k, d))
    for a in range(k):
        for b in range(a + 1):
            block = (rows * (weights * curvature(a, b))[:, None]).T @ rows
            information[a, :, b, :] = block
            information[b, :, a, :] = block.T
    return Sums(
        len(x), float(weights.sum()), float(weights @ loss), (weights[:, None] * residual).T @ rows, information
    )


def merge(a: Sums, b: Sums) -> Sums:
    """Add the sums over two sets of rows."""
    return Sums(
        a.rows + b.rows, a.mass + b.mass, a.loss + b.loss, a.gradient + b.gradient, a.information + b.information
    )


def finish(plan: Plan, sums: Sums) -> tuple[float, FloatArray]:
    """Return the penalised loss at the plan's parameters, and the Newton step (k, d + 1) from these parameters."""
    penalty = (
        plan.penalty * sums.mass / sums.rows * (np.arange(plan.parameters.shape[1]) < plan.parameters.shape[1] - 1)
    )
    gradient = sums.gradient + penalty * plan.parameters
    size = gradient.size
    information = sums.information.reshape(size, size) + np.diag(np.tile(penalty, len(gradient)))
    step = np.linalg.lstsq(information, -gradient.ravel(), rcond=1e-13)[
        0
    ]  # with several classes, a common shift of the intercepts has no effect
    return sums.loss + 0.5 * float((penalty * plan.parameters**2).sum()), step.reshape(gradient.shape)


def fit(plan: Plan, total: Callable[[Plan], Sums]) -> tuple[Plan, bool]:
    """Fit the parameters of a plan to all rows, starting from their current values. Return the plan with the fitted parameters,
    and whether the fit converged.

    `total` is a function that takes a plan, makes one pass over all rows, and returns the sums at the plan's parameters.
    """

    def evaluate(parameters: FloatArray) -> tuple[float, FloatArray]:
        at = replace(plan, parameters=parameters)
        return finish(at, total(at))

    def is_last(step: FloatArray, parameters: FloatArray) -> bool:
        return bool(np.abs(step).max() <= TOLERANCE * max(1.0, float(np.abs(parameters).max())))

    found, converged = newton(plan.parameters, evaluate, is_last, most=PASSES, halvings=HALVINGS, slack=SLACK)
    return replace(plan, parameters=found), converged


def _derivatives(
    task: str, score: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray, Callable[[int, int], FloatArray]]:
    """Return the losses (m,), their derivatives (m, k) with respect to the scores, and a function for second derivatives. This
    function takes the positions of two scores, and returns the second derivatives (m,) with respect to these scores.
    """
    if task == "multiclass":
        p, own = softmax(score, axis=1), np.eye(score.shape[1])[y.astype(np.int64)]
        return (
            logsumexp(score, axis=1) - (own * score).sum(axis=1),
            p - own,
            lambda a, b: p[:, a] * ((a == b) - p[:, b]),
        )
    one = score[:, 0]
    if task == "binary":
        mean = np.exp(-np.logaddexp(0, -one))
        return np.logaddexp(0, one) - y * one, (mean - y)[:, None], lambda a, b: mean * (1 - mean)
    if task == "count":
        mean = np.exp(np.clip(one, -100, 100))
        return mean - y * one + xlogy(y, y) - y, (mean - y)[:, None], lambda a, b: mean
    return 0.5 * (one - y) ** 2, (one - y)[:, None], lambda a, b: np.ones(len(y))
