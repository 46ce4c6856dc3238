"""Intervals of what the gain is made of, of the decomposition of the score, of reason codes and of trust checks.

Rows for the ladder and the decomposition are drawn from Friedman-1, whose shares are known. Those for reason codes and trust
checks are drawn from the population of `designs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

import tabinterp as ti
from benchmarks.truth.functions import VARIANCE, named, table, wrapped
from tabinterp.analyses.decomposition.estimator import decompose
from tabinterp.analyses.ladder.estimator import ladder
from tabinterp.analyses.ladder.penalised_fits import scores
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel, bind
from tabinterp.stats.estimates import Estimates

from .designs import DESIGNS, drawn
from .readings import Found, Told

FRIEDMAN, NOISE = VARIANCE["Friedman-1"], 2.0
POPULATION = 20_000  # rows on which the refits of one set are scored
RUNGS, COMPONENTS = ("curvature", "pairs"), 3
SIZES = (150, 400, 1000)
REFERENCE_SETS, DECLINED = 40, 400  # for the truth of reason codes and trust checks: sets of the largest design
TRUST_SETS = 200
NONE = (np.nan,) * 4


@dataclass(frozen=True)
class Gained:
    """`read` gives an analysis of sets of so many rows; `share` is the part of the sets that it is made on."""

    slug: str
    read: Callable[[int, int, int], Iterator[list[Found]]]
    lines: tuple[Told, ...]
    share: float = 0.1


def _estimates(parts: list[tuple[float, ...]]) -> Estimates:
    return Estimates(*np.array(parts, dtype=float).T)


@cache
def friedman() -> ti.Model:
    return wrapped(FRIEDMAN.module())


def _rows(rows: int, seed: int) -> ti.Table:
    """As many training as held-out rows."""
    rng = np.random.default_rng([8, seed])
    x = FRIEDMAN.draw(rng, 2 * rows)
    frame = pd.DataFrame(x, columns=named(FRIEDMAN.columns))
    frame["y"] = FRIEDMAN.values(x) + NOISE * rng.normal(size=2 * rows)
    frame["split"] = np.where(np.arange(2 * rows) < rows, "train", "test")
    return ti.read_table(frame, target="y", task="regression", split="split")


@cache
def _population() -> tuple[ti.Table, np.ndarray]:
    """Rows with the values that the function gives them; noise adds the same to the loss of every model."""
    x = FRIEDMAN.rows(POPULATION, 9)
    return table(x, FRIEDMAN.values(x)), FRIEDMAN.values(x)


def recovered(rows: int, first: int, count: int) -> Iterator[list[Found]]:
    """The rungs' shares of the gain, and what each rung loses to the network, of the refits as they were fitted."""
    whole, values = _population()
    for seed in range(first, first + count):
        drawn_rows = _rows(rows, seed)
        found = ladder(bind(friedman(), drawn_rows), drawn_rows, seed=seed)
        lost = {
            rung: float(((scores(model, whole)[:, 0] - values) ** 2).mean())
            for rung, model in zip(found.rungs, found.models, strict=False)
        }
        shares, losses, truths = [], [], []
        for rung in RUNGS:
            at = found.rungs.index(rung) if rung in lost else None
            for made, one in ((shares, found.recovered), (losses, found.against_network)):
                made.append(NONE if at is None else (one.value[at], one.stderr[at], one.low[at], one.high[at]))
            truths.append(lost.get(rung, np.nan))
        gained = (lost["linear"] - np.array(truths)) / lost["linear"]
        yield [(_estimates(shares), gained), (_estimates(losses), np.array(truths))]


def decomposed(rows: int, first: int, count: int) -> Iterator[list[Found]]:
    for seed in range(first, first + count):
        drawn_rows = _rows(rows, seed)
        try:
            found = decompose(friedman(), drawn_rows, seed=seed).shares
            parts = [getattr(found, name)[0, 0, :COMPONENTS] for name in ("value", "stderr", "low", "high")]
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


@cache
def _typical_likeness() -> np.ndarray:
    """Means over sets of the largest design, in which the just-approved rows are drawn anew as well."""
    found = [_likeness(*both, seed) for seed, both in enumerate(_sets(SIZES[-1], 10**6, REFERENCE_SETS))]
    return np.array(found, dtype=float)[:, :, 0].mean(axis=0)


def reasons(rows: int, first: int, count: int) -> Iterator[list[Found]]:
    for seed, both in enumerate(_sets(rows, first, count), first):
        found, truth = _likeness(*both, seed), _typical_likeness()
        yield [(_estimates([one]), truth[i : i + 1]) for i, one in enumerate(found)]


METHODS = ("permutation_importance", "saliency", "integrated_gradients", "expected_gradients", "shapley")


def _nulls(bound: BoundModel, seed: int, draws: int) -> dict[str, Estimates]:
    found = ti.trust(bound, bound.table, draws=draws, orders=1, backgrounds=2, seed=seed).nulls
    return {one.method: one.mean for one in found if one.null == "random weights"}


@cache
def _typical_nulls(rows: int) -> np.ndarray:
    (both,) = _sets(rows, 10**6, 1)
    found = _nulls(both[0], 10**6, TRUST_SETS)
    return np.array([found[name].value for name in METHODS])


def nulls(rows: int, first: int, count: int) -> Iterator[list[Found]]:
    """Of one set of rows; what is drawn anew are the weights."""
    (both,) = _sets(rows, 10**6, 1)
    for seed in range(first, first + count):
        found = _nulls(both[0], seed, 5)
        yield [
            (
                _estimates([(o.value, o.stderr, o.low, o.high) for o in (found[name] for name in METHODS)]),
                _typical_nulls(rows),
            )
        ]


GAINED = (
    Gained(
        "ladder",
        recovered,
        (
            Told("ladder: share of the gain", "of the refits as fitted, in the population"),
            Told("ladder: loss less the network's", "the same"),
        ),
    ),
    Gained(
        "decomposition", decomposed, (Told("decomposition: shares", "linear, curvature, interactions of the function"),)
    ),
    Gained(
        "reasons",
        reasons,
        (
            Told("reason codes: Jaccard index with the linear model", "mean over declined rows and reference rows"),
            Told("reason codes: share of lists that differ", "the same"),
        ),
    ),
    Gained("trust", nulls, (Told("trust: correlation with random weights", "mean over drawn weights"),)),
)
