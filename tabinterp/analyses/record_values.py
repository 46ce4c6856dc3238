"""Conversion of results to the values that a document stores: finite floats or None, intervals, and records of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

import numpy as np

from tabinterp.document.base import Interval, MetricRow, Part

if TYPE_CHECKING:
    from tabinterp.analyses.performance.estimator import Metric
    from tabinterp.analyses.results import Results
    from tabinterp.stats.estimates import Estimates

P = TypeVar("P", bound=Part)


def number(value: Any) -> float | None:
    """Return a finite float; None if the value is missing or not finite."""
    return None if value is None or not np.isfinite(value) else float(value)


def interval(value: Any, stderr: Any, low: Any, high: Any) -> Interval:
    """Return an `Interval` with a value, its standard error and the ends of its 95% interval."""
    return Interval(value=number(value), stderr=number(stderr), low=number(low), high=number(high))


def at(estimates: Estimates, *place: int) -> Interval:
    """Return the estimate at the index `place` as an `Interval`."""
    return interval(*(getattr(estimates, part)[place] for part in ("value", "stderr", "low", "high")))


def fill(kind: type[P], result: object, *place: int, **given: Any) -> P:
    """Return a part of the document, filled with the numbers of a result.

    Parameters
    ----------
    kind : class of the part.
    result : object with attributes that have the names of the fields to fill. Estimates, and tuples of value, standard error and
        interval ends, are converted to intervals. Nested results are converted to parts, and numbers that are not finite to None.
    place : indices of elements in the arrays and estimates of the result. Without indices, whole arrays are used.
    given : values of all other fields. They take precedence over attributes of `result` with the same names.
    """
    names = [name for name in kind.model_fields if name not in given and hasattr(result, name)]
    found = {name: _field(kind.model_fields[name].annotation, getattr(result, name), place) for name in names}
    return kind(**found, **given)


def _field(kind: Any, value: Any, place: tuple[int, ...] = ()) -> Any:
    """Return a value converted to the type of a field; `kind` is the annotation of the field."""
    kinds = [one for one in (get_args(kind) if NoneType in get_args(kind) else (kind,)) if one is not NoneType]
    if value is None:
        return None
    if Interval in kinds:
        return at(value, *place) if hasattr(value, "stderr") else interval(*value)
    if isinstance(value, np.ndarray) and place:
        value = value[place]
    if get_origin(kinds[0]) is list:
        return [_field(get_args(kinds[0])[0], one) for one in value]
    if isinstance(kinds[0], type) and issubclass(kinds[0], Part):
        return fill(kinds[0], value)
    if isinstance(value, (float, np.floating)):
        return number(value)
    return value.item() if isinstance(value, np.generic) else value


def metric_row(metric: Metric) -> MetricRow:
    """Return the record of a metric of both models."""
    return fill(MetricRow, metric, metric=metric.name)


def rows_of(r: Results) -> Any:
    """Return "held-out" if the evaluated rows are known to be held out, otherwise "all"."""
    return "held-out" if r.held_out else "all"


def largest_first(values: Sequence[float] | np.ndarray) -> list[int]:
    """Return the indices of the values in decreasing order; NaN is treated as 0."""
    return [int(place) for place in np.argsort(-np.nan_to_num(np.asarray(values)), kind="stable")]
