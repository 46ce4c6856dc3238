"""Residuals of both models for numeric and count targets: their distribution, and how the residuals depend on the prediction and
the predictions on the observed value.

A residual is the observed value minus the prediction. For counts, the prediction is the expected count. The results do not
disclose single rows. Rows are grouped into bins of at least 40 rows. For each bin, the mean, its 95% interval and several
quantiles are reported. A quantile is computed as the mean of the ten nearest values, and only if at least ten values are on each
side of it.

References
----------
Efron & Tibshirani (1993), An introduction to the bootstrap; Sheather & Marron (1990), Kernel quantile estimators.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from tabinterp.analyses import plots
from tabinterp.analyses.calibration.reliability_curve import start as bin_edges
from tabinterp.analyses.clustered_means import mean_of
from tabinterp.analyses.context import Context
from tabinterp.analyses.performance.estimator import RESAMPLES, Estimate, evaluated_pair, groups, resampled
from tabinterp.analyses.plots import Series
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, TabinterpError
from tabinterp.frames import any_backend
from tabinterp.messages import text
from tabinterp.models import BoundModel, Model
from tabinterp.preview import PreviewedFrame
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.estimates import resampled as bootstrapped
from tabinterp.stats.weights import TIE
from tabinterp.table import Table
from tabinterp.table.class_counts import require_events
from tabinterp.table.suppression import SMALL, parts_shown

from . import record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST = 4 * SMALL  # minimum rows of a bin, with which ten rows are beyond each quartile
QUANTILES = (0.1, 0.25, 0.75, 0.9)  # quantiles of the rows in a bin
ERRORS = record.ERRORS  # quantiles of the absolute error
TAIL = 0.01  # share of the rows below the first and above the last edge of the error distribution
ERROR_BINS = 20  # maximum number of bins between the first and the last edge

Chart = Literal["residuals", "observed", "errors"]
CHARTS: tuple[str, ...] = get_args(Chart)


@dataclass(frozen=True)
class Bins:
    """Summary of one variable y in bins of another variable x, in increasing order of x.

    Parameters
    ----------
    rows : number of rows in each bin (bins,).
    at : mean of x in each bin (bins,).
    mean : mean of y in each bin, with standard error and 95% interval (bins,). NaN if the rows of a bin belong to fewer than ten
        groups.
    quantiles : quantiles of y in each bin, at the probabilities `QUANTILES` (bins, 4). NaN if fewer than ten rows are below or
        above the quantile.
    """

    rows: IntArray
    at: FloatArray
    mean: Estimates
    quantiles: FloatArray


@dataclass(frozen=True)
class ModelResiduals:
    """Errors of one model.

    Parameters
    ----------
    by_prediction : residuals in bins of the prediction.
    by_observed : predictions in bins of the observed value.
    shares : weighted shares of the rows with residuals below the first edge, between each pair of adjacent edges, and above the
        last edge (bins + 2,). NaN if a share represents 1 to 9 rows, or would reveal that another share does.
    absolute : quantiles of the absolute residual (len(ERRORS),); NaN if fewer than ten rows are above the quantile.
    """

    by_prediction: Bins
    by_observed: Bins
    shares: FloatArray
    absolute: Estimates


@dataclass(frozen=True)
class Residuals(PreviewedFrame):
    """Residuals of both models on the same rows.

    Parameters
    ----------
    network : residuals of the network.
    linear : residuals of the linear model.
    difference : paired differences between the quantiles of the absolute residual, network minus linear model (len(ERRORS),).
    edges : edges of the bins of residuals, in units of the target (bins + 1,); empty if all residuals are equal.
    rows : number of rows.
    resamples : number of bootstrap resamples for the intervals of quantiles.
    seed : seed of the resamples.
    """

    network: ModelResiduals
    linear: ModelResiduals
    difference: Estimates
    edges: FloatArray
    rows: int
    resamples: int
    seed: int

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each model, chart and bin.

        If `by` is "prediction", rows are binned by prediction, `at` is the mean prediction, and `mean` and the quantiles describe
        residuals. If `by` is "observed", rows are binned by observed value, `at` is the mean observed value, and `mean` and the
        quantiles describe predictions.
        """
        rows = [
            (model, by, bins.at[i], *_parts(bins.mean, i), *bins.quantiles[i], int(bins.rows[i]))
            for model in ("network", "linear")
            for by in ("prediction", "observed")
            for bins in [getattr(getattr(self, model), f"by_{by}")]
            for i in range(len(bins.rows))
        ]
        names = ["model", "by", "at", "mean", "stderr", "ci_low", "ci_high", "q10", "q25", "q75", "q90", "rows"]
        return pd.DataFrame(rows, columns=names)

    @any_backend
    def errors(self) -> pd.DataFrame:
        """Return a data frame of quantiles of the absolute error (units of the target), with one row for each quantile and model.

        Rows in which `model` is "difference" contain the network's quantile minus the linear model's.
        """
        rows = [
            (q, name, *_parts(part, i))
            for i, q in enumerate(ERRORS)
            for name, part in (
                ("network", self.network.absolute),
                ("linear", self.linear.absolute),
                ("difference", self.difference),
            )
        ]
        return pd.DataFrame(rows, columns=["quantile", "model", "absolute_error", "stderr", "ci_low", "ci_high"])

    def plot(self, ax: Axes | None = None, *, chart: Chart = "residuals") -> Axes:
        """Draw a chart of both models, and return the axes.

        Parameters
        ----------
        ax : axes to draw on; by default, those of a new figure.
        chart : "residuals" (residuals by prediction), "observed" (predictions by observed value) or "errors" (distribution of the
            residuals).

        Raises
        ------
        TabinterpError
            If `chart` is not one of these values.
        """
        if chart not in CHARTS:
            raise TabinterpError(f"chart must be one of {list(CHARTS)}; got {chart!r}")
        ax = plots.axes_of(ax)
        series = [_series(model, getattr(self, model), chart) for model in ("network", "linear")]
        if chart == "errors":
            plots.error_shares(ax, self.edges, [(one.look, one.value) for one in series])
        else:
            bins = [_bins_of(getattr(self, model), chart) for model in ("network", "linear")]
            _, bands = plots.middle([one.quantiles for one in bins])
            plots.binned(ax, [one.at for one in bins], series, bands, diagonal=chart == "observed")
        ax.set_xlabel(text(f"report.residuals.axis.{chart}.x"), loc="right")
        ax.set_title(text(f"report.residuals.axis.{chart}.y"), fontsize="medium", loc="left")
        plots.legend(ax, series)
        return plots.legible(ax)


