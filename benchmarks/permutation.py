"""Compare permutation importance with scikit-learn's on one pipeline in one run: times, values, and times at equal error.

    python -m benchmarks.permutation [--rows 20000] [--repeats 10] [--seeds 20]

The model is a multilayer perceptron 128-64 on Adult (14 input columns, including `fnlwgt`), with log loss. All are warmed up.
Each of five rounds runs every function once, and each ratio is given as the minimum, median and maximum over the rounds. Bars, in
every round:

- at least 15 times faster than `sklearn.inspection.permutation_importance` on the pipeline as users call it, with equally many
  repeats;
- at least 50 times faster at equal standard error, with two draws for each row. The squared standard error has two parts: the
  sampling of the rows, which is the same for both, and the random permutations. The second part is the variance over seeds, or
  over repeats of scikit-learn, divided by the first part and averaged over the columns. It shrinks with the number of repeats.
  The number of repeats with which scikit-learn has our error is computed from it, and its time is proportional to the repeats;
- at most 2 times the time of only the layers after the first, run equally often. Our time includes binding; the time of the
  analysis on a bound model is shown as well;
- values equal within the joint standard errors (|z| < 4 for every column).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.inspection import permutation_importance as peer

import tabinterp as ti
from benchmarks.adult import adult, fitted, in_turn, spread
from tabinterp.models import bind

FASTER, AT_EQUAL_ERROR, LIMIT, Z = 15.0, 50.0, 2.0, 4.0
DRAWS = (1, 2, 5, 10)
BARRED = 2  # the number of draws to which the bar at equal error applies
ROUNDS = 5
EXHAUSTIVE = 60  # repeats after which the permutations hardly add to the standard error


def tail(bound: Any, passes: int) -> None:
    """Run the layers behind the first `passes` times over all rows, in blocks as in the analysis."""
    with torch.inference_mode():
        for _ in range(passes):
            for i in range(0, len(bound.z), 2048):
                bound.rest(bound.z[i : i + 2048])


def drawing_error(model: Any, rows: ti.Table, draws: int, seeds: int, sampling: np.ndarray) -> float:
    """The variance over `seeds` seeds, divided by the `sampling` variance, averaged over the columns."""
    found = [ti.permutation_importance(model, rows, n_repeats=draws, seed=seed).importance for seed in range(seeds)]
    return float(np.mean(np.var(found, axis=0, ddof=1) / sampling))


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, default=20_000)
    ask.add_argument("--repeats", type=int, default=10)
    ask.add_argument("--seeds", type=int, default=20)
    asked = ask.parse_args()
    table = adult()
    pipeline = fitted(table)
    rows = table.take(np.arange(min(asked.rows, len(table))))
    model, y = ti.wrap(pipeline), rows.frame["income"]
    bound, repeats = bind(model, rows), asked.repeats
    passes = repeats * len(rows.schema.inputs)

    def ours(draws: int, what: Any = model) -> Any:
        return ti.permutation_importance(what, rows, n_repeats=draws)

    def theirs() -> Any:
        return peer(pipeline, rows.inputs, y, scoring="neg_log_loss", n_repeats=repeats, random_state=0)

    ours(1), tail(bound, 1)
    counts = dict.fromkeys([*DRAWS, repeats])
    tasks: dict[str, Callable[[], Any]] = {f"{n}": lambda n=n: ours(n) for n in counts}  # type: ignore[misc]
    tasks |= {"bound": lambda: ours(repeats, bound), "layers": lambda: tail(bound, passes), "scikit-learn": theirs}
    seconds, results = in_turn(tasks, ROUNDS)
    result, told, own = results[f"{repeats}"], results["scikit-learn"], seconds[f"{repeats}"]
    joint = np.sqrt(result.stderr**2 + told.importances_std**2 / repeats)
    z = np.max(np.abs(result.importance - told.importances_mean) / np.maximum(joint, 1e-12))
    faster, layers = seconds["scikit-learn"] / own, own / seconds["layers"]
    sampling = ours(EXHAUSTIVE).stderr ** 2
    one_repeat = float(np.mean(told.importances.var(axis=1, ddof=1) / sampling))
    print(f"{len(rows):,} rows, {len(result.players)} columns, {repeats} repeats, {ROUNDS} rounds", end=", ")
    print(f"{torch.get_num_threads()} threads")
    print("| | seconds (median) | ratio: minimum, median, maximum | bar |\n|---|---|---|---|")
    print(f"| tabinterp | {np.median(own):.2f} | | |")
    peers = np.median(seconds["scikit-learn"])
    print(f"| scikit-learn | {peers:.2f} | {spread(faster)} times ours | at least {FASTER:.0f} in every round |")
    print(f"| tabinterp, the model already bound to the table | {np.median(seconds['bound']):.2f} | | |")
    name = f"layers behind the first, {passes} passes"
    print(f"| {name} | {np.median(seconds['layers']):.2f} | ours is {spread(layers)} times | at most {LIMIT:.0f} |")
    print(f"| largest abs(z) of the difference | | {z:.2f} | under {Z:.0f} |")
    print(f"\nAt equal standard error ({asked.seeds} seeds):\n")
    print(
        "| draws | seconds (median) | standard error, with exhaustive draws 1 | repeats of scikit-learn with this error ",
        end="",
    )
    print("| times faster: minimum, median, maximum | bar |\n|---|---|---|---|---|---|")
    equal = {}
    for draws in DRAWS:
        drawing = drawing_error(model, rows, draws, asked.seeds, sampling)
        needed = one_repeat / drawing
        equal[draws] = needed * seconds["scikit-learn"] / repeats / seconds[f"{draws}"]
        bar = f"at least {AT_EQUAL_ERROR:.0f} in every round" if draws == BARRED else ""
        print(f"| {draws} | {np.median(seconds[f'{draws}']):.2f} | {np.sqrt(1 + drawing):.3f} | {needed:.1f} ", end="")
        print(f"| {spread(equal[draws])} | {bar} |")
    print(f"| scikit-learn, {repeats} repeats | {peers:.2f} | {np.sqrt(1 + one_repeat / repeats):.3f} | | | |")
    fast = faster.min() >= FASTER and equal[BARRED].min() >= AT_EQUAL_ERROR and np.median(layers) <= LIMIT
    return 0 if fast and z < Z else 1


if __name__ == "__main__":
    sys.exit(main())
