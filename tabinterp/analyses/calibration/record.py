"""Slope, intercept and reliability curve of both models, output by output."""

from __future__ import annotations

from dataclasses import asdict

from tabinterp.analyses import compared_types as parts
from tabinterp.analyses.results import Results, interval, number

from .estimator import Calibrated


def calibration(r: Results) -> parts.Calibration | None:
    if r.calibration is None:
        return None
    network, linear = r.calibration
    return parts.Calibration(
        rows=network.rows,
        outputs=[
            parts.CalibrationRow(output=one.output, network=_calibrated(one), linear=_calibrated(other))
            for one, other in zip(network.outputs, linear.outputs, strict=True)
        ],
    )


def _calibrated(found: Calibrated) -> parts.Calibrated:
    return parts.Calibrated(
        slope=interval(*found.slope),
        intercept=interval(*found.intercept),
        large=interval(*found.large),
        p=number(found.p),
        bend=None if found.bend is None else parts.CalibrationBend(**asdict(found.bend)),
        bins=[
            parts.CalibrationBin(
                rows=one.rows, predicted=one.predicted, observed=interval(one.observed, None, one.low, one.high)
            )
            for one in found.bins
        ],
    )
