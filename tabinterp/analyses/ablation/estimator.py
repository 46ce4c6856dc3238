"""Ablation of hidden units: the rise in loss when their outputs no longer depend on the row.

Mean ablation replaces the output of a unit with the unit's mean output over the rows. Zero ablation replaces the output with
zero, a value that the unit may never produce (Meyes et al. 2019). Resampling ablation replaces the output with the unit's output
on another row (Chan et al. 2022). Resampled outputs are values that the unit actually produces. For a group of units, all outputs
are taken from the same other row, so they are consistent with each other.

If several units carry the same information, ablating only one of them has little effect. Correlated units of a layer are
therefore also ablated together. The rise in loss for the group is compared with the sum of the rises when each member is ablated
on its own.

The losses with and without ablation are compared row by row. In resampling ablation, each row both receives and supplies outputs,
and standard errors account for both roles (Hájek 1968). Replacing the output of a unit changes the inputs of the following layers
only through the unit's own weights. Many units of a layer can therefore be evaluated in one batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from torch import Tensor

from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn, named
from tabinterp.analyses.hidden_units.row_limits import affordable, require_rows
from tabinterp.analyses.permutation_importance.estimator import error_of, share_of
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.layers import Layer, layers_of
from tabinterp.models.losses import loss_for
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.distances import constant
from tabinterp.stats.estimates import Estimates, units_of
from tabinterp.stats.weights import deviation, unit
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen, row_hash

from .record import TOGETHER

AUDITED_ROWS = 4_000

CELLS = 4_000_000  # maximum number of values in one batch of inputs to the layers after the ablated one
METHODS = ("mean", "zero", "resample")
REPEATS = 5

Group = tuple[str, tuple[str, IntArray]]  # name, (layer, units)


@dataclass(frozen=True, eq=False)
class Ablations(Display):
    """The rise in loss for each group of hidden units and each ablation method.

    By default, each unit is a group of its own; these groups are followed by the groups of correlated units. `cost` (groups,
    methods) is the rise in the task's loss, averaged over `rows` rows. If `held_out` is true, these are held-out rows. `alone`
    (groups, methods) is the sum of the rises when each unit of the group is ablated on its own. `alone` is NaN for a group if any
    of its units was not ablated on its own.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.ablation",
        dict.fromkeys(METHODS, ("cost", "ci_low", "ci_high")),
        named("group"),
        order="cost",
        by="method",
        other="groups",
    )

    groups: tuple[tuple[tuple[str, int], ...], ...]  # (layer, unit) pairs
    names: tuple[str, ...]
    methods: tuple[str, ...]
    cost: Estimates
    alone: FloatArray
    rows: int
    held_out: bool
    n_repeats: int
    seed: int

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each group and method."""
        m, size = len(self.methods), len(self.groups)
        return pd.DataFrame(
            {
                "group": np.repeat(np.array(self.names, dtype=object), m),
                "layer": np.repeat(np.array([one[0][0] for one in self.groups], dtype=object), m),
                "units": np.repeat([len(one) for one in self.groups], m),
                "method": list(self.methods) * size,
                "cost": self.cost.value.ravel(),
                "stderr": self.cost.stderr.ravel(),
                "ci_low": self.cost.low.ravel(),
                "ci_high": self.cost.high.ravel(),
                "alone": self.alone.ravel(),
            }
        )


def ablate(
    model: Model | BoundModel,
    table: Table,
    *,
    groups: Mapping[str, Sequence[tuple[int, int]]] | None = None,
    methods: Sequence[str] = METHODS,
    n_repeats: int = REPEATS,
    seed: int = 0,
) -> Ablations:
    """Return the rise in loss on the held-out rows of `table` when hidden units are ablated.

    Without a split, all rows are used.

    Parameters
    ----------
    groups : mapping from the name of a group to its (layer, unit) pairs. Layers are numbered from 1, units from 0. All units of a
        group must be in the same layer. By default, each unit is a group of its own, and the correlated units in each layer form
        further groups. Groups of correlated units come from average-linkage clustering with distance 1 - abs(correlation) on all
        rows, cut at a distance of 0.2 (an average absolute correlation of 0.8).
    methods : any of "mean", "zero" and "resample".
    n_repeats : number of draws for resampling ablation. In each draw, every row gets the outputs of one other row.

    Raises
    ------
    NotApplicableError
        If the model has no hidden units, if its network cannot be divided into layers, or if a group contains units that do not
        exist or are in different layers.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> frame = pd.DataFrame({"a": np.tile([0.0, 1.0], 50), "y": np.tile([0.0, 2.0], 50)})
    >>> table = ti.read_table(frame, target="y", task="regression")
    >>> net = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))  # the same unit twice
    >>> _ = net[0].weight.data.copy_(torch.tensor([[1.0], [1.0]])), net[0].bias.data.zero_()
    >>> _ = net[2].weight.data.copy_(torch.tensor([[1.0, 1.0]])), net[2].bias.data.zero_()
    >>> found = ablate(ti.wrap(net, encoder="passthrough", task="regression"), table, methods=["mean"])
    >>> found.frame()[["group", "units", "cost", "alone"]].values.tolist()
    [['layer 1 unit 0', 1, 0.25, 0.25], ['layer 1 unit 1', 1, 0.25, 0.25], ['layer 1 group 1', 2, 1.0, 0.5]]
    """
    bound = bind(model, table)
    if not methods or any(one not in METHODS for one in methods):
        raise NotApplicableError(f"methods must be one or more of {', '.join(METHODS)}; got {list(methods)}")
    if table.weights is not None and not (table.weights > 0).all():  # rows of weight 0 carry no information
        bound = bound.take(table.weights > 0)
    layers = layers_of(bound)
    if not layers:
        raise NotApplicableError(why("ablation.layer", model=bound.model.name))
    outputs = bound.activations()
    if groups is not None:
        return _ablated(bound, layers, outputs, _asked(groups, layers), (methods, n_repeats, seed))
    single = [_single(layer.name, u) for layer in layers for u in range(layer.width)]
    return _ablated(bound, layers, outputs, single + _correlated(bound, layers, outputs), (methods, n_repeats, seed))


def ablate_together(bound: BoundModel, seed: int = 0) -> Ablations | None:
    """Ablate each group of correlated units, and each unit of these groups on its own, with every method.

    Return None if no units are correlated.
    """
    if bound.table.weights is not None and not (bound.table.weights > 0).all():
        bound = bound.take(bound.table.weights > 0)
    layers = layers_of(bound)
    if not layers:
        raise NotApplicableError(why("ablation.layer", model=bound.model.name))
    outputs = bound.activations()
    groups = _correlated(bound, layers, outputs)
    members = [_single(name, int(u)) for _, (name, units) in groups for u in units]
    return _ablated(bound, layers, outputs, members + groups, (METHODS, REPEATS, seed)) if groups else None


def _ablated(
    bound: BoundModel,
    layers: tuple[Layer, ...],
    outputs: dict[str, FloatArray],
    asked: list[Group],
    how: tuple[Sequence[str], int, int],
) -> Ablations:
    methods, n_repeats, seed = how
    held_out = bound.table.held_out
    known = held_out is not None and bool(held_out.any())
    rows = np.flatnonzero(held_out) if held_out is not None and known else np.arange(len(bound.table))
    rows = rows[np.argsort(row_hash(bound.table.numbers[rows], seed), kind="stable")]
    if len(rows) < 2:
        raise NotApplicableError(why("an ablation needs two rows"))
    held, w = bound.take(rows), unit(bound.table.weights, len(bound.table))
    shifts = 1 + chosen(np.arange(len(rows) - 1), n_repeats, seed)
    value, stderr = np.zeros((len(asked), len(methods))), np.zeros((len(asked), len(methods)))
    for layer in layers:
        which = [i for i, (_, (name, _)) in enumerate(asked) if name == layer.name]
        own = outputs[layer.name]
        cut = _Cut(held, layer, own[rows], [asked[i][1][1] for i in which])
        for j, method in enumerate(methods):
            if method == "resample":
                value[which, j], stderr[which, j] = cut.resampled(shifts)
            else:
                centre = np.average(own, axis=0, weights=w) if method == "mean" else np.zeros(own.shape[1])
                found = mean_over_rows(
                    cut.rises(np.broadcast_to(centre, (len(rows), len(centre)))), held.table.weights, held.table.groups
                )
                value[which, j], stderr[which, j] = found.value, found.stderr
    return Ablations(
        groups=tuple(tuple((name, int(u)) for u in units) for _, (name, units) in asked),
        names=tuple(name for name, _ in asked),
        methods=tuple(methods),
        cost=Estimates.of(value, stderr, units_of(len(rows), held.table.groups) - 1),
        alone=_alone(asked, value),
        rows=len(rows),
        held_out=known,
        n_repeats=len(shifts),
        seed=seed,
    )


def _single(layer: str, u: int) -> Group:
    return f"{layer} unit {u}", (layer, np.array([u]))


def _correlated(bound: BoundModel, layers: tuple[Layer, ...], outputs: dict[str, FloatArray]) -> list[Group]:
    w = unit(bound.table.weights, len(bound.table))
    return [
        (f"{layer.name} group {i + 1}", (layer.name, units))
        for layer in layers
        for i, units in enumerate(correlated_units(outputs[layer.name], w))
    ]


def correlated_units(a: FloatArray, w: FloatArray) -> list[IntArray]:
    """Return the groups of two or more units with an average absolute correlation of at least `TOGETHER`.

    `a` (n, units) contains the outputs of the units, and `w` (n,) the weights of the rows. Units with constant outputs are
    ignored.
    """
    mean = np.average(a, axis=0, weights=w)
    live = np.flatnonzero(~constant(w @ (a - mean) ** 2, float(w.sum()), mean))
    if len(live) < 2:
        return []
    z = (a[:, live] - mean[live]) / deviation(a[:, live], w)
    distance = 1 - np.minimum(np.abs((z * w[:, None]).T @ z / w.sum()), 1.0)
    np.fill_diagonal(distance, 0.0)
    label = fcluster(linkage(squareform(distance, checks=False), "average"), 1 - TOGETHER, "distance")
    groups = [live[label == one] for one in dict.fromkeys(label)]
    return [one.astype(np.int64) for one in groups if len(one) > 1]


def _asked(groups: Mapping[str, Sequence[tuple[int, int]]], layers: tuple[Layer, ...]) -> list[Group]:
    made = []
    for name, units in groups.items():
        numbers = {layer for layer, _ in units}
        if len(numbers) != 1 or not 1 <= min(numbers) <= len(layers):
            raise NotApplicableError(
                f"the hidden units of group {name!r} must be (layer, unit) pairs from a single layer, with layers numbered from "
                f"1 to {len(layers)}; got {list(units)}"
            )
        layer = layers[min(numbers) - 1]
        index = np.unique([u for _, u in units])
        if index[0] < 0 or index[-1] >= layer.width:
            raise NotApplicableError(
                f"unknown hidden unit in group {name!r}: the units of {layer.name} are numbered from 0 to "
                f"{layer.width - 1}; got the (layer, unit) pairs {list(units)}"
            )
        made.append((name, (layer.name, index.astype(np.int64))))
    return made


def _alone(asked: list[Group], value: FloatArray) -> FloatArray:
    """Return the sum (groups, methods) of the rises in loss when each unit of a group is ablated on its own.

    The sum is NaN if any unit of the group was not ablated on its own.
    """
    single = {(name, int(units[0])): i for i, (_, (name, units)) in enumerate(asked) if len(units) == 1}
    made = np.full(value.shape, np.nan)
    for i, (_, (name, units)) in enumerate(asked):
        members = [single.get((name, int(u))) for u in units]
        if None not in members:
            made[i] = value[[one for one in members if one is not None]].sum(axis=0)
    return made


class _Cut:
    """A layer, and the groups of its units that are ablated.

    `outputs` (n, units) are the layer's outputs on the rows of `bound`.
    """

    def __init__(self, bound: BoundModel, layer: Layer, outputs: FloatArray, groups: list[IntArray]) -> None:
        self.bound, self.outputs, self.groups = bound, outputs, groups
        given = bound.at_home(outputs)
        h = torch.cat([given, bound.z.double()], dim=1) if layer.beside else given
        self.weight, self.rest = layer.moves.weight, layer.rest
        self.base = (h @ self.weight.T + layer.moves.bias).float()
        self.y = bound.at_home(bound.table.y)
        self.before = _losses(bound, self.rest, self.base[None], self.y)[0]

    def rises(self, values: FloatArray) -> FloatArray:
        """Return the rise (n, groups) in each row's loss when the outputs of one group at a time are replaced with `values`."""
        made = np.zeros((len(self.outputs), len(self.groups)))
        change = values - self.outputs
        for some, moved in self._moved(change):
            made[:, some] = (_losses(self.bound, self.rest, moved, self.y) - self.before).T
        same = [not change[:, units].any() for units in self.groups]
        made[:, same] = 0.0  # no output changed, so a rise could only be rounding error
        return made

    def _moved(self, change: FloatArray) -> Iterator[tuple[slice, Tensor]]:
        """For each batch of groups, yield its slice and the inputs (groups, n, h) to the layers after the ablated layer."""
        together = max(1, CELLS // max(1, self.base.numel()))
        ends = [*range(0, len(self.groups), together), len(self.groups)]
        for low, high in pairwise(ends):
            updates = [
                self.bound.at_home(change[:, units]).float() @ self.weight[:, torch.as_tensor(units)].T.float()
                for units in self.groups[low:high]
            ]
            yield slice(low, high), self.base + torch.stack(updates)

    def resampled(self, shifts: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the mean rise (groups,) in loss under resampling ablation, and its standard error (groups,).

        The standard error accounts for the fact that each row both receives and supplies outputs.
        """
        n, w = len(self.outputs), self.bound.table.row_weights
        received, given = np.zeros((len(self.groups), n, 2)), np.zeros((len(self.groups), n, 2))
        for shift in shifts:
            donors = (np.arange(n) + shift) % n
            rises = self.rises(self.outputs[donors]).T
            received += np.stack([w[donors] * rises, np.broadcast_to(w[donors], rises.shape)], axis=2)
            given[:, donors] += np.stack([w * rises, np.broadcast_to(w, rises.shape)], axis=2)
        value = (w * received[:, :, 0]).sum(axis=1) / (w * received[:, :, 1]).sum(axis=1)
        groups = self.bound.table.groups
        errors = [error_of(share_of(r) + share_of(g), w, groups) for r, g in zip(received, given, strict=True)]
        return value, np.array(errors)


def ablation(bound: BoundModel, layer: Layer, outputs: FloatArray, values: FloatArray) -> Estimates:
    """Return the rise in loss (units,) when the output of one unit at a time is replaced with a constant on every row.

    `outputs` (n, units) are the layer's outputs on the rows of `bound`, and `values` (units,) are the constants.
    """
    cut = _Cut(bound, layer, outputs, [np.array([u]) for u in range(layer.width)])
    return mean_over_rows(cut.rises(np.broadcast_to(values, outputs.shape)), bound.table.weights, bound.table.groups)


def _losses(bound: BoundModel, rest: torch.nn.Module, fronts: Tensor, y: Tensor) -> FloatArray:
    """Return the loss (m, n) of each row for m sets of inputs `fronts` (m, n, h) to `rest`, the layers after the ablated one."""
    m, n = fronts.shape[:2]
    with torch.inference_mode():
        scores = rest(fronts.flatten(0, 1)).double().reshape(m, n, -1)
        loss = loss_for(None, bound.table.schema.task)
        return np.asarray(loss.rows(scores, y, scores.new_ones((m, n))).cpu().numpy())


def run(context: Context) -> Ablations:
    """Ablate groups of correlated hidden units of the audited network."""
    network = context.network.take(context.subsample)
    require_rows(network)
    groups = ablate_together(affordable(network, AUDITED_ROWS, context.seed), context.seed)
    if groups is None:
        raise NotApplicableError(why("no two units of a layer are correlated by 0.8: there is no group to take away"))
    return groups
