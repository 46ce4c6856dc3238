"""Boosted trees in the document: how well they predict, as a reference for both models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tabinterp.analyses.record_values import fill, metric_row
from tabinterp.document.base import Interval, Metric, Part, Status
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, training, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document


class Reference(Part):
    """Boosted trees fitted to the same training rows, as a reference."""

    metric: Metric
    network: Interval
    trees: Interval
    difference: Interval  # network minus trees, paired by row
    status: Status  # of the network compared with the trees, by the margin of the verdict
    rounds: int
    rows: int
    training_rows: int

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        seed = document.method.seed
        yield used_rows("trees_fitted", "refits", self.training_rows, training(document), seed, rounds=self.rounds)
        yield used_rows("trees", "network", self.rows, evaluated(document), seed)


def build(r: Results) -> Reference | None:
    """Return how the network compares with boosted trees; None if these were not fitted."""
    result = r[ANALYSIS]
    if result is None:
        return None
    row = metric_row(result.metric)
    return fill(Reference, result, metric=row.metric, network=row.network, trees=row.linear, difference=row.difference)
