"""Domain of a proof: all combinations of the values of the columns.

If the encoding of a numeric column is linear, the domain contains every value between the smallest and the largest value in the
table, or between the declared limits of the column. Linearity is checked at both ends of this range, at evenly spaced values
between them, and at all values in the table that are within the range. For any other column, the domain contains the values that
occur in the table. Missing values are in the domain if they occur in the table. All combinations of values are included, even for
columns that determine one another.

The domain also contains the contribution of each value to the *first affine output* (`front` in the code), which is the output of
the network's first affine operations (`models.affine_front`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tabinterp.analyses.effects.grids import takes
from tabinterp.analyses.settings import Constraint
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel
from tabinterp.models.device import CPU
from tabinterp.stats.equal_rows import equal_rows
from tabinterp.table.hash_sampling import chosen

LEVELS = 64  # maximum number of different encodings of a column whose encoding is not linear
LINE = 1e-6  # share of the spread of an encoded column by which it may deviate from a line
PROBES = 33


@dataclass(frozen=True, eq=False)
class Number:
    """Numeric column that varies between a lower and an upper bound.

    Attributes
    ----------
    low, high : the bounds, at positions 0 and 1.
    span : change in the first affine output from position 0 to position 1 (h,).
    missing : change in the first affine output when the value is missing instead of `low` (h,); None if no value is missing.
    """

    column: str
    low: float
    high: float
    whole: bool
    span: FloatArray
    missing: FloatArray | None

    def snapped(self, place: FloatArray) -> FloatArray:
        """Round positions to those of whole numbers, if the column contains only whole numbers."""
        width = self.high - self.low
        return np.round(place * width) / width if self.whole and width > 0 else place

    def values(self, place: FloatArray) -> FloatArray:
        """Convert positions to values of the column."""
        made = self.low + place * (self.high - self.low)
        return np.round(made) if self.whole else np.clip(made, self.low, self.high)


@dataclass(frozen=True, eq=False)
class Levels:
    """Column with finitely many values, ordered so that adjacent values have similar contributions to the first affine output.

    Attributes
    ----------
    donors : index of a row with each value (K,).
    parts : contributions of the values to the first affine output (K, h).
    group : for every row, the index of its value (n,); -1 if the value is outside the declared limits.
    """

    column: str
    donors: IntArray
    parts: FloatArray
    group: IntArray


@dataclass(frozen=True, eq=False)
class Domain:
    """Domain of a proof: the columns of a model, and the constant part (h,) of the first affine output.

    The constant part is the first affine output with every number at its lower bound, without the contributions of levels.
    """

    bound: BoundModel  # as a function of the columns before the encoder mixes them
    numbers: tuple[Number, ...]
    levels: tuple[Levels, ...]
    constant: FloatArray

    def front(self, place: FloatArray, at: IntArray) -> FloatArray:
        """Return the first affine output (m, h) of points.

        `place` (m, numbers) contains the position of each number in its range, from 0 to 1, or NaN if the number is missing. `at`
        (m, levels) contains the indices of levels.
        """
        gone = np.isnan(place)
        z = self.constant + np.where(gone, 0.0, place) @ np.reshape(
            [one.span for one in self.numbers], (-1, self.width)
        )
        for p in np.flatnonzero(gone.any(axis=0)):
            z[gone[:, p]] += self.numbers[p].missing
        for q, one in enumerate(self.levels):
            z += one.parts[at[:, q]]
        return np.asarray(z)

    @property
    def width(self) -> int:
        return len(self.constant)

    def rows(self, most: int, seed: int) -> tuple[FloatArray, IntArray]:
        """Return rows of the table, sampled by a hash, as points of the domain.

        Values outside the domain are replaced by the nearest values in it.
        """
        table = self.bound.table
        rows = np.sort(chosen(table.numbers, most, seed))
        place = np.empty((len(rows), len(self.numbers)))
        for p, one in enumerate(self.numbers):
            width = one.high - one.low
            x = table.numeric(one.column)[rows]
            inside = np.where(np.isnan(x), np.nan, np.clip((x - one.low) / width, 0, 1) if width > 0 else 0.0)
            place[:, p] = one.snapped(inside)
        at = [np.maximum(one.group[rows], 0) for one in self.levels]
        return place, np.reshape(np.array(at, dtype=np.int64).T, (len(rows), len(self.levels)))

    def random(self, size: int, draws: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """Return random points of the domain. About a quarter of their numbers are at an end of the column's range."""
        place = draws.random((size, len(self.numbers)))
        place = np.where(draws.random(place.shape) < 0.25, np.round(place), place)
        for p, one in enumerate(self.numbers):
            place[:, p] = one.snapped(place[:, p])
            if one.missing is not None:
                place[draws.random(size) < 0.1, p] = np.nan
        at = np.empty((size, len(self.levels)), dtype=np.int64)
        for q, known in enumerate(self.levels):
            at[:, q] = draws.integers(0, len(known.donors), size)
        return place, at

    def frame(self, place: FloatArray, at: IntArray) -> pd.DataFrame:
        """Return points as rows of the table (m, columns).

        Columns that the model does not use have the values of the first row.
        """
        source = self.bound.table.inputs
        made = {c: source[c].take(np.zeros(len(place), dtype=np.int64)).reset_index(drop=True) for c in source.columns}
        for p, one in enumerate(self.numbers):
            made[one.column] = pd.Series(one.values(place[:, p]))
        for q, known in enumerate(self.levels):
            made[known.column] = source[known.column].take(known.donors[at[:, q]]).reset_index(drop=True)
        return pd.DataFrame(made)


