"""Gradient ascent in whitened coordinates within a Mahalanobis ball, used before the coordinate search.

The ascent moves correlated columns together, which the coordinate search cannot do. Within a ball, a column often cannot move far
unless the columns correlated with it also move. During the ascent, each level is replaced by weights for all candidate levels.
The weights sum to one. The features of a row are its numbers and these weights. In whitened coordinates, the features of real
rows are uncorrelated. Each step follows the gradient in these coordinates, and the result is projected back into the ball. Steps
become shorter over time. In the second half of the ascent, the weights are moved towards 0 or 1.

Every few steps, each categorical column is set to the level with the largest weight. The resulting row is kept if it is in the
ball and has a higher score than the best row so far. The reported row therefore has one level in each categorical column.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.table.hash_sampling import chosen

from .mahalanobis_ball import Budget
from .objective_values import Reader
from .search_space import Domain
from .search_state import States, begin

STEPS, SNAPS = 40, 8
FIRST, LAST = 0.3, 0.01  # first and last length of a step, in radii of the ball
SHARPEN = 1.3  # power to which weights are raised
RIDGE = 1e-3  # added to a correlation matrix
CELLS = 8_000_000  # maximum rows times features for the covariance
FEATURES = 1_500  # maximum number of features for the ascent
STILL = 1e-9  # a standard deviation below this counts as zero


def whitened(domain: Domain, reader: Reader, states: States, budget: Budget) -> States:
    """Return, for each start, the best state that the ascent finds in the ball."""
    space = _Space(domain, budget)
    if not domain.bound.has_gradient or space.size > FEATURES:
        return states
    best = states.take(np.arange(len(states.of)))
    limits = budget.limit(states.of)
    f, radius = space.features(states.at, states.value), space.radius(limits)
    for step in range(STEPS):
        slope = space.gradient(reader, f, states)
        way = slope @ space.covariance
        length = np.sqrt(np.maximum((way * slope).sum(axis=1), 1e-30))
        rate = radius * FIRST * (LAST / FIRST) ** (step / (STEPS - 1))
        f = f + (rate / length)[:, None] * space.free(states, way)
        f = space.back(f, radius, SHARPEN if step > STEPS // 2 else 1.0)
        if (step + 1) % (STEPS // SNAPS) == 0:
            at, value = space.snapped(f, states)
            made = begin(domain, reader, states.of, at, value)
            better = np.flatnonzero((made.score > best.score) & budget.within(at, value, states.of))
            best.put(better, made.take(better))
    return best


@dataclass(frozen=True, eq=False)
class _Space:
    """Representation of states by features (m, q): numbers, and a weight for each candidate level.

    A missing number is represented by the mean of its column.
    """

    domain: Domain
    budget: Budget

    @cached_property
    def lines(self) -> list[int]:
        return [p for p, player in enumerate(self.domain.players) if player.slope is not None]

    @cached_property
    def places(self) -> list[slice]:
        sizes = [1 if p in self.lines else len(player.donors) for p, player in enumerate(self.domain.players)]
        return [slice(int(low), int(high)) for low, high in pairwise(np.cumsum([0, *sizes]))]

    @property
    def size(self) -> int:
        return self.places[-1].stop if self.places else 0

    @cached_property
    def _rows(self) -> tuple[FloatArray, FloatArray]:
        """The features of the real rows, and their squared distances from the centre of the ball."""
        numbers = self.domain.bound.table.numbers
        at, value = self.domain.place(chosen(numbers, CELLS // max(1, self.size), 0))
        return self.features(at, value), self.budget.squared(at, value)

    @cached_property
    def mean(self) -> FloatArray:
        return np.asarray(self._rows[0].mean(axis=0))

    @cached_property
    def _shape(self) -> tuple[FloatArray, FloatArray]:
        real = self._rows[0]
        sd = np.maximum(real.std(axis=0), STILL)
        scaled = (real - self.mean) / sd
        correlation = scaled.T @ scaled / len(scaled) + RIDGE * np.eye(len(sd))
        return correlation * np.outer(sd, sd), np.linalg.inv(correlation) / np.outer(sd, sd)

    @property
    def covariance(self) -> FloatArray:
        return self._shape[0]

    def _squared(self, f: FloatArray) -> FloatArray:
        u = f - self.mean
        return np.asarray(((u @ self._shape[1]) * u).sum(axis=1))

    def radius(self, limits: FloatArray) -> FloatArray:
        """Return the radii (m,) of the balls in the space of these features.

        Each ball contains the same number of real rows as the Mahalanobis ball with the given limit (m,).
        """
        ordered, within = np.sort(self._squared(self._rows[0])), np.sort(self._rows[1])
        count = np.searchsorted(within, limits, side="right")
        return np.sqrt(ordered[np.clip(count - 1, 0, len(ordered) - 1)])

    def features(self, at: IntArray, value: FloatArray) -> FloatArray:
        f, every = np.zeros((len(at), self.size)), np.arange(len(at))
        for p, place in enumerate(self.places):
            if p in self.lines:
                f[:, place.start] = np.where(np.isnan(value[:, p]), self.budget.middle[p], value[:, p])
            else:
                f[every, place.start + at[:, p]] = 1.0
        return f

    def front(self, f: FloatArray, states: States) -> Tensor:
        z = self.domain.constant.expand(len(f), -1).clone()
        for p, (player, place) in enumerate(zip(self.domain.players, self.places, strict=True)):
            if p in self.lines:
                value = np.where(np.isnan(states.value[:, p]), np.nan, f[:, place.start])
                z += player.part(states.at[:, p], value)
            else:
                z += self.domain.bound.at_home(f[:, place]).float() @ player.parts
        return z

    def gradient(self, reader: Reader, f: FloatArray, states: States) -> FloatArray:
        z = self.front(f, states).requires_grad_(True)
        (slope,) = torch.autograd.grad(reader.scored(z[:, None], states.of).sum(), z)
        made = np.zeros_like(f)
        for player, place in zip(self.domain.players, self.places, strict=True):
            ways = player.parts if player.slope is None else player.slope[None]
            made[:, place] = (slope @ ways.T).double().cpu().numpy()
        return self.free(states, made)

    def free(self, states: States, way: FloatArray) -> FloatArray:
        """Set the components of the direction (m, q) to zero for missing numbers, because these stay missing."""
        for p in self.lines:
            way[:, self.places[p].start] = np.where(np.isnan(states.value[:, p]), 0.0, way[:, self.places[p].start])
        return way

    def back(self, f: FloatArray, radius: FloatArray, sharpen: float) -> FloatArray:
        """Project the features into the ball and the numbers into their ranges, and scale the weights to a sum of one.

        These projections are repeated, because one can undo another.
        """
        for _ in range(2):
            out = np.sqrt(np.maximum(self._squared(f), 1e-24))
            f = self.mean + (f - self.mean) * np.minimum(1.0, radius / out)[:, None]
            for p, (player, place) in enumerate(zip(self.domain.players, self.places, strict=True)):
                if p in self.lines:
                    f[:, place.start] = np.clip(f[:, place.start], *player.ends)
                else:
                    weights = np.maximum(f[:, place], 0.0) ** sharpen + 1e-9
                    f[:, place] = weights / weights.sum(axis=1, keepdims=True)
        return f

    def snapped(self, f: FloatArray, states: States) -> tuple[IntArray, FloatArray]:
        """Round points to rows in the ball, and return `States.at` and `States.value` of these rows.

        Each categorical column is set to the level with the largest weight. Numbers are then moved towards their means until the
        row is in the ball.
        """
        at, value = states.at.copy(), states.value.copy()
        for p, (player, place) in enumerate(zip(self.domain.players, self.places, strict=True)):
            if p in self.lines:
                number = np.round(f[:, place.start]) if player.whole else f[:, place.start]
                value[:, p] = np.where(np.isnan(value[:, p]), np.nan, np.clip(number, *player.ends))
            else:
                at[:, p] = f[:, place].argmax(axis=1)
        return at, self.budget.pulled(at, value, states.of, self.lines)
