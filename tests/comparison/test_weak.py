"""A group in which a network fails is found on rows that did not find it; a hard group is no failure."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.metrics import log_loss

import tabinterp as ti
from tabinterp.comparison.weak import SKILL, weak_groups
from tabinterp.models import bind
from tabinterp.table.folds import folds
from tests.cases import affine

N = 4000


@functools.cache
def bound(how: str, task: str = "binary"):
    """Rows whose score is known; in those with a: x and b: u the labels are noise, or the network is far too sure."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.choice(list("xyz"), N), "b": rng.choice(list("uvw"), N), "v": rng.normal(size=N)})
    group = ((frame["a"] == "x") & (frame["b"] == "u")).to_numpy()
    score = 3.0 * frame["v"].to_numpy()
    if task == "regression":
        noise = rng.normal(size=N)
        frame["y"] = np.where(group & (how == "noise"), 4 * noise, score + noise)
        model = ti.wrap(lambda rows: 3.0 * rows["v"].to_numpy(), task="regression")
        read = ti.read_table(frame, target="y", task="regression")
        return bind(model, read), bind(model, read), group
    p = np.where(group & (how == "noise"), 0.5, 1 / (1 + np.exp(-score)))
    frame["y"] = rng.random(N) < p
    table = ti.read_table(frame, target="y", positive=True)

    def predict(rows: pd.DataFrame) -> np.ndarray:
        inside = (rows["a"] == "x") & (rows["b"] == "u")
        seen = 1 / (1 + np.exp(-3.0 * rows["v"].to_numpy() * np.where(inside & (how == "sure"), 4.0, 1.0)))
        seen = np.where(inside & (how == "noise"), 0.5, seen)
        return np.column_stack([1 - seen, seen])

    line = ti.wrap(
        affine([[3.0]]), encoder=ColumnTransformer([("v", "passthrough", ["v"])]).fit(frame[["a", "b", "v"]])
    )
    return bind(ti.wrap(predict, task="binary", classes=[False, True]), table), bind(line, table), group


def first(how: str, task: str = "binary"):
    network, linear, group = bound(how, task)
    found = weak_groups(network, linear)
    one = next(g for g in found.groups if {c.name for c in g.conditions} == {"x", "u"})
    return one, found, group


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_group_of_noise_is_found_and_known_no_better_than_its_base_rate(task):
    one, found, _ = first("noise", task)
    assert one is found.groups[0]
    assert one.beyond[2] > 0
    assert one.difference[2] > 0
    assert one.skill < SKILL
    assert found.mean / found.null < 0.8


def test_a_group_in_which_the_network_is_too_sure_is_found():
    one, found, _ = first("sure")
    assert one.excess[2] > 0
    assert one.excess[0] == max(g.excess[0] for g in found.groups)


def test_without_a_fault_nothing_is_found():
    network, linear, _ = bound("none")
    found = weak_groups(network, linear)
    assert len(found.groups) > 0
    assert found.groups[0].difference[0] > 0
    assert not any(g.beyond[2] > 0 or g.excess[2] > 0 for g in found.groups)


def test_numbers_of_a_group_are_those_of_the_half_that_tests_it():
    one, found, group = first("noise")
    network, linear, _ = bound("noise")
    p = 1 / (1 + np.exp(-network.scores[:, 0]))
    half = folds(network.table, 5, 2) == 1
    y, rows = network.table.y, group & half
    assert one.rows == rows.sum()
    assert found.rows == half.sum()
    assert one.loss == pytest.approx(log_loss(y[rows], p[rows]))
    assert one.rest == pytest.approx(log_loss(y[half & ~group], p[half & ~group]))
    rate = y[rows].mean()
    null = -rate * np.log(rate) - (1 - rate) * np.log(1 - rate)
    assert one.skill == pytest.approx(1 - one.loss / null)
    q = 1 / (1 + np.exp(-linear.scores[:, 0]))
    lost = -np.log(np.where(y > 0, p, 1 - p)) + q * np.log(q) + (1 - q) * np.log(1 - q)
    assert one.beyond[0] == pytest.approx(lost[rows].mean() - lost[half & ~group].mean())
    entropy = -(p * np.log(p) + (1 - p) * np.log(1 - p))
    assert one.excess[0] == pytest.approx(one.loss - entropy[rows].mean())


def test_a_shortfall_of_numbers_is_the_loss_less_nine_tenths_of_knowing_the_mean():
    one, _, group = first("noise", "regression")
    network, _, _ = bound("noise", "regression")
    half = folds(network.table, 5, 2) == 1
    y, f = (v[group & half] for v in (network.table.y, network.scores[:, 0]))
    row = (y - f) ** 2 - (1 - SKILL) * (y - y.mean()) ** 2
    assert one.beyond[:2] == pytest.approx((row.mean(), row.std(ddof=1) / np.sqrt(len(row))))


def test_every_group_has_something_to_know_and_rows_enough():
    _, found, _ = first("noise")
    assert all(g.rows >= 25 for g in found.groups)
    assert found.searched == 3 + 3 + 4 + 9 + 12 + 12
