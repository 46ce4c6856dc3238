"""Perturbed values: a slow loop that perturbs the rows, closed forms of Gaussian columns, coverage, and true networks."""

from __future__ import annotations

import functools
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate, stats
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from torch import nn

import tabinterp as ti
from tabinterp.analyses.perturbation.estimator import (
    DONORS,
    FEW_DRAWS,
    FEW_SIZES,
    AtSize,
    Robustness,
    _Places,
    _scores_of,
    robustness,
)
from tabinterp.analyses.perturbation.record import OF_NUMBERS
from tabinterp.document.base import Interval
from tabinterp.errors import DocumentError, NotApplicableError
from tabinterp.models import bind
from tabinterp.models.perturbation import forward, mixed
from tabinterp.table.hash_sampling import chosen
from tests import cases
from tests.shared import every_nth

NONE = (np.nan,) * 4
SEED = 3
DRAWS = 3


@functools.cache
def fitted(task: str = "binary", kind: str = "split"):
    """`kind`: with a split, without one, or with a split and weights, or groups of rows."""
    frame = cases.mixed_frame(300, task=task).assign(who=lambda rows: np.arange(len(rows)) // 4)
    more = {} if kind == "whole" else {"split": 0.5}
    more |= {"group": "who"} if kind == "groups" else {"drop": ["who"]}
    table = cases.mixed_table(frame, task, kind == "weights", **more)
    return table, cases.network_pipeline(frame, task), cases.linear_pipeline(frame, task)


@functools.cache
def both(task: str = "binary", kind: str = "split"):
    table, *pipelines = fitted(task, kind)
    return [bind(ti.wrap(one), table) for one in pipelines]


def found_of(task: str = "binary", kind: str = "split", **more):
    network, linear = both(task, kind)
    return robustness(network, network.table, linear, **{"seed": SEED, "draws": DRAWS} | more)


# ---- the slow loop


def places_of(table, seed=SEED):
    """The places of the evaluated rows among the training rows, or among themselves."""
    rows = table.evaluated
    if table.held_out is None:
        return _Places(table, len(rows), seed)
    training = np.flatnonzero(~table.held_out)
    return _Places(table.take(np.concatenate([rows, training])), len(rows), seed)


def donors_of(table, seed=SEED):
    if table.held_out is None:
        return table.inputs
    training = table.training_rows()
    return training.take(chosen(training.numbers, DONORS, seed)).inputs


def perturbed(table, size, draw, only=None):
    """The evaluated rows, value by value; the random numbers are those of the product, which have a test of their own."""
    frame, donors, places = table.evaluation_rows().inputs, donors_of(table), places_of(table)
    made = {}
    for j, column in enumerate(frame):
        first, second = places._drawn(draw, j)
        given = [value for value in donors[column] if not pd.isna(value)]
        values, numeric = [], table.schema[column].kind == "numeric"
        for i, value in enumerate(frame[column]):
            if pd.isna(value) or (only is not None and j not in only):
                values.append(value)
            elif numeric:
                place = sum(one < value for one in given) + second[i] * sum(one == value for one in given)
                place += (2 * first[i] - 1) * size * len(given)
                while not 0 <= place <= len(given):
                    place = -place if place < 0 else 2 * len(given) - place
                values.append(sorted(given)[min(math.floor(place), len(given) - 1)])
            else:
                values.append(given[math.floor(second[i] * len(given))] if first[i] < size else value)
        made[column] = pd.Series(values, dtype=frame[column].dtype)
    return pd.DataFrame(made)


def row_losses(pipeline, task, target, rows):
    if task == "regression":
        return (target - pipeline.predict(rows)) ** 2
    p = pipeline.predict_proba(rows)
    return -np.log(p[np.arange(len(rows)), [[*pipeline.classes_].index(one) for one in target]])


def error_of(parts, groups):
    """The standard error of a mean of parts that add up to 0, summed by group, and half of its interval: Student's, with the
    degrees of freedom that the kurtosis leaves (Box 1953)."""
    n = len(parts)
    if groups is not None:
        parts = pd.Series(parts).groupby(groups).sum().to_numpy()
    error = np.sqrt((parts**2).sum() * len(parts) / (len(parts) - 1)) / n
    parts = parts[parts != 0]
    excess = max(len(parts) * (parts**4).sum() / (parts**2).sum() ** 2 - 3, 0)
    return error, error * stats.t.ppf(0.975, (len(parts) - 1) / (1 + excess / 2))


def assert_estimate(found, values, weights, groups):
    assert found[0] == pytest.approx(np.average(values, weights=weights), abs=2e-5 * max(1, np.abs(values).max()))
    error, half = error_of(weights / weights.mean() * (values - np.average(values, weights=weights)), groups)
    assert found[1] == pytest.approx(error, rel=0.01)
    assert found[3] - found[0] == pytest.approx(half, rel=0.02)
    assert found[0] - found[2] == pytest.approx(half, rel=0.02)


@pytest.mark.parametrize(
    ("task", "kind"),
    every_nth(
        3,
        [
            ("multiclass", "split"), ("binary", "whole"), ("binary", "split"), ("binary", "groups"), ("regression", "split"),
            ("binary", "weights"), ("regression", "weights"),
        ],
    ),
)  # fmt: skip
def test_losses_and_their_errors_are_those_of_rows_perturbed_value_by_value(task, kind):
    table, *pipelines = fitted(task, kind)
    sizes = (0.1, 0.5)
    found = found_of(task, kind, sizes=sizes)
    rows = table.evaluation_rows()
    target, weights, groups = rows.frame[table.schema.target].to_numpy(), rows.row_weights, rows.groups
    numeric = [j for j, c in enumerate(table.schema.inputs) if table.schema[c].kind == "numeric"]

    def lost(size, only=None):
        copies = [perturbed(table, size, draw, only) for draw in range(DRAWS)]
        return [np.mean([row_losses(one, task, target, copy) for copy in copies], axis=0) for one in pipelines]

    none = [row_losses(one, task, target, rows.inputs) for one in pipelines]
    assert [one.size for one in found.sizes] == [0, *sizes]
    assert found.numbers.size == OF_NUMBERS == 0.05
    for one, after in (
        (found.sizes[0], none), *((one, lost(size)) for one, size in zip(found.sizes[1:], sizes, strict=True)),
        (found.numbers, lost(OF_NUMBERS, numeric)),
    ):  # fmt: skip
        assert_estimate(one.network, after[0], weights, groups)
        assert_estimate(one.linear, after[1], weights, groups)
        assert_estimate(one.difference, after[0] - after[1], weights, groups)
        if one is found.sizes[0]:
            assert np.isnan(one.rise).all()
        else:
            assert_estimate(one.rise, after[0] - none[0] - after[1] + none[1], weights, groups)
    assert found.column_size == 0.1
    for j, column in enumerate(table.schema.inputs):
        one, after = next(one for one in found.columns if one.column == column), lost(0.1, [j])
        rises = [new - old for new, old in zip(after, none, strict=True)]
        for estimate, values in (
            (one.network, rises[0]),
            (one.linear, rises[1]),
            (one.difference, rises[0] - rises[1]),
        ):
            assert_estimate(estimate, values, weights, groups)
    assert [one.network[0] for one in found.columns] == sorted((one.network[0] for one in found.columns), reverse=True)
    assert (found.rows, found.draws, found.seed) == (len(rows), DRAWS, SEED)
    assert (found.donors, found.donors_of) == (
        (300, "all") if kind == "whole" else (len(table.training_rows()), "training")
    )


@pytest.mark.parametrize("kind", every_nth(2, ["weights", "split", "groups"]))
def test_aucs_and_their_errors_are_those_of_rows_perturbed_value_by_value(kind):
    """The error from the derivatives of the AUC by the weights of the rows (Efron 1982), over pairs of rows."""
    table, *pipelines = fitted("binary", kind)
    found = found_of(kind=kind, sizes=(0.3,), draws=2)
    rows = table.evaluation_rows()
    y, w = rows.y, rows.row_weights
    copies = [perturbed(table, 0.3, draw) for draw in range(2)]
    areas, influence = [], []
    for pipeline in pipelines:
        scores = [pipeline.predict_proba(copy)[:, 1] for copy in copies]
        areas.append(np.mean([roc_auc_score(y, one, sample_weight=w) for one in scores]))
        right = np.mean([np.sign(one[:, None] - one[None]) / 2 + 0.5 for one in scores], axis=0) * (
            y[:, None] > y[None]
        )

        def area(weights, right=right):
            return weights @ right @ weights / (weights[y > 0].sum() * weights[y == 0].sum())

        step = 1e-5
        moved = [area(w * (1 + step * one)) - area(w * (1 - step * one)) for one in np.eye(len(y))]
        influence.append(np.array(moved) / (2 * step) * len(y))
    one = found.sizes[1]
    for estimate, value, parts in (
        (one.network_auc, areas[0], influence[0]),
        (one.linear_auc, areas[1], influence[1]),
        (one.auc_difference, areas[0] - areas[1], influence[0] - influence[1]),
    ):
        assert estimate[0] == pytest.approx(value, abs=1e-4)
        assert estimate[1] == pytest.approx(error_of(parts, rows.groups)[0], rel=0.02)
        assert estimate[2] < value < estimate[3]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_only_two_classes_have_an_auc(task):
    one = found_of(task, sizes=(0.1,)).sizes[1]
    assert np.isnan([one.network_auc, one.linear_auc, one.auc_difference]).all()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("kind", ["split", "weights"])
def test_the_null_loss_is_that_of_a_constant_prediction_on_the_evaluated_rows(task, kind):
    table, *_ = fitted(task, kind)
    rows = table.evaluation_rows()
    y, w = rows.y, rows.row_weights
    if task == "regression":
        expected = mean_squared_error(y, np.full(len(y), np.average(y, weights=w)), sample_weight=w)
    else:
        shares = [np.average(y == k, weights=w) for k in np.unique(y)]
        expected = log_loss(y, np.tile(shares, (len(y), 1)), sample_weight=w)
    assert found_of(task, kind, sizes=(0.1,), draws=1).null == pytest.approx(expected)


# ---- what moves


def test_random_numbers_are_uniform_and_independent_over_draws_columns_rows_and_seeds():
    n = 20_000
    table = ti.read_table(
        pd.DataFrame({"a": np.zeros(n), "b": np.zeros(n), "y": np.arange(n) % 7.0}), target="y", task="regression"
    )
    drawn = np.array(
        [one for seed in (0, 1) for draw in (0, 1) for j in (0, 1) for one in _Places(table, n, seed)._drawn(draw, j)]
    )
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert all(stats.kstest(one, "uniform").pvalue > 1e-4 for one in drawn)
    apart = np.corrcoef(np.concatenate([drawn, drawn[:, np.r_[1:n, 0]]]))  # also of the row below
    assert np.abs(apart[~np.eye(len(apart), dtype=bool)]).max() < 5 / np.sqrt(n)


def test_values_come_from_training_rows_alone_and_missing_ones_stay_missing():
    table, *_ = fitted()
    places, n = places_of(table), len(table.evaluated)
    joint = table.take(np.concatenate([table.evaluated, np.flatnonzero(~table.held_out)])).inputs
    came = places.moved(1.0, 0).T
    for j, column in enumerate(joint):
        missing = joint[column][:n].isna().to_numpy()
        np.testing.assert_array_equal(came[missing, j], np.flatnonzero(missing))
        assert (came[~missing, j] >= n).all()
        assert joint[column].take(came[~missing, j]).notna().all()
    assert joint[["age", "city"]][:n].isna().any().all()


def test_a_row_moves_alike_whatever_other_rows_are_evaluated():
    table, *_ = fitted()
    rows, training = table.evaluated, np.flatnonzero(~table.held_out)
    few = rows[::3]
    parts = [
        np.concatenate([one, training])[
            _Places(table.take(np.concatenate([one, training])), len(one), SEED).moved(0.3, 1).T
        ]
        for one in (rows, few)
    ]
    np.testing.assert_array_equal(parts[0][::3], parts[1])


def test_the_same_draws_serve_all_sizes_and_only_one_column_moves_where_asked():
    table, *_ = fitted()
    places = places_of(table)
    small, large = places.moved(0.2, 1).T, places.moved(0.6, 1).T
    level = next(j for j, c in enumerate(table.schema.inputs) if table.schema[c].kind != "numeric")
    moved = small[:, level] != places.unmoved.T[:, level]
    np.testing.assert_array_equal(small[moved, level], large[moved, level])
    assert (small != places.moved(0.2, 2).T).any()
    alone = places.moved(0.2, 1, [level]).T
    np.testing.assert_array_equal(alone[:, level], small[:, level])
    np.testing.assert_array_equal(np.delete(alone, level, axis=1), np.delete(places.unmoved.T, level, axis=1))


def test_a_column_without_values_in_training_rows_does_not_move():
    frame = pd.DataFrame({"a": np.arange(60.0), "b": np.arange(60.0), "y": np.arange(60.0) % 5})
    frame.loc[:29, "b"] = np.nan
    table = ti.read_table(
        frame.assign(part=["train"] * 30 + ["test"] * 30), target="y", task="regression", split="part"
    )
    came = places_of(table).moved(1.0, 0).T
    np.testing.assert_array_equal(came[:, 1], np.arange(30))
    assert (came[:, 0] != np.arange(30)).all()


def test_encoded_columns_are_exchanged_as_whole_rows_are_encoded():
    network, linear = both()
    rows, training = network.table.evaluated, np.flatnonzero(~network.table.held_out)
    places = places_of(network.table)
    came = places.moved(0.4, 0)
    for bound in (network, linear):
        joint = bound.take(np.concatenate([rows, training]))
        scores = _scores_of(joint, len(rows))

        def encoded_again(came, joint=joint):
            return forward(joint.rest, mixed(joint, np.ascontiguousarray(came.T))).cpu().numpy()

        np.testing.assert_allclose(scores(came, None), encoded_again(came), atol=1e-4)
        for j in range(len(came)):
            draws = [places.moved(0.4, draw, [j]) for draw in range(3)]
            alone = np.concatenate([places.of(j, 0.4, draw) for draw in range(3)])
            np.testing.assert_allclose(scores(alone, j), encoded_again(np.concatenate(draws, axis=1)), atol=1e-4)


@pytest.mark.parametrize("kind", ["categorical", "float", "integer", "boolean"])
def test_a_column_that_the_network_does_not_use_changes_no_loss(kind):
    rng, n = np.random.default_rng(0), 400
    values = {
        "categorical": rng.choice(["u", "v"], n),
        "float": rng.normal(size=n),
        "integer": rng.integers(0, 30, n),
        "boolean": rng.random(n) < 0.5,
    }
    frame = pd.DataFrame({"used": rng.normal(size=n), "unused": values[kind]})
    frame["y"] = np.where(frame["used"] + rng.normal(size=n) > 0, "yes", "no")
    table = ti.read_table(frame, target="y", positive="yes", split=0.5)
    pipeline = make_pipeline(ColumnTransformer([("used", "passthrough", ["used"])]), LogisticRegression())
    model = ti.wrap(pipeline.fit(frame[["used", "unused"]], frame["y"]))
    found = robustness(model, table, draws=2, sizes=(0.1,))
    rises = {one.column: one.network for one in found.columns}
    assert rises["unused"][:2] == (0, 0)
    assert rises["used"][0] != 0


def test_seeds_and_large_tables_draw_other_donors():
    n = 12_500
    frame = pd.DataFrame({"a": np.arange(2.0 * n), "y": np.arange(2.0 * n) % 5}).assign(
        part=np.repeat(["train", "test"], n)
    )
    table = ti.read_table(frame, target="y", task="regression", split="part")
    model = wrapped(lambda x: x[:, :1] / n, table)
    found = [robustness(model, table, model, sizes=(0.1,), draws=1, seed=seed) for seed in (0, 1)]
    assert [one.donors for one in found] == [DONORS, DONORS] == [10_000] * 2
    assert found[0].sizes[1].network != found[1].sizes[1].network


# ---- closed forms


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def wrapped(function, table):
    """A network that computes this of the columns as they are."""
    inputs = [*table.schema.inputs]
    encoder = ColumnTransformer([("all", "passthrough", inputs)]).fit(table.inputs)
    more = {"classes": list(table.schema.classes)} if table.schema.classes else {"task": table.schema.task}
    return ti.wrap(Function(function), encoder=encoder, **more)


@functools.cache
def cosines():
    """The coefficients of a Gaussian number in the cosines of its rank."""
    return np.array(
        [
            math.sqrt(2) * integrate.quad(lambda p, k=k: stats.norm.ppf(p) * math.cos(k * math.pi * p), 0, 1)[0]
            for k in range(1, 40)
        ]
    )


def correlation(size):
    """Of a Gaussian number with itself after a uniform displacement of its reflected rank: the cosines of order k are the
    eigenfunctions of the displacement, with eigenvalues sin(k pi s) / (k pi s)."""
    return float((cosines() ** 2 * np.sinc(np.arange(1, 40) * size)).sum())


@pytest.mark.parametrize("size", every_nth(3, [0.3, 0.05, 1.0]))
def test_a_line_in_gaussian_columns_loses_what_theory_says(size):
    """E (y - b x')^2 = var y + sum of b^2 - 2 b beta rho(s), for each of two columns."""
    rng, n = np.random.default_rng(0), 20_000
    frame = pd.DataFrame({"x": rng.normal(size=n), "z": rng.normal(size=n)})
    frame["y"] = 2 * frame["x"] - frame["z"] + rng.normal(size=n)
    frame["part"] = np.repeat(["train", "test"], n // 2)
    table = ti.read_table(frame, target="y", split="part")
    network, linear = wrapped(lambda x: 1.5 * x[:, :1] - x[:, 1:2], table), wrapped(lambda x: x[:, :1], table)
    found = robustness(network, table, linear, sizes=(size,), draws=DRAWS, column_size=size)
    rho, one = correlation(size), found.sizes[1]
    expected = {"network": 6 + 2.25 + 1 - 2 * rho * (1.5 * 2 + 1), "linear": 6 + 1 - 2 * rho * 2}
    expected["difference"] = expected["network"] - expected["linear"]
    expected["rise"] = expected["difference"] - (1.25 - 3)
    for name, value in expected.items():
        estimate = getattr(one, name)
        assert estimate[0] == pytest.approx(value, abs=4 * estimate[1] + 0.02)  # donors are a sample, too
    for row in found.columns:
        b, beta = {"x": (1.5, 2), "z": (-1, -1)}[row.column]
        assert row.network[0] == pytest.approx(2 * b * beta * (1 - rho), abs=4 * row.network[1] + 0.02)
        b = {"x": 1, "z": 0}[row.column]
        assert row.linear[0] == pytest.approx(2 * b * beta * (1 - rho), abs=4 * row.linear[1] + 0.02)
    assert [row.column for row in found.columns] == ["x", "z"]


def heavy(rng, training, n, **more):
    """Both models on n rows of heavy tails; a jump in one column and a product make the difference."""
    x = rng.standard_t(3, size=(n, 3))
    s = x[:, 0] + np.sign(x[:, 2]) * x[:, 1]
    frame = pd.DataFrame(x, columns=["a", "b", "c"]).assign(y=np.where(s + rng.logistic(size=n) > 0, "yes", "no"))
    whole = pd.concat([training.assign(part="train"), frame.assign(part="test")], ignore_index=True)
    table = ti.read_table(whole, target="y", positive="yes", split="part")
    network = wrapped(lambda x: x[:, :1] + torch.sign(x[:, 2:]) * x[:, 1:2], table)
    linear = wrapped(lambda x: 0.8 * x[:, :1], table)
    return robustness(network, table, linear, sizes=(0.3, 1.0), draws=2, **more)


@pytest.mark.nightly
def test_intervals_cover_what_a_large_sample_gives_with_heavy_tails():
    """Given the training rows. Sets whose values came from the evaluated rows were covered in half of the cases."""
    rng = np.random.default_rng(0)
    x = rng.standard_t(3, size=(300, 3))
    training = pd.DataFrame(x, columns=["a", "b", "c"]).assign(y=np.where(rng.random(300) < 0.5, "yes", "no"))
    truth = heavy(rng, training, 60_000)
    names = ("network", "difference", "rise", "auc_difference")
    covered = []
    for _ in range(120):
        found = heavy(rng, training, 150)
        covered.append(
            [
                getattr(one, name)[2] <= getattr(true, name)[0] <= getattr(one, name)[3]
                for one, true in zip((*found.sizes[1:], found.numbers), (*truth.sizes[1:], truth.numbers), strict=True)
                for name in names
            ]
        )
    shares = np.mean(covered, axis=0)
    assert (shares >= stats.binom.ppf(0.001, 120, 0.95) / 120).all(), shares
    assert 0.93 <= shares.mean() <= 0.97, shares


# ---- where the comparison changes


@pytest.mark.parametrize(
    ("differences", "lost", "worse"),
    [
        ([(-0.2, -0.1), (-0.2, -0.1), (-0.1, 0.1), (0.1, 0.2)], 0.2, 0.3),
        ([(-0.2, -0.1), (-0.2, -0.1), (-0.2, -0.1), (-0.2, -0.1)], None, None),
        ([(-0.2, 0.1), (-0.2, -0.1), (-0.1, 0.1), (0.1, 0.2)], None, 0.3),  # never better at size 0
        ([(0.1, 0.2), (0.1, 0.2), (0.1, 0.2), (0.1, 0.2)], None, None),  # worse at size 0: nothing is said
        ([(-0.2, -0.1), (-0.1, 0.1), (-0.2, -0.1), (-0.2, -0.1)], None, None),  # better again
        ([(-0.2, -0.1), (-0.1, 0.1), (-0.2, -0.1), (-0.1, 0.1)], 0.3, None),
        ([(-0.2, -0.1), (0.1, 0.2), (-0.1, 0.1), (0.1, 0.2)], 0.1, 0.3),
        ([(-0.2, -0.1), (0.1, 0.2), (0.1, 0.2), (0.1, 0.2)], 0.1, 0.1),
        ([(np.nan, np.nan), (0.1, 0.2), (0.1, 0.2), (0.1, 0.2)], None, 0.1),
        ([(-0.2, -0.1), (0.1, 0.2), (0.1, 0.2), (np.nan, np.nan)], 0.1, None),
    ],
)
def test_where_the_advantage_is_gone(differences, lost, worse):
    sizes = [
        AtSize(size, NONE, NONE, (0.0, 0.1, *ends), NONE, NONE, NONE, NONE)
        for size, ends in zip((0.0, 0.1, 0.2, 0.3), differences, strict=True)
    ]
    found = Robustness("log_loss", 0.7, 100, 1, 0, 100, "training", tuple(sizes), None, 0.1, ())
    assert (found.lost_at, found.worse_from) == (lost, worse)


# ---- in an audit


def test_a_function_is_asked_about_few_copies_on_a_budget_of_rows():
    table, network, _ = fitted(kind="whole")
    asked = []

    def answer(rows):
        asked.append(len(rows))
        return network.predict_proba(rows)

    model = ti.wrap(answer, task="binary", classes=list(network.classes_), outputs="probabilities")
    made = ti.audit(model, table, analyses=["perturbation"], budget=12_000)
    record = made.document.analyses["perturbation"]
    assert ([one.size for one in record.sizes], record.draws) == ([0, *FEW_SIZES], FEW_DRAWS)
    assert record.numbers.size == OF_NUMBERS
    assert sum(asked) <= 12_000


def status(made):
    return next(one.status for one in made.document.findings if one.slug == "fragile")


@functools.cache
def rare():
    """1,000 held-out rows, 60 of them with the event, which is enough; 200 of these rows have too few."""
    rng, n = np.random.default_rng(0), 2000
    frame = pd.DataFrame({"a": rng.normal(size=n), "y": np.where(np.arange(n) % 17 == 0, "yes", "no")})
    return ti.read_table(
        frame.assign(part=np.where(np.arange(n) < 1000, "train", "test")), target="y", positive="yes", split="part"
    )


@pytest.mark.parametrize(("rows", "applies"), [(200, False), (900, True)])
def test_drawn_rows_with_too_few_events_are_named_as_such(rows, applies):
    table = rare()
    made = ti.audit(wrapped(lambda x: x[:, :1] - 3, table), table, analyses=["perturbation"], rows=rows)
    assert ("perturbation" in made.document.analyses) == applies
    if applies:
        record = made.document.analyses["perturbation"]
        assert record.rows == rows
        y = table.y[table.held_out]  # of all of them: that of the drawn ones would tell of the others
        assert record.null == pytest.approx(log_loss(y, np.full(len(y), y.mean())))
    else:
        text = made.to_markdown()
        assert "the 200 rows sampled for the analysis include too few rows of one class" in text


def test_a_budget_for_fewer_than_ten_rows_is_the_reason_that_is_given():
    from tabinterp.analyses.perturbation.estimator import run  # noqa: PLC0415

    network, linear = both()
    limited = []
    context = SimpleNamespace(
        network=network, linear=linear, seed=0, share=200, evaluated=network.table.evaluated,
        settings=SimpleNamespace(rows=1000), drawn=lambda rows, most: rows[:most], is_limited=lambda: limited.append(1),
    )  # fmt: skip
    with pytest.raises(NotApplicableError) as refused:
        run(context)
    assert refused.value.reason.key == "why.budget.rows"
    assert limited


def test_without_training_rows_values_come_from_the_evaluated_rows():
    network, linear = both()
    rows = network.table.evaluated
    found = robustness(network.take(rows), network.take(rows).table, linear.take(rows), sizes=(0.5,), draws=1)
    assert (found.donors, found.donors_of) == (len(rows), "all")
    assert found.sizes[1].network[0] > found.sizes[0].network[0]


@pytest.mark.parametrize("few", ["rows", "events"])
def test_few_rows_or_events_are_refused(few):
    network, linear = both()
    y, held_out = network.table.y, network.table.held_out
    training = np.flatnonzero(~held_out)
    rows = np.flatnonzero(held_out)
    rows = rows[:8] if few == "rows" else np.concatenate([rows[y[rows] == 0], rows[y[rows] == 1][:5]])
    kept = np.concatenate([rows, training])
    with pytest.raises(NotApplicableError) as refused:
        robustness(network.take(kept), network.take(kept).table, linear.take(kept))
    assert refused.value.reason.key == ("why.perturbation.few" if few == "rows" else "why.events")


@functools.cache
def audited():
    table, network, _ = fitted()
    return ti.audit(ti.wrap(network), table, analyses=["perturbation"])


def other(interval, **ends):
    return interval.model_copy(update=ends)


def changed(record, place, **fields):
    sizes = [*record.sizes]
    sizes[place] = sizes[place].model_copy(update=fields)
    return {"sizes": sizes}


TAMPERED = {
    "lost_at": lambda r: {"lost_at": 0.77},
    "worse_from": lambda r: {"worse_from": 0.77},
    "increase strictly": lambda r: {"sizes": [r.sizes[0], r.sizes[2], r.sizes[1], *r.sizes[3:]]},
    "sizes must start at 0": lambda r: {"sizes": r.sizes[1:]},
    "not exceed 1": lambda r: {"sizes": [*r.sizes[:-1], r.sizes[-1].model_copy(update={"size": 1.1})]},
    "donors_of": lambda r: {"donors_of": "all"},
    "numbers must be given": lambda r: {"numbers": None},
    "numbers.size must be": lambda r: {"numbers": r.numbers.model_copy(update={"size": 0.5})},
    "must list at least": lambda r: {"columns": r.columns[:-1]},
    "sorted by the rise": lambda r: {"columns": r.columns[::-1]},
    "perturbation: difference is": lambda r: changed(r, 3, difference=other(r.sizes[3].difference, value=0.5)),
    "perturbation: rise is": lambda r: changed(r, 3, rise=other(r.sizes[3].rise, value=0.5)),
    "auc_difference is": lambda r: changed(r, 3, auc_difference=other(r.sizes[3].auc_difference, value=0.5)),
    "perturbation: rise is 0.25": lambda r: {
        "numbers": r.numbers.model_copy(update={"rise": other(r.numbers.rise, value=0.25)})
    },
    "perturbation: difference is 0.25": lambda r: {
        "columns": [r.columns[0].model_copy(update={"difference": Interval(value=0.25)}), *r.columns[1:]]
    },
}


@pytest.mark.parametrize("said", TAMPERED)
def test_a_record_whose_claims_do_not_follow_is_refused(said):
    made = audited()
    record = made.document.analyses["perturbation"]
    record.check_claims(made.document)
    with pytest.raises(DocumentError, match=said):
        record.model_copy(update=TAMPERED[said](record)).check_claims(made.document)


def test_where_all_inputs_are_numbers_numbers_alone_are_all_columns():
    table = simple("threshold")[0]
    model = wrapped(lambda x: x[:, :1], table)
    made = ti.audit(model, table, analyses=["perturbation"])
    record = made.document.analyses["perturbation"]
    assert record.numbers == next(one for one in record.sizes if one.size == OF_NUMBERS)
    record.check_claims(made.document)
    with pytest.raises(DocumentError, match="all inputs are"):
        record.model_copy(update={"numbers": record.numbers.model_copy(update={"linear": Interval()})}).check_claims(
            made.document
        )


def test_without_numbers_none_are_perturbed_alone():
    rng, n = np.random.default_rng(0), 400
    frame = pd.DataFrame({"c": rng.choice(["u", "v"], n), "d": rng.choice(["u", "v", "w"], n)})
    frame["y"] = np.where((frame["c"] == "u") ^ (rng.random(n) < 0.2), "yes", "no")
    table = ti.read_table(frame, target="y", positive="yes", split=0.5)
    one_hot = ColumnTransformer([("levels", OneHotEncoder(), ["c", "d"])])
    pipeline = make_pipeline(one_hot, LogisticRegression()).fit(frame[["c", "d"]], frame["y"])
    made = ti.audit(ti.wrap(pipeline), table, analyses=["perturbation"])
    assert made.document.analyses["perturbation"].numbers is None
    assert status(made) == "not_applicable"
    made.document.analyses["perturbation"].check_claims(made.document)


# ---- a network that is the true rule is not blamed


RULES = {
    "interaction": lambda x: 3 * x[:, :1] * x[:, 1:2] + 2 * x[:, 2:3],
    "threshold": lambda x: 6 * torch.sign(x[:, :1]) + 0 * x[:, 1:2],
    "thresholds": lambda x: 5 * torch.sign(x[:, :1] * x[:, 1:2]),
    "pulse": lambda x: 5 - 10 * (x[:, :1].abs() < 1).double().to(x),
}


@functools.cache
def simple(rule: str, n: int = 4000):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, 3))
    score = RULES[rule](torch.as_tensor(x))[:, 0].numpy()
    frame = pd.DataFrame(x, columns=["a", "b", "c"]).assign(
        y=np.where(score + rng.logistic(size=n) > 0, "yes", "no"), part=np.arange(n) % 2
    )
    frame["part"] = frame["part"].map({0: "train", 1: "test"})
    table = ti.read_table(frame, target="y", positive="yes", split="part")
    return table, wrapped(RULES[rule], table)


