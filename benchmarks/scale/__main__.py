"""Memory and speed on tables larger than memory, compared with a plain forward pass of the same network over the same file.

    python -m benchmarks.scale [--rows 500000 2000000] [--what forward sweep scan audit] [--folder DIR]

Each measurement runs in its own process:

- forward: batches of 65,536 rows through the pipeline's own `predict_proba`;
- sweep: the analyses of both models that use all rows, in one pass (without a split, so that every row is evaluated);
- scan: the two passes that determine the schema and draw the sample;
- audit: a whole audit, with a quarter of the rows held out.

Peak memory is the resident set size of the process. Bars: the sweep reaches half the rows per second of the forward pass; an
audit uses at most 2 GB, and at 20 million rows at most 150 MB more than at 2 million. The results are kept for docs/scale.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import joblib
import pyarrow.dataset as ds

import tabinterp as ti
from benchmarks.adult import adult, fitted
from benchmarks.scale.kept import keep
from benchmarks.scale.rows import write
from tabinterp.auditing.streaming import sweep
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.models import bind
from tabinterp.table.readers import ROWS

HEAD = ["rows", "what", "seconds", "CPU seconds", "peak MB"]
ASKED = {"target": "income", "positive": ">50K", "protected": ["sex", "race"]}


Timed = tuple[float, float]  # seconds on the clock, and of all threads


def timed(call) -> Timed:
    start, used = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start, time.process_time() - used


def forward(path: Path, pipeline) -> Timed:
    columns = [*pipeline.feature_names_in_]

    def whole() -> None:
        for batch in ds.dataset(path).to_batches(columns=columns, batch_size=ROWS):
            pipeline.predict_proba(batch.to_pandas())

    return timed(whole)


def swept(path: Path, pipeline) -> Timed:
    scan = ti.scan_table(path, **ASKED, rows=5_000)
    network = bind(ti.wrap(pipeline), scan.sample)
    linear = bind(fit_counterpart(network, scan.sample), scan.sample)
    return timed(lambda: sweep(network, linear, scan))


def scanned(path: Path, pipeline) -> Timed:
    return timed(lambda: ti.scan_table(path, **ASKED, split=0.25))


def audited(path: Path, pipeline) -> Timed:
    return timed(lambda: ti.audit(ti.wrap(pipeline), ti.scan_table(path, **ASKED, split=0.25)))


WHAT = {"forward": forward, "sweep": swept, "scan": scanned, "audit": audited}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, nargs="+", default=[500_000, 2_000_000])
    ask.add_argument("--what", nargs="+", choices=WHAT, default=["forward", "sweep", "scan"])
    ask.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    ask.add_argument("--one", help=argparse.SUPPRESS)
    asked = ask.parse_args()
    kept = asked.folder / "network.joblib"
    if asked.one:
        used = WHAT[asked.one](asked.folder / f"adult-{asked.rows[0]}.parquet", joblib.load(kept))
        print(json.dumps([*used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        return
    asked.folder.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        joblib.dump(fitted(adult()), kept)
    print(f"| {' | '.join(HEAD)} |\n|---|---|---|---|---|", flush=True)
    for rows in asked.rows:
        path = asked.folder / f"adult-{rows}.parquet"
        if not path.exists():
            write(path, rows)
        for what in asked.what:
            command = [sys.executable, "-m", "benchmarks.scale", "--one", what]
            command += ["--rows", str(rows), "--folder", str(asked.folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            seconds, used, peak = json.loads(done.stdout.splitlines()[-1])
            line = [f"{rows:,}", what, f"{seconds:.1f}", f"{used:.1f}", f"{peak:,.0f}"]
            keep("memory", HEAD, [line], key=2)
            print(f"| {' | '.join(line)} |", flush=True)


if __name__ == "__main__":
    main()
