"""Shapley values against the enumeration of all coalitions, closed forms, shap itself, and their own promises."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import shap
import torch
from scipy.special import expit, softmax
from sklearn.decomposition import PCA
from torch import nn

import tabinterp as ti
from tabinterp.analyses.shapley_values import coalitions
from tabinterp.analyses.shapley_values import permutation_sampling as walks
from tabinterp.analyses.shapley_values.coalitions import Running, enumeration_cost, every_subset, walk
from tabinterp.analyses.shapley_values.estimator import background_rows
from tabinterp.errors import MissingError, NotApplicableError
from tabinterp.models import bind
from tests import cases, oracles
from tests.shared import every_nth

mpl.use("Agg")
FLOAT32 = 2e-6
N = 12


@cache
def scene(task, mixed=False, weighted=False):
    frame = cases.mixed_frame(40, 0, task)
    table = cases.mixed_table(frame, task, weighted)
    pipeline = cases.network_pipeline(frame, task, after=[PCA(4, random_state=0)] if mixed else [])
    return frame[cases.INPUTS], table, pipeline, cases.scorer(pipeline, task)


@cache
def truth(task, mixed=False, scale="log_odds"):
    """(N, columns, k) values of the first rows against the last N."""
    frame, _, _, score = scene(task, mixed)

    def asked(rows):
        s = score(rows)
        return s if scale == "log_odds" else expit(s) if task == "binary" else softmax(s, axis=1)

    return np.array([oracles.shapley(asked, frame.iloc[[i]], frame.iloc[-N:]) for i in range(N)])


def read(task, mixed=False, **more):
    _, table, pipeline, _ = scene(task, mixed)
    first, last = table.take(np.arange(N)), table.take(np.arange(40 - N, 40))
    return ti.shapley_values(ti.wrap(pipeline), first, background=last, **more)


@pytest.mark.parametrize(
    ("task", "mixed"),  # a score for each row, or one for each class
    every_nth(3, [("binary", False), ("binary", True), ("multiclass", False), ("multiclass", True), ("count", False)]),
)
def test_exact_values_are_shapleys_formula(task, mixed):
    """Missing values, a one-hot group and an indicator as one player; columns of their own or encoded whole."""
    s = read(task, mixed, method="exact")
    assert s.columns == tuple(cases.INPUTS)
    assert s.values.shape == (N, 5, 3 if task == "multiclass" else 1)
    np.testing.assert_allclose(s.values, truth(task, mixed), atol=FLOAT32 * 10)
    assert s.exact
    assert s.converged.all()


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_probabilities_have_values_of_their_own(task):
    s = read(task, method="exact", scale="probability")
    np.testing.assert_allclose(s.values, truth(task, False, "probability"), atol=FLOAT32 * 10)
    assert s.scores.min() >= 0
    assert s.scores.max() <= 1


@pytest.mark.parametrize("mixed", [False, True])
def test_enough_permutations_of_few_columns_are_the_enumeration(mixed):
    """A pair is enumerated where that is not dearer; five columns have thirty coalitions."""
    s = read("binary", mixed, method="permutation", n_permutations=4)
    assert s.exact
    np.testing.assert_allclose(s.values, truth("binary", mixed), atol=FLOAT32 * 10)


def test_the_general_path_gives_what_the_fast_one_gives():
    """A function of rows that is the same network."""
    _, table, pipeline, score = scene("regression")
    by_function = ti.wrap(lambda rows: score(rows)[:, 0], task="regression")
    slow = ti.shapley_values(by_function, table, background=15, method="exact")
    fast = ti.shapley_values(ti.wrap(pipeline), table, background=15, method="exact")
    np.testing.assert_allclose(slow.values, fast.values, atol=2e-5)
    other = ti.shapley_values(by_function, table.take(np.arange(5)), background=table.take(np.arange(20, 30)))
    assert other.values.shape == (5, 5, 1)


def test_designs_are_efficient_and_of_unit_weight():
    for m in range(1, 8):
        for designs in ([walk(m)], list(every_subset(m))):
            for player in range(m):  # a game of this player alone
                inside = torch.cat([design.masks[:, 1 + player] for design in designs]).double()
                weights = torch.cat([design.weights for design in designs], dim=1)
                ends = sum(design.ends for design in designs)
                values = weights @ inside + ends[:, 1]
                np.testing.assert_allclose(values, np.eye(m)[player], atol=1e-12)
                np.testing.assert_allclose(weights.sum(dim=1) + ends.sum(dim=1), 0, atol=1e-12)


def test_a_walk_by_running_sums_is_the_walk_by_matrices():
    for m in (1, 2, 7):
        moves, design, running = torch.randn(1 + m, 3, 4), walk(m), Running(m, walk(m).ends)
        fronts = torch.einsum("cj,jnh->cnh", design.masks, moves)
        for one in (running, design):
            written = torch.empty_like(fronts)
            one.fronts(moves, written)
            np.testing.assert_allclose(written, fronts, atol=1e-5)
        scores = torch.randn(len(running), 6).double()
        np.testing.assert_allclose(running.values(scores), design.weights @ scores, atol=1e-12)


@pytest.mark.parametrize("matrix", [2, 64])
def test_many_players_are_walked_to_the_values_of_every_coalition(matrix, monkeypatch):
    monkeypatch.setattr(coalitions, "MATRIX", matrix)
    walk.cache_clear()
    _, table, pipeline, _ = scene("regression")
    model = ti.wrap(pipeline)
    truth = ti.shapley_values(model, table, background=15, method="exact")
    found = ti.shapley_values(model, table, background=15, method="permutation", n_permutations=64)
    walk.cache_clear()
    assert np.mean(np.abs(found.values - truth.values) <= 3 * found.stderr + 1e-6) > 0.98


# ---- closed forms


@pytest.mark.parametrize("task", cases.TASKS)
def test_a_linear_model_has_its_closed_form(task):
    frame = cases.mixed_frame(60, 1, task)
    table, pipeline = cases.mixed_table(frame, task), cases.linear_pipeline(frame, task)
    s = ti.shapley_values(ti.wrap(pipeline), table, background=30, seed=2)
    x = pipeline[:-1].transform(frame[cases.INPUTS])
    coefficients = np.atleast_2d(pipeline[-1].coef_)
    if task == "multiclass":
        coefficients = coefficients - coefficients.mean(axis=0)
    backs = s.background_rows
    assert (s.method, backs, s.exact) == ("closed form", 30, True)
    rows = background_rows(table, 30, 2)
    moves = (x - x[rows].mean(axis=0))[:, None] * coefficients
    widths = [2, 1, 4, 1, 1]  # age and its indicator are not side by side in the encoding
    assert sum(widths) == x.shape[1]
    np.testing.assert_allclose(s.values[:, 1], moves[:, :, 1], atol=1e-9)
    np.testing.assert_allclose(s.values[:, 0], moves[:, :, [0, 2]].sum(axis=2), atol=1e-9)
    np.testing.assert_allclose(s.values[:, 2], moves[:, :, 3:7].sum(axis=2), atol=1e-9)
    assert s.residual.max() < 1e-9


def test_one_permutation_is_exact_on_pairs_of_columns():
    """x1 x2: each gets half of x1 x2 - b1 b2 and of the two cross terms; a column of no use gets nothing."""
    table = cases.numbers(60)
    s = ti.shapley_values(
        cases.wrapped(cases.product_network()), table, background=table, method="permutation", n_permutations=1
    )
    x = table.inputs.to_numpy()
    m1, m2, m12 = x[:, 0].mean(), x[:, 1].mean(), (x[:, 0] * x[:, 1]).mean()
    first = (x[:, 0] * x[:, 1] - m12 + x[:, 0] * m2 - m1 * x[:, 1]) / 2
    second = (x[:, 0] * x[:, 1] - m12 - x[:, 0] * m2 + m1 * x[:, 1]) / 2
    np.testing.assert_allclose(s.values[:, :, 0], np.column_stack([first, second, 0 * first]), atol=2e-5)
    assert s.stderr.max() < 1e-5


def wide(n=200, d=8, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, d)), columns=[f"x{j}" for j in range(d)])
    return ti.read_table(frame.assign(y=rng.normal(size=n)), target="y", task="regression")


def deep(d=8):
    torch.manual_seed(0)
    first, second = nn.Linear(d, 16), nn.Linear(16, 1)
    return nn.Sequential(first, nn.ReLU(), second)


def test_an_additive_network_has_its_parts():
    """Six columns, a unit for each."""
    weight = np.eye(6)
    module = nn.Sequential(cases.affine(weight, np.full(6, -0.2)), nn.ReLU(), cases.affine([np.arange(1.0, 7.0)]))
    table = wide(80, 6)
    s = ti.shapley_values(cases.wrapped(module), table, background=25, method="permutation", n_permutations=1)
    part = np.maximum(table.inputs.to_numpy() - 0.2, 0) * np.arange(1.0, 7.0)
    rows = background_rows(table, 25, 0)
    np.testing.assert_allclose(s.values[:, :, 0], part - part[rows].mean(axis=0), atol=1e-5)


# ---- the peer


def test_equal_to_shap_with_groups_as_players():
    """shap's KernelExplainer, which takes all coalitions of five columns, on the whole pipeline; levels as codes of original
    columns."""
    frame, _, _, score = scene("binary")
    levels = {c: pd.Index(frame[c].drop_duplicates()) for c in frame}

    def coded(rows):
        return np.column_stack([levels[c].get_indexer(pd.Index(rows[c])) for c in rows])

    def f(codes):
        cells = {c: levels[c].take(codes[:, j].astype(int)) for j, c in enumerate(frame)}
        return score(pd.DataFrame(cells).astype(frame.dtypes))[:, 0]

    theirs = shap.KernelExplainer(f, coded(frame.iloc[-N:]))
    ours = read("binary", method="exact")
    values = theirs.shap_values(coded(frame.iloc[:N]), silent=True, l1_reg=False)
    np.testing.assert_allclose(ours.values[:, :, 0], values, atol=FLOAT32 * 10)
    np.testing.assert_allclose(ours.base, theirs.expected_value, atol=FLOAT32 * 10)


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_shaps_plots_take_it(task):
    explanation = read(task).to_shap()
    one = explanation if task != "multiclass" else explanation[:, :, 1]
    assert explanation.feature_names == cases.INPUTS
    axes = shap.plots.bar(one, show=False)
    assert [t.get_text() for t in axes.get_yticklabels()]
    shap.plots.waterfall(one[0], show=False)
    mpl.pyplot.close("all")
    axes = shap.plots.beeswarm(one, show=False)
    assert {t.get_text() for t in axes.get_yticklabels()} == set(cases.INPUTS)
    mpl.pyplot.close("all")


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_an_explanation_of_shap_adds_up_to_the_scores_of_its_rows(task):
    """One class: without an axis of outputs, as shap's own explainers give it."""
    ours = read(task)
    explanation = ours.to_shap()
    outputs = () if task == "binary" else (3,)
    assert explanation.shape == (len(ours.scores), len(cases.INPUTS), *outputs)
    scores = ours.scores[:, 0] if task == "binary" else ours.scores
    np.testing.assert_allclose(explanation.base_values + explanation.values.sum(axis=1), scores, atol=1e-5)
    np.testing.assert_array_equal(explanation.error_std.reshape(ours.stderr.shape), ours.stderr)
    assert explanation.output_names == (None if task == "binary" else ["a", "b", "c"])
    pd.testing.assert_frame_equal(
        pd.DataFrame(explanation.data, columns=explanation.feature_names),
        ours.data.reset_index(drop=True),
        check_dtype=False,
    )
    if task == "multiclass":
        np.testing.assert_array_equal(explanation[:, "age", "b"].values, ours.values[:, cases.INPUTS.index("age"), 1])


