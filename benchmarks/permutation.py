"""Compare permutation importance with scikit-learn's on one pipeline in one run: times, values, and times at equal error.

    python -m benchmarks.permutation [--rows 20000] [--repeats 10] [--seeds 20]

The model is a multilayer perceptron 128-64 on Adult (14 input columns, including `fnlwgt`), with log loss. Bars:

- at least 15 times faster than `sklearn.inspection.permutation_importance` on the pipeline as users call it, with equally many
  repeats;
- at least 50 times faster at equal standard error, with two draws for each row. The squared standard error has two parts: the
  sampling of the rows, which is the same for both, and the random permutations. The second part is the variance over seeds, or
  over repeats of scikit-learn, divided by the first part and averaged over the columns. It shrinks with the number of repeats.
  The number of repeats with which scikit-learn has our error is computed from it, and its time is proportional to the repeats;
- at most 2 times the time of only the layers after the first, run equally often. Our time includes binding; the time of the
  analysis on a bound model is shown as well;
- values equal within the joint standard errors (|z| < 4 for every column).

Both are warmed up. Times are the best of three runs for us and one run for scikit-learn.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
import torch
from sklearn.inspection import permutation_importance as peer

import tabinterp as ti
from benchmarks.adult import adult, fitted, timed
from tabinterp.models import bind

FASTER, AT_EQUAL_ERROR, LIMIT, Z = 15.0, 50.0, 2.0, 4.0
DRAWS = (1, 2, 5, 10)
BARRED = 2  # the number of draws to which the bar at equal error applies
EXHAUSTIVE = 60  # repeats after which the permutations hardly add to the standard error


def tail(bound: Any, passes: int) -> float:
    """Seconds for `passes` passes of the layers behind the first over all rows, in the same blocks."""

    def run() -> None:
        with torch.inference_mode():
            for _ in range(passes):
                for i in range(0, len(bound.z), 2048):
                    bound.rest(bound.z[i : i + 2048])

    run()
    return timed(run, 3)[0]


def at_equal_error(
    model: Any, rows: ti.Table, theirs: Any, seconds: float, repeats: int, seeds: int
) -> dict[int, float]:
    """Print times and errors for several numbers of draws. Return how many times scikit-learn needs our time for our error.

    `theirs` is the result of scikit-learn with `repeats` repeats, which took `seconds`.
    """
    sampling = ti.permutation_importance(model, rows, n_repeats=EXHAUSTIVE).stderr ** 2
    one_repeat = float(np.mean(theirs.importances.var(axis=1, ddof=1) / sampling))
    print(
        "| draws | seconds | standard error, with exhaustive draws 1 | repeats of scikit-learn with this error | ratio | bar |"
    )
    print("|---|---|---|---|---|---|")
    ratios = {}
    for draws in DRAWS:
        ours = timed(lambda draws=draws: ti.permutation_importance(model, rows, n_repeats=draws), 3)[0]  # type: ignore[misc]
        found = [ti.permutation_importance(model, rows, n_repeats=draws, seed=seed) for seed in range(seeds)]
        drawing = float(np.mean(np.var([one.importance for one in found], axis=0, ddof=1) / sampling))
        needed = one_repeat / drawing
        ratios[draws] = needed * seconds / repeats / ours
        bar = f"at least {AT_EQUAL_ERROR:.0f}" if draws == BARRED else ""
        print(f"| {draws} | {ours:.2f} | {np.sqrt(1 + drawing):.3f} | {needed:.1f} | {ratios[draws]:.1f} | {bar} |")
    print(f"| scikit-learn, {repeats} repeats | {seconds:.2f} | {np.sqrt(1 + one_repeat / repeats):.3f} | | | |")
    return ratios


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, default=20_000)
    ask.add_argument("--repeats", type=int, default=10)
    ask.add_argument("--seeds", type=int, default=20)
    asked = ask.parse_args()
    table = adult()
    pipeline = fitted(table)
    rows = table.take(np.arange(min(asked.rows, len(table))))
    model = ti.wrap(pipeline)
    ti.permutation_importance(model, rows, n_repeats=1)
    ours, result = timed(lambda: ti.permutation_importance(model, rows, n_repeats=asked.repeats), 3)
    y = rows.frame["income"]
    theirs, told = timed(
        lambda: peer(pipeline, rows.inputs, y, scoring="neg_log_loss", n_repeats=asked.repeats, random_state=0), 1
    )
    passes = asked.repeats * len(result.players)
    bound = bind(model, rows)
    reading, _ = timed(lambda: ti.permutation_importance(bound, rows, n_repeats=asked.repeats), 3)
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
    print(f"\nAt equal standard error ({asked.seeds} seeds):")
    equal = at_equal_error(model, rows, told, theirs, asked.repeats, asked.seeds)[BARRED]
    return 0 if theirs / ours >= FASTER and equal >= AT_EQUAL_ERROR and ours / limit <= LIMIT and z.max() < Z else 1


if __name__ == "__main__":
    sys.exit(main())
