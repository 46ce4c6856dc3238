"""Designs by which rows are drawn (few rows, few events, sampling weights, groups), and the population values of both models.

One fixed network and one fixed linear model are evaluated on rows with two classes. True values are computed from a million rows,
without the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score
from torch import nn

import tabinterp as ti
from benchmarks.truth.functions import named, wrapped
from tabinterp.models import BoundModel, bind

from .cases import kinked

MANY, PILOT, COLUMNS = 1_000_000, 200_000, 4
RARE = 0.03  # share of positives, and of rows above the threshold
TRAINING = 20  # rows of no set, so that the rows of all sets are held out
WITHIN, EFFECT = 0.5, 0.7  # share of a column's variance that rows of a group share; sd of a group's own log-odds
HEAVY = 4.0  # weight of rows with a positive first column, of which one in four is drawn
STRENGTH = 3.0  # of the outcome's log-odds, in scores of the network in `cases`
NETWORK_OFF = 1.25, 0.2  # slope and intercept by which the network's scores are wrong


@dataclass(frozen=True)
class Design:
    """`groups`: how many groups of how many rows; None: rows by themselves."""

    slug: str
    rows: int
    rare: bool = False
    weighted: bool = False
    groups: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        if self.groups is not None:
            return f"{self.groups[0]} groups of {self.groups[1]} rows"
        more = [f"{RARE:.0%} positives"] * self.rare + ["sampling weights"] * self.weighted
        return ", ".join([f"{self.rows:,} rows", *more])


DESIGNS = (
    *(Design(f"n{rows}", rows) for rows in (150, 400, 1000)),
    *(Design(f"rare{rows}", rows, rare=True) for rows in (150, 400, 1000)),
    *(Design(f"weighted{rows}", rows, weighted=True) for rows in (150, 400, 1000)),
    *(Design(f"groups{count}", count * size, groups=(count, size)) for count, size in ((80, 5), (40, 10))),
)


@dataclass(frozen=True)
class Rows:
    """Columns (n, d), outcomes 0 or 1, protected group ("a" or "b"), weights, and the number of each row's group."""

    x: np.ndarray
    y: np.ndarray
    people: np.ndarray
    weights: np.ndarray
    group: np.ndarray


