"""Do 95% intervals cover 95%? The networks are fixed, sets of rows are drawn, and the true values of the population are known.

    python -m benchmarks.coverage [--sets 2000] [--only tanh/curves_20 shapley_given ...]
        [--kept counts.json] [--out docs/coverage.md]

The true value of every number is computed on a million rows without the package (`cases`, `designs`), or on 20,000 rows if
choices that a set makes are held fixed (`reliability`). Each simulation draws a set of rows and computes the intervals. The page
gives the share of intervals that contain the true value, over all numbers and for the numbers with the lowest and the highest
share, and the number of intervals that were withheld. Bar: 93% to 97% of the intervals that are given contain the true value.
Costly analyses use only part of the sets.

`--only` names parts ("tanh/curves_20"), networks, designs or analyses. `--kept` names a file with the counts of earlier runs. It
is updated after every few sets and used for the page, where a table is rewritten if the file has counts for it. The command exits
with 1 if an analysis misses the bar and its documentation does not say so.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.marked import rewrite

from .parts import DESIGNED, GIVEN, PARTS, Counted, Part
from .readings import Told

LOW, HIGH = 0.93, 0.97
ENOUGH = 1000  # sets, from which on a coverage outside the bar is no sampling error
OUT = Path(__file__).parents[2] / "docs" / "coverage.md"
HEAD = (
    "| {rows} | analysis | estimand | sets | numbers | covered | lowest | highest | withheld | |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)
SECTIONS = {"given": (GIVEN, "network"), "designs": (DESIGNED, "rows")}  # of the page


@dataclass
class Kept:
    """Slug of a part -> sets that were read, and for each of its lines and numbers how often an interval held the truth, and how
    often there was an interval."""

    sets: dict[str, int] = dataclasses.field(default_factory=dict)
    held: dict[str, list[list[float]]] = dataclasses.field(default_factory=dict)
    told: dict[str, list[list[float]]] = dataclasses.field(default_factory=dict)

    def add(self, slug: str, sets: int, found: list[Counted]) -> None:
        for kept, new in zip((self.held, self.told), zip(*found, strict=True), strict=True):
            before = kept.get(slug, [[0.0]] * len(new))
            kept[slug] = [(np.array(one) + more).tolist() for one, more in zip(before, new, strict=True)]
        self.sets[slug] = self.sets.get(slug, 0) + sets


@dataclass(frozen=True)
class Line:
    """`held` and `told` (numbers,): how many intervals held the truth, and how many there were, of `sets`."""

    name: str
    line: Told
    held: np.ndarray
    told: np.ndarray
    sets: int

    @property
    def covered(self) -> np.ndarray:
        """(numbers,) shares; of numbers that were always withheld none."""
        return self.held[self.told > 0] / self.told[self.told > 0]

    @property
    def verdict(self) -> str:
        """Of all numbers by the bar; of single ones with two standard errors of a share of so many intervals beside it.

        With fewer than 1,000 sets all numbers have two standard errors too, within which nothing is decided. Intervals that are
        given in few sets are judged like all others.
        """
        if not len(self.covered):
            return "withheld"
        reach = [2 * np.sqrt(bar * (1 - bar) / self.told[self.told > 0]) for bar in (LOW, HIGH)]
        mean = self.held.sum() / self.told.sum()
        outside = max(LOW - mean, mean - HIGH)
        bar = LOW if mean < LOW else HIGH
        if self.sets < ENOUGH and 0 < outside <= 2 * np.sqrt(bar * (1 - bar) / self.told.max()):
            return "undecided: too few sets"
        if mean < LOW or (self.covered < LOW - reach[0]).any():
            return "**misses**"
        return "conservative" if mean > HIGH or (self.covered > HIGH + reach[1]).any() else "holds"

    def row(self) -> str:
        shares = ["–"] * 3
        if len(self.covered):
            mean = self.held.sum() / self.told.sum()
            shares = [f"{share:.1%}" for share in (mean, self.covered.min(), self.covered.max())]
        why = {"**misses**": self.line.less, "conservative": self.line.more}.get(self.verdict, "")
        withheld = 1 - self.told.sum() / (self.sets * self.told.size)
        cells = [self.name, self.line.name, self.line.estimand, f"{self.sets:,}", str(self.told.size), *shares]
        return "| " + " | ".join([*cells, f"{withheld:.0%}", f"{self.verdict}: {why}" if why else self.verdict]) + " |"


def lines(part: Part, kept: Kept) -> list[Line]:
    """What is kept of a part: nothing, or each of its lines."""
    found = zip(part.lines, kept.held.get(part.slug, []), kept.told.get(part.slug, []), strict=False)
    count = kept.sets.get(part.slug, 0) * part.each
    return [Line(part.network, one, np.array(held), np.array(told), count) for one, held, told in found]


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--sets", type=int, default=2000)
    ask.add_argument("--only", nargs="*", default=[])
    ask.add_argument("--kept", type=Path)
    ask.add_argument("--out", type=Path, default=OUT)
    asked = ask.parse_args()
    names = {name for part in PARTS for name in part.names}
    if strange := set(asked.only) - names:
        ask.error(f"--only takes {', '.join(sorted(names))}; got {', '.join(sorted(strange))}")
    kept = Kept() if asked.kept is None or not asked.kept.exists() else Kept(**json.loads(asked.kept.read_text()))
    for part in PARTS:
        if asked.only and not part.names & set(asked.only):
            continue
        for first, count in part.blocks(kept.sets.get(part.slug, 0), asked.sets):
            kept.add(part.slug, count, part.count(first, count))
            if asked.kept is not None:
                asked.kept.write_text(json.dumps(dataclasses.asdict(kept)), encoding="utf-8")
        print("\n".join(line.row() for line in lines(part, kept)), flush=True)
    made = {name: [line for part in parts for line in lines(part, kept)] for name, (parts, _) in SECTIONS.items()}
    for name, found in made.items():
        if found:
            rewrite(asked.out, name, "\n".join([HEAD.format(rows=SECTIONS[name][1]), *(line.row() for line in found)]))
    return int(any(line.verdict == "**misses**" and not line.line.less for found in made.values() for line in found))


if __name__ == "__main__":
    sys.exit(main())
