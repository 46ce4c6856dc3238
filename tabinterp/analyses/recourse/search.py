"""Search for the cheapest changes that reverse a decision, by an exact method if possible and by a heuristic otherwise.

- *Sum over columns*: if the score is a sum of functions of single columns, as in logistic regression, finding the cheapest change
  is a multiple-choice knapsack problem (Kellerer, Pferschy & Pisinger 2004). It is solved by dynamic programming over the cost,
  which is a whole number.
- *All combinations*: if there are at most 4,096 combinations of values, all of them are scored.
- *Search*: in all other cases, all changes to one column are scored, and then changes to every pair of columns, with ten new
  values for each column. Then a beam search adds one column at a time. It continues from the changes with the lowest projected
  cost, which is the cost so far plus an estimate of the remaining cost of reversing the decision. The estimate uses the largest
  gain in score per unit of cost found for the row. If no change reverses the decision, the score is improved by changing one
  column after another. Finally, the search tries to make the best changes cheaper. It undoes or reduces the change to one column,
  and adds the cheapest change to one other column that reverses the decision again.

The result contains the cheapest change to each set of columns, because the cheapest change overall may lead to an implausible
row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tabinterp.analyses.performance.estimator import log_odds
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models import BoundModel
from tabinterp.models.perturbation import RESOLUTION, forward, is_read, mixed

from .changes import Choice, State

TOGETHER = 65_536  # changed rows that are scored at once
# maximum combinations for which all are scored; the second number applies if each changed row is encoded again
COMBINATIONS, FEW_COMBINATIONS = 4_096, 256
STEPS = (
    1,
    2,
    3,
    4,
    6,
    8,
    11,
    15,
    20,
    27,
    35,
    45,
    60,
    75,
    99,
)  # distances in the sorted new values from a row's own value, at which the beam search tries values
BEAM, OF_A_COLUMN, DEPTH = 10, 3, 6  # states per row; values per state and added column; maximum number of columns
ROUNDS, IMPROVED = 3, 2  # rounds of improvement; results per row that are improved
FIRST_COSTS = 150  # maximum cost in the first solution of the knapsack problem, before higher costs are considered

COARSE = 10  # values of each column that are tried in a pair of columns
REAL, KEPT = 200, 64  # training rows from which all values are taken together; changes that are kept for each row
TRADED = (0.2, 0.4, 0.6, 0.8)  # shares to which the cost of a change is reduced when another change is added
TIE = 1e-300  # added to the margin if the negative class is favourable, because a score at the threshold belongs to it
CLIMBS, STARTS = 4, 6  # rounds in which the margin is raised; states per row from which this starts

Found = tuple[IntArray, State, IntArray]  # rows, states and costs, as in `Flips`


@dataclass(frozen=True, eq=False)
class Flips:
    """Changes that reverse decisions, sorted by row and then by cost.

    Parameters
    ----------
    row : index of the row that is changed (m,).
    state : index of the new value of each column (m, K); -1 if the column is unchanged.
    cost : total cost in percentiles (m,).
    """

    row: IntArray
    state: State
    cost: IntArray

    @staticmethod
    def of(found: Sequence[Found], columns: int, every: bool = False) -> Flips:
        """Return the cheapest change for each row and set of columns or, if `every` is true, all distinct changes."""
        row = np.concatenate([np.zeros(0, np.int64), *(one[0] for one in found)])
        state = np.concatenate([np.zeros((0, columns), np.int16), *(one[1] for one in found)])
        cost = np.concatenate([np.zeros(0, np.int64), *(one[2] for one in found)])
        order = np.lexsort((*state.T, (state >= 0).sum(axis=1), cost, row))
        row, state, cost = row[order], state[order], cost[order]
        sets = state if every else np.packbits(state >= 0, axis=1)
        _, first = np.unique(np.column_stack([row, sets]), axis=0, return_index=True)
        kept = np.sort(first)
        return Flips(row[kept], state[kept], cost[kept])

    @property
    def all(self) -> Found:
        return self.row, self.state, self.cost

    def best(self, rows: int) -> FloatArray:
        """Return the lowest cost of a change for each row (rows,); infinity for a row without changes."""
        made = np.full(rows, np.inf)
        np.minimum.at(made, self.row, self.cost)
        return made

    def first(self, each: int) -> Flips:
        """Return the cheapest changes to each row, at most `each` per row."""
        start = np.searchsorted(self.row, self.row)
        kept = np.arange(len(self.row)) - start < each
        return Flips(self.row[kept], self.state[kept], self.cost[kept])


class Decisions:
    """Decisions on changed rows, as margins: distances of scores from the threshold, positive on the favourable side.

    Parameters
    ----------
    bound : the model, bound to a table that contains both the rows to be changed and the training rows that supply new values.
    rows : indices of the rows with an adverse decision (n,).
    choices : new values of the changeable columns that the model uses.
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
            self.own = [bound.part((choice.column,), rows) for choice in choices]
            self.parts = [bound.part((choice.column,), choice.donors) for choice in choices]
            self.z = bound.z[rows]
        # This margin exceeds rounding errors. A prediction function, such as trees, has none, and often scores at the threshold.
        self.least = RESOLUTION * float(np.abs(bound.scores[rows]).max(initial=1.0)) if bound.has_gradient else 0.0
        self.now = self.of(np.arange(len(rows)), np.full((len(rows), len(choices)), -1, dtype=np.int16))

    def take(self, rows: IntArray) -> Decisions:
        """Return the decisions for a subset of the rows."""
        made = [choice.take(rows) for choice in self.choices]
        return Decisions(self.bound, self.rows[rows], made, self._threshold)

    @property
    def _threshold(self) -> float:
        return float(1 / (1 + np.exp(-self.cut)))

    def of(self, row: IntArray, state: State) -> FloatArray:
        """Return the margins of rows (m,) after the changes in `state` (m, K)."""
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

    def with_one_more(self, row: IntArray, state: State, k: int, at: IntArray, value: IntArray) -> FloatArray:
        """Return the margins (p,) of changed rows after a further change to column k.

        `at` (p,) contains indices into `state`, and `value` (p,) the indices of the new values of column k. Column k must be
        unchanged in `state` (m, K).
        """
        if not self.is_local:
            states = state[at]
            states[:, k] = value
            return self.of(row[at], states)
        made = [np.zeros(0)]
        with torch.inference_mode():
            base = self._front(row, state) - self.own[k][row]
            for i in range(0, len(at), TOGETHER):
                some = slice(i, i + TOGETHER)
                z = base[torch.as_tensor(at[some])] + self.parts[k][torch.as_tensor(value[some])]
                made.append(self._margin(forward(self.bound.rest, z)))
        self.evaluations += len(at)
        return np.concatenate(made)

    def _front(self, row: IntArray, state: State) -> torch.Tensor:
        z = self.z[row].clone()
        for k in range(state.shape[1]):
            changed = np.flatnonzero(state[:, k] >= 0)
            if len(changed):
                values = torch.as_tensor(state[changed, k].astype(np.int64))
                z[changed] += self.parts[k][values] - self.own[k][row[changed]]
        return z

    def _margin(self, scores: torch.Tensor) -> FloatArray:
        margin = self.sign * (scores[:, 0].cpu().numpy().astype(np.float64) - self.cut) - self.least
        return np.asarray(margin + TIE if self.sign < 0 else margin)

    def flips(self, scores: FloatArray) -> NDArray[np.bool_]:
        """Return a mask (m,) of the favourable scores. A score equal to the threshold belongs to the negative class."""
        return np.asarray((scores > self.cut) == (self.sign > 0))