def test_shap_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(MissingError, match=r"pip install 'tabinterp\[shap\]'"):
        read("binary").to_shap()


# ---- errors and draws


@pytest.fixture(scope="module")
def sampled():
    """A network of eight columns, its exact values, and many seeds."""
    table, model = wide(200), cases.wrapped(deep())
    few, backs = table.take(np.arange(6)), table.take(np.arange(150, 180))
    return few, backs, model, ti.shapley_values(model, few, backs, "exact").values


@pytest.mark.nightly
@pytest.mark.parametrize("n", [2, *(pytest.param(n, marks=pytest.mark.nightly) for n in (1, 6, 8, 16))])
def test_intervals_cover_over_seeds(sampled, n):
    few, backs, model, exact = sampled
    runs = [ti.shapley_values(model, few, backs, "permutation", seed, n_permutations=n) for seed in range(40)]
    covered = [(run.interval().low - 1e-6 <= exact) & (exact <= run.interval().high + 1e-6) for run in runs]
    assert 0.93 < np.mean(covered) < 0.98
    told = np.sqrt(np.mean([run.stderr**2 for run in runs]))
    seen = np.sqrt(np.mean([(run.values - exact) ** 2 for run in runs]))
    assert told == pytest.approx(seen, rel=0.1)
    mean = np.mean([run.values for run in runs], axis=0) - exact
    assert np.all(np.abs(mean) < 4.5 * np.std([run.values for run in runs], axis=0) / np.sqrt(40) + 1e-6)


