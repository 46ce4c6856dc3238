"""Sums over rows from which group metrics are computed, with the functions that compute and merge them.

For every group and each model, the sums are counts of rows by selection and outcome, moments of the scores, and the totals of
predictions and outcomes in ten bins. The rows passed to `start` determine which levels form separate groups, the cut points of
numeric columns, and the bins. With several classes, each class in turn is the selected class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import expit

from tabinterp.analyses.calibration.reliability_curve import BINS
from tabinterp.analyses.calibration.reliability_curve import start as cuts
from tabinterp.analyses.performance.estimator import FEWEST
from tabinterp.analyses.settings import THRESHOLD
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models import BoundModel, probabilities
from tabinterp.table.suppression import SMALL, BoolArray

from .grouped_moments import Moments, of_share
from .grouped_moments import merge as joined
from .partition import Partition, partition
from .selection import Decided, decided, plain
from .several_classes import Fits, fits, merge_fits, predicted

SIDES = 4  # number of sides; for classes, the side of a row is 2 if selected, plus 1 if its outcome is favourable


@dataclass(frozen=True, eq=False)
class Scale:
    """Bins of the predictions of one output.

    Parameters
    ----------
    cuts : (m,) the cut points of all groups, in ascending order.
    bins : for each family, an array (cells, m + 1) with the index of the group's bin in each interval between cut points.
    some : for each family, a mask (cells,) of the groups with enough rows for bins.
    """

    cuts: FloatArray
    bins: tuple[IntArray, ...]
    some: tuple[BoolArray, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """Settings for computing sums over the rows of each group.

    Parameters
    ----------
    labels : the classes, in order.
    compared : with two classes, the index of the class whose predicted share is compared between groups.
    adverse : with two classes, the adverse class, if it was stated.
    held_out : whether it is known that the models were not trained on these rows. Only then are predictions compared with
        outcomes.
    scales : bins of predictions, for each output of each model.
    """

    cut: Partition
    task: str
    labels: tuple[str, ...]
    threshold: float
    compared: int
    adverse: str | None
    held_out: bool
    scales: tuple[tuple[Scale, ...], ...]

    def decisions(self, bound: BoundModel) -> list[Decided]:
        """Return the decisions on the rows: one entry per class if there are several classes, and otherwise a single entry."""
        if self.task != "multiclass":
            return [decided(bound, self.threshold)]
        chosen, y = predicted(bound), bound.table.y
        return [
            plain(bound, (chosen == k).astype(np.float64), bound.scores[:, k], y == k) for k in range(len(self.labels))
        ]


@dataclass(frozen=True, eq=False)
class Tally:
    """Sums over the rows of each group in one family of groups, for one output of a model.

    Parameters
    ----------
    rows : (cells, bins, sides) number of rows.
    mass : (cells, bins, sides) sum of the weights w, if rows have weights.
    squares : (cells, bins, sides) sum of w^2, if rows have weights.
    used : (cells, bins) number of rows with positive weight, if rows have weights.
    predicted : (cells, bins) sum of w times the prediction.
    observed : (cells, bins) sum of w times the outcome, for numeric targets.
    score : (cells,) moments of the score.
    rate : (cells,) moments of the prediction for numeric targets. For classification, moments of the 0/1 selection indicator,
        if rows are clustered.
    errors : (2 cells,) moments of the 0/1 selection indicator, separately for each outcome, if rows are clustered.
    """

    rows: IntArray
    mass: FloatArray | None
    squares: FloatArray | None
    used: IntArray | None
    predicted: FloatArray | None
    observed: FloatArray | None
    score: Moments
    rate: Moments | None
    errors: Moments | None

    @property
    def sides(self) -> IntArray:
        """The number of rows (cells, sides) by selection and outcome."""
        return np.asarray(self.rows.sum(axis=1))

    @property
    def selected(self) -> Moments:
        """The moments of the selection rate or, for numeric targets, of the predictions."""
        return self._share(np.array([[0, 1], [2, 3]])) if self.rate is None else self.rate

    def among(self, outcome: int) -> Moments:
        """Return the moments of the selection rate among rows with one outcome (1: favourable, 0: not favourable)."""
        if self.errors is None:
            return self._share(np.array([[outcome], [2 + outcome]]))
        found = self.errors
        joint = None if found.joint is None else found.joint[:, outcome::2, outcome::2]
        mean, spread = found.mean[outcome::2], found.spread[outcome::2]
        return Moments(found.rows[outcome::2], found.mass[outcome::2], found.squares[outcome::2], mean, spread, joint)

    def _share(self, sides: IntArray) -> Moments:
        """Return the moments of the selection rate among the rows that are counted at the positions in `sides`.

        `sides` (2, m) contains positions on the last axis of `rows`: those of the rows not selected, then those of the rows
        selected.
        """
        rows, mass, squares = (
            np.stack([one.sum(axis=1)[:, some].sum(axis=1) for some in sides], axis=1)
            for one in (self.rows, *self._weighed)
        )
        return of_share(rows, mass, squares, self.mass is not None)

    @property
    def _weighed(self) -> tuple[FloatArray, FloatArray]:
        if self.mass is None or self.squares is None:
            return self.rows.astype(np.float64), self.rows.astype(np.float64)
        return self.mass, self.squares

    def error(self, cell: int, positive: int) -> float:
        """Return the expected calibration error: the gap between predictions and outcomes, averaged over bins by number of rows.

        `positive` is the index of the class to which the predicted probabilities refer.
        """
        if self.predicted is None:
            return np.nan
        mass = self._weighed[0][cell]
        rows = self.rows[cell].sum(axis=1) if self.used is None else self.used[cell]
        observed = mass[:, positive::2].sum(axis=1) if self.observed is None else self.observed[cell]
        some = rows > 0
        apart = np.abs(self.predicted[cell] - observed)[some] / mass.sum(axis=1)[some]
        return float(rows[some] @ apart / rows.sum()) if some.any() else np.nan


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over `rows` rows, with a tally for each model, output and family.

    With several classes, `fits` contains the sums of accuracy and loss over rows, for each model and each family that is defined
    by one column. If rows are weighted and the target has classes, `largest` contains the nine largest weights in each group of
    each family (cells, 9).
    """

    rows: int
    tallies: tuple[tuple[tuple[Tally, ...], ...], ...]
    fits: tuple[tuple[Fits, ...], ...]
    largest: tuple[FloatArray, ...] | None

    @property
    def counts(self) -> list[IntArray]:
        """The number of rows (cells,) in the groups of each family."""
        return [one.rows.sum(axis=(1, 2)) for one in self.tallies[0][0]]


