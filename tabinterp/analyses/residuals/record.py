"""Record classes for residuals: bins of rows, the distribution of the errors, and quantiles of the absolute error."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from tabinterp.analyses.record_values import at, number
from tabinterp.document.base import Interval, Part

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.arrays import FloatArray

    from .estimator import Bins
    from .estimator import ModelResiduals as ModelResult

ERRORS = (0.5, 0.75, 0.9, 0.95, 0.99)  # quantiles of the absolute error


class ResidualBin(Part):
    """A bin of at least forty rows with similar predictions or similar observed values.

    A quantile is None if fewer than ten rows are below or above it.
    """

    rows: int
    at: float  # mean prediction, or mean observed value
    mean: Interval  # mean of the residuals, or of the predictions
    q10: float | None
    q25: float | None
    q75: float | None
    q90: float | None


class ModelResiduals(Part):
    by_prediction: list[ResidualBin]  # means and quantiles of residuals (observed minus predicted values)
    by_observed: list[ResidualBin]  # means and quantiles of predictions


class ErrorBin(Part):
    """Each model's share of rows with a residual between two edges; None if the share would reveal a count of 1 to 9 rows."""

    low: float | None  # lower edge; None if there is none
    high: float | None
    network: float | None
    linear: float | None


class ErrorQuantile(Part):
    """A quantile of the absolute residual. Intervals are empty if fewer than ten rows are above the quantile."""

    quantile: float
    network: Interval
    linear: Interval
    difference: Interval  # paired difference, network minus linear model


class Record(Part):
    rows: int
    resamples: int
    seed: int
    network: ModelResiduals
    linear: ModelResiduals
    distribution: list[ErrorBin]
    absolute: list[ErrorQuantile]


def build(r: Results) -> Record | None:
    """Return the record of both models' residuals; None if the analysis does not apply."""
    result = r[ANALYSIS]
    if result is None:
        return None
    network, linear = result.network, result.linear
    return Record(
        rows=result.rows,
        resamples=result.resamples,
        seed=result.seed,
        network=_model(network),
        linear=_model(linear),
        distribution=_distribution(result.edges, network.shares, linear.shares),
        absolute=[
            ErrorQuantile(
                quantile=quantile,
                network=at(network.absolute, i),
                linear=at(linear.absolute, i),
                difference=at(result.difference, i),
            )
            for i, quantile in enumerate(ERRORS)
        ],
    )


def _model(model: ModelResult) -> ModelResiduals:
    return ModelResiduals(by_prediction=_bins(model.by_prediction), by_observed=_bins(model.by_observed))


def _bins(bins: Bins) -> list[ResidualBin]:
    return [
        ResidualBin(
            rows=int(rows),
            at=float(bins.at[i]),
            mean=at(bins.mean, i),
            **{name: number(bins.quantiles[i, k]) for k, name in enumerate(("q10", "q25", "q75", "q90"))},
        )
        for i, rows in enumerate(bins.rows)
    ]


def _distribution(edges: FloatArray, network: FloatArray, linear: FloatArray) -> list[ErrorBin]:
    if not len(edges):
        return []
    ends = [None, *edges.tolist(), None]
    return [
        ErrorBin(low=low, high=high, network=number(network[i]), linear=number(linear[i]))
        for i, (low, high) in enumerate(pairwise(ends))
    ]