def test_balanced_sets_lower_the_error_and_the_standard_error_says_so(sampled, monkeypatch):
    few, backs, model, exact = sampled

    def runs():
        return [ti.shapley_values(model, few, backs, "permutation", seed, n_permutations=8) for seed in range(15)]

    def squared_error(found):
        return np.mean([(run.values - exact) ** 2 for run in found])

    balanced = runs()
    assert np.mean([run.stderr**2 for run in balanced]) == pytest.approx(squared_error(balanced), rel=0.2)
    monkeypatch.setattr(walks, "LARGEST", 1)
    independent = runs()
    assert squared_error(balanced) < 0.7 * squared_error(independent)
    assert np.array_equal(independent[0].evaluations, balanced[0].evaluations)


@pytest.mark.nightly
def test_a_column_of_few_pairs_is_not_exact_by_chance():
    """Two permutations that agree on a column, in the one background row that differs there, are no proof: it has an error."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(40, 10)), columns=[f"x{j}" for j in range(10)])
    frame["x9"] = np.where(np.arange(40) == 37, 2.0, 0.0)
    table = ti.read_table(frame.assign(y=rng.normal(size=40)), target="y", task="regression")
    few, backs, model = table.take(np.arange(6)), table.take(np.arange(20, 40)), cases.wrapped(deep(10))
    exact = ti.shapley_values(model, few, backs, "exact").values
    runs = [ti.shapley_values(model, few, backs, "permutation", seed, n_permutations=2) for seed in range(40)]
    wrong = [np.abs(run.values - exact)[:, 9, 0] > 1e-5 for run in runs]
    assert np.mean(wrong) > 0.9
    assert min(run.stderr[:, 9, 0].min() for run in runs) > 5e-7  # single precision would give 1e-8


def test_one_background_row_has_an_error(sampled):
    few, backs, model, _ = sampled
    one = backs.take(np.array([3]))
    exact = ti.shapley_values(model, few, one, "exact").values
    runs = [ti.shapley_values(model, few, one, "permutation", seed, n_permutations=2) for seed in range(60)]
    covered = [(r.interval().low - 1e-6 <= exact) & (exact <= r.interval().high + 1e-6) for r in runs]
    assert 0.93 < np.mean(covered) < 0.99


def test_auto_reaches_its_tolerance_and_says_so(sampled):
    few, backs, model, exact = sampled
    loose = ti.shapley_values(model, few, backs, tolerance=0.01)
    tight = ti.shapley_values(model, few, backs, tolerance=0.0005)
    fixed = ti.shapley_values(model, few, backs, "permutation", tolerance=0.0005, n_permutations=1)
    assert loose.converged.all()
    assert tight.converged.all()
    assert not fixed.converged.any()
    assert loose.evaluations.sum() < tight.evaluations.sum() <= 2 * 6 * 30 * (2**8 - 2)
    assert np.abs(tight.values - exact).max() < np.abs(loose.values - exact).max()


@pytest.mark.parametrize("method", ["exact", "permutation", "auto"])
def test_the_sum_is_the_score(sampled, method):
    few, backs, model, _ = sampled
    s = ti.shapley_values(model, few, backs, method)
    np.testing.assert_allclose(s.base + s.values.sum(axis=1), s.scores, atol=1e-12)
    assert s.residual.max() < 1e-12


def test_a_row_has_its_draws_whatever_stands_beside_it(sampled, monkeypatch):
    few, backs, model, _ = sampled
    whole = ti.shapley_values(model, few, backs, "permutation", seed=5)
    again = ti.shapley_values(model, few, backs, "permutation", seed=5)
    other = ti.shapley_values(model, few, backs, "permutation", seed=6)
    np.testing.assert_array_equal(whole.values, again.values)
    assert np.abs(whole.values - other.values).max() > 1e-4
    part = ti.shapley_values(model, few.take(np.array([4, 2])), backs, "permutation", seed=5)
    np.testing.assert_allclose(part.values, whole.values[[4, 2]], atol=1e-6)
    monkeypatch.setattr(walks, "BYTES", 4000)
    monkeypatch.setattr(walks, "ROWS", 2)
    small = ti.shapley_values(model, few, backs, "permutation", seed=5)
    np.testing.assert_allclose(small.values, whole.values, atol=1e-6)
    np.testing.assert_allclose(small.stderr, whole.stderr, atol=1e-6)


class Spy(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module, self.rows, self.largest = module, 0, 0

    def forward(self, z):
        self.rows, self.largest = self.rows + len(z), max(self.largest, len(z))
        return self.module(z)


@pytest.mark.parametrize("method", ["exact", "permutation"])
def test_columns_that_are_equal_cost_nothing(method):
    """Rows of zeros and ones: only the columns in which a pair differs are played."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (60, 7)).astype(float)
    frame = pd.DataFrame(x, columns=list("abcdefg")).assign(y=rng.normal(size=60))
    table = ti.read_table(frame, target="y", task="regression", kinds=dict.fromkeys("abcdefg", "numeric"))
    bound = bind(cases.wrapped(deep(7)), table)
    spy = Spy(bound.rest)
    bound.__dict__["rest"] = spy
    s = ti.shapley_values(bound, table, 20, method, n_permutations=2)
    backs = background_rows(table, 20, 0)
    m = (x[:, None] != x[backs][None]).sum(axis=2)
    every, once = np.maximum(2**m - 2, 0), np.maximum(2 * (m - 1), 0)
    few = (every > 2 * once).sum(axis=1, keepdims=True) < 4  # these get sixteen permutations: fewer have no error
    expected = every if method == "exact" else np.minimum(every, once * np.where(few, 16, 2))
    assert spy.rows == expected.sum()
    np.testing.assert_array_equal(s.evaluations, expected.sum(axis=1))


