"""Derivatives of the score with respect to columns that the encoder transforms nonlinearly or combines with other columns.

Examples of such encodings are splines, powers, products and principal components. A column that is encoded in this way has no
term in a linear model, but the score still has a derivative with respect to the column. By the chain rule, this derivative is the
gradient of the score with respect to the encoded columns, times the derivative of the encoder. The derivative of the encoder is
computed by central differences. There is no derivative where the encoder jumps, for example from one bin to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray
from tabinterp.errors import ModelError
from tabinterp.linear.terms import AnyTerm, Basis
from tabinterp.models.model import BoundModel
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.weights import deviation
from tabinterp.table.coerce import with_columns

STEP = 1e-4  # step of the central differences, in standard deviations of the column
JUMP = 0.5  # if halving the step changes the difference quotient by more than this share, the encoder jumps there
STILL = 0.5  # an encoder that is constant or jumps in more than this share of rows is treated as a step function


@dataclass(frozen=True, eq=False)
class Curves:
    """Mean derivatives (columns, outputs) of the score with respect to the columns.

    `sds` are the standard deviations of the columns. `sign_flip` is the share of rows in which the derivative has the opposite
    sign to the mean derivative.
    """

    columns: tuple[str, ...]
    sds: tuple[float, ...]
    estimates: Estimates
    sign_flip: FloatArray


def curves(bound: BoundModel, terms: list[AnyTerm]) -> Curves:
    """Return the mean derivatives of the score with respect to every numeric column that has no term."""
    apart = {t.term.column for t in terms if not isinstance(t, Basis)}
    names, sds, parts = [], [], []
    gradient: FloatArray | None = None
    for column in bound.columns if bound.has_gradient else ():
        if column in apart or not len(bound.encoding.blocks[column]) or bound.table.schema[column].kind != "numeric":
            continue
        if column in bound.encoding.abrupt:
            continue
        moves = _encoder_slope(bound, column)
        if moves is not None:
            gradient = bound.gradients(bound.x) if gradient is None else gradient
            parts.append(np.einsum("nek,ne->nk", gradient, moves))
            names.append(column)
            sds.append(_sd(bound, column))
    empty = np.empty((len(bound.x), 0, len(bound.outputs)))
    return _mean(np.stack(parts, axis=1) if parts else empty, bound, names, sds)


def _mean(derivative: FloatArray, bound: BoundModel, names: list[str], sds: list[float]) -> Curves:
    weights = bound.table.weights
    estimates = mean_over_rows(derivative, weights, bound.table.groups)
    flips = np.where(np.isnan(derivative), np.nan, np.sign(derivative) == -np.sign(estimates.value))
    return Curves(tuple(names), tuple(sds), estimates, mean_over_rows(flips, weights).value)


def _encoder_slope(bound: BoundModel, column: str) -> FloatArray | None:
    """Return the derivative (n, d) of the encoded columns with respect to a column.

    The derivative is NaN for rows in which the column is missing or the encoder jumps. The result is None if the encoder is a
    step function of the column.
    """
    values = _numbers(bound, column)
    present = ~np.isnan(values)
    spread = _sd(bound, column)
    if spread == 0:
        return None
    rows = bound.table.inputs.loc[present]
    result = np.full(bound.x.shape, np.nan)
    try:
        wide, narrow = (_difference(bound, rows, column, values[present], step * spread) for step in (STEP, STEP / 2))
    except ModelError:  # the encoder rejects values that occur in no row, such as values between the codes of levels
        return None
    jumps = np.linalg.norm(wide - narrow, axis=1) > JUMP * np.linalg.norm(wide, axis=1)
    if ((wide == 0).all(axis=1) | jumps).mean() > STILL:
        return None
    narrow[jumps] = np.nan
    result[present] = narrow
    return result


def _difference(bound: BoundModel, rows: pd.DataFrame, column: str, values: FloatArray, step: float) -> FloatArray:
    up, down = (bound.encoding.transform(with_columns(rows, {column: values + s})) for s in (step, -step))
    return (up - down) / (2 * step)


def _sd(bound: BoundModel, column: str) -> float:
    """Return the standard deviation of a column over the rows with a known value; 0 if there are none."""
    values, weights = _numbers(bound, column), bound.table.weights
    present = ~np.isnan(values)
    w = None if weights is None else weights[present]
    return float(deviation(values[present], w)) if (present if w is None else w).any() else 0.0


def _numbers(bound: BoundModel, column: str) -> FloatArray:
    return bound.table.inputs[column].to_numpy(dtype=np.float64, na_value=np.nan)
