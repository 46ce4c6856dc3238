"""Helpers for the benchmarks on Adult: its table, a trained network, and a timer."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti

PATH = Path(__file__).parents[1] / "datasets" / "adult.csv.gz"


def adult(drop: tuple[str, ...] = ()) -> ti.Table:
    """Adult with its own split."""
    return ti.read_table(PATH, target="income", positive=">50K", adverse="<=50K", split="split", drop=list(drop))


def fitted(table: ti.Table) -> Pipeline:
    """Scaled numbers, one-hot levels, a multilayer perceptron 128-64, on the training rows."""
    numbers = [c for c in table.schema.inputs if table.schema[c].kind == "numeric"]
    others = [c for c in table.schema.inputs if c not in numbers]
    encoder = make_column_transformer((StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), others))
    network = MLPClassifier((128, 64), early_stopping=True, max_iter=12, random_state=0)
    training = table.training_rows()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(encoder, network).fit(training.inputs, training.frame[table.schema.target])


def timed(call: Callable[[], Any], runs: int = 1) -> tuple[float, Any]:
    """Seconds of the best of some runs, and what the last gave."""
    times, result = [], None
    for _ in range(runs):
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
    return min(times), result


def in_turn(calls: Mapping[str, Callable[[], Any]], rounds: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Call all functions in each round. Return the seconds of each function (rounds,), and what its last call returned.

    The functions of a round run within seconds of each other, so a ratio of their times depends less on other work of the machine
    than a ratio of times that were measured minutes apart.
    """
    seconds, results = {name: np.empty(rounds) for name in calls}, {}
    for i in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            results[name] = call()
            seconds[name][i] = time.perf_counter() - start
    return seconds, results


def spread(ratios: np.ndarray) -> str:
    """Minimum, median and maximum of the rounds' ratios as text."""
    return f"{ratios.min():.1f}, {np.median(ratios):.1f}, {ratios.max():.1f}"
