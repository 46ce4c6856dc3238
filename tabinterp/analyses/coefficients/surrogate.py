"""The linear surrogate of a network: a linear fit to the score, and the share of the score's variance that it explains.

The score is regressed on the terms by least squares. The surrogate is fitted to the training rows and evaluated on the held-out
rows. Without a split, all rows are used for both. R2 is the share of the score's variance on the evaluated rows that the
surrogate explains. The 95% interval of R2 is a bootstrap percentile interval. If rows come in groups, groups are resampled, and
the interval uses Student's t distribution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.linear.inference import Inference, linear_surrogate
from tabinterp.linear.terms import AnyTerm, design
from tabinterp.models.model import BoundModel
from tabinterp.stats.estimates import Estimates, resampled, units_of

RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class Surrogate:
    """A linear fit for each output of the network, with R2 (outputs,) on the evaluated rows."""

    fits: tuple[Inference, ...]
    r2: Estimates


def surrogate(bound: BoundModel, terms: list[AnyTerm], seed: int = 0) -> Surrogate:
    """Fit a surrogate to the score of every output, and compute its R2."""
    table = bound.table
    everything = np.ones(len(table), dtype=bool)
    fitted = everything if table.held_out is None else ~table.held_out
    scored = everything if table.held_out is None else table.held_out
    weights, groups = table.row_weights, table.groups
    given = None if table.weights is None else table.weights[fitted]
    scores, at = bound.scores, design(terms, scored).matrix
    together = None if groups is None else groups[fitted]
    tested = None if groups is None else np.unique(groups[scored], return_inverse=True)[1]
    fits, values = [], []
    for k in range(scores.shape[1]):
        fit = linear_surrogate(design(terms, fitted), scores[fitted, k], given, together)
        slopes = np.array([e.estimate or 0.0 for e in fit.estimates])
        predicted = at @ slopes + (fit.intercepts[0].estimate or 0.0)
        fits.append(fit)
        values.append(_r2(scores[scored, k], predicted, weights[scored], seed, tested))
    return Surrogate(tuple(fits), Estimates(*np.array(values).T))


def _r2(
    score: FloatArray, predicted: FloatArray, weights: FloatArray, seed: int, groups: IntArray | None
) -> tuple[float, float, float, float]:
    """Return R2 with its bootstrap standard error and 95% interval."""
    draws, n = np.random.default_rng(seed), units_of(len(score), groups)
    left, plain, squared = (score - predicted) ** 2, score - score.mean(), (score - score.mean()) ** 2
    drawn = []
    for i in range(RESAMPLES + 1):
        w = weights if i == 0 else np.zeros(len(score))
        while not w.any():  # a resample of rows of weight 0 carries no information
            times = np.bincount(draws.integers(0, n, n), minlength=n)
            w = weights * (times if groups is None else times[groups])
        spread = (w * squared).sum() - (w * plain).sum() ** 2 / w.sum()
        drawn.append(1 - (w * left).sum() / spread if spread > 0 else np.nan)
    made = resampled(drawn[0], np.array(drawn[1:]), None if groups is None else n, most=1.0)
    return float(made.value), float(made.stderr), float(made.low), float(made.high)