def readable(bound: BoundModel, choices: Sequence[Choice]) -> list[Choice]:
    """Return the choices for columns that the model uses and that can change for at least one row."""
    return [
        one for one in choices if one.column in bound.columns and is_read(bound, (one.column,)) and one.allowed.any()
    ]


def cheapest(decisions: Decisions) -> tuple[Flips, bool]:
    """Return the cheapest changes that reverse decisions, and whether the method is exact."""
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
    """Return the cheapest changes to each row, by scoring all combinations of values."""
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
    """Return the cheapest change to each row, for a score that is a sum of functions of single columns."""
    n, count = len(decisions.rows), len(decisions.choices)
    every = np.arange(n)
    none = np.full((n, count), -1, dtype=np.int16)
    gains = []
    for k, choice in enumerate(decisions.choices):
        at, value = np.nonzero(choice.allowed)
        gain = np.full(choice.allowed.shape, -np.inf)
        gain[at, value] = decisions.with_one_more(every, none, k, at, value) - decisions.now[at]
        gains.append(gain)
    total = int(sum(choice.cost.max(where=choice.allowed, initial=0) for choice in decisions.choices))
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
    """Find the cheapest change to each row with a cost of at most `most`.

    Return a mask of the rows for which a change was found, and the new states and costs of all rows.
    """
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
    return np.asarray(flips.any(axis=1)), state, np.asarray(least, dtype=np.int64)


