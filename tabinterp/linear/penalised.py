"""Penalised regressions on standardised columns, fitted with scikit-learn or SciPy. The L2 penalty is chosen by cross-validation.

The models are logistic or multinomial regression for classes, ridge regression for numbers, and Poisson regression for counts.
The rows of a group are always in the same fold.

For classification, the penalty is chosen on at most 10,000 randomly selected rows. Penalties are tried from strong to weak until
the loss rises, and each fit starts from the solution for the previous penalty in the same fold. A subsample is sufficient,
because the penalty corresponds to the width of a prior, and this width does not depend on the number of rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge, RidgeCV
from sklearn.metrics import mean_poisson_deviance
from sklearn.model_selection import StratifiedKFold

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.stats.weights import unit
from tabinterp.table import Table
from tabinterp.table.folds import by_group
from tabinterp.table.hash_sampling import chosen

STRENGTHS = np.logspace(-4, 2, 7)
FOLDS = 5
ITERATIONS = 1000
SEARCHED = 10_000
SMALL_HESSIAN = 500  # most columns for Newton's method; with more, its n d^2 products take longer than L-BFGS


def fit_penalised(x: FloatArray, y: Any, table: Table, seed: int) -> Any:
    """Fit a logistic, multinomial, ridge or Poisson regression with a penalty chosen by cross-validation.

    Parameters
    ----------
    x : (rows, d)
        Standardised columns.
    y : (rows,)
        Targets. Classes can be labels of any type.
    table : Table
        The same rows as a table, from which classes, weights and groups are taken.
    """
    weights = relative_weights(table)
    if table.schema.task == "regression":
        return Ridge(alpha=fit_numbers(x, y, weights, seed, table.groups).alpha_).fit(x, y, sample_weight=weights)
    if table.schema.task == "count":
        return fit_counts(x, y, np.ones(len(y)) if weights is None else weights, seed, table.groups)
    model = logistic(len(table.schema.classes), x.shape[1], strength_of(x, table, seed))
    return fit_quietly(model, x, y, weights)


def relative_weights(table: Table) -> FloatArray | None:
    """Return the row weights (n,), scaled to mean 1, or None if the table has no weights. The scaling makes the penalty
    independent of the unit of the weights.
    """
    return None if table.weights is None else unit(table.weights, len(table))


def logistic(classes: int, width: int, strength: float) -> LogisticRegression:
    """Return an unfitted logistic regression. It uses Newton's method for two classes if the Hessian is small, and L-BFGS
    otherwise.
    """
    solver = "newton-cholesky" if classes == 2 and width <= SMALL_HESSIAN else "lbfgs"
    return LogisticRegression(C=strength, solver=solver, max_iter=ITERATIONS, warm_start=True)


def fit_quietly(model: Any, x: FloatArray, y: Any, weights: FloatArray | None) -> Any:
    """Fit a scikit-learn model, and suppress its convergence warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, y, sample_weight=weights)


def strength_of(x: FloatArray, table: Table, seed: int) -> float:
    """Return the value of C (inverse penalty) with the lowest cross-validated log loss."""
    rows = chosen(table.numbers, SEARCHED, seed)
    codes = table.y[rows].astype(np.int64)
    classes = len(table.schema.classes)
    groups = None if table.groups is None else table.groups[rows]
    if np.bincount(codes, minlength=classes).min() < 2:
        raise NotApplicableError(
            why("a refit chooses its penalty by cross-validation, which needs two training rows of every class")
        )
    parts = parts_of(codes, groups, range(classes), seed)
    if not parts:
        raise NotApplicableError(why("penalty.class_in_few_groups"))
    x = x[rows].astype(np.float32)  # twice as fast; only the losses are compared
    relative = relative_weights(table)
    weights = None if relative is None else relative[rows]
    models = [logistic(classes, x.shape[1], 1.0) for _ in parts]
    best, lowest = float(STRENGTHS[0]), np.inf
    for strength in STRENGTHS:
        losses = []
        for model, (train, test) in zip(models, parts, strict=True):
            at = [None if weights is None else weights[part] for part in (train, test)]
            fit_quietly(model.set_params(C=strength), x[train], codes[train], at[0])
            losses.append(mean_log_loss(model.predict_proba(x[test]), codes[test], at[1]))
        if np.mean(losses) > lowest:
            break
        best, lowest = float(strength), float(np.mean(losses))
    return best


