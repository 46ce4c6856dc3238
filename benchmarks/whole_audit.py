"""A whole audit: seconds, peak memory, the benefit of a second core, and the cost of several classes.

    python -m benchmarks.whole_audit [--runs 5] [--what adult demo classes]

- *adult*: a default audit of Adult (48,842 rows, a multilayer perceptron 128-64) on one core and on two, compared in the same run
  with `sklearn.inspection.permutation_importance` of the same pipeline (20,000 rows, 10 repeats).
  Bars: at most 3 times scikit-learn's time; two cores take at most 0.6 of the time of one; at most 1.2 GB.
- *demo*: the audit of `tabinterp demo`. Bars: 30 seconds; two cores take at most 0.6 of the time of one.
- *classes*: 54,000 rows and 9 columns with 2, 4 and 8 classes. Bar: 8 classes take at most 3 times the time of 2.

Each measurement runs in its own process. Peak memory is the largest sum of the proportional set sizes of the process and its
workers, so that shared pages count once. Ratios are given as minimum, median and maximum over the runs. The command exits with 1
if a bar is missed in any run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from sklearn.inspection import permutation_importance

import tabinterp as ti
from benchmarks.adult import adult, fitted

DATA = Path(__file__).parents[1] / "datasets"
FRACTION_OF_PEER, FRACTION_OF_ONE_CORE, MEGABYTES, DEMO, CLASSES = 3.0, 0.6, 1_200.0, 30.0, 3.0


def of_adult() -> tuple[ti.Model, ti.Table]:
    """Adult and the network of the other benchmarks."""
    table = adult()
    return ti.wrap(fitted(table)), table


def of_demo() -> tuple[ti.Model, ti.Table]:
    """The table and the network of `tabinterp demo`."""
    entry = tomllib.loads((DATA / "tables.toml").read_text(encoding="utf-8"))["default_of_credit_card_clients"]
    settings = {name: entry[name] for name in ("target", "positive", "adverse", "drop", "protected", "kinds")}
    table = ti.read_table(DATA / entry["file"], labels=ti.codebook(str(DATA / entry["labels"])).plain(), **settings)
    return ti.train(table, seed=0).networks[0], table


def of_classes(count: int, rows: int = 54_000, columns: int = 9, seed: int = 0) -> tuple[ti.Model, ti.Table]:
    """A table whose target depends on products and thresholds, and a network trained on it."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    hidden = np.tanh(x @ rng.normal(size=(columns, 12)))
    scores = 1.5 * hidden @ rng.normal(size=(12, count)) + rng.gumbel(size=(rows, count))
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(columns)])
    frame["y"] = np.array([f"class {i}" for i in range(count)])[scores.argmax(axis=1)]
    positive = {"positive": "class 1"} if count == 2 else {}
    table = ti.read_table(frame, target="y", split=0.25, **positive)
    return ti.train(table, seed=0).networks[0], table


def peer() -> float:
    """Seconds of scikit-learn's permutation importance of the pipeline."""
    table = adult()
    pipeline = fitted(table)
    rows = table.take(np.arange(20_000))
    start = time.perf_counter()
    permutation_importance(
        pipeline, rows.inputs, rows.frame["income"], scoring="neg_log_loss", n_repeats=10, random_state=0
    )
    return time.perf_counter() - start


class Memory:
    """The largest memory, in megabytes, of this process and its children while the block runs."""

    def __enter__(self) -> Memory:
        self.peak, self._stopped = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(0.25):
            me = os.getpid()
            children = Path(f"/proc/{me}/task/{me}/children").read_text(encoding="ascii").split()
            self.peak = max(self.peak, sum(_proportional(one) for one in [str(me), *children]))


