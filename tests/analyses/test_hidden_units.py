"""Hidden units of networks built by hand, whose meaning is known, and every number against a slow re-derivation."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import log_loss
from torch import nn

import tabinterp as ti
from tabinterp.analyses.hidden_units.activating_rows import _difference, excited_rows
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tabinterp.models.layers import layers_of
from tabinterp.stats.weights import unit
from tests import cases

# relu(a + b - 1): AND; relu(a + b) - relu(a + b - 1): OR; relu(c - .5): threshold; never; the AND again, twice as large
NAMES = ["and", "either", "threshold", "dead", "and again", "sum"]
WEIGHT = [[1, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0], [2, 2, 0], [1, 1, 1]]
BIAS = [-1.0, 0.0, -0.5, -9.0, -2.0, 0.0]
OUT = [-1.0, 1.0, 2.0, 5.0, 0.0, 0.0]


@pytest.fixture(scope="module")
def logic():
    """Two bits and a number in [0, 1); the target is 1[a or b] + 2 relu(c - .5)."""
    rng = np.random.default_rng(0)
    a, b, c = rng.integers(0, 2, 400), rng.integers(0, 2, 400), rng.random(400)
    y = ((a + b) > 0) + 2 * np.maximum(c - 0.5, 0)
    table = ti.read_table(pd.DataFrame({"a": a, "b": b, "c": c, "y": y}).astype(float), target="y", task="regression")
    return table, ti.neurons(cases.wrapped(cases.relu_network((WEIGHT, BIAS, OUT))), table)


def test_health_is_known(logic):
    _, found = logic
    assert found.health == ("sound", "sound", "sound", "dead", "duplicate", "sound")
    assert found.same_as == (None, None, None, None, 0, None)


def test_a_linear_function_of_the_others_is_redundant():
    # a + b + c + 3 and its parts are never cut off on [0, 1]
    net = cases.relu_network(([[1, 0, 0], [0, 1, 1], [1, 1, 1], [1, -1, 0]], [1.0, 2.0, 3.0, 0.0], [1, 1, 1, 1]))
    found = ti.neurons(cases.wrapped(net), cases.numbers(200, binary=True))
    assert found.health == ("redundant", "redundant", "redundant", "sound")


def test_effective_rank_is_the_number_of_equal_directions():
    corners = np.array([[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0]] * 10, dtype=float)
    frame = pd.DataFrame(corners, columns=["x1", "x2", "x3"]).assign(y=np.arange(40.0))
    table = ti.read_table(frame, target="y", task="regression")
    a, b, c = [1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]
    for weight, known in (([a, b], 2), ([a, b, c], 2), ([a, a, a], 1), ([c, c], 0), ([a, [1.0, 1, 0]], None)):
        net = cases.relu_network((weight, [0.0] * len(weight), [1.0] * len(weight)))
        told = ti.neurons(cases.wrapped(net), table).effective_rank["layer 1"]
        rank = known
        if known is None:  # singular values of ((1, 0), (1, 1)): the golden ratio and one over it
            share = np.array([np.sqrt(5) + 1, np.sqrt(5) - 1]) / (2 * np.sqrt(5))
            rank = np.exp(-(share * np.log(share)).sum())
        assert told == pytest.approx(rank, abs=1e-6)


def test_shares_means_and_deviations(logic):
    table, found = logic
    a = np.maximum(table.inputs.to_numpy() @ np.array(WEIGHT, float).T + BIAS, 0)
    np.testing.assert_allclose(found.active, (a > 0).mean(axis=0))
    np.testing.assert_allclose(found.mean, a.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(found.sd, a.std(axis=0), atol=1e-12)
    values = np.linalg.svd(a - a.mean(axis=0), compute_uv=False)
    share = values / values.sum()
    share = share[share > 1e-12]
    assert found.effective_rank["layer 1"] == pytest.approx(np.exp(-(share * np.log(share)).sum()), rel=1e-9)


def test_incoming_weights_are_per_standard_deviation(logic):
    table, found = logic
    sd = table.inputs.to_numpy().std(axis=0)
    weights = found.weights().pivot(index="unit", columns="column", values="weight").to_numpy()
    np.testing.assert_allclose(weights, np.array(WEIGHT) * sd, atol=1e-9)


def test_levels_are_centred_effects():
    frame = cases.mixed_frame(300, 3)
    pipeline = cases.network_pipeline(frame)
    found = ti.neurons(ti.wrap(pipeline), cases.mixed_table(frame)).weights()
    first = pipeline[-1].coefs_[0]
    names = list(pipeline[0].get_feature_names_out())
    own = {level: first[names.index(f"city__city_{level}")] for level in ["bern", "oslo", "rome"]}
    own["(missing)"] = first[next(i for i, n in enumerate(names) if n in ("city__city_None", "city__city_nan"))]
    shares = frame["city"].fillna("(missing)").value_counts(normalize=True)
    mean = sum(shares[level] * effect for level, effect in own.items())
    for level, effect in own.items():
        told = found[(found["column"] == "city") & (found["level"] == level)]["weight"].to_numpy()
        np.testing.assert_allclose(told, effect - mean, atol=1e-6)
    # an imputed number is a line where it is known; its missing value is an effect of its own
    age = found[(found["column"] == "age") & found["level"].isna()]["weight"].to_numpy()
    scaler = pipeline[0].named_transformers_["numbers"][-1]
    np.testing.assert_allclose(age, first[0] / scaler.scale_[0] * frame["age"].std(ddof=0), atol=1e-6)
    blank, known = frame.iloc[[0]].assign(age=np.nan), frame.iloc[[0]].assign(age=frame["age"].mean())
    gap = (pipeline[0].transform(blank) - pipeline[0].transform(known)) @ first
    part = (pipeline[0].transform(frame)[:, [0, 2]] @ first[[0, 2]]).mean(axis=0)
    at_mean = pipeline[0].transform(known)[:, [0, 2]] @ first[[0, 2]]
    told = found[(found["column"] == "age") & (found["level"] == "(missing)")]["weight"].to_numpy()
    np.testing.assert_allclose(told, (gap + at_mean - part)[0], atol=1e-6)


def test_profile_of_a_number_and_its_error():
    table = cases.numbers(400)
    found = ti.neurons(cases.wrapped(cases.relu_network(cases.BENT)), table)
    x = table.inputs.to_numpy()
    a = np.maximum(x @ np.array(cases.BENT[0]).T + cases.BENT[1], 0)
    for u in range(3):
        top = np.argsort(-a[:, u], kind="stable")[:40]
        d = (x[top].mean(axis=0) - x.mean(axis=0)) / x.std(axis=0)
        np.testing.assert_allclose(found.profiles.difference.value[u], d, atol=1e-9)
    # the bootstrap with the chosen rows fixed: each row keeps whether it was chosen
    rng, draws = np.random.default_rng(0), []
    chosen = np.isin(np.arange(400), np.argsort(-a[:, 0], kind="stable")[:40])
    for _ in range(4000):
        rows = rng.integers(0, 400, 400)
        drawn, kept = x[rows], chosen[rows]
        draws.append((drawn[kept].mean(axis=0) - drawn.mean(axis=0)) / drawn.std(axis=0))
    np.testing.assert_allclose(found.profiles.difference.stderr[0], np.std(draws, axis=0), rtol=0.08)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_error_of_a_difference_is_that_of_its_influences(weighted):
    draw = np.random.default_rng(3)
    n = 400
    x, top = draw.gamma(2.0, size=n), (draw.random((n, 5)) < 0.15).astype(np.float64)
    w = unit(draw.random(n) + 0.1 if weighted else None, n)
    d, stderr = _difference(x, top, w, None)
    grouped_d, grouped = _difference(x, top, w, np.arange(n))  # a group for each row: from the influences themselves
    np.testing.assert_allclose(d, grouped_d, rtol=1e-12)
    np.testing.assert_allclose(stderr * np.sqrt(n / (n - 1)), grouped, rtol=1e-10)


def test_a_unit_that_fires_on_one_level():
    frame = cases.mixed_frame(600, 4)
    coder = cases.encoder().fit(frame[cases.INPUTS])
    names = list(coder.get_feature_names_out())
    weight = np.zeros((1, len(names)))
    weight[0, names.index("city__city_oslo")] = 1.0
    net = nn.Sequential(cases.affine(weight), nn.ReLU(), cases.affine([[1.0]]))
    table = cases.mixed_table(frame)
    found = ti.neurons(ti.wrap(net, encoder=coder, classes=["no", "yes"]), table)
    oslo = (frame["city"] == "oslo").mean()
    assert found.active[0] == pytest.approx(oslo)
    lines = found.profile()
    lift = lines[(lines["column"] == "city") & (lines["level"] == "oslo")]
    assert lift["lift"].item() == pytest.approx(1 / oslo)
    assert lift["q"].item() < 1e-6
    assert (lines[(lines["column"] == "city") & (lines["level"] != "oslo")]["lift"] == 0).all()
    assert f"“city = oslo” ({1 / oslo:.2f} times as frequent)" in found.words(0)
    assert found.words(0).count("times as frequent") == 1  # every other difference is chance, and is not said


def test_nothing_is_told_of_few_rows():
    frame = cases.mixed_frame(400, 5)
    frame.loc[:6, "city"] = "lone"
    found = ti.neurons(ti.wrap(cases.network_pipeline(frame)), cases.mixed_table(frame))
    lines = found.profile()
    assert lines[lines["level"] == "lone"]["lift"].isna().all()
    assert (
        ti.neurons(ti.wrap(cases.network_pipeline(frame)), cases.mixed_table(frame.iloc[10:28])).profiles.excited.max()
        == 0
    )


def test_rows_that_excite_ties_and_weights():
    a = np.zeros((100, 1))
    a[:4] = 1.0
    hashes = np.arange(100)[::-1]
    top = excited_rows(a, hashes, np.ones(100))
    assert sorted(np.flatnonzero(top[:, 0])) == [0, 1, 2, 3, 94, 95, 96, 97, 98, 99]  # the least hashes fill up
    heavy = np.ones(100)
    heavy[:4] = 0.01
    assert excited_rows(a, hashes, heavy).sum() == 14  # a tenth of the weight, not of the rows


def ablated(net, x, u, value):
    """Scores with one unit's output replaced, by hand."""
    with torch.no_grad():
        h = net[1](net[0](torch.tensor(x)))
        h[:, u] = value
        return net[2](h)[:, 0].numpy()


