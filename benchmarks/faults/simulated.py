"""Simulated tables into which faults are planted: five rules without any fault, each drawn anew for every seed.

A table has twelve columns: numeric columns with a weak correlation (one common factor), one whole number, and two categorical
columns. They determine a latent score. The target is this score with noise, or one of two classes drawn from it. If there are
three classes, each has its own score, and the class with the largest noisy score is the target. Correlated columns move the
score in the same direction. Otherwise, one of two correlated columns could hide behind the other, and would in fact be a
suppressor.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

Array = np.ndarray
NUMBERS, COMMON = 9, 0.3
NOISE = 0.5  # sd of a number around its score, whose own sd is 1
STEEPNESS = 2.5  # log-odds for each sd of the score


def simulate(name: str, task: str, rows: int, rng: np.random.Generator, share: float | None = None) -> pd.DataFrame:
    """A frame with the column `target`: a number, "no" and "yes", or one of three classes. `share`: expected share of "yes"."""
    z = np.sqrt(1 - COMMON) * rng.normal(size=(rows, NUMBERS)) + np.sqrt(COMMON) * rng.normal(size=(rows, 1))
    count = rng.poisson(np.exp(1.2 + 0.4 * z[:, 0]))
    levels = [rng.choice(sizes, rows, p=rng.dirichlet(np.full(sizes, 8.0))) for sizes in (4, 6)]
    frame = pd.DataFrame(z, columns=[f"number {i}" for i in range(1, NUMBERS + 1)]).assign(count=count)
    for label, codes in zip(("colour", "place"), levels, strict=True):
        frame[label] = [f"{label} {code}" for code in codes]
    scores = np.column_stack([_score(name, z, count, levels, rng) for _ in range(3 if task == "multiclass" else 1)])
    if task == "regression":
        return frame.assign(target=scores[:, 0] + NOISE * rng.normal(size=rows))
    if task == "multiclass":
        first = (STEEPNESS * scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
        return frame.assign(target=[f"class {i}" for i in first])
    odds = STEEPNESS * scores[:, 0]
    shift = 0.0 if share is None else brentq(lambda at: expit(odds + at).mean() - share, -30, 30)
    yes = rng.random(rows) < expit(odds + shift)
    return frame.assign(target=np.where(yes, "yes", "no"))


def _score(name: str, z: Array, count: Array, levels: list[Array], rng: np.random.Generator) -> Array:
    """(rows,) of mean 0 and standard deviation 1: the rule, in columns of its own, and the levels beside it."""
    order = z[:, rng.permutation(NUMBERS)]
    told = RULES[name](order, count, rng)
    effects = sum(rng.normal(size=codes.max() + 1)[codes] for codes in levels)
    whole = (told - told.mean()) / told.std() + 0.3 * effects
    return np.asarray((whole - whole.mean()) / whole.std())


def _friedman(z: Array, count: Array, rng: np.random.Generator) -> Array:
    """Friedman's first (1991), whose columns lie between 0 and 1."""
    u = norm.cdf(z)
    return np.asarray(10 * np.sin(np.pi * u[:, 0] * u[:, 1]) + 20 * (u[:, 2] - 0.5) ** 2 + 10 * u[:, 3] + 5 * u[:, 4])


def _steps(z: Array, count: Array, rng: np.random.Generator) -> Array:
    edges, heights = rng.uniform(-0.7, 0.7, 5), rng.uniform(0.7, 1.3, 6)
    return np.asarray((z[:, :5] > edges) @ heights[:5] + heights[5] * (count > np.median(count)) * (z[:, 0] > edges[0]))


def _logic(z: Array, count: Array, rng: np.random.Generator) -> Array:
    """Soft "and" and "or" of columns, all of which push the same way."""
    low, weights = expit(3 * z), rng.uniform(0.7, 1.3, 4)
    both, either = low[:, 0] * low[:, 1], 1 - (1 - low[:, 2]) * (1 - low[:, 3])
    return np.asarray(2 * weights[0] * both + 2 * weights[1] * either + weights[2] * z[:, 4] + weights[3] * (count > 4))


def _hills(z: Array, count: Array, rng: np.random.Generator) -> Array:
    """A hill above a place of three columns, on a slope."""
    top, weights = rng.uniform(0.3, 1.0, 3), rng.uniform(0.3, 0.8, 4)
    return np.asarray(3 * np.exp(-((z[:, :3] - top) ** 2).sum(axis=1) / 2) + z[:, :4] @ weights)


def _doses(z: Array, count: Array, rng: np.random.Generator) -> Array:
    """Two columns whose effect levels off, one that makes the first stronger, and one that bends."""
    weights = rng.uniform(0.8, 1.2, 4)
    first = 1 / (1 + np.exp(-2 * z[:, 0])) * np.exp(0.5 * z[:, 1])
    return np.asarray(
        2 * weights[0] * first
        + weights[1] * np.tanh(1.5 * z[:, 2])
        + weights[2] * np.logaddexp(0, 2 * z[:, 3])
        + 0.5 * weights[3] * np.sqrt(count)
    )


RULES: dict[str, Callable[[Array, Array, np.random.Generator], Array]] = {
    "friedman": _friedman,
    "steps": _steps,
    "logic": _logic,
    "hills": _hills,
    "doses": _doses,
}
OWN = {"friedman": "regression", "steps": "binary", "logic": "binary", "hills": "multiclass", "doses": "binary"}
