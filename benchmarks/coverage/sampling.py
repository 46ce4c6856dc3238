"""Intervals that do not describe the drawing of rows: those for sampled coalitions, and those for blocks of rows."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti
from benchmarks.truth.functions import VARIANCE, table, wrapped
from tabinterp.models import bind

ADULT = Path(__file__).parents[2] / "datasets" / "adult.csv.gz"
EXPLAINED, BACKGROUND = 48, 100
ROUNDING = 1e-6
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "one": ("1 permutation", {"method": "permutation", "n_permutations": 1}),
    "two": ("2 permutations", {"method": "permutation", "n_permutations": 2}),
    "auto": ("auto", {"method": "auto"}),
}
PAIRS = {"friedman": "Friedman-1", "ishigami": "Ishigami"}


def fitted(rows: ti.Table) -> Pipeline:
    numeric = [c.name for c in rows.schema.columns if c.role == "input" and c.kind == "numeric"]
    levels = [c.name for c in rows.schema.columns if c.role == "input" and c.kind != "numeric"]
    encoder = make_column_transformer((StandardScaler(), numeric), (OneHotEncoder(handle_unknown="ignore"), levels))
    network = MLPClassifier((64, 32), early_stopping=True, max_iter=8, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(encoder, network).fit(rows.inputs, rows.frame[rows.schema.target])


@cache
def explained() -> tuple[ti.Model, ti.Table, ti.Table, np.ndarray]:
    """A network on Adult, rows, the rows they are compared with, and their values by enumeration (rows, columns)."""
    whole = ti.read_table(ADULT, target="income", positive=">50K", split="split", drop=["fnlwgt", "education"])
    test = whole.evaluation_rows()
    rows, backs = test.take(np.arange(EXPLAINED)), test.take(np.arange(500, 500 + BACKGROUND))
    model = ti.wrap(fitted(whole.training_rows().take(np.arange(8000))))
    return model, rows, backs, ti.shapley_values(model, rows, backs, "exact").values[:, :, 0]


def sampled_values(way: str, first: int, seeds: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Shapley values of rows of Adult against the enumeration: intervals over rows and seeds that hold it, (columns,)."""
    model, rows, backs, exact = explained()
    held = np.zeros(exact.shape)
    for seed in range(first, first + seeds):
        told = ti.shapley_values(model, rows, backs, seed=seed, **WAYS[way][1]).interval()
        held += (told.low[:, :, 0] - ROUNDING <= exact) & (exact <= told.high[:, :, 0] + ROUNDING)
    return [(held.sum(axis=0), np.full(held.shape[1], float(seeds * len(held))))]


def pair_numbers(name: str, first: int, sets: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Sobol index, variance and Shapley index of the one pair of a formula: intervals over drawn sets of 1,000 rows that hold
    them, (3,)."""
    function = VARIANCE[name]
    pair, share = function.pair
    truth = np.array([share, share * function.variance, share * function.variance])
    model, held = wrapped(function.module()), np.zeros(3)
    for seed in range(first, first + sets):
        bound = bind(model, table(function.rows(1000, 10_000 + seed)))
        read = ti.interactions(bound, bound.table, top=1, seed=seed)[pair]
        told = (read.share, read.variance, read.shapley)
        held += [one.low[0] <= t <= one.high[0] for one, t in zip(told, truth, strict=True)]
    return [(held, np.full(3, float(sets)))]
