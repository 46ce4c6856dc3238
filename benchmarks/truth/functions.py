"""Functions with known answers: how their rows are drawn, the formula as a torch module, and its closed forms.

Sources: Friedman-1 (Friedman 1991); Ishigami & Homma (1990); Sobol-g (Saltelli & Sobol' 1995); XAI-Bench (Liu, Khandagale,
White & Neiswanger 2021, arXiv 2106.12543); Syn1-6 (Chen et al. 2018, L2X; Yoon et al. 2019, INVASE).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

import tabinterp as ti

Draw = Callable[[np.random.Generator, int], np.ndarray]


class Formula(nn.Module):
    """A formula of columns (n, d) -> (n,) as a network: what a perfectly trained one would be."""

    def __init__(self, formula: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.formula = formula

    def forward(self, x: Tensor) -> Tensor:
        return self.formula(x)[:, None]


@dataclass(frozen=True)
class Function:
    """`shares`: linear, curvature, interactions; `main`, `total`: first-order and total Sobol indices; `pair`: columns and index
    of the strongest pair; `dgsm`: mean squared derivatives; `parts`: where the function is additive, the function of each column;
    `factors`: where it is a product, of how many columns.
    """

    formula: Callable[[Tensor], Tensor]
    columns: int
    draw: Draw
    variance: float = float("nan")
    shares: tuple[float, ...] = ()
    main: tuple[float, ...] = ()
    total: tuple[float, ...] = ()
    pair: tuple[tuple[str, str], float] | None = None
    dgsm: tuple[float, ...] = ()
    parts: tuple[Callable[[Tensor], Tensor], ...] = ()
    factors: int = 0

    def rows(self, n: int, seed: int) -> np.ndarray:
        return self.draw(np.random.default_rng(seed), n)

    def values(self, x: np.ndarray) -> np.ndarray:
        return self.formula(torch.as_tensor(x)).numpy()

    def module(self) -> nn.Module:
        return Formula(self.formula)


def named(columns: int) -> list[str]:
    return [f"x{j + 1}" for j in range(columns)]


def table(x: np.ndarray, y: np.ndarray | None = None, task: str = "regression") -> ti.Table:
    """Columns x1, x2, ... as numbers, and the target y (None: it is not read, and is 0, 1, 0, ...)."""
    names = named(x.shape[1])
    frame = pd.DataFrame(x, columns=names).assign(y=np.resize([0, 1], len(x)) if y is None else y)
    return ti.read_table(frame, target="y", task=task, kinds=dict.fromkeys(names, "numeric"))


def wrapped(module: nn.Module, task: str | None = "regression") -> ti.Model:
    return ti.wrap(module, encoder="passthrough", task=task)


def uniform(low: float, high: float, columns: int) -> Draw:
    return lambda rng, n: rng.uniform(low, high, (n, columns))


def normal(columns: int) -> Draw:
    return lambda rng, n: rng.normal(size=(n, columns))


def added(parts: tuple[Callable[[Tensor], Tensor], ...]) -> Callable[[Tensor], Tensor]:
    def formula(x: Tensor) -> Tensor:
        return torch.stack([part(x[:, j]) for j, part in enumerate(parts)]).sum(dim=0)

    return formula


def nothing(x: Tensor) -> Tensor:
    return 0 * x


# ---- variance-based


def friedman(x: Tensor) -> Tensor:
    return 10 * torch.sin(torch.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]


def ishigami(x: Tensor) -> Tensor:
    return torch.sin(x[:, 0]) * (1 + 0.1 * x[:, 2] ** 4) + 7 * torch.sin(x[:, 1]) ** 2


SOBOL_A = (0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0)


def sobol_g(x: Tensor) -> Tensor:
    a = torch.tensor(SOBOL_A, dtype=x.dtype)
    return ((torch.abs(4 * x - 2) + a) / (1 + a)).prod(dim=1)


def _sobol_g() -> Function:
    """Closed forms: V_j = 1 / (3 (1 + a_j)^2), V = prod(1 + V_j) - 1, S = V_j / V, ST = V_j prod over others (1 + V_i) / V."""
    v = 1 / (3 * (1 + np.array(SOBOL_A)) ** 2)
    whole = np.prod(1 + v) - 1
    main, total = v / whole, v * (np.prod(1 + v) / (1 + v)) / whole
    return Function(
        sobol_g,
        8,
        uniform(0, 1, 8),
        float(whole),
        (0.0, float(main.sum()), float(1 - main.sum())),
        tuple(main),
        tuple(total),
        (("x1", "x2"), float(v[0] * v[1] / whole)),
    )


VARIANCE = {
    "Friedman-1": Function(
        friedman,
        10,
        uniform(0, 1, 10),
        23.82,
        (0.7528, 0.1723, 0.0749),
        (0.1973, 0.1973, 0.0933, 0.3498, 0.0874, 0, 0, 0, 0, 0),
        (0.2722, 0.2722, 0.0933, 0.3498, 0.0874, 0, 0, 0, 0, 0),
        (("x1", "x2"), 0.0749),
    ),
    "Ishigami": Function(
        ishigami,
        3,
        uniform(-np.pi, np.pi, 3),
        13.845,
        (0.1908, 0.5655, 0.2437),
        (0.3139, 0.4424, 0.0),
        (0.5576, 0.4424, 0.2437),
        (("x1", "x3"), 0.2437),
        (7.720, 24.5, 10.987),
    ),
    "Sobol-g": _sobol_g(),
}


# ---- Shapley values


def correlated(rng: np.random.Generator, n: int) -> np.ndarray:
    """Five normal columns, every correlation .5."""
    return np.sqrt(0.5) * (rng.normal(size=(n, 5)) + rng.normal(size=(n, 1)))


def step(x: Tensor) -> Tensor:
    """-2, -1, 1, 2 with steps at -.5, 0 and .5."""
    return torch.where(x < 0, -1.0, 1.0) + torch.where(x < -0.5, -1.0, 0.0) + torch.where(x >= 0.5, 1.0, 0.0)


def waves(x: Tensor) -> Tensor:
    """The whole part of 2 cos(pi x), 1 in place of 0."""
    whole = torch.trunc(2 * torch.cos(torch.pi * x))
    return torch.where(whole == 0, torch.ones_like(x), whole)


def _weighted(w: float) -> Callable[[Tensor], Tensor]:
    return lambda x: w * x


LINEAR = tuple(_weighted(w) for w in (4.0, 3.0, 2.0, 1.0, 0.0))
BENT = (torch.sin, torch.abs, torch.square, lambda x: torch.exp(-x), nothing)
STEPS = (lambda x: torch.where(x < 0, -1.0, 1.0).to(x.dtype), step, waves, nothing, nothing)


XAI_BENCH = {
    "linear": Function(added(LINEAR), 5, normal(5), parts=LINEAR),
    "nonlinear additive": Function(added(BENT), 5, normal(5), parts=BENT),
    "piecewise": Function(added(STEPS), 5, normal(5), parts=STEPS),
}
UNUSED = (lambda x: 0 * x, *LINEAR[1:])  # w1 = 0, though the columns are correlated
CLOSED = {
    "linear, correlation .5": Function(added(UNUSED), 5, correlated, parts=UNUSED),
    "additive": XAI_BENCH["nonlinear additive"],
    "x1 x2": Function(lambda x: x[:, 0] * x[:, 1], 3, normal(3), factors=2),
    "x1 x2 x3": Function(lambda x: x[:, 0] * x[:, 1] * x[:, 2], 10, normal(10), factors=3),
}


# ---- Syn1-6: P(y = 1) = 1 / (1 + exp(g))


def g1(x: Tensor) -> Tensor:
    return x[:, 0] * x[:, 1]


def g2(x: Tensor) -> Tensor:
    return (x[:, 2:6] ** 2).sum(dim=1) - 4


def g3(x: Tensor) -> Tensor:
    return -10 * torch.sin(0.2 * x[:, 6]) + x[:, 7].abs() + x[:, 8] + torch.exp(-x[:, 9]) - 2.4


ONE, TWO, THREE, SWITCH = (0, 1), (2, 3, 4, 5), (6, 7, 8, 9), 10


@dataclass(frozen=True)
class Syn:
    """Log-odds -g, or one of two by the sign of x11; `below`, `above`: relevant columns of rows with x11 < 0, and of others."""

    below: tuple[int, ...]
    above: tuple[int, ...]
    first: Callable[[Tensor], Tensor]
    second: Callable[[Tensor], Tensor]
    bayes: float
    linear: float

    @property
    def switched(self) -> bool:
        return self.below != self.above

    def log_odds(self, x: Tensor) -> Tensor:
        return -torch.where(x[:, SWITCH] < 0, self.first(x), self.second(x))

    def module(self) -> nn.Module:
        return Formula(self.log_odds)

    def drawn(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Columns (n, 11) and outcomes (n,)."""
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(n, 11))
        odds = self.log_odds(torch.as_tensor(x)).numpy()
        return x, (rng.logistic(size=n) < odds).astype(int)

    def relevant(self, x: np.ndarray) -> np.ndarray:
        """(n, 11) which columns the row's own branch reads, the switch aside."""
        both = np.isin(np.arange(11), self.below), np.isin(np.arange(11), self.above)
        return np.where(x[:, [SWITCH]] < 0, both[0], both[1])


SYN = {
    "Syn1": Syn(ONE, ONE, g1, g1, 0.699, 0.503),
    "Syn2": Syn(TWO, TWO, g2, g2, 0.899, 0.503),
    "Syn3": Syn(THREE, THREE, g3, g3, 0.906, 0.881),
    "Syn4": Syn(ONE, TWO, g1, g2, 0.821, 0.531),
    "Syn5": Syn(ONE, THREE, g1, g3, 0.823, 0.691),
    "Syn6": Syn(TWO, THREE, g2, g3, 0.903, 0.693),
}
