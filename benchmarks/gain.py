"""Seconds of `ti.decompose` and `ti.ladder` together, on two of the bundled tables.

    python benchmarks/gain.py [--show]

Adult (48,842 rows): at most 40 s; German credit (1,000 rows): at most 8 s; on two cores, the reference network already
trained. `--show` prints both results. Exits 1 when a bar is missed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import tabinterp as ti

ROOT = Path(__file__).parents[1]
TABLES: dict[str, tuple[float, dict[str, Any]]] = {
    "german_credit.csv": (8.0, {"target": "credit_risk", "positive": "bad", "split": 0.25, "stratify": True}),
    "adult.csv.gz": (40.0, {"target": "income", "positive": ">50K", "split": "split", "drop": ["fnlwgt"]}),
}


def main() -> int:
    print("| table | decompose | ladder | together | bar |\n|---|---|---|---|---|")
    missed = False
    for name, (bar, asked) in TABLES.items():
        table = ti.read_table(ROOT / "datasets" / name, **asked)
        model = ti.train(table).networks[0]
        start = time.perf_counter()
        split = ti.decompose(model, table)
        between = time.perf_counter()
        ladder = ti.ladder(model, table)
        end = time.perf_counter()
        missed |= end - start > bar
        print(f"| {name} | {between - start:.1f} s | {end - between:.1f} s | {end - start:.1f} s | {bar:.0f} s |")
        if "--show" in sys.argv:
            print(split.frame().round(4).to_string(), ladder.frame().round(5).to_string(), sep="\n")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
