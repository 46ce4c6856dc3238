"""The reliability curve: mean prediction and mean outcome in ten quantile bins of the prediction.

Bins are chosen on a sample of rows. Any number of rows can then be added in batches, because sums over rows can be merged. The
mean outcome of a bin has a 95% interval: Wilson's (1927) for a share, and Student's t for a mean of numbers or counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from tabinterp.analyses.performance.estimator import FEWEST
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.stats.wilson_interval import wilson

BINS = 10


@dataclass(frozen=True)
class Bin:
    """One bin of a reliability curve: the (weighted) mean prediction, and the mean outcome with its 95% interval."""

    rows: int
    predicted: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Bins:
    """Sums and means over the rows with positive weight in each bin; all arrays have shape (bins,).

    With weights w, `mass` is sum w, `squares` is sum w^2, and `spread` is sum w (outcome - mean)^2. `predicted` and `observed`
    are the mean prediction and the mean outcome.
    """

    rows: IntArray
    mass: FloatArray
    squares: FloatArray
    predicted: FloatArray
    observed: FloatArray
    spread: FloatArray


def start(prediction: FloatArray, weights: FloatArray, least: int = FEWEST) -> FloatArray | None:
    """Return the bin edges, or None if there are fewer than `least` rows.

    Each edge is halfway between the closest predictions of neighbouring bins.
    """
    ordered = np.sort(prediction[weights > 0])
    places = cuts(ordered, least)
    inner = places[1:-1]
    return None if len(places) < 2 else (ordered[inner - 1] + ordered[inner]) / 2


def update(edges: FloatArray, prediction: FloatArray, y: FloatArray, weights: FloatArray) -> Bins:
    """Return the sums and means over the given rows in each bin."""
    used = weights > 0
    prediction, y, weights = prediction[used], y[used], weights[used]
    at, size = np.searchsorted(edges, prediction, side="right"), len(edges) + 1

    def summed(values: FloatArray) -> FloatArray:
        return np.bincount(at, values, size).astype(np.float64)

    mass = summed(weights)
    held = np.where(mass > 0, mass, 1.0)
    observed = summed(weights * y) / held
    return Bins(
        rows=np.bincount(at, minlength=size).astype(np.int64),
        mass=mass,
        squares=summed(weights**2),
        predicted=summed(weights * prediction) / held,
        observed=observed,
        spread=summed(weights * (y - observed[at]) ** 2),
    )


def merge(a: Bins, b: Bins) -> Bins:
    """Merge the sums over two sets of rows.

    Means and `spread` are merged directly, because raw sums of squares would lose precision.
    """
    mass = a.mass + b.mass
    share = b.mass / np.where(mass > 0, mass, 1.0)
    shift = b.observed - a.observed
    return Bins(
        rows=a.rows + b.rows,
        mass=mass,
        squares=a.squares + b.squares,
        predicted=a.predicted + (b.predicted - a.predicted) * share,
        observed=a.observed + shift * share,
        spread=a.spread + b.spread + shift**2 * a.mass * share,
    )


def finish(sums: Bins, classes: bool) -> tuple[Bin, ...]:
    """Return the bins that contain rows. If `classes` is true, mean outcomes are shares of a class."""
    return tuple(_bin(sums, i, classes) for i in np.flatnonzero(sums.mass > 0).tolist())


def _bin(sums: Bins, i: int, classes: bool) -> Bin:
    observed, mass = float(sums.observed[i]), float(sums.mass[i])
    size = mass**2 / float(sums.squares[i])  # effective number of rows of equal weight (Kish 1965)
    if classes:
        observed = min(max(observed, 0.0), 1.0)
        low, high = map(float, wilson(observed, size))
    else:
        spread = float(sums.spread[i]) / mass * size / max(size - 1, 1e-9)
        half = float(stats.t.ppf(0.975, max(size - 1, 1))) * np.sqrt(spread / size)
        low, high = observed - half, observed + half
    return Bin(int(sums.rows[i]), float(sums.predicted[i]), observed, float(low), float(high))


def cuts(ordered: FloatArray, least: int = FEWEST) -> IntArray:
    """Return the positions at which sorted predictions are divided into at most ten bins of about equal size.

    Rows with equal predictions are in the same bin. Each bin has at least `least` rows.
    """
    n = len(ordered)
    if n < least:
        return np.zeros(1, dtype=np.int64)
    wanted = np.linspace(0, n, min(BINS, n // least) + 1)[1:-1].round().astype(int)
    kept = [0]
    for at in np.searchsorted(ordered, ordered[wanted], side="left"):
        if at - kept[-1] >= least and n - at >= least:
            kept.append(int(at))
    return np.array([*kept, n], dtype=np.int64)
