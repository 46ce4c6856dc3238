"""Do 95% intervals cover 95%? Fixed networks, drawn sets of rows, and the values of the population they come from.

    python -m benchmarks.coverage [--sets 2000] [--only tanh/curves_20 shapley_given ...]
        [--kept counts.json] [--out docs/coverage.md]

The truth of every number is that of a million rows, computed without the package (`cases`). A set of rows is drawn anew each
time and read; told is the share of sets whose interval holds the truth, over all numbers and for the number that fares worst and
best. Bar: 93% to 97%. Costly readings are given a part of the sets. Half an hour on one core. `--only` names parts
("tanh/curves_20"), networks or readings; `--kept` holds what earlier runs counted, is added to after every few sets, and goes
into the table.
Exits 1 when a bar is missed by a reading of which it is not known (and said in its documentation).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .parts import PARTS, Part
from .readings import Told

LOW, HIGH = 0.93, 0.97
OUT = Path(__file__).parents[2] / "docs" / "coverage.md"
HEAD = (
    "| network | reading | estimand | sets | numbers | covered | lowest | highest | |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
WORDS = """# Coverage of the intervals

Written by `python -m benchmarks.coverage`. Each line: how many of the drawn sets of rows gave a 95% interval that holds the value
of the population (a million rows, computed without the package). Bar: 93% to 97%, also for the number that fares worst and the
one that fares best (two Monte Carlo errors allowed). *Conservative*: covers more than it says. *Misses*: covers less. Why either
is so is said beside it, and in the documentation of the result. The number of sets is each line's own.

"""


@dataclass
class Kept:
    """Slug of a part -> sets that were read, and for each of its lines how often each number's interval held the truth."""

    sets: dict[str, int] = dataclasses.field(default_factory=dict)
    held: dict[str, list[list[float]]] = dataclasses.field(default_factory=dict)

    def add(self, slug: str, sets: int, held: list[np.ndarray]) -> None:
        before = self.held.get(slug, [0.0] * len(held))
        self.held[slug] = [np.ravel(old + new).tolist() for old, new in zip(map(np.array, before), held, strict=True)]
        self.sets[slug] = self.sets.get(slug, 0) + sets


@dataclass(frozen=True)
class Line:
    network: str
    told: Told
    covered: np.ndarray  # (numbers,) shares
    sets: int

    @property
    def verdict(self) -> str:
        """Of all numbers by the bar; of single ones with two errors of a share of so many sets beside it."""
        reach = 2 * np.sqrt(HIGH * (1 - HIGH) / self.sets), 2 * np.sqrt(LOW * (1 - LOW) / self.sets)
        if self.covered.mean() < LOW or self.covered.min() < LOW - reach[1]:
            return "**misses**"
        return "conservative" if self.covered.mean() > HIGH or self.covered.max() > HIGH + reach[0] else "holds"

    def row(self) -> str:
        shares = [f"{share:.1%}" for share in (self.covered.mean(), self.covered.min(), self.covered.max())]
        why = {"**misses**": self.told.less, "conservative": self.told.more}.get(self.verdict, "")
        cells = [self.network, self.told.name, self.told.estimand, f"{self.sets:,}", str(self.covered.size)]
        return "| " + " | ".join([*cells, *shares, f"{self.verdict}: {why}" if why else self.verdict]) + " |"


def lines(part: Part, kept: Kept) -> list[Line]:
    """What is kept of a part: nothing, or each of its lines."""
    count = kept.sets.get(part.slug, 0) * part.each
    told = zip(part.lines, kept.held.get(part.slug, []), strict=False)
    return [Line(part.network, one, np.array(held) / count, count) for one, held in told]


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
    made = [line for part in PARTS for line in lines(part, kept)]
    asked.out.write_text(f"{WORDS}{HEAD}\n" + "\n".join(line.row() for line in made) + "\n", encoding="utf-8")
    return int(any(line.verdict == "**misses**" and not line.told.less for line in made))


if __name__ == "__main__":
    sys.exit(main())
