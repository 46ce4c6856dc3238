"""Compare the sampling of Shapley values with newer estimators at equal numbers of network evaluations.

    python -m benchmarks.shapley_sampling [--rows 8] [--repeats 5] [--only 12 23 100]
        needs shapiq 1.8 or later (Python 3.12 or later), xgboost and lightgbm

Three networks 128-64 are explained, each with 100 background rows: on Adult (12 columns), on the credit card data (23 columns)
and on a synthetic table (100 columns with interactions of two and three columns). The other estimators, all from shapiq, are
Kernel SHAP with paired sampling, Leverage SHAP (Musco & Witter 2025), regression-adjusted sampling (RegressionMSR with boosted
trees; Witter, Liu & Musco 2025), PolySHAP and OddSHAP (Fumagalli et al. 2026). They estimate the mean of the games of all
background rows, so one of their coalitions costs 100 network evaluations. Our estimator evaluates each coalition with one
background row, which stays the same for a whole permutation.

Each budget is the number of evaluations that our estimator needs with 1, 4 or 16 permutations per pair of rows. Errors are root
mean square differences from the true values, in standard deviations of the score. With 12 columns, the true values are enumerated
here from the network's scores. With more columns, they are the mean of many runs of our estimator with 512 permutations each,
whose standard error is printed.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from math import comb
from typing import Any

import numpy as np
import pandas as pd
import shapiq
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tabinterp as ti
from benchmarks.adult import PATH, adult, fitted
from tabinterp.analyses.shapley_values.estimator import background_rows
from tabinterp.models import bind

BACKGROUND, TRUTHS, PERMUTATIONS = 100, 4, (1, 4, 16)
Game = Callable[[np.ndarray], np.ndarray]

ESTIMATORS: dict[str, Callable[[int, int], Any]] = {
    "Kernel SHAP, paired": lambda d, seed: shapiq.KernelSHAP(d, pairing_trick=True, random_state=seed),
    "Leverage SHAP": lambda d, seed: shapiq.approximator.LeverageSHAP(d, random_state=seed),
    "RegressionMSR": lambda d, seed: shapiq.approximator.RegressionMSR(d, "SV", random_state=seed),
    "PolySHAP, order 2": lambda d, seed: shapiq.approximator.PolySHAP(d, max_order=2, random_state=seed),
    "OddSHAP": lambda d, seed: shapiq.approximator.OddSHAP(d, random_state=seed),
}


def credit_cards() -> ti.Table:
    path = PATH.with_name("default_of_credit_card_clients.csv.gz")
    target = pd.read_csv(path, nrows=1).columns[-1]
    return ti.read_table(path, target=target, positive="1", drop=["ID"])


def synthetic(columns: int = 100, rows: int = 6_000) -> ti.Table:
    """A table with two classes, whose log-odds contain main effects and interactions of two and three columns."""
    random = np.random.default_rng(0)
    x = random.standard_normal((rows, columns))
    score = x @ (random.standard_normal(columns) * np.exp(-np.arange(columns) / 15))
    for order in (2, 3):
        for _ in range(30):
            score += 0.7 * np.tanh(x[:, random.choice(columns // 2, order, replace=False)]).prod(axis=1)
    y = random.random(rows) < 1 / (1 + np.exp(-score))
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(columns)]).assign(y=np.where(y, "yes", "no"))
    return ti.read_table(frame, target="y", positive="yes")


def network(table: ti.Table) -> Any:
    if table.schema.target == "income":
        return fitted(table)
    rows = table.training_rows()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = make_pipeline(
            StandardScaler(), MLPClassifier((128, 64), early_stopping=True, max_iter=30, random_state=0)
        )
        return model.fit(rows.inputs, rows.frame[table.schema.target])


def game(bound: Any, row: int, backs: np.ndarray) -> Game:
    """Return the mean game of the background rows: coalitions (m, columns) -> mean scores (m,)."""
    parts = torch.stack([bound.part((c,)) for c in bound.columns], dim=1)  # rows, columns, units

    def value(coalitions: np.ndarray) -> np.ndarray:
        masks = torch.as_tensor(np.atleast_2d(coalitions).astype(np.float32))
        total = np.zeros(len(masks))
        with torch.inference_mode():
            for b in backs:
                total += bound.rest(bound.z[b] + masks @ (parts[row] - parts[b]))[:, 0].double().numpy()
        return total / len(backs)

    return value


def enumerated(value: Game, columns: int) -> np.ndarray:
    """Return the Shapley values of a game by their definition, over all 2^columns coalitions."""
    subsets = np.arange(1 << columns)
    masks = (subsets[:, None] >> np.arange(columns)) & 1
    scores, size = value(masks), masks.sum(axis=1)
    weight = np.array([1 / (columns * comb(columns - 1, s)) for s in range(columns)])
    out = []
    for j in range(columns):
        without = subsets[masks[:, j] == 0]
        out.append(float(weight[size[without]] @ (scores[without | 1 << j] - scores[without])))
    return np.array(out)


def compare(table: ti.Table, count: int, repeats: int) -> None:
    rows = table.evaluation_rows().take(np.arange(400))
    bound = bind(ti.wrap(network(table)), rows)
    backs, columns, sd = background_rows(rows, BACKGROUND, 0), len(bound.columns), float(bound.scores.std())
    chosen = np.setdiff1d(np.arange(len(rows)), backs)[:count]
    few, background = rows.take(chosen), rows.take(backs)

    def ours(permutations: int, seed: int) -> Any:
        return ti.shapley_values(bound, few, background, "permutation", n_permutations=permutations, seed=seed)

    games = [game(bound, int(row), backs) for row in chosen]
    np.testing.assert_allclose([g(np.ones(columns))[0] for g in games], bound.scores[chosen, 0], atol=1e-3)
    if columns <= 12:
        truth, doubt = np.array([enumerated(g, columns) for g in games]), 0.0
    else:
        runs = [ours(512, 1000 + i) for i in range(TRUTHS)]
        truth = np.mean([run.values[:, :, 0] for run in runs], axis=0)
        doubt = float(np.sqrt(np.mean([run.stderr**2 for run in runs]) / TRUTHS)) / sd
    print(f"\n{columns} columns, {len(chosen)} rows, {repeats} repeats; standard error of the true values {doubt:.1e}")
    for permutations in PERMUTATIONS:
        runs = [ours(permutations, seed) for seed in range(repeats)]
        evaluations = float(np.mean([run.evaluations for run in runs]))
        reference = float(np.mean([(run.values[:, :, 0] - truth) ** 2 for run in runs]))
        print(f"\n{permutations} permutation(s) per pair, {evaluations:,.0f} evaluations per row")
        print("| estimator | error / sd | squared error / ours |\n|---|---|---|")
        print(f"| tabinterp | {reference**0.5 / sd:.5f} | 1 |", flush=True)
        budget = int(evaluations / BACKGROUND)
        for name, build in ESTIMATORS.items():
            try:
                found = [[estimate(build(columns, seed), g, budget, columns) for g in games] for seed in range(repeats)]
            except ValueError as error:
                print(f"| {name} | refused: {str(error).splitlines()[0][:80]} | |", flush=True)
                continue
            squared = float(np.mean(np.square(np.array(found) - truth)))
            print(f"| {name} | {squared**0.5 / sd:.5f} | {squared / reference:.1f} |", flush=True)


def estimate(estimator: Any, value: Game, budget: int, columns: int) -> np.ndarray:
    values = estimator.approximate(budget, value)
    return np.array([values[(j,)] for j in range(columns)])


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, default=8)
    ask.add_argument("--repeats", type=int, default=5)
    ask.add_argument("--only", type=int, nargs="+", choices=(12, 23, 100), default=[12, 23, 100])
    asked = ask.parse_args()
    warnings.filterwarnings("ignore", module="shapiq|sklearn|lightgbm")
    warnings.filterwarnings("ignore", message="The least-squares system is underdefined")
    tables = {12: lambda: adult(drop=("fnlwgt", "education")), 23: credit_cards, 100: synthetic}
    for columns in asked.only:
        compare(tables[columns](), asked.rows, asked.repeats)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