def fit_classes(
    x: FloatArray, codes: IntArray, weights: FloatArray | None, parts: Sequence[tuple[IntArray, IntArray]]
) -> LogisticRegression:
    """Fit a multinomial regression with the penalty that has the lowest log loss in the cross-validation `parts`.

    The result equals that of scikit-learn's `LogisticRegressionCV`, whose cross-validation takes twice as long.
    """
    w = np.ones(len(x)) if weights is None else weights
    classes, losses = int(codes.max()) + 1, np.zeros(len(STRENGTHS))
    starts = np.zeros((len(STRENGTHS), classes, x.shape[1] + 1))
    for train, test in parts:
        path = _multinomial_path(x[train], codes[train], w[train], classes)
        starts += path / len(parts)
        judged = x[test]
        for place, fitted in enumerate(path):
            probabilities = softmax(judged @ fitted[:, :-1].T + fitted[:, -1], axis=1)
            losses[place] += mean_log_loss(probabilities, codes[test], w[test])
    best = int(np.argmin(losses))
    model = LogisticRegression(C=float(STRENGTHS[best]), max_iter=ITERATIONS, warm_start=True)
    model.coef_, model.intercept_ = starts[best, :, :-1], starts[best, :, -1]
    return fit_quietly(model, x, codes, weights)


def _multinomial_path(x: FloatArray, codes: IntArray, weights: FloatArray, classes: int) -> FloatArray:
    """Return, for each penalty, the coefficients and the intercept of each class (strengths, k, d + 1). Each fit starts from the
    one before it.

    The objective and the stopping rules are those of scikit-learn's `LogisticRegression`. The scores of each class are contiguous
    in memory, so that NumPy computes exponentials, and sums over classes, for several rows at a time.
    """
    share, own = weights / weights.sum(), (codes, np.arange(len(x)))

    def objective(flat: FloatArray, penalty: float) -> tuple[float, FloatArray]:
        parameters = flat.reshape(classes, -1)
        slopes = parameters[:, :-1]
        scores = slopes @ x.T
        scores += parameters[:, -1:]
        scores -= scores.max(axis=0)
        told = scores[own]
        np.exp(scores, out=scores)
        sums = scores.sum(axis=0)
        loss = share @ (np.log(sums) - told) + 0.5 * penalty * np.sum(slopes**2)
        scores *= share / sums
        scores[own] -= share
        gradient = np.column_stack([scores @ x + penalty * slopes, scores.sum(axis=1)])
        return float(loss), gradient.ravel()

    path = [np.zeros((classes, x.shape[1] + 1))]
    for strength in STRENGTHS:
        found = minimize(
            objective,
            path[-1].ravel(),
            args=(1 / (strength * weights.sum()),),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": ITERATIONS, "maxls": 50, "gtol": 1e-4, "ftol": 64 * np.finfo(np.float64).eps},
        )
        path.append(found.x.reshape(classes, -1))
    return np.array(path[1:])


def mean_log_loss(probabilities: FloatArray, codes: IntArray, weights: FloatArray | None) -> float:
    """Return the mean log loss of probabilities (n, k) for the true classes `codes` (n,), numbered from 0.

    The result equals that of scikit-learn's `log_loss`. That function is not used, because its checks would take longer than
    fitting a model to a small fold.
    """
    told = probabilities[np.arange(len(codes)), codes]
    rounding = np.finfo(told.dtype).eps
    return -float(np.average(np.log(np.clip(told, rounding, 1 - rounding)), weights=weights))


def parts_of(
    strata: IntArray, groups: IntArray | None, needed: Sequence[int], seed: int
) -> list[tuple[IntArray, IntArray]]:
    """Return the folds of a cross-validation, each as the positions of the fitting rows and of the scored rows.

    There are at most five folds. The rows of each stratum in `strata` (rows,) are spread evenly over the folds, and rows with the
    same number in `groups` (rows,) are in the same fold. The list is empty if the fitting rows cannot contain every stratum in
    `needed`.
    """
    if groups is not None:
        return by_group(strata, groups, needed, FOLDS, seed)
    count = min(FOLDS, *(int((strata == one).sum()) for one in needed))
    if count < 2:
        return []
    return list(StratifiedKFold(count, shuffle=True, random_state=seed).split(strata, strata))