def test_many_columns_in_bounded_memory():
    table, module = wide(30, 60), deep(60)
    bound = bind(cases.wrapped(module), table)
    spy = Spy(bound.rest)
    bound.__dict__["rest"] = spy
    s = ti.shapley_values(bound, table, 20, tolerance=0.02)
    assert s.converged.all()
    assert spy.largest <= 2**16
    with pytest.raises(NotApplicableError, match="Use method='auto'"):
        ti.shapley_values(bound, table, 20, "exact")


def test_more_than_nine_columns_are_enumerated_in_parts():
    table, module = wide(12, 11), deep(11)
    model = cases.wrapped(module)
    exact = ti.shapley_values(model, table.take(np.arange(2)), table.take(np.arange(5, 8)), "exact")

    def score(rows):
        with torch.inference_mode():
            return module(torch.as_tensor(rows.to_numpy(), dtype=torch.float32)).double().numpy()

    expected = [oracles.shapley(score, table.inputs.iloc[[i]], table.inputs.iloc[5:8]) for i in range(2)]
    np.testing.assert_allclose(exact.values, expected, atol=1e-5)


def test_progress_ends_at_one(sampled):
    few, backs, model, _ = sampled
    told = []
    ti.shapley_values(model, few, backs, progress=lambda name, share: told.append((name, share)))
    assert told[-1] == ("shapley", 1.0)


