"""Adverse decisions: the declined rows, the narrowly approved rows for comparison, and the contributions of columns.

Contributions are arrays (rows, columns) in units of the score. A positive contribution makes the adverse decision more likely.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch

from tabinterp.analyses.gradients.estimator import gradient_importance
from tabinterp.analyses.performance.estimator import FEWEST, discordance
from tabinterp.analyses.shapley_values.coalitions import Games
from tabinterp.analyses.shapley_values.permutation_sampling import explain
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, TabinterpError, argument
from tabinterp.models import BoundModel
from tabinterp.models.perturbation import RESOLUTION
from tabinterp.table import Scan, Table
from tabinterp.table.hash_sampling import chosen, row_hash

REFERENCE = 100  # number of narrowly approved rows
EVALUATIONS, MOST = (
    2_000_000,
    16,
)  # network evaluations for one set of lists, if the number of rows allows it; maximum permutations for each pair of rows
TOLERANCE = 1e-2  # tolerance of integrated gradients, which is small enough to order the columns

AnyTable = TypeVar("AnyTable", bound=Table | Scan)
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class Case:
    """The declined rows, followed by the narrowly approved rows, and both models bound to all of these rows.

    `side` is 1 if a higher score makes the adverse decision more likely, otherwise -1.
    """

    network: BoundModel
    linear: BoundModel
    size: int
    found: int
    near: IntArray  # indices of the narrowly approved rows
    mean: FloatArray  # (d,) mean of all rows as the network encodes them
    linear_mean: FloatArray
    side: float
    cut: float
    seed: int
    evaluations: float = EVALUATIONS
    apart_told: bool = True  # whether the number of rows that the linear model also declines may be shown

    @property
    def rows(self) -> IntArray:
        return np.arange(self.size)

    @property
    def table(self) -> Table:
        return self.network.table.take(self.rows)

    @property
    def near_weights(self) -> FloatArray:
        """The weights of the narrowly approved rows (reference rows,)."""
        return self.network.table.row_weights[self.near]

    @property
    def near_mean(self) -> FloatArray:
        return np.asarray(np.average(self.linear.x[self.near], axis=0, weights=self.near_weights))

    def declines(self, scores: FloatArray) -> BoolArray:
        """Return a mask of the scores that lead to an adverse decision.

        If a score equals the threshold, the negative class is predicted.
        """
        return np.asarray((scores > self.cut) == (self.side > 0))


def _with_adverse_side(rows: AnyTable, declined: str) -> AnyTable:
    """Return the table with the adverse class that `declined` names, or the table unchanged if its target is not binary."""
    if declined not in ("negative", "positive"):
        raise TabinterpError(
            f"the deprecated argument 'declined' must be 'negative' or 'positive'; got {argument('declined', declined)}. "
            f"Instead of 'declined', use {argument('adverse')} to name the adverse class when the table is loaded"
        )
    schema = rows.schema
    if schema.task != "binary":
        return rows
    adverse = schema.classes[declined == "positive"]
    if schema.adverse not in (None, adverse):
        raise TabinterpError(
            f"{argument('declined', declined)} names the adverse class {adverse!r}, but the table was read with "
            f"the adverse class {schema.adverse!r}. Leave out {argument('declined')}"
        )
    schema = replace(schema, adverse=adverse)
    stated = replace(rows, schema=schema)
    return replace(stated, sample=replace(stated.sample, schema=schema)) if isinstance(stated, Scan) else stated


def without_declined(rows: AnyTable, declined: str | None, stacklevel: int = 3) -> AnyTable:
    """Set the adverse class of a table from the deprecated argument `declined`, emit a warning, and return the table.

    `declined` is "positive", "negative" or None. If it is None, the table is returned unchanged and there is no warning.
    """
    if declined is None:
        return rows
    stated = _with_adverse_side(rows, declined)
    warnings.warn(
        f"{argument('declined', declined)} is deprecated and will be removed in the next version. Instead, load the table with "
        f"{argument('adverse', stated.schema.adverse)}",
        DeprecationWarning,
        stacklevel=stacklevel,
    )
    return stated


def case_of(
    network: BoundModel,
    linear: BoundModel,
    threshold: float,
    rows: int | None,
    seed: int,
    reference: int = REFERENCE,
    evaluations: float = EVALUATIONS,
) -> Case:
    table, cut = network.table, float(np.log(threshold) - np.log1p(-threshold))
    score, weights, means = network.scores[:, 0], table.row_weights, (network.x, linear.x)
    side = 1.0 if table.schema.compared == 0 else -1.0  # 1 if the adverse class is the positive class
    turned = (score > cut) == (side > 0)
    counts = weights > 0
    down, up = np.flatnonzero(turned & counts), np.flatnonzero(~turned & counts)
    if min(len(down), len(up)) < FEWEST:
        raise NotApplicableError(why("declined.few", least=FEWEST))
    down_drawn = down if rows is None else down[np.sort(chosen(table.numbers[down], rows, seed))]
    nearest = np.lexsort((row_hash(table.numbers[up], seed), np.abs(score[up] - cut)))[:reference]
    both = np.concatenate([down_drawn, up[nearest]])
    mean, linear_mean = (np.asarray(np.average(x, axis=0, weights=weights)) for x in means)
    size, near = len(down_drawn), np.arange(len(down_drawn), len(both))
    apart = discordance(np.stack([network.scores, linear.scores]), table, threshold)
    told = apart.possible is None and apart.margins_told
    models = network.take(both), linear.take(both)
    return Case(*models, size, len(down), near, mean, linear_mean, side, cut, seed, evaluations, told)


# ---- contributions of columns to the adverse decision


def _both_scales(scores: torch.Tensor) -> torch.Tensor:
    return torch.cat([scores, torch.sigmoid(scores)], dim=1)


def interventional(bound: BoundModel, case: Case, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return Shapley values of the log-odds and of the probability, both relative to the narrowly approved rows (rows, columns).

    Both are computed from the same coalitions.
    """
    once = case.size * len(case.near) * 2 * max(1, len(bound.columns) - 1)
    permutations = int(np.clip(case.evaluations // once, 1, MOST))
    found = explain(Games(bound, case.near, _both_scales), case.rows, seed, permutations, None).values
    return _cleaned(case, found[..., 0], bound), _cleaned(case, found[..., 1], bound)


def _baseline(case: Case, mean: FloatArray) -> FloatArray:
    """Return Shapley values (rows, columns) relative to the mean encoded row `mean` (d,)."""
    bound, rows = case.network, np.arange(case.size + 1)  # the last row is replaced by the mean
    one = replace(bound, x=np.vstack([bound.x[: case.size], mean]), table=bound.table.take(rows))
    found = explain(Games(one, rows[-1:], lambda scores: scores), case.rows, case.seed, MOST, None).values
    return _cleaned(case, found[..., 0], bound)


def _gradients(case: Case) -> FloatArray:
    """Return integrated gradients (rows, columns), with the mean of the narrowly approved rows as the baseline."""
    bound = case.network
    weights = np.zeros(len(bound.table))
    weights[case.near] = case.near_weights
    weighed = replace(bound.table, weights=weights)
    found = gradient_importance(replace(bound, table=weighed), weighed, tolerance=TOLERANCE).values[: case.size]
    return _cleaned(case, found[..., 0], bound)


def linear_values(case: Case, mean: FloatArray) -> FloatArray:
    """Return contributions under the linear model (rows, columns): coefficient times difference from `mean`.

    If the encoder mixes columns, the contributions are Shapley values relative to the narrowly approved rows.
    """
    bound = case.linear
    if not bound.is_local(bound.columns):
        return interventional(bound, case, case.seed)[0]
    part = (bound.x[: case.size] - mean) * bound.front.weight.cpu().numpy()[0]
    values = np.stack([part[:, bound.encoding.blocks[c]].sum(axis=1) for c in bound.columns], axis=1)
    return _cleaned(case, values, bound)


def _cleaned(case: Case, values: FloatArray, bound: BoundModel) -> FloatArray:
    """Convert contributions to the score into contributions to the adverse decision, and set rounding errors to zero."""
    tiny = RESOLUTION * max(float(np.abs(values).max()), 1e-300)
    return case.side * np.where(np.abs(values) > tiny, values, 0.0)


def readings(case: Case, main: FloatArray, on_probability: FloatArray) -> dict[str, FloatArray]:
    """Return contributions to the network's decisions (rows, columns), computed with each alternative to the main method.

    The keys of the result are the names of the alternatives.
    """
    bound = case.network
    found = {"seed": interventional(bound, case, case.seed + 1)[0], "scale": on_probability}
    if bound.has_gradient and bound.is_local(bound.columns):
        found["baseline"] = _baseline(case, np.average(bound.x[case.near], axis=0, weights=case.near_weights))
        found["reference"] = _baseline(case, case.mean)
        found["integrated_gradients"] = _gradients(case)
    return found
