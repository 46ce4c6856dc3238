"""A row of weight 3 is three rows: every reading that is a mean over rows honours the table's weights."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

import tabinterp as ti
from tabinterp.comparison.performance import compare
from tabinterp.models import bind

DRAW = np.random.default_rng(2)
FRAME = pd.DataFrame({"a": DRAW.normal(size=60), "b": DRAW.exponential(size=60), "w": DRAW.integers(1, 4, 60)})
FRAME["y"] = (FRAME["a"] * FRAME["b"] + DRAW.logistic(size=60) > 0.3).astype(int)
WEIGHTED = ti.read_table(FRAME, target="y", weight="w")
REPEATED = ti.read_table(FRAME.loc[FRAME.index.repeat(FRAME["w"])].drop(columns="w"), target="y")
NETWORK = ti.wrap(MLPClassifier((4,), max_iter=40, random_state=0).fit(FRAME[["a", "b"]], FRAME["y"]))
LINEAR = ti.wrap(LogisticRegression().fit(FRAME[["a", "b"]], FRAME["y"]))


def performance(table):
    result = compare(*(bind(m, table) for m in (NETWORK, LINEAR)), resamples=5, held_out=True).frame()
    return result[[c for c in ("network", "linear", "difference") if c in result]]


READINGS = {
    "coefficients of a linear model": lambda t: ti.coefficients(LINEAR, t).frame()["estimate"],
    "average derivatives": lambda t: ti.coefficients(NETWORK, t).frame()[["estimate", "surrogate", "sign_flip"]],
    "gradients": lambda t: ti.gradient_importance(NETWORK, t, method="saliency").frame()[["mean", "mean_abs"]],
    "integrated gradients": lambda t: ti.gradient_importance(NETWORK, t).frame()[["mean", "mean_abs"]],
    "permutation's baseline": lambda t: ti.permutation_importance(NETWORK, t, n_repeats=1).baseline,
    "performance": performance,
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", READINGS)
def test_weights_are_repetitions(name):
    reading = READINGS[name]
    weighted, repeated = (np.asarray(reading(table), dtype=float) for table in (WEIGHTED, REPEATED))
    plain = np.asarray(reading(ti.read_table(FRAME.drop(columns="w"), target="y")), dtype=float)
    np.testing.assert_allclose(weighted, repeated, rtol=1e-4, atol=1e-6)
    assert not np.allclose(weighted, plain, rtol=1e-4, atol=1e-6)
