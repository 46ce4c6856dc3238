"""The split of the score: closed forms, scikit-learn's least squares, and what must add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPRegressor
from torch import nn

import tabinterp as ti
from tabinterp.analyses.decomposition import record
from tabinterp.analyses.ladder.basis import build, knots
from tabinterp.analyses.ladder.projection import solve_gram
from tabinterp.errors import NotApplicableError
from tests import cases
from tests.shared import every_nth


class Friedman(nn.Module):
    def forward(self, x):
        bent = 10 * torch.sin(torch.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
        return (bent + 10 * x[:, 3] + 5 * x[:, 4])[:, None]


class Ishigami(nn.Module):
    def forward(self, x):
        return (torch.sin(x[:, 0]) * (1 + 0.1 * x[:, 2] ** 4) + 7 * torch.sin(x[:, 1]) ** 2)[:, None]


class Formula(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return self.f(x)[:, None]


def table_of(x, y=None, **more):
    frame = pd.DataFrame(x, columns=[f"x{i + 1}" for i in range(x.shape[1])])
    return ti.read_table(frame.assign(y=np.arange(len(x)) / len(x) if y is None else y), target="y", **more)


def split_of(f, x, seed=0, **more):
    module = f if isinstance(f, nn.Module) else Formula(f)
    model = ti.wrap(module, encoder="passthrough", task="regression")
    return ti.decompose(model, table_of(x, task="regression", **more), seed=seed)


def wholes(found):
    return found.frame()["share"].to_numpy()[:3]


FORMULAS = {
    "friedman": (Friedman(), (0, 1, 5), (0.7528, 0.1723, 0.0749), "x1 × x2", 0.0749),
    "ishigami": (Ishigami(), (-np.pi, np.pi, 3), (0.1908, 0.5655, 0.2437), "x1 × x3", 0.2437),
}


@pytest.mark.parametrize("name", every_nth(2, FORMULAS))
def test_formulas_have_their_closed_forms(name):
    module, (low, high, d), truth, pair, share = FORMULAS[name]
    x = np.random.default_rng(3).uniform(low, high, (6000, d))
    found = split_of(module, x)
    assert wholes(found) == pytest.approx(truth, abs=0.02)
    frame = found.frame()
    assert frame.loc[frame["of"] == pair, "share"].item() == pytest.approx(share, abs=0.02)
    assert found.pairs[0] == tuple(pair.split(" × "))


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "rows", "hidden"),
    [("friedman", 2000, (32,)), ("ishigami", 4000, (64, 64))],
)
def test_networks_trained_on_the_formulas_have_their_shares(name, rows, hidden):
    module, (low, high, d), truth, _, _ = FORMULAS[name]
    draw = np.random.default_rng(1)
    x, fresh = draw.uniform(low, high, (rows, d)), draw.uniform(low, high, (6000, d))
    y, new = (module(torch.as_tensor(part))[:, 0].numpy() for part in (x, fresh))
    network = MLPRegressor(
        hidden_layer_sizes=hidden, activation="tanh", solver="lbfgs", max_iter=600, random_state=0
    ).fit(x, y)
    assert network.score(fresh, new) > 0.99
    frame = pd.DataFrame(fresh, columns=[f"x{i + 1}" for i in range(d)])
    table = ti.read_table(frame.assign(y=new), target="y", task="regression")
    assert wholes(ti.decompose(ti.wrap(network), table)) == pytest.approx(truth, abs=0.02)


def test_exclusive_or_is_all_interaction():
    x = np.random.default_rng(0).choice([-1.0, 1.0], (2000, 3))
    found = split_of(lambda x: x[:, 0] * x[:, 1], x)
    assert wholes(found) == pytest.approx([0, 0, 1], abs=0.01)
    assert found.pairs == (("x1", "x2"),)
    assert found.frame()["share"].iloc[-1] == pytest.approx(0, abs=0.01)


def test_an_additive_function_has_no_interactions():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(3000, 1)) + draw.normal(size=(3000, 3))  # correlated
    found = split_of(lambda x: torch.tanh(x[:, 0]) + x[:, 1] ** 2 / 4 + x[:, 2].abs(), x)
    _, curve, interactions = wholes(found)
    assert curve > 0.2
    assert abs(interactions) < 0.005
    assert found.pairs == ()


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_a_linear_model_is_linear(task):
    frame = cases.mixed_frame(600, 2, task)
    model = ti.wrap(cases.linear_pipeline(frame, task))
    found = ti.decompose(model, cases.mixed_table(frame, task))
    for weighting in found.weightings:
        told = found.frame(weighting)
        linear = told[(told["component"] == "linear") & (told["of"] == "")]
        assert linear["share"].to_numpy() == pytest.approx(1, abs=1e-4)
        assert len(linear) == (4 if task == "multiclass" else 1)


@pytest.mark.parametrize(
    ("task", "weighted"),
    every_nth(2, [("binary", True), ("multiclass", True), ("regression", False)]),
)
def test_parts_add_up(task, weighted):
    frame = cases.mixed_frame(700, 2, task)
    model = ti.wrap(cases.network_pipeline(frame, task))
    found = ti.decompose(model, cases.mixed_table(frame, task, weighted, split=0.5, stratify=False))
    for weighting in found.weightings:
        told = found.frame(weighting)
        for _, one in told.groupby("output") if "output" in told else [("", told)]:
            whole = one[one["of"] == ""].set_index("component")["share"]
            assert whole.sum() == pytest.approx(1, abs=1e-9)
            parts = one[one["of"] != ""].groupby("component")["share"].sum()
            for component in ("linear", "curvature", "interactions"):
                assert parts[component] == pytest.approx(whole[component], abs=1e-9)


def test_linear_and_additive_shares_are_those_of_least_squares():
    """scikit-learn on the same design and all rows: what it finds differs by the noise of the fit alone."""
    frame = cases.mixed_frame(4000, 3)
    table = cases.mixed_table(frame)
    network = cases.network_pipeline(frame)
    found = ti.decompose(ti.wrap(network), table)
    score = cases.scorer(network)(frame)[:, 0]
    p = 1 / (1 + np.exp(-score))
    kinds = {c: table.schema[c].kind for c in cases.INPUTS}
    basis = build(table.inputs, kinds, curves=kinds)
    design = basis.design(table.inputs)
    for weighting, w in (("plain", np.ones(len(p))), ("p(1-p)", p * (1 - p))):
        linear, additive = (
            LinearRegression().fit(x, score, w).score(x, score, w) for x in (design[:, basis.tier == 0], design)
        )
        shares = found.frame(weighting)["share"].to_numpy()[:3]
        assert shares == pytest.approx([linear, additive - linear, 1 - additive], abs=0.004), weighting


def test_a_column_may_have_a_negative_share():
    """f = x1 - x2 / 2 with correlation .9: Cov(-x2 / 2, f) = -.45 + .25, Var f = 1 + .25 - .9."""
    draw = np.random.default_rng(0)
    x = draw.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 20_000)
    shares = split_of(lambda x: x[:, 0] - x[:, 1] / 2, x).frame()
    linear = shares[shares["component"] == "linear"].set_index("of")["share"]
    assert [linear["x1"], linear["x2"]] == pytest.approx([0.55 / 0.35, -0.2 / 0.35], abs=0.03)


@pytest.mark.nightly
def test_noise_of_the_fit_neither_inflates_nor_deflates():
    """Pure interaction, 5 columns, few rows: in-sample R2 of the lines would be 5 / 100, out of sample below zero."""
    draws = [np.random.default_rng(s).choice([-1.0, 1.0], (100, 5)) for s in range(12)]
    linear = [wholes(split_of(lambda x: x[:, 0] * x[:, 1], x))[0] for x in draws]
    assert abs(np.mean(linear)) < 4 * np.std(linear) / np.sqrt(12)
    assert abs(np.mean(linear)) < 0.015  # in-sample .05


def test_seeds_and_order_of_rows():
    x = np.random.default_rng(0).random((500, 3))
    bent = Formula(lambda x: 10 * torch.sin(torch.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2)
    model = ti.wrap(bent, encoder="passthrough", task="regression")
    table = table_of(x, task="regression")
    first, other = (ti.decompose(model, table, seed=s).frame() for s in (0, 1))
    again = ti.decompose(model, table.take(np.random.default_rng(1).permutation(500)), seed=0).frame()
    pd.testing.assert_frame_equal(first, again, rtol=1e-6, atol=1e-8)
    assert not np.allclose(first["share"], other["share"])


def test_knots_are_the_values_or_quantiles_of_which_a_mode_takes_one():
    assert knots(pd.Series([3.0, 1.0, np.nan, 1.0]), 16).tolist() == [1, 3]
    spiked = knots(pd.Series(np.r_[np.zeros(900), np.arange(1.0, 101)]), 16)
    assert len(spiked) > 8
    assert spiked[[0, -1]].tolist() == [0, 100]
    assert (np.diff(spiked) > 0).all()


def test_what_cannot_be_split_is_refused_in_words():
    x = np.random.default_rng(0).normal(size=(60, 3))
    with pytest.raises(NotApplicableError, match="is the same for all rows"):
        split_of(lambda x: 0 * x[:, 0] + 2, x)
    with pytest.raises(NotApplicableError, match="at least 240 rows"):
        split_of(lambda x: x[:, 0] * x[:, 1], x)


def test_a_number_of_one_known_value_counts_by_whether_it_is_known():
    draw = np.random.default_rng(0)
    known, x = draw.random(600) < 0.5, draw.normal(size=600)
    frame = pd.DataFrame({"x": x, "b": np.where(known, 3.0, np.nan)})
    frame["y"] = x * known
    model = ti.wrap(lambda rows: (rows["x"] * rows["b"].notna()).to_numpy(dtype=float), task="regression")
    table = ti.read_table(frame, target="y", task="regression")
    found = ti.decompose(model, table)
    assert found.pairs == (("x", "b"),)
    assert found.frame().set_index("component").loc["interactions", "share"].iloc[0] > 0.4


def test_dummies_that_rounding_made_indefinite_are_solved_by_least_squares():
    """Eighty-nine dummies that sum to one, with rounding that leaves an eigenvalue below zero by more than the ridge."""
    draws = np.random.default_rng(0)
    dummies = np.eye(89)[draws.integers(0, 89, 2000)]
    x = (dummies - dummies.mean(axis=0)) / dummies.std(axis=0)
    y = x @ draws.normal(size=(89, 1))
    gram, right = x.T @ x / len(x), x.T @ y / len(x)
    values, vectors = np.linalg.eigh(gram)
    rounded = gram - 1e-7 * np.outer(vectors[:, 0], vectors[:, 0])
    assert np.linalg.eigvalsh(rounded)[0] < -1e-8
    assert values[0] == pytest.approx(0, abs=1e-12)
    fitted = x @ solve_gram(rounded, right)
    np.testing.assert_allclose(fitted, x @ np.linalg.lstsq(x, y)[0], atol=1e-4)


def test_a_share_beyond_one_has_no_row_of_its_own_in_the_document():
    """f = x1 - x2 / 2 with correlation .99: Var f = .26, shares .505 / .26 = 1.94 and -.245 / .26 = -.94."""
    x = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 0.99], [0.99, 1]], 20_000)
    found = split_of(lambda x: x[:, 0] - x[:, 1] / 2, x)
    linear = found.frame()[lambda frame: frame["component"] == "linear"].set_index("of")["share"]
    assert [linear["x1"], linear["x2"]] == pytest.approx([0.505 / 0.26, -0.245 / 0.26], abs=0.1)
    shares = record.build(found)
    assert "x1" not in {row.of for row in shares.parts if row.component == "linear"}
    assert [row.share.value for row in shares.parts if row.of == "x2" and row.component == "linear"] == [linear["x2"]]
    assert [(row.count, row.share) for row in shares.rest if row.component == "linear"] == [(1, None)]
