"""Record classes for overfitting: gaps in loss between held-out and training rows, over all rows and by slice."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tabinterp.analyses.groups.group_names import condition_message
from tabinterp.analyses.record_values import fill
from tabinterp.document.base import Interval, Message, Metric, Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows
from tabinterp.errors import DocumentError
from tabinterp.table.suppression import SMALL

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

SHOWN = 8


class SliceGap(Part):
    group: Message
    rows: int  # number of held-out rows in the slice
    training_rows: int
    network: Interval  # gap: mean loss on held-out rows minus mean loss on training rows
    linear: Interval
    excess: Interval  # the network's gap minus the linear model's; false coverage rate of the intervals: 5%
    q: float | None  # p-value of the excess, corrected over all slices (Benjamini-Hochberg)


class Record(Part):
    metric: Metric
    null: float  # held-out loss if every prediction is the base rate, or the mean
    rows: int
    training_rows: int
    smallest: int  # minimum number of training rows and of held-out rows in a slice; effective if weighted
    network: Interval
    linear: Interval
    excess: Interval
    tested: int  # number of slices tested
    slices: list[SliceGap]  # in decreasing order of the lower end of the interval of the excess

    def check_claims(self, document: Document) -> None:
        """Check the sizes of slices and the consistency of the numbers.

        The excess must be the network's gap minus the linear model's. Both gaps must equal the gaps in the same metric in
        `performance.training`.
        """
        place = "analyses.overfitting"
        if not document.performance.held_out:
            raise DocumentError(f"{place} compares held-out rows with training rows, but no rows are held out.")
        found: dict[str, Record | SliceGap] = {place: self}
        found |= {f"{place}.slices.{i}": one for i, one in enumerate(self.slices)}
        for name, one in found.items():
            if min(one.rows, one.training_rows) < SMALL:
                raise DocumentError(
                    f"{name} has fewer than {SMALL} held-out rows or fewer than {SMALL} training rows, but both numbers must be "
                    f"at least {SMALL}."
                )
            ours, theirs, excess = (part.value for part in (one.network, one.linear, one.excess))
            if ours is None or theirs is None or excess is None:  # At least one loss overflowed.
                continue
            if not math.isclose(excess, ours - theirs, rel_tol=1e-6, abs_tol=1e-9 * max(1.0, abs(ours))):
                raise DocumentError(
                    f"{name}.excess is {excess:g}, but the gap of the network minus the gap of the linear model is "
                    f"{ours - theirs:g}."
                )
        training = document.performance.training
        if training is None:
            return
        same = next(row for row in training.metrics if row.metric == self.metric)
        alike = (self.rows, self.training_rows) == (training.held_out_rows, training.rows)
        if not alike or not (_alike(self.network, same.network_gap) and _alike(self.linear, same.linear_gap)):
            raise DocumentError(
                f"{place} and performance.training must contain the same numbers of rows and the same gaps in {self.metric}, "
                "but they differ."
            )

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("overfitting", "both", self.rows + self.training_rows, "all")


def _alike(one: Interval, other: Interval) -> bool:
    """Return whether two intervals are equal up to rounding.

    The network is evaluated in single precision, so its results differ slightly between batches.
    """
    return all(
        math.isclose(mine or 0.0, theirs or 0.0, rel_tol=1e-6, abs_tol=max(1e-9, 1e-5 * (one.stderr or 0.0)))
        for (_, mine), (_, theirs) in zip(one, other, strict=True)
    )


def build(results: Results) -> Record | None:
    """Return the record of overfitting; None if the two models' gaps were not compared."""
    result = results[ANALYSIS]
    if result is None:
        return None
    return fill(
        Record,
        result,
        metric=result.loss,
        tested=len(result.slices),
        slices=[fill(SliceGap, one, group=condition_message(one.group)) for one in result.slices[:SHOWN]],
    )
