"""Record classes for resilience: results on the hardest rows, the outermost rows and the worst cluster, and under drift."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.record_values import fill
from tabinterp.document.base import Interval, Message, Metric, Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows
from tabinterp.errors import DocumentError

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import Trait as Found

LEAST = 50  # minimum effective number of rows for a result


class OnRows(Part):
    """Results of both models on a subset of the held-out rows, or on all held-out rows with different weights.

    Differences are network minus linear model.
    """

    kind: Literal["all", "hardest", "network", "linear", "outer", "cluster", "drift"]
    share: float | None  # nominal share of the held-out rows, by weight; None for the worst cluster and under drift
    rows: int  # effective number of rows
    network: Interval
    linear: Interval
    difference: Interval
    rise: Interval  # excess rise: rise in loss from all rows, network minus linear model; empty for all rows and under drift
    network_power: Interval  # AUC or R2; empty if the models are evaluated on different rows
    linear_power: Interval
    power_difference: Interval


class Trait(Part):
    of: Message  # names the column, or the column and the level, that `inside` and `outside` describe
    is_share: bool
    inside: float
    outside: float  # mean, or share of the level, in all other rows


class Cluster(Part):
    rows: int  # number of held-out rows in the cluster, over both halves
    traits: list[Trait]  # largest difference in standard deviations first


class Record(Part):
    metric: Metric
    power: Literal["auc", "r2"] | None
    rows: int
    training_rows: int  # number of training rows used to compute distances, clusters and drift weights
    seed: int
    subsets: list[OnRows]  # all rows first
    cluster: Cluster | None  # the worst cluster, selected on one half of the held-out rows
    drift: Interval  # AUC with which trees distinguish held-out from training rows

    def check_claims(self, document: Document) -> None:
        """Check that every result is based on enough rows, and that results under drift are present only if drift was found."""
        for index, one in enumerate(self.subsets):
            if one.rows < LEAST:
                raise DocumentError(
                    f"analyses.resilience.subsets.{index} has fewer than {LEAST} rows, but every subset must have at least "
                    f"{LEAST} rows."
                )
            if one.kind == "drift" and not (self.drift.low is not None and self.drift.low > 0.5):
                raise DocumentError(
                    f"analyses.resilience.subsets.{index} has the kind 'drift', which is allowed only if the interval of "
                    "analyses.resilience.drift lies above 0.5."
                )

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("resilience", "both", self.rows, "held-out", self.seed)


def build(results: Results) -> Record | None:
    """Return the record of both models' resilience; None if it was not computed."""
    result = results[ANALYSIS]
    if result is None:
        return None
    found = result.cluster
    cluster = None if found is None else Cluster(rows=found.rows, traits=[*map(_trait, found.traits)])
    return fill(Record, result, metric=result.loss, cluster=cluster)


def _trait(found: Found) -> Trait:
    if found.level is None:
        of = Message(key="resilience.mean", values={"column": found.column})
    else:
        of = Message(key="group.level", values={"column": found.column, "level": found.level})
    return Trait(of=of, is_share=found.level is not None, inside=found.inside, outside=found.outside)
