"""Search for counterexamples to a declared direction: two rows of the domain that differ in only one column.

The scores of the two rows contradict the direction. The difference between their scores is called the fall. The search starts
from real rows, random points of the domain, and points in boxes on which a proof failed. It moves random subsets of the other
columns along the gradient of the fall, or at random, and keeps moves that increase the fall (projected ascent).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models.model import BLOCK

from .bounds import Boxes
from .domain import Domain

ROWS, RANDOM = 1000, 1000  # points from which the search starts
KEPT = 32  # points with the largest falls, which are moved further
STEPS = 12
GRID, FINE = 17, 129  # values of the column, on a coarse and a fine grid
SHARES = (1.0, 0.5, 0.2)  # shares of the other columns that are moved
LENGTHS = (1.0, 0.5, 0.1)  # shares of the distance to the end that the gradient points to


@dataclass(frozen=True, eq=False)
class Pair:
    """Two points of the domain that differ in one column, and the fall in the score from the first to the second.

    From the first point to the second, the column moves in the declared direction. `place` and `at` have one row for each point.
    """

    place: FloatArray
    at: IntArray
    fall: float


class Search:
    """Search for falls in the score along one column.

    Parameters
    ----------
    number : index of the column among the numeric columns of the domain; None if the column is categorical.
    level : index of the column among the categorical columns of the domain, and the indices of its levels in order; None if the
        column is numeric.
    sign : 1.0 if the score must not fall as the column rises, -1.0 if it must not rise.
    """

    def __init__(
        self, domain: Domain, rest: nn.Module, sign: float, number: int | None, level: tuple[int, IntArray] | None
    ) -> None:
        self._domain, self._rest, self._sign = domain, rest, sign
        self._number, self._level = number, level
        self._spans = np.reshape([one.span for one in domain.numbers], (-1, domain.width))

    def starts(self, seed: int) -> tuple[FloatArray, IntArray]:
        """Return real rows and random points of the domain."""
        rows, drawn = self._domain.rows(ROWS, seed), self._domain.random(RANDOM, np.random.default_rng(seed))
        return np.concatenate([rows[0], drawn[0]]), np.concatenate([rows[1], drawn[1]])

    def inside(self, boxes: Boxes, draws: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """Return the centre of each box and a random point in it."""
        share = np.concatenate([np.full(boxes.low.shape, 0.5), draws.random(boxes.low.shape)])
        low, high = np.tile(boxes.low, (2, 1)), np.tile(boxes.high, (2, 1))
        place = np.where(np.tile(boxes.present, (2, 1)), low + share * (high - low), np.nan)
        for p, one in enumerate(self._domain.numbers):
            place[:, p] = one.snapped(place[:, p])
        at = np.zeros((len(place), len(boxes.levels)), dtype=np.int64)
        for q, known in enumerate(boxes.levels):
            at[:, q] = np.where(np.tile(known, (2, 1)), draws.random((len(place), known.shape[1])), -1).argmax(axis=1)
        return place, at

    def best(self, place: FloatArray, at: IntArray, seed: int) -> Pair:
        """Return the largest fall found in a search that starts from the given points."""
        draws = np.random.default_rng(seed)
        falls = self._falls(place, at, GRID)[0]
        kept = np.argsort(-falls, kind="stable")[:KEPT]
        place, at, falls = place[kept], at[kept], falls[kept]
        for _ in range(STEPS):
            moved = [
                self._moved(place, at, share, length, draws) for share, length in zip(SHARES, LENGTHS, strict=True)
            ]
            moved.append(self._mutated(place, at, draws))
            found = np.stack([self._falls(*one, GRID)[0] for one in moved])
            which = found.argmax(axis=0)
            better = np.flatnonzero(found.max(axis=0) > falls)
            for k in better:
                place[k], at[k] = moved[which[k]][0][k], moved[which[k]][1][k]
            falls = np.maximum(falls, found.max(axis=0))
        falls, start, end = self._falls(place, at, FINE)
        top = int(falls.argmax())
        pair = np.tile(place[top], (2, 1)), np.tile(at[top], (2, 1))
        for row, value in enumerate((start[top], end[top])):
            if self._number is not None:
                pair[0][row, self._number] = self._values(FINE)[value]
            elif self._level is not None:
                pair[1][row, self._level[0]] = self._level[1][value]
        return Pair(*pair, float(falls[top]))

    def _values(self, size: int) -> FloatArray:
        """Return the positions at which the score is evaluated along the column."""
        assert self._number is not None
        return np.unique(self._domain.numbers[self._number].snapped(np.linspace(0, 1, size)))

    def _added(self, size: int) -> FloatArray:
        """Return the contribution of each of the column's values to the first affine output (values, h)."""
        if self._level is not None:
            return np.asarray(self._domain.levels[self._level[0]].parts[self._level[1]])
        assert self._number is not None
        return np.asarray(self._values(size)[:, None] * self._spans[self._number])

    def _base(self, place: FloatArray, at: IntArray) -> FloatArray:
        """Return the first affine output (m, h) of each point without the contribution of the column."""
        if self._number is not None:
            place = place.copy()
            place[:, self._number] = 0.0
            return self._domain.front(place, at)
        assert self._level is not None
        level = self._level[0]
        return np.asarray(self._domain.front(place, at) - self._domain.levels[level].parts[at[:, level]])

    def _falls(self, place: FloatArray, at: IntArray, size: int) -> tuple[FloatArray, IntArray, IntArray]:
        """Return the largest fall along the column for each point (m,), and the two values between which it occurs."""
        added = self._added(size)
        fronts = (self._base(place, at)[:, None] + added).reshape(-1, self._domain.width)
        with torch.no_grad():
            blocks = [self._rest(torch.as_tensor(fronts[i : i + BLOCK]))[:, 0] for i in range(0, len(fronts), BLOCK)]
        curves = self._sign * torch.cat(blocks).numpy().reshape(len(place), len(added))
        falls = np.maximum.accumulate(curves, axis=1) - curves
        end = falls.argmax(axis=1)
        before = np.arange(len(added)) <= end[:, None]
        start = np.where(before, curves, -np.inf).argmax(axis=1)
        return falls.max(axis=1), start, end

    def _moved(
        self, place: FloatArray, at: IntArray, share: float, length: float, draws: np.random.Generator
    ) -> tuple[FloatArray, IntArray]:
        """Return points with some of the other columns moved in the direction in which the fall increases."""
        domain = self._domain
        _, start, end = self._falls(place, at, GRID)
        added = self._added(GRID)
        base = self._base(place, at)
        slope = self._gradient(base + added[start]) - self._gradient(base + added[end])
        place, at = place.copy(), at.copy()
        along = slope @ self._spans.T
        for p, one in enumerate(domain.numbers):
            target = (along[:, p] > 0).astype(np.float64)
            now = np.nan_to_num(place[:, p], nan=0.5)
            goal = one.snapped(now + length * (target - now))
            if one.missing is not None:
                goal = np.where(slope @ one.missing > along[:, p] * goal, np.nan, goal)
            chosen = (draws.random(len(place)) < share) & (along[:, p] != 0)
            place[:, p] = np.where(chosen, goal, place[:, p])
        for q, known in enumerate(domain.levels):
            chosen = draws.random(len(place)) < share
            at[:, q] = np.where(chosen, (slope @ known.parts.T).argmax(axis=1), at[:, q])
        return place, at

    def _mutated(self, place: FloatArray, at: IntArray, draws: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """Return points in which a few columns are set to random values."""
        other = self._domain.random(len(place), draws)
        columns = max(1, place.shape[1] + at.shape[1])
        return tuple(
            np.where(draws.random(one.shape) < 2 / columns, two, one)
            for one, two in zip((place, at), other, strict=True)
        )  # type: ignore[return-value]

    def _gradient(self, fronts: FloatArray) -> FloatArray:
        """Return the derivatives (m, h) of the score with respect to the first affine output, times the sign of the direction.

        The derivatives are 0 if the network has no gradient.
        """
        with torch.enable_grad():
            z = torch.as_tensor(fronts).requires_grad_(True)
            scores = self._rest(z)
            if not scores.requires_grad:
                return np.zeros_like(fronts)
            (found,) = torch.autograd.grad(scores[:, 0].sum(), z, allow_unused=True)
        return np.zeros_like(fronts) if found is None else self._sign * found.numpy()
