"""Grids: the values of a column at which an effect curve is evaluated.

A numeric column with few distinct values is evaluated at all of them. Other numeric columns are evaluated at quantiles of the
rows. The quantiles are rounded to avoid revealing the value of an individual row (`table/rounding.py`). Every point is the
nearest point for at least ten rows. If many rows have equal values, several quantiles coincide; the grid is then filled up with
other distinct values.

If the encoder accepts only known values of a numeric column, the grid contains its most frequent values, as for a column with
levels. If the column has missing values, the last point represents them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.errors import ModelError, NotApplicableError, did_you_mean
from tabinterp.models import BoundModel
from tabinterp.models.column_lineage import known_levels
from tabinterp.models.model import column_like
from tabinterp.table import Table
from tabinterp.table.rounding import Rounding
from tabinterp.table.schema import Column
from tabinterp.table.split import BoolArray
from tabinterp.table.suppression import SMALL, parts_shown


@dataclass(frozen=True, eq=False)
class Grid:
    """Grid points of one column, and the position of each row between them.

    Parameters
    ----------
    values : (G,) the values of the points as in the table; None for missing.
    donors : (G,) for each point, the index of a row with this value. Indices are those of the rows returned by `with_points`.
    below : (n,) index of the point at or below the value of each row; -1 if the row's level is not on the grid.
    part : (n,) position of the row's value between the point `below` and the next point, from 0 to 1. Rows beyond either end of
        the grid are assigned to the point at that end.
    points : number of points, not counting missing values.
    ordered : whether the points have an order.
    known_only : for a numeric column, whether rows with values between the points are left out. If false, these values are
        interpolated.
    nearby : (G,) number of rows nearest to each point, if the curve is computed on rows other than those of `below`.
    rows : number of rows on which the curve is computed, if `nearby` is given.
    """

    column: Column
    values: tuple[Any, ...]
    donors: IntArray
    below: IntArray
    part: FloatArray
    points: int
    ordered: bool
    known_only: bool = False
    nearby: IntArray | None = None
    rows: int | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def nearest(self) -> IntArray:
        """Index (n,) of the point nearest to each row's value; -1 if the row's level is not on the grid."""
        return np.asarray(self.below + (self.part > 0.5))

    def counts(self) -> IntArray:
        """Return the number of rows (G,) nearest to each point."""
        if self.nearby is not None:
            return self.nearby
        near = self.nearest
        return np.bincount(near[near >= 0], minlength=len(self)).astype(np.int64)

    @cached_property
    def shown(self) -> BoolArray:
        """Mask (G,) of the points with at least ten rows; all True if no point has ten rows."""
        many = self.counts() >= SMALL
        return many if many.any() else ~many

    @property
    def told(self) -> BoolArray:
        """Mask (G,) of the points at which the number of rows can be shown."""
        counts, rows = self.counts(), len(self.below) if self.rows is None else self.rows
        return self.shown & parts_shown([*counts, rows - int(counts.sum())])[:-1]

    def centre(self, spread: FloatArray) -> tuple[FloatArray, bool]:
        """Return the weights (P,) of the points in the mean that is subtracted to centre a curve, and whether these weights are
        `spread` divided by its sum.

        `spread` (P,) contains the interpolation weights of the first P points. If a point is withheld, the mean is taken over the
        points at which the number of rows can be shown, weighted by this number. With any other weights, the number of rows at
        the withheld point could be calculated from the values and their standard errors.
        """
        if self.shown.all():
            return spread / spread.sum(), True
        told = np.where(self.told, self.counts(), 0)[: len(spread)]
        weights = told if told.any() else self.shown[: len(spread)]
        return weights / weights.sum(), False

    def on(self, table: Table) -> Grid:
        """Return a grid with the same points and donors, and with the positions of the rows of another table."""
        name = self.column.name
        if self.column.kind == "numeric":
            points = np.array(self.values[: self.points], dtype=np.float64)
            below, part, missing = _position(table.numeric(name), points, self.known_only)
        else:
            place = {level: i for i, level in enumerate(self.values[: self.points])}
            codes = table.frame[name].astype(object).map(place).to_numpy(dtype=np.float64, na_value=np.nan)
            missing = table.frame[name].isna().to_numpy()
            below, part = np.where(np.isnan(codes), -1, codes).astype(np.int64), np.zeros(len(codes))
        below[missing] = self.points if len(self) > self.points else -1
        return replace(self, below=below, part=part)

    def spread(self, rows: IntArray) -> FloatArray:
        """Return weights (m, G) that express each row's value as a linear interpolation between two points."""
        result = np.zeros((len(rows), len(self)))
        at, part = self.below[rows], self.part[rows]
        on, between = np.flatnonzero(at >= 0), np.flatnonzero(part > 0)
        result[on, at[on]] = 1 - part[on]
        result[between, at[between] + 1] = part[between]
        return result

    def bins(self, rows: IntArray) -> FloatArray:
        """Return indicators (m, points - 1) of the bins between adjacent points to which each row contributes.

        If the column is numeric, a row contributes to the bin that contains its value; a bin includes its upper end (Apley & Zhu
        2020). If the column has ordered levels, a row contributes to the bins on both sides of its level.
        """
        at, result = self.below[rows], np.zeros((len(rows), max(0, self.points - 1)))
        present = (at >= 0) & (at < self.points)
        if self.points < 2 or not self.ordered:
            return result
        if self.column.kind == "numeric":
            lower = np.maximum(np.where(self.part[rows] > 0, at, at - 1), 0)
            result[np.flatnonzero(present), lower[present]] = 1.0
            return result
        for side in (at - 1, at):
            inside = present & (side >= 0) & (side < self.points - 1)
            result[np.flatnonzero(inside), side[inside]] = 1.0
        return result