def start(
    network: BoundModel,
    linear: BoundModel,
    *,
    control: Mapping[str, Any] | None = None,
    threshold: float = THRESHOLD,
) -> Plan | None:
    """Return the settings for computing sums over rows; None if no column is protected."""
    table = network.table
    cut = partition(table, control)
    if not cut.axes:
        return None
    known = table.held_out is not None
    plan = Plan(
        cut,
        table.schema.task,
        table.schema.labels,
        threshold,
        table.schema.compared,
        table.schema.adverse_label,
        known,
        (),
    )
    sides, cells = SIDES if plan.labels else 1, cut.codes(table)
    scales = tuple(
        tuple(
            _scale(one if known else one[:0], table.row_weights, cells, cut.sizes, sides) for one in _predictions(bound)
        )
        for bound in (network, linear)
    )
    return replace(plan, scales=scales)


def update(plan: Plan, network: BoundModel, linear: BoundModel) -> Sums:
    """Return the `Sums` over the rows to which both models are bound."""
    table, cells = network.table, plan.cut.codes(network.table)
    tallies, fitted = [], []
    for bound, scales in zip((network, linear), plan.scales, strict=True):
        made = []
        for rows, p, scale in zip(plan.decisions(bound), _predictions(bound), scales, strict=True):
            at = np.searchsorted(scale.cuts, p, side="right")
            side = None if rows.outcome is None else (2 * rows.selected + rows.outcome).astype(np.int64)
            y = bound.table.y if side is None else None
            told = (plan.cut.sizes, cells, scale.bins)
            made.append(
                tuple(_tally(rows, *one, at, side, p if plan.held_out else None, y) for one in zip(*told, strict=True))
            )
        tallies.append(tuple(made))
        if plan.task == "multiclass":
            single = [*zip(cells, plan.cut.sizes, strict=True)][: len(plan.cut.axes)]
            fitted.append(tuple(fits(bound, single)))
    largest = None
    if table.weights is not None and plan.labels:
        largest = tuple(_largest(table.weights, *one) for one in zip(cells, plan.cut.sizes, strict=True))
    return Sums(len(table), tuple(tallies), tuple(fitted), largest)


def merge(a: Sums, b: Sums) -> Sums:
    return Sums(
        rows=a.rows + b.rows,
        tallies=tuple(
            tuple(
                tuple(_merged(*pair) for pair in zip(*families, strict=True)) for families in zip(*outputs, strict=True)
            )
            for outputs in zip(a.tallies, b.tallies, strict=True)
        ),
        fits=tuple(
            tuple(merge_fits(*pair) for pair in zip(*models, strict=True))
            for models in zip(a.fits, b.fits, strict=True)
        ),
        largest=None
        if a.largest is None or b.largest is None
        else tuple(_most(np.concatenate(pair, axis=1)) for pair in zip(a.largest, b.largest, strict=True)),
    )


