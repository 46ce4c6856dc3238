"""Permutation importance beside scikit-learn's, on one pipeline in one run: ratio of times, and are they equal?

    python benchmarks/permutation.py [--rows 20000] [--repeats 10]

Adult (14 input columns with `fnlwgt`, a multilayer perceptron 128-64), log loss. Bars: at least 10 times faster than
`sklearn.inspection.permutation_importance` on the pipeline as users call it; at most 2 times the layers behind the first
alone, run as often, with binding included (the reading on a bound model is shown beside it); equal within the joint standard
errors (|z| < 4 for every column). Both are warmed up; times are the best of three for us and one run for scikit-learn.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.compose import make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import permutation_importance as peer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti
from tabinterp.models import bind

ROOT = Path(__file__).parents[1]
FASTER, LIMIT, Z = 10.0, 2.0, 4.0


def fitted(table: Any) -> Any:
    numeric = [c.name for c in table.schema.columns if c.role == "input" and c.kind == "numeric"]
    levels = [c.name for c in table.schema.columns if c.role == "input" and c.kind != "numeric"]
    encoder = make_column_transformer((StandardScaler(), numeric), (OneHotEncoder(handle_unknown="ignore"), levels))
    network = MLPClassifier((128, 64), early_stopping=True, max_iter=12, random_state=0)
    training = table.training_rows()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(encoder, network).fit(training.inputs, training.frame[table.schema.target])


def best(call: Callable[[], Any], runs: int) -> tuple[float, Any]:
    times, result = [], None
    for _ in range(runs):
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
    return min(times), result


def tail(bound: Any, passes: int) -> float:
    """Seconds for `passes` passes of the layers behind the first over all rows, in the same blocks."""

    def run() -> None:
        with torch.inference_mode():
            for _ in range(passes):
                for i in range(0, len(bound.z), 2048):
                    bound.rest(bound.z[i : i + 2048])

    run()
    return best(run, 3)[0]


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, default=20_000)
    ask.add_argument("--repeats", type=int, default=10)
    asked = ask.parse_args()
    table = ti.read_table(ROOT / "datasets" / "adult.csv.gz", target="income", positive=">50K", split="split")
    pipeline = fitted(table)
    rows = table.take(np.arange(min(asked.rows, len(table))))
    model = ti.wrap(pipeline)
    ti.permutation_importance(model, rows, n_repeats=1)
    ours, result = best(lambda: ti.permutation_importance(model, rows, n_repeats=asked.repeats), 3)
    y = rows.frame["income"]
    theirs, told = best(
        lambda: peer(pipeline, rows.inputs, y, scoring="neg_log_loss", n_repeats=asked.repeats, random_state=0), 1
    )
    passes = asked.repeats * len(result.players)
    bound = bind(model, rows)
    reading, _ = best(lambda: ti.permutation_importance(bound, rows, n_repeats=asked.repeats), 3)
    limit = tail(bound, passes)
    joint = np.sqrt(result.stderr**2 + told.importances_std**2 / asked.repeats)
    z = np.abs(result.importance - told.importances_mean) / np.maximum(joint, 1e-12)
    print(
        f"{len(rows):,} rows, {len(result.players)} columns, {asked.repeats} repeats, {torch.get_num_threads()} threads"
    )
    print("| | seconds | ratio | bar |\n|---|---|---|---|")
    print(f"| tabinterp | {ours:.2f} | | |")
    print(f"| scikit-learn | {theirs:.2f} | {theirs / ours:.1f} times ours | at least {FASTER:.0f} |")
    print(
        f"| tabinterp, the model already bound to the table | {reading:.2f} | {reading / limit:.2f} times the layers | |"
    )
    print(
        f"| layers behind the first, {passes} passes | {limit:.2f} | ours is {ours / limit:.2f} times | at most {LIMIT:.0f} |"
    )
    print(f"| largest abs(z) of the difference | | {z.max():.2f} | under {Z:.0f} |")
    return 0 if theirs / ours >= FASTER and ours / limit <= LIMIT and z.max() < Z else 1


if __name__ == "__main__":
    sys.exit(main())
