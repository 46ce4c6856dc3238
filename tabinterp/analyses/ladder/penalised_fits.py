"""Pipelines that predict the target from the original columns by a penalised fit on basis functions (`linear.penalised`)."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from tabinterp.arrays import FloatArray
from tabinterp.linear.penalised import fit_penalised
from tabinterp.models.scores import CLIP
from tabinterp.table import Table
from tabinterp.table.hash_sampling import row_hash

from .basis import LARGEST, Basis


def rows_to_fit(table: Table, seed: int) -> Table:
    """Return the training rows with positive weight, in an order that does not depend on the order of the table."""
    training = table.training_rows()
    if training.weights is not None:
        training = training.take(np.flatnonzero(training.weights > 0))  # a fold with only rows of weight 0 has no loss
    return training.take(np.argsort(row_hash(training.numbers, seed), kind="stable").astype(np.int64))


def fit_null(table: Table) -> Pipeline:
    """Fit a model with only an intercept. It predicts the class shares, or the mean of the target."""
    model = DummyClassifier(strategy="prior") if table.schema.goal.classes else DummyRegressor()
    return Pipeline([("model", model.fit(table.inputs, _target(table), sample_weight=table.weights))])


def fit(basis: Basis, table: Table, seed: int) -> Pipeline:
    """Fit a pipeline that predicts the target from the original columns. All rows of `table` are training rows."""
    columns = table.inputs[list(basis.columns)]
    scaler = StandardScaler()
    x, y = scaler.fit_transform(basis.design(columns)), _target(table)
    model = fit_penalised(x, y, table, seed)
    return Pipeline([("basis", basis.transformer), ("scale", scaler), ("model", model)])


def scores(pipeline: Pipeline, table: Table) -> FloatArray:
    """Return the scores (rows, k) of a fitted pipeline: log-odds, centred logits, values of the target, or log rates.

    Classes are in the table's order.
    """
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
