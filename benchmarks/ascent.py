"""Compare three ways to find optima in a Mahalanobis ball: column by column, by whitened gradient ascent, and by both.

    python -m benchmarks.ascent [--units 24] [--starts 32] [--seeds 2]

The models are multilayer perceptrons 128-64 on Adult (without `fnlwgt`) and German credit. The objectives are the pre-activations
of units of the second layer, and the score. The rows are held-out rows in the ball that contains 90% of them.

- *Search*: one column after another, then numeric columns along the gradient.
- *Whitened ascent* alone (`analyses/maximisation/mahalanobis_ascent.py`): as many steps as take the same number of passes as the
  search.
- *Both*, as in the package: 40 steps of the ascent from every second start, and then the search.

All three begin at the same starts, which are real rows in the ball. Scoring a batch of front outputs (outputs of the first
affine operations) counts as one pass, and differentiating it as three. The benchmark prints, over objectives, (best of all
starts - mean) / (best that any of the three found - mean). Bars: the mean of both together is at least that of the search, with
at most 1.15 times its passes.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

import tabinterp as ti
from benchmarks.adult import fitted
from tabinterp.analyses.maximisation import mahalanobis_ascent as ascent
from tabinterp.analyses.maximisation.estimator import starts_of
from tabinterp.analyses.maximisation.mahalanobis_ball import budget_of
from tabinterp.analyses.maximisation.objective_values import Reader, readers_of
from tabinterp.analyses.maximisation.search import climb, searched
from tabinterp.analyses.maximisation.search_space import domain_of
from tabinterp.analyses.maximisation.search_state import begin
from tabinterp.models import bind
from tabinterp.models.layers import layers_of
from tabinterp.stats.weights import deviation

DATA = Path(__file__).parents[1] / "datasets"
BALL, MORE = 0.9, 1.15
METHODS = ("search", "whitened ascent", "both")
Array = Any


@contextmanager
def counted() -> Iterator[list[int]]:
    """How many passes the readers make."""
    passes, own = [0], Reader.scored

    def scored(self: Reader, z: torch.Tensor, of: Array) -> torch.Tensor:
        passes[0] += z.shape[0] * z.shape[1] * (3 if z.requires_grad else 1)
        return own(self, z, of)

    Reader.scored = scored
    try:
        yield passes
    finally:
        Reader.scored = own


def asked(name: str, units: int, starts: int, seed: int) -> tuple[Array, Array, Array]:
    """(methods, objectives) best scores, (objectives,) means, (methods,) passes."""
    entry = tomllib.loads((DATA / "tables.toml").read_text(encoding="utf-8"))[name]
    drop = [*entry["drop"], "fnlwgt"] if name == "adult" else entry["drop"]
    split = entry.get("split", 0.25)
    table = ti.read_table(
        DATA / entry["file"], target=entry["target"], positive=entry["positive"], drop=sorted(set(drop)), split=split
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        bound = bind(ti.wrap(fitted(table)), table.evaluation_rows())
    layers = layers_of(bound)
    rng = np.random.default_rng(seed)
    chosen = rng.choice(layers[1].width, units, replace=False)
    objectives = [ti.unit(2, int(u)) for u in chosen] + [ti.output(), -ti.output()]
    domain = domain_of(bound, seed)
    ball = budget_of(domain, BALL)
    best, means, passes = [np.zeros((3, 0)), np.zeros(0), np.zeros(3)]
    for _, reader in readers_of(bound, layers, objectives):
        every = reader.every(bound.z)
        scale = deviation(every, None)
        first = begin(domain, reader, *starts_of(domain, every, ball, starts, seed))
        found, spent_on, steps = [], [], ascent.STEPS
        for method in METHODS:
            with counted() as spent:
                if method == "search":
                    found.append(searched(domain, reader, first, scale, ball))
                elif method == "both":
                    found.append(climb(domain, reader, first, scale, ball))
                else:
                    each = spent_on[0] / len(first.of) / (3 + ascent.SNAPS / steps)
                    ascent.STEPS = max(1, round(each / ascent.SNAPS)) * ascent.SNAPS
                    found.append(ascent.whitened(domain, reader, first, ball))
                    ascent.STEPS = steps
            spent_on.append(spent[0])
        tops = [[one.score[one.of == k].max() for k in range(every.shape[1])] for one in found]
        best = np.concatenate([best, np.array(tops)], axis=1)
        means = np.concatenate([means, every.mean(axis=0)])
        passes += spent_on
    return best, means, passes


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--units", type=int, default=24)
    ask.add_argument("--starts", type=int, default=32)
    ask.add_argument("--seeds", type=int, default=2)
    given, held = ask.parse_args(), True
    print(
        "| table | method | share of the best, mean | least | within 1% of the best | passes |\n|---|---|---|---|---|---|"
    )
    for name in ("adult", "german_credit"):
        made = [asked(name, given.units, given.starts, seed) for seed in range(given.seeds)]
        best, means = np.concatenate([one[0] for one in made], axis=1), np.concatenate([one[1] for one in made])
        share, passes = (best - means) / (best.max(axis=0) - means), sum(one[2] for one in made)
        for method, row, count in zip(METHODS, share, passes, strict=True):
            near = f"{(row >= 0.99).mean():.0%}"
            print(f"| {name} | {method} | {row.mean():.4f} | {row.min():.4f} | {near} | {count:,.0f} |", flush=True)
        held &= bool(share[2].mean() >= share[0].mean() and passes[2] <= MORE * passes[0])
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
