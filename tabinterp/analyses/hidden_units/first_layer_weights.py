"""First-layer weights of hidden units, per original column and in standardised units.

The pre-activation of a first-layer unit is a sum of functions, one for each column. If the encoder only scales a numeric column,
the function is linear, and its weight is the change in pre-activation if the column increases by one standard deviation. The
weight of a level, or of missing values, is its effect minus the mean effect over the rows. `strength` is the standard deviation
of the function over the rows. It is also defined for columns encoded by splines or bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tabinterp.analyses.effects.grids import grid_of
from tabinterp.arrays import FloatArray
from tabinterp.messages import text
from tabinterp.models import BoundModel
from tabinterp.models.layers import Layer
from tabinterp.stats.weights import deviation, unit

LINE = 1e-5  # maximum deviation of a column's function from a straight line, as a share of the function's range
LEVELS = 10_000


@dataclass(frozen=True, eq=False)
class Incoming:
    """Weights of the hidden units in the first layer.

    Arrays have the shape (units, lines). Each line belongs to a numeric column (with None in `levels`), or to one level of a
    column. Weights are NaN if the encoder mixes the column with others, or if the function of a numeric column is not linear.
    """

    columns: tuple[str, ...]
    levels: tuple[Any, ...]
    weight: FloatArray
    strength: FloatArray

    def frame(self, layer: str) -> pd.DataFrame:
        units, lines = self.weight.shape
        return pd.DataFrame(
            {
                "layer": layer,
                "unit": np.repeat(np.arange(units), lines),
                "column": list(self.columns) * units,
                "level": pd.Series([None if one is None else str(one) for one in self.levels] * units, dtype=object),
                "weight": self.weight.ravel(),
                "strength": self.strength.ravel(),
            }
        )


def incoming(bound: BoundModel, layer: Layer) -> Incoming | None:
    """Return the weights of a layer that is affine in the encoded columns; None for any other layer."""
    if layer.affine is None:
        return None
    front = (layer.affine.weight @ bound.first.weight).cpu().numpy()
    w = unit(bound.table.weights, len(bound.table))
    columns: list[str] = []
    levels: list[Any] = []
    weights: list[FloatArray] = []
    strengths: list[FloatArray] = []
    for name in bound.columns:
        block = bound.encoding.blocks[name]
        # With one encoded column, the contributions to all units are multiples of its values.
        times = front[:, block[0]] if len(block) == 1 else np.ones(len(front))
        part = bound.x[:, block] if len(block) == 1 else bound.x[:, block] @ front[:, block].T
        part = part - np.average(part, axis=0, weights=w)
        local = bound.encoding.local[name]
        strength = deviation(part, w) * np.abs(times) if local else np.full(len(front), np.nan)
        for level, weight in _lines(bound, name, part, w):
            columns.append(name)
            levels.append(level)
            weights.append(weight * times if local else np.full(len(front), np.nan))
            strengths.append(strength)
    return Incoming(tuple(columns), tuple(levels), np.column_stack(weights), np.column_stack(strengths))


def _lines(bound: BoundModel, name: str, part: FloatArray, w: FloatArray) -> list[tuple[Any, FloatArray]]:
    """Return a column's levels, each with its weights (units,), from the column's contributions `part` (n, units) to the units.

    For a numeric column, return the slopes times the column's standard deviation, with None as the level, and the weights of
    missing values if there are any.
    """
    values = bound.table.frame[name]
    missing = values.isna().to_numpy()
    if bound.table.schema[name].kind == "numeric":
        x = values.to_numpy(dtype=np.float64, na_value=np.nan)
        lines: list[tuple[Any, FloatArray]] = [(None, slope(x, part) * _spread(x, w))]
        return [*lines, (text("level.missing"), part[np.argmax(missing)])] if missing.any() else lines
    grid = grid_of(bound, name, LEVELS)
    shown = (text("level.missing") if level is None else level for level in grid.values)
    return [(level, part[donor]) for level, donor in zip(shown, grid.donors, strict=True)]


def slope(x: FloatArray, part: FloatArray) -> FloatArray:
    """Return the slopes (units,) of a column's contributions to the pre-activations; NaN if they are not linear in `x`.

    `x` (n,) contains the values of the column, and `part` (n, units) its contributions.
    """
    known = ~np.isnan(x)
    x, part = x[known], part[known]
    if len(x) == 0 or np.ptp(x) == 0:
        return np.full(part.shape[1], np.nan)
    low, high = int(np.argmin(x)), int(np.argmax(x))
    made = (part[high] - part[low]) / (x[high] - x[low])
    off = np.abs(part - part[low] - (x - x[low])[:, None] * made).max(axis=0)
    return np.asarray(np.where(off <= LINE * np.ptp(part, axis=0), made, np.nan))


def _spread(x: FloatArray, w: FloatArray) -> float:
    known = ~np.isnan(x)
    return float(deviation(x[known], w[known])) if known.any() else np.nan
