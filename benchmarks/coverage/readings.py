"""The analyses that are judged: for one drawn set of rows, each gives its intervals and the true values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

import tabinterp as ti
from benchmarks.truth.functions import table
from tabinterp.analyses.effects.estimator import POINTS
from tabinterp.models import BoundModel
from tabinterp.stats.estimates import Estimates

from .cases import BACKGROUND, Case, Population

TOGETHER = 250  # sets that meet the model at once
Found = tuple[Estimates, np.ndarray]  # intervals, and truths that have their shape or are stretched to it


@dataclass(frozen=True)
class Told:
    """One line: a reading, and what its intervals are to hold; why they cover `less` or `more` than 95%, where that is known."""

    name: str
    estimand: str
    less: str = ""
    more: str = ""


@dataclass(frozen=True)
class Reading:
    """What one call gives: an interval and its truths for each line. `share` is the part of the sets that it is made on."""

    slug: str
    read: Callable[[BoundModel, Population, int], list[Found]]
    lines: tuple[Told, ...]
    share: float = 1


def permutation(repeats: int) -> Callable[[BoundModel, Population, int], list[Found]]:
    def read(bound: BoundModel, population: Population, seed: int) -> list[Found]:
        found = ti.permutation_importance(bound, bound.table, n_repeats=repeats)
        told = Estimates(found.importance, found.stderr, found.ci_low, found.ci_high)
        return [(told, population.importance)]

    return read


def derivatives(bound: BoundModel, population: Population, seed: int) -> list[Found]:
    return [(ti.coefficients(bound, bound.table).estimates, population.derivatives[:, None])]


@cache
def others(case: Case, block: int) -> ti.Table:
    """Backgrounds of so many sets, which are read at once."""
    seeds = range(block * TOGETHER, (block + 1) * TOGETHER)
    return table(np.concatenate([case.others(np.random.default_rng([seed, 1]), BACKGROUND) for seed in seeds]))


def expected_gradients(bound: BoundModel, population: Population, seed: int) -> list[Found]:
    block, place = divmod(seed, TOGETHER)
    backs = others(population.case, block).take(place * BACKGROUND + np.arange(BACKGROUND))
    found = ti.gradient_importance(bound, bound.table, method="expected_gradients", background=backs, seed=seed)
    return [(found.mean(), population.gradients_along[:, None])]


@cache
def given(population: Population) -> ti.Table:
    return table(population.background)


def shapley_given(bound: BoundModel, population: Population, seed: int) -> list[Found]:
    found = ti.shapley_values(bound, bound.table, given(population), seed=seed)
    return [(found.mean(), population.shapley[:, None])]


def shapley_drawn(bound: BoundModel, population: Population, seed: int) -> list[Found]:
    """Rows and background come from one population: each column's mean is zero."""
    found = ti.shapley_values(bound, bound.table, BACKGROUND, seed=seed)
    return [(found.mean(), np.zeros((1, 1)))]


def curves(points: int) -> Callable[[BoundModel, Population, int], list[Found]]:
    """Each kind of curve at its inner points and at its ends, the least and the greatest value of the rows."""

    def read(bound: BoundModel, population: Population, seed: int) -> list[Found]:
        places = population.case.columns
        found = ti.effects(bound, bound.table, columns=[f"x{j + 1}" for j in places], grid=points, seed=seed).curves
        made = []
        for kind in ("pdp", "effect", "ale"):
            for at in (slice(1, -1), [0, -1]):
                parts, truths = [], []
                for j, one in zip(places, found, strict=True):
                    values, truth = population.curve(kind, j)
                    told = getattr(one, kind)
                    parts.append([getattr(told, name)[at, 0] for name in ("value", "stderr", "low", "high")])
                    truths.append(np.interp(np.array(one.values, dtype=float)[at], values, truth))
                made.append((Estimates(*np.concatenate(parts, axis=1)), np.concatenate(truths)))
        return made

    return read


RISE = "rise in loss, in the population"
MEAN = "mean score of the population with the column set to the value"
CENTRED, ALE = "partial dependence minus its mean over the population", "accumulated local effect"
DRAWS = "the sampling error of a drawn pair of rows is counted twice, once for each row; with more draws, this has no effect"
CHORDS = (
    "the coverage is too low for a skewed column; its last two points are far apart, and the curve is treated as straight "
    "between them"
)
WIDE = "the outer bins are wide, which distorts the ends of the curve; a finer grid would leave few rows in each bin"
LESS_OF = {
    ("effect", "inner points"): CHORDS,
    ("effect", "end points"): CHORDS,
    ("ale", "inner points"): CHORDS,
    ("ale", "end points"): WIDE,
}
GRIDS = POINTS, 12
READINGS = (
    Reading("permutation_10", permutation(10), (Told("permutation importance, 10 draws", RISE),)),
    Reading("permutation_1", permutation(1), (Told("permutation importance, 1 draw", RISE, more=DRAWS),)),
    Reading("derivative", derivatives, (Told("average derivative", "mean derivative over the population"),)),
    *(
        Reading(
            f"curves_{points}",
            curves(points),
            tuple(
                Told(f"{kind}, {where} of {points}", estimand, less=LESS_OF.get((kind, where), ""))
                for kind, estimand in (("pdp", MEAN), ("effect", CENTRED), ("ale", ALE))
                for where in ("inner points", "end points")
            ),
        )
        for points in GRIDS
    ),
    Reading(
        "expected_gradients",
        expected_gradients,
        (
            Told(
                "expected gradients, signed mean",
                "mean path integral from rows of another population, estimated with 50 of these rows",
            ),
        ),
    ),
    Reading(
        "shapley_given",
        shapley_given,
        (Told("Shapley values, signed mean", "mean over the population, for 50 fixed background rows"),),
    ),
    Reading(
        "shapley_drawn",
        shapley_drawn,
        (
            Told(
                "Shapley values, signed mean",
                "mean over the population with the population as background, estimated with 50 background rows",
            ),
        ),
    ),
)
