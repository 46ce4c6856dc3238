"""Intervals for the analysis of the gain, the decomposition of the score, reason codes and trust checks.

Rows for the ladder and the decomposition are drawn from Friedman-1, whose shares are known. Those for reason codes and trust
checks are drawn from the population of `designs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from math import factorial

import numpy as np
import pandas as pd
import torch
from torch import nn

import tabinterp as ti
from benchmarks.truth.functions import VARIANCE, named, table, wrapped
from tabinterp.analyses.decomposition.estimator import decompose
from tabinterp.analyses.ladder.estimator import Ladder, judge, ladder
from tabinterp.analyses.ladder.penalised_fits import scores
from tabinterp.analyses.trust.estimator import DRAWS, Correlation
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel, bind
from tabinterp.stats.estimates import Estimates

from .designs import DESIGNS, World, drawn, sets, world
from .readings import Found, Told

FRIEDMAN, NOISE = VARIANCE["Friedman-1"], 2.0
POPULATION = 20_000  # rows on which the refits of one set are scored
RUNGS, COMPONENTS = ("curvature", "pairs"), 3
SIZES = (150, 400, 1000)
DECLINED, FURTHER = 400, 40  # of reason codes: rows explained, at most; how many times as many rows give the truth
REFERENCE, ROUNDING = 100, 1e-6  # just-approved rows; part of the largest value below which a value is zero
TRUTH_DRAWS = 200
NONE = (np.nan,) * 4
PARTS = ("value", "stderr", "low", "high")
HELD_OUT = 100  # sets of held-out rows on which the same refits are scored


@dataclass(frozen=True)
class Gained:
    """`read` gives an analysis of sets of so many rows; `share` is the part of the sets that it is made on."""

    slug: str
    read: Callable[[int, int, int], Iterator[list[Found]]]
    lines: tuple[Told, ...]
    share: float = 0.1
    block: int = 10


def _estimates(parts: list[tuple[float, ...]]) -> Estimates:
    return Estimates(*np.array(parts, dtype=float).T)


@cache
def friedman() -> ti.Model:
    return wrapped(FRIEDMAN.module())


def _frame(rows: int, seed: list[int]) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = FRIEDMAN.draw(rng, rows)
    return pd.DataFrame(x, columns=named(FRIEDMAN.columns)).assign(y=FRIEDMAN.values(x) + NOISE * rng.normal(size=rows))


def _rows(rows: int, seed: int) -> ti.Table:
    """As many training as held-out rows."""
    frame = _frame(2 * rows, [8, seed]).assign(split=np.where(np.arange(2 * rows) < rows, "train", "test"))
    return ti.read_table(frame, target="y", task="regression", split="split")


@cache
def _population() -> tuple[ti.Table, np.ndarray]:
    """Rows with the values that the function gives them; noise adds the same to the loss of every model."""
    x = FRIEDMAN.rows(POPULATION, 9)
    return table(x, FRIEDMAN.values(x)), FRIEDMAN.values(x)


@cache
def _refits(rows: int, number: int) -> tuple[Ladder, dict[str, float]]:
    """A ladder that was fitted to so many rows, and what each rung loses to the network in the population."""
    whole, values = _population()
    drawn_rows = _rows(rows, number)
    found = ladder(bind(friedman(), drawn_rows), drawn_rows, seed=number)
    lost = [float(((scores(model, whole)[:, 0] - values) ** 2).mean()) for model in found.models]
    return found, dict(zip(found.rungs, lost, strict=False))


def recovered(rows: int, first: int, count: int) -> Iterator[list[Found]]:
    """The rungs' shares of the gain, and what each rung loses to the network, of the refits as they were fitted.

    The same refits are scored on `HELD_OUT` sets of held-out rows.
    """
    found, lost = _refits(rows, first // HELD_OUT)
    linear, truths = found.rungs.index("linear"), np.array([lost.get(rung, np.nan) for rung in RUNGS])
    gained = (lost["linear"] - truths) / lost["linear"]
    frames = [_frame(rows, [9, seed]) for seed in range(first, first + count)]
    whole = ti.read_table(pd.concat(frames, ignore_index=True), target="y", task="regression")
    told = [*(scores(model, whole)[:, 0] for model in found.models), FRIEDMAN.values(whole.inputs.to_numpy())]
    losses = (np.stack(told) - whole.y) ** 2
    for i in range(count):
        at = slice(i * rows, (i + 1) * rows)
        made = judge(losses[:, at], whole.y[at], "regression", np.ones(rows), None, linear)
        shares, differences = (
            [
                tuple(getattr(made[name], part)[found.rungs.index(rung)] for part in PARTS) if rung in lost else NONE
                for rung in RUNGS
            ]
            for name in ("recovered", "against_network")
        )
        yield [(_estimates(shares), gained), (_estimates(differences), truths)]


def decomposed(rows: int, first: int, count: int) -> Iterator[list[Found]]:
    for seed in range(first, first + count):
        drawn_rows = _rows(rows, seed)
        try:
            found = decompose(friedman(), drawn_rows, seed=seed).shares
            parts = [getattr(found, name)[0, 0, :COMPONENTS] for name in PARTS]
        except NotApplicableError:
            parts = [np.full(COMPONENTS, np.nan)] * 4
        yield [(Estimates(*parts), np.array(FRIEDMAN.shares))]


def _sets(rows: int, first: int, count: int) -> list[tuple[BoundModel, BoundModel]]:
    return drawn(next(one for one in DESIGNS if one.slug == f"n{rows}"), first, count)


def _likeness(network: BoundModel, linear: BoundModel, seed: int) -> list[tuple[float, ...]]:
    try:
        found = ti.reason_codes(network, linear, network.table, rows=DECLINED, seed=seed).likeness
    except NotApplicableError:
        return [NONE, NONE]
    return next([one.jaccard, one.changed] for one in found if one.of == "linear")


def _lists(values: np.ndarray) -> np.ndarray:
    """(rows, columns) which columns are reasons: four columns leave no more than the sign to ask for."""
    return np.asarray(values > ROUNDING * np.abs(values).max())


def _against_reference(module: nn.Module, x: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """(rows, columns) Shapley values of the score relative to reference rows, from all coalitions (Shapley 1953)."""
    count = x.shape[1]
    worth = {}
    for mask in product((False, True), repeat=count):
        mixed = torch.as_tensor(np.where(mask, x[:, None], reference[None]), dtype=torch.float32)
        with torch.inference_mode():
            worth[mask] = module(mixed)[..., 0].double().mean(dim=1).numpy()
    values = np.zeros(x.shape)
    for mask, before in worth.items():
        for column in np.flatnonzero(~np.array(mask)):
            size = sum(mask)
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            values[:, column] += weight * (worth[(*mask[:column], True, *mask[column + 1 :])] - before)
    return values


def _truth(made: World, approved: np.ndarray, seed: int, rows: int) -> list[float]:
    """Mean Jaccard index, and share of changed lists, of further declined rows, against the just-approved rows of one set."""
    score = made.asked(approved)
    reference = approved[score > 0][np.argsort(score[score > 0])[:REFERENCE]]
    x = made.population(np.random.default_rng([8, seed]), FURTHER * min(rows, 2 * DECLINED)).x
    declined = x[made.asked(x) <= 0]
    parts = np.array_split(declined, -(-len(declined) // 1000))
    network = _lists(-np.concatenate([_against_reference(made.network, part, reference) for part in parts]))
    linear = _lists(-(declined - reference.mean(axis=0)) * made.linear.weight.numpy()[0])
    union = (network | linear).sum(axis=1)
    jaccard = np.where(union > 0, (network & linear).sum(axis=1) / np.maximum(union, 1), 1.0)
    return [float(jaccard.mean()), float((network != linear).any(axis=1).mean())]


def reasons(rows: int, first: int, count: int) -> Iterator[list[Found]]:
    """Intervals take the reference rows as given: so does the truth of each set."""
    design = next(one for one in DESIGNS if one.slug == f"n{rows}")
    made = world(design)
    pairs = zip(sets(design, first, count), drawn(design, first, count), strict=True)
    for seed, ((one, _), (network, linear)) in enumerate(pairs, first):
        truth = _truth(made, one.x, seed, rows)
        found = _likeness(network, linear, seed)
        yield [(_estimates([told]), np.array([truth[i]])) for i, told in enumerate(found)]


METHODS = ("permutation_importance", "saliency", "integrated_gradients", "expected_gradients", "shapley")


def _nulls(rows: int, seed: int, draws: int) -> dict[str, Correlation]:
    """Of one set of rows; what is drawn are the weights."""
    ((network, _),) = _sets(rows, 10**6, 1)
    found = ti.trust(network, network.table, draws=draws, orders=1, backgrounds=2, seed=seed).nulls
    return {one.method: one for one in found if one.null == "random weights"}


@cache
def _typical_nulls(rows: int) -> np.ndarray:
    found = _nulls(rows, 10**6, TRUTH_DRAWS)
    return np.array([found[name].mean.value for name in METHODS])


def nulls(rows: int, first: int, count: int) -> Iterator[list[Found]]:
    """All weights of a block are drawn at once, and fall into sets of as many draws as an audit takes."""
    found = _nulls(rows, first, DRAWS * count)
    for i in range(count):
        at = slice(i * DRAWS, (i + 1) * DRAWS)
        means = [replace(found[name], values=found[name].values[at]).mean for name in METHODS]
        told = [(float(one.value), float(one.stderr), float(one.low), float(one.high)) for one in means]
        yield [(_estimates(told), _typical_nulls(rows))]


GAINED = (
    Gained(
        "ladder",
        recovered,
        (
            Told("ladder: share of the gain", "share of the network's gain that the refits reach, in the population"),
            Told(
                "ladder: loss minus the network's loss",
                "loss of the refits minus loss of the network, in the population",
            ),
        ),
        share=1,
        block=HELD_OUT,
    ),
    Gained(
        "decomposition",
        decomposed,
        (
            Told(
                "decomposition: shares",
                "shares of linear terms, curvature and interactions in the variance of the function",
            ),
        ),
    ),
    Gained(
        "reasons",
        reasons,
        (
            Told(
                "reason codes: Jaccard index with the linear model",
                "mean over declined rows, with the narrowly approved rows of the data set fixed",
            ),
            Told(
                "reason codes: share of lists that differ from the linear model's",
                "share of declined rows, with the narrowly approved rows of the data set fixed",
            ),
        ),
    ),
    Gained(
        "trust",
        nulls,
        (Told("trust: correlation with random weights", "mean over networks with random weights"),),
        block=50,
    ),
)
