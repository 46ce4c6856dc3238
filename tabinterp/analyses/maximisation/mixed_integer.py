"""Maximum of a small ReLU network by mixed-integer programming.

Each possible level and each ReLU unit has a binary variable. A numeric column is represented by a variable, which is the position
of the value in the column's range. If its values can be missing, the column also has a binary variable, which is 1 if the value
is missing. For a pre-activation v with l <= v <= u, the activation a = max(0, v) is encoded as a >= 0, a >= v,
a <= v - l (1 - r), a <= u r, where r is the binary variable of the unit (Tjeng, Xiao & Tedrake 2019).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import optimize, sparse

from tabinterp.arrays import FloatArray
from tabinterp.models.layer_chain import Step

from .search_space import Domain, Player

SECONDS = 10.0
GAP = 1e-4
INFEASIBLE = 2  # status of SciPy's `milp`
WHOLE = 1e-6  # tolerance for a sum of integer prices


@dataclass
class _Model:
    """Mixed-integer programme under construction.

    `lower` and `upper` are the bounds of the variables, and `whole` marks integer variables. `rows` contains a tuple (indices,
    weights, low, high) for each constraint.
    """

    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[list[int], list[float], float, float]] = field(default_factory=list)

    def variable(self, lower: float, upper: float, whole: bool = False) -> int:
        self.lower.append(lower)
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.lower) - 1


class Programme:
    """Mixed-integer programme that represents the allowed inputs (`domain`) and the hidden layers on which an objective depends.

    Attributes
    ----------
    outputs : variables that represent the outputs of each hidden layer.
    front : weights (h, variables) of the input variables in the output of the network's first affine operations. The constant is
        omitted.
    """

    def __init__(self, domain: Domain, steps: tuple[Step, ...], low: list[FloatArray], high: list[FloatArray]) -> None:
        self.made = _Model()
        self.constant = domain.constant.double().cpu().numpy()
        parts: list[tuple[int, FloatArray]] = []
        for player in domain.players:
            self.constant = self.constant + _choose(self.made, player, parts)
        self.inputs = [place for place, _ in parts]
        self.front = np.column_stack([part for _, part in parts])
        self.outputs: list[list[int]] = []
        for i, step in enumerate(steps):
            self.outputs.append(self._rectified(i, step, low[i], high[i]))

    def expression(self, i: int, step: Step) -> tuple[list[int], FloatArray, FloatArray]:
        """Return the output of step i as a linear expression: variable indices, weights (m, places) and constants (m,)."""
        weight, shift = step
        if i == 0:
            return self.inputs, weight @ self.front, weight @ self.constant + shift
        return self.outputs[i - 1], weight, shift

    def _rectified(self, i: int, step: Step, low: FloatArray, high: FloatArray) -> list[int]:
        places, weights, shift = self.expression(i, step)
        made = []
        for j in range(len(shift)):
            below, above = min(0.0, float(low[j]) - 1e-6), max(0.0, float(high[j]) + 1e-6)
            a, on = self.made.variable(0.0, above), self.made.variable(0, 1, True)
            own, constant = weights[j].tolist(), float(shift[j])
            self.made.rows += [
                ([*places, a], [*(-w for w in own), 1.0], constant, np.inf),
                ([*places, a, on], [*(-w for w in own), 1.0, -below], -np.inf, constant - below),
                ([a, on], [1.0, -above], -np.inf, 0.0),
            ]
            made.append(a)
        return made


def _choose(made: _Model, player: Player, parts: list[tuple[int, FloatArray]]) -> FloatArray:
    """Add variables for the candidate values of a column, and return the constant part of the column's contribution to the output
    of the first affine operations.

    The contribution of each variable is appended to `parts`.
    """
    known = player.parts.double().cpu().numpy()
    if player.slope is None or player.values is None:
        places = [made.variable(0, 1, True) for _ in known]
        made.rows.append((places, [1.0] * len(places), 1.0, 1.0))
        parts += list(zip(places, known, strict=True))
        return np.zeros(known.shape[1])
    low, high = int(np.nanargmin(player.values)), int(np.nanargmax(player.values))
    width = float(player.values[high] - player.values[low])
    count = width if player.whole else 1.0  # steps from one end to the other
    along = made.variable(0.0, count, player.whole)
    parts.append((along, (known[high] - known[low]) / count))
    gone = np.flatnonzero(np.isnan(player.values))
    if len(gone):
        missing = made.variable(0, 1, True)
        parts.append((missing, known[gone[0]] - known[low]))
        made.rows.append(([along, missing], [1.0, count], -np.inf, count))
    return np.asarray(known[low])


def solve(programme: Programme, weights: list[FloatArray], steps: tuple[Step, ...]) -> float:
    """Return an upper bound on a weighted sum of the outputs of all steps; NaN if none was found in time.

    `weights` contains one array (m,) for each step.
    """
    gain, constant = _weighed(programme, weights, steps)
    least = _solved(programme.made, -gain).mip_dual_bound
    return float("nan") if least is None or not np.isfinite(least) else constant - float(least)


def cheapest(
    programme: Programme, prices: FloatArray, weights: list[FloatArray], steps: tuple[Step, ...], least: float
) -> tuple[FloatArray | None, bool]:
    """Return the cheapest inputs for which a weighted sum of the outputs of all steps is at least `least`.

    Parameters
    ----------
    prices : integer price of each variable in `programme.inputs` (places,).

    Returns
    -------
    The values (places,) of the input variables for which the total price is smallest, and whether the result is proved. The
    values are None if no inputs reach `least` (proved), or if none were found in time (not proved).
    """
    gain, constant = _weighed(programme, weights, steps)
    cost = np.zeros(len(gain))
    cost[programme.inputs] = prices
    places = np.flatnonzero(gain)
    found = _solved(programme.made, cost, (places.tolist(), gain[places].tolist(), least - constant, np.inf))
    if found.x is None:
        return None, bool(found.status == INFEASIBLE)
    proven = found.mip_dual_bound is not None and found.mip_dual_bound > found.fun - 1 + WHOLE
    return np.asarray(found.x)[programme.inputs], proven


def _weighed(programme: Programme, weights: list[FloatArray], steps: tuple[Step, ...]) -> tuple[FloatArray, float]:
    """Return a weighted sum of the outputs of all steps as a linear function: the weights of the variables, and a constant."""
    gain, constant = np.zeros(len(programme.made.lower)), 0.0
    for i, step in enumerate(steps):
        places, own, shift = programme.expression(i, step)
        gain[places] += weights[i] @ own
        constant += float(weights[i] @ shift)
    return gain, constant


def _solved(made: _Model, cost: FloatArray, *beside: tuple[list[int], list[float], float, float]) -> Any:
    """Minimise the cost under the constraints of the programme and the additional constraints `beside`, and return the result."""
    every = [*made.rows, *beside]
    rows = [(r, c, w) for r, (places, own, _, _) in enumerate(every) for c, w in zip(places, own, strict=True)]
    r, c, w = (np.array(one) for one in zip(*rows, strict=True))
    indices = r.astype(np.int32), c.astype(np.int32)  # SciPy before 1.15 accepts no other type
    matrix = sparse.csr_array((w, indices), shape=(len(every), len(cost)))
    return optimize.milp(
        cost,
        constraints=optimize.LinearConstraint(matrix, [row[2] for row in every], [row[3] for row in every]),
        integrality=np.array(made.whole, dtype=int),
        bounds=optimize.Bounds(np.array(made.lower), np.array(made.upper)),
        options={"time_limit": SECONDS, "mip_rel_gap": GAP},
    )
