"""The cheapest changes that flip a decision: exactly where that can be computed, otherwise by search.

- *Sum of columns*: where the score is a sum over columns, as that of a logistic regression, the cheapest change is a
  multiple-choice knapsack (Kellerer, Pferschy & Pisinger 2004), solved by dynamic programming over the cost, a whole number.
- *All combinations*: where there are at most 4,096 of them, every one is asked about.
- *Search* elsewhere: first every change of one column. Then a beam search with one more column at a time, which goes on from the
  changes with the least projected cost: the cost so far, plus what is missing at the best rate of any single column of this row.
  Then each change of the best finds is undone, and the cheapest change of any column that flips the decision again is taken.

What is found is the cheapest change for each set of columns, because the cheapest of all may lead to an implausible row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tabinterp.analyses.performance.estimator import log_odds
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models import BoundModel
from tabinterp.models.perturbation import RESOLUTION, forward, is_read, mixed

from .changes import Choice

TOGETHER = 65_536  # changed rows that are scored at once
COMBINATIONS, FEW_COMBINATIONS = 4_096, 256  # asked about in every row; where each row is encoded again
STEPS = (1, 2, 3, 4, 6, 8, 11, 15, 20, 27, 35, 45, 60, 75, 99)  # values up and down from a row's own that the beam tries
BEAM, OF_A_COLUMN, DEPTH = 10, 3, 6  # states of a row; of these with the same column changed last; columns, at most
ROUNDS, IMPROVED = 3, 2  # of undoing; finds of a row that are improved
FIRST_COSTS = 150  # up to which the knapsack is solved for every row at first

State = NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Flips:
    """Changes that flip decisions, those of each row together and the cheapest first, one for each set of columns.

    Parameters
    ----------
    row : (m,) places of the rows.
    state : (m, K) which value each column takes; -1: its own.
    cost : (m,) in percentiles.
    """

    row: IntArray
    state: State
    cost: IntArray

    @staticmethod
    def of(found: Sequence[tuple[IntArray, State, IntArray]], columns: int) -> Flips:
        row = np.concatenate([np.zeros(0, np.int64), *(one[0] for one in found)])
        state = np.concatenate([np.zeros((0, columns), np.int16), *(one[1] for one in found)])
        cost = np.concatenate([np.zeros(0, np.int64), *(one[2] for one in found)])
        order = np.lexsort((*state.T, (state >= 0).sum(axis=1), cost, row))
        row, state, cost = row[order], state[order], cost[order]
        sets = np.packbits(state >= 0, axis=1)
        _, first = np.unique(np.column_stack([row, sets]), axis=0, return_index=True)
        kept = np.sort(first)
        return Flips(row[kept], state[kept], cost[kept])

    def best(self, rows: int) -> FloatArray:
        """Return the least cost (rows,) of each row; infinite where there is none."""
        made = np.full(rows, np.inf)
        np.minimum.at(made, self.row, self.cost)
        return made

    def first(self, each: int) -> Flips:
        """Return at most so many for each row."""
        start = np.searchsorted(self.row, self.row)
        kept = np.arange(len(self.row)) - start < each
        return Flips(self.row[kept], self.state[kept], self.cost[kept])


class Decisions:
    """How far the scores of changed rows are on the favourable side of the threshold.

    Parameters
    ----------
    bound : the model, on a table that holds the rows and the donors.
    rows : (n,) positions of the rows that are decided adversely.
    choices : values of the columns that the model reads.
    threshold : probability above which a row is predicted positive.
    """

    def __init__(self, bound: BoundModel, rows: IntArray, choices: Sequence[Choice], threshold: float) -> None:
        self.bound, self.rows, self.choices = bound, rows, choices
        self.sign = 1.0 if bound.table.schema.compared == 1 else -1.0
        self.cut = float(log_odds(threshold))
        self.evaluations = 0
        self.is_local = bound.is_local(tuple(choice.column for choice in choices))
        places = {column: place for place, column in enumerate(bound.table.schema.inputs)}
        self._places = [places[choice.column] for choice in choices]
        if self.is_local:
            self._own = [bound.part((choice.column,), rows) for choice in choices]
            self._parts = [bound.part((choice.column,), choice.donors) for choice in choices]
            self._z = bound.z[rows]
        self.least = RESOLUTION * float(np.abs(bound.scores[rows]).max(initial=1.0))  # what rounding cannot hide
        self.now = self.of(np.arange(len(rows)), np.full((len(rows), len(choices)), -1, dtype=np.int16))

    def take(self, rows: IntArray) -> Decisions:
        """Return the same for some of the rows."""
        made = [choice.take(rows) for choice in self.choices]
        return Decisions(self.bound, self.rows[rows], made, self._threshold)

    @property
    def _threshold(self) -> float:
        return float(1 / (1 + np.exp(-self.cut)))

    def of(self, row: IntArray, state: State) -> FloatArray:
        """Return the margins (m,) of changed rows; above 0: favourable."""
        return np.concatenate(
            [np.zeros(0)]
            + [self._ask(row[i : i + TOGETHER], state[i : i + TOGETHER]) for i in range(0, len(row), TOGETHER)]
        )

    def _ask(self, row: IntArray, state: State) -> FloatArray:
        self.evaluations += len(row)
        with torch.inference_mode():
            if self.is_local:
                scores = forward(self.bound.rest, self._front(row, state))
            else:
                sources = np.tile(self.rows[row, None], (1, len(self.bound.table.schema.inputs)))
                for k, place in enumerate(self._places):
                    sources[:, place] = np.where(state[:, k] < 0, self.rows[row], self.choices[k].donors[state[:, k]])
                scores = forward(self.bound.rest, mixed(self.bound, sources))
        return self._margin(scores)

    def with_one_more(self, row: IntArray, state: State, k: int, values: IntArray) -> FloatArray:
        """Return the margins (m, T) of changed rows in which column k, too, takes other values (m, T)."""
        made = np.empty(values.shape)
        few = max(1, TOGETHER // max(1, values.shape[1]))
        for i in range(0, len(row), few):
            made[i : i + few] = self._with_one_more(row[i : i + few], state[i : i + few], k, values[i : i + few])
        return made

    def _with_one_more(self, row: IntArray, state: State, k: int, values: IntArray) -> FloatArray:
        if not self.is_local:
            states = np.repeat(state, values.shape[1], axis=0)
            states[:, k] = values.ravel()
            return self._ask(np.repeat(row, values.shape[1]), states).reshape(values.shape)
        self.evaluations += values.size
        with torch.inference_mode():
            base = self._front(row, state) - self._own[k][row]  # of states in which the column has its own value
            z = base[:, None] + self._parts[k][torch.as_tensor(values)]
            return self._margin(forward(self.bound.rest, z.flatten(0, 1))).reshape(values.shape)

    def _front(self, row: IntArray, state: State) -> torch.Tensor:
        z = self._z[row].clone()
        for k in range(state.shape[1]):
            changed = np.flatnonzero(state[:, k] >= 0)
            if len(changed):
                values = torch.as_tensor(state[changed, k].astype(np.int64))
                z[changed] += self._parts[k][values] - self._own[k][row[changed]]
        return z

    def _margin(self, scores: torch.Tensor) -> FloatArray:
        return np.asarray(self.sign * (scores[:, 0].cpu().numpy() - self.cut) - self.least)

    def flips(self, scores: FloatArray) -> NDArray[np.bool_]:
        """Return which scores (m,) of the model itself are decided favourably; one at the threshold is of the negative class."""
        return np.asarray((scores > self.cut) == (self.sign > 0))


def readable(bound: BoundModel, choices: Sequence[Choice]) -> list[Choice]:
    """Return the columns that the model reads and some row can change."""
    return [one for one in choices if one.column in bound.columns and is_read(bound, (one.column,)) and one.allowed.any()]


def cheapest(decisions: Decisions) -> tuple[Flips, bool]:
    """Return the cheapest changes, and whether they are exact: then a row without any has none."""
    asked, count = decisions.choices, len(decisions.choices)
    if count == 0 or len(decisions.rows) == 0:
        return Flips.of([], count), True
    most = COMBINATIONS if decisions.is_local else FEW_COMBINATIONS
    if float(np.prod([len(choice.donors) + 1.0 for choice in asked])) <= most:
        return _of_all(decisions), True
    if decisions.bound.is_linear and decisions.is_local:
        return _knapsack(decisions), True
    return searched(decisions), False


# ---- exact


def _of_all(decisions: Decisions) -> Flips:
    """Ask about every combination of values."""
    sizes = [len(choice.donors) + 1 for choice in decisions.choices]
    states = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1).astype(np.int16) - 1
    found = []
    for row in range(len(decisions.rows)):
        cost, allowed = np.zeros(len(states), dtype=np.int64), np.ones(len(states), dtype=np.bool_)
        for k, choice in enumerate(decisions.choices):
            changed = states[:, k] >= 0
            cost += np.where(changed, choice.cost[row][states[:, k]], 0)
            allowed &= ~changed | choice.allowed[row][states[:, k]]
        some = states[allowed]
        flips = decisions.of(np.full(len(some), row), some) > 0
        found.append((np.full(int(flips.sum()), row), some[flips], cost[allowed][flips]))
    return Flips.of(found, len(sizes))


def _knapsack(decisions: Decisions) -> Flips:
    """Return the cheapest change of each row where the score is a sum over columns."""
    n, count = len(decisions.rows), len(decisions.choices)
    every = np.arange(n)
    none = np.full((n, count), -1, dtype=np.int16)
    gains = []
    for k, choice in enumerate(decisions.choices):
        values = np.tile(np.arange(len(choice.donors)), (n, 1))
        gain = decisions.with_one_more(every, none, k, values) - decisions.now[:, None]
        gains.append(np.where(choice.allowed, gain, -np.inf))
    left, found = every, []
    total = int(sum(choice.cost.max(where=choice.allowed, initial=0) for choice in decisions.choices))
    for most in sorted({min(FIRST_COSTS, total), total}):
        flipped, state, cost = _filled(decisions, gains, left, most)
        found.append((left[flipped], state[flipped], cost[flipped]))
        left = left[~flipped]
    return Flips.of(found, count)


def _filled(
    decisions: Decisions, gains: Sequence[FloatArray], rows: IntArray, most: int
) -> tuple[NDArray[np.bool_], State, IntArray]:
    """Return which rows flip at a cost of at most `most`, with the state and the cost at which they do."""
    best = np.full((len(rows), most + 1), -np.inf)
    best[:, 0] = decisions.now[rows]
    taken = []
    for gain, choice in zip(gains, decisions.choices, strict=True):
        own, cost = gain[rows], choice.cost[rows]
        made, value = best.copy(), np.full(best.shape, -1, dtype=np.int16)
        for step in range(1, min(most, int(cost.max(initial=0))) + 1):
            of_cost = np.where(cost == step, own, -np.inf)
            at = of_cost.argmax(axis=1).astype(np.int16)
            gained = of_cost[np.arange(len(rows)), at]
            some = np.flatnonzero(gained > -np.inf)
            reached = best[some, : most + 1 - step] + gained[some, None]
            better = reached > made[some, step:]
            made[some, step:] = np.where(better, reached, made[some, step:])
            value[some, step:] = np.where(better, at[some, None], value[some, step:])
        taken.append((value, cost))
        best = made
    flips = best > 0
    least = np.where(flips.any(axis=1), flips.argmax(axis=1), 0)
    state, budget, each = np.full((len(rows), len(gains)), -1, dtype=np.int16), least.copy(), np.arange(len(rows))
    for k in reversed(range(len(gains))):
        value, cost = taken[k]
        state[:, k] = value[each, budget]
        budget = budget - np.where(state[:, k] >= 0, cost[each, state[:, k]], 0)
    return flips.any(axis=1), state, least


# ---- search


def searched(decisions: Decisions) -> Flips:
    """Return the cheapest changes that a search finds."""
    count = len(decisions.choices)
    flips = Flips.of([*_beam(decisions)], count)
    tried: set[tuple[int, bytes]] = set()
    for _ in range(ROUNDS):
        first = flips.first(IMPROVED)
        keys = [(int(row), state.tobytes()) for row, state in zip(first.row, first.state, strict=True)]
        new = np.array([key not in tried for key in keys], dtype=np.bool_)
        if not new.any():
            break
        tried.update(keys)
        once = Flips(first.row[new], first.state[new], first.cost[new])
        flips = Flips.of([(flips.row, flips.state, flips.cost), *_undone(decisions, once)], count)
    return flips


def _beam(decisions: Decisions) -> Iterator[tuple[IntArray, State, IntArray]]:
    """Yield changes that flip decisions, with one more column at a time."""
    n, count = len(decisions.rows), len(decisions.choices)
    row, cost = np.arange(n), np.zeros(n, dtype=np.int64)
    state, margin = np.full((n, count), -1, dtype=np.int16), decisions.now
    best, rate = np.full(n, np.inf), np.zeros(n)
    ladders = [_ladder(choice) for choice in decisions.choices]
    for depth in range(min(count, DEPTH)):
        reached = []
        for k, choice in enumerate(decisions.choices):
            at = np.flatnonzero(state[:, k] < 0)
            values = np.tile(np.arange(len(choice.donors)), (len(at), 1)) if depth == 0 else ladders[k][row[at]]
            allowed = np.take_along_axis(choice.allowed[row[at]], values, axis=1)
            margins = decisions.with_one_more(row[at], state[at], k, values)
            total = cost[at, None] + np.take_along_axis(choice.cost[row[at]], values, axis=1)
            if depth == 0:
                gained = np.where(allowed, (margins - margin[:, None]) / total, 0.0).max(axis=1, initial=0.0)
                rate = np.maximum(rate, gained)
            reached.append((k, at, values, allowed, margins, total))
        onward = []
        for k, at, values, allowed, margins, total in reached:
            flipping = np.where(allowed & (margins > 0), total, np.iinfo(np.int64).max)
            some = np.flatnonzero((allowed & (margins > 0)).any(axis=1))
            place = flipping[some].argmin(axis=1)
            made = state[at[some]]
            made[:, k] = values[some, place]
            price = flipping[some, place]
            np.minimum.at(best, row[at[some]], price)
            yield row[at[some]], made, price
            onward.append((k, at, values, allowed & (margins <= 0), margins, total))
        row, state, cost, margin = _kept(onward, row, state, best, rate)
        if len(row) == 0:
            return


Reached = tuple[int, IntArray, IntArray, NDArray[np.bool_], FloatArray, IntArray]


def _kept(
    onward: Sequence[Reached], row: IntArray, state: State, best: FloatArray, rate: FloatArray
) -> tuple[IntArray, State, IntArray, FloatArray]:
    """Return the states from which the beam goes on: those with the least projected cost."""
    rows, states, costs, margins, projected = [], [], [], [], []
    for k, at, values, allowed, margin, total in onward:
        with np.errstate(divide="ignore"):
            hoped = total - margin / rate[row[at]][:, None]
        hoped = np.where(allowed & (hoped < best[row[at]][:, None]), hoped, np.inf)
        for place in np.argsort(hoped, axis=1, kind="stable")[:, :OF_A_COLUMN].T:
            hope = hoped[np.arange(len(at)), place]
            some = np.flatnonzero(np.isfinite(hope))
            made = state[at[some]]
            made[:, k] = values[some, place[some]]
            rows.append(row[at[some]])
            states.append(made)
            costs.append(total[some, place[some]])
            margins.append(margin[some, place[some]])
            projected.append(hope[some])
    found, reached = np.concatenate(rows), np.concatenate(states)
    _, first = np.unique(np.column_stack([found, reached]), axis=0, return_index=True)
    hope = np.concatenate(projected)[first]
    order = first[np.lexsort((first, hope, found[first]))]
    start = np.searchsorted(found[order], found[order])
    kept = order[np.arange(len(order)) - start < BEAM]
    return found[kept], reached[kept], np.concatenate(costs)[kept], np.concatenate(margins)[kept]


def _ladder(choice: Choice) -> IntArray:
    """Return the values (n, T) of a column that the beam tries: near a row's own and farther and farther off."""
    n, size = choice.cost.shape
    if size <= 2 * len(STEPS):
        return np.tile(np.arange(size), (n, 1))
    own = choice.cost.argmin(axis=1)  # next to the row's own value
    steps = np.array([-step for step in reversed(STEPS)] + [0, *STEPS])
    return np.clip(own[:, None] + steps, 0, size - 1)


def _undone(decisions: Decisions, flips: Flips) -> Iterator[tuple[IntArray, State, IntArray]]:
    """Undo each change in turn, and yield the cheapest changes of any one column that flip the decisions again."""
    for k, choice in enumerate(decisions.choices):
        at = np.flatnonzero(flips.state[:, k] >= 0)
        if len(at) == 0:
            continue
        row, state = flips.row[at], flips.state[at].copy()
        cost = flips.cost[at] - choice.cost[row, state[:, k]]
        state[:, k] = -1
        for j, other in enumerate(decisions.choices):
            some = np.flatnonzero(state[:, j] < 0)
            values = np.tile(np.arange(len(other.donors)), (len(some), 1))
            total = cost[some, None] + other.cost[row[some]]
            margins = decisions.with_one_more(row[some], state[some], j, values)
            flipping = np.where(other.allowed[row[some]] & (margins > 0), total, np.iinfo(np.int64).max)
            place = flipping.argmin(axis=1)
            price = flipping[np.arange(len(some)), place]
            kept = np.flatnonzero(price < np.iinfo(np.int64).max)
            made = state[some[kept]]
            made[:, j] = place[kept]
            yield row[some[kept]], made, price[kept]
