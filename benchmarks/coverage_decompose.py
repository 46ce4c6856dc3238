"""Do the 95% intervals of `ti.decompose` cover the exact shares? Many sets of rows are drawn for each of two formulas.

    python -m benchmarks.coverage_decompose [--sets 2000] [--rows 1000]

The formulas are Friedman-1 without noise (ten uniform columns, of which five are unused) and Ishigami (a = 7, b = 0.1). Their
shares have closed forms. Bar: for the linear part, curvature and interactions, the 95% intervals contain the true value in 93% to
97% of the sets. The mean estimate is printed as well, because it would show a bias of the fit. The command exits with 1 if a bar
is missed.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

import tabinterp as ti

LOW, HIGH = 0.93, 0.97


class Friedman(nn.Module):
    """10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5 (Friedman 1991)."""

    def forward(self, x: Tensor) -> Tensor:
        bent = 10 * torch.sin(torch.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
        return (bent + 10 * x[:, 3] + 5 * x[:, 4])[:, None]


class Ishigami(nn.Module):
    """sin x1 + 7 sin^2 x2 + x3^4 sin(x1) / 10 (Ishigami & Homma 1990)."""

    def forward(self, x: Tensor) -> Tensor:
        return (torch.sin(x[:, 0]) * (1 + 0.1 * x[:, 2] ** 4) + 7 * torch.sin(x[:, 1]) ** 2)[:, None]


CASES = {
    "Friedman-1": (Friedman(), 10, (0.0, 1.0), (0.7528, 0.1723, 0.0749)),
    "Ishigami": (Ishigami(), 3, (-np.pi, np.pi), (0.1908, 0.5655, 0.2437)),
}


def drawn(columns: int, ends: tuple[float, float], rows: int, seed: int) -> ti.Table:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(draw.uniform(*ends, (rows, columns)), columns=[f"x{i + 1}" for i in range(columns)])
    return ti.read_table(frame.assign(y=draw.normal(size=rows)), target="y", task="regression")


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--sets", type=int, default=2000)
    ask.add_argument("--rows", type=int, default=1000)
    asked = ask.parse_args()
    print(f"{asked.sets:,} sets of {asked.rows:,} rows; bar: {LOW:.0%} to {HIGH:.0%}", flush=True)
    print("| function | component | truth | mean estimate | covered |\n|---|---|---|---|---|")
    missed = False
    for name, (module, columns, ends, truth) in CASES.items():
        model = ti.wrap(module, encoder="passthrough", task="regression")
        found = []
        for seed in range(asked.sets):
            frame = ti.decompose(model, drawn(columns, ends, asked.rows, seed), seed=seed).frame()
            found.append(frame[["share", "ci_low", "ci_high"]].to_numpy()[:3])
        share, low, high = np.array(found).transpose(2, 0, 1)
        covered = ((low <= truth) & (truth <= high)).mean(axis=0)
        missed |= bool(((covered < LOW) | (covered > HIGH)).any())
        for i, component in enumerate(("linear", "curvature", "interactions")):
            print(f"| {name} | {component} | {truth[i]} | {share[:, i].mean():.4f} | {covered[i]:.1%} |", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