def fit_numbers(
    x: FloatArray, y: FloatArray, weights: FloatArray | None, seed: int, groups: IntArray | None
) -> RidgeCV:
    """Fit a ridge regression with the penalty that minimises the squared error.

    The error is estimated by leave-one-out cross-validation or, if `groups` are given, with at most five folds.
    """
    strengths = len(x) * np.logspace(-7, 1, 17)
    if groups is not None:
        parts = by_group(np.zeros(len(x), dtype=np.int64), groups, [0], FOLDS, seed)
        if not parts:
            raise NotApplicableError(why("penalty.one_group"))
        w = np.ones(len(x)) if weights is None else weights
        errors = np.sum([_squared_errors(x, y, w, *part, strengths) for part in parts], axis=0)
        strengths = strengths[[int(np.argmin(errors))]]
    return RidgeCV(alphas=strengths).fit(x, y, sample_weight=weights)


def _squared_errors(
    x: FloatArray, y: FloatArray, weights: FloatArray, fitted: IntArray, judged: IntArray, strengths: FloatArray
) -> FloatArray:
    """Return, for each penalty (strengths,), the weighted sum of squared errors on the scored rows.

    `fitted` and `judged` are the positions of the fitting rows and of the scored rows. One eigendecomposition is used for all
    penalties.
    """
    w = weights[fitted]
    centre, mean = np.average(x[fitted], axis=0, weights=w), np.average(y[fitted], weights=w)
    moved = x[fitted] - centre
    values, vectors = np.linalg.eigh(moved.T @ (w[:, None] * moved))
    along = vectors.T @ (moved.T @ (w * (y[fitted] - mean)))
    coefficients = vectors @ (along[:, None] / (np.maximum(values, 0.0)[:, None] + strengths))
    left = y[judged, None] - mean - (x[judged] - centre) @ coefficients
    return np.asarray(weights[judged] @ left**2)


def fit_counts(
    x: FloatArray, y: FloatArray, weights: FloatArray, seed: int, groups: IntArray | None
) -> PoissonRegressor:
    """Fit a Poisson regression with the penalty that minimises the cross-validated weighted deviance.

    Rows with a count of zero are spread evenly over the folds. The rows of a group are in the same fold.
    """
    counted = (y > 0).astype(np.int64)
    if counted.sum() < 2:
        raise NotApplicableError(
            why(
                "a linear counterpart chooses its penalty by cross-validation, which needs two training rows with a count above 0"
            )
        )
    parts = parts_of(counted, groups, [1], seed)
    if not parts:
        raise NotApplicableError(why("penalty.counts_in_one_group"))
    penalties = 1 / (STRENGTHS * len(y))  # penalties on the mean loss; C applies to its sum

    def fit(penalty: float, rows: Any) -> PoissonRegressor:
        made = PoissonRegressor(alpha=penalty, solver="newton-cholesky", max_iter=ITERATIONS, tol=1e-8)
        return made.fit(x[rows], y[rows], sample_weight=weights[rows])

    def loss(penalty: float) -> float:
        losses = [
            (weights[b].sum(), mean_poisson_deviance(y[b], _rates(fit(penalty, a), x[b]), sample_weight=weights[b]))
            for a, b in parts
        ]
        return float(np.average([one for _, one in losses], weights=[w for w, _ in losses]))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fit(penalties[int(np.argmin([loss(penalty) for penalty in penalties]))], slice(None))


def _rates(fitted: PoissonRegressor, x: FloatArray) -> FloatArray:
    """Return the expected counts. The log rate is limited to ±100, because its exponential could overflow for rows far outside
    the range of the rows to which the model was fitted.
    """
    return np.asarray(np.exp(np.clip(x @ fitted.coef_ + fitted.intercept_, -100, 100)))