# ---- search


@dataclass(frozen=True, eq=False)
class _Reached:
    """Margins and costs after changes to column `k`, starting from the states `state` (m, K) of the rows `row` (m,).

    Entry i sets column `k` of state `at[i]` to its new value with index `value[i]`, which leads to the margin `margin[i]` and the
    total cost `total[i]`.
    """

    row: IntArray
    state: State
    k: int
    at: IntArray
    value: IntArray
    margin: FloatArray
    total: IntArray

    @property
    def rows(self) -> IntArray:
        return self.row[self.at]

    def states(self, some: IntArray) -> State:
        """Return the states after the changes with indices `some`."""
        made = self.state[self.at[some]]
        made[:, self.k] = self.value[some]
        return made

    def flips(self) -> Found:
        """Return, for each initial state, the cheapest change that reverses the decision, as rows, new states and costs."""
        flipped = np.flatnonzero(self.margin > 0)
        some = flipped[_first(self.at[flipped], self.total[flipped], 1)]
        return self.rows[some], self.states(some), self.total[some]


def _first(of: IntArray, size: FloatArray | IntArray, count: int) -> IntArray:
    """Return the indices of the `count` smallest values of `size` in each group. `of` contains the group of each value."""
    order = np.lexsort((np.arange(len(of)), size, of))
    return np.asarray(order[np.arange(len(order)) - np.searchsorted(of[order], of[order]) < count])


def _reach(
    decisions: Decisions,
    row: IntArray,
    state: State,
    cost: IntArray,
    k: int,
    below: FloatArray | IntArray,
    tried: Any = True,
) -> _Reached:
    """Return the margins and costs after each possible change to column k. Column k must be unchanged in all given states.

    Parameters
    ----------
    row, state, cost : rows (m,), their states (m, K) and the costs of these states (m,).
    below : limit for each state (m,). Only changes with a total cost below the limit are considered.
    tried : mask of the new values to score for each row (n, C); True scores all.
    """
    choice = decisions.choices[k]
    total = cost[:, None] + choice.cost[row]
    asked = (choice.allowed & tried)[row] & (total < below[:, None])
    at, value = np.nonzero(asked)
    return _Reached(row, state, k, at, value, decisions.with_one_more(row, state, k, at, value), total[at, value])


def searched(decisions: Decisions, every_set: bool = False) -> Flips:
    """Return the cheapest changes found by the heuristic search.

    Parameters
    ----------
    every_set : whether to also try changes that cost more than the cheapest change found so far. This is needed if the cheapest
        change is implausible.
    """
    n, count = len(decisions.rows), len(decisions.choices)
    every, none, best = np.arange(n), np.full((n, count), -1, dtype=np.int16), np.full(n, np.inf)
    start = [_reach(decisions, every, none, np.zeros(n, dtype=np.int64), k, best) for k in range(count)]
    if not every_set:
        best = Flips.of([one.flips() for one in start], count).best(n)
    start += _pairs(decisions, best)
    flips = Flips.of([*_beam(decisions, start, every_set)], count)
    missed = np.flatnonzero(np.isinf(flips.best(n)))
    if len(missed):
        flips = Flips.of([flips.all, *_climbed(decisions, start, missed)], count)
    tried: set[tuple[int, bytes]] = set()
    for _ in range(ROUNDS):
        first = flips.first(IMPROVED)
        keys = [(int(row), state.tobytes()) for row, state in zip(first.row, first.state, strict=True)]
        new = np.array([key not in tried for key in keys], dtype=np.bool_)
        if not new.any():
            break
        tried.update(keys)
        once = Flips(first.row[new], first.state[new], first.cost[new])
        flips = Flips.of([flips.all, *_undone(decisions, once), *_traded(decisions, once)], count)
    return flips


