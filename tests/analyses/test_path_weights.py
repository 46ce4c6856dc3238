"""Path products and Garson's shares: weights multiplied by hand, the known failures seen, and linear models where all agree."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import tabinterp as ti
from tabinterp.analyses.path_weights import estimator as paths
from tabinterp.errors import NotApplicableError
from tests import cases
from tests.shared import every_nth


def test_products_and_shares_are_those_of_the_papers():
    frame = cases.mixed_frame(300, 3)
    pipeline = cases.network_pipeline(frame)
    found = ti.path_weights(ti.wrap(pipeline), cases.mixed_table(frame))
    (w1, w2, w3), x = pipeline[-1].coefs_, pipeline[:-1].transform(frame[cases.INPUTS])
    product = (w1 @ w2 @ w3)[:, 0]
    names = list(pipeline[0].get_feature_names_out())
    told = found.frame().set_index(["column", "level"])
    oslo, bern, income = (names.index(n) for n in ("city__city_oslo", "city__city_bern", "numbers__income"))
    assert told.loc[("city", "oslo"), "path"] == pytest.approx(product[oslo] - product[bern], rel=1e-5)
    assert told.loc[("income", None), "path_per_sd"].item() == pytest.approx(product[income], rel=1e-5)
    city = [i for i, n in enumerate(names) if n.startswith("city")]
    assert told.loc[("city", "oslo"), "size"] == pytest.approx((x[:, city] @ product[city]).std(), rel=1e-5)
    # Garson (1991), layer after layer and unit by unit
    sd, shares = x.std(axis=0), np.zeros(len(names))
    for u, v in itertools.product(range(6), range(4)):
        through = abs(w3[v, 0]) * abs(w2[u, v]) / np.abs(w2[:, v]).sum()
        shares += through * np.abs(w1[:, u]) * sd / (np.abs(w1[:, u]) * sd).sum()
    shares /= shares.sum()
    assert told.loc[("city", "oslo"), "garson"] == pytest.approx(shares[city].sum(), rel=1e-5)
    assert found.garson.sum() == pytest.approx(1)
    assert any("propagated from layer to layer" in one for one in found.caveats)


def exclusive():
    """The exclusive or of two bits: relu(a - b) + relu(b - a)."""
    return cases.relu_network(([[1.0, -1, 0], [-1, 1, 0]], [0.0, 0.0], [1.0, 1.0]))


def test_an_interaction_alone_has_no_path_product():
    table = cases.numbers(400, binary=True)
    found = ti.path_weights(cases.wrapped(exclusive()), table)
    np.testing.assert_allclose(found.path, 0, atol=1e-12)  # both columns decide all there is
    np.testing.assert_allclose(found.garson[:, 0], [0.5, 0.5, 0], atol=0.01)
    assert np.isnan(found.path_gradient[0])
    assert any("acts only through interactions" in one for one in found.caveats)


def test_a_dead_unit_counts_and_cancelling_paths_have_shares():
    table = cases.numbers(400, binary=True)
    dead = cases.relu_network(([[1.0, 0, 0], [0, 9, 0]], [0.0, -99.0], [1.0, 1.0]))
    found = ti.path_weights(cases.wrapped(dead), table)
    assert found.path[:, 0].tolist() == [1.0, 9.0, 0.0]
    np.testing.assert_allclose(found.gradient[1], 0)
    assert found.garson[1, 0] == pytest.approx(0.5)
    twice = cases.relu_network(([[1.0, 1, 0], [0, 1, 0]], [0.0, 0.0], [1.0, -1.0]))
    found = ti.path_weights(cases.wrapped(twice), table)
    assert found.path[:, 0].tolist() == [1.0, 0.0, 0.0]
    assert found.garson[1, 0] > 0.6


@pytest.mark.parametrize("task", every_nth(2, ["binary", "multiclass"]))
def test_on_a_linear_model_all_directions_are_one(task):
    frame = cases.mixed_frame(300, 1, task)
    linear = cases.linear_pipeline(frame, task)
    table = cases.mixed_table(frame, task, weighted=True)
    found = ti.path_weights(ti.wrap(linear), table)
    np.testing.assert_allclose(found.path, found.gradient, atol=1e-9)
    np.testing.assert_allclose(found.path_gradient, 1)
    np.testing.assert_allclose(found.gradient_optimum, found.straight, atol=1e-9)
    coef = linear[-1].coef_ - (linear[-1].coef_.mean(axis=0) if task == "multiclass" else 0)
    x = linear[:-1].transform(frame[cases.INPUTS])
    sd = np.sqrt(np.average((x - np.average(x, axis=0, weights=table.weights)) ** 2, axis=0, weights=table.weights))
    shares = np.abs(coef).T * sd[:, None]
    np.testing.assert_allclose(found.garson[1], (shares / shares.sum(axis=0))[1], rtol=1e-6)
    assert found.cosines().shape == (len(found.outputs), 5)


def test_cosines_by_hand():
    table = cases.numbers(300)
    net = cases.relu_network(cases.BENT)
    found = ti.path_weights(cases.wrapped(net), table)
    x = torch.tensor(table.inputs.to_numpy(), requires_grad=True)
    (gradient,) = torch.autograd.grad(net(x).sum(), x)
    sd = x.detach().numpy().std(axis=0)
    g = gradient.numpy().mean(axis=0) * sd
    path = np.array(cases.BENT[0]).T @ cases.BENT[2] * sd
    best = ti.maximise(cases.wrapped(net), table, objective=ti.output()).rows.to_numpy(dtype=float)[0]
    way = (best - x.detach().numpy().mean(axis=0)) / sd
    for told, a, b in (
        (found.path_gradient, path, g),
        (found.path_optimum, path, way),
        (found.gradient_optimum, g, way),
    ):
        assert told[0] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-6)
    low, high = np.transpose([cases.ends(column) for column in x.detach().numpy().T])
    corner = (np.where(g > 0, high, low) - x.detach().numpy().mean(axis=0)) / sd
    assert found.straight[0] == pytest.approx(g @ corner / np.linalg.norm(g) / np.linalg.norm(corner), abs=1e-6)


def test_of_many_columns_no_optimum_is_searched(monkeypatch):
    net, table = cases.styled("gelu"), cases.numbers(60)
    whole = ti.path_weights(cases.wrapped(net), table)
    monkeypatch.setattr(paths, "WIDE", len(table.schema.inputs) - 1)
    few = ti.path_weights(cases.wrapped(net), table)
    np.testing.assert_array_equal(few.path, whole.path)
    np.testing.assert_array_equal(few.path_gradient, whole.path_gradient)
    assert np.isnan(np.stack([few.path_optimum, few.gradient_optimum, few.straight])).all()
    assert any("too many columns to search for an optimum of the score" in one for one in few.caveats)
    assert not any("too many columns to search for an optimum of the score" in one for one in whole.caveats)


def test_a_residual_network_has_paths_and_no_shares():
    net = cases.Residual()
    found = ti.path_weights(cases.wrapped(net), cases.numbers(60))
    with torch.no_grad():
        first, second, last, wide = (one.weight.double().numpy() for one in (net.first, net.second, net.last, net.wide))
    np.testing.assert_allclose(found.path[:, 0], (last @ second @ first + last @ first + wide)[0], atol=1e-6)
    assert np.isnan(found.garson).all()
    assert any("require a simple chain" in one for one in found.caveats)


def test_activations_of_any_kind_and_what_has_no_paths():
    table = cases.numbers(60)
    net = cases.styled("gelu")
    weights = [one.weight.detach().numpy() for one in (net.last, net.second, net.first)]
    np.testing.assert_allclose(
        ti.path_weights(cases.wrapped(net), table).path[:, 0], (weights[0] @ weights[1] @ weights[2])[0], atol=1e-6
    )
    with pytest.raises(NotApplicableError, match="non-affine"):
        ti.path_weights(cases.wrapped(cases.styled("layer_norm")), table)
    with pytest.raises(NotApplicableError, match="cannot read the weights"):
        ti.path_weights(ti.wrap(lambda rows: rows["x1"].to_numpy(), task="regression"), table)
