"""Seconds of `ti.reason_codes` for every declined row of Adult's test split, and its results.

    python -m benchmarks.reasons

The model is a multilayer perceptron 128-64 on 13 columns. A row is declined if the prediction is at most 50K. All measures are
computed: both models, the second seed, both scales, both references, integrated gradients, and moves. Bar: 60 s on two cores. The
command exits with 1 if it is missed.
"""

from __future__ import annotations

import sys

import torch

import tabinterp as ti
from benchmarks.adult import adult, fitted, timed
from tabinterp.models import bind

SECONDS = 60.0


def main() -> int:
    table = adult(drop=("fnlwgt",))
    model = ti.wrap(fitted(table))
    linear, test = ti.fit_counterpart(model, table), table.evaluation_rows()
    network, other = bind(model, test), bind(linear, test)
    seconds, found = timed(lambda: ti.reason_codes(network, other, test))
    print(found.frame().round(4).to_string())
    print(f"{found.rows:,} declined rows, {torch.get_num_threads()} threads: {seconds:.1f} s (bar: {SECONDS:.0f} s)")
    return int(seconds > SECONDS)


if __name__ == "__main__":
    sys.exit(main())