def grid_of(bound: BoundModel, name: str, size: int, ends: bool = True) -> Grid:
    """Return the grid of a column of the bound table: at most `size` points, and one more for missing values.

    With `ends`, the points of a numeric column span its range, except that up to nine rows may lie beyond each outer point.
    Without `ends`, the sorted rows are divided into blocks of equal size, and the middle row of each block is a point. Rows
    beyond the outer points are assigned to these points.
    """
    column = bound.table.schema[name]
    if column.kind != "numeric":
        return _levels(column, bound.table.frame[name], bound.table.row_weights, size)
    x = bound.table.numeric(name)
    known = np.sort(x[~np.isnan(x)])
    distinct, rows = np.unique(known, return_counts=True)
    if len(distinct) <= size or len(known) < SMALL:  # values that fewer than ten rows have are not shown
        return _numbers(column, x, distinct[_places(len(distinct), size)] if len(distinct) > size else distinct)
    rounding = Rounding(known)
    if ends:
        places = distinct[_spaced(known, distinct, size)]
        low, high = rounding.ends(places[0], places[-1])
        points = rounding.points([low, *places[(places > low) & (places < high)], high])
    else:
        points = rounding.points(distinct[_middles(known, distinct, size)])
    if not takes(bound, name, points):
        return _numbers(column, x, np.sort(distinct[np.argsort(-rows, kind="stable")[:size]]), known_only=True)
    return _numbers(column, x, _shared(points, known))


def with_points(bound: BoundModel, grids: Iterable[Grid]) -> BoundModel:
    """Return a bound model with additional rows in which numeric columns have the values of their grid points.

    The additional rows follow the original rows; `Grid.donors` contains their positions. Do not compute any statistic over the
    additional rows.
    """
    return bound.beside({g.column.name: g.values[: g.points] for g in grids if g.column.kind == "numeric"})


def checked_columns(columns: Any, known: tuple[str, ...]) -> tuple[str, ...]:
    """Check the names of the columns, and return them in the order of the table (None: all input columns)."""
    if columns is None:
        return known
    wanted = [columns] if isinstance(columns, str) else list(columns)
    unknown = [c for c in wanted if c not in known]
    if unknown or not wanted:
        near = did_you_mean(str(unknown[0]), known) if unknown else ""
        raise NotApplicableError(
            f"columns must be a list of one or more input columns; got {unknown or wanted}.{near} The input columns are "
            f"{list(known)}"
        )
    return tuple(c for c in known if c in wanted)


def _numbers(column: Column, x: FloatArray, points: FloatArray, known_only: bool = False) -> Grid:
    """Return the grid of a numeric column. Values between points are interpolated or, with `known_only`, are not on the grid."""
    below, part, missing = _position(x, points, known_only)
    donors = len(x) + np.arange(len(points))
    made = _with_missing(column, [*points.tolist()], donors, below, part, missing, True)
    return replace(made, known_only=known_only)


