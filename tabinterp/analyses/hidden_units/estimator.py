"""Hidden units: how often each is active, whether it is dead or saturated, what activates it, and its ablation loss.

The layers are found automatically. The description of a unit starts with the real rows that activate it, because people
understand a unit better from real examples than from synthetic ones (Borowski et al. 2021). For a unit in the first layer, its
weights are described next. A unit that responds selectively is not necessarily important (Morcos et al. 2018); `ablation_mean`
measures importance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import torch

from tabinterp.analyses.ablation.estimator import ablation
from tabinterp.analyses.display import Display, Drawn, by_unit
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.messages import number, text
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.layers import Layer, layers_of
from tabinterp.stats.distances import constant
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.weights import deviation, unit
from tabinterp.table import Table

from .activating_rows import Profiles, profile_frame, profiles
from .first_layer_weights import Incoming, incoming

DUPLICATE = 1e-6  # two units are duplicates if 1 - abs(correlation) is smaller than this
REDUNDANT = 1e-6  # a unit is redundant if the other units leave less than this share of its variance unexplained
SATURATED = 0.95  # a unit is saturated if at least this share of rows is at an end of its range
END = 0.01  # a value is at an end of the range if it is within this share of the range
NOTHING = 1e-13  # an eigenvalue below this share of the largest one is rounding error
SPOKEN = 2  # number of columns named in the description of a unit


@dataclass(frozen=True, eq=False)
class Neurons(Display):
    """Properties of hidden units, in arrays (units,).

    Parameters
    ----------
    active : share of rows with an output above zero.
    ends : share of rows with an output at an end of the range of a bounded activation function.
    health : "dead" (0 on every row), "constant", "saturated", "duplicate" (of unit `same_as`), "redundant" (a linear function of
        the other units of its layer) or "sound".
    effective_rank : for each layer, the exponential of the entropy of the singular values of its centred outputs (Roy & Vetterli
        2007).
    ablation_mean : rise in the loss of the task when the output of the unit is replaced by its mean.
    ablation_zero : rise in the same loss when the output is replaced by zero.
    ablation_rows : number of rows used for the ablations. They are held-out rows if `held_out` is True.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.ablation",
        {"mean": ("ablation_mean", "ablation_mean_low", "ablation_mean_high")},
        by_unit,
        order="ablation_mean",
        other="units",
    )

    layer: tuple[str, ...]
    index: tuple[int, ...]
    active: FloatArray
    mean: FloatArray
    sd: FloatArray
    ends: FloatArray
    health: tuple[str, ...]
    same_as: tuple[int | None, ...]
    effective_rank: dict[str, float]
    ablation_mean: Estimates
    ablation_zero: Estimates
    incoming: Incoming | None
    profiles: Profiles
    rows: int
    ablation_rows: int
    held_out: bool

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each hidden unit."""
        made = {
            "layer": np.array(self.layer, dtype=object),
            "unit": np.array(self.index, dtype=np.int64),
            **{name: getattr(self, name) for name in ("active", "mean", "sd", "health")},
            "same_as": pd.Series(self.same_as, dtype=object),
        }
        for name in ("ablation_mean", "ablation_zero"):
            one = getattr(self, name)
            made |= {name: one.value, f"{name}_stderr": one.stderr, f"{name}_low": one.low, f"{name}_high": one.high}
        return pd.DataFrame(made | {"words": [self.words(u) for u in range(len(self.layer))]})

    @any_backend
    def profile(self) -> pd.DataFrame:
        """Return the comparison of activating rows with all rows, with one row per unit and column (or level)."""
        return profile_frame(self.profiles, self.layer, self.index)

    @any_backend
    def weights(self) -> pd.DataFrame:
        """Return the weights of the first layer, with one row per unit and column (or level).

        Raises
        ------
        NotApplicableError
            If the first layer is not an affine function of the inputs.
        """
        if self.incoming is None:
            raise NotApplicableError(
                "this result has no first-layer weights, because the first hidden layer is not an affine "
                "function of the encoded columns"
            )
        return self.incoming.frame(self.layer[0])

    def words(self, u: int) -> str:
        """Return a one-line description of the unit at position `u`."""
        told = [text("units.unit", {"layer": self.layer[u], "unit": self.index[u]}), _health(self, u)]
        if self.health[u] in ("dead", "constant"):
            return " ".join(told)
        if self.profiles.excited[u] > 0:
            told.append(_excited(self.profiles, u))
        cost = self.ablation_mean
        if np.isnan(cost.value[u]):
            return " ".join([*told, text("units.ablation.none")])
        return " ".join([*told, text("units.ablation", {"value": cost.value[u], "stderr": cost.stderr[u]})])


def neurons(model: Model | BoundModel, table: Table) -> Neurons:
    """Describe every hidden unit on all rows of `table`. If some rows are held out, only these are used for ablations.

    Raises
    ------
    NotApplicableError
        If the model is linear and has no hidden units, or if its hidden units cannot be found.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> table = ti.read_table(pd.DataFrame({"a": np.linspace(-1, 1, 200), "y": np.arange(200.0)}), target="y", task="regression")
    >>> net = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    >>> _ = net[0].weight.data.copy_(torch.tensor([[2.0], [1.0]])), net[0].bias.data.copy_(torch.tensor([0.0, -5.0]))
    >>> found = neurons(ti.wrap(net, encoder="passthrough", task="regression"), table)
    >>> found.health, found.active.round(2).tolist()
    (('sound', 'dead'), [0.5, 0.0])
    """
    bound = bind(model, table)
    if table.weights is not None and not (table.weights > 0).all():  # rows of weight 0 carry no information
        bound = bound.take(table.weights > 0)
    outputs = bound.activations()
    if not outputs:
        raise NotApplicableError(why("units", model=bound.model.name))
    cut = {layer.name: layer for layer in layers_of(bound)}
    w = unit(bound.table.weights, len(bound.table))
    judged = {name: _judged(value, cut.get(name), w) for name, value in outputs.items()}
    held, costs = _ablations(bound, cut, outputs, w)
    together = np.concatenate(list(outputs.values()), axis=1)
    first = next(iter(outputs))
    return Neurons(
        layer=tuple(name for name, value in outputs.items() for _ in range(value.shape[1])),
        index=tuple(i for value in outputs.values() for i in range(value.shape[1])),
        active=w @ (together > 0) / w.sum(),
        mean=np.average(together, axis=0, weights=w),
        sd=deviation(together, w),
        ends=np.concatenate([one[2] for one in judged.values()]),
        health=tuple(h for one in judged.values() for h in one[0]),
        same_as=tuple(s for one in judged.values() for s in one[1]),
        effective_rank={name: _effective_rank(value, w) for name, value in outputs.items()},
        ablation_mean=costs[0],
        ablation_zero=costs[1],
        incoming=incoming(bound, cut[first]) if first in cut else None,
        profiles=profiles(bound, together),
        rows=len(bound.table),
        ablation_rows=len(held.table),
        held_out=held.table.held_out is not None and bool(held.table.held_out.all()),
    )


# ---- health


def _judged(a: FloatArray, layer: Layer | None, w: FloatArray) -> tuple[list[str], list[int | None], FloatArray]:
    """Return, for each unit, `Neurons.health`, the unit that it duplicates, and `Neurons.ends`.

    The outputs of the units are `a` (n, h). The second result is None for a unit that duplicates no other unit.
    """
    mean = np.average(a, axis=0, weights=w)
    still = constant(w @ (a - mean) ** 2, float(w.sum()), mean)
    same, redundant = _twins(a, np.flatnonzero(~still), w)
    ends = np.full(a.shape[1], np.nan) if layer is None else _at_ends(layer, a, w)
    health = []
    for u in range(a.shape[1]):
        if still[u]:
            health.append("dead" if mean[u] == 0 else "constant")
        elif ends[u] >= SATURATED:
            health.append("saturated")
        else:
            health.append("duplicate" if same[u] is not None else "redundant" if redundant[u] else "sound")
    return health, same, ends


def _at_ends(layer: Layer, a: FloatArray, w: FloatArray) -> FloatArray:
    """Return, for each unit, the share of rows in which its output is close to an end of the activation function's range (within
    1% of the width of the range); 0 if the range is unbounded.
    """
    far = torch.full((2, layer.width), 1e4, device=layer.device)
    far[0] *= -1
    with torch.inference_mode():
        low, high = layer.activated(far).double().cpu().numpy()
    bounded = np.maximum(np.abs(low), np.abs(high)) < 1e2
    near = np.minimum(np.abs(a - low), np.abs(a - high)) <= END * np.abs(high - low)
    return np.asarray(np.where(bounded, w @ near / w.sum(), 0.0))


def _twins(a: FloatArray, live: IntArray, w: FloatArray) -> tuple[list[int | None], FloatArray]:
    """Return the earlier unit that each unit duplicates, or None, and a mask of the redundant units.

    A unit is redundant if it is a linear function of the other units that are not duplicates.
    """
    same: list[int | None] = [None] * a.shape[1]
    redundant = np.zeros(a.shape[1], dtype=bool)
    if len(live) == 0:
        return same, redundant
    r = _correlations(a[:, live], w)
    for i, u in enumerate(live):
        twins = np.flatnonzero(np.abs(r[i, :i]) > 1 - DUPLICATE)
        same[u] = int(live[twins[0]]) if len(twins) else None
    own = [i for i, u in enumerate(live) if same[u] is None]
    few = r[np.ix_(own, own)]
    inverse = np.linalg.inv(few + 1e-9 * np.eye(len(own)))
    redundant[live[own]] = 1 / np.diag(inverse) < REDUNDANT if len(a) > len(own) + 1 else False
    return same, redundant


def _correlations(a: FloatArray, w: FloatArray) -> FloatArray:
    z = (a - np.average(a, axis=0, weights=w)) / deviation(a, w)
    return np.asarray((z * w[:, None]).T @ z / w.sum())


def _effective_rank(a: FloatArray, w: FloatArray) -> float:
    """Return the exponential of the entropy of the singular values of the centred outputs `a`; 0 if all outputs are constant."""
    centred = (a - np.average(a, axis=0, weights=w)) * np.sqrt(w)[:, None]
    squares = np.linalg.eigvalsh(centred.T @ centred)
    share = np.sqrt(squares[squares > NOTHING * squares.max()]) if squares.max() > 0 else squares[:0]
    if len(share) == 0:
        return 0.0
    share = share / share.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


# ---- importance


def _ablations(
    bound: BoundModel, cut: dict[str, Layer], outputs: dict[str, FloatArray], w: FloatArray
) -> tuple[BoundModel, tuple[Estimates, Estimates]]:
    """Return the model bound to the rows used for ablation, and the rises in loss when outputs are replaced by the mean and by
    zero.
    """
    held_out = bound.table.held_out
    rows = np.arange(len(bound.table)) if held_out is None or not held_out.any() else np.flatnonzero(held_out)
    held = bound.take(rows)
    made = []
    for zero in (False, True):
        parts = []
        for name, value in outputs.items():
            centre = np.zeros(value.shape[1]) if zero else np.average(value, axis=0, weights=w)
            nothing = Estimates.of(unknown := np.full(value.shape[1], np.nan), unknown)
            parts.append(ablation(held, cut[name], value[rows], centre) if name in cut else nothing)
        value, stderr = (np.concatenate([getattr(p, part) for p in parts]) for part in ("value", "stderr"))
        made.append(Estimates.of(value, stderr, max(1, len(rows) - 1)))
    return held, (made[0], made[1])


# ---- words


def _health(found: Neurons, u: int) -> str:
    health = found.health[u]
    if health == "sound":
        return text("units.active", {"share": _percent(found.active[u])})
    values = {
        "rows": found.rows,
        "mean": float(found.mean[u]),
        "share": _percent(found.ends[u]),
        "other": found.same_as[u],
    }
    return text(f"units.health.{health}", values)


def _percent(share: float) -> str:
    return f"{number(100 * share)}%"


def _excited(made: Profiles, u: int) -> str:
    """Return a sentence with the largest significant differences between the activating rows of a unit and all rows."""
    best = made.strongest(u)[:SPOKEN]
    excited = int(made.excited[u])
    if len(best) == 0:
        return text("units.excited.none", {"excited": excited})
    columns = " and ".join(_difference(made, u, int(line)) for line in best)
    return text("units.excited", {"excited": excited, "columns": columns})


def _difference(made: Profiles, u: int, line: int) -> str:
    if made.most[u, line]:
        return text("units.level.most", {"column": made.columns[line], "level": str(made.levels[line])})
    d, lift = float(made.difference.value[u, line]), float(made.lift.value[u, line])
    if np.isnan(lift):
        key = "units.column.higher" if d > 0 else "units.column.lower"
        return text(key, {"column": made.columns[line], "value": abs(d)})
    values = {"column": made.columns[line], "level": str(made.levels[line]), "value": number(lift)}
    return text("units.level", values)