def domain_of(bound: BoundModel, limits: Mapping[str, Constraint]) -> Domain:
    """Return the domain of a model with an encoder that encodes each column separately.

    Parameters
    ----------
    limits : declared limits of columns, by name.

    Raises
    ------
    NotApplicableError
        If the encoder mixes columns, or if a column without a linear encoding has too many values.
    """
    front = bound.front.on(CPU)
    weight, bias = front.weight.double().numpy(), front.bias.double().numpy()
    read = [c for c in bound.columns if len(bound.encoding.blocks[c])]
    mixed = [c for c in read if not bound.encoding.local[c]]
    if mixed:
        raise NotApplicableError(why("monotonicity.mixed", column=mixed[0]))
    numbers, levels = [], []
    constant = bound.x[0].astype(np.float64) @ weight.T + bias
    for column in read:
        block = bound.encoding.blocks[column]
        own = weight[:, block]
        x = bound.x[:, block].astype(np.float64)
        constant -= x[0] @ own.T
        found = _number(bound, column, own, x, limits.get(column))
        if found is not None:
            number, low = found
            constant += low
            numbers.append(number)
        else:
            levels.append(_levels(bound, column, own, x, limits.get(column)))
    return Domain(bound, tuple(numbers), tuple(levels), constant)


def _number(
    bound: BoundModel, column: str, weight: FloatArray, encoded: FloatArray, limit: Constraint | None
) -> tuple[Number, FloatArray] | None:
    """Return a numeric column as a `Number`, and the contribution of its lower bound to the first affine output.

    The result is None if the column is not numeric or if its encoding is not linear.
    """
    table = bound.table
    if table.schema[column].kind != "numeric":
        return None
    x = table.numeric(column)
    gone = np.isnan(x)
    if gone.all():
        return None
    known = np.unique(x[~gone])
    low, high = (float(known[0]), float(known[-1])) if limit is None else _ends(known, limit)
    whole = bool((known == np.round(known)).all())
    if whole:
        low, high = float(np.ceil(low)), float(np.floor(high))
    points = np.linspace(low, high, PROBES)
    points = np.unique(np.clip(np.round(points) if whole else points, low, high))
    if not low <= high or not takes(bound, column, points):
        return None
    rows = table.inputs.iloc[np.zeros(len(points), dtype=np.int64)].reset_index(drop=True)
    rows[column] = points
    probed = bound.encoding.transform(rows)[:, bound.encoding.blocks[column]].astype(np.float64)
    inside = (low <= x) & (x <= high)
    values, seen = np.append(points, x[inside]), np.concatenate([probed, encoded[inside]])
    place = (values - low) / (high - low) if high > low else np.zeros(len(values))
    line = probed[0] + place[:, None] * (probed[-1] - probed[0])
    if (np.abs(seen - line).max(axis=0) > LINE * np.ptp(seen, axis=0)).any():
        return None
    missing = weight @ (encoded[np.argmax(gone)] - probed[0]) if gone.any() else None
    return Number(column, low, high, whole, weight @ (probed[-1] - probed[0]), missing), weight @ probed[0]


def _ends(known: FloatArray, limit: Constraint) -> tuple[float, float]:
    return (
        float(known[0]) if limit.low is None else limit.low,
        float(known[-1]) if limit.high is None else limit.high,
    )


def _levels(
    bound: BoundModel, column: str, weight: FloatArray, encoded: FloatArray, limit: Constraint | None
) -> Levels:
    inside = np.arange(len(encoded))
    if limit is not None and (limit.low is not None or limit.high is not None):
        x = bound.table.numeric(column)
        low, high = -np.inf if limit.low is None else limit.low, np.inf if limit.high is None else limit.high
        inside = np.flatnonzero(np.isnan(x) | ((x >= low) & (x <= high)))
    first, group = equal_rows(encoded[inside])
    first = inside[first]
    if not 0 < len(first) <= LEVELS:
        raise NotApplicableError(why("monotonicity.levels", column=column, most=LEVELS))
    parts = encoded[first] @ weight.T
    order = np.arange(len(first))
    if len(first) > 2:  # along the direction in which they differ most
        centred = parts - parts.mean(axis=0)
        order = np.argsort(centred @ np.linalg.svd(centred, full_matrices=False)[2][0], kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    known = np.full(len(encoded), -1)
    known[inside] = place[group]
    return Levels(column, first[order], parts[order], known)


def apart(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask (m, K) of the first half of the values that `known` (m, K) marks in each row."""
    count = np.cumsum(known, axis=1)
    return np.asarray(known & (count <= (count[:, -1:] + 1) // 2))
