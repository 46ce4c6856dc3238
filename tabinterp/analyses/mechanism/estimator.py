"""How a network computes its score, as an audit reads it: regions, conductance, path products, groups of units.

Each on few of the rows: what they cost is bounded whatever the table and the network. The terms are those of the audit's
coefficients, so that a level stands against the same reference in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tabinterp.analyses.ablation.estimator import Ablations, ablate_together
from tabinterp.analyses.conductance.estimator import conductance
from tabinterp.analyses.linear_regions.estimator import LinearRegions, regions_of, unlike
from tabinterp.analyses.path_weights.estimator import PathWeights, paths_of
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.linear.terms import AnyTerm
from tabinterp.models import Bound
from tabinterp.models.layers import layers_of
from tabinterp.stats.estimates import Estimates
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.suppression import SMALL

CELLS = 1_500_000  # units times outputs times rows
PATHS, GROUPED, PRODUCTS = 1_000, 4_000, 2_000  # the most rows for conductance, ablation of groups, path products
FEWEST = 200  # rows, whatever the number of units


@dataclass(frozen=True, eq=False)
class Conductances:
    """Conductance over rows: `mean` and `size` (units, outputs), signed and absolute; of each layer `gap`, its largest over rows,
    and `around` (layers, outputs), the mean absolute value of what leads past it."""

    layer: tuple[str, ...]
    index: tuple[int, ...]
    outputs: tuple[str | None, ...]
    mean: Estimates
    size: Estimates
    gap: FloatArray
    around: FloatArray
    rows: int
    tolerance: float


def regions(network: Bound, linear: Bound, terms: Sequence[AnyTerm], rivals: Sequence[AnyTerm]) -> LinearRegions:
    """The regions that the rows visit, beside the linear model's coefficients."""
    _enough(network)
    _curved(network)
    if unlike(layers_of(network)) is not None:
        raise NotApplicableError(why("they are of networks of rectifiers, and this one has another activation"))
    return regions_of(network, terms, linear, rivals)


def conductances(network: Bound, seed: int) -> Conductances:
    """Conductance from the mean of the encoded rows."""
    _enough(network)
    some = _few(network, PATHS, seed)
    made = conductance(some, some.table, seed=seed)
    return Conductances(
        layer=made.layer,
        index=made.index,
        outputs=made.outputs,
        mean=made.mean(),
        size=made.size(),
        gap=made.gap.max(axis=0),
        around=np.average(np.abs(made.around), axis=0, weights=some.table.weights),
        rows=len(some.table),
        tolerance=made.tolerance,
    )


def products(network: Bound, terms: Sequence[AnyTerm], seed: int) -> PathWeights:
    """Path products and Garson's shares."""
    _enough(network)
    _curved(network)
    return paths_of(network.take(_rows(network, PRODUCTS, seed)), terms, seed)


def together(network: Bound, seed: int) -> Ablations:
    """What correlated groups of units cost."""
    _enough(network)
    some = _few(network, GROUPED, seed)
    found = ablate_together(some, seed)
    if found is None:
        raise NotApplicableError(why("no two units of a layer are correlated by 0.8: there is no group to take away"))
    return found


def _few(network: Bound, most: int, seed: int) -> Bound:
    """Fewer rows, the more units and outputs there are."""
    if network.is_linear:
        raise NotApplicableError(why("the network is linear: it has no hidden unit"))
    units = sum(values.shape[1] for values in network.take(np.arange(1)).activations().values())
    return network.take(_rows(network, min(most, max(FEWEST, CELLS // max(1, units * len(network.outputs)))), seed))


def _rows(network: Bound, most: int, seed: int) -> IntArray:
    return np.sort(chosen(network.table.numbers, most, seed))


def _enough(network: Bound) -> None:
    if len(network.table) < SMALL:
        raise NotApplicableError(why("mechanism.few", least=SMALL))


def _curved(network: Bound) -> None:
    if network.is_linear:
        raise NotApplicableError(why("the network is linear: they say no more than its coefficients"))