@pytest.mark.parametrize("rule", every_nth(2, RULES))
def test_the_true_rule_is_not_called_fragile(rule):
    table, network = simple(rule)
    made = ti.audit(network, table, analyses=["perturbation"])
    record = made.document.analyses["perturbation"]
    assert status(made) == "cleared"
    assert record.numbers.network.high < record.null
    if rule != "interaction":  # though perturbed values cost it more than the limit
        assert record.numbers.rise.low > 0.1 * record.null


def test_a_network_that_reads_low_digits_is_called_fragile():
    """The same table, and the outcome in the third digit of a column."""
    table, _ = simple("interaction")
    frame = table.frame.assign(part=np.where(table.held_out, "test", "train"))
    frame["c"] = (frame["c"].round(2) + 0.0025 * np.where(table.y > 0, 1, -1)).astype(float)
    table = ti.read_table(frame, target="y", positive="yes", split="part")
    network = wrapped(lambda x: 4 * torch.sign(torch.sin(200 * math.pi * x[:, 2:3])), table)
    made = ti.audit(network, table, analyses=["perturbation"])
    record = made.document.analyses["perturbation"]
    assert status(made) == "raised"
    assert record.sizes[0].network.value < 0.05
    assert (record.lost_at, record.worse_from) == (0.005, 0.005)


def test_of_many_columns_those_that_move_the_score_most_are_perturbed_individually():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(60, 103)), columns=[f"x{i}" for i in range(103)])
    frame["y"] = draw.normal(size=60)
    table = ti.read_table(frame, target="y", task="regression", split=0.5)
    layer = torch.nn.Linear(103, 1)
    with torch.no_grad():
        layer.weight[:] = 1.0
        layer.weight[0, [3, 50, 101]] = 0.01
    network = ti.wrap(layer, encoder="passthrough", task="regression")
    found = robustness(network, table, network, sizes=(0.1,), draws=1)
    assert {one.column for one in found.columns} == {f"x{i}" for i in range(103)} - {"x3", "x50", "x101"}
