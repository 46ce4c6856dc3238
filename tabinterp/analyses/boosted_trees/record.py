"""Boosted trees in the audit document: how well the network predicts compared with boosted trees."""

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
    """The performance of the network compared with boosted trees fitted to the same training rows."""

    metric: Metric
    network: Interval
    trees: Interval
    difference: Interval  # network minus trees, paired by row
    status: Status  # network compared with the trees, with the margin of the comparison with the linear model
    rounds: int
    rows: int
    training_rows: int

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        seed = document.method.seed
        yield used_rows("trees_fitted", "refits", self.training_rows, training(document), seed, rounds=self.rounds)
        yield used_rows("trees", "network", self.rows, evaluated(document), seed)


def build(r: Results) -> Reference | None:
    """Return the comparison of the network with boosted trees, or None if no trees were fitted."""
    result = r[ANALYSIS]
    if result is None:
        return None
    row = metric_row(result.metric)
    return fill(Reference, result, metric=row.metric, network=row.network, trees=row.linear, difference=row.difference)