def as_in_training_rows(decisions: Decisions) -> Flips:
    """Return changes that reverse decisions and take the values of several columns from the same training row.

    Correlated columns then change together, so the changed row is more often plausible.
    """
    count, found = len(decisions.choices), []
    together = np.stack([choice.nearest for choice in decisions.choices], axis=1)
    together = together[np.unique(np.linspace(0, len(together) - 1, REAL).astype(np.int64))]
    for i in range(len(decisions.rows)):
        allowed = [np.append(c.allowed[i], False)[together[:, k]] for k, c in enumerate(decisions.choices)]
        state = np.where(np.stack(allowed, axis=1), together, -1).astype(np.int16)
        state = np.unique(state[(state >= 0).any(axis=1)], axis=0)
        row = np.full(len(state), i)
        flips = decisions.of(row, state) > 0
        row, state = row[flips], state[flips]
        found.append((row, state, _costs(decisions, row, state)))
        for k in range(count):  # Columns that need not change are changed back.
            fewer = _without(state, k)
            still = (decisions.of(row, fewer) > 0) & (fewer >= 0).any(axis=1)
            state = np.where(still[:, None], fewer, state)
        found.append((row, state, _costs(decisions, row, state)))
    return Flips.of(found, count, every=True).first(KEPT)


def _pairs(decisions: Decisions, best: FloatArray) -> list[_Reached]:
    """Return the margins and costs of changes to two columns, for all pairs of columns and a few values of each column."""
    count, coarse = len(decisions.choices), []
    for choice in decisions.choices:
        some = np.zeros(len(choice.donors), dtype=np.bool_)
        some[np.linspace(0, len(some) - 1, COARSE).astype(np.int64)] = True
        coarse.append(some)
    found = []
    for j, k in combinations(range(count), 2):
        first = decisions.choices[j]
        row, value = np.nonzero(first.allowed & coarse[j] & (first.cost < best[:, None]))
        state = np.full((len(row), count), -1, dtype=np.int16)
        state[:, j] = value
        found.append(_reach(decisions, row, state, first.cost[row, value], k, best[row], coarse[k]))
    return found


def _beam(decisions: Decisions, start: Sequence[_Reached], every_set: bool) -> Iterator[Found]:
    """Yield changes that reverse decisions: first those in `start`, and then changes with one further column at a time."""
    n = len(decisions.rows)
    best, rate = np.full(n, np.inf), np.zeros(n)
    ladders = [_ladder(choice) for choice in decisions.choices]
    reached = start
    for depth in range(DEPTH):
        for one in reached:
            found = one.flips()
            if not every_set:
                np.minimum.at(best, found[0], found[2])
            yield found
            if depth == 0:
                np.maximum.at(rate, one.rows, (one.margin - decisions.now[one.rows]) / one.total)
        row, state, cost = _kept(reached, best, rate)
        if len(row) == 0:
            return
        reached = []
        for k in range(state.shape[1]):
            at = np.flatnonzero(state[:, k] < 0)
            reached.append(_reach(decisions, row[at], state[at], cost[at], k, best[row[at]], ladders[k]))


def _kept(reached: Sequence[_Reached], best: FloatArray, rate: FloatArray) -> tuple[IntArray, State, IntArray]:
    """Return the rows, states and costs with the lowest projected costs, from which the beam search continues."""
    rows, states, costs, projected = [], [], [], []
    for one in reached:
        with np.errstate(divide="ignore"):
            hoped = one.total - one.margin / rate[one.rows]
        onward = np.flatnonzero((one.margin <= 0) & (hoped < best[one.rows]) & np.isfinite(hoped))
        some = onward[_first(one.at[onward], hoped[onward], OF_A_COLUMN)]
        rows.append(one.rows[some])
        states.append(one.states(some))
        costs.append(one.total[some])
        projected.append(hoped[some])
    row, state, hope = np.concatenate(rows), np.concatenate(states), np.concatenate(projected)
    distinct = np.unique(np.column_stack([row, state]), axis=0, return_index=True)[1]
    kept = distinct[_first(row[distinct], hope[distinct], BEAM)]
    return row[kept], state[kept], np.concatenate(costs)[kept]


