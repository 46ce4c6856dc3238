"""Compare regional effects with effector's on one network and the same rows: ratio of times.

    python -m benchmarks.regional_effects [--rows 1000] [--columns 14]        needs effector

The model is a network 128-64 with large random weights on normally distributed columns. Both compute the curves of all columns at
20 points, and one split of each curve by any other column at 19 values. effector's PDP gets the fastest function available, the
layers in single precision on an array, and is asked for the same points and one split (`find_regions` with `Best(max_depth=1)`).
We also evaluate each split on the other half of the rows, with intervals. Both run on one thread and are warmed up, and the times
are the best of three. Bar: we are not slower than effector.
"""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version

import effector
import numpy as np
import pandas as pd
import torch
from torch import nn

import tabinterp as ti
from benchmarks.adult import timed
from tabinterp.analyses.regional_effects.estimator import POINTS, regional_effects
from tabinterp.models import bind

BAR, RUNS = 1.0, 3


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, default=1000)
    ask.add_argument("--columns", type=int, default=14)
    asked = ask.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(asked.columns, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1))
    with torch.no_grad():
        network[0].weight *= 3  # so that there are interactions
    x = np.random.default_rng(0).normal(size=(asked.rows, asked.columns))
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(asked.columns)])
    table = ti.read_table(frame.assign(y=x[:, 0]), target="y", task="regression")
    bound = bind(ti.wrap(network, encoder="passthrough", task="regression"), table)

    def function(rows: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.as_tensor(rows, dtype=torch.float32))[:, 0].numpy()

    effector.helpers.NOF_INTERNAL_POINTS = POINTS
    finder = effector.space_partitioning.Best(
        max_depth=1, heter_small_enough=0.0, numerical_features_grid_size=20, min_samples_leaf=asked.rows // 10
    )

    def theirs() -> dict[str, object]:
        return effector.PDP(x, function, nof_instances="all").find_regions(features="all", finder=finder)

    regional_effects(bound, table, columns=["x0"])
    seconds, found = timed(lambda: regional_effects(bound, table, rows=asked.rows), RUNS)
    peer, _ = timed(theirs, RUNS)
    splits = sum(one.split is not None for one in found.effects)
    print(f"{asked.rows:,} rows, {asked.columns} columns, {POINTS} points; {splits} splits")
    print("| | seconds |\n|---|---|")
    print(f"| tabinterp | {seconds:.3f} |\n| effector {version('effector')} | {peer:.3f} |")
    print(f"ratio {seconds / peer:.3f} (bar: at most {BAR:.0f})")
    return 0 if seconds <= BAR * peer else 1


if __name__ == "__main__":
    sys.exit(main())