def test_ablation_is_the_rise_of_the_loss(logic):
    table, found = logic
    net, x = cases.relu_network((WEIGHT, BIAS, OUT)), table.inputs.to_numpy()
    a = np.maximum(x @ np.array(WEIGHT, float).T + BIAS, 0)
    base = (ablated(net, x, 0, torch.as_tensor(a[:, 0])) - table.y) ** 2
    for u in range(6):
        for told, value in ((found.ablation_mean, a[:, u].mean()), (found.ablation_zero, 0.0)):
            rise = (ablated(net, x, u, value) - table.y) ** 2 - base
            assert told.value[u] == pytest.approx(rise.mean(), abs=1e-6)
            assert told.stderr[u] == pytest.approx(rise.std(ddof=1) / 20, abs=1e-6)
    assert found.ablation_mean.value[3] == found.ablation_mean.stderr[3] == 0.0


def test_ablations_are_on_held_out_rows():
    frame = cases.mixed_frame(300, 2)
    pipeline = cases.network_pipeline(frame)
    table = cases.mixed_table(frame, split=0.4)
    found = ti.neurons(ti.wrap(pipeline), table)
    assert (found.rows, found.ablation_rows, found.held_out) == (300, int(table.held_out.sum()), True)
    h = pipeline[:-1].transform(frame[cases.INPUTS])
    (one, two, three), (b1, b2, b3) = pipeline[-1].coefs_, pipeline[-1].intercepts_
    first = np.maximum(h @ one + b1, 0)
    held, y = table.held_out, (frame["y"] == "yes")[table.held_out]

    def loss(layer, u):
        a = first.copy()
        if layer == 1:
            a[:, u] = first[:, u].mean()
        b = np.maximum(a @ two + b2, 0)
        if layer == 2:
            b[:, u] = np.maximum(first @ two + b2, 0)[:, u].mean()
        return log_loss(y, 1 / (1 + np.exp(-(b @ three + b3)[held, 0])))

    for at, (layer, u) in enumerate([(1, u) for u in range(6)] + [(2, u) for u in range(4)]):
        assert found.ablation_mean.value[at] == pytest.approx(loss(layer, u) - loss(0, 0), abs=2e-6)


