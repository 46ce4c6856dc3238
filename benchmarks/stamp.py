"""How often are real rows marked `unreadable`? The rows that are judged are not among the reference rows, on two tables.

    python -m benchmarks.stamp [--draws 8]

According to the rule of `analyses/maximisation/typicality.py`, the share is 1%. Each draw takes a given number of reference rows,
and 1,500 other rows to be judged (fewer if there are fewer). Bar: each mean differs from 1% by at most three standard errors over
draws plus 0.25%, because the rule is discrete. Only the encoder of the network matters here.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

import tabinterp as ti
from benchmarks.adult import fitted
from tabinterp.analyses.maximisation.typicality import LEVEL, typicality
from tabinterp.models import bind

DATA = Path(__file__).parents[1] / "datasets"
CASES = (("adult", 2_000), ("adult", 250), ("german_credit", 500), ("german_credit", 250))
JUDGED, SLACK = 1_500, 0.0025


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--draws", type=int, default=8)
    draws, held = ask.parse_args().draws, True
    print("| table | rows of the reference | stamped | standard error |\n|---|---|---|---|")
    for name, size in CASES:
        entry = tomllib.loads((DATA / "tables.toml").read_text(encoding="utf-8"))[name]
        how = {"target": entry["target"], "positive": entry["positive"], "drop": entry["drop"]}
        table = ti.read_table(DATA / entry["file"], **how, split=entry.get("split", 0.25))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = ti.wrap(fitted(table))
        bound = bind(model, ti.read_table(DATA / entry["file"], **how))  # no row is held out: all are drawn from
        rng, rates = np.random.default_rng(0), []
        for draw in range(draws):
            rows = rng.permutation(len(bound.table))
            judged = bound.table.take(np.sort(rows[size : size + JUDGED])).inputs
            rates.append(float(typicality(bound.take(np.sort(rows[:size])), judged, draw).unreadable.mean()))
        mean, error = float(np.mean(rates)), float(np.std(rates, ddof=1) / np.sqrt(draws))
        print(f"| {name} | {size:,} | {mean:.2%} | {error:.2%} |", flush=True)
        held &= abs(mean - LEVEL) <= 3 * error + SLACK
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
