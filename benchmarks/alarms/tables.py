"""Clean tables, each with the network that made it: its score is the one from which the outcome was drawn.

Nothing is wrong with such a table or its network. No column contains the outcome, no row occurs twice, both sides of the split
come from one population, no group of people is treated differently, and the network's score is the true one. It is calibrated, as
good in each group as it can be, and in the population never worse than a logistic regression. Every finding of severity `act` or
`check` that is raised is therefore false.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.special import expit, softmax
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder
from torch import nn

import tabinterp as ti

Array = np.ndarray
ROWS = (200, 400, 2000, 10_000)
SHARES = (0.01, 0.03, 0.10, 0.50)  # of the positive class
CLASSES = (0.95, 0.035, 0.015)  # shares of three classes
FEWEST = 20  # events, from which on the checks of outcomes have something to judge
HELD_OUT = 0.25  # as `train` holds out
PILOT = 10_000  # rows that set the intercepts
NUMBERS, COMMON = 5, 0.3  # normal columns, and their correlation
LEVELS = {"colour": 3, "place": 4}
GROUPS = {"north": 0.5, "south": 0.3, "west": 0.2}  # of people: no input, and of no meaning
WEIGHTS = (1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12)  # of the columns, in an order drawn anew; a ranking with few ties
SPREAD = 1.2, 2.5  # least and greatest standard deviation of the log-odds
NOISE = 0.7  # of numbers, as t with three degrees of freedom
RATE, RATE_SPREAD = 2.0, 0.5  # mean count, and standard deviation of its log


@dataclass(frozen=True)
class Cell:
    """One kind of table: `share` of the positive class where there are two classes."""

    task: str
    rows: int
    share: float | None = None

    @property
    def slug(self) -> str:
        return f"{self.task}-{self.rows}" + ("" if self.share is None else f"-{self.share:g}")

    @property
    def rare(self) -> float:
        """Expected rows of the rarest class; of numbers and counts all rows."""
        least = {"binary": self.share, "multiclass": min(CLASSES)}.get(self.task)
        return self.rows * (1.0 if least is None else min(least, 1 - least))


CELLS = tuple(
    cell
    for rows in ROWS
    for cell in (
        *(Cell("binary", rows, share) for share in SHARES),
        *(Cell(task, rows) for task in ("multiclass", "count", "regression")),
    )
)


def drawn(cell: Cell, number: int) -> tuple[ti.Table, ti.Model]:
    """Table `number` of a cell, a quarter of it held out, and the network that it was drawn from."""
    rng = np.random.default_rng([CELLS.index(cell), number])
    outputs = len(CLASSES) if cell.task == "multiclass" else 1
    module = _network(rng, outputs)
    pilot, frame = _columns(rng, PILOT), _columns(rng, cell.rows)
    encoder = _encoder().fit(pilot.drop(columns="group"))
    _scale(module, _scores(module, encoder, pilot), cell, rng)
    frame["outcome"] = _outcome(cell, _scores(module, encoder, frame), rng)
    classes = cell.task in ("binary", "multiclass")
    table = ti.read_table(
        frame,
        target="outcome",
        task=cell.task,
        positive="yes" if cell.task == "binary" else None,
        adverse="yes" if cell.task == "binary" else None,
        drop=["group"],
        protected=["group"],
        split=HELD_OUT,
        stratify=classes,
        seed=number,
        name=cell.slug,
    )
    told = {"classes": sorted({"binary": ("no", "yes"), "multiclass": _names()}[cell.task])} if classes else {}
    return table, ti.wrap(module, encoder=encoder, **(told or {"task": cell.task}))


def _columns(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Normal columns that go together a little, a skewed one, a whole number, two of levels, and the group."""
    z = np.sqrt(1 - COMMON) * rng.normal(size=(rows, NUMBERS)) + np.sqrt(COMMON) * rng.normal(size=(rows, 1))
    frame = pd.DataFrame(z, columns=[f"number {i}" for i in range(1, NUMBERS + 1)])
    frame["amount"] = np.exp(0.7 * rng.normal(size=rows))
    frame["count"] = rng.poisson(4, size=rows)
    for name, levels in LEVELS.items():
        frame[name] = [f"{name} {code}" for code in rng.integers(levels, size=rows)]
    frame["group"] = rng.choice([*GROUPS], rows, p=[*GROUPS.values()])
    return frame


