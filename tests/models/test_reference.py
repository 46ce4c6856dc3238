"""The reference network: the encoder reads awkward tables, training is honest, repeatable, and leaves no trace."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from tabinterp.errors import ModelError, TableError
from tabinterp.network import reference
from tabinterp.network.encoder import build_encoder
from tabinterp.network.reference import fit_network, loss_of


def rows(n=400, d=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def scores(fitted, X):
    with torch.no_grad():
        return fitted.module(torch.from_numpy(X).float()).numpy()


def flat(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()])


@pytest.fixture
def few_epochs(monkeypatch):
    monkeypatch.setattr(reference, "EPOCHS", 3)


@pytest.fixture
def some_epochs(monkeypatch):
    monkeypatch.setattr(reference, "EPOCHS", 40)


# the encoder


AWKWARD = pd.DataFrame(
    {
        "größe": [1.0, np.nan, 3.0, 4.0] * 10,
        "constant": 7,
        "empty": np.nan,
        "empty object": pd.Series([None] * 40, dtype=object),
        "count": pd.Series([1, 2, None, 4] * 10, dtype="Int64"),
        "城市": ["北京", "Zürich", np.nan, "北京"] * 10,
        "flag": [True, False] * 20,
        "maybe": pd.Series([True, False, np.nan, True] * 10, dtype=object),
        "nullable": pd.Series([True, None] * 20, dtype="boolean"),
        "grade": pd.Series(pd.Categorical(["b", "a", None, "a"] * 10, ordered=True)),
    }
)
KINDS = {
    "größe": "numeric",
    "constant": "numeric",
    "empty": "numeric",
    "empty object": "numeric",
    "count": "numeric",
    "城市": "categorical",
    "flag": "boolean",
    "maybe": "boolean",
    "nullable": "boolean",
    "grade": "ordinal",
}


def test_awkward_columns_are_encoded_and_learned_from(few_epochs):
    encoder = build_encoder(AWKWARD, KINDS)
    X = encoder.fit_transform(AWKWARD)
    names = list(encoder.get_feature_names_out())
    assert X.shape == (40, len(names))
    assert X.dtype == np.float64
    assert np.isfinite(X).all()
    assert {"levels__城市_Zürich", "levels__城市_nan", "levels__maybe_nan", "numeric__missingindicator_größe"} <= set(
        names
    )
    fit_network(X, AWKWARD["flag"], task="binary", seed=0)


def test_every_column_alone_is_enough_for_an_encoder():
    for name, kind in KINDS.items():
        X = build_encoder(AWKWARD, {name: kind}).fit_transform(AWKWARD)
        assert len(X) == 40
        assert np.isfinite(X).all()


def test_each_encoded_column_reads_one_original_column():
    encoder = build_encoder(AWKWARD, KINDS).fit(AWKWARD)
    moved = []
    for name in KINDS:
        other = AWKWARD.assign(**{name: AWKWARD[name].to_numpy()[::-1]}).astype(AWKWARD.dtypes)
        moved.append((encoder.transform(other) != encoder.transform(AWKWARD)).any(axis=0))
    assert np.sum(moved, axis=0).max() == 1


def test_missing_values_and_levels_unseen_in_training_are_encoded():
    train = pd.DataFrame({"x": [1.0, 2.0] * 20, "c": ["a", "b"] * 20, "r": ["a"] * 38 + ["once", "twice"]})
    encoder = build_encoder(train, {"x": "numeric", "c": "categorical", "r": "categorical"}).fit(train)
    X = encoder.transform(pd.DataFrame({"x": [np.nan], "c": ["new"], "r": ["new"]}))
    assert X.tolist() == [[0.0, 0.0, 0.0, 0.0, 1.0]]  # x at its median; c nowhere; r among its rare levels


@pytest.mark.parametrize(
    ("values", "kind", "words"),
    [
        ([1.0, np.inf], "numeric", "infinite"),
        (["1", "b"], "numeric", "not"),
        (["a", 1], "categorical", "different types"),
        (pd.array(["a", None], dtype="string"), "categorical", "pandas.NA"),
        ([1, 2], "number", "must be numeric, categorical"),
    ],
)
def test_columns_that_cannot_be_encoded_are_refused_by_name(values, kind, words):
    with pytest.raises(TableError, match=f"'c'.*{words}"):
        build_encoder(pd.DataFrame({"c": values}), {"c": kind})


def test_unknown_and_no_columns_are_refused():
    with pytest.raises(TableError, match="not in the table"):
        build_encoder(AWKWARD, {"nowhere": "numeric"})
    with pytest.raises(TableError, match="at least one"):
        build_encoder(AWKWARD, {})


# training


@pytest.mark.nightly
def test_binary_finds_an_interaction(some_epochs):
    X = rows(800)
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    fitted = fit_network(X, y, task="binary", seed=0, hidden=(32,))
    new = rows(500, seed=1)
    assert np.mean((scores(fitted, new)[:, 0] > 0) == (new[:, 0] * new[:, 1] > 0)) > 0.9


def test_multiclass_finds_a_ring(some_epochs):
    X = rows(800, 2)
    radius = np.linalg.norm(X, axis=1)
    y = np.digitize(radius, [0.8, 1.5])
    fitted = fit_network(X, y, task="multiclass", n_classes=3, seed=0, hidden=(32,))
    new = rows(500, 2, seed=1)
    found = scores(fitted, new)
    assert found.shape == (500, 3)
    assert np.mean(found.argmax(axis=1) == np.digitize(np.linalg.norm(new, axis=1), [0.8, 1.5])) > 0.85


def test_regression_answers_in_the_units_of_the_target(some_epochs):
    X = rows(800)
    y = 5e4 + 1e3 * (np.sin(2 * X[:, 0]) + X[:, 1])
    fitted = fit_network(X, y, task="regression", seed=0, hidden=(32,))
    new = rows(300, seed=1)
    truth = 5e4 + 1e3 * (np.sin(2 * new[:, 0]) + new[:, 1])
    assert np.mean((scores(fitted, new)[:, 0] - truth) ** 2) < 0.1 * truth.var()
    assert 0.001 < fitted.validation_loss / truth.var() < 0.1  # squared units of the target


def test_the_module_is_plain_and_in_eval_mode():
    fitted = fit_network(rows(60), np.arange(60) % 2, task="binary", seed=0, hidden=(5, 4))
    assert [type(layer) for layer in fitted.module] == [*[nn.Linear, nn.Tanh, nn.Dropout] * 2, nn.Linear]
    assert not any(layer.training for layer in fitted.module.modules())
    assert all(p.grad is None and p.requires_grad and p.dtype == torch.float32 for p in fitted.module.parameters())


def test_no_hidden_layer_is_a_linear_model(few_epochs):
    X = rows()
    fitted = fit_network(X, (X[:, 0] > 0).astype(int), task="binary", seed=0, hidden=())
    assert [type(layer) for layer in fitted.module] == [nn.Linear]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_seed_decides_the_weights(task, few_epochs, monkeypatch):
    """Those of the first epoch as well: other validation rows alone would also change the weights of the last."""
    starts, layers = [], reference._layers

    def noted(*widths):
        network = layers(*widths)
        starts.append(flat(network).clone())
        return network

    monkeypatch.setattr(reference, "_layers", noted)
    X, y = rows(), np.arange(400) % 2
    one, same, other = (fit_network(X, y, task=task, n_classes=2, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(flat(one.module), flat(same.module))
    assert (one.epochs, one.validation_loss, one.seed) == (same.epochs, same.validation_loss, 1)
    assert not torch.equal(flat(one.module), flat(other.module))
    assert [torch.equal(starts[0], start) for start in starts] == [True, True, False]


def test_weights_count_rows():
    draw = np.random.default_rng(0)
    counts = draw.integers(1, 5, size=30)
    repeated = np.repeat(np.arange(30), counts)
    cases = [
        ("binary", torch.tensor(draw.integers(0, 2, 30)).double(), 1),
        ("multiclass", torch.tensor(draw.integers(0, 3, 30)), 3),
        ("regression", torch.tensor(draw.normal(size=30)), 1),
    ]
    for task, y, k in cases:
        z = torch.tensor(draw.normal(size=(30, k)))
        weighted = loss_of(z, y, torch.tensor(counts), task)
        plain = loss_of(z[repeated], y[repeated], torch.ones(len(repeated)), task)
        torch.testing.assert_close(weighted, plain)


def test_weights_move_the_fit_and_their_unit_does_not(few_epochs):
    X = rows()
    y = np.random.default_rng(0).integers(0, 2, 400)
    heavy = np.where(y == 1, 8.0, 1.0)
    even, tilted = (fit_network(X, y, task="binary", seed=0, weights=w) for w in (None, heavy))
    assert scores(tilted, X).mean() > scores(even, X).mean() + 0.5
    eighth = fit_network(X, y, task="binary", seed=0, weights=heavy / 8)
    assert torch.equal(flat(tilted.module), flat(eighth.module))


def test_rows_of_weight_zero_are_not_there(few_epochs):
    X, y = rows(), np.arange(400) % 2
    w = np.repeat([1.0, 0.0], 200)
    y_wrong = np.where(w == 0, 1 - y, y)
    one, other = (fit_network(X, target, task="binary", seed=0, weights=w) for target in (y, y_wrong))
    assert torch.equal(flat(one.module), flat(other.module))


@pytest.mark.parametrize("n", [2, 3, 17, 50])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_small_tables(n, task, few_epochs):
    X, y = rows(n, 1), np.arange(n) % 3 if task == "multiclass" else np.arange(n) % 2
    fitted = fit_network(X, y, task=task, n_classes=3, seed=0)
    assert np.isfinite(scores(fitted, X)).all()
    assert np.isfinite(fitted.validation_loss)


@pytest.mark.parametrize("value", [1, 1e6])
def test_a_constant_target(value, some_epochs):
    fitted = fit_network(rows(50), np.full(50, value), task="regression", seed=0)
    np.testing.assert_allclose(scores(fitted, rows(50)), value, atol=0.5, rtol=1e-6)
    if value == 1:
        fitted = fit_network(rows(50), np.full(50, value), task="binary", seed=0)
        assert ((scores(fitted, rows(50)) > 0) == value).all()


def test_a_class_of_one_row_and_a_class_of_none():
    y = np.array([0, 1] * 20 + [3])
    assert scores(fit_network(rows(41), y, task="multiclass", n_classes=5, seed=0), rows(41)).shape == (41, 5)


def test_an_outlier_and_a_constant_column_do_no_harm(few_epochs):
    X = np.column_stack([rows(400, 2), np.full(400, 3.0)])
    X[0, 0] = 1e6
    fitted = fit_network(X, X[:, 1], task="regression", seed=0)
    moved = X + np.array([0.0, 0.0, 1e6])  # a column that never varied in training says nothing
    np.testing.assert_array_equal(scores(fitted, moved), scores(fitted, X))
    assert abs(scores(fitted, X)[0, 0]) < 10


def test_validation_rows_are_a_seventh_spread_along_the_target():
    target = np.r_[np.zeros(90), np.ones(15)]
    train, held = reference._validation_split(target, np.random.default_rng(0))
    assert sorted([*train, *held]) == list(range(105))
    assert len(held) == 15
    assert target[held].sum() in (2, 3)


def test_progress_and_convergence(few_epochs):
    seen = []
    fitted = fit_network(rows(), rows()[:, 0], task="regression", progress=lambda *at: seen.append(at), seed=0)
    assert [(epoch, most) for epoch, most, _ in seen] == [(1, 3), (2, 3), (3, 3)]
    assert fitted.validation_loss == min(loss for *_, loss in seen) == seen[fitted.epochs - 1][2]
    assert not fitted.converged


def test_noise_stops_early():
    y = np.random.default_rng(1).integers(0, 2, 300)
    fitted = fit_network(rows(300), y, task="binary", seed=0)
    assert fitted.converged
    assert fitted.epochs < 50


def test_the_kept_weights_have_the_reported_loss():
    X, y = rows(300), rows(300, seed=2)[:, 0] * 10
    fitted = fit_network(X, y, task="regression", seed=3)
    _, held = reference._validation_split(y, np.random.default_rng(3))
    assert np.mean((scores(fitted, X)[held, 0] - y[held]) ** 2) == pytest.approx(fitted.validation_loss, rel=1e-4)


def test_no_side_effects(few_epochs):
    torch.manual_seed(5)
    X, y, w = rows(), np.arange(400) % 2, np.ones(400)
    copies = X.copy(), y.copy(), w.copy()
    before = torch.get_rng_state(), torch.get_num_threads(), torch.get_default_dtype(), np.random.get_state()[1].copy()  # noqa: NPY002
    fit_network(X, y, task="binary", weights=w, seed=0)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (torch.get_num_threads(), torch.get_default_dtype()) == before[1:3]
    assert np.array_equal(np.random.get_state()[1], before[3])  # noqa: NPY002
    assert torch.is_grad_enabled()
    for given, copy in zip((X, y, w), copies, strict=True):
        assert np.array_equal(given, copy)


def test_the_caller_s_settings_do_not_reach_the_network(few_epochs):
    X, y = rows(), np.arange(400) % 2
    plain = fit_network(X, y, task="binary", seed=0)
    threads = torch.get_num_threads()
    try:
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(threads + 1)
        with torch.inference_mode():
            odd = fit_network(X, y, task="binary", seed=0)
        assert torch.get_num_threads() == threads + 1
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(torch.float32)
    assert torch.equal(flat(plain.module), flat(odd.module))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"X": np.full((20, 2), np.nan)}, "finite"),
        ({"X": np.zeros((20, 0))}, "d > 0"),
        ({"y": np.zeros(19)}, "X must have the shape"),
        ({"y": np.full(20, 2)}, "only the class numbers 0 to 1"),
        ({"weights": -np.ones(20)}, "negative"),
        ({"weights": np.zeros(20)}, "two rows"),
        ({"task": "ranking"}, "task must be"),
        ({"task": "multiclass", "n_classes": None}, "n_classes"),
        ({"task": "regression", "y": np.full(20, 1e200)}, "finite numbers between"),
        ({"task": "regression", "X": rows(20, 2) * 1e29, "hidden": ()}, "never finite"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_in_words(change, words):
    given = {"X": rows(20, 2), "y": np.arange(20) % 2, "task": "binary", "seed": 0, **change}
    with pytest.raises(ModelError, match=words):
        fit_network(given.pop("X"), given.pop("y"), **given)