class World:
    """The population of a design: its two models, and what the analyses estimate.

    `size`: how many rows of a group stand beside each other; 1: rows are independent.
    """

    def __init__(self, rare: bool, size: int, many: int = MANY) -> None:
        self._size, self._many = size, many
        self._truth = _scaled(kinked(), STRENGTH, 0.0)
        x, _ = self._columns(np.random.default_rng(98), PILOT)
        scores = _asked(self._truth, x)
        fit = np.linalg.lstsq(np.column_stack([np.ones(len(x)), x]), scores, rcond=None)[0]
        self._shift = _shift(scores, RARE) if rare else 0.0
        factor, more = NETWORK_OFF
        self.network = _scaled(self._truth, factor, factor * self._shift + more)
        self.linear = nn.Linear(COLUMNS, 1).requires_grad_(False)
        self.linear.weight.copy_(torch.as_tensor(fit[None, 1:]))
        self.linear.bias.copy_(torch.as_tensor(fit[:1] + self._shift))
        cut = np.quantile(_asked(self.network, x), 1 - RARE) if rare else 0.0
        self.threshold = float(1 / (1 + np.exp(-cut)))

    def _columns(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Normal columns, every correlation .5, and the groups' own log-odds; rows of a group stand beside each other."""
        if self._size == 1:
            return _correlated(rng, n), np.zeros(n)
        count = -(-n // self._size)
        shared = _correlated(rng, count).repeat(self._size, axis=0)[:n]
        own = EFFECT * rng.normal(size=count).repeat(self._size)[:n]
        return np.sqrt(WITHIN) * shared + np.sqrt(1 - WITHIN) * _correlated(rng, n), own

    def population(self, rng: np.random.Generator, n: int, fitted: bool = False) -> Rows:
        """Rows of the population; or `fitted`, of one whose log-odds vary as much as the network's scores do."""
        x, effects = self._columns(rng, n)
        more = (NETWORK_OFF[0] - 1) * (self.log_odds(x) - self._shift) if fitted else 0.0
        y = (rng.logistic(size=n) < self.log_odds(x) + more + effects).astype(float)
        people = np.where(rng.logistic(size=n) < 0.8 * x[:, 0] - 0.4, "b", "a")
        return Rows(x, y, people, np.ones(n), np.arange(n) // self._size)

    def log_odds(self, x: np.ndarray) -> np.ndarray:
        """Of a positive outcome, without those of groups (n,)."""
        return _asked(self._truth, x) + self._shift

    def asked(self, x: np.ndarray) -> np.ndarray:
        """The network's scores (n,)."""
        return _asked(self.network, x)

    @property
    def is_grouped(self) -> bool:
        return self._size > 1

    def sample(self, design: Design, rng: np.random.Generator, fitted: bool = False) -> Rows:
        """One set of rows as the design draws them."""
        n = design.rows
        if not design.weighted:
            return self.population(rng, n, fitted)
        whole = self.population(rng, 8 * n + 200, fitted)
        heavy = whole.x[:, 0] > 0
        kept = np.flatnonzero(~heavy | (rng.random(len(heavy)) < 1 / HEAVY))[:n]
        weights = np.where(heavy, HEAVY, 1.0)[kept]
        return Rows(whole.x[kept], whole.y[kept], whole.people[kept], weights, np.arange(n))

    @cached_property
    def models(self) -> tuple[ti.Model, ti.Model]:
        return wrapped(self.network, None), wrapped(self.linear, None)

    @cached_property
    def whole(self) -> Rows:
        return self.population(np.random.default_rng(99), self._many)

    @cached_property
    def scores(self) -> tuple[np.ndarray, np.ndarray]:
        return _asked(self.network, self.whole.x), _asked(self.linear, self.whole.x)

    @cached_property
    def differences(self) -> dict[str, float]:
        """Metric -> network less linear model."""
        first, second = (_metrics(self.whole.y, scores) for scores in self.scores)
        return {name: first[name] - second[name] for name in first}

    @cached_property
    def calibration(self) -> tuple[float, float]:
        """Slope and intercept of the outcomes on the network's score, by the logistic likelihood."""
        score, y = self.scores[0], self.whole.y

        def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
            linear = at[0] * score + at[1]
            off = 1 / (1 + np.exp(-linear)) - y
            return float((np.logaddexp(0, linear) - y * linear).mean()), np.array([(off * score).mean(), off.mean()])

        slope, intercept = minimize(loss, [1.0, 0.0], jac=True, method="BFGS", options={"gtol": 1e-9}).x
        return float(slope), float(intercept)

    @cached_property
    def sizes(self) -> np.ndarray:
        """(columns,) mean size of the network's derivative times the standard deviation of the column."""
        x = self.whole.x
        return np.asarray(np.abs(_slopes(self.network, x)).mean(axis=0) * x.std(axis=0))

    @cached_property
    def impact(self) -> float:
        """Share of rows above the threshold in group b over that in group a."""
        above = self.scores[0] > np.log(self.threshold / (1 - self.threshold))
        b = self.whole.people == "b"
        return float(above[b].mean() / above[~b].mean())


def _correlated(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.sqrt(0.5) * (rng.normal(size=(n, COLUMNS)) + rng.normal(size=(n, 1)))


def _asked(module: nn.Module, x: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        blocks = torch.as_tensor(x, dtype=torch.float32).split(65_536)
        return torch.cat([module(block)[:, 0] for block in blocks]).double().numpy()


def _slopes(module: nn.Module, x: np.ndarray) -> np.ndarray:
    """(n, d) derivatives of the score."""
    found = []
    for block in torch.as_tensor(x, dtype=torch.float32).split(65_536):
        rows = block.clone().requires_grad_(True)
        found.append(torch.autograd.grad(module(rows).sum(), rows)[0].double())
    return torch.cat(found).numpy()


def _scaled(module: nn.Sequential, factor: float, more: float) -> nn.Sequential:
    """The scores times a factor, and something more."""
    last = nn.Linear(1, 1).requires_grad_(False)
    last.weight.fill_(factor)
    last.bias.fill_(more)
    return nn.Sequential(*module, last)


def _shift(scores: np.ndarray, share: float) -> float:
    """What is added to log-odds so that the mean probability is this share."""
    shift = 0.0
    for _ in range(200):
        shift += float(np.log(share / (1 / (1 + np.exp(-scores - shift))).mean()))
    return shift


def _metrics(y: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    p = 1 / (1 + np.exp(-scores))
    positive = y == 1
    ranks = rankdata(scores)[positive]
    count = positive.sum()
    return {
        "log_loss": float((np.logaddexp(0, scores) - y * scores).mean()),
        "brier": float(((p - y) ** 2).mean()),
        "auc": float((ranks.mean() - (count + 1) / 2) / (len(y) - count)),
        "average_precision": float(average_precision_score(y, scores)),
    }


def world(design: Design) -> World:
    return _world(design.rare, 1 if design.groups is None else design.groups[1])


@cache
def _world(rare: bool, size: int) -> World:
    return World(rare, size)


@lru_cache(maxsize=1)
def sets(design: Design, first: int, count: int) -> list[tuple[Rows, np.ndarray]]:
    """One set of rows after another, with the scores (2, rows) of network and linear model, which meet the rows at once."""
    made = world(design)
    found = [made.sample(design, np.random.default_rng([6, number])) for number in range(first, first + count)]
    x = np.concatenate([one.x for one in found])
    scores = np.stack([_asked(module, x) for module in (made.network, made.linear)])
    return [*zip(found, np.moveaxis(scores.reshape(2, count, design.rows), 1, 0), strict=True)]


@lru_cache(maxsize=1)
def drawn(design: Design, first: int, count: int) -> list[tuple[BoundModel, BoundModel]]:
    """Both models bound to the same sets, all of whose rows are held out."""
    made, rows = world(design), design.rows
    found = [one for one, _ in sets(design, first, count)]
    both = beside(design, made.population(np.random.default_rng([7, first]), TRAINING), found)
    places = [TRAINING + np.arange(i * rows, (i + 1) * rows) for i in range(count)]
    return [(both[0].take(at), both[1].take(at)) for at in places]


def beside(design: Design, training: Rows, held_out: list[Rows]) -> tuple[BoundModel, BoundModel]:
    """Both models bound to training rows, followed by sets of held-out rows."""
    parts = [training, *held_out]
    frame = pd.DataFrame(np.concatenate([one.x for one in parts]), columns=named(COLUMNS))
    frame["y"] = np.concatenate([one.y for one in parts]).astype(int)
    frame["people"] = np.concatenate([one.people for one in parts])
    frame["weight"] = np.concatenate([one.weights for one in parts])
    starts = np.cumsum([0, *(len(one.x) for one in parts[:-1])])
    frame["group"] = np.concatenate([one.group + start for one, start in zip(parts, starts, strict=True)])
    frame["split"] = np.where(np.arange(len(frame)) < len(training.x), "train", "test")
    table = ti.read_table(
        frame.drop(columns=["weight"] * (not design.weighted) + ["group"] * (design.groups is None)),
        target="y",
        task="binary",
        adverse=0,
        kinds=dict.fromkeys(named(COLUMNS), "numeric"),
        drop=["people"],
        protected=["people"],
        split="split",
        weight="weight" if design.weighted else None,
        group=None if design.groups is None else "group",
    )
    network, linear = (bind(model, table) for model in world(design).models)
    return network, linear
