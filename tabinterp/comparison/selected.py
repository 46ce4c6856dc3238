"""Which rows a model selects, by its scores and the side of a decision that is the adverse one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models import Bound
from ..table.draws import FloatArray, IntArray
from ..table.suppression import BoolArray
from .declined import Declined
from .moments import Moments, clusters, moments

THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class Decided:
    """What groups are judged by: (n,) selected or not (of numbers: predictions), scores, whether the outcome was favourable
    (None of numbers), weights (None: all alike), and which rows belong together (None: no two of them)."""

    selected: FloatArray
    score: FloatArray
    outcome: BoolArray | None
    weights: FloatArray | None
    group: IntArray | None

    def moments(self, cells: IntArray, size: int, values: FloatArray | None = None) -> Moments:
        """Of `values` (selected) in groups of rows."""
        return moments(cells, size, self.selected if values is None else values, self.weights, self.group)


def decided(bound: Bound, threshold: float, declined: Declined, scores: FloatArray | None = None) -> Decided:
    """Of a model's rows: selected or not, for two classes; otherwise what it predicts. `scores` (n, k): not its own."""
    table, score = bound.table, (bound.scores if scores is None else scores)[:, 0]
    if table.schema.task != "binary":
        return plain(bound, np.exp(score) if table.schema.task == "count" else score, score, None)
    positive, outcome = score > np.log(threshold / (1 - threshold)), table.y > 0
    if declined == "positive":
        positive, outcome = ~positive, ~outcome
    return plain(bound, positive.astype(np.float64), score, outcome)


def plain(bound: Bound, selected: FloatArray, score: FloatArray, outcome: BoolArray | None) -> Decided:
    """Of rows that are selected for any other reason."""
    return Decided(selected, score, outcome, bound.table.weights, clusters(bound.table))
