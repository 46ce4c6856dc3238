"""Selection: which rows a model selects, given its scores and the adverse class."""

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
    """The decisions by which groups are compared, for each row (n,).

    Parameters
    ----------
    selected : whether the row is selected; for numeric targets, its prediction.
    score : its score.
    outcome : whether its outcome is favourable; None for numbers.
    weights : its weight; None if all weights are equal.
    group : its cluster; None if rows are independent.
    """

    selected: FloatArray
    score: FloatArray
    outcome: BoolArray | None
    weights: FloatArray | None
    group: IntArray | None

    def moments(self, cells: IntArray, size: int, values: FloatArray | None = None) -> Moments:
        """Return the moments of `values` (by default, of being selected) in groups of rows."""
        return moments(cells, size, self.selected if values is None else values, self.weights, self.group)


def decided(bound: BoundModel, threshold: float, scores: FloatArray | None = None) -> Decided:
    """Return the decisions of a model on its rows. If `scores` (n, k) are given, they replace the model's own scores.

    For two classes, the selected rows are those predicted to be in the class `Schema.compared`. For numbers and counts, the
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
    """Return decisions for rows that are selected by any other criterion."""
    return Decided(selected, score, outcome, bound.table.weights, clusters(bound.table))