# ---- summaries, one row


def test_summaries_and_ranks(sampled):
    few, backs, model, _ = sampled
    s = ti.shapley_values(model, few, backs)
    frame = s.frame()
    np.testing.assert_allclose(frame["mean"], s.values[:, :, 0].mean(axis=0))
    np.testing.assert_allclose(frame["mean_abs"], np.abs(s.values[:, :, 0]).mean(axis=0))
    np.testing.assert_allclose(frame["stderr"], s.values[:, :, 0].std(axis=0, ddof=1) / np.sqrt(6))
    assert frame["tied_with_next"].any()  # six rows do not rank eight columns


def test_thousands_of_columns_are_sampled_in_silence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert enumeration_cost(np.array([1, 3, 2000])).tolist() == [0, 6, np.inf]


def test_a_clear_rank_is_not_tied_and_a_copy_is():
    table = cases.numbers(100)
    clear = ti.shapley_values(
        cases.wrapped(cases.relu_network(([[9.0, 0.0, 0.0], [0, 1.0, 0]], [0.0, 0], [1.0, 1.0]))), table, table
    )
    assert clear.frame()["tied_with_next"].tolist() == [False, False, False]
    frame = table.frame.assign(x2=table.frame["x1"], x3=0.0)
    twins = ti.read_table(frame, target="y", task="regression")
    even = ti.shapley_values(cases.wrapped(cases.relu_network(([[1.0, 1.0, 0.0]], [0.0], [1.0]))), twins, twins)
    assert even.frame()["tied_with_next"].tolist() == [True, False, False]


