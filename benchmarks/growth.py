"""How the seconds and the memory of an audit, and of each analysis, grow with rows, columns, hidden units and classes.

    python -m benchmarks.growth [--runs 2] [--jobs 2] [--what rows columns units classes] [--kept FILE] [--page]

One of the four is doubled several times while the others stay the same. Each audit runs in its own process, on one core. The
power b of x^b is estimated by least squares of log seconds on log x, with a 95% interval (t distribution). A fixed cost lowers
this power, so the growth over the last doubling is given too (as a power, without an interval). Bars for the power: 1.1 in rows,
1.3 in columns and 1.1 in classes. Analyses of pairs of columns have no bar in columns. An analysis is listed if it takes at least
half a second at the largest size. Memory is the peak proportional set size (PSS) of the process.

`--kept` names a JSON file with earlier measurements, to which this command adds. `--page` keeps the table for docs/scale.md,
which `python -m benchmarks.scale.page` writes, and draws its figure.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.compose import make_column_transformer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti
from benchmarks.scale.kept import replace
from benchmarks.whole_audit import Memory

FIGURE = Path(__file__).parents[1] / "docs" / "images" / "growth.png"
HEAD = ["quantity", "analysis", "at the largest size", "power (95% interval)", "last doubling", "bar"]
BARS = {"rows": 1.1, "columns": 1.3, "units": None, "classes": 1.1}
OF_PAIRS = {"interactions", "ladder"}  # with all pairs of columns
LEAST = 0.5  # seconds at the largest size, from which on an analysis is listed


@dataclass(frozen=True)
class Size:
    rows: int = 12_000
    columns: int = 12
    units: int = 64
    classes: int = 2


SIZES = {
    "rows": [Size(rows=n) for n in (6_000, 12_000, 24_000, 48_000, 96_000)],
    "columns": [Size(columns=n) for n in (6, 12, 24, 48, 96)],
    "units": [Size(units=n) for n in (32, 64, 128, 256)],
    "classes": [Size(classes=n) for n in (2, 4, 8, 16)],
}


def audited(size: Size, seed: int) -> tuple[ti.Model, ti.Table]:
    """A table, one third of whose columns have five levels, and a network that scikit-learn has trained on it."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(size.rows, size.columns))
    hidden = np.tanh(x @ rng.normal(size=(size.columns, 12)) / np.sqrt(size.columns / 6))
    scores = 1.5 * hidden @ rng.normal(size=(12, size.classes)) + rng.gumbel(size=(size.rows, size.classes))
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(size.columns)])
    levelled = list(frame.columns[::3])
    for column in levelled:
        frame[column] = np.array(list("abcde"))[np.digitize(frame[column], [-1, -0.3, 0.3, 1])]
    frame["y"] = np.array([f"class {i}" for i in range(size.classes)])[scores.argmax(axis=1)]
    positive = {"positive": "class 1"} if size.classes == 2 else {}
    table = ti.read_table(frame, target="y", split=0.25, **positive)
    encoder = make_column_transformer((OneHotEncoder(), levelled), remainder=StandardScaler())
    network = MLPClassifier((size.units, size.units // 2), max_iter=8, random_state=seed)
    training = table.training_rows()
    return ti.wrap(make_pipeline(encoder, network).fit(training.inputs, training.frame["y"])), table


def measured(size: Size, seed: int) -> dict[str, Any]:
    """Seconds of each part, their sum, and megabytes."""
    model, table = audited(size, seed)
    with Memory() as memory:
        seconds = ti.audit(model, table, jobs=1).run["seconds"]
    return {"whole audit": sum(seconds.values()), "memory": memory.peak, **seconds}


def in_process(size: Size, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.growth", "--one", json.dumps([asdict(size), seed])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {"size": asdict(size), "seed": seed, **json.loads(done.stdout.splitlines()[-1])}


@dataclass(frozen=True)
class Power:
    """The power of an analysis in one of the four; `last` is its growth over the last doubling."""

    what: str
    name: str
    power: float
    low: float
    high: float
    last: float
    largest: float

    @property
    def bar(self) -> float | None:
        if self.what == "columns" and self.name in OF_PAIRS:
            return None
        return BARS[self.what]

    @property
    def missed(self) -> bool:
        return self.bar is not None and self.power > self.bar

    def row(self) -> list[str]:
        unit = " MB" if self.name == "memory" else " s"
        bar = "–" if self.bar is None else f"{self.bar:g}{': **missed**' if self.missed else ''}"
        power = f"{self.power:.2f} ({self.low:.2f} to {self.high:.2f})"
        return [self.what, self.name.replace("_", " "), f"{self.largest:.3g}{unit}", power, f"{self.last:.2f}", bar]


def powers(what: str, kept: list[dict[str, Any]]) -> list[Power]:
    """The powers of the whole audit, of memory and of each analysis that takes long enough, steepest first."""
    sizes = [asdict(size) for size in SIZES[what]]
    runs = [run for run in kept if run["size"] in sizes]
    x = np.array([run["size"][what] for run in runs])
    found = []
    names = [name for name in runs[0] if name not in ("size", "seed")]
    for name in names:
        y = np.array([run.get(name, np.nan) for run in runs])
        largest = float(np.median(y[x == x.max()]))
        if not np.isfinite(y).all() or (y <= 0).any() or largest < LEAST:
            continue
        fit = stats.linregress(np.log(x), np.log(y))
        reach = stats.t.ppf(0.975, len(x) - 2) * fit.stderr
        ends = [float(np.median(y[x == at])) for at in sorted(set(x))[-2:]]
        found.append(
            Power(
                what, name, fit.slope, fit.slope - reach, fit.slope + reach, float(np.log2(ends[1] / ends[0])), largest
            )
        )
    first = [one for one in found if one.name in ("whole audit", "memory")]
    return [*first, *sorted((one for one in found if one not in first), key=lambda one: -one.power)]


def draw(kept: list[dict[str, Any]]) -> None:
    """Draw the whole audit and its five longest analyses against each of the four, on logarithmic axes."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(2, 2, figsize=(11, 6.5), layout="constrained")
    for what, ax in zip(SIZES, axes.flat, strict=True):
        sizes = [asdict(size) for size in SIZES[what]]
        runs = sorted((run for run in kept if run["size"] in sizes), key=lambda run: run["size"][what])
        by = {at: list(group) for at, group in groupby(runs, key=lambda run: run["size"][what])}
        longest = sorted(
            (n for n in runs[-1] if n not in ("size", "seed", "memory", "whole audit")), key=lambda n: -runs[-1][n]
        )
        for name in ["whole audit", *longest[:5]]:
            seconds = [np.median([run.get(name, np.nan) for run in group]) for group in by.values()]
            thick = 2.5 if name == "whole audit" else 1.2
            ax.plot(list(by), seconds, marker="o", linewidth=thick, markersize=3.5, label=name.replace("_", " "))
        ax.set(xscale="log", yscale="log", xlabel=what, ylabel="seconds on one core")
        ax.set_xticks(list(by), [f"{at:,}" for at in by])
        ax.minorticks_off()
        ax.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(FIGURE, dpi=130)


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--runs", type=int, default=2)
    ask.add_argument("--jobs", type=int, default=2, help="audits at the same time, each on one core")
    ask.add_argument("--what", nargs="+", choices=list(SIZES), default=list(SIZES))
    ask.add_argument("--kept", type=Path)
    ask.add_argument("--page", action="store_true")
    ask.add_argument("--one", help=argparse.SUPPRESS)
    asked = ask.parse_args()
    if asked.one:
        size, seed = json.loads(asked.one)
        print(json.dumps(measured(Size(**size), seed)))
        return 0
    kept = json.loads(asked.kept.read_text()) if asked.kept and asked.kept.exists() else []
    known = [(run["size"], run["seed"]) for run in kept]
    sizes = dict.fromkeys(size for what in asked.what for size in SIZES[what])
    left = [(size, seed) for seed in range(asked.runs) for size in sizes if (asdict(size), seed) not in known]
    with ThreadPoolExecutor(asked.jobs) as pool:
        for run in pool.map(lambda one: in_process(*one), left):
            kept.append(run)
            if asked.kept:
                asked.kept.write_text(json.dumps(kept), encoding="utf-8")
    found = [power for what in asked.what for power in powers(what, kept)]
    lines = [one.row() for one in found]
    for line in [HEAD, ["---"] * len(HEAD), *lines]:
        print(f"| {' | '.join(line)} |")
    if asked.page:
        replace("growth", HEAD, lines)
        draw(kept)
    return int(any(one.missed for one in found))


if __name__ == "__main__":
    sys.exit(main())
