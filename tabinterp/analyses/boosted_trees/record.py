"""Boosted trees in the document: how well they predict, as a reference for both models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.record_values import interval
from tabinterp.document.base import Interval, Metric, Part, Status

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results


class Reference(Part):
    """Boosted trees on the same training rows: a reference, not a rival."""

    metric: Metric
    network: Interval
    trees: Interval
    difference: Interval  # network minus trees, paired
    status: Status  # of the network, by the verdict's margin
    rounds: int
    rows: int
    training_rows: int


def build(r: Results) -> Reference | None:
    """Return the network's difference from boosted trees; None where these were not fitted."""
    result = r[ANALYSIS]
    if result is None:
        return None
    return Reference(
        metric=result.metric.name,
        network=interval(*result.metric.network),
        trees=interval(*result.metric.linear),
        difference=interval(*result.metric.difference),
        status=result.status,
        rounds=result.rounds,
        rows=result.rows,
        training_rows=result.training_rows,
    )
