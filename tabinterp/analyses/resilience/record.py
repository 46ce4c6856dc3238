"""Resilience in the document: both models on hard and outer rows, in the worst cluster, and under more drift."""

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

LEAST = 50  # minimum rows behind a number


class OnRows(Part):
    """Both models on a subset of the held-out rows, or with other weights; differences are network minus linear model."""

    kind: Literal["all", "hardest", "network", "linear", "outer", "cluster", "drift"]
    share: float | None  # share of all rows, by weight; None for the cluster and under drift
    rows: int  # effective number of rows
    network: Interval
    linear: Interval
    difference: Interval
    rise: Interval  # rise in loss from all rows, network minus linear; empty for all rows and under drift
    network_power: Interval  # AUC or R2, if both models are on the same rows
    linear_power: Interval
    power_difference: Interval


class Trait(Part):
    of: Message  # the mean of a number, or the share of a level
    is_share: bool
    inside: float
    outside: float  # the same in all other rows


class Cluster(Part):
    rows: int  # held-out rows of both halves
    traits: list[Trait]  # largest difference in standard deviations first


class Record(Part):
    metric: Metric
    power: Literal["auc", "r2"] | None
    rows: int
    training_rows: int  # training rows for distances, clusters and odds
    seed: int
    subsets: list[OnRows]  # all rows first
    cluster: Cluster | None  # the worst cluster in one half of the rows, with its loss in the other half
    drift: Interval  # AUC with which trees distinguish held-out from training rows

    def check_claims(self, document: Document) -> None:
        """Check that every result has enough rows, and that there is none under drift if no drift was found."""
        for index, one in enumerate(self.subsets):
            if one.rows < LEAST:
                raise DocumentError(f"analyses.resilience.subsets.{index} is based on fewer than {LEAST} rows.")
            if one.kind == "drift" and not (self.drift.low is not None and self.drift.low > 0.5):
                raise DocumentError(
                    f"analyses.resilience.subsets.{index} has the kind 'drift', but no drift was found."
                )

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("resilience", "both", self.rows, "held-out", self.seed)


def build(results: Results) -> Record | None:
    """Return both models' results on hard and outer rows, or None if they were not compared."""
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