def _proportional(process: str) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:  # it has ended
        return 0.0
    return sum(float(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def measured(make: Callable[[], tuple[ti.Model, ti.Table]], jobs: int) -> dict[str, Any]:
    """Seconds and peak memory of an audit, and the seconds of its parts."""
    model, table = make()
    with Memory() as memory:
        start, used = time.perf_counter(), sum(os.times()[:4])
        audit = ti.audit(model, table, jobs=jobs)
        seconds, cpu = time.perf_counter() - start, sum(os.times()[:4]) - used
    return {"seconds": seconds, "cpu": cpu, "megabytes": memory.peak, "parts": audit.run["seconds"]}


ONE: dict[str, Callable[[int], Any]] = {
    "peer": lambda _: peer(),
    "adult": lambda jobs: measured(of_adult, jobs),
    "demo": lambda jobs: measured(of_demo, jobs),
    **{f"classes-{count}": lambda jobs, count=count: measured(lambda: of_classes(count), jobs) for count in (2, 4, 8)},  # type: ignore[misc]
}


def one(what: str, jobs: int) -> Any:
    """One measurement, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.whole_audit", "--one", what, "--jobs", str(jobs)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def row(name: str, values: list[float], bar: float | None, unit: str = "") -> bool:
    """Print a line of the table; return whether the bar was missed in any run."""
    low, middle, high = (f"{value:.3g}{unit}" for value in (min(values), median(values), max(values)))
    print(f"| {name} | {low} | {middle} | {high} | {'' if bar is None else f'at most {bar:g}{unit}'} |", flush=True)
    return bar is not None and max(values) > bar


def parts(name: str, audit: dict[str, Any]) -> None:
    """Write the longest parts of an audit to standard error."""
    longest = sorted(audit["parts"].items(), key=lambda item: -item[1])[:14]
    print(f"{name}: " + ", ".join(f"{part} {seconds:.1f}" for part, seconds in longest), file=sys.stderr)


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--runs", type=int, default=5)
    ask.add_argument("--what", nargs="+", choices=["adult", "demo", "classes"], default=["adult", "demo", "classes"])
    ask.add_argument("--one", choices=ONE, help=argparse.SUPPRESS)
    ask.add_argument("--jobs", type=int, default=2, help=argparse.SUPPRESS)
    asked = ask.parse_args()
    if asked.one:
        print(json.dumps(ONE[asked.one](asked.jobs)))
        return 0
    missed = False
    print("| | minimum | median | maximum | bar |\n|---|---|---|---|---|")
    for what in [name for name in asked.what if name != "classes"]:
        single, double, peers = [], [], []
        for _ in range(asked.runs):
            single.append(one(what, 1))
            double.append(one(what, 2))
            peers += [one("peer", 1)] if what == "adult" else []
        parts(f"{what}, one core", single[-1])
        parts(f"{what}, two cores", double[-1])
        alone, both = ([audit["seconds"] for audit in audits] for audits in (single, double))
        row(f"{what}: one core", alone, None, " s")
        missed |= row(f"{what}: two cores", both, DEMO if what == "demo" else None, " s")
        row(f"{what}: processor time, one core", [audit["cpu"] for audit in single], None, " s")
        row(f"{what}: processor time, two cores", [audit["cpu"] for audit in double], None, " s")
        missed |= row(
            f"{what}: two cores / one", [b / a for a, b in zip(alone, both, strict=True)], FRACTION_OF_ONE_CORE
        )
        memory = [audit["megabytes"] for audit in double]
        missed |= row(f"{what}: peak memory, two cores", memory, MEGABYTES if what == "adult" else None, " MB")
        if peers:
            row("scikit-learn's permutation importance", peers, None, " s")
            ratio = [b / p for b, p in zip(both, peers, strict=True)]
            missed |= row("adult: two cores / scikit-learn", ratio, FRACTION_OF_PEER)
    if "classes" in asked.what:
        took: dict[int, list[float]] = {2: [], 4: [], 8: []}
        for _ in range(asked.runs):
            for count, seconds in took.items():
                audit = one(f"classes-{count}", 2)
                seconds.append(audit["seconds"])
                parts(f"{count} classes", audit)
        for count, seconds in took.items():
            row(f"{count} classes", seconds, None, " s")
        missed |= row("8 classes / 2", [b / a for a, b in zip(took[2], took[8], strict=True)], CLASSES)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
