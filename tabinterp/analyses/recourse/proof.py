"""Integer programme that finds the cheapest change to a row under a small ReLU network, and proves that none is cheaper.

The network is encoded as in `maximisation/mixed_integer` (Tjeng, Xiao & Tedrake 2019). There is a binary variable for each value
that a column can take, and one for each ReLU unit. The programme minimises the total cost under the constraint that the score is
on the favourable side of the threshold.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from tabinterp.analyses.maximisation.bounds import SMALL, intervals
from tabinterp.analyses.maximisation.mixed_integer import Programme
from tabinterp.analyses.maximisation.mixed_integer import cheapest as least_price
from tabinterp.analyses.maximisation.search_space import Domain, Player
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models.layer_chain import Step, chain_of
from tabinterp.models.layers import Layer, layers_of

from .changes import State
from .search import Decisions, Flips

VALUES = 200  # maximum number of values of all columns together, for one row


def is_provable(decisions: Decisions) -> bool:
    """Return whether the integer programme is small enough to be solved.

    The model must be a plain chain of layers with at most 16 ReLU units, and the changeable columns must have at most 200 new
    values in total.
    """
    bound = decisions.bound
    if not decisions.is_local or not bound.has_gradient or sum(len(c.donors) for c in decisions.choices) > VALUES:
        return False
    layers = layers_of(bound)
    small = sum(layer.width for layer in layers) <= SMALL and all(layer.kind == "relu" for layer in layers)
    return small and bool(layers) and len(chain_of(bound, layers)) == len(layers) + 1


def proven(decisions: Decisions) -> tuple[Flips, np.ndarray]:
    """Return the cheapest change to each row, and a mask (n,) of the rows for which the result is proved.

    If no change that reverses the decision was found for a row, or if it is proved that there is none, the returned changes do
    not include this row.
    """
    layers = layers_of(decisions.bound)
    steps = chain_of(decisions.bound, layers)
    found: list[tuple[IntArray, State, IntArray]] = []
    sure = np.zeros(len(decisions.rows), dtype=np.bool_)
    for row in range(len(decisions.rows)):
        state, sure[row] = _of_row(decisions, row, steps, layers)
        if state is not None:
            cost = sum(int(c.cost[row, v]) for c, v in zip(decisions.choices, state, strict=True) if v >= 0)
            found.append((np.array([row]), state[None], np.array([cost])))
    return Flips.of(found, len(decisions.choices)), sure


def _of_row(
    decisions: Decisions, row: int, steps: tuple[Step, ...], layers: tuple[Layer, ...]
) -> tuple[State | None, bool]:
    """Return the cheapest change to a row (None if none was found), and whether this result is proved."""
    players, prices = [], [np.zeros(0)]
    for choice, own, parts in zip(decisions.choices, decisions.own, decisions.parts, strict=True):
        allowed = np.flatnonzero(choice.allowed[row])
        moves = torch.cat([torch.zeros_like(own[:1]), parts[torch.as_tensor(allowed)] - own[row]])
        players.append(Player((choice.column,), choice.donors[:0], moves, None, None, False, 0))
        prices.append(np.append(0, choice.cost[row, allowed]))
    domain = Domain(decisions.bound, tuple(players), decisions.z[row])
    low, high = intervals(domain, steps[:-1], layers)
    programme = Programme(domain, steps[:-1], low, high)
    weights = [np.zeros(len(shift)) for _, shift in steps[:-1]] + [np.array([decisions.sign])]
    least = decisions.sign * decisions.cut + 2 * decisions.least
    chosen, sure = least_price(programme, np.concatenate(prices), weights, steps, least)
    return (None if chosen is None else np.array([*_states(decisions, row, chosen)], dtype=np.int16)), sure


def _states(decisions: Decisions, row: int, chosen: FloatArray) -> Iterator[int]:
    """Convert the binary variables of all columns to the index of each column's new value; -1 if the column is unchanged."""
    start = 0
    for choice in decisions.choices:
        allowed = np.append(-1, np.flatnonzero(choice.allowed[row]))
        yield int(allowed[chosen[start : start + len(allowed)].argmax()])
        start += len(allowed)
