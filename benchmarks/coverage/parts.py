"""The parts of the benchmark: each counts for how many of its sets the interval contains the true value.

Sets are numbered. A given number always stands for the same rows, whichever other sets are used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from benchmarks.truth.functions import table, wrapped
from tabinterp.models import BoundModel, bind

from .cases import CASES, Case, Population
from .designed import BOUND_READINGS, DESIGN_READINGS, BoundReading, DesignReading
from .designs import DESIGNS, Design, sets, world
from .designs import drawn as drawn_of
from .gained import GAINED, SIZES, Gained
from .readings import READINGS, TOGETHER, Found, Reading, Told
from .reliability import RELIANCE_READINGS, RelianceReading
from .sampling import EXPLAINED, PAIRS, WAYS, pair_numbers, sampled_values

ROWS = 400  # of a set
FEW = (
    "if only a few background rows differ from the explained row in a column (capital gain), there are equally few "
    "independent draws"
)
SPOKEN = (
    "a variance is estimated for only every fourth pair of rows and is also used for the other pairs, with a third of the "
    "degrees of freedom"
)
BLOCKS = "there are few blocks of rows, and low estimates have low standard errors"


Counted = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Part:
    """`count` takes the number of the first set and how many there are, and gives for each line, (numbers,) each, how often an
    interval held the truth and how often there was one, of `each` times as many. `share` is the part of the sets that it is made
    on, `block` how many between savings.
    """

    slug: str
    network: str
    lines: tuple[Told, ...]
    count: Callable[[int, int], list[Counted]]
    share: float = 1
    block: int = TOGETHER
    each: int = 1

    @property
    def names(self) -> set[str]:
        return {self.slug, *self.slug.split("/")}

    def blocks(self, done: int, sets: int) -> Iterator[tuple[int, int]]:
        """First set and number of sets of each block that is not done yet."""
        end = max(4, int(sets * self.share))
        while done < end:
            count = min(self.block - done % self.block, end - done)
            yield done, count
            done += count


@cache
def population(case: Case) -> Population:
    return Population(case)


@cache
def drawn(case: Case, first: int, count: int) -> list[BoundModel]:
    """The model on one set of rows after another; they meet it at once."""
    model = wrapped(case.module, case.task)
    draws = [np.random.default_rng([5, number]) for number in range(first, first + count)]
    x = np.concatenate([case.draw(rng, ROWS) for rng in draws])
    scores = np.split(bind(model, table(x, task=case.task)).scores[:, 0], count)
    y = np.concatenate([case.outcome(rng, one) for rng, one in zip(draws, scores, strict=True)])
    whole = bind(model, table(x, y, case.task))
    return [whole.take(np.arange(i * ROWS, (i + 1) * ROWS)) for i in range(count)]


def read(case: Case, reading: Reading, first: int, count: int) -> list[Counted]:
    whole = population(case)
    return counted(reading.read(bound, whole, seed) for seed, bound in enumerate(drawn(case, first, count), first))


def read_design(design: Design, reading: DesignReading, first: int, count: int) -> list[Counted]:
    made = world(design)
    return counted(reading.read(design, *one, made) for one in sets(design, first, count))


def read_bound(design: Design, reading: BoundReading, first: int, count: int) -> list[Counted]:
    made = world(design)
    return counted(reading.read(network, made) for network, _ in drawn_of(design, first, count))


def read_reliance(design: Design, reading: RelianceReading, first: int, count: int) -> list[Counted]:
    made = world(design)
    return counted(reading.read(design, number, made) for number in range(first, first + count))


def counted(sets: Iterable[list[Found]]) -> list[Counted]:
    """Line by line, (numbers,) each: how many intervals held the truth, and how many there were.

    An interval may reach to infinity, where an analysis gives one end alone.
    """
    held: list[np.ndarray] = []
    told: list[np.ndarray] = []
    for found in sets:
        for i, (one, truth) in enumerate(found):
            low, high, value = np.broadcast_arrays(one.low, one.high, truth)
            if i == len(held):
                held, told = [*held, np.zeros(low.size)], [*told, np.zeros(low.size)]
            held[i] += np.ravel((low <= value) & (value <= high))
            told[i] += np.ravel(~(np.isnan(low) | np.isnan(high)))
    return list(zip(held, told, strict=True))


GIVEN = (
    *(
        Part(f"{case.slug}/{reading.slug}", case.name, reading.lines, partial(read, case, reading), reading.share)
        for case in CASES
        for reading in READINGS
    ),
    *(
        Part(
            f"adult/shapley_{slug}",
            "Adult, 12 columns",
            (
                Told(
                    f"Shapley values, {name}",
                    f"value of a row, for 100 fixed background rows ({EXPLAINED} rows per seed)",
                    less=FEW,
                    more=SPOKEN,
                ),
            ),
            partial(sampled_values, slug),
            0.1,
            10,
            EXPLAINED,
        )
        for slug, (name, _) in WAYS.items()
    ),
    *(
        Part(
            f"{slug}/interactions",
            f"{name}, formula",
            (Told("interactions", "share of variance, variance and Shapley index of a pair", less=BLOCKS),),
            partial(pair_numbers, name),
            0.5,
            50,
        )
        for slug, name in PAIRS.items()
    ),
)


def read_gained(one: Gained, rows: int, first: int, count: int) -> list[Counted]:
    return counted(one.read(rows, first, count))


DESIGNED = (
    *(
        Part(
            f"{design.slug}/{reading.slug}",
            design.name,
            reading.lines,
            partial(read_design, design, reading),
            reading.share,
            reading.block,
        )
        for reading in DESIGN_READINGS
        for design in DESIGNS
    ),
    *(
        Part(f"{design.slug}/{reading.slug}", design.name, reading.lines, partial(read_bound, design, reading), 1, 50)
        for reading in BOUND_READINGS
        for design in DESIGNS
    ),
    *(
        Part(f"n{rows}/{one.slug}", f"{rows:,} rows", one.lines, partial(read_gained, one, rows), one.share, one.block)
        for one in GAINED
        for rows in SIZES
    ),
    *(
        Part(
            f"{design.slug}/{reading.slug}",
            design.name,
            reading.lines,
            partial(read_reliance, design, reading),
            reading.share,
            reading.block,
        )
        for reading in RELIANCE_READINGS
        for design in reading.designs
    ),
)
PARTS = (*GIVEN, *DESIGNED)