def test_saturated_and_constant_units():
    net = nn.Sequential(
        cases.affine([[90.0, 0, 0], [0.3, 0, 0], [0, 0, 0]], [0.0, 0.0, 0.7]), nn.Tanh(), cases.affine([[1.0, 1, 1]])
    )
    found = ti.neurons(cases.wrapped(net), cases.numbers(300))
    assert found.health == ("saturated", "sound", "constant")
    assert "has an output in the lowest or highest 1% of its activation function's range" in found.words(0)
    assert found.words(2) == "Unit 2 of layer 1 outputs 0.604 for all 300 rows."


@pytest.mark.parametrize("style", [*cases.STYLES, "residual"])
def test_a_network_is_cut_at_every_layer(style):
    bound = bind(cases.wrapped(cases.Residual() if style == "residual" else cases.styled(style)), cases.numbers(30))
    outputs, layers = bound.activations(), layers_of(bound)
    assert [layer.name for layer in layers] == list(outputs)
    assert [layer.affine is not None for layer in layers] == [True, False]
    for layer in layers:
        own = layer.activation(layer.before(bound.z))
        np.testing.assert_allclose(own.numpy(), outputs[layer.name], atol=2e-6)
        h = torch.cat([own, bound.z], dim=1) if layer.beside else own
        assert layer.beside == (style == "residual")
        np.testing.assert_allclose(layer.behind(h).numpy(), bound.answers.numpy(), atol=1e-6)


