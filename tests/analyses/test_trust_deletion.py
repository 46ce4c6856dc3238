"""Deletion and insertion against the closed form of a linear model and a slow re-derivation on original rows."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from sklearn.decomposition import PCA

import tabinterp as ti
from tabinterp.analyses.trust.deletion import area, by_chance, curves, gaps
from tabinterp.analyses.trust.rankings import Ask
from tabinterp.models import bind
from tests import cases
from tests.shared import every_nth

SLOPES = np.array([2.0, -1.0, 3.0])


def ask_of(model, table, rows: int, backs: int) -> Ask:
    return Ask(bind(model, table), np.arange(rows), rows + np.arange(backs), 0)


@pytest.fixture(scope="module")
def linear() -> Ask:
    return ask_of(cases.wrapped(cases.affine([SLOPES], [0.5])), cases.numbers(weighted=True), 30, 6)


def closed_form(ask: Ask, order: np.ndarray) -> np.ndarray:
    """abs(sum of slope x difference) over the columns replaced so far, mean over background rows by their weight."""
    x, paths = ask.bound.table.inputs.to_numpy(), np.zeros((len(ask.rows), 4))
    for i, row in enumerate(ask.rows):
        moves = SLOPES * (x[ask.backs] - x[row])
        for t in range(1, 4):
            gap = np.abs(moves[:, order[i, :t]].sum(axis=1))
            paths[i, t] = np.average(gap, weights=ask.bound.table.row_weights[ask.backs])
    return paths


def test_linear_curves_and_areas_in_closed_form(linear):
    sizes = np.random.default_rng(0).random((30, 3))
    order = np.argsort(-sizes, axis=1)
    removed, kept = closed_form(linear, order), closed_form(linear, order[:, ::-1])[:, ::-1]
    np.testing.assert_allclose(gaps(linear, order), removed, atol=1e-5)
    every = np.mean([closed_form(linear, np.tile(p, (30, 1))) for p in permutations(range(3))], axis=0)
    found = curves(linear, sizes, every)
    w = linear.bound.table.weights[:30]
    np.testing.assert_allclose(found.deletion, np.average(removed, axis=0, weights=w), atol=1e-5)
    np.testing.assert_allclose(found.insertion, np.average(kept, axis=0, weights=w), atol=1e-5)
    for part, rise in (
        (found.deleted, np.trapezoid(removed - every, dx=1 / 3)),
        (found.inserted, np.trapezoid(every - kept, dx=1 / 3)),
    ):
        mean = np.average(rise, weights=w)
        assert part.value == pytest.approx(mean, abs=1e-5)
        error = np.sqrt((w**2 * (rise - mean) ** 2).sum() * 30 / 29) / w.sum()
        assert part.stderr == pytest.approx(error, abs=1e-5)


def test_random_orders_come_to_the_mean_over_all_orders(linear):
    every = np.mean([closed_form(linear, np.tile(p, (30, 1))) for p in permutations(range(3))], axis=0)
    gap = np.average(area(by_chance(linear, 200)) - area(every), weights=linear.bound.table.weights[:30])
    assert abs(gap) < 0.02 * area(every).mean()


def test_with_two_columns_two_random_orders_are_all_orders():
    read = ti.read_table(cases.numbers().frame[["x1", "x2", "y"]], target="y", task="regression")
    ask = ask_of(cases.wrapped(cases.affine([[1.0, -2.0]])), read, 20, 5)
    both = [gaps(ask, np.tile(p, (20, 1))) for p in ([0, 1], [1, 0])]
    np.testing.assert_allclose(by_chance(ask, 2), np.mean(both, axis=0), atol=1e-6)


@pytest.mark.parametrize(("task", "after"), every_nth(2, [("binary", ()), ("multiclass", ()), ("binary", (PCA(3),))]))
def test_rows_put_together_and_scored_one_by_one(task, after):
    frame = cases.mixed_frame(task=task)
    pipeline = cases.network_pipeline(frame, task, after=after)
    table, score = cases.mixed_table(frame, task), cases.scorer(pipeline, task)
    ask = ask_of(ti.wrap(pipeline), table, 3, 2)
    order = np.argsort(np.random.default_rng(1).random((3, 5)), axis=1)
    found, inputs = gaps(ask, order), table.inputs
    for i in range(3):
        for t in range(6):
            moved = inputs.iloc[[i] * 2].reset_index(drop=True)
            for j in order[i, :t]:
                moved[inputs.columns[j]] = inputs.iloc[3:5, j].to_numpy()
            gap = np.abs(score(moved) - score(inputs.iloc[[i]])).mean()
            assert found[i, t] == pytest.approx(gap, abs=1e-4)


def test_every_step_but_the_last_asks_the_network_once(linear, monkeypatch):
    """Rows asked: rows x background x (columns - 1) an order; a method has two orders, chance has its draws."""
    asked = []
    bound = ask_of(cases.wrapped(cases.relu_network(cases.BENT)), cases.numbers(), 30, 6).bound
    rest = bound.rest
    _ = bound.answers
    monkeypatch.setitem(bound.__dict__, "rest", lambda z: (asked.append(len(z)), rest(z))[1])
    ask = Ask(bound, linear.rows, linear.backs, 0)
    chance = by_chance(ask, 4)
    assert sum(asked) == 4 * 30 * 6 * 2
    asked.clear()
    curves(ask, np.random.default_rng(0).random((30, 3)), chance)
    assert sum(asked) == 2 * 30 * 6 * 2


def test_a_column_without_a_number_comes_last(linear):
    sizes = np.tile([np.nan, 1.0, 2.0], (30, 1))
    found = curves(linear, sizes, np.zeros((30, 4)))
    expected = closed_form(linear, np.tile([2, 1, 0], (30, 1)))
    np.testing.assert_allclose(
        found.deletion, np.average(expected, axis=0, weights=linear.bound.table.weights[:30]), atol=1e-5
    )
