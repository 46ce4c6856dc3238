"""Fixed networks, populations of unlimited size, and the true values of the estimands, computed from a million rows.

Nothing here uses the package: networks are called as torch modules, and columns are drawn from their distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations
from math import comb

import numpy as np
import torch
from torch import nn

MANY = 1_000_000
BACKGROUND = 50
CELLS = 300, 100  # of a curve of the population: of equal shares of the rows, and of equal width, for the ends


@dataclass(frozen=True)
class Case:
    """`draw` gives columns (n, d); `outcome` the target of rows with these scores; `loss` of targets and scores, row by row."""

    slug: str
    name: str
    module: nn.Module
    draw: Callable[[np.random.Generator, int], np.ndarray]
    task: str
    columns: tuple[int, ...]  # those whose curves are judged: with many values

    def others(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Rows of another population to compare with: those whose first column is above zero."""
        x = self.draw(rng, 4 * n + 100)
        return x[x[:, 0] > 0][:n]

    def outcome(self, rng: np.random.Generator, scores: np.ndarray) -> np.ndarray:
        if self.task == "binary":
            return (rng.logistic(size=len(scores)) < scores).astype(float)
        return scores + rng.normal(size=len(scores))

    def loss(self, y: np.ndarray, scores: np.ndarray) -> np.ndarray:
        return np.logaddexp(0, scores * (1 - 2 * y)) if self.task == "binary" else (scores - y) ** 2


def smooth() -> nn.Module:
    """Five columns, two layers of tanh, with interactions."""
    torch.manual_seed(1)
    layers = [nn.Linear(5, 12), nn.Tanh(), nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 1)]
    for layer in layers[::2]:
        layer.weight.data *= 2
    return nn.Sequential(*layers).requires_grad_(False)


def kinked() -> nn.Module:
    """Four columns, two layers of ReLU."""
    torch.manual_seed(4)
    layers = [nn.Linear(4, 12), nn.ReLU(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 1)]
    for layer in layers[::2]:
        layer.weight.data *= 2
    return nn.Sequential(*layers).requires_grad_(False)


def unlike(rng: np.random.Generator, n: int) -> np.ndarray:
    """Independent: two normal columns, a uniform, a lognormal (skewed) and a binary one."""
    x = rng.normal(size=(n, 5))
    x[:, 2] = rng.uniform(-2, 2, n)
    x[:, 3] = np.exp(0.75 * x[:, 3]) - 1
    x[:, 4] = rng.random(n) < 0.3
    return x


def alike(rng: np.random.Generator, n: int) -> np.ndarray:
    """Normal columns, every correlation .5."""
    return np.sqrt(0.5) * (rng.normal(size=(n, 4)) + rng.normal(size=(n, 1)))


CASES = (
    Case("tanh", "tanh, independent columns, regression", smooth(), unlike, "regression", (0, 1, 2, 3)),
    Case("relu", "ReLU, columns correlated .5, two classes", kinked(), alike, "binary", (0, 1, 2, 3)),
)


class Population:
    """The answers. Their own errors are those of a million rows, at most a twentieth of an interval's half."""

    def __init__(self, case: Case, many: int = MANY, seed: int = 99) -> None:
        self.case = case
        self._rng = np.random.default_rng(seed)
        self.x = case.draw(self._rng, many)
        self.scores = self.score(self.x)
        self.y = case.outcome(self._rng, self.scores)
        self.background = case.others(self._rng, BACKGROUND)

    def score(self, x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            blocks = torch.as_tensor(x, dtype=torch.float32).split(65_536)
            return torch.cat([self.case.module(block)[:, 0] for block in blocks]).double().numpy()

    @cached_property
    def importance(self) -> np.ndarray:
        own, columns = self.case.loss(self.y, self.scores), []
        other = self.case.draw(self._rng, len(self.x))
        for j in range(self.x.shape[1]):
            moved = self.x.copy()
            moved[:, j] = other[:, j]
            columns.append((self.case.loss(self.y, self.score(moved)) - own).mean())
        return np.array(columns)

    @cached_property
    def derivatives(self) -> np.ndarray:
        return self._gradients(self.x).mean(axis=0)

    def _gradients(self, x: np.ndarray) -> np.ndarray:
        made = []
        for block in torch.as_tensor(x, dtype=torch.float32).split(65_536):
            rows = block.clone().requires_grad_(True)
            made.append(torch.autograd.grad(self.case.module(rows).sum(), rows)[0].double())
        return torch.cat(made).numpy()

    @cached_property
    def shapley(self) -> np.ndarray:
        """Mean over rows of the values against the fixed background; each row beside one of its rows, all coalitions."""
        backs = np.resize(self.background, self.x.shape)
        d = self.x.shape[1]
        means = {s: self.score(self._mixed(s, backs)).mean() for r in range(d + 1) for s in combinations(range(d), r)}
        values = np.zeros(d)
        for j in range(d):
            for s, mean in means.items():
                if j not in s:
                    joined = tuple(sorted((*s, j)))
                    values[j] += (means[joined] - mean) / (d * comb(d - 1, len(s)))
        return values

    def _mixed(self, members: tuple[int, ...], backs: np.ndarray) -> np.ndarray:
        mixed = backs.copy()
        mixed[:, members] = self.x[:, members]
        return mixed

    @cached_property
    def gradients_along(self) -> np.ndarray:
        """Mean over rows of the path integrals from rows of the other population, at one random position each."""
        others = self.case.others(self._rng, len(self.x))
        move = self.x - others
        return (self._gradients(others + self._rng.random((len(move), 1)) * move) * move).mean(axis=0)

    @cache  # noqa: B019  # two populations in all
    def curve(self, kind: str, j: int) -> tuple[np.ndarray, np.ndarray]:
        """Values of a column, and "pdp", "effect" (the same less its mean over rows) or "ale" there."""
        if kind == "ale":
            return self.accumulated(j)
        values, curve = self.dependence(j)
        return values, curve - np.interp(self.x[:, j], values, curve).mean() * (kind == "effect")

    def _edges(self, j: int) -> np.ndarray:
        x, (shares, widths) = self.x[:, j], CELLS
        return np.unique([*np.quantile(x, np.linspace(0, 1, shares + 1)), *np.linspace(x.min(), x.max(), widths + 1)])

    @cache  # noqa: B019
    def dependence(self, j: int) -> tuple[np.ndarray, np.ndarray]:
        """Values and mean score with the column there, over 100,000 rows."""
        values = self._edges(j)
        rows, curve = self.x[:100_000].copy(), []
        for value in values:
            rows[:, j] = value
            curve.append(self.score(rows).mean())
        return values, np.array(curve)

    def accumulated(self, j: int) -> tuple[np.ndarray, np.ndarray]:
        """Values and accumulated local effect: mean differences in narrow cells, added up, mean over rows zero."""
        edges = self._edges(j)
        rows = np.diff(np.searchsorted(np.sort(self.x[:, j]), edges, side="right"))
        values = np.append(edges[0], edges[1:][rows > 0])  # a cell without rows, far out, is one with the next
        cell = np.clip(np.searchsorted(values, self.x[:, j], side="left") - 1, 0, len(values) - 2)
        ends = []
        for end in (cell, cell + 1):
            moved = self.x.copy()
            moved[:, j] = values[end]
            ends.append(self.score(moved))
        steps = np.bincount(cell, ends[1] - ends[0]) / np.bincount(cell)
        curve = np.append(0, np.cumsum(steps))
        return values, curve - np.interp(self.x[:, j], values, curve).mean()
