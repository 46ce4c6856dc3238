"""Many columns: permutation importance of 2,000 columns with a first layer of 512 units, and a whole audit.

    python -m benchmarks.scale.wide [--columns 2000] [--rows 20000] [--what permutation audit]

The columns are drawn from a normal distribution with a correlation of .5 between neighbours, and the target depends on 20 of
them. The weights of the network (512-64-1) are drawn, and those of the 20 columns are larger. Each measurement runs in its own
process, and peak memory is its resident set size. Seconds are wall-clock time. The sum over all threads is given as well, which
is more reliable on a machine that does other work. Bars: permutation importance of all columns within 300 seconds on two cores,
and at most 4 GB. The command exits with 1 if a bar is missed. The results are kept for docs/scale.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import torch

import tabinterp as ti

from .kept import keep

UNITS = 512
WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
BARS = {("permutation", 2000): (300.0, 4_000.0), ("audit", 300): (180.0, 6_000.0), ("audit", 2000): (480.0, 6_000.0)}


def table(rows: int, columns: int, seed: int = 0) -> ti.Table:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, columns))
    x[:, 1:] = (x[:, 1:] + 0.577 * x[:, :-1]) / 1.155
    drive = x[:, :20] @ np.linspace(1, 0.1, 20) + x[:, 0] * x[:, 1]
    frame = pd.DataFrame(x, columns=[f"x{i:04}" for i in range(columns)])
    frame["y"] = np.where(drive + draw.logistic(size=rows) > 0, "yes", "no")
    return ti.read_table(frame, target="y", split=0.5)


def network(columns: int, seed: int = 0) -> ti.Model:
    torch.manual_seed(seed)
    module = torch.nn.Sequential(
        torch.nn.Linear(columns, UNITS),
        torch.nn.ReLU(),
        torch.nn.Linear(UNITS, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 1),
    )
    with torch.no_grad():
        module[0].weight[:, 20:] *= 0.1
    return ti.wrap(module.eval(), encoder="passthrough", classes=["no", "yes"])


def permuted(rows: int, columns: int) -> dict[str, float]:
    ti.permutation_importance(network(columns), table(rows, columns))
    return {}


def audited(rows: int, columns: int) -> dict[str, float]:
    made = ti.audit(network(columns), table(rows, columns), progress=_told)
    page = made.to_html()
    return {"page MB": len(page.encode()) / 1e6} | made.run["seconds"]


def _told(step: str, share: float) -> None:
    print(f"{time.process_time():.0f} s {100 * share:.0f}% {step}", file=sys.stderr, flush=True)


WHAT = {"permutation": permuted, "audit": audited}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, default=20_000)
    ask.add_argument("--columns", type=int, nargs="+", default=[2000])
    ask.add_argument("--what", nargs="+", choices=WHAT, default=["permutation"])
    ask.add_argument("--one", help=argparse.SUPPRESS)
    asked = ask.parse_args()
    if asked.one:
        start = time.perf_counter()
        found = WHAT[asked.one](asked.rows, asked.columns[0])
        seconds, used = time.perf_counter() - start, [resource.getrusage(who) for who in WHO]
        of_all = sum(one.ru_utime + one.ru_stime for one in used)
        print(json.dumps([seconds, of_all, max(one.ru_maxrss for one in used) / 1024, found]))
        return
    missed, head = False, ["columns", "rows", "what", "seconds", "CPU seconds", "bar", "peak MB", "bar"]
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}", flush=True)
    for columns in asked.columns:
        for what in asked.what:
            command = [sys.executable, "-m", "benchmarks.scale.wide", "--one", what, "--rows", str(asked.rows)]
            done = subprocess.run([*command, "--columns", str(columns)], stdout=subprocess.PIPE, text=True, check=True)
            seconds, used, peak, found = json.loads(done.stdout.splitlines()[-1])
            bar, most = BARS.get((what, columns), (None, 6_000.0))
            missed |= (bar is not None and seconds > bar) or peak > most
            measured = [f"{seconds:.0f}", f"{used:.0f}", f"{bar or ''}", f"{peak:,.0f}", f"{most:,.0f}"]
            line = [f"{columns:,}", f"{asked.rows:,}", what, *measured]
            keep("wide", head, [line], key=3)
            print(f"| {' | '.join(line)} |", flush=True)
            for name, value in found.items():
                print(f"  {name}: {value:.1f}", file=sys.stderr)
    sys.exit(missed)


if __name__ == "__main__":
    main()
