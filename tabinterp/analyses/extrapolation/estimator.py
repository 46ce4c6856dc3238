"""Where does the score go beyond the data? Each number is moved past the range it was learnt in, by once that range.

For each numeric column the rows take the 0.5% or 99.5% quantile of the training rows (of all rows without a split), and then a
value as far beyond it as the two lie apart. What is read is the mean absolute change of the score on that way, in ranges of
the rows' own scores (0.5% to 99.5%): a linear model changes there as it does inside; a network may do anything. Beside it the
share of held-out rows outside the training range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tabinterp.analyses.context import Context
from tabinterp.arrays import FloatArray
from tabinterp.document.message import why
from tabinterp.errors import ModelError, NotApplicableError
from tabinterp.models.model import BoundModel
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.weights import quantile
from tabinterp.table import Table
from tabinterp.table.coerce import with_columns
from tabinterp.table.hash_sampling import chosen

ROWS = 200
LOW, HIGH = 0.005, 0.995


@dataclass(frozen=True, eq=False)
class Extrapolation:
    """(columns,) the mean absolute change of the score beyond the range, in ranges of the scores; the larger of both sides."""

    players: tuple[str, ...]
    change: Estimates
    outside: tuple[float | None, ...]  # share of held-out rows outside the training rows' range; None without a split
    skipped: tuple[str, ...]  # columns whose encoder takes no value beyond those it knows
    rows: int
    seed: int
    estimand: str = "mean absolute change of the score one range beyond the data, in ranges of the rows' scores"

    def frame(self) -> pd.DataFrame:
        """column, change, stderr, ci_low, ci_high, outside."""
        return pd.DataFrame(
            {
                "column": self.players,
                "change": self.change.value,
                "stderr": self.change.stderr,
                "ci_low": self.change.low,
                "ci_high": self.change.high,
                "outside": self.outside,
            }
        )


def extrapolation(bound: BoundModel, *, seed: int = 0) -> Extrapolation:
    """Move every number that the model reads beyond its range, on at most 200 rows drawn by hash.

    Raises
    ------
    NotApplicableError
        for a function of rows, whose values are those of its table; without a numeric column; where the score is constant.
    """
    if not bound.has_gradient:
        raise NotApplicableError(why("extrapolation.values", model=bound.model.name, opaque=bound.model.opaque))
    numeric = [c for c in bound.columns if bound.table.schema[c].kind == "numeric" and len(bound.encoding.blocks[c])]
    where = bound.table.evaluation_rows()
    rows = bound if bound.table.held_out is None else bound.take(bound.table.held_out)
    few = rows.take(np.sort(chosen(where.numbers, ROWS, seed)))
    spread = _spread(rows.scores, where.row_weights)
    if not numeric or not (spread > 0).any():
        raise NotApplicableError(why("it reads no number, or its score is the same on every row"))
    found, skipped, learnt = {}, [], bound.table.training_rows()
    for name in numeric:
        try:
            found[name] = _beyond(few, learnt, name, spread)
        except (ModelError, ValueError):  # an encoder of known values refuses what lies outside; or there is no number
            skipped.append(name)
    names = tuple(found)
    if not names:
        raise NotApplicableError(why("the encoder takes no value beyond those it knows"))
    parts = [np.stack([getattr(found[n], part) for n in names]) for part in ("value", "stderr", "low", "high")]
    return Extrapolation(
        names, Estimates(*parts), tuple(_outside(bound.table, n) for n in names), tuple(skipped), len(few.table), seed
    )


def _spread(scores: FloatArray, weights: FloatArray) -> FloatArray:
    return np.array([quantile(s, HIGH, weights) - quantile(s, LOW, weights) for s in scores.T])


def _beyond(few: BoundModel, learnt: Table, name: str, spread: FloatArray) -> Estimates:
    """The side and output of the largest mean change, from the range of the rows of `learnt` on."""
    x = learnt.frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(x)
    if not known.any():
        raise ValueError(name)
    low, high = (quantile(x[known], q, learnt.row_weights[known]) for q in (LOW, HIGH))
    reach = high - low or float(np.ptp(x[known]))
    frame = few.table.inputs
    sides = []
    for edge, far in ((low, low - reach), (high, high + reach)):
        at, beyond = (few.score(few.encoding.transform(with_columns(frame, {name: value}))) for value in (edge, far))
        with np.errstate(divide="ignore", invalid="ignore"):
            sides.append(np.abs(beyond - at) / np.where(spread > 0, spread, np.nan))
    made = mean_over_rows(np.concatenate(sides, axis=1), few.table.weights, few.table.groups)
    worst = int(np.nanargmax(made.value))
    return Estimates(made.value[worst], made.stderr[worst], made.low[worst], made.high[worst])


def _outside(table: Table, name: str) -> float | None:
    if table.held_out is None:
        return None
    x, held, w = table.frame[name].to_numpy(dtype=np.float64, na_value=np.nan), table.held_out, table.row_weights
    inside = x[~held]
    if np.isnan(inside).all():
        return None
    return float(np.average((x[held] < np.nanmin(inside)) | (x[held] > np.nanmax(inside)), weights=w[held]))


def run(context: Context) -> Extrapolation:
    """Answer the question for the network of an audit."""
    return extrapolation(context.network, seed=context.seed)
