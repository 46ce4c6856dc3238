"""Selection of rows by a model, from its scores and the adverse class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tabinterp.analyses.performance.estimator import is_positive
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models import BoundModel
from tabinterp.table.suppression import BoolArray

from .grouped_moments import Moments, clusters, moments


@dataclass(frozen=True, eq=False)
class Decided:
    """Decisions of a model on each row (n,), from which group metrics are computed.

    Parameters
    ----------
    selected : whether the row is selected; for numeric targets, the prediction for the row.
    score : score of the row.
    outcome : whether the outcome of the row is favourable; None for numeric targets.
    weights : weight of the row; None if all weights are equal.
    group : cluster of the row; None if rows are independent.
    """

    selected: FloatArray
    score: FloatArray
    outcome: BoolArray | None
    weights: FloatArray | None
    group: IntArray | None

    def moments(self, cells: IntArray, size: int, values: FloatArray | None = None) -> Moments:
        """Return the moments of `values` (default: `selected`) in the groups `cells` (n,)."""
        return moments(cells, size, self.selected if values is None else values, self.weights, self.group)


def decided(bound: BoundModel, threshold: float, scores: FloatArray | None = None) -> Decided:
    """Return the decisions of a model on its rows. If `scores` (n, k) are given, they replace the model's own scores.

    With two classes, the rows predicted to be in the class `Schema.compared` are selected. For regression and counts, the
    prediction itself is compared.
    """
    table, score = bound.table, (bound.scores if scores is None else scores)[:, 0]
    if table.schema.task != "binary":
        return plain(bound, np.exp(score) if table.schema.task == "count" else score, score, None)
    positive, outcome = is_positive(score, threshold), table.y > 0
    if table.schema.compared == 0:
        positive, outcome = ~positive, ~outcome
    return plain(bound, positive.astype(np.float64), score, outcome)


def plain(bound: BoundModel, selected: FloatArray, score: FloatArray, outcome: BoolArray | None) -> Decided:
    """Return decisions from a given selection of rows, with the weights and clusters of the table."""
    return Decided(selected, score, outcome, bound.table.weights, clusters(bound.table))
