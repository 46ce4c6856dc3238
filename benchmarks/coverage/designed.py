"""The analyses whose intervals are judged under each design: the verdict, calibration and the impact ratio.

Each gives the intervals of one drawn set of rows and the values of the population that they should hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import tabinterp as ti
from tabinterp.analyses.calibration.estimator import calibration
from tabinterp.analyses.performance.estimator import compare
from tabinterp.models import BoundModel
from tabinterp.stats.estimates import Estimates

from .designs import World
from .readings import Found, Told

METRICS = {"log_loss": "log loss (the verdict)", "brier": "Brier score", "auc": "AUC"}


@dataclass(frozen=True)
class DesignReading:
    """`read` takes both models on one set of rows; `share` is the part of the sets that it is made on."""

    slug: str
    read: Callable[[BoundModel, BoundModel, World], list[Found]]
    lines: tuple[Told, ...]
    share: float = 1
    block: int = 50


def _found(estimate: tuple[float, ...] | None, truth: float) -> Found:
    """A value with its standard error and both ends; None where it is withheld."""
    return Estimates(*map(np.array, (np.nan,) * 4 if estimate is None else estimate)), np.array(truth)


def differences(network: BoundModel, linear: BoundModel, world: World) -> list[Found]:
    told = {one.name: one.difference for one in compare(network, linear, held_out=True).metrics}
    return [_found(told.get(name), world.differences[name]) for name in METRICS]


def calibrated(network: BoundModel, linear: BoundModel, world: World) -> list[Found]:
    (one,) = calibration(network).outputs
    slope, intercept = world.calibration
    return [_found(one.slope, slope), _found(one.intercept, intercept)]


def impact(network: BoundModel, linear: BoundModel, world: World) -> list[Found]:
    found = ti.groups(network, linear, network.table, control={"people": "a"}, threshold=world.threshold)
    (one,) = [group for group in found.groups if not group.control]
    return [_found(None if one.network is None else one.network.ratio, world.impact)]


DESIGN_READINGS = (
    DesignReading(
        "verdict",
        differences,
        tuple(
            Told(f"difference in {name}", "network less linear model, in the population") for name in METRICS.values()
        ),
    ),
    DesignReading(
        "calibration",
        calibrated,
        (
            Told("calibration slope", "of the outcomes on the network's score, in the population"),
            Told("calibration intercept", "the same"),
        ),
    ),
    DesignReading(
        "impact", impact, (Told("impact ratio", "share above the threshold in one group over that in another"),)
    ),
)