@pytest.mark.parametrize("task", every_nth(2, ["binary", "multiclass"]))
def test_a_row_stands_beside_its_linear_counterpart(task):
    _, table, pipeline, _ = scene(task)
    linear = ti.wrap(cases.linear_pipeline(cases.mixed_frame(40, 0, task), task))
    told = ti.explain_row(ti.wrap(pipeline), table, 7, counterpart=linear, background=20)
    k = 3 if task == "multiclass" else 1
    made = told.frame()
    assert len(made) == 5 * k
    whole = ti.shapley_values(ti.wrap(pipeline), table, 20).values[7]
    np.testing.assert_allclose(made["network"].to_numpy().reshape(k, 5).T, whole, atol=0.02)
    np.testing.assert_allclose(
        made["linear"].to_numpy().reshape(k, 5).T, ti.shapley_values(linear, table, 20).values[7], atol=1e-6
    )
    axes = told.plot()
    assert len(axes.get_yticklabels()) == 5
    assert told.plot(axes) is axes
    mpl.pyplot.close("all")
    assert f"Row {int(table.numbers[7])}" in str(told)
    assert " over 20 background rows is " in str(told)
    fitted = ti.explain_row(ti.wrap(pipeline), table, 7)
    assert fitted.linear_name in str(fitted)


