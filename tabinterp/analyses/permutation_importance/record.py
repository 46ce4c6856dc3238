"""Record classes for permutation importance: the rise in each model's loss when a column is permuted, and their difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from tabinterp.analyses.record_values import at, fill, interval, number, rows_of
from tabinterp.document.base import Interval, Metric, Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

ASSOCIATED = 0.2  # minimum association of a conditioning column with the permuted column (Strobl et al. 2008)
FEWEST = 20  # minimum rows of a stratum


class ImportanceRow(Part):
    column: str
    network: Interval
    linear: Interval
    difference: Interval = Interval()  # network minus linear, paired by row
    off_support: float | None  # share of permuted rows farther from the nearest real row than 95% of unchanged rows
    exact: bool  # True if all donors were used, so there is no sampling error from draws


class Importance(Part):
    loss: Metric
    rows: int
    repeats: int
    seed: int
    off_support_rows: int
    rows_of: Literal["held-out", "all"]
    columns: list[ImportanceRow]  # most important for the network first

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("importance", "both", self.rows, self.rows_of, self.seed, repeats=self.repeats)


def build(r: Results) -> Importance:
    """Return the importance of every column for both models. The list of columns is empty if the analysis does not apply."""
    both = r[ANALYSIS]
    if both is None:
        metric: Any = r.performance.metrics[0].name
        return Importance(
            loss=metric, rows=0, repeats=0, seed=r.seed, off_support_rows=0, rows_of=rows_of(r), columns=[]
        )
    network, linear = both
    difference = network.minus(linear)
    rows = [
        ImportanceRow(
            column=column,
            network=interval(network.importance[i], network.stderr[i], network.ci_low[i], network.ci_high[i]),
            linear=interval(linear.importance[i], linear.stderr[i], linear.ci_low[i], linear.ci_high[i]),
            difference=at(difference, i),
            off_support=number(network.off_support[i]),
            exact=network.exact[i],
        )
        for i, column in enumerate(network.players)
    ]
    return fill(
        Importance,
        network,
        repeats=network.n_repeats,
        rows_of=rows_of(r),
        columns=sorted(rows, key=lambda row: -(row.network.value or 0.0)),
    )
