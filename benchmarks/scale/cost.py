"""Seconds and memory as functions of rows, columns, units and classes: measured on small tables, and extrapolated to large ones.

    python -m benchmarks.scale.cost [--folder DIR]

Each measurement runs in its own process: the two passes that prepare a scan, one Newton step of the counterpart, and the sums of
both models over all rows. Seconds are summed over all threads (core seconds), so that other work on the machine matters little.
The terms of the model follow from the arithmetic. Their factors are estimated by least squares of the relative errors, with none
below zero, and the remaining errors are reported. The results are kept for docs/scale.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from scipy.optimize import nnls

import tabinterp as ti
from tabinterp.auditing.streaming import sweep
from tabinterp.linear import counterpart
from tabinterp.linear import streamed_newton as newton
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.models import bind
from tabinterp.models.encoding import encoded_by
from tabinterp.table.executors import in_turn

from .kept import keep

GROUP = 100_000
BITS = 2  # of memory for each row: which side of the split it is on, once in pieces and once together
PASSES = 5  # Newton steps from the fit to the drawn rows: assumed


class Case(NamedTuple):
    """`columns` are encoded columns, `outputs` 1 for two classes."""

    rows: int
    columns: int
    units: int
    classes: int

    @property
    def outputs(self) -> int:
        return 1 if self.classes == 2 else self.classes


CASES = [
    Case(100_000, 10, 32, 2),
    Case(300_000, 10, 32, 2),
    Case(100_000, 100, 32, 2),
    Case(100_000, 100, 256, 2),
    Case(100_000, 30, 512, 2),
    Case(100_000, 10, 32, 5),
    Case(100_000, 60, 128, 4),
    Case(200_000, 30, 64, 3),
]
Terms = Callable[[Case], list[float]]  # of a row, or of the whole
MODELS: dict[str, tuple[str, list[str], Terms]] = {
    "scan": ("µs per row", ["1", "columns"], lambda c: [1, c.columns]),
    "newton": (
        "µs per row",
        ["1", "columns", "columns² × outputs²"],
        lambda c: [1, c.columns, c.columns**2 * c.outputs**2],
    ),
    "sweep": (
        "µs per row",
        ["1", "columns × outputs", "columns × units × (1 + outputs)"],
        lambda c: [1, c.columns * c.outputs, c.columns * c.units * (1 + c.outputs)],
    ),
    "memory": ("MB", ["1", "columns", "columns × outputs"], lambda c: [1, c.columns, c.columns * c.outputs]),
}
STATED = [
    Case(20_000_000, 108, 128, 2),
    Case(100_000_000, 108, 128, 2),
    Case(1_000_000_000, 108, 128, 2),
    Case(100_000_000, 20, 64, 2),
    Case(1_000_000_000, 20, 64, 2),
    Case(100_000_000, 108, 128, 5),
]


def write(path: Path, case: Case, seed: int = 0) -> None:
    writer, names = None, [f"x{i}" for i in range(case.columns)]
    for first in range(0, case.rows, GROUP):
        draw = np.random.default_rng([seed, first])
        x = draw.normal(size=(min(GROUP, case.rows - first), case.columns))
        y = np.argmax(x[:, :1] * np.arange(case.classes) + draw.gumbel(size=(len(x), case.classes)), axis=1)
        part = pa.table([*x.T, np.array([f"class {i}" for i in range(case.classes)])[y]], names=[*names, "y"])
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part)
    if writer is not None:
        writer.close()


def measured(path: Path, case: Case) -> dict[str, float]:
    """Core seconds of each part, and peak MB."""
    seconds, start = {}, time.process_time()

    def lap(name: str) -> None:
        nonlocal start
        seconds[name], start = time.process_time() - start, time.process_time()

    scan = ti.scan_table(path, target="y", rows=5_000)
    lap("scan")
    torch.manual_seed(0)
    layers = torch.nn.Linear(case.columns, case.units), torch.nn.ReLU(), torch.nn.Linear(case.units, case.outputs)
    module = torch.nn.Sequential(*layers).eval()
    network = bind(ti.wrap(module, encoder="passthrough", classes=list(scan.schema.classes)), scan.sample)
    linear = bind(fit_counterpart(network, scan.sample), scan.sample)
    width = case.columns
    plan = newton.Plan(scan.schema.task, np.zeros(width), np.ones(width), 1.0, np.zeros((case.outputs, width + 1)))
    coded = counterpart.Coded(encoded_by(None, scan.sample.inputs, None), width, "linear")
    lap("")
    in_turn(scan, "training", counterpart._encoded, counterpart._newton_sums, (coded, plan), newton.merge)
    lap("newton")
    sweep(network, linear, scan)
    lap("sweep")
    seconds["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return seconds


def fitted(name: str, found: list[tuple[Case, dict[str, float]]]) -> tuple[np.ndarray, float]:
    """Factors of the terms, and the root mean square of what is left, as a share of what was measured."""
    unit, _, terms = MODELS[name]
    at = np.array([terms(case) for case, _ in found], dtype=float)
    y = np.array([one[name] / (case.rows / 1e6 if unit == "µs per row" else 1) for case, one in found])
    factors, _ = nnls(at / y[:, None], np.ones(len(y)))
    return factors, float(np.sqrt(np.mean((at @ factors / y - 1) ** 2)))


def stated(case: Case, factors: dict[str, np.ndarray]) -> tuple[float, float]:
    """Core seconds of what takes all rows (a scan, Newton steps, the sums), and MB without the drawn rows."""
    row = {name: float(np.dot(MODELS[name][2](case), factors[name])) for name in MODELS}
    return case.rows / 1e6 * (row["scan"] + PASSES * row["newton"] + row["sweep"]), row[
        "memory"
    ] + case.rows * BITS / 8e6


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    ask.add_argument("--one", type=int, help=argparse.SUPPRESS)
    asked = ask.parse_args()
    path = asked.folder / "cost.parquet"
    if asked.one is not None:
        print(json.dumps(measured(path, CASES[asked.one])))
        return
    found = []
    for i, case in enumerate(CASES):
        write(path, case)
        command = [sys.executable, "-m", "benchmarks.scale.cost", "--one", str(i), "--folder", str(asked.folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found.append((case, json.loads(done.stdout.splitlines()[-1])))
        print(case, found[-1][1], flush=True)
    path.unlink()
    factors, lines = {}, []
    for name, (unit, words, _) in MODELS.items():
        factors[name], left = fitted(name, found)
        formula = " + ".join(
            f"{f:.3g} × {w}" if w != "1" else f"{f:.3g}" for f, w in zip(factors[name], words, strict=True) if f
        )
        lines.append([name, unit, formula, f"{100 * left:.0f}%"])
    keep("cost", ["part", "unit", "fitted", "residual (RMS)"], lines)
    told = []
    for case in STATED:
        seconds, memory = stated(case, factors)
        told.append(
            [
                f"{case.rows:,}",
                str(case.columns),
                str(case.units),
                str(case.classes),
                f"{seconds / 3600:.1f}",
                f"{memory:,.0f}",
            ]
        )
    keep("stated", ["rows", "encoded columns", "units", "classes", "core hours", "MB"], told, key=4)
    for line in [*lines, *told]:
        print(" | ".join(line))


if __name__ == "__main__":
    main()