def _position(x: FloatArray, points: FloatArray, known_only: bool) -> tuple[IntArray, FloatArray, BoolArray]:
    """Return `Grid.below` and `Grid.part` for the values `x` (n,), and a mask (n,) of missing values.

    Missing values are assigned to an additional point after the last.
    """
    missing = np.isnan(x)
    held = np.flatnonzero(~missing)
    below, part = np.full(len(x), len(points), dtype=np.int64), np.zeros(len(x))
    below[held] = np.maximum(np.searchsorted(points, x[held], side="right") - 1, 0)
    if known_only:
        below[held[points[below[held]] != x[held]]] = -1
    inside = held[(below[held] >= 0) & (below[held] < len(points) - 1)]
    low, high = points[below[inside]], points[below[inside] + 1]
    part[inside] = np.maximum(x[inside] - low, 0) / (high - low)
    return below, part, missing


def takes(bound: BoundModel, name: str, points: FloatArray) -> bool:
    """Return whether the model accepts the values `points` of a numeric column, even if no row has them.

    The result is False if the encoder accepts only known levels.
    """
    if name in known_levels(bound.model.encoder, tuple(bound.model.reads or bound.columns)):
        return False
    rows = bound.table.inputs.iloc[np.zeros(len(points), dtype=np.int64)].reset_index(drop=True)
    rows[name] = column_like(rows[name], points)
    try:
        bound.score(bound.encoding.transform(rows))
    except Exception as error:
        if isinstance(error, ModelError) or not bound.has_gradient:  # a user's function may raise any exception
            return False
        raise
    return True


def _shared(points: FloatArray, known: FloatArray) -> FloatArray:
    """Remove points that are the nearest point for fewer than ten rows, starting with the point with the fewest rows."""
    while len(points) > 1:
        rows = np.diff(
            np.searchsorted(known, (points[1:] + points[:-1]) / 2, side="right"), prepend=0, append=len(known)
        )
        if rows.min() >= SMALL:
            break
        points = np.delete(points, rows.argmin())
    return points


def _spaced(values: FloatArray, distinct: FloatArray, size: int) -> IntArray:
    """Return `size` positions among the distinct values: quantiles of the rows, and other values if quantiles coincide."""
    at = np.unique(np.searchsorted(distinct, values[_places(len(values), size)]))
    others = np.setdiff1d(np.arange(len(distinct)), at)
    return np.union1d(at, others[_places(len(others), size - len(at))]).astype(np.int64)


def _middles(values: FloatArray, distinct: FloatArray, size: int) -> IntArray:
    """Divide the sorted `values` into `size` equal blocks, and return the position of each block's middle value in `distinct`."""
    middle = ((np.arange(size) + 0.5) * len(values) / size).astype(np.int64)
    return np.unique(np.searchsorted(distinct, values[middle])).astype(np.int64)


def _places(count: int, size: int) -> IntArray:
    """Return `size` evenly spaced positions from 0 to `count` - 1, rounded to whole numbers."""
    return np.rint(np.linspace(0, count - 1, size)).astype(np.int64)


def _levels(column: Column, values: pd.Series, weights: FloatArray, size: int) -> Grid:
    """Return the grid of a column with levels: up to `size` levels with the largest weight, in level order.

    Levels with weight 0 are left out.
    """
    place = {level: i for i, level in enumerate(column.levels)}
    codes = values.astype(object).map(place).to_numpy(dtype=np.float64, na_value=np.nan)
    missing = np.isnan(codes)
    codes = np.where(missing, -1, codes).astype(np.int64)
    counts = np.bincount(codes[~missing], weights[~missing], minlength=len(place))
    kept = np.sort(np.argsort(-counts, kind="stable")[:size])
    kept = kept[counts[kept] > 0]
    of = np.full(len(place) + 1, -1)  # the last entry is for missing values, which have code -1
    of[kept] = np.arange(len(kept))
    below = of[codes].astype(np.int64)
    below[missing] = len(kept)
    donors = np.array([np.argmax(codes == code) for code in kept], dtype=np.int64)
    names = [column.levels[code] for code in kept]
    ordered = column.kind in ("ordinal", "boolean") or len(kept) <= 2
    return _with_missing(column, names, donors, below, np.zeros(len(below)), missing, ordered)


def _with_missing(
    column: Column, values: list[Any], donors: IntArray, below: IntArray, part: FloatArray, missing: Any, ordered: bool
) -> Grid:
    points = len(values)
    if missing.any():
        values, donors = [*values, None], np.append(donors, np.argmax(missing))
    return Grid(column, tuple(values), donors, below, part, points, ordered)