def test_what_cannot_be_asked_is_said():
    _, table, pipeline, _ = scene("binary")
    model = ti.wrap(pipeline)
    wrong = [
        ({"method": "kernel"}, "method must be one of"),
        ({"scale": "odds"}, "scale must be one of"),
        ({"background": 0}, "1 or more"),
        ({"tolerance": 0.0}, "above 0"),
        ({"n_permutations": 0}, "between 1 and"),
        ({"background": replace(table, frame=table.frame.drop(columns="age"))}, "lacks 'age'"),
    ]
    for more, words in wrong:
        with pytest.raises(NotApplicableError, match=words):
            ti.shapley_values(model, table, **more)
    with pytest.raises(NotApplicableError, match="from 0 to 39"):
        ti.explain_row(model, table, 40)


# ---- means over rows, and the background they are measured against


@pytest.mark.parametrize("weighted", every_nth(2, [False, True]))
def test_the_mean_against_each_background_row_is_that_of_a_run_against_it_alone(weighted):
    """Exact values, so that draws do not differ; rows by their weight."""
    _, table, pipeline, _ = scene("multiclass", weighted=weighted)
    model = ti.wrap(pipeline)
    s = ti.shapley_values(model, table, 6, "exact", seed=3)
    assert s.places.tolist() == background_rows(table, 6, 3).tolist()
    alone = [ti.shapley_values(model, table, table.take(np.array([b])), "exact") for b in s.places]
    weights = np.ones(40) if table.weights is None else table.weights
    means = [np.average(one.values, axis=0, weights=weights) for one in alone]
    np.testing.assert_allclose(s.against, means, atol=2e-5)
    np.testing.assert_allclose(np.average(s.against, axis=0, weights=weights[s.places]), s.mean().value, atol=2e-5)


@pytest.mark.parametrize("closed", every_nth(2, [False, True]))
def test_the_error_of_a_mean_holds_the_draw_of_the_background(closed):
    """Additive: the mean is mean g(x) less mean g(b), b drawn from x without replacement, so its variance is that of g
    times (1/b - 1/n); over draws, not over formulas of ours."""
    table, b, n = wide(120, 3), 30, 120
    weight = np.array([[1.0, -2.0, 0.5]])
    module = (
        cases.affine(weight)
        if closed
        else nn.Sequential(cases.affine(np.eye(3), np.full(3, 50.0)), nn.ReLU(), cases.affine(weight))
    )
    bound = bind(cases.wrapped(module), table)
    runs = [ti.shapley_values(bound, table, b, "auto", seed) for seed in range(150 if closed else 8)]
    assert runs[0].method == ("closed form" if closed else "auto")
    seen = np.std([run.mean().value[:, 0] for run in runs], axis=0)
    told = np.sqrt(np.mean([run.mean().stderr[:, 0] ** 2 for run in runs], axis=0))
    exact = np.abs(weight[0]) * table.inputs.to_numpy().std(axis=0, ddof=1) * np.sqrt(1 / b - 1 / n)
    np.testing.assert_allclose(told, exact, rtol=0.06 if closed else 0.2)
    if closed:
        np.testing.assert_allclose(told, seen, rtol=0.2)


def test_all_rows_against_all_rows_have_mean_zero_and_no_error():
    """What a row adds when explained it takes away as background."""
    table, model = wide(30, 5), cases.wrapped(deep(5))
    s = ti.shapley_values(model, table, 30, "exact")
    np.testing.assert_allclose(s.mean().value, 0, atol=1e-6)
    np.testing.assert_allclose(s.mean().stderr, 0, atol=1e-6)
    assert ti.shapley_values(model, table, table, "exact").mean().stderr.min() > 0.001  # fixed: that of rows


def test_a_given_background_counts_as_fixed_and_the_result_says_so(sampled):
    few, backs, model, _ = sampled
    given, drawn = ti.shapley_values(model, few, backs), ti.shapley_values(model, few, 4)
    assert given.places is None
    assert given.against is None
    np.testing.assert_allclose(given.mean().stderr, given.values.std(axis=0, ddof=1) / np.sqrt(6))
    assert "given background rows" in given.estimand
    assert "population" in drawn.estimand
    assert np.isnan(ti.shapley_values(model, few, 1).mean().stderr).all()  # one draw tells nothing of draws
