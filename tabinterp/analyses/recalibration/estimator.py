"""Comparison of both models after recalibration: do they differ only in their calibration?

Class weights, resampling and overtraining can shift a model's predicted probabilities without changing how it ranks rows. Such a
shift increases the log loss. To remove its effect from the comparison, each model's score f is replaced by a f + b. For two
classes, this is logistic recalibration (Platt 1999). For more classes, there is one slope a for all classes, and an intercept b
for each class (bias-corrected temperature scaling, Alexandari et al. 2020). The map is fitted by least squares for numeric
targets, and by Poisson regression for counts.

No rows are set aside for recalibration. Instead, the maps are cross-fitted on the held-out rows. Rows are assigned to five folds
by a hash of their row number (or of the number of the first row in their group). The map for each fold is fitted on the other
four folds. For targets with classes and for counts, a prior with the weight of one row shrinks the map towards the identity. The
prior keeps the map finite even if the score separates the classes perfectly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from tabinterp.analyses.context import Context
from tabinterp.analyses.performance.estimator import (
    FEWEST,
    Metric,
    Performance,
    Status,
    groups,
    judged,
    paired,
)
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.models.device import CPU
from tabinterp.models.losses import loss_for
from tabinterp.models.model import BoundModel
from tabinterp.table import Table
from tabinterp.table.class_counts import require_events
from tabinterp.table.folds import folds
from tabinterp.table.hash_sampling import row_hash

FOLDS = 5


@dataclass(frozen=True)
class Recalibrated:
    """The primary metric of both models after recalibration, and the verdict before and after recalibration."""

    metric: Metric
    before: Status
    status: Status
    folds: int
    rows: int

    @property
    def changed(self) -> bool:
        return self.status != self.before


def recalibrated(network: BoundModel, linear: BoundModel, before: Performance, *, seed: int = 0) -> Recalibrated:
    """Recalibrate both models on the same held-out rows and compare them again.

    `before` is the performance without recalibration. Its equivalence margin is also used after recalibration.

    Raises
    ------
    NotApplicableError
        If it is not known which rows were held out, or if there are too few rows, in total or of a class.
    """
    if before.status == "not_assessed":
        raise NotApplicableError(why("models are recalibrated on rows that they were not trained on"))
    order = np.argsort(row_hash(network.table.numbers, seed), kind="stable").astype(np.int64)
    table = network.table.take(order)
    fold = folds(table, seed, FOLDS)
    require_events(table, "held_out")
    if np.bincount(fold, minlength=FOLDS).min() < FEWEST or groups(table).max() + 1 < FEWEST:
        raise NotApplicableError(why("recalibration.few", least=FEWEST))
    scores = np.stack([crossfitted(bound.scores[order], table, fold, network.device) for bound in (network, linear)])
    loss = loss_for(None, table.schema.task)
    metric = paired(loss.name, loss.each(scores, table.y, network.device), table)
    _, _, low, high = metric.difference
    return Recalibrated(metric, before.status, judged(low, high, before.margin), FOLDS, len(table))


def crossfitted(scores: FloatArray, table: Table, fold: IntArray, device: str = CPU) -> FloatArray:
    """Return recalibrated scores (n, k). For the rows in each fold, the map is fitted on the other folds."""
    weights, made = table.row_weights, np.empty_like(scores)
    for one in range(FOLDS):
        inside = fold == one
        rest = ~inside & (weights > 0)
        slope, shift = fit(scores[rest], table.y[rest], weights[rest], table.schema.task, device)
        made[inside] = slope * scores[inside] + shift
    return made


def fit(
    scores: FloatArray, y: FloatArray, weights: FloatArray, task: str, device: str = CPU
) -> tuple[float, FloatArray]:
    """Return the slope and the intercepts (k,) of the map from scores to recalibrated scores, fitted to minimise the loss."""
    centre, spread = scores.mean(axis=0), float(scores.std(axis=0).max())
    if not (len(y) and spread > 0):
        return 1.0, np.zeros(scores.shape[1])
    z = (scores - centre) / spread
    if task == "regression":
        bent, level = np.polyfit(z[:, 0], y, 1, w=np.sqrt(weights))
        return float(bent / spread), np.array([level - bent * centre[0] / spread])
    loss = loss_for(None, task)
    first = np.r_[1.0, np.zeros(scores.shape[1])]
    at, outcome, share, middle, start = (
        torch.as_tensor(one).to(device) for one in (scores[None], y, weights / weights.sum(), centre, first)
    )
    ones = torch.ones(at.shape[:2], device=device)

    def objective(given: Tensor) -> Tensor:
        """Return the mean loss of the recalibrated scores, plus the penalty of the prior.

        `given` contains the slope, followed by the change in the mean of each score. This parametrisation makes the parameters
        nearly independent.
        """
        moved = given[0] * (at - middle) + middle + given[1:]
        return (loss.rows(moved, outcome, ones)[0] * share).sum() + ((given - start) ** 2).sum() / len(y)

    found = _minimised(objective, first, device)
    return float(found[0]), found[1:] + (1 - found[0]) * centre


def _minimised(objective: Callable[[Tensor], Tensor], start: FloatArray, device: str) -> FloatArray:
    def value(x: FloatArray) -> float:
        return float(objective(torch.as_tensor(x).to(device)))

    def gradient(x: FloatArray) -> FloatArray:
        at = torch.as_tensor(x).to(device).requires_grad_(True)
        return np.asarray(torch.autograd.grad(objective(at), at)[0].cpu().numpy())

    def hessian(x: FloatArray) -> FloatArray:
        at = torch.as_tensor(x).to(device)
        return np.asarray(torch.autograd.functional.hessian(objective, at).cpu().numpy())  # type: ignore[no-untyped-call]

    found = minimize(value, start, jac=gradient, hess=hessian, method="trust-exact", options={"gtol": 1e-8})
    return np.asarray(found.x, dtype=np.float64)


def run(context: Context) -> Recalibrated | None:
    """Recalibrate both models of an audit on the evaluated rows, and compare them again."""
    return recalibrated(*context.both(context.evaluated), context.performance, seed=context.seed)
