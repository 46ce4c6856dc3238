"""Extrapolation: change in the score when a numeric column is set to a value beyond its training range.

The range of a numeric column extends from the 0.5% to the 99.5% quantile of the training rows, or of all rows if there is no
split. For every row, the column is first set to one end of this range, and then to the value that lies beyond this end by the
width of the range. The result is the mean absolute difference between the two scores, divided by the range of the scores in the
data (0.5% to 99.5% quantile). The score of a linear model changes beyond the range at the same rate as within it; the score of a
network can change in any way. The share of held-out rows below the minimum or above the maximum of the training rows is also
reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tabinterp.analyses.context import Context
from tabinterp.arrays import FloatArray
from tabinterp.document.message import why
from tabinterp.errors import ModelError, NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.models.model import BoundModel
from tabinterp.preview import PreviewedFrame
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.weights import quantile
from tabinterp.table import Table
from tabinterp.table.coerce import with_columns
from tabinterp.table.hash_sampling import chosen

ROWS = 200
LOW, HIGH = 0.005, 0.995


@dataclass(frozen=True, eq=False)
class Extrapolation(PreviewedFrame):
    """Change in the score beyond the range of each numeric column, relative to the range of the scores.

    `change` (columns,) is the mean absolute change in the score on the side of the range where this change is larger.
    """

    players: tuple[str, ...]
    change: Estimates
    outside: tuple[float | None, ...]  # share of held-out rows outside the training range; None without a split
    skipped: tuple[str, ...]  # columns whose encoder accepts only known values
    rows: int
    seed: int
    estimand: str = (
        "mean absolute change in the score when a numeric column is moved from one end of its range to one range width beyond "
        "it, divided by the range of the scores; the side and the output with the larger change"
    )

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each numeric column.

        The data frame has the columns `column`, `change`, `stderr`, `ci_low`, `ci_high` and `outside`.
        """
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
    """Measure how the score changes when each numeric column that the model uses is moved beyond its range.

    At most 200 rows are used, selected by a hash of their row numbers.

    Raises
    ------
    NotApplicableError
        If the model uses no numeric column, if its score is constant, or if it can be evaluated only at values in the table.
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
    learnt = bound.table.training_rows()
    edges = {name: values for name in numeric if (values := _edges(learnt, name)) is not None}
    found = {name: _change(few, rows, spread) for name, rows in _moved(few, edges)}
    names = tuple(found)
    if not names:  # an encoder that accepts only known values rejects values outside the range
        raise NotApplicableError(why("the encoder takes no value beyond those it knows"))
    skipped = tuple(name for name in numeric if name not in found)
    parts = [np.stack([getattr(found[n], part) for n in names]) for part in ("value", "stderr", "low", "high")]
    return Extrapolation(
        names, Estimates(*parts), tuple(_outside(bound.table, n) for n in names), skipped, len(few.table), seed
    )


def _spread(scores: FloatArray, weights: FloatArray) -> FloatArray:
    return np.array([quantile(s, HIGH, weights) - quantile(s, LOW, weights) for s in scores.T])


def _edges(learnt: Table, name: str) -> FloatArray | None:
    """Return the ends of the range of a column and the values one range width beyond them; None if all values are missing.

    The four values are in the order: lower end, value below it, upper end, value above it.
    """
    x = learnt.numeric(name)
    known = ~np.isnan(x)
    if not known.any():
        return None
    low, high = (quantile(x[known], q, learnt.row_weights[known]) for q in (LOW, HIGH))
    reach = high - low or float(np.ptp(x[known]))
    return np.array([low, low - reach, high, high + reach])


def _moved(few: BoundModel, values: Mapping[str, FloatArray]) -> Iterator[tuple[str, list[FloatArray]]]:
    """Yield the name of each column, and one array of encoded rows (n, d) for each of its values.

    In such an array, the column has this value in all rows.

    A column is left out if the encoder rejects one of its values.
    """
    local = _encoded(few, {name: at for name, at in values.items() if few.is_local((name,))})
    for name, at in values.items():
        if name in local:
            yield name, [_with_block(few, name, block) for block in local[name]]
        elif not few.is_local((name,)):
            with suppress(ModelError, ValueError):
                frames = [with_columns(few.table.inputs, {name: value}) for value in at]
                yield name, [few.encoding.transform(frame) for frame in frames]


def _encoded(few: BoundModel, values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Return the encoded values of each column, for columns that are encoded separately from the others.

    A column is left out if the encoder rejects one of its values.
    """
    if not values:
        return {}
    size = sum(map(len, values.values()))
    frame = few.table.inputs.iloc[np.zeros(size, dtype=np.int64)].reset_index(drop=True)
    changed, places, start = {}, {}, 0
    for name, at in values.items():
        places[name] = slice(start, start + len(at))
        changed[name] = frame[name].to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        changed[name][places[name]] = at
        start += len(at)
    try:
        x = few.encoding.transform(with_columns(frame, changed))
    except (ModelError, ValueError):
        each = [_encoded(few, {name: at}) for name, at in values.items()] if len(values) > 1 else []
        return {name: rows for one in each for name, rows in one.items()}
    return {name: x[place][:, few.encoding.blocks[name]] for name, place in places.items()}


def _with_block(few: BoundModel, name: str, block: FloatArray) -> FloatArray:
    """Return the encoded rows (n, d) with the encoded columns of one column replaced by `block`."""
    x = few.x.copy()
    x[:, few.encoding.blocks[name]] = block
    return x


def _change(few: BoundModel, moved: Sequence[FloatArray], spread: FloatArray) -> Estimates:
    """Return the mean absolute change in score from one end of the range to the value one range width beyond it.

    The side and the output with the largest change are used.
    """
    low, below, high, above = map(few.score, moved)
    with np.errstate(divide="ignore", invalid="ignore"):
        sides = [np.abs(to - at) / np.where(spread > 0, spread, np.nan) for at, to in ((low, below), (high, above))]
    made = mean_over_rows(np.concatenate(sides, axis=1), few.table.weights, few.table.groups)
    worst = int(np.nanargmax(made.value))
    return Estimates(made.value[worst], made.stderr[worst], made.low[worst], made.high[worst])


def _outside(table: Table, name: str) -> float | None:
    if table.held_out is None:
        return None
    x, held, w = table.numeric(name), table.held_out, table.row_weights
    inside = x[~held]
    if np.isnan(inside).all():
        return None
    return float(np.average((x[held] < np.nanmin(inside)) | (x[held] > np.nanmax(inside)), weights=w[held]))


def run(context: Context) -> Extrapolation:
    """Measure extrapolation in the audited network."""
    return extrapolation(context.network, seed=context.seed)
