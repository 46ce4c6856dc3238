"""Maximum-likelihood fits of a multinomial logistic model with row weights, in which some classes can be impossible for some
rows.

Binary logistic regression is the special case of two classes. To compute the limit of a fit with separated classes, some classes
must be made impossible for some rows. `statsmodels.MNLogit` supports neither impossible classes nor weights. Where neither is
needed, tests compare the results with those of statsmodels.

The parameters are a matrix `a` (k - 1, d) of coefficients on the basis, flattened row by row. The logits of the classes are
`basis @ a.T @ contrasts.T`, where `contrasts` has the shape (k, k - 1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, helmert

from tabinterp.stats.estimates import group_sums
from tabinterp.stats.newton import newton

from .design import Bools, Floats, Ints

STEPS = 30  # after more steps, the probabilities of separated rows round to 1, and the fit seems to have converged
STEP_TOLERANCE = 1e-8  # largest change in a margin at convergence, relative to the largest margin
RECESSION = 1e-6  # a decrease of a margin that is a smaller share of the largest increase may be rounding error


@dataclass(frozen=True)
class Likelihood:
    """The likelihood of the classes `y` (n,) given the rows `basis` (n, d), which have the `weights` (n,).

    `possible` (n, k) is a mask of the classes that each row can have. Rows with the same number in `groups` (n,) are dependent.
    If `groups` is None, all rows are treated as independent.
    """

    basis: Floats
    y: Ints
    possible: Bools
    weights: Floats
    contrasts: Floats
    groups: Ints | None = None

    @property
    def size(self) -> int:
        return int(self.basis.shape[1] * self.contrasts.shape[1])

    def with_choice(self) -> Likelihood:
        """Return the likelihood of the rows with more than one possible class. The other rows carry no information."""
        choice = self.possible.sum(axis=1) > 1
        return replace(
            self,
            basis=self.basis[choice],
            y=self.y[choice],
            possible=self.possible[choice],
            weights=self.weights[choice],
            groups=None if self.groups is None else self.groups[choice],
        )

    def logits(self, parameters: Floats) -> Floats:
        """Return the logits (n, k). They are minus infinity for impossible classes."""
        blocks = parameters.reshape(self.contrasts.shape[1], self.basis.shape[1])
        return np.where(self.possible, self.basis @ (blocks.T @ self.contrasts.T), -np.inf)

    def margins(self, parameters: Floats) -> Floats:
        """Return the margins (n, k): for each row, the logit of its own class minus the logit of each class. The margin is 0 for
        impossible classes.
        """
        logits = self.logits(parameters)
        own = logits[np.arange(len(self.y)), self.y]
        return np.where(self.possible, own[:, None] - np.where(self.possible, logits, 0), 0)

    def log_probabilities(self, parameters: Floats) -> Floats:
        logits = self.logits(parameters)
        logits -= logits.max(axis=1, keepdims=True)
        result: Floats = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return result

    def value(self, log_probabilities: Floats) -> float:
        return float(self.weights @ log_probabilities[np.arange(len(self.y)), self.y])

    def residuals(self, probabilities: Floats) -> Floats:
        """Return the weighted residuals (n, k - 1): weight * (outcome - probability), multiplied by the matrix of contrasts."""
        outcome = np.zeros_like(probabilities)
        outcome[np.arange(len(self.y)), self.y] = 1
        result: Floats = self.weights[:, None] * ((outcome - probabilities) @ self.contrasts)
        return result

    def gradient(self, probabilities: Floats) -> Floats:
        return (self.residuals(probabilities).T @ self.basis).ravel()

    def information(self, probabilities: Floats) -> Floats:
        """Return the Fisher information (size, size). Observed and expected information are equal for the logit link."""
        d, blocks = self.basis.shape[1], self.contrasts.shape[1]
        means = probabilities @ self.contrasts
        result = np.empty((blocks, d, blocks, d))
        for a in range(blocks):
            for b in range(a + 1):
                products = probabilities @ (self.contrasts[:, a] * self.contrasts[:, b])
                curvature = self.weights * (products - means[:, a] * means[:, b])
                block = self._weighted_square(curvature, positive=a == b)
                result[a, :, b, :] = block
                result[b, :, a, :] = block
        return result.reshape(self.size, self.size)

    def _weighted_square(self, curvature: Floats, *, positive: bool) -> Floats:
        """Return basis' diag(curvature) basis. If no curvature is negative, pass `positive=True`, which halves the computing
        time.
        """
        if not positive:
            return np.asarray((self.basis * curvature[:, None]).T @ self.basis)
        root = self.basis * np.sqrt(np.maximum(curvature, 0))[:, None]
        return np.asarray(root.T @ root)

    def meat(self, probabilities: Floats) -> Floats:
        """Return the middle matrix of the sandwich estimator: the sum of the outer products of the weighted scores of rows or of
        groups.
        """
        residuals = self.residuals(probabilities)
        if self.groups is not None:
            shape = (len(residuals), self.size)
            scores = group_sums((residuals[:, :, None] * self.basis[:, None, :]).reshape(shape), self.groups)
            return np.asarray(scores.T @ scores)
        result = np.zeros((self.size, self.size))
        for start in range(0, len(residuals), 4096):
            rows = slice(start, start + 4096)
            scores = residuals[rows, :, None] * self.basis[rows, None, :]
            scores = scores.reshape(-1, self.size)
            result += scores.T @ scores
        return result


@dataclass(frozen=True)
class Maximum:
    """The maximum of a likelihood: the `parameters` (size,), their Fisher `information`, and whether the logits converged. If
    `maximise` was called with a span, the information refers to directions in this span.

    `recession` (size,) is a direction of recession, or None if the iterations found none. In such a direction, the likelihood
    increases without reaching a maximum.
    """

    parameters: Floats
    information: Floats
    probabilities: Floats
    converged: bool
    recession: Floats | None = None


def contrasts(n_classes: int) -> Floats:
    """Return the contrasts (k, k - 1), which convert parameters to the logits of the classes.

    For two classes, the contrast is the log-odds of the second class. For more classes, the contrasts are an orthonormal basis of
    centred logits.
    """
    if n_classes == 2:
        return np.array([[-0.5], [0.5]])
    return np.asarray(helmert(n_classes).T, dtype=np.float64)


def maximise(likelihood: Likelihood, span: Floats | None) -> Maximum:
    """Maximise the likelihood by Newton's method with step halving.

    The likelihood is maximised over all parameters. With an orthonormal `span` (size, q), it is maximised only over parameters of
    the form `span @ theta`.

    The log-likelihood is concave. If it has no maximum at finite parameters (Albert and Anderson 1984), each Newton step changes
    some logits by about one, and the steps converge to a direction of recession. A step in such a direction proves that there is
    no such maximum. A step that changes no logit shows that the maximum has been reached.
    """
    converged, steps = False, 0
    recession: Floats | None = None

    def evaluate(parameters: Floats) -> tuple[float, Floats | None]:
        logs = likelihood.log_probabilities(parameters)
        return -likelihood.value(logs), _newton_step(likelihood, np.exp(logs), span)

    def is_last(step: Floats, parameters: Floats) -> bool:
        nonlocal converged, recession, steps
        steps += 1
        margins = likelihood.margins(step)
        largest = np.abs(likelihood.margins(parameters)).max()
        converged = bool(np.abs(margins).max() < STEP_TOLERANCE * (1 + largest))
        if not converged and margins.min() >= -RECESSION * margins.max():
            recession = step
        return converged or recession is not None or steps == STEPS

    parameters, _ = newton(np.zeros(likelihood.size), evaluate, is_last)
    probabilities = np.exp(likelihood.log_probabilities(parameters))
    information = likelihood.information(probabilities)
    if span is not None:
        information = span.T @ information @ span
    return Maximum(parameters, information, probabilities, converged, recession)


def _newton_step(likelihood: Likelihood, probabilities: Floats, span: Floats | None) -> Floats | None:
    gradient, information = likelihood.gradient(probabilities), likelihood.information(probabilities)
    if span is not None:
        gradient, information = span.T @ gradient, span.T @ information @ span
    try:
        step = np.asarray(cho_solve(cho_factor(information), gradient))
    except LinAlgError:
        return None
    return step if span is None else span @ step
