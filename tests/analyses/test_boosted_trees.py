"""Boosted trees as a reference: scikit-learn's by hand, on the same rows, whatever the order and the names of classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from torch import nn

import tabinterp as ti
from tabinterp.analyses.boosted_trees.estimator import boosted
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases
from tests.shared import every_nth


def bound(task="binary", n=400, **more):
    frame = cases.mixed_frame(n, 5, task)
    table = cases.mixed_table(frame, task, **({"split": 0.5} | more))
    return bind(ti.wrap(cases.network_pipeline(frame, task)), table)


def by_hand(network, rounds, task, positive=None):
    """The trees' loss on the held-out rows: levels as pandas categories, rows in the order of the file."""
    table = network.table
    x = table.inputs.copy()
    for name in x:
        if table.schema[name].kind != "numeric":
            x[name] = x[name].astype("category").cat.codes.astype(float).where(x[name].notna())
    marked = [table.schema[name].kind != "numeric" for name in x]
    made = HistGradientBoostingRegressor if task in ("regression", "count") else HistGradientBoostingClassifier
    more = {"loss": "poisson"} if task == "count" else {}
    y = table.frame["y"] if positive is None else (table.frame["y"] == positive).astype(int)
    model = made(max_iter=rounds, early_stopping=False, categorical_features=marked, random_state=0, **more)
    training, held, w = ~table.held_out, table.held_out, table.row_weights
    model.fit(x[training], y[training], sample_weight=w[training])
    if task in ("regression", "count"):
        score = metrics.mean_squared_error if task == "regression" else metrics.mean_poisson_deviance
        return score(y[held], model.predict(x[held]), sample_weight=w[held])
    return metrics.log_loss(y[held], model.predict_proba(x[held]), sample_weight=w[held], labels=model.classes_)


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_the_trees_are_scikit_learns_on_the_training_rows(task):
    network = bound(task, weighted=True)
    found = boosted(network, 0.01)
    assert found.metric.linear[0] == pytest.approx(by_hand(network, found.rounds, task), rel=1e-6)
    held = network.take(network.table.held_out)
    assert (found.rows, found.training_rows) == (len(held.table), len(network.table) - len(held.table))
    assert found.metric.difference[0] == pytest.approx(found.metric.network[0] - found.metric.linear[0])


def test_the_positive_class_may_come_first_in_the_alphabet():
    network = bound(positive="no")
    assert network.table.schema.classes == ("yes", "no")
    found = boosted(network, 0.01)
    assert found.metric.linear[0] == pytest.approx(by_hand(network, found.rounds, "binary", "no"), rel=1e-6)
    assert found.rounds > 1


def test_what_only_trees_can_learn_is_seen():
    """A network without a hidden layer on an exclusive or."""
    x = np.random.default_rng(0).normal(size=(800, 2))
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(y=((x[:, 0] > 0) ^ (x[:, 1] > 0)).astype(int))
    table = ti.read_table(frame, target="y", split=0.5)
    layer = nn.Sequential(cases.affine([0.0, 0.0]))
    found = boosted(bind(ti.wrap(layer, encoder="passthrough", classes=[0, 1]), table), 0.01)
    assert found.status == "worse"
    assert found.metric.linear[0] < 0.3 < found.metric.network[0]


def test_order_of_rows_and_repetition_change_nothing():
    network = bound()
    order = np.random.default_rng(0).permutation(len(network.table))
    one, again, other = boosted(network, 0.01), boosted(network, 0.01), boosted(network.take(order), 0.01)
    assert one == again
    assert (other.metric, other.rounds) == (one.metric, one.rounds)


def test_without_training_rows_there_are_none():
    with pytest.raises(NotApplicableError, match="unknown which rows the network was trained on"):
        boosted(bound(split=None), 0.01)


@pytest.mark.parametrize("kind", every_nth(2, ["numeric", "categorical"]))
def test_a_column_without_values_where_the_trees_are_fitted_is_left_out(kind):
    frame = cases.mixed_frame(400, 5)
    table = cases.mixed_table(frame, split=0.5)
    value = 1.0 if kind == "numeric" else "a"
    half = np.where(table.held_out, "test", "train")
    gone = table.frame.assign(gone=[value if held else None for held in table.held_out], w=1.0, half=half)
    more = cases.mixed_table(gone, split="half", kinds={"gone": kind})
    model = ti.wrap(cases.network_pipeline(frame))
    without = cases.mixed_table(gone.drop(columns="gone"), split="half")
    assert boosted(bind(model, more), 0.01).metric == boosted(bind(model, without), 0.01).metric
