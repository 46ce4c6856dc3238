"""Robustness in the document: performance of both models when values are perturbed, and the columns that matter most for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tabinterp.analyses.record_values import fill
from tabinterp.document.base import Interval, Metric, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows
from tabinterp.errors import DocumentError

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document


class AtSize(Part):
    """Both models at one size of perturbation; differences are network minus linear."""

    size: float  # of the rows of a column, from which a number may come, and the probability that a level is exchanged
    network: Interval
    linear: Interval
    difference: Interval
    rise: Interval  # rise in the network's loss from size 0 minus that in the linear model's; of size 0 none
    network_auc: Interval  # of two classes
    linear_auc: Interval
    auc_difference: Interval


class OfColumn(Part):
    """The rise in loss when one column alone is perturbed, and network minus linear."""

    column: str
    network: Interval
    linear: Interval
    difference: Interval


class Record(Part):
    metric: Metric
    null: float  # loss of always predicting the base rate, or the mean
    rows: int
    draws: int
    seed: int
    sizes: list[AtSize]  # size 0 first
    lost_at: (
        float | None
    )  # smallest size at which the network is no longer significantly better; None: it never was or always is
    worse_from: float | None  # smallest size above 0 at which it is significantly worse than the linear model
    column_size: float
    columns: list[OfColumn]  # the largest rise in the network's loss first

    def check_claims(self, document: Document) -> None:
        """Check that the sizes at which the comparison changes follow from the intervals."""
        first, *others = self.sizes
        better = first.difference.high is not None and first.difference.high < 0
        lost = next((one.size for one in others if one.difference.high is None or one.difference.high >= 0), None)
        if self.lost_at != (lost if better else None):
            raise DocumentError(
                f"analyses.perturbation.lost_at is {self.lost_at}, but the intervals imply {lost if better else None}."
            )
        worse = next((one.size for one in others if one.difference.low is not None and one.difference.low > 0), None)
        if self.worse_from != worse:
            raise DocumentError(
                f"analyses.perturbation.worse_from is {self.worse_from}, but the intervals imply {worse}."
            )

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("perturbation", "both", self.rows, evaluated(document), self.seed, perturbed=self.draws)


def build(results: Results) -> Record | None:
    """Return the performance at each size; None where it was not computed."""
    result = results[ANALYSIS]
    return None if result is None else fill(Record, result, metric=result.loss)
