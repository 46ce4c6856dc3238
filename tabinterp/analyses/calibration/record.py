"""Calibration in the audit document: slope, intercept and reliability curve of each output of both models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tabinterp.analyses.record_values import fill, interval
from tabinterp.document.base import Interval, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import Calibrated as CalibratedResult


class CalibrationBin(Part):
    rows: int  # number of rows, at least ten
    predicted: float
    observed: Interval


class CalibrationBend(Part):
    predicted: float  # prediction at which a smooth curve is farthest from the diagonal, among the middle 90%
    observed: float  # value of the curve at this prediction
    p: float  # p-value of the hypothesis that the curve fits no better than slope and intercept alone


class Calibrated(Part):
    slope: Interval
    intercept: Interval  # intercept of the recalibration: the prediction at score 0
    large: Interval = Interval()  # calibration in the large: the intercept with the slope fixed at 1
    p: float | None = None  # p-value of the joint test that the slope is 1 and the intercept 0
    bend: CalibrationBend | None = None  # None if there are too few events, or if rows are weighted or come in groups
    bins: list[CalibrationBin]


class CalibrationRow(Part):
    output: str | None
    network: Calibrated
    linear: Calibrated


class Calibration(Part):
    rows: int
    outputs: list[CalibrationRow]

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("calibration", "both", self.rows, evaluated(document))


def build(r: Results) -> Calibration | None:
    """Return the calibration of both models, or None if it does not apply."""
    both = r[ANALYSIS]
    if both is None:
        return None
    network, linear = both
    return Calibration(
        rows=network.rows,
        outputs=[
            CalibrationRow(output=first.output, network=_calibrated(first), linear=_calibrated(second))
            for first, second in zip(network.outputs, linear.outputs, strict=True)
        ],
    )


def _calibrated(result: CalibratedResult) -> Calibrated:
    bins = [fill(CalibrationBin, one, observed=interval(one.observed, None, one.low, one.high)) for one in result.bins]
    return fill(Calibrated, result, bins=bins)
