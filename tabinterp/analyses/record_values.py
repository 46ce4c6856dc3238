"""Conversion of computed numbers to values of the document: finite floats or None, intervals, rows of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tabinterp.document.base import Interval, MetricRow

if TYPE_CHECKING:
    from tabinterp.analyses.performance.estimator import Metric
    from tabinterp.analyses.results import Results
    from tabinterp.stats.estimates import Estimates


def number(value: Any) -> float | None:
    """Return a finite float, or None."""
    return None if value is None or not np.isfinite(value) else float(value)


def interval(value: Any, stderr: Any, low: Any, high: Any) -> Interval:
    """Return a number with its standard error and 95% interval."""
    return Interval(value=number(value), stderr=number(stderr), low=number(low), high=number(high))


def at(estimates: Estimates, *place: int) -> Interval:
    """Return one of many estimates."""
    return interval(*(getattr(estimates, part)[place] for part in ("value", "stderr", "low", "high")))


def metric_row(metric: Metric) -> MetricRow:
    """Return a metric of both models."""
    return MetricRow(
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        network=interval(*metric.network),
        linear=interval(*metric.linear),
        difference=interval(*metric.difference),
        resolved=metric.resolved,
        method=metric.method,
        rows=metric.rows,
    )


def rows_of(r: Results) -> Any:
    """Return which rows were evaluated: "held-out" or "all"."""
    return "held-out" if r.held_out else "all"


def largest_first(values: Sequence[float] | np.ndarray) -> list[int]:
    """Return the places of values from the largest down; NaN counts as 0."""
    return [int(place) for place in np.argsort(-np.nan_to_num(np.asarray(values)), kind="stable")]