def test_a_network_that_branches_on_values_still_has_its_shares():
    class Branching(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.act, self.last = (
                cases.affine(cases.BENT[0], cases.BENT[1]),
                nn.ReLU(),
                cases.affine([[1.0, -2, 0.5]]),
            )

        def forward(self, x):
            return self.last(self.act(self.first(x))) if x.sum() > -1e9 else x[:, :1]

    found = ti.neurons(cases.wrapped(Branching()), cases.numbers(100))
    assert np.isnan(found.ablation_mean.value).all()
    assert "cannot be replaced" in found.words(0)
    with pytest.raises(NotApplicableError, match="not an affine function"):
        found.weights()


def test_words_say_no_more_than_the_numbers(logic):
    _, found = logic
    assert found.words(3) == "Unit 3 of layer 1 outputs 0 for all 400 rows."
    assert found.words(4).startswith("Unit 4 of layer 1 is identical to unit 0 of its layer up to scale and shift.")
    assert "c (" in found.words(2)
    assert "a (" not in found.words(2)
    noise = ti.read_table(
        pd.DataFrame({"x": np.tile([-1.0, 1.0], 100), "z": np.repeat([0.0, 1.0], 100), "y": 0.0}).assign(
            y=np.arange(200.0)
        ),
        target="y",
        task="regression",
    )
    flat = ti.neurons(cases.wrapped(cases.relu_network(([[1.0, 0.0]], [0.0], [1.0]))), noise)
    assert "z (" not in flat.words(0)


def test_every_unit_is_read_without_a_warning_and_weights_are_repeats():
    table = cases.numbers(120, weighted=True)
    rows = np.repeat(np.arange(120), table.weights.astype(int))
    source = pd.concat([table.inputs, pd.Series(table.y, name="y")], axis=1).iloc[rows].reset_index(drop=True)
    many = ti.read_table(source, target="y", task="regression")
    model = cases.wrapped(cases.relu_network(cases.BENT))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one, two = ti.neurons(model, table), ti.neurons(model, many)
    for name in ("active", "mean", "sd"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), atol=1e-9)
    np.testing.assert_allclose(one.ablation_mean.value, two.ablation_mean.value, atol=1e-6)
    assert one.effective_rank == pytest.approx(two.effective_rank)


def test_a_linear_model_has_no_units():
    frame = cases.mixed_frame(60)
    with pytest.raises(NotApplicableError, match="no hidden units"):
        ti.neurons(ti.wrap(cases.linear_pipeline(frame)), cases.mixed_table(frame))
