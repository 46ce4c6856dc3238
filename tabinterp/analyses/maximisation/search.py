"""Coordinate search for optima: from many starting rows, one column after another is set to its best value.

The *first affine output* (`front` in the code) is the output of the network's first affine operations (`models.affine_front`). It
is a sum of contributions of the columns, so changing one column replaces one term. All candidates of a column can therefore be
evaluated for many states in one batch. The search cycles through the columns until no state changes. Numbers with a linear
encoding are then moved in two ways: together along the gradient, by the best of several step sizes, and one at a time, in steps
of decreasing size. If the search is limited to a ball, every second state is first improved by gradient ascent.

The result is a local maximum: no change of a single column to another candidate raises the score. The search does not prove that
the result is the global maximum. `bounds` proves this where possible.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from tabinterp.arrays import FloatArray, IntArray

from .mahalanobis_ascent import whitened
from .mahalanobis_ball import Budget
from .objective_values import Reader
from .search_space import Domain, Player
from .search_state import CELLS, States, score_of

SWEEPS = 30
ROUNDS = 10  # rounds of gradient steps and of steps between candidates
STEPS = tuple(2.0**-k for k in range(0, 12, 1))  # shares of the range
GAIN = 1e-5  # smallest improvement, in standard deviations of the objective over rows


def climb(domain: Domain, reader: Reader, states: States, scale: FloatArray, budget: Budget | None) -> States:
    """Improve all states until none of them changes. `scale` (K,) contains the standard deviation of each objective.

    If the search is limited to a ball, every second state is first improved by gradient ascent, which moves all columns
    together. The ascent finds some optima that the coordinate search misses, and vice versa.
    """
    if budget is not None:
        half = np.arange(0, len(states.of), 2)
        states = states.take(np.arange(len(states.of)))
        states.put(half, whitened(domain, reader, states.take(half), budget))
    return searched(domain, reader, states, scale, budget)


def searched(domain: Domain, reader: Reader, states: States, scale: FloatArray, budget: Budget | None) -> States:
    """Run the coordinate search, and merge states that become equal."""
    states, first = _merged(_swept(domain, reader, states, scale, budget, sweeps=1))
    states, second = _merged(_swept(domain, reader, states, scale, budget))
    lines = [p for p, player in enumerate(domain.players) if player.slope is not None]
    active = np.arange(len(states.of))
    for k in range(ROUNDS):
        if not lines or len(active) == 0 or (reader.linear and budget is None):  # a line is largest at an end
            break
        few = states.take(active)
        before = few.score.copy()
        if domain.bound.has_gradient:
            few = _along_gradient(domain, reader, few, lines, budget)
        for p in lines:
            few = _between(domain, reader, few, p, 2.0 ** -(2 * k + 3), budget)
        few = _swept(domain, reader, few, scale, budget)
        states.put(active, few)
        active = active[(few.score > before + GAIN * scale[few.of]) | (k < 2)]
    return _settled(domain, reader, states, scale, budget).take(second[first])


def _merged(states: States) -> tuple[States, IntArray]:
    """Return the distinct states, and for each original state its index among them."""
    keys = np.column_stack([states.of, states.at, np.nan_to_num(states.value, nan=np.inf)])
    _, first, where = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return states.take(first), where.reshape(-1).astype(np.int64)


def _swept(
    domain: Domain, reader: Reader, states: States, scale: FloatArray, budget: Budget | None, sweeps: int = SWEEPS
) -> States:
    active = np.arange(len(states.of))
    for _ in range(sweeps):
        few = states.take(active)
        few = replace(few, z=domain.front(few.at, few.value))
        before = few.score.copy()
        for p in range(len(domain.players)):
            few = _best_candidate(domain, reader, few, p, scale, budget)
        states.put(active, few)
        active = active[few.score > before + GAIN * scale[few.of]]
        if len(active) == 0:
            break
    return states


def _tried(domain: Domain, reader: Reader, states: States, p: int, at: IntArray, value: FloatArray) -> FloatArray:
    """Return the scores (S, C) of the states when column p is set to each of C candidates.

    `at` and `value` have shape (S, C) or (1, C).
    """
    player = domain.players[p]
    moves = player.part(at.ravel(), value.ravel()).reshape(*at.shape, -1)
    own = player.part(states.at[:, p], states.value[:, p])
    if reader.linear:
        weights = reader.inner_weights[torch.as_tensor(states.of)]
        ahead = weights @ moves[0].T if len(at) == 1 else torch.einsum("sch,sh->sc", moves, weights)
        return np.asarray(
            states.score[:, None] + (ahead - (own * weights).sum(dim=1, keepdim=True)).double().cpu().numpy()
        )
    base = states.z - own
    result = np.empty((len(states.of), at.shape[1]))
    block = max(1, CELLS // max(1, at.shape[1] * base.shape[1]))
    with torch.inference_mode():
        for i in range(0, len(result), block):
            some = slice(i, i + block)
            z = base[some, None] + (moves if len(at) == 1 else moves[some])
            result[some] = reader.scored(z, states.of[some]).double().cpu().numpy()
    return result


def _moved(
    domain: Domain, states: States, p: int, at: IntArray, value: FloatArray, score: FloatArray, better: IntArray
) -> States:
    """In the states with indices `better`, set column p to the candidates with indices `at` (S,) or to the numbers `value`
    (S,).
    """
    player, few = domain.players[p], torch.as_tensor(better)
    own = states.at[better, p], states.value[better, p]
    states.z[few] += player.part(at[better], value[better]) - player.part(*own)
    states.at[better, p], states.value[better, p], states.score[better] = at[better], value[better], score[better]
    return states


def _best_candidate(
    domain: Domain,
    reader: Reader,
    states: States,
    p: int,
    scale: FloatArray,
    budget: Budget | None,
    settle: bool = False,
) -> States:
    """Set column p to its best candidate. With `settle`, use its typical candidate instead if this does not lower the score."""
    player = domain.players[p]
    candidates = np.array([player.typical]) if settle else np.arange(len(player.donors))
    value = _values(player, candidates)
    scores = _tried(domain, reader, states, p, candidates[None], value[None])
    if budget is not None:
        scores[budget.beyond(states.at, states.value, states.of, p, candidates[None], value[None])] = -np.inf
    best = scores.argmax(axis=1)
    score = scores[np.arange(len(best)), best]
    least = states.score + GAIN * scale[states.of] * (-1 if settle else 0.1)
    return _moved(domain, states, p, candidates[best], value[best], score, np.flatnonzero(score > least))


def _values(player: Player, candidates: IntArray) -> FloatArray:
    if player.slope is None or player.values is None:
        return np.full(len(candidates), np.nan)
    return np.asarray(player.values[candidates])


def _inside(player: Player, value: FloatArray) -> FloatArray:
    value = np.round(value) if player.whole else value
    return np.asarray(np.clip(value, *player.ends))


def _between(domain: Domain, reader: Reader, states: States, p: int, step: float, budget: Budget | None) -> States:
    """Move a number up or down by a fraction of its range if this raises the score."""
    player = domain.players[p]
    low, high = player.ends
    at, now = states.at[:, p], states.value[:, p]
    reach = np.array([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0]) * step * (high - low)
    value = _inside(player, now[:, None] + reach)
    scores = _tried(domain, reader, states, p, np.repeat(at[:, None], len(reach), axis=1), value)
    scores[np.isnan(now)] = -np.inf
    if budget is not None:
        scores[
            budget.beyond(states.at, states.value, states.of, p, np.repeat(at[:, None], len(reach), axis=1), value)
        ] = -np.inf
    best = scores.argmax(axis=1)
    rows = np.arange(len(best))
    return _moved(
        domain, states, p, at, value[rows, best], scores[rows, best], np.flatnonzero(scores[rows, best] > states.score)
    )


def _along_gradient(domain: Domain, reader: Reader, states: States, lines: list[int], budget: Budget | None) -> States:
    """Move all numbers together along the gradient by the best of several step sizes.

    The gradient and the steps are in units of each number's range.
    """
    slopes = torch.stack([s for p in lines if (s := domain.players[p].slope) is not None])
    ranges = np.array([np.subtract(*domain.players[p].ends[::-1]) for p in lines])
    z = states.z.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(reader.scored(z[:, None], states.of).sum(), z)
    way: FloatArray = (gradient @ slopes.T).double().cpu().numpy() * ranges
    now = states.value[:, lines]
    known = ~np.isnan(now)
    way = np.where(known, way, 0.0)
    low, high = np.array([domain.players[p].ends for p in lines]).T
    way = np.where((way > 0) & (now >= high), 0.0, way)
    way = np.where((way < 0) & (now <= low), 0.0, way)
    way /= np.maximum(np.abs(way).max(axis=1, keepdims=True), 1e-30)
    for step in STEPS:
        value = states.value.copy()
        for j, p in enumerate(lines):
            value[:, p] = _inside(domain.players[p], now[:, j] + step * ranges[j] * way[:, j])
        if budget is not None:
            value = budget.pulled(states.at, value, states.of, lines)
        moved = domain.bound.at_home(np.nan_to_num(value[:, lines] - states.value[:, lines])).float()
        z_new = states.z + moved @ slopes
        score = score_of(reader, z_new, states.of)
        allowed = np.ones(len(score), bool) if budget is None else budget.within(states.at, value, states.of)
        better = np.flatnonzero((score > states.score) & allowed)
        states.value[better], states.score[better] = value[better], score[better]
        states.z[torch.as_tensor(better)] = z_new[torch.as_tensor(better)]
    return states


def _settled(domain: Domain, reader: Reader, states: States, scale: FloatArray, budget: Budget | None) -> States:
    """Set each column to its typical value if this does not lower the score.

    The optimum then has atypical values only in columns that affect the score.
    """
    states = replace(states, z=domain.front(states.at, states.value))
    for p in range(len(domain.players)):
        states = _best_candidate(domain, reader, states, p, scale, budget, settle=True)
    return states
