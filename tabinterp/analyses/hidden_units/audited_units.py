"""Hidden units in an audit: a summary of every unit, and details of the units with the highest ablation loss.

The units shown in detail are those with the largest rise in loss when their output is replaced by its mean. This selection is not
a test: among many units that do not matter, some show a rise by chance. The details of a unit are its six panels (`unit_panels`),
quantiles of its values, and the path from plausible rows to its optimum (`pareto`). The optima of the outputs are also found. All
values are pre-activations, because these show how far a unit is from being active when its output is zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from tabinterp.analyses.context import Context
from tabinterp.analyses.maximisation.estimator import Maxima, maximise
from tabinterp.analyses.maximisation.objectives import Objective, output, unit
from tabinterp.analyses.maximisation.pareto import BUDGETS, Raised, raised
from tabinterp.analyses.unit_correlations import ANALYSIS as UNIT_CORRELATIONS
from tabinterp.arrays import FloatArray
from tabinterp.models import BoundModel
from tabinterp.models.layers import layers_of
from tabinterp.stats.weights import quantile
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.suppression import SMALL

from .activating_rows import Profiles
from .estimator import Neurons, neurons
from .record import QUANTILES
from .unit_panels import Panels, panels

MOST = 12  # maximum number of units shown in detail
CELLS = 4_000_000  # maximum product of units and rows in ablation
FEWEST = 2_000  # the sample size is not reduced below this, however many units there are
PATH_STARTS = 8  # number of starts of the search for each budget, in addition to the results for smaller budgets


@dataclass(frozen=True, eq=False)
class Inside:
    """Results on hidden units for the document.

    `shown` contains the positions of the units shown in detail, in descending order of ablation loss. `quantiles` (shown, 5) and
    the `panels` of real rows are in the same order.
    """

    units: Neurons
    shown: tuple[int, ...]
    quantiles: FloatArray
    panels: Panels | None

    @property
    def inhibit(self) -> Profiles | None:
        """For each unit shown in detail, the profile of the 10% of rows with the lowest activation."""
        return None if self.panels is None else self.panels.profiles.take(slice(0, None, 4))

    @property
    def excite(self) -> Profiles | None:
        """For each unit shown in detail, the profile of the 10% of rows with the highest activation."""
        return None if self.panels is None else self.panels.profiles.take(slice(3, None, 4))


@dataclass(frozen=True, eq=False)
class Optima:
    """Optima of the units shown in detail and of the outputs.

    `maxima` contains the maxima of the units, then their minima (as maxima of the negated units), and then the optima of the
    outputs. Each optimum of an output is identified in `outputs` by its class and by 1 for a maximum or -1 for a minimum. `tenth`
    (objectives,) is the tenth largest value of each objective over the rows of the table; larger values are not shown, because
    they describe fewer than ten rows. `paths` contains the paths to the optima of the units shown in detail.
    """

    maxima: Maxima
    outputs: tuple[tuple[str | None, int], ...]
    tenth: FloatArray
    paths: Raised | None


def audited_rows(network: BoundModel, seed: int) -> BoundModel:
    """Return the network, bound to a sample of its rows.

    The maximum number of rows is 4,000,000 divided by the number of hidden units, but at least 2,000. Rows with weight 0 are left
    out.
    """
    count = sum(value.shape[1] for value in network.take(np.arange(1)).activations().values())
    rows = max(FEWEST, CELLS // max(1, count))
    bound = network.take(np.sort(chosen(network.table.numbers, rows, seed)))
    if bound.table.weights is not None and not (bound.table.weights > 0).all():  # rows of weight 0 carry no information
        bound = bound.take(bound.table.weights > 0)
    return bound


def inside(network: BoundModel, seed: int = 0) -> Inside:
    """Describe every hidden unit, using a sample of the rows to which the network is bound.

    Raises
    ------
    NotApplicableError
        If the model is linear and has no hidden units, or if its hidden units cannot be found.
    """
    bound = audited_rows(network, seed)
    found = neurons(bound, bound.table)
    cost = np.nan_to_num(found.ablation_mean.value, nan=-np.inf)
    dearest = np.argsort(-cost, kind="stable")[:MOST]
    shown = tuple(int(u) for u in dearest if cost[u] > 0)
    if not shown:
        return Inside(found, (), np.empty((0, len(QUANTILES))), None)
    before = _before(bound, found, shown)
    w = bound.table.weights
    told = [[_quantile(column, q, w) for q in QUANTILES] for column in before.T]
    return Inside(found, shown, np.array(told), panels(bound, before))


def optima(network: BoundModel, found: Inside, seed: int = 0) -> Optima:
    """Find the maxima and minima of the units shown in detail and of the output.

    With several outputs, only the maxima of the outputs are found.
    """
    bound = audited_rows(network, seed)
    places = {layer.name: i + 1 for i, layer in enumerate(layers_of(bound))}
    units = [unit(places[found.units.layer[u]], found.units.index[u]) for u in found.shown]
    named: list[tuple[str | None, int]] = [(None, 1), (None, -1)]
    if len(bound.outputs) > 1:
        named = [(name, 1) for name in bound.outputs]
    outcomes: list[Objective] = [output(name) * way for name, way in named]
    before = _before(bound, found.units, found.shown)
    values = np.column_stack([before, -before, *_scores(bound, named)])
    tenth = np.sort(values, axis=0)[-SMALL] if len(values) >= SMALL else np.full(values.shape[1], np.nan)
    made = maximise(bound, bound.table, objective=[*units, *(-one for one in units), *outcomes], seed=seed)
    paths = raised(bound, units, BUDGETS[:-1], PATH_STARTS, seed) if units else None  # the optimum ends the path
    return Optima(made, tuple(named), tenth, paths)


def _before(bound: BoundModel, found: Neurons, shown: tuple[int, ...]) -> FloatArray:
    """Return the pre-activations (n, shown) of the shown units."""
    layers = {layer.name: layer for layer in layers_of(bound)}
    made = np.empty((len(bound.table), len(shown)))
    with torch.inference_mode():
        for name in {found.layer[u] for u in shown}:
            values = layers[name].before(bound.z).double().cpu().numpy()
            for k, u in enumerate(shown):
                if found.layer[u] == name:
                    made[:, k] = values[:, found.index[u]]
    return made


def _scores(bound: BoundModel, named: list[tuple[str | None, int]]) -> list[FloatArray]:
    columns = [0 if name is None else bound.outputs.index(name) for name, _ in named]
    return [way * bound.scores[:, column] for column, (_, way) in zip(columns, named, strict=True)]


def _quantile(values: FloatArray, q: float, weights: FloatArray | None) -> float:
    """Return the weighted quantile `q` of `values`; NaN if fewer than ten rows lie beyond it."""
    beyond = min(q, 1 - q) * len(values)
    return quantile(values, q, weights) if beyond >= SMALL else float("nan")


def run(context: Context) -> Inside | None:
    """Describe the hidden units of the audited network; None if the analysis of unit correlations found no units."""
    return None if context[UNIT_CORRELATIONS] is None else inside(context.network.take(context.subsample), context.seed)
