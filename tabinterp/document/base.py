"""Base types of the document, such as numbers with their standard errors and intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from .message import Message, Scalar

if TYPE_CHECKING:
    from .document import Document
    from .rows_of_analyses import ReadingRows

__all__ = ["Message", "Scalar"]  # also re-exported here

Metric = Literal[
    "log_loss", "auc", "average_precision", "macro_auc", "brier", "accuracy", "balanced_accuracy", "squared_error", "r2",
    "absolute_error", "poisson_deviance", "expected_cost", "sensitivity", "specificity",
]  # fmt: skip
SHARES = ("auc", "average_precision", "macro_auc", "accuracy", "balanced_accuracy", "sensitivity", "specificity")
RANGES = dict.fromkeys(SHARES, (0.0, 1.0)) | {
    "r2": (-math.inf, 1.0),
    "brier": (0.0, 2.0),
}  # of any other metric: from 0 on
Status = Literal["better", "equivalent", "worse", "not_resolved", "not_assessed"]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def check_claims(self, document: Document) -> None:
        """Raise `DocumentError` if a statement in the record is not supported by the numbers in the record."""

    def sentences_follow(self, document: Document) -> bool:
        """Return whether the sentences in the record agree with the numbers in the record."""
        return True

    def rows_used(self, document: Document) -> Iterable[ReadingRows]:
        """Return a description of the rows from which the numbers in the record were computed."""
        return ()


class Interval(Part):
    """A number with its standard error and 95% interval."""

    value: float | None = None
    stderr: float | None = None
    low: float | None = None
    high: float | None = None


class LeftOut(Part):
    """A gradient method that is left out because its attributions do not add up to the score within the tolerance."""

    model: Literal["network", "linear"]
    method: str
    gap: float  # largest completeness gap over rows
    tolerance: float


class MetricRow(Part):
    metric: Metric
    higher_is_better: bool
    network: Interval
    linear: Interval
    difference: Interval  # network minus linear, paired
    resolved: Literal["better", "worse", "no"]  # for the network; "no": the interval includes zero
    # method of the difference's error; "widened", "withheld": the exact error would reveal 1 to 9 rows
    # "rule_of_three": no row shows a difference
    method: Literal["bootstrap", "delong", "student", "widened", "withheld", "rule_of_three"] = "bootstrap"
    rows: int | None = None  # number of rows, if it differs from that of the other metrics


def side(part: Interval) -> int:
    """Return 1 if the whole interval is above zero, -1 if it is below zero, and 0 if it includes zero or is missing."""
    if part.low is None or part.high is None:
        return 0
    return int(part.low > 0) - int(part.high < 0)


def within(part: Interval, margin: float | None) -> bool:
    """Return whether the whole interval is between -`margin` and `margin`."""
    if margin is None or part.low is None or part.high is None:
        return False
    return -margin <= part.low and part.high <= margin


def status_of(part: Interval, margin: float) -> Status:
    """Return the status of a comparison: whether the first model is better than, worse than or equivalent to the second, or none
    of these is established. `part` is the interval of the difference in loss (first minus second).
    """
    if not margin > 0:
        return "not_resolved"
    if part.low is not None and part.high is not None and -margin < part.low and part.high < margin:
        return "equivalent"
    return {1: "worse", -1: "better", 0: "not_resolved"}[side(part)]  # type: ignore[return-value]
