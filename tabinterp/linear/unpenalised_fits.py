"""Unpenalised fits of the linear counterpart by least squares or maximum likelihood, on an orthogonal basis."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import statsmodels.api as sm
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh, orth

from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.stats.estimates import group_sums, units_of

from .design import Basis, Design, Floats, Ints
from .multinomial import Likelihood, Maximum, contrasts, maximise
from .separation import Cause, determined, strike_empty_levels, strike_separated

Covariance = Literal["model", "robust", "cluster"]

EXACT = 1e-20  # a fit is exact if its residuals have less than this share of the target's variance


@dataclass(frozen=True)
class Fit:
    """The result of a fit: the coefficients of the basis vectors, with their covariance.

    Parameters
    ----------
    parameters : (m,)
        The coefficients.
    covariance : (m, m) or None
        The covariance of the coefficients; None if it cannot be computed.
    view : (outputs, m / (r + 1))
        Matrix that combines the blocks of coefficients into one block for each output. A block contains r + 1 coefficients, one
        for each basis vector.
    null : (m, q), optional
        Orthonormal directions in coefficient space along which there is no finite estimate. `causes` states why.
    unsure : (m, q), optional
        Orthonormal directions in coefficient space along which there is no standard error.
    df_residual : float, optional
        Residual degrees of freedom; None if the normal distribution is used.
    """

    parameters: Floats
    covariance: Floats | None
    view: Floats
    converged: bool
    rows_separated: int = 0
    null: Floats | None = None
    unsure: Floats | None = None
    causes: Sequence[Cause] = ()
    df_residual: float | None = None
    r2: float | None = None


def least_squares(basis: Basis, y: Floats, weights: Floats, kind: Covariance, groups: Ints | None = None) -> Fit:
    """Fit `y` (n,) by weighted least squares with statsmodels.

    The covariance "model" treats weights as frequencies, and "robust" is the HC1 estimator. For "cluster", the scores are summed
    within `groups` (n,).

    Raises
    ------
    NotApplicableError
        If no degrees of freedom are left for the error, or the target is constant.
    """
    n, d = basis.vectors.shape
    rows = float(weights.sum()) if kind == "model" else float(n)
    if n <= d or rows <= d:
        raise NotApplicableError(why("inference.rows", rows=n, coefficients=d))
    mean = float(np.average(y, weights=weights))
    spread = float(np.abs(y - mean).max())
    if spread <= 8 * np.finfo(float).eps * abs(mean):
        raise NotApplicableError(why("no inference: the target is constant"))
    centred = (y - mean) / spread
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = sm.WLS(centred, basis.vectors, weights=weights).fit()
    residuals, inverse = centred - basis.vectors @ result.params, np.asarray(result.normalized_cov_params)
    left, total = float(weights @ residuals**2), float(weights @ centred**2)
    covariance = None
    if left > EXACT * total:
        scores = basis.vectors * (weights * residuals)[:, None]
        scores = scores if groups is None else group_sums(scores, groups)
        sandwich = inverse @ (scores.T @ scores) @ inverse * small_sample(n, d, groups)
        covariance = spread**2 * (inverse * left / (rows - d) if kind == "model" else sandwich)
    parameters = spread * np.asarray(result.params)
    parameters[0] += mean
    return Fit(
        parameters,
        covariance,
        view=np.ones((1, 1)),
        converged=True,
        unsure=None if kind == "model" else single_draws(basis.vectors, inverse, weights, groups),
        df_residual=rows - d if groups is None else units_of(n, groups) - 1,
        r2=1 - left / total,
    )


def small_sample(rows: int, coefficients: int, groups: Ints | None) -> float:
    """Return the small-sample correction of a sandwich estimator.

    The correction is that of HC1 or, with groups, that of CR1 (MacKinnon & White 1985; Cameron & Miller 2015).
    """
    left = rows - coefficients
    if groups is None:
        return rows / left
    units = len(np.unique(groups))
    return units / (units - 1) * (rows - 1) / left


def single_draws(vectors: Floats, inverse: Floats, weights: Floats, groups: Ints | None = None) -> Floats | None:
    """Return orthonormal directions (m, q) in coefficient space that a single row or a single group of rows determines. Return
    None if there are none.

    A row determines a direction if its leverage is one. A group determines a direction v if it contains all the information about
    v: M_g v = M v, where M is the information matrix of all rows and M_g is that of the group.
    """
    if groups is not None:
        return _single_groups(vectors, inverse, weights, groups)
    responses = vectors @ inverse
    alone = weights * (responses * vectors).sum(axis=1) > 1 - 1e-9
    return np.asarray(orth(responses[alone].T)) if alone.any() else None


def _single_groups(vectors: Floats, inverse: Floats, weights: Floats, groups: Ints) -> Floats | None:
    leverage = weights * np.einsum("nd,dm,nm->n", vectors, inverse, vectors)
    whole, found = (vectors * weights[:, None]).T @ vectors, []
    for group in np.flatnonzero(
        np.bincount(groups, leverage) > 1 - 1e-9
    ):  # this is the sum of the group's eigenvalues, so at most d groups qualify
        rows = groups == group
        own = (vectors[rows] * weights[rows, None]).T @ vectors[rows]
        values, directions = eigh(own, whole)
        found.append(directions[:, values > 1 - 1e-9])
    alone = np.hstack(found) if found else np.zeros((vectors.shape[1], 0))
    return np.asarray(orth(alone)) if alone.shape[1] else None


def maximum_likelihood(
    design: Design,
    basis: Basis,
    y: Ints,
    weights: Floats,
    kind: Covariance,
    *,
    centred: bool,
    groups: Ints | None = None,
) -> Fit:
    """Return the maximum-likelihood fit or, if classes are separated, its limit.

    `y` (n,) contains every class from 0 to the largest class at least once. If `centred` is true, there is one output per class,
    and outputs are centred over the classes. Otherwise the only output is the log-odds of class 1.
    """
    k = int(y.max()) + 1
    possible, causes = strike_empty_levels(design, y, np.ones((len(y), k), dtype=bool))
    likelihood = Likelihood(basis.vectors, y, possible, weights, contrasts(k), groups)
    limit = _limit(likelihood)
    while not limit.maximum.converged and len(limit.rest.y):
        possible, moved = strike_separated(likelihood, limit.maximum)
        if not moved.any():
            break
        causes.append(Cause(int(moved.sum()), tuple(int(c) for c in np.unique(y[moved]))))
        likelihood = replace(likelihood, possible=possible)
        limit = _limit(likelihood)
    return Fit(
        parameters=limit.maximum.parameters,
        covariance=limit.covariance(kind),
        view=likelihood.contrasts if centred else np.ones((1, 1)),
        converged=limit.maximum.converged,
        rows_separated=len(y) - len(limit.rest.y),
        null=limit.null,
        unsure=limit.single_groups() if groups is not None else None,
        causes=causes,
        df_residual=None if groups is None else units_of(len(y), groups) - 1,
    )


@dataclass(frozen=True)
class _Limit:
    """The limit of a fit: the maximum of the likelihood of the rows with more than one possible class. The parameters are
    restricted to the directions `span` that these rows determine.
    """

    rest: Likelihood
    maximum: Maximum
    span: Floats | None
    null: Floats | None

    def covariance(self, kind: Covariance) -> Floats | None:
        """Return the covariance of the parameters: the inverse of the information matrix if `kind` is "model", and otherwise a
        sandwich estimator. Return None if the information matrix is singular.
        """
        try:
            inverse = cho_solve(cho_factor(self.maximum.information), np.eye(len(self.maximum.information)))
        except LinAlgError:
            return None
        if kind != "model":
            meat = self.rest.meat(self.maximum.probabilities)
            inverse = inverse @ (meat if self.span is None else self.span.T @ meat @ self.span) @ inverse
        if kind == "cluster":
            inverse = inverse * small_sample(len(self.rest.y), len(inverse), self.rest.groups)
        return np.asarray(inverse if self.span is None else self.span @ inverse @ self.span.T)

    def single_groups(self) -> Floats | None:
        """Return the directions in coefficient space that are each determined by a single group, or None if there are none.

        Along such a direction, the derivatives of the log-likelihood add up to zero over the rows of the group, so the sandwich
        variance would be zero. The result is None if there are more than two classes, because the information of a row is then
        not the outer product of one vector with itself.
        """
        rest, span = self.rest, np.eye(self.rest.size) if self.span is None else self.span
        if rest.groups is None or not len(rest.y) or rest.contrasts.shape[1] > 1:
            return None
        p = self.maximum.probabilities
        information: Floats = np.asarray(rest.weights * p[:, 0] * p[:, 1])
        x = rest.basis @ span
        try:
            inverse = np.linalg.inv((x * information[:, None]).T @ x)
        except np.linalg.LinAlgError:
            return None
        alone = single_draws(x, np.asarray(inverse, dtype=np.float64), information, rest.groups)
        return None if alone is None else np.asarray(span @ alone)


def _limit(likelihood: Likelihood) -> _Limit:
    span, null = determined(likelihood)
    rest = likelihood.with_choice()
    if not len(rest.y):
        none = np.zeros((0, 0))
        nothing = Maximum(np.zeros(likelihood.size), none, np.zeros(rest.possible.shape), converged=False)
        return _Limit(rest, nothing, np.zeros((likelihood.size, 0)), np.eye(likelihood.size))
    return _Limit(rest, maximise(rest, span), span, null)
