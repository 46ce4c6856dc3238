"""Seconds for the whole verdict on two of the bundled tables: is the gain real, and what is it made of?

    python -m benchmarks.gain [--show]

Bars, on two cores and with the reference network already trained: on Adult (48,842 rows), at most 40 s for `ti.decompose` and
`ti.ladder` together and 60 s for everything; on German credit (1,000 rows), 8 s and 10 s. `--show` prints the results. The
command exits with 1 if a bar is missed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tabinterp as ti
from tabinterp.analyses.boosted_trees.estimator import boosted
from tabinterp.analyses.calibration.estimator import calibration
from tabinterp.analyses.decision_curve.estimator import decisions
from tabinterp.analyses.disagreement.estimator import disagreement
from tabinterp.analyses.performance.estimator import compare
from tabinterp.analyses.recalibration.estimator import recalibrated
from tabinterp.analyses.settings import decision_policy as policy
from tabinterp.models import bind

ROOT = Path(__file__).parents[1]
TABLES: dict[str, tuple[tuple[float, float], dict[str, Any]]] = {
    "german_credit.csv": ((8.0, 10.0), {"target": "credit_risk", "positive": "bad", "split": 0.25, "stratify": True}),
    "adult.csv.gz": ((40.0, 60.0), {"target": "income", "positive": ">50K", "split": "split", "drop": ["fnlwgt"]}),
}


def verdict(name: str, bars: tuple[float, float], asked: dict[str, Any], show: bool) -> bool:
    """Time every step; whether a bar is missed."""
    table, seconds = ti.read_table(ROOT / "datasets" / name, **asked), {}
    trained = ti.train(table)
    network, linear = bind(trained.networks[0], table), bind(trained.counterpart, table)
    held = np.flatnonzero(table.held_out)
    pair = network.take(held), linear.take(held)

    def timed(step: str, run: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        found = run()
        seconds[step] = time.perf_counter() - start
        print(f"| {name} | {step} | {seconds[step]:.1f} | |")
        return found

    found = timed("performance", lambda: compare(*pair, held_out=True))
    timed("recalibration", lambda: recalibrated(*pair, found))
    timed("decisions", lambda: decisions(*pair, policy((1, 5), None, "binary"), held_out=True))
    trees = timed("boosted trees", lambda: boosted(network, found.margin))
    timed("calibration", lambda: [calibration(bound) for bound in (network, linear)])
    split = timed("decompose", lambda: ti.decompose(network, table))
    ladder = timed("ladder", lambda: ti.ladder(network, table))
    timed("disagreement", lambda: disagreement(network, linear))
    took = seconds["decompose"] + seconds["ladder"], sum(seconds.values())
    for step, one, bar in zip(("decompose and ladder", "all"), took, bars, strict=True):
        print(f"| {name} | {step} | {one:.1f} | {bar:.0f} |")
    if show:
        frames = found.frame().round(4), split.frame().round(4), ladder.frame().round(5)
        print(*(frame.to_string() for frame in frames), trees, sep="\n")
    return took[0] > bars[0] or took[1] > bars[1]


def main() -> int:
    print("| table | step | seconds | bar |\n|---|---|---|---|")
    missed = [
        verdict(name, *given, "--show" in sys.argv) for name, given in TABLES.items()
    ]  # all of them, missed or not
    return int(any(missed))


if __name__ == "__main__":
    sys.exit(main())
