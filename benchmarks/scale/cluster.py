"""Rows per second of the sums over all rows: one single-threaded Dask worker process compared with two.

    flock LOCK python -m benchmarks.scale.cluster [--rows 2000000] [--folder DIR] [--all-rows]

The rows are Adult's (see `rows`), without a split, so that every row is evaluated. Each worker reads its row groups itself. The
workers import everything and receive the models before the clock starts. Bar: two workers process 1.8 times as many rows per
second as one, on two free cores. The load of the machine is printed as well, and so are the processor seconds per row, which
depend less on other work. The command exits with 1 if the bar is missed.

`--all-rows` adds permutation importance and effect curves of all rows. Bar: 1.4 times.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import joblib
from distributed import Client, LocalCluster

import tabinterp as ti
from benchmarks.adult import adult, fitted
from tabinterp.analyses.settings import AuditSettings
from tabinterp.auditing.streaming import sweep
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.models import bind

from .kept import keep
from .rows import write

BARS = {False: 1.8, True: 1.4}  # without and with --all-rows
ASKED = {"target": "income", "positive": ">50K"}


def used() -> float:
    """Processor seconds of a worker."""
    return time.process_time()


def measured(workers: int, network: ti.Model, path: Path, all_rows: bool) -> tuple[float, float]:
    """Rows per second of the clock, and processor microseconds of the workers for each row; the second of two runs."""
    scan = ti.scan_table(path, **ASKED, rows=5_000)
    both = bind(network, scan.sample)
    pair = both, bind(fit_counterpart(both, scan.sample), scan.sample)
    how = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**how) as cluster, Client(cluster) as client:
        engine = ti.dask_engine(client)
        for _ in range(2):
            before, start = sum(client.run(used).values()), time.perf_counter()
            sweep(*pair, scan, engine=engine, settings=AuditSettings(all_rows=all_rows))
            seconds = time.perf_counter() - start
            spent = sum(client.run(used).values()) - before
    return len(scan) / seconds, 1e6 * spent / len(scan)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, default=2_000_000)
    ask.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    ask.add_argument("--all-rows", action="store_true")
    asked = ask.parse_args()
    bar = BARS[asked.all_rows]
    kept, path = asked.folder / "network.joblib", asked.folder / f"adult-{asked.rows}.parquet"
    if not kept.exists():
        joblib.dump(fitted(adult()), kept)
    if not path.exists():
        write(path, asked.rows)
    network = ti.wrap(joblib.load(kept))
    found = {workers: measured(workers, network, path, asked.all_rows) for workers in (1, 2)}
    times = found[2][0] / found[1][0]
    lines = [[str(n), f"{speed:,.0f}", f"{micro:.1f}"] for n, (speed, micro) in found.items()]
    lines.append(["2 relative to 1", f"{times:.2f} times (bar: {bar})", ""])
    keep("cluster_all_rows" if asked.all_rows else "cluster", ["workers", "rows per second", "CPU µs per row"], lines)
    for line in lines:
        print(" | ".join(line))
    print(f"load of the machine: {os.getloadavg()}, {os.cpu_count()} cores")
    sys.exit(times < bar)


if __name__ == "__main__":
    main()