def _parts(estimates: Estimates, i: int) -> tuple[float, ...]:
    return tuple(float(part[i]) for part in (estimates.value, estimates.stderr, estimates.low, estimates.high))


def _bins_of(model: ModelResiduals, chart: str) -> Bins:
    return model.by_prediction if chart == "residuals" else model.by_observed


def _series(look: str, model: ModelResiduals, chart: str) -> Series:
    name = text(f"plot.series.{look}")
    if chart == "errors":
        return Series(look, name, model.shares, model.shares, model.shares)
    mean = _bins_of(model, chart).mean
    return Series(look, name, mean.value, mean.low, mean.high)


def residuals(
    model: Model | BoundModel,
    table: Table,
    counterpart: Model | BoundModel | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Residuals:
    """Compute binned residuals of a network and its linear counterpart.

    Parameters
    ----------
    model : the network.
    table : the rows. Only the held-out rows are used, or all rows if the table has no split.
    counterpart : the linear model; by default, one is fitted, as in an audit.
    resamples : number of bootstrap resamples for the intervals of quantiles of the absolute error.
    seed : seed of the resamples.

    Raises
    ------
    NotApplicableError
        If the target is categorical, or if fewer than 40 rows have a positive weight.

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> from sklearn.linear_model import LinearRegression
    >>> draw = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"x": draw.normal(size=400)})
    >>> frame["y"] = 2 * frame["x"] + draw.normal(size=400)
    >>> table = ti.read_table(frame, target="y", task="regression")
    >>> model = ti.wrap(LinearRegression().fit(frame[["x"]], frame["y"]))
    >>> found = ti.residuals(model, table, model, resamples=50)
    >>> len(found.frame().query("model == 'network' and by == 'prediction'"))
    10
    >>> found.errors().query("model == 'network'")["quantile"].tolist()
    [0.5, 0.75, 0.9, 0.95, 0.99]
    """
    network, linear, held_out = evaluated_pair(model, table, counterpart, seed)
    return of_rows(network, linear, held_out=held_out, resamples=resamples, seed=seed)


def of_rows(
    network: BoundModel, linear: BoundModel, *, held_out: bool, resamples: int = RESAMPLES, seed: int = 0
) -> Residuals:
    """Return the residuals of two bound models on all of their rows; `held_out` states whether these are held-out rows."""
    table = network.table
    if table.schema.goal.classes:
        raise NotApplicableError(why("residuals.classes"))
    require_events(table, "held_out" if held_out else "all")
    used = table.row_weights > 0
    if used.sum() < LEAST:
        raise NotApplicableError(why("residuals.few", least=LEAST))
    network, linear = (bound.take(used) for bound in (network, linear))
    table = network.table
    predictions = [_predicted(bound) for bound in (network, linear)]
    left = [table.y - one for one in predictions]
    edges = _edges(left)
    (first, second), difference = _absolute(left, table, resamples, seed)
    network_part, linear_part = (
        ModelResiduals(
            by_prediction=_binned(predicted, own, table),
            by_observed=_binned(table.y, predicted, table),
            shares=_shares(own, edges, table.row_weights),
            absolute=absolute,
        )
        for predicted, own, absolute in zip(predictions, left, (first, second), strict=True)
    )
    return Residuals(network_part, linear_part, difference, edges, len(table), resamples, seed)


def _predicted(bound: BoundModel) -> FloatArray:
    """Return the predictions (n,) in units of the target; for counts, the expected counts."""
    scores = bound.scores[:, 0]
    return np.exp(scores) if bound.table.schema.task == "count" else scores


def _binned(by: FloatArray, values: FloatArray, table: Table) -> Bins:
    """Return means and quantiles of `values` (n,) in at most ten bins of rows sorted by `by` (n,).

    Rows with equal values of `by` are in the same bin.
    """
    weights, group = table.row_weights, groups(table)
    edges = bin_edges(by, weights, LEAST)
    assert edges is not None
    place = np.searchsorted(edges, by, side="right")
    inside = [place == i for i in range(len(edges) + 1)]
    means: list[Estimate] = [mean_of(values[rows], weights[rows], group[rows]) for rows in inside]
    return Bins(
        rows=np.array([rows.sum() for rows in inside], dtype=np.int64),
        at=np.array([np.average(by[rows], weights=weights[rows]) for rows in inside]),
        mean=Estimates(*np.array(means).T),
        quantiles=np.array([shown_quantiles(values[rows], weights[rows], QUANTILES) for rows in inside]),
    )


def shown_quantiles(values: FloatArray, weights: FloatArray, shares: Sequence[float]) -> FloatArray:
    """Return weighted quantiles of `values` (n,) at the probabilities `shares`, without revealing single values.

    A quantile is computed as the mean of the ten values around it, five on each side. It is NaN if fewer than ten rows are below
    or above it. Rows with weight 0 are ignored.

    >>> shown_quantiles(np.arange(1.0, 101), np.ones(100), [0.05, 0.1, 0.5])
    array([ nan, 10.5, 50.5])
    """
    order = np.argsort(values, kind="stable")
    order = order[weights[order] > 0]
    found, below = _around(values[order], weights[order], shares)
    return np.where((below >= SMALL) & (below <= len(order) - SMALL), found, np.nan)


def _around(values: FloatArray, weights: FloatArray, shares: Sequence[float]) -> tuple[FloatArray, IntArray]:
    """Return, for each quantile of sorted values, the mean of the ten nearest values and the number of values below it."""
    mass, sums, half = np.cumsum(weights), np.append(0.0, np.cumsum(values)), SMALL // 2
    below = np.searchsorted(mass, np.asarray(shares) * mass[-1] * (1 + TIE), side="right")
    middle = np.clip(below, half, max(half, len(mass) - half))
    return (sums[np.minimum(middle + half, len(mass))] - sums[middle - half]) / SMALL, below


def _edges(left: list[FloatArray]) -> FloatArray:
    """Return edges for bins of both models' residuals.

    The edges are multiples of 1, 2 or 5 times a power of ten, so they do not disclose the residual of a single row.
    """
    ends = [np.quantile(one, [TAIL, 1 - TAIL]) for one in left]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if not high > low:
        return np.zeros(0)
    exponent = int(np.floor(np.log10((high - low) / ERROR_BINS)))
    factor = next(one for one in (1, 2, 5, 10) if (high - low) / (one * 10.0**exponent) <= ERROR_BINS)
    step = factor * 10.0**exponent
    return np.array(
        [float(f"{k * factor}e{exponent}") for k in range(math.floor(low / step), math.ceil(high / step) + 1)]
    )


def _shares(left: FloatArray, edges: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted shares of rows with residuals below, between and above the edges; NaN where a share is withheld."""
    place = np.searchsorted(edges, left, side="right")
    shares = np.bincount(place, weights, len(edges) + 1) / weights.sum()
    return np.where(parts_shown(np.bincount(place, minlength=len(edges) + 1)), shares, np.nan)


def _absolute(
    left: list[FloatArray], table: Table, resamples: int, seed: int
) -> tuple[tuple[Estimates, Estimates], Estimates]:
    """Return quantiles of both models' absolute residuals, and their paired differences, with bootstrap intervals."""
    sizes, weights, units = [np.abs(one) for one in left], table.row_weights, table.group_count
    orders = [np.argsort(size, kind="stable") for size in sizes]

    def found(times: FloatArray) -> FloatArray:
        """Return the quantiles of both models in a resample that contains each row `times` (n,) times."""
        rows = [np.repeat(order, times[order].astype(np.int64)) for order in orders]
        return np.stack([_around(size[at], weights[at], ERRORS)[0] for size, at in zip(sizes, rows, strict=True)])

    point = np.stack([shown_quantiles(size, weights, ERRORS) for size in sizes])
    drawn = np.stack([found(times) for times in resampled(np.ones(len(table)), groups(table), resamples, seed)])
    drawn = np.where(np.isnan(point), np.nan, drawn)
    network, linear = (bootstrapped(point[i], drawn[:, i], units, 0.0) for i in range(2))
    return (network, linear), bootstrapped(point[0] - point[1], drawn[:, 0] - drawn[:, 1], units)


def run(context: Context) -> Residuals | None:
    """Compute the residuals of both models of an audit on the evaluated rows; None if the target is categorical."""
    if context.network.table.schema.goal.classes:
        return None
    network, linear = context.both(context.evaluated)
    return of_rows(network, linear, held_out=context.held_out, seed=context.seed)
