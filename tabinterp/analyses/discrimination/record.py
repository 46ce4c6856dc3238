"""Discrimination in the audit document: curves of both models for each class, and decisions at the threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from tabinterp.analyses.record_values import at, number
from tabinterp.document.base import Interval, Part

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.stats.estimates import Estimates

    from .estimator import ClassCurves, ClassDecisions, Curves, Decisions


FALSE_POSITIVE_RATES = (
    0.0, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0,
)  # fmt: skip
RECALLS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class RatePoint(Part):
    """A point of a ROC or precision-recall curve, where x is a false-positive rate or a recall."""

    x: float
    network: Interval
    linear: Interval


class ScoreBin(Part):
    """The share of a class's rows, and the share of all other rows, in one bin of predicted probability; None if withheld."""

    low: float
    high: float
    network_positive: float | None
    network_negative: float | None
    linear_positive: float | None
    linear_negative: float | None


class ClassRecord(Part):
    """Curves that show how well both models separate one class from all others."""

    output: str
    roc: list[RatePoint]
    precision_recall: list[RatePoint]
    network_ks: Interval
    linear_ks: Interval
    ks_difference: Interval  # network minus linear, paired
    distribution: list[ScoreBin]


class MacroRecord(Part):
    """Curves averaged over several classes, each against all others."""

    roc: list[RatePoint]
    precision_recall: list[RatePoint]
    network_ks: Interval
    linear_ks: Interval
    ks_difference: Interval  # network minus linear, paired


class Rates(Part):
    """Rates for one class against all others; empty if a count of 1 to 9 rows could be calculated from them."""

    sensitivity: Interval
    specificity: Interval
    precision: Interval
    negative_predictive_value: Interval


class ClassRates(Part):
    """Rates for one class of a target with several classes, or the means of these rates over all classes."""

    output: str | None  # None: the means
    network: Rates
    linear: Rates


class GainRow(Part):
    """Share of positives in one tenth of the rows, and captured share and lift over this tenth and all tenths with higher
    scores.
    """

    part: int
    network_rate: Interval
    network_captured: Interval
    network_lift: Interval
    linear_rate: Interval
    linear_captured: Interval
    linear_lift: Interval


class Confusion(Rates):
    """Numbers of rows by actual and predicted class at the threshold.

    A number is None if it is between 1 and 9, or if a number between 1 and 9 could be calculated from it.
    """

    true_negatives: int | None
    false_positives: int | None
    false_negatives: int | None
    true_positives: int | None


class Record(Part):
    rows: int
    resamples: int
    seed: int
    threshold: float | None
    classes: list[ClassRecord]
    network_confusion: Confusion | None
    linear_confusion: Confusion | None
    gains: list[GainRow]
    macro: MacroRecord | None = None  # None if there are two classes, or if an earlier version wrote this document
    class_rates: list[ClassRates] = Field(default_factory=list)
    network_counts: list[list[int | None]] = Field(
        default_factory=list
    )  # numbers of rows for several classes: by actual class, then by predicted class
    linear_counts: list[list[int | None]] = Field(default_factory=list)


def build(r: Results) -> Record | None:
    """Return the discrimination of both models, or None if the analysis does not apply."""
    result = r[ANALYSIS]
    if result is None:
        return None
    averages, decided = result.macro, result.class_decisions
    confusions = [None, None] if result.decisions is None else [_confusion(one) for one in result.decisions]
    return Record(
        rows=result.rows,
        resamples=result.resamples,
        seed=result.seed,
        threshold=result.threshold,
        classes=[
            ClassRecord(
                output=name,
                roc=_points(FALSE_POSITIVE_RATES, network, linear, "roc"),
                precision_recall=_points(RECALLS, network, linear, "precision"),
                network_ks=at(network.ks, 0),
                linear_ks=at(linear.ks, 0),
                ks_difference=at(result.ks_difference, place),
                distribution=_bins(network, linear),
            )
            for place, (name, network, linear) in enumerate(
                zip(result.classes, result.network, result.linear, strict=True)
            )
        ],
        network_confusion=confusions[0],
        linear_confusion=confusions[1],
        gains=[] if result.decisions is None else _gains(*result.decisions),
        macro=None
        if averages is None
        else MacroRecord(
            roc=_points(FALSE_POSITIVE_RATES, *averages, "roc"),
            precision_recall=_points(RECALLS, *averages, "precision"),
            network_ks=at(averages[0].ks, 0),
            linear_ks=at(averages[1].ks, 0),
            ks_difference=at(result.ks_difference, len(result.classes)),
        ),
        class_rates=[] if decided is None else _class_rates(result.classes, *decided),
        network_counts=[] if decided is None else _counts(decided[0]),
        linear_counts=[] if decided is None else _counts(decided[1]),
    )


def _points(xs: Sequence[float], network: Curves, linear: Curves, name: str) -> list[RatePoint]:
    first, second = getattr(network, name), getattr(linear, name)
    return [RatePoint(x=x, network=at(first, i), linear=at(second, i)) for i, x in enumerate(xs)]


def _bins(network: ClassCurves, linear: ClassCurves) -> list[ScoreBin]:
    count = len(network.positive)
    return [
        ScoreBin(
            low=round(i / count, 3),
            high=round((i + 1) / count, 3),
            network_positive=number(network.positive[i]),
            network_negative=number(network.negative[i]),
            linear_positive=number(linear.positive[i]),
            linear_negative=number(linear.negative[i]),
        )
        for i in range(count)
    ]


def _confusion(one: Decisions) -> Confusion:
    (true_negatives, false_positives), (false_negatives, true_positives) = _counts(one)
    return Confusion(
        true_negatives=true_negatives,
        false_positives=false_positives,
        false_negatives=false_negatives,
        true_positives=true_positives,
        **_rates(one.rates),
    )


def _counts(one: Decisions | ClassDecisions) -> list[list[int | None]]:
    return [[None if np.isnan(cell) else int(cell) for cell in row] for row in one.counts]


def _rates(rates: Estimates, *place: int) -> dict[str, Interval]:
    return {name: at(rates, *place, i) for i, name in enumerate(Rates.model_fields)}


def _class_rates(names: Sequence[str], network: ClassDecisions, linear: ClassDecisions) -> list[ClassRates]:
    own = [
        ClassRates(
            output=name, network=Rates(**_rates(network.rates, place)), linear=Rates(**_rates(linear.rates, place))
        )
        for place, name in enumerate(names)
    ]
    return [
        *own, ClassRates(output=None, network=Rates(**_rates(network.macro)), linear=Rates(**_rates(linear.macro)))
    ]  # fmt: skip


def _gains(network: Decisions, linear: Decisions) -> list[GainRow]:
    return [
        GainRow(
            part=part + 1,
            network_rate=at(network.gains, part, 0),
            network_captured=at(network.gains, part, 1),
            network_lift=at(network.gains, part, 2),
            linear_rate=at(linear.gains, part, 0),
            linear_captured=at(linear.gains, part, 1),
            linear_lift=at(linear.gains, part, 2),
        )
        for part in range(len(network.gains.value))
    ]
