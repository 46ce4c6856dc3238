"""Penalised fits to the target on a given basis: L2, its strength by cross-validation on the training rows alone.

The grid, the folds (rows of a group in one fold) and the standardised columns are the counterpart's (`linear.counterpart`).
Classes: logistic or multinomial; the strength is chosen on at most 10,000 seeded rows, from strong to weak, each fold going on
from its last fit, until the loss rises (a penalty is the width of a prior, which does not depend on the number of rows).
Numbers and counts: ridge and Poisson, as the counterpart's.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from tabinterp.arrays import FloatArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.linear.counterpart import ITERATIONS, STRENGTHS, fit_counts, fit_numbers, mean_log_loss, parts_of
from tabinterp.models.scores import CLIP
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen

from .basis import LARGEST, Basis

SEARCHED = 10_000
SMALL_HESSIAN = 500  # columns up to which it is made: beyond, its n d^2 products are more than the passes of L-BFGS


def fit_null(table: Table) -> Pipeline:
    """The intercept alone: shares of the classes, or the mean."""
    model = DummyClassifier(strategy="prior") if table.schema.goal.classes else DummyRegressor()
    return Pipeline([("model", model.fit(table.inputs, _target(table), sample_weight=table.weights))])


def fit(basis: Basis, table: Table, seed: int) -> Pipeline:
    """A fitted pipeline from original columns to the target, on the rows of `table`, all of them training rows."""
    columns = table.inputs[list(basis.columns)]
    scaler = StandardScaler()
    x, y = scaler.fit_transform(basis.design(columns)), _target(table)
    if table.schema.task == "regression":
        search = fit_numbers(x, y, table.weights, seed, table.groups)
        model = Ridge(alpha=search.alpha_).fit(x, y, sample_weight=table.weights)
    elif table.schema.task == "count":
        model = fit_counts(x, y, table.row_weights, seed, table.groups)
    else:
        model = _logistic(len(table.schema.classes), x.shape[1], strength_of(x, table, seed))
        model = _fitted(model, x, y, table.weights)
    return Pipeline([("basis", basis.transformer), ("scale", scaler), ("model", model)])


def scores(pipeline: Pipeline, table: Table) -> FloatArray:
    """(rows, k) scores of a fitted pipeline in the table's order of classes: log-odds, centred logits, values, log rates."""
    if not table.schema.goal.classes:
        values = np.asarray(pipeline.predict(table.inputs), dtype=np.float64).reshape(-1, 1)
        return np.log(np.clip(values, CLIP, LARGEST)) if table.schema.task == "count" else values
    known = list(pipeline.classes_)
    order = [known.index(c) for c in table.schema.classes]
    if hasattr(pipeline[-1], "decision_function"):
        logits = np.asarray(pipeline.decision_function(table.inputs), dtype=np.float64)
        if logits.ndim == 1:
            logits = np.column_stack([np.zeros(len(logits)), logits])
    else:
        logits = np.log(np.maximum(pipeline.predict_proba(table.inputs), np.finfo(float).tiny))
    logits = logits[:, order]
    return logits[:, 1:] - logits[:, :1] if len(order) == 2 else logits - logits.mean(axis=1, keepdims=True)


def _target(table: Table) -> Any:
    return table.frame[table.schema.target].to_numpy() if table.schema.goal.classes else table.y


def _logistic(classes: int, width: int, strength: float) -> LogisticRegression:
    """Newton's method where the Hessian is small, one logit of few columns; L-BFGS otherwise."""
    solver = "newton-cholesky" if classes == 2 and width <= SMALL_HESSIAN else "lbfgs"
    return LogisticRegression(C=strength, solver=solver, max_iter=ITERATIONS, warm_start=True)


def _fitted(model: LogisticRegression, x: FloatArray, y: Any, weights: FloatArray | None) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, y, sample_weight=weights)


def strength_of(x: FloatArray, table: Table, seed: int) -> float:
    """The C of the lowest cross-validated log loss."""
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
    x, weights = x[rows], None if table.weights is None else table.weights[rows]
    models = [_logistic(classes, x.shape[1], 1.0) for _ in parts]
    best, lowest = float(STRENGTHS[0]), np.inf
    for strength in STRENGTHS:
        losses = []
        for model, (train, test) in zip(models, parts, strict=True):
            at = [None if weights is None else weights[part] for part in (train, test)]
            _fitted(model.set_params(C=strength), x[train], codes[train], at[0])
            losses.append(mean_log_loss(model.predict_proba(x[test]), codes[test], at[1]))
        if np.mean(losses) > lowest:
            break
        best, lowest = float(strength), float(np.mean(losses))
    return best