def _ladder(choice: Choice) -> NDArray[np.bool_]:
    """Return a mask (n, C) of the new values that the beam search tries, at various distances from each row's own value."""
    n, size = choice.cost.shape
    made = np.zeros((n, size), dtype=np.bool_)
    own = choice.cost.argmin(axis=1)  # index of the new value next to the row's own value
    steps = np.array([0, *STEPS, *(-step for step in STEPS)])
    made[np.arange(n)[:, None], np.clip(own[:, None] + steps, 0, size - 1)] = True
    return np.asarray(made | (size <= len(steps)))


def _climbed(decisions: Decisions, start: Sequence[_Reached], rows: IntArray) -> Iterator[Found]:
    """Increase the margins of `rows` by changing one column after another, and yield changes that reverse decisions.

    Costs are ignored.
    """
    row, state = _highest(start, rows)
    margin = decisions.of(row, state)
    for _ in range(CLIMBS):
        before = margin.copy()
        for k in range(state.shape[1]):
            nothing = np.zeros(len(row), dtype=np.int64)
            one = _reach(decisions, row, _without(state, k), nothing, k, np.full(len(row), np.inf))
            some = _first(one.at, -one.margin, 1)
            some = some[one.margin[some] > margin[one.at[some]]]
            state[one.at[some]], margin[one.at[some]] = one.states(some), one.margin[some]
        flips = margin > 0
        yield row[flips], state[flips], _costs(decisions, row[flips], state[flips])
        left = ~flips & (margin > before)
        row, state, margin = row[left], state[left], margin[left]


def _highest(start: Sequence[_Reached], rows: IntArray) -> tuple[IntArray, State]:
    """Return the states with the highest margins for each of `rows`, at most one from each entry of `start`."""
    found, states, margins = [], [], []
    for one in start:
        some = np.flatnonzero(np.isin(one.rows, rows))
        some = some[_first(one.rows[some], -one.margin[some], 1)]
        found.append(one.rows[some])
        states.append(one.states(some))
        margins.append(one.margin[some])
    row, state = np.concatenate(found), np.concatenate(states)
    kept = _first(row, -np.concatenate(margins), STARTS)
    return row[kept], state[kept]


def _costs(decisions: Decisions, row: IntArray, state: State) -> IntArray:
    """Return the total cost of each state (m,)."""
    total = np.zeros(len(row), dtype=np.int64)
    for k, choice in enumerate(decisions.choices):
        total += np.where(state[:, k] >= 0, choice.cost[row, state[:, k]], 0)
    return total


def _without(state: State, k: int) -> State:
    made = state.copy()
    made[:, k] = -1
    return made


def _undone(decisions: Decisions, flips: Flips) -> Iterator[Found]:
    """Reset each changed column in turn, and yield states that reverse the decision, directly or after one further change."""
    for k, choice in enumerate(decisions.choices):
        at = np.flatnonzero(flips.state[:, k] >= 0)
        row, state = flips.row[at], _without(flips.state[at], k)
        cost = flips.cost[at] - choice.cost[row, flips.state[at, k]]
        flipped = (decisions.of(row, state) > 0) & (state >= 0).any(axis=1)
        yield row[flipped], state[flipped], cost[flipped]
        for j in range(len(decisions.choices)):
            some = np.flatnonzero(state[:, j] < 0)
            yield _reach(decisions, row[some], state[some], cost[some], j, flips.cost[at[some]]).flips()


def _traded(decisions: Decisions, flips: Flips) -> Iterator[Found]:
    """Reduce the change to each column in turn, and yield the cheapest change to one other column that compensates for it."""
    for k, choice in enumerate(decisions.choices):
        changed = np.flatnonzero(flips.state[:, k] >= 0)
        costs, now = choice.cost[flips.row[changed]], choice.cost[flips.row[changed], flips.state[changed, k]]
        for share in TRADED:
            off = np.where(choice.allowed[flips.row[changed]], np.abs(costs - share * now[:, None]), np.inf)
            value = off.argmin(axis=1)
            price = costs[np.arange(len(changed)), value]
            some = np.flatnonzero(price < now)
            at, row = changed[some], flips.row[changed[some]]
            state = flips.state[at].copy()
            state[:, k] = value[some]
            cost = flips.cost[at] - now[some] + price[some]
            for j, other in enumerate(decisions.choices):
                if j != k:
                    rest = cost - np.where(state[:, j] >= 0, other.cost[row, state[:, j]], 0)
                    yield _reach(decisions, row, _without(state, j), rest, j, flips.cost[at]).flips()