def _merged(a: Tally, b: Tally) -> Tally:
    def added(name: str) -> Any:
        x, y = getattr(a, name), getattr(b, name)
        return None if x is None else x + y

    def moved(name: str) -> Any:
        x, y = getattr(a, name), getattr(b, name)
        return None if x is None else joined(x, y)

    sums = {name: added(name) for name in ("rows", "mass", "squares", "used", "predicted", "observed")}
    return Tally(**sums, **{name: moved(name) for name in ("score", "rate", "errors")})


# ---- one model


def _predictions(bound: BoundModel) -> list[FloatArray]:
    """Return the predictions (n,) of each output: probabilities for classes, otherwise values or counts."""
    scores = bound.scores
    if bound.table.schema.task == "multiclass":
        return [*probabilities(scores).T]
    score = scores[:, 0]
    return [{"binary": expit, "count": np.exp}.get(bound.table.schema.task, np.asarray)(score)]


def _scale(
    prediction: FloatArray, weights: FloatArray, cells: Sequence[IntArray], sizes: Sequence[int], sides: int
) -> Scale:
    """Return, for every group, ten bins with equal numbers of rows, as in a reliability curve.

    A group with too few predictions has one bin, which is not shown.
    """
    found: list[list[FloatArray | None]] = []
    for codes, size in zip([one[: len(prediction)] for one in cells], sizes, strict=True):
        order, ends = np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes, minlength=size))
        groups = np.split(order, ends[:-1])
        found.append([cuts(prediction[rows], weights[rows]) if len(rows) >= FEWEST else None for rows in groups])
    every = np.unique(np.concatenate([np.zeros(0), *(one for family in found for one in family if one is not None)]))
    bins = []
    for family in found:
        within = [
            np.zeros(len(every) + 1) if one is None else np.searchsorted(one, [-np.inf, *every], side="right")
            for one in family
        ]
        bins.append((np.arange(len(family))[:, None] * BINS + np.array(within, dtype=np.int64)) * sides)
    return Scale(every, tuple(bins), tuple(np.array([one is not None for one in family]) for family in found))


def _tally(
    rows: Decided,
    size: int,
    cells: IntArray,
    bins: IntArray,
    at: IntArray,
    side: IntArray | None,
    prediction: FloatArray | None,
    y: FloatArray | None,
) -> Tally:
    code = np.take(bins, cells * bins.shape[1] + at)
    sides = 1 if side is None else SIDES
    if side is not None:
        code += side
    shape, w = (size, BINS, sides), rows.weights

    def summed(values: FloatArray) -> FloatArray:
        return np.bincount(code, values, size * BINS * sides).astype(np.float64).reshape(shape)

    def binned(values: FloatArray | None) -> FloatArray | None:
        return None if values is None else summed(values if w is None else w * values).sum(axis=2)

    return Tally(
        rows=np.bincount(code, minlength=size * BINS * sides).reshape(shape),
        mass=None if w is None else summed(w),
        squares=None if w is None else summed(w**2),
        used=None if w is None else summed((w > 0).astype(np.float64)).sum(axis=2).astype(np.int64),
        predicted=binned(prediction),
        observed=binned(y if prediction is not None else None),
        score=rows.moments(cells, size, rows.score),
        rate=rows.moments(cells, size) if side is None or rows.group is not None else None,
        errors=None if rows.outcome is None or rows.group is None else rows.moments(2 * cells + rows.outcome, 2 * size),
    )


def _largest(weights: FloatArray, cells: IntArray, size: int) -> FloatArray:
    """Return the nine largest weights in each group (cells, 9), padded with 0 if a group has fewer rows.

    The sum of these weights is the largest weight that any nine rows of the group can have together.
    """
    order = np.argsort(cells.astype(np.int16), kind="stable")  # sorting 16-bit integers takes linear time
    groups = np.split(weights[order], np.cumsum(np.bincount(cells, minlength=size))[:-1])
    return np.stack([_most(np.append(group, np.zeros(SMALL - 1))[None])[0] for group in groups])


def _most(weights: FloatArray) -> FloatArray:
    """Return the nine largest values (cells, 9) in each row of an array (cells, m)."""
    return np.sort(np.partition(weights, 1 - SMALL, axis=1)[:, 1 - SMALL :], axis=1)
