"""Boosted trees in the document: how well they predict, as a reference for both models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabinterp.analyses.record_values import fill, metric_row
from tabinterp.document.base import Interval, Metric, Part, Status

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
    if r.boosted_trees is None:
        return None
    result = r.boosted_trees
    row = metric_row(result.metric)
    return fill(Reference, result, metric=row.metric, network=row.network, trees=row.linear, difference=row.difference)
