"""The analyses whose intervals are judged under each design: verdict, calibration, impact ratio and mean gradient size.

The package's estimators are called on arrays, so that a thousand sets take only minutes. `tests/test_coverage.py` checks that
these intervals are the same as those of the analyses in an audit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import tabinterp as ti
from tabinterp.analyses.calibration.estimator import recalibrate
from tabinterp.analyses.groups.group_metrics import one_end
from tabinterp.analyses.groups.grouped_moments import moments
from tabinterp.analyses.performance.estimator import is_positive, measures
from tabinterp.models import BoundModel
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.group_contrasts import ratio_of
from tabinterp.table.class_counts import EVENTS
from tabinterp.table.suppression import SMALL

from .designs import Design, Rows, World
from .readings import Found, Told

METRICS = {
    "log_loss": "log loss (the verdict)",
    "brier": "Brier score",
    "auc": "AUC",
    "average_precision": "average precision",
}
NONE = (np.nan,) * 4
WEIGHED = "the degrees of freedom are low if the difference depends on only a few rows"
ONE_END = (
    "if fewer than ten rows of the group are selected, or fewer than ten are not selected, the interval has only one end, "
    "computed as if there were nine such rows"
)
SELECTED = (
    "in data sets in which the interval has both ends, more rows of the smaller group are selected than expected from the "
    "population"
)
EVENTFUL = "the few data sets with 20 events of each class have more events than expected from the population"


@dataclass(frozen=True)
class DesignReading:
    """`read` takes a set of rows, the scores (2, n) of network and linear model, and the population."""

    slug: str
    read: Callable[[Design, Rows, np.ndarray, World], list[Found]]
    lines: tuple[Told, ...]
    share: float = 1
    block: int = 250


@dataclass(frozen=True)
class BoundReading:
    """`read` takes the network bound to a set of rows, for analyses that ask it again."""

    slug: str
    read: Callable[[BoundModel, World], list[Found]]
    lines: tuple[Told, ...]


def _found(estimate: tuple[float, ...], truth: float) -> Found:
    """A value with its standard error and both ends."""
    return Estimates(*map(np.array, estimate)), np.array(truth)


def weights_and_groups(design: Design, rows: Rows) -> tuple[np.ndarray | None, np.ndarray | None]:
    """As a table gives them: None where rows count alike, or each is a draw of its own."""
    return rows.weights if design.weighted else None, None if design.groups is None else rows.group


def enough(design: Design, rows: Rows) -> bool:
    """Whether each class has the events, or groups of rows with an event, below which performance is withheld."""
    units = rows.group if design.groups is not None else np.arange(len(rows.y))
    return min(len(np.unique(units[rows.y == outcome])) for outcome in (0, 1)) >= EVENTS


def differences(design: Design, rows: Rows, scores: np.ndarray, world: World) -> list[Found]:
    if not enough(design, rows):
        return [_found(NONE, world.differences[name]) for name in METRICS]
    weights, groups = weights_and_groups(design, rows)
    weights = np.ones(len(rows.y)) if weights is None else weights
    told = measures("binary", scores[..., None], rows.y, weights, groups)
    return [_found((told[name][0] - told[name][1]).student(), world.differences[name]) for name in METRICS]


def calibrated(design: Design, rows: Rows, scores: np.ndarray, world: World) -> list[Found]:
    slope, intercept = world.calibration
    if not enough(design, rows):
        return [_found(NONE, slope), _found(NONE, intercept)]
    found = recalibrate(scores[0], rows.y, "binary", *weights_and_groups(design, rows))
    return [_found(found.slope, slope), _found(found.intercept, intercept)]


def impact(design: Design, rows: Rows, scores: np.ndarray, world: World) -> list[Found]:
    """Of group b to group a: withheld where fewer than ten rows of a are selected, or are not; one end where so few of b are.

    The end that is not given is 0 or infinity. The second line counts the intervals with both ends alone.
    """
    selected = is_positive(scores[0], world.threshold)
    cells = (rows.people == "b").astype(np.int64)
    sides = np.bincount(2 * cells + selected, minlength=4).reshape(2, 2)
    weights, groups = weights_and_groups(design, rows)
    made = moments(cells, 2, selected.astype(float), weights, groups)
    against, share = made.share(0), made.share(1)
    if sides[0].min() < SMALL:
        return [_found(NONE, world.impact)] * 2
    if sides[1].min() >= SMALL:
        return [_found(ratio_of(share, against), world.impact)] * 2
    counted = np.ones(len(cells)) if weights is None else weights
    heaviest = np.sort(counted[cells == 1])[::-1][: SMALL - 1]
    mass = counted[cells == 1].sum()
    value, error, low, high = one_end(sides[1], heaviest.sum() / mass, share.size, share.units, against)
    if np.isfinite(low) or np.isfinite(high):
        low, high = np.nan_to_num(low, nan=0.0), np.nan_to_num(high, nan=np.inf)
    return [_found((value, error, low, high), world.impact), _found(NONE, world.impact)]


def saliency(network: BoundModel, world: World) -> list[Found]:
    return [(ti.gradient_importance(network, network.table, method="saliency").size(), world.sizes[:, None])]


DESIGN_READINGS = (
    DesignReading(
        "verdict",
        differences,
        tuple(
            Told(f"difference in {name}", "network minus linear model, in the population", less=EVENTFUL, more=WEIGHED)
            for name in METRICS.values()
        ),
    ),
    DesignReading(
        "calibration",
        calibrated,
        (
            Told(
                "calibration slope",
                "slope of a logistic regression of the outcomes on the network's score, in the population",
            ),
            Told(
                "calibration intercept",
                "intercept of a logistic regression of the outcomes on the network's score, in the population",
            ),
        ),
    ),
    DesignReading(
        "impact",
        impact,
        (
            Told(
                "impact ratio",
                "selection rate of one group divided by that of another, in the population",
                more=ONE_END,
            ),
            Told(
                "impact ratio, both ends",
                "selection rate of one group divided by that of another, only for data sets in which the interval has both ends",
                less=SELECTED,
                more=SELECTED,
            ),
        ),
    ),
)
BOUND_READINGS = (
    BoundReading(
        "saliency",
        saliency,
        (Told("mean absolute gradient (saliency)", "mean absolute derivative times the column's standard deviation"),),
    ),
)
