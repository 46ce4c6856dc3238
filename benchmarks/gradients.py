"""Compare integrated gradients with captum's on one network in one run: ratio of times for equally many gradients per row.

    python -m benchmarks.gradients [--rows 2000]        needs captum

The model is a multilayer perceptron 128-64 on Adult (14 columns, 108 encoded), and the baseline is the mean of the rows. We
refine the path of each row until its completeness gap is below 0.001. The number of steps for captum is our average number of
gradients, rounded up. captum gets the fastest forward function available: the layers in single precision on encoded rows, with
the best of three batch sizes. Both are warmed up, our model is already bound to its table, and every time is the best of five,
in turns. Bars: not slower than captum; a gap below 0.001.
"""

from __future__ import annotations

import argparse
import copy
import sys
from typing import Any

import numpy as np
import torch
from captum.attr import IntegratedGradients

import tabinterp as ti
from benchmarks.adult import adult, fitted, timed
from tabinterp.models import bind

RATIO, GAP, ROUNDS = 1.0, 1e-3, 5
BATCHES = (2_048, 16_384, None)  # rows times steps that captum evaluates at once; None: all


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, default=2_000)
    asked = ask.parse_args()
    table = adult()
    model, test = ti.wrap(fitted(table)), table.evaluation_rows()
    bound = bind(model, test.take(np.arange(min(asked.rows, len(test)))))
    network = copy.deepcopy(bound.module).float()
    x = torch.as_tensor(bound.x).float()
    mean = x.mean(dim=0, keepdim=True)
    peer = IntegratedGradients(network)

    def ours() -> Any:
        return ti.gradient_importance(bound, bound.table)

    result = ours()
    steps = int(np.ceil(result.evaluations.mean()))

    def theirs(batch: int | None) -> Any:
        return peer.attribute(x, mean, target=0, n_steps=steps, method="riemann_middle", internal_batch_size=batch)

    batch = min(BATCHES, key=lambda size: timed(lambda: theirs(size))[0])
    times = [(timed(ours)[0], timed(lambda: theirs(batch))[0]) for _ in range(ROUNDS)]
    our_time, their_time = (min(one[i] for one in times) for i in (0, 1))
    rise = bound.scores[:, 0] - network(mean).item()
    given = theirs(batch).detach().numpy()
    gap = float(np.max(np.abs(given.sum(axis=1) - rise)) / np.abs(rise).mean())
    members = [given[:, bound.encoding.blocks[c]].sum(axis=1) for c in bound.columns]
    apart = np.abs(np.column_stack(members) - result.values[:, :, 0]).max() / np.abs(rise).mean()
    print(f"Adult, {len(x):,} rows, {x.shape[1]} encoded columns, {torch.get_num_threads()} threads")
    print("| | seconds | gradients a row | completeness gap |\n|---|---|---|---|")
    print(f"| tabinterp | {our_time:.3f} | {result.evaluations.mean():.0f} on average | {result.gap:.5f} |")
    print(f"| captum IntegratedGradients | {their_time:.3f} | {steps} | {gap:.5f} |")
    ratio = their_time / our_time
    print(
        f"captum takes {ratio:.2f} times as long (bar: at least {RATIO:.0f}); largest difference {apart:.5f} of a score"
    )
    return 0 if ratio >= RATIO and result.gap < GAP and apart < 20 * GAP else 1


if __name__ == "__main__":
    sys.exit(main())
