"""Proofs of direction on networks 128-64: the share of columns that are proved or refuted, and the seconds for all columns.

    python -m benchmarks.monotonicity [--rows 5000] [--table NAME]

On each bundled table with one score, four networks are trained:

- one with ReLU and one with tanh, both without constraints;
- one that is monotone by construction: in the first layer, the weights of every numeric column are clipped to its direction, and
  all later weights are clipped to at least 0;
- one with a penalty on derivatives against the directions at random points of the domain (Liu, Han, Zhang & Liu 2020), which
  proves nothing.

Every numeric column is declared in the direction of its coefficient in the linear counterpart. Seconds are processor time on one
thread. Bar: over the four networks, at least 80% of the columns of each table are proved or refuted, within 60 seconds for all
columns of a network together.
"""

from __future__ import annotations

import argparse
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import Tensor, nn

import tabinterp as ti
from tabinterp.analyses.monotonicity.estimator import monotonicity
from tabinterp.models import bind

FOLDER = Path(__file__).parents[1] / "datasets"
SHARE, SECONDS = 0.8, 60.0
EPOCHS, BATCH = 20, 128
WAYS = ("relu", "tanh", "clipped", "penalty")


def tables(rows: int, only: str | None) -> Iterator[tuple[str, ti.Table]]:
    """The bundled tables with one score, at most this many of their rows."""
    for name, one in tomllib.loads((FOLDER / "tables.toml").read_text()).items():
        if one["task"] == "multiclass" or only not in (None, name):
            continue
        how = {key: one[key] for key in ("task", "target", "positive", "drop", "kinds") if key in one}
        table = ti.read_table(FOLDER / one["file"], **how)
        yield name, table.take(np.sort(np.random.default_rng(0).permutation(len(table))[:rows]))


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, default=5000)
    ask.add_argument("--table")
    asked = ask.parse_args()
    torch.set_num_threads(1)
    kept = True
    for name, table in tables(asked.rows, asked.table):
        total = answered = 0
        for way, model, directions in networks(table):
            bound = bind(model, table)
            start = time.process_time()
            answers = monotonicity(bound, table, directions).frame()["answer"].value_counts()
            seconds = time.process_time() - start
            counts = ", ".join(f"{answers.get(one, 0)} {one}" for one in ("proved", "refuted", "open"))
            print(f"{name:31} {way:8} {len(directions):2} columns: {counts}; {seconds:.1f} s", flush=True)
            total, answered = total + len(directions), answered + len(directions) - answers.get("open", 0)
            kept &= seconds <= SECONDS
        print(f"{name:31} answered: {answered} of {total} ({answered / total:.0%})", flush=True)
        kept &= answered >= SHARE * total
    return 0 if kept else 1


def networks(table: ti.Table) -> Iterator[tuple[str, ti.Model, dict[str, str]]]:
    """Networks trained in each way, and the direction of every numeric column in the linear counterpart."""
    numbers = [c for c in table.schema.inputs if table.schema[c].kind == "numeric"]
    others = [c for c in table.schema.inputs if c not in numbers]
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encoder = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers), (one_hot, others)
    ).fit(table.inputs)
    x = torch.as_tensor(np.asarray(encoder.transform(table.inputs)), dtype=torch.float32)
    y = torch.as_tensor(table.y, dtype=torch.float32)
    regression = table.schema.task == "regression"
    y = (y - y.mean()) / y.std() if regression else y
    how = {"task": "regression"} if regression else {"classes": list(table.schema.classes)}
    directions: dict[str, str] = {}
    for way in WAYS:
        signs = torch.tensor([1.0 if directions.get(c, "+") == "+" else -1.0 for c in numbers])
        model = ti.wrap(trained(x, y, regression, way, signs), encoder=encoder, **how)
        if not directions:
            linear = ti.fit_counterpart(model, table)
            rises = monotonicity(linear, table, dict.fromkeys(numbers, "+")).frame()
            directions = {
                c: "+" if a == "proved" else "-" for c, a in zip(rises["column"], rises["answer"], strict=True)
            }
        yield way, model, directions


def trained(x: Tensor, y: Tensor, regression: bool, way: str, signs: Tensor) -> nn.Sequential:
    """A network 128-64; the first encoded columns are the numbers, with these signs."""
    torch.manual_seed(0)
    act = nn.Tanh if way == "tanh" else nn.ReLU
    network = nn.Sequential(nn.Linear(x.shape[1], 128), act(), nn.Linear(128, 64), act(), nn.Linear(64, 1))
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    loss = nn.MSELoss() if regression else nn.BCEWithLogitsLoss()
    low, high = x.min(dim=0).values, x.max(dim=0).values
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            total = loss(network(x[rows])[:, 0], y[rows])
            if way == "penalty":
                some = (low + torch.rand(512, x.shape[1]) * (high - low)).requires_grad_(True)
                (slope,) = torch.autograd.grad(network(some).sum(), some, create_graph=True)
                total = total + 10 * (0.02 - slope[:, : len(signs)] * signs).clamp(min=0).square().mean()
            optimiser.zero_grad()
            total.backward()
            optimiser.step()
            if way == "clipped":
                with torch.no_grad():
                    first = network[0].weight[:, : len(signs)]
                    first.copy_((first * signs).clamp(min=0) * signs)
                    for layer in network[2::2]:
                        layer.weight.clamp_(min=0)
    return network


if __name__ == "__main__":
    sys.exit(main())
