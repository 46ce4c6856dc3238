"""Networks with a known mechanism: trained on a function until they match it, or built by hand (after XAI-Units)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from .functions import Function, Syn

COLUMNS = 10


@dataclass(frozen=True)
class Recipe:
    rows: int = 20_000
    epochs: int = 40
    width: int = 64
    act: type[nn.Module] = nn.SiLU
    rate: float = 0.01
    decay: float = 0.0


SMOOTH, STEPPED = Recipe(), Recipe(400_000, 45, 64, nn.Tanh, 0.02)
OUTCOMES = Recipe(100_000, 10, decay=0.01)


def trained(function: Function, recipe: Recipe = SMOOTH, seed: int = 0) -> tuple[nn.Module, float]:
    """A multilayer perceptron fitted to the noise-free function, and its R2 on rows it has not seen."""
    x = function.rows(recipe.rows, seed)
    y = function.values(x)
    module = _fit(x, (y - y.mean()) / y.std(), nn.functional.mse_loss, recipe, seed)
    module[-1].weight.data *= y.std()
    module[-1].bias.data = module[-1].bias.data * y.std() + y.mean()
    fresh = function.rows(20_000, seed + 1)
    truth = function.values(fresh)
    with torch.inference_mode():
        told = module(torch.as_tensor(fresh, dtype=torch.float32))[:, 0].numpy()
    return module, float(1 - ((told - truth) ** 2).mean() / truth.var())


def trained_classifier(syn: Syn, seed: int = 0) -> nn.Module:
    """A multilayer perceptron fitted to outcomes drawn with the true log-odds."""
    return _fit(*syn.drawn(OUTCOMES.rows, seed), nn.functional.binary_cross_entropy_with_logits, OUTCOMES, seed)


def _fit(x: np.ndarray, y: np.ndarray, loss: Callable[..., Tensor], recipe: Recipe, seed: int) -> nn.Sequential:
    """Two hidden layers, whose first takes the columns as they are; Adam, one cycle of the rate, batches of 256."""
    torch.manual_seed(seed)
    width, act = recipe.width, recipe.act
    module = nn.Sequential(nn.Linear(x.shape[1], width), act(), nn.Linear(width, width), act(), nn.Linear(width, 1))
    centre, scale = x.mean(axis=0), x.std(axis=0)
    inputs = torch.as_tensor((x - centre) / scale, dtype=torch.float32)
    target = torch.as_tensor(y, dtype=torch.float32)
    steps = len(x) // 256
    optimiser = torch.optim.AdamW(module.parameters(), weight_decay=recipe.decay)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=recipe.epochs * steps)
    for _ in range(recipe.epochs):
        for batch in torch.randperm(len(x))[: steps * 256].reshape(steps, 256):
            optimiser.zero_grad()
            loss(module(inputs[batch])[:, 0], target[batch]).backward()
            optimiser.step()
            rate.step()
    first = module[0]
    with torch.no_grad():
        first.weight /= torch.as_tensor(scale, dtype=torch.float32)
        first.bias -= first.weight @ torch.as_tensor(centre, dtype=torch.float32)
    return module.eval().requires_grad_(False)


# ---- by hand: ten columns, of which the first few are read


def relu(weight: dict[tuple[int, int], float], bias: list[float], out: list[float], constant: float = 0.0) -> nn.Module:
    """sum of out_u relu(weight_u x + bias_u) + constant; weights as (unit, column) -> number."""
    first, last = nn.Linear(COLUMNS, len(bias)), nn.Linear(len(bias), 1)
    with torch.no_grad():
        first.weight.zero_()
        for at, value in weight.items():
            first.weight[at] = value
        first.bias.copy_(torch.tensor(bias))
        last.weight.copy_(torch.tensor([out]))
        last.bias.fill_(constant)
    return nn.Sequential(first, nn.ReLU(), last).requires_grad_(False)


class Sawtooth(nn.Module):
    """Column 1 through `depth` tents, t(x) = 2 relu(x) - 4 relu(x - 1/2): on (0, 1) a slope of 2^depth that turns each time."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.depth, self.act = depth, nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        h = x[:, :1]
        for _ in range(self.depth):
            h = 2 * self.act(h) - 4 * self.act(h - 0.5)
        return h


@dataclass(frozen=True)
class ByHand:
    """`players`: the columns that have an effect; `formula` (n, 10) -> (n,) in numpy, written apart from the network."""

    module: nn.Module
    formula: Callable[[np.ndarray], np.ndarray]
    players: tuple[int, ...]
    binary: bool = False


def positive(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def _line(w: tuple[float, ...]) -> nn.Module:
    """w x out of relu(x) - relu(-x)."""
    pairs = {(2 * j + s, j): 1.0 - 2 * s for j in range(len(w)) for s in (0, 1)}
    return relu(pairs, [0.0] * (2 * len(w)), [v * (1 - 2 * s) for v in w for s in (0, 1)])


def _tents(x: np.ndarray, depth: int) -> np.ndarray:
    h = x[:, 0]
    for _ in range(depth):
        h = 1 - np.abs(2 * h - 1)
    return h


DEPTH = 6
BY_HAND = {
    "weighted": ByHand(_line((4, -3, 2, -1, 0.5)), lambda x: x[:, :5] @ np.array([4, -3, 2, -1, 0.5]), (0, 1, 2, 3, 4)),
    "cancelling": ByHand(  # x1 against x2; x3 twice, with opposite signs: it is in the weights and has no effect
        relu({(0, 0): 1.0, (1, 1): 1.0, (2, 2): 2.0, (3, 2): 2.0}, [0.0] * 4, [1.0, -1.0, 1.5, -1.5]),
        lambda x: positive(x[:, 0]) - positive(x[:, 1]),
        (0, 1),
    ),
    "interacting": ByHand(
        relu({(0, 0): 1.0, (0, 1): 1.0, (1, 0): 1.0, (1, 1): -1.0}, [0.0, 0.0], [1.0, -1.0]),
        lambda x: positive(x[:, 0] + x[:, 1]) - positive(x[:, 0] - x[:, 1]),
        (0, 1),
    ),
    "AND": ByHand(relu({(0, 0): 1.0, (0, 1): 1.0}, [-1.0], [1.0]), lambda x: x[:, 0] * x[:, 1], (0, 1), True),
    "OR": ByHand(
        relu({(0, 0): -1.0, (0, 1): -1.0}, [1.0], [-1.0], 1.0), lambda x: np.maximum(x[:, 0], x[:, 1]), (0, 1), True
    ),
    "saturated": ByHand(
        relu({(0, 0): -1.0, (0, 1): -1.0}, [1.0], [-1.0], 1.0), lambda x: np.minimum(x[:, 0] + x[:, 1], 1), (0, 1)
    ),
    "shattered gradient": ByHand(Sawtooth(DEPTH), lambda x: _tents(x, DEPTH), (0,)),
}


def rows_by_hand(case: ByHand, n: int, seed: int) -> np.ndarray:
    """All 1,024 rows of zeros and ones, or uniform ones: on (0, 1) for the sawtooth, else on (-1, 1)."""
    if case.binary:
        return np.indices((2,) * COLUMNS).reshape(COLUMNS, -1).T.astype(float)
    low = 0.0 if isinstance(case.module, Sawtooth) else -1.0
    return np.random.default_rng(seed).uniform(low, 1, (n, COLUMNS))