def _encoder() -> ColumnTransformer:
    numbers = [*(f"number {i}" for i in range(1, NUMBERS + 1)), "amount", "count"]
    return ColumnTransformer(
        [("numbers", "passthrough", numbers), ("levels", OneHotEncoder(sparse_output=False), [*LEVELS])]
    )


def _network(rng: np.random.Generator, outputs: int) -> nn.Sequential:
    """A unit that bends for each column, and two that join a pair. Every number raises the score; with several classes it raises
    the scores of some and lowers those of others, so that the columns tell the classes apart.
    """
    numbers = NUMBERS + 2
    units = numbers + len(LEVELS) + 2
    first, last = nn.Linear(numbers + sum(LEVELS.values()), units), nn.Linear(units, outputs)
    within, start = np.zeros((units, first.in_features)), np.zeros(units)
    centre, spread = np.array([0.0] * NUMBERS + [1.3, 4.0]), np.array([1.0] * NUMBERS + [1.0, 2.0])
    steep, middle = rng.uniform(0.6, 1.2, numbers), rng.uniform(-0.8, 0.8, numbers)
    within[range(numbers), range(numbers)] = steep / spread
    start[:numbers] = -steep * (centre / spread + middle)
    at = numbers
    for unit, levels in enumerate(LEVELS.values(), numbers):
        effects = np.linspace(-0.8, 0.8, levels)
        within[unit, at : at + levels], at = rng.permutation(effects), at + levels
    pairs = rng.permutation(NUMBERS)[:4].reshape(2, 2)
    for unit, pair in enumerate(pairs, numbers + len(LEVELS)):
        within[unit, pair], start[unit] = 1.0, -0.8
    outside = np.zeros((outputs, units))
    for k in range(outputs):
        outside[k, :numbers] = rng.permutation(WEIGHTS)
        outside[k, numbers : numbers + len(LEVELS)] = 0.5
        outside[k, -2:] = 0.4
        if outputs > 1:
            outside[k] *= rng.choice([-1.0, 1.0], units)
    with torch.no_grad():
        for layer, weight, bias in ((first, within, start), (last, outside, np.zeros(outputs))):
            layer.weight.copy_(torch.as_tensor(weight))
            layer.bias.copy_(torch.as_tensor(bias))
    return nn.Sequential(first, nn.Tanh(), last).requires_grad_(False).eval()


def _scores(module: nn.Module, encoder: ColumnTransformer, frame: pd.DataFrame) -> Array:
    """(n, k) raw outputs."""
    with torch.no_grad():
        return module(torch.as_tensor(encoder.transform(frame), dtype=torch.float32)).double().numpy()


def _scale(module: nn.Sequential, scores: Array, cell: Cell, rng: np.random.Generator) -> None:
    """Give the outputs a spread, and intercepts by which the classes have their shares."""
    spread = {"count": RATE_SPREAD, "regression": 1.0}.get(cell.task, rng.uniform(*SPREAD))
    factor, centre = spread / scores.std(axis=0), scores.mean(axis=0)
    shift = np.log(RATE) * (cell.task == "count") * np.ones(scores.shape[1])
    if cell.task in ("binary", "multiclass"):
        scores = (scores - centre) * factor
        shares = np.array(CLASSES if cell.share is None else [cell.share])
        for _ in range(200):
            found = softmax(scores + shift, axis=1) if cell.share is None else expit(scores + shift)
            shift = shift + np.log(shares / found.mean(axis=0))
    with torch.no_grad():
        module[-1].weight.mul_(torch.as_tensor(factor)[:, None])
        module[-1].bias.copy_(torch.as_tensor(shift - centre * factor))


def _names() -> list[str]:
    return [f"class {i}" for i in range(1, len(CLASSES) + 1)]


def _outcome(cell: Cell, scores: Array, rng: np.random.Generator) -> Array:
    n = len(scores)
    if cell.task == "binary":
        return np.where(rng.random(n) < expit(scores[:, 0]), "yes", "no")
    if cell.task == "multiclass":
        return np.array(_names())[(scores + rng.gumbel(size=scores.shape)).argmax(axis=1)]
    if cell.task == "count":
        return rng.poisson(np.exp(scores[:, 0]))
    return scores[:, 0] + NOISE * rng.standard_t(3, size=n)
