"""Shapley values of other packages, compared with those of tabinterp: shap and InterpretML compute them here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shap
from interpret.blackbox import ShapKernel
from scipy import stats
from scipy.special import expit
from sklearn.decomposition import PCA
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tabinterp as ti
from tabinterp.errors import TabinterpError
from tabinterp.models import bind
from tests import cases

N = 8


def scene(task="binary", after=()):
    frame = cases.mixed_frame(60, 1, task)
    table = cases.mixed_table(frame, task)
    pipeline = cases.network_pipeline(frame, task, after=list(after))
    return frame[cases.INPUTS], table, pipeline, cases.scorer(pipeline, task)


def by_shap(rows, backs, f):
    """Exact values of shap, on codes that stand for the values of the table's columns."""
    cells = pd.concat([rows, backs])
    coded = [pd.factorize(cells[column], use_na_sentinel=False) for column in cells]
    levels, codes = [found for _, found in coded], np.stack([code for code, _ in coded], axis=1).astype(float)

    def frame(array):
        one = {c: levels[j][array[:, j].astype(int)] for j, c in enumerate(cells)}
        return pd.DataFrame(one).astype(dict(cells.dtypes))

    explain = shap.ExactExplainer(
        lambda array: f(frame(array)), shap.maskers.Independent(codes[len(rows) :], max_samples=len(backs))
    )
    found = explain(codes[: len(rows)])
    return shap.Explanation(found.values, found.base_values, feature_names=list(cells))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_exact_values_of_shap_on_the_tables_columns_agree(task):
    frame, table, pipeline, score = scene(task)
    rows, backs = np.arange(N), np.arange(40, 60)
    explanation = by_shap(frame.iloc[rows], frame.iloc[backs], score)
    got = ti.compare_explanation(
        explanation, ti.wrap(pipeline), table.take(rows), background=table.take(backs), tolerance=1e-6
    )
    shown = got.frame()
    assert got.residual.max() < 1e-4
    assert shown["largest_difference"].max() < 1e-4 * np.abs(got.supplied).max()
    assert (shown["supplied_rank"] == shown["computed_rank"]).all()
    assert shown["correlation"].dropna().min() > 0.999


def test_columns_are_matched_by_name_in_any_order():
    _, table, pipeline, _ = scene()
    model, rows = ti.wrap(pipeline), table.take(np.arange(N))
    made = ti.shapley_values(model, rows, background=table).to_shap()
    turned = shap.Explanation(made.values[:, ::-1], made.base_values, feature_names=made.feature_names[::-1])
    assert ti.compare_explanation(turned, model, rows, background=table).frame()["largest_difference"].max() == 0


def test_values_of_encoded_columns_are_summed_for_each_column():
    _, table, pipeline, _ = scene("regression")
    linear = ti.fit_counterpart(ti.wrap(pipeline), table)
    rows = table.take(np.arange(N))
    bound = bind(linear, table)
    x, weight = bound.x, bound.front.weight.numpy()
    explain = shap.LinearExplainer((weight[0], float(bound.scores[0, 0] - x[0] @ weight[0])), x)
    explanation = explain(x[:N])
    assert explanation.values.shape[1] > len(bound.columns)
    got = ti.compare_explanation(explanation, linear, rows, background=table)
    assert got.residual.max() < 1e-5
    assert np.abs(got.supplied - got.computed.values).max() < 1e-5


def test_both_classes_of_a_probability_and_a_wrong_scale_is_seen():
    frame, table, pipeline, score = scene()
    rows, backs = np.arange(N), np.arange(40, 60)
    explanation = by_shap(
        frame.iloc[rows], frame.iloc[backs], lambda part: np.c_[1 - expit(score(part)), expit(score(part))]
    )
    assert explanation.values.shape[2] == 2
    ask = {"model": ti.wrap(pipeline), "table": table.take(rows), "background": table.take(backs), "tolerance": 1e-6}
    right = ti.compare_explanation(explanation, **ask, scale="probability")
    assert right.residual.max() < 1e-4
    assert right.frame()["largest_difference"].max() < 1e-5
    assert ti.compare_explanation(explanation, **ask).residual.max() > 0.1


def test_another_background_is_seen_in_the_values_and_not_in_the_sums():
    _, table, pipeline, _ = scene("regression")
    model, rows = ti.wrap(pipeline), table.take(np.arange(N))
    explanation = ti.shapley_values(model, rows, background=table.take(np.arange(30))).to_shap()
    got = ti.compare_explanation(explanation, model, rows, background=table.take(np.arange(30, 60)))
    assert got.residual.max() < 1e-4
    assert got.frame()["largest_difference"].max() > 0.01


