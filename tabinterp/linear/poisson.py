"""Maximum-likelihood Poisson regression with a log link, including fits in which some estimates are infinite.

The likelihood has no maximum at finite coefficients if it keeps rising along a direction in coefficient space. Along such a
direction, the log rates of some rows with a count of zero decrease without bound, and the rates of all other rows stay the same.
In the limit, the affected rows have a rate of zero and carry no further information (Correia, Guimarães & Zylkin 2019). Because
the rates of rows with a positive count do not change, the search for such directions is limited to the null space of these rows.
This space has few dimensions, if any, and a small linear programme finds all affected rows.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import statsmodels.api as sm
from scipy.linalg import null_space
from scipy.optimize import linprog

from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError

from .design import Basis, Bools, Design, Floats, Ints
from .separation import Cause, levels
from .unpenalised_fits import Covariance, Fit, single_draws

UNDETERMINED = 1e-9  # singular values below this share of the largest belong to undetermined directions
FALLS = 1e-7  # a smaller decrease of a log rate may be rounding error; the largest possible decrease is 1


def poisson(
    design: Design, basis: Basis, y: Floats, weights: Floats, kind: Covariance, groups: Ints | None = None
) -> Fit:
    """Fit a Poisson regression of the counts `y` (n,) on the vectors of `basis` with statsmodels.

    Rows with a maximum-likelihood rate of zero are left out (see `never_counted`). The covariance "model" assumes that the
    variance equals the mean, and treats weights as frequencies. "robust" is the HC0 sandwich estimator. "cluster" is a sandwich
    estimator in which scores are summed within `groups`. Sandwich estimators are valid for any variance of the counts if the mean
    is specified correctly (Gourieroux, Monfort & Trognon 1984).

    Raises
    ------
    NotApplicableError
        If all counts are zero, too few rows are left for the sandwich estimator, or the fit fails.
    """
    if not (y > 0).any():
        raise NotApplicableError(why("inference.zero", rows=len(y)))
    lost = never_counted(basis.vectors, y)
    vectors, y, weights, causes = basis.vectors[~lost], y[~lost], weights[~lost], _causes(design, y)
    null = _undetermined(vectors)
    span = null_space(null.T, rcond=UNDETERMINED) if null.shape[1] else np.eye(vectors.shape[1])
    groups = None if groups is None else groups[~lost]
    if kind != "model" and len(y) <= span.shape[1]:
        raise NotApplicableError(why("inference.rows", rows=len(y), coefficients=span.shape[1]))
    result = _by_statsmodels(vectors @ span, y, weights, kind, groups)
    covariance = np.asarray(result.cov_params())
    alone = None if kind == "model" else _alone(vectors @ span, result, weights, groups)
    causes += [Cause(int(lost.sum()), ())] if lost.any() else []
    return Fit(
        parameters=span @ np.asarray(result.params),
        covariance=np.asarray(span @ covariance @ span.T) if np.isfinite(covariance).all() else None,
        view=np.ones((1, 1)),
        converged=bool(result.converged),
        rows_separated=int(lost.sum()),
        null=null if null.shape[1] else None,
        unsure=None if alone is None else span @ alone,
        causes=causes,
        df_residual=None if groups is None else len(np.unique(groups)) - 1,
    )


def _by_statsmodels(x: Floats, y: Floats, weights: Floats, kind: Covariance, groups: Ints | None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weighed = {"freq_weights" if kind == "model" else "var_weights": weights}
        model = sm.GLM(y, x, family=sm.families.Poisson(), **weighed)
        try:
            how = {"model": "nonrobust", "robust": "HC0", "cluster": "cluster"}[kind]
            told = None if groups is None else {"groups": groups}
            return model.fit(cov_type=how, cov_kwds=told, tol=1e-12, maxiter=100)
        except ValueError:  # the steps overflowed, which can happen if weights differ by a factor of a million
            raise NotApplicableError(why("no inference: the fit of the counts does not come to an end")) from None


def _alone(x: Floats, result: Any, weights: Floats, groups: Ints | None) -> Floats | None:
    """Return the directions in coefficient space that a single row or group determines, or None if there are none.

    Along such a direction, the derivative of the log-likelihood is zero for the row or group, so the sandwich variance would be
    zero.
    """
    information = weights * np.asarray(result.fittedvalues)
    return single_draws(x, np.linalg.inv((x * information[:, None]).T @ x), information, groups)


def _undetermined(vectors: Floats) -> Floats:
    """Return an orthonormal basis (p, q) of the null space of the matrix `vectors` (n, p).

    `null_space` is applied to the triangular factor of `vectors`, which has the same null space and singular values. Applied
    directly to `vectors`, `null_space` would compute an n by n matrix.
    """
    return np.asarray(null_space(np.linalg.qr(vectors, mode="r"), rcond=UNDETERMINED))


def never_counted(vectors: Floats, y: Floats) -> Bools:
    """Return a mask (n,) of the rows with a count of zero and a maximum-likelihood rate of zero.

    The log rate of such a row decreases without bound along some direction. Along this direction, no rate increases, and the
    rates of rows with a positive count do not change.

    >>> basis = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    >>> never_counted(basis, np.array([2.0, 0.0, 0.0])).tolist()
    [False, False, True]
    """
    zero, lost = np.flatnonzero(y == 0), np.zeros(len(y), dtype=bool)
    free = _undetermined(vectors[y > 0])
    if not free.shape[1] or not len(zero):
        return lost
    moves = vectors[zero] @ free
    moves /= np.maximum(np.abs(moves).max(), 1e-300)
    kinds, which = np.unique(np.round(moves, 9), axis=0, return_inverse=True)
    lost[zero] = _falling(kinds)[which.ravel()]
    return lost


def _falling(moves: Floats) -> Bools:
    """Return a mask (m,) of the rows of `moves` (m, q) whose product with some direction (q,) is negative. Only directions that
    have no positive product with any row are considered.
    """
    m, q = moves.shape
    # maximise the sum of decreases s, 0 <= s <= 1, subject to s + moves @ direction <= 0
    solution = linprog(
        np.concatenate([np.zeros(q), -np.ones(m)]),
        A_ub=np.hstack([moves, np.eye(m)]),
        b_ub=np.zeros(m),
        bounds=[(None, None)] * q + [(0, 1)] * m,
    )
    return np.zeros(m, dtype=bool) if solution.x is None else np.asarray(solution.x[q:] > FALLS)


def _causes(design: Design, y: Floats) -> list[Cause]:
    """Return a `Cause` for each level at which all counts are zero."""
    indicators, owners = levels(design)
    rows, counts = indicators.sum(axis=0), indicators.T @ y
    return [Cause(int(rows[i]), (), *owner) for i, owner in enumerate(owners) if rows[i] > 0 and counts[i] == 0]
