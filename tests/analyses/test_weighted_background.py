"""Shapley values against a background that counts by its weights: rows repeated, shap, and how often intervals hold the truth."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
import shap
from scipy import stats
from shap.utils._legacy import DenseData
from sklearn.decomposition import PCA
from torch import nn

import tabinterp as ti
from tabinterp.analyses.reason_codes.adverse_decisions import Case, _baseline, _gradients, interventional, linear_values
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases, oracles
from tests.shared import every_nth

ROWS, BACKS = 6, 14


def scene(task, mixed=False):
    """Rows of weights 0 to 3, a network of them, and the score of a frame."""
    frame = cases.mixed_frame(40, 0, task).assign(w=np.arange(40) % 4)
    table = cases.mixed_table(frame, task, weighted=True)
    pipeline = cases.network_pipeline(frame, task, after=[PCA(4, random_state=0)] if mixed else [])
    return frame, table, pipeline, cases.scorer(pipeline, task)


@pytest.mark.parametrize(("mixed", "task"), every_nth(3, product([False, True], cases.TASKS)))
def test_a_background_row_of_weight_three_is_three_rows(task, mixed):
    frame, table, pipeline, score = scene(task, mixed)
    at, backs = np.arange(ROWS), np.arange(40 - BACKS, 40)
    s = ti.shapley_values(ti.wrap(pipeline), table.take(at), table.take(backs), "exact")
    repeated = frame[cases.INPUTS].iloc[np.repeat(backs, frame["w"].iloc[backs].astype(int))]
    truth = np.array([oracles.shapley(score, frame[cases.INPUTS].iloc[[i]], repeated) for i in at])
    np.testing.assert_allclose(s.values, truth, atol=2e-5)
    np.testing.assert_allclose(s.base, score(repeated).mean(axis=0), atol=2e-5)
    assert s.residual.max() < 1e-4
    assert "by their weight" in s.estimand


def test_equal_to_shaps_kernel_explainer_with_the_same_weights():
    table = cases.numbers(40, weighted=True)
    module = nn.Sequential(cases.affine([[1.0, -2.0, 0.5], [-1.0, 0.3, 2.0]]), nn.Tanh(), cases.affine([[2.0, -1.0]]))
    bound, x = bind(cases.wrapped(module), table), table.inputs.to_numpy()
    at, backs = np.arange(ROWS), np.arange(40 - BACKS, 40)
    s = ti.shapley_values(bound, table.take(at), table.take(backs), "exact")
    data = DenseData(x[backs], list(table.inputs), None, table.weights[backs])
    theirs = shap.KernelExplainer(lambda rows: bound.score(rows)[:, 0], data, link="identity")
    np.testing.assert_allclose(s.values[..., 0], theirs.shap_values(x[at], silent=True), atol=1e-4)
    np.testing.assert_allclose(s.base, theirs.expected_value, atol=1e-5)


@pytest.mark.nightly
def test_the_sampling_error_is_that_of_the_weighted_mean():
    """Mean squared error over draws beside the stated variance.

    With one permutation a pair the variance is that of every fourth pair, which are the same in every draw here.
    """
    draw = np.random.default_rng(3)
    frame = pd.DataFrame(draw.normal(size=(20, 7)), columns=list("abcdefg"))
    frame = frame.assign(y=draw.normal(size=20), w=draw.exponential(size=20) ** 2)
    table = ti.read_table(frame, target="y", weight="w", task="regression")
    first = cases.affine(draw.normal(size=(6, 7)))
    bound = bind(cases.wrapped(nn.Sequential(first, nn.Tanh(), cases.affine(draw.normal(size=(1, 6))))), table)
    at, backs = table.take(np.arange(4)), table.take(np.arange(4, 20))
    truth = ti.shapley_values(bound, at, backs, "exact").values
    for count, near in ((1, 2.0), (2, 1.3)):
        runs = [ti.shapley_values(bound, at, backs, "permutation", seed, n_permutations=count) for seed in range(25)]
        seen = np.mean([(run.values - truth) ** 2 for run in runs])
        said = np.mean([run.stderr**2 for run in runs])
        assert 1 / near < seen / said < near


def test_rows_without_weight_are_no_background():
    _, table, pipeline, _ = scene("regression")
    s = ti.shapley_values(ti.wrap(pipeline), table, 40, "exact")
    assert s.background_rows == 30
    assert (table.weights[s.places] > 0).all()
    with pytest.raises(NotApplicableError, match="weight of 0"):
        ti.shapley_values(ti.wrap(pipeline), table, table.take(np.arange(0, 40, 4)))


@pytest.mark.nightly
def test_the_mean_of_a_population_is_held_by_95_of_100_intervals():
    """Rows with large values are drawn three times as often, and weigh a third; by an unweighted background none held it."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(4000, 2))
    chance = np.where(x[:, 0] > 0, 3.0, 1.0)
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(y=x[:, 0], w=1 / chance)
    population = ti.read_table(frame, target="y", weight="w", task="regression")
    bound = bind(cases.wrapped(cases.affine([[2.0, -1.0]])), population)
    held = 0
    for seed in range(100):
        rows = np.random.default_rng(seed).choice(4000, 150, replace=False, p=chance / chance.sum())
        sample = population.take(rows)
        found = ti.shapley_values(bound.take(rows), sample, 60, seed=seed)
        mean = found.mean()
        held += (mean.low[0, 0] <= 0) & (mean.high[0, 0] >= 0)  # the population against itself
    assert stats.binomtest(int(held), 100, 0.95).pvalue > 0.01


def test_reasons_count_the_reference_by_its_weight():
    """Every number that is read against the just-approved rows: weights of 1 to 3 beside the same rows repeated."""
    frame = cases.mixed_frame(40)
    weights = (1 + np.arange(40) % 3).astype(float)
    table = cases.mixed_table(frame.assign(w=weights), weighted=True)
    again = np.r_[np.arange(10), np.repeat(np.arange(10, 40), weights[10:].astype(int))]
    many = cases.mixed_table(frame.iloc[again].reset_index(drop=True))
    found = []
    for rows in (table, many):
        network, linear = (bind(ti.wrap(make(frame)), rows) for make in (cases.network_pipeline, cases.linear_pipeline))
        near, nothing = np.arange(10, len(rows)), np.zeros(1)
        case = Case(network, linear, 10, 10, near, nothing, nothing, -1.0, 0.0, 0)
        main = interventional(network, case, 0)[0]
        base = np.average(network.x[near], axis=0, weights=case.near_weights)
        found.append([main, _baseline(case, base), _gradients(case), linear_values(case, case.near_mean)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-4)
