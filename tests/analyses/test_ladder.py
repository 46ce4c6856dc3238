"""The ladder: where it stops, that its rungs are scikit-learn's, and what it says beside the split of the score."""

from __future__ import annotations

import pickle
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import metrics
from sklearn.base import clone
from torch import nn

import tabinterp as ti
from tabinterp import messages
from tabinterp.analyses.interactions import screening
from tabinterp.analyses.ladder.record import agreement, recovery
from tabinterp.analyses.performance.estimator import compare
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases
from tests.shared import every_nth


class Formula(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return self.f(x)[:, None]


def made(f, n=4000, d=3, seed=0, binary=True):
    """A table drawn from the formula, half of it held out, and the formula as the network."""
    draw = np.random.default_rng(seed)
    x = draw.uniform(-1.7, 1.7, (n, d))
    score = f(torch.as_tensor(x)).numpy()
    y = (draw.random(n) < 1 / (1 + np.exp(-score))).astype(int) if binary else score + draw.normal(size=n)
    frame = pd.DataFrame(x, columns=[f"x{i + 1}" for i in range(d)]).assign(y=y)
    table = ti.read_table(frame, target="y", task="binary" if binary else "regression", split=0.5, stratify=binary)
    more = {"classes": [0, 1]} if binary else {"task": "regression"}
    return ti.wrap(Formula(f), encoder="passthrough", **more), table


@cache
def mixed(task):
    """Network, table, and ladder; tests read them."""
    table = cases.mixed_table(cases.mixed_frame(1000, 4, task), task, split=0.4, stratify=False)
    model = ti.wrap(cases.network_pipeline(table.training_rows().frame, task))
    return model, table, ti.ladder(model, table)


def text(message):
    return messages.text(message.key, message.values)


def test_of_many_columns_those_that_move_the_score_most_get_curves_and_pairs(monkeypatch):
    """The others stay lines: refits and split of the score are those of a basis that bends three columns."""
    monkeypatch.setattr(screening, "WIDE", 3)
    model, table = made(lambda x: 2 * x[:, 0] * x[:, 1] + x[:, 2] ** 2 + 0.1 * x[:, 3], n=2000, d=5, binary=False)
    found, split = ti.ladder(model, table), ti.decompose(model, table)
    assert found.passed == split.passed == ("x4", "x5")
    assert found.pairs == split.pairs
    assert found.pairs[0] == ("x1", "x2")
    assert {column for pair in found.pairs for column in pair} <= {"x1", "x2", "x3"}
    named = found.models[2][:-2].get_feature_names_out()
    assert {name.split("__")[0] for name in named} == {
        *(f"linear {i}" for i in range(5)),
        *(f"curve {i}" for i in range(3)),
    }
    assert {of for part, of in split.components if part == "curvature"} == {"", "x1", "x2", "x3"}


def test_a_logistic_table_stops_at_linear():
    model, table = made(lambda x: 1.5 * x[:, 0] - x[:, 1])
    found = ti.ladder(model, table)
    assert found.shortest == "linear"
    assert found.gain == "equivalent"
    assert np.isnan(found.recovered.value).all()
    assert text(recovery(found)) == "A linear model predicts as well as the network on held-out rows."
    assert agreement(ti.decompose(model, table), found).key == "gain.no_gain"


def test_exclusive_or_needs_its_pair():
    model, table = made(lambda x: 3 * x[:, 0] * x[:, 1])
    found = ti.ladder(model, table)
    rows = table.evaluation_rows()
    linear = found.models[1].predict_proba(rows.inputs)[:, 1]
    assert metrics.roc_auc_score(rows.y, linear) == pytest.approx(0.5, abs=0.05)
    assert found.pairs[0] == ("x1", "x2")
    at = found.rungs.index("pairs")
    assert found.gain == "better"
    assert found.recovered.value[at] > 0.85
    assert abs(found.recovered.value[at - 1]) < 0.05
    split = ti.decompose(model, table)
    assert split.frame()["share"].iloc[2] == pytest.approx(1, abs=0.02)
    assert agreement(split, found).key == "gain.agree"
    assert "x1 × x2" in text(recovery(found))


def test_curves_stop_below_pairs():
    model, table = made(lambda x: 4 * x[:, 0] ** 2 - x[:, 1], binary=False)
    found = ti.ladder(model, table)
    assert found.shortest in (None, "curvature")
    assert found.recovered.value[found.rungs.index("curvature")] > 0.97
    assert agreement(ti.decompose(model, table), found).key == "gain.agree"


def test_a_network_of_the_wrong_shape_disagrees():
    """The target is curved; the network knows the curve, and has besides a product that predicts nothing."""
    _, table = made(lambda x: 2 * x[:, 0] ** 2 - 2, n=8000)
    wrong = ti.wrap(
        Formula(lambda x: 2 * x[:, 0] ** 2 - 2 + 1.6 * x[:, 1] * x[:, 2]), encoder="passthrough", classes=[0, 1]
    )
    found, split = ti.ladder(wrong, table), ti.decompose(wrong, table)
    assert found.gain == "better"
    assert agreement(split, found).key == "gain.disagree"


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_rungs_are_what_their_pipelines_predict(task):
    _, table, found = mixed(task)
    rows = table.evaluation_rows()
    for rung, pipeline in enumerate(found.models):
        if task == "regression":
            expected = metrics.mean_squared_error(rows.y, pipeline.predict(rows.inputs))
        elif task == "count":
            expected = metrics.mean_poisson_deviance(rows.y, pipeline.predict(rows.inputs))
        else:
            expected = metrics.log_loss(rows.frame["y"], pipeline.predict_proba(rows.inputs))
        assert found.loss.value[rung] == pytest.approx(expected, rel=1e-6)
    below = np.diff(found.loss.value)
    assert found.against_below.value[1:] == pytest.approx(below, abs=1e-12)
    assert found.against_network.value[:-1] == pytest.approx(found.loss.value[:-1] - found.loss.value[-1], abs=1e-12)


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_the_linear_rung_is_the_rival_and_judged_as_it_is(task):
    model, table, found = mixed(task)
    held = np.flatnonzero(table.held_out)
    network = bind(model, table)
    rival = bind(ti.fit_counterpart(model, table), table)
    performance = compare(network.take(held), rival.take(held), held_out=True)
    assert found.loss.value[1] == pytest.approx(performance.metrics[0].linear[0], rel=0.01)
    assert found.margin == pytest.approx(performance.margin)
    _, stderr, low, high = performance.metrics[0].difference
    assert -found.against_network.high[1] == pytest.approx(low, abs=0.5 * stderr)
    assert -found.against_network.low[1] == pytest.approx(high, abs=0.5 * stderr)


@pytest.mark.parametrize("task", every_nth(2, ["multiclass", "count"]))  # probabilities and predicted numbers
def test_the_best_rung_can_be_taken_away(task):
    _, table, found = mixed(task)
    rows = table.evaluation_rows()
    for pipeline in {found.best(), found.models[-1]}:
        ask = "predict" if task in ("regression", "count") else "predict_proba"
        said = getattr(pipeline, ask)(rows.inputs)
        assert np.array_equal(getattr(pickle.loads(pickle.dumps(pipeline)), ask)(rows.inputs), said)
        training = table.training_rows()
        again = clone(pipeline).fit(training.inputs, training.frame["y"])
        assert getattr(again, ask)(rows.inputs) == pytest.approx(said, abs=2e-3)
        assert len(pipeline[:-1].get_feature_names_out()) == np.atleast_2d(pipeline[-1].coef_).shape[1]
        assert len(bind(ti.wrap(pipeline), table).scores) == len(table)  # which checks its own predictions


def test_seeds_order_and_weights():
    model, table = made(lambda x: 3 * x[:, 0] * x[:, 1] + x[:, 1] ** 2, n=1000, d=2)
    first, other = (ti.ladder(model, table, seed=seed).frame() for seed in (0, 1))
    again = ti.ladder(model, table.take(np.random.default_rng(1).permutation(len(table))), seed=0).frame()
    pd.testing.assert_frame_equal(first, again, rtol=1e-3, atol=1e-4)
    assert not np.allclose(first["against_below_low"][1:], other["against_below_low"][1:])


def test_without_held_out_rows_there_is_no_ladder():
    frame = cases.mixed_frame(100)
    model = ti.wrap(cases.network_pipeline(frame))
    with pytest.raises(NotApplicableError, match="load the table with the split"):
        ti.ladder(model, cases.mixed_table(frame))