def test_the_mean_difference_has_the_interval_of_a_mean_of_differences():
    _, table, pipeline, _ = scene("regression")
    model = ti.wrap(pipeline)
    ours = ti.shapley_values(model, table, background=table, tolerance=1e-6)
    noise = np.random.default_rng(0).normal(0.3, 1, ours.values.shape[:2])
    explanation = shap.Explanation(ours.values[..., 0] + noise, ours.base[0], feature_names=list(ours.columns))
    shown = ti.compare_explanation(explanation, model, table, background=table, tolerance=1e-6).frame()
    np.testing.assert_allclose(shown["difference"], noise.mean(axis=0), atol=1e-6)
    low, high = stats.t.interval(0.95, len(noise) - 1, noise.mean(axis=0), stats.sem(noise, axis=0))
    np.testing.assert_allclose(shown["ci_low"], low, atol=2e-3)
    np.testing.assert_allclose(shown["ci_high"], high, atol=2e-3)


def numeric(task="binary"):
    rng = np.random.default_rng(3)
    x = pd.DataFrame(rng.normal(size=(80, 3)), columns=["a", "b", "c"])
    x["y"] = (x["a"] + x["b"] * x["c"] + rng.normal(size=80) > 0).astype(int)
    return x, ti.read_table(x, target="y", task=task)


def test_local_explanations_of_interpretml():
    frame, table = numeric()
    inputs = frame[["a", "b", "c"]]
    network = make_pipeline(StandardScaler(), MLPClassifier([8], max_iter=300, random_state=0)).fit(inputs, frame["y"])

    def probability(values):
        return network.predict_proba(pd.DataFrame(np.asarray(values), columns=inputs.columns))

    kernel = ShapKernel(probability, inputs.iloc[40:60])
    explanation = kernel.explain_local(inputs.iloc[:N])
    got = ti.compare_explanation(
        explanation,
        ti.wrap(network),
        table.take(np.arange(N)),
        background=table.take(np.arange(40, 60)),
        scale="probability",
        tolerance=1e-6,
    )
    assert got.residual.max() < 1e-4
    assert got.frame()["largest_difference"].max() < 1e-5


class Global:
    explanation_type = "global"

    def data(self, key=None):
        return {}


class Odd:
    values = np.zeros(3)
    base_values = 0.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda e: shap.Explanation(e.values[:5], e.base_values[:5], feature_names=e.feature_names),
            "5 rows, but the table has 8",
        ),
        (
            lambda e: shap.Explanation(e.values[:, :2], e.base_values, feature_names=e.feature_names[:2]),
            "has 2 features",
        ),
        (
            lambda e: shap.Explanation(np.repeat(e.values[..., None], 3, 2), np.zeros(3)),
            "3 outputs, but the model has 1",
        ),
        (lambda e: shap.Explanation(e.values, np.zeros((8, 2)), feature_names=e.feature_names), "base values"),
        (lambda e: Global(), "must be local"),
        (lambda e: Odd(), "shape"),
        (lambda e: "values", "got str"),
    ],
)
def test_what_does_not_match_is_refused(change, words):
    _, table, pipeline, _ = scene()
    model, rows = ti.wrap(pipeline), table.take(np.arange(N))
    made = ti.shapley_values(model, rows, background=table).to_shap()
    with pytest.raises(TabinterpError, match=words):
        ti.compare_explanation(change(made), model, rows, background=table)


def test_encoded_columns_of_an_encoder_that_mixes_are_refused():
    _, table, pipeline, _ = scene(after=[PCA(4, random_state=0)])
    model, rows = ti.wrap(pipeline), table.take(np.arange(N))
    with pytest.raises(TabinterpError, match="mixes columns"):
        ti.compare_explanation(shap.Explanation(np.zeros((N, 4)), 0.0), model, rows, background=table)


def test_weights_count_in_the_means():
    _, table, pipeline, _ = scene("regression")
    weights = np.arange(1.0, 61.0)
    table = replace(table, weights=weights)
    model = ti.wrap(pipeline)
    ours = ti.shapley_values(model, table, background=table)
    gap = np.linspace(0, 1, 60)[:, None] * np.ones(len(ours.columns))
    explanation = shap.Explanation(ours.values[..., 0] + gap, ours.base[0], feature_names=list(ours.columns))
    shown = ti.compare_explanation(explanation, model, table, background=table).frame()
    np.testing.assert_allclose(shown["difference"], np.average(gap[:, 0], weights=weights), atol=1e-9)
