"""Conductance beside captum's, beside paths followed by hand, and its sum over every layer."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from captum.attr import LayerConductance
from torch import nn

import tabinterp as ti
from tabinterp.analyses.conductance import estimator as conductance
from tabinterp.analyses.conductance.estimator import _through
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tabinterp.models.layers import layers_of
from tabinterp.table.hash_sampling import chosen
from tests import cases
from tests.shared import every_nth


def network(activation, seed=0, norm=False):
    torch.manual_seed(seed)
    middle = [nn.BatchNorm1d(7)] if norm else []
    net = nn.Sequential(nn.Linear(3, 8), activation(), nn.Linear(8, 7), *middle, activation(), nn.Linear(7, 1)).double()
    if norm:
        with torch.no_grad():
            net[3].running_mean.uniform_(-0.3, 0.3)
            net[3].running_var.uniform_(0.5, 2)
            net[3].weight.uniform_(0.5, 2)
    return net.eval()


@pytest.mark.parametrize(("activation", "norm"), every_nth(3, product([nn.ReLU, nn.GELU, nn.Tanh], [False, True])))
def test_it_is_captums(activation, norm):
    net, table = network(activation, norm=norm), cases.numbers(12)
    found = ti.conductance(cases.wrapped(net), table)
    x, scale = torch.tensor(table.inputs.to_numpy()), np.abs(found.values.sum(axis=1)).mean()
    base = x.mean(dim=0, keepdim=True).expand_as(x)
    for name, at in (("layer 1", 1), ("layer 2", 4 if norm else 3)):
        told = found.values[:, [one == name for one in found.layer], 0]
        peer = LayerConductance(net, net[at]).attribute(x, base, n_steps=400, method="riemann_middle").detach().numpy()
        gap = np.abs(peer.sum(axis=1) - found.values[:, :8, 0].sum(axis=1)).max()  # of the peer's even steps
        assert np.abs(told - peer).max() < gap + 1e-3 * scale
        assert gap < 0.02 * scale


def test_what_a_unit_does_and_undoes_on_the_way_is_its_own():
    # seen at first: 16 segments missed what a unit of the second layer did within half of one
    net, table = network(nn.ReLU, norm=True), cases.numbers(25)
    told = ti.conductance(cases.wrapped(net), table).values[:, :8, 0]
    x = table.inputs.to_numpy()
    t = torch.linspace(0, 1, 20_001, dtype=torch.float64)
    for i in (2, 6):
        start, move = torch.tensor(x.mean(axis=0)), torch.tensor(x[i] - x.mean(axis=0))
        h = net[:2](start + t[:, None] * move).detach()
        middle = net[:2](start + (t[:-1] + t[1:])[:, None] / 2 * move).detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(net[2:](middle).sum(), middle)
        np.testing.assert_allclose(told[i], (gradient * (h[1:] - h[:-1])).sum(dim=0).numpy(), atol=2e-4)


@pytest.mark.parametrize(
    ("style", "baseline"), every_nth(2, product([*cases.STYLES, "residual"], ["mean", "median", "rows"]))
)
def test_it_sums_to_the_rise_of_the_score_at_every_layer(style, baseline):
    net, table = cases.Residual() if style == "residual" else cases.styled(style), cases.numbers(60)
    bound = bind(cases.wrapped(net), table)
    found = ti.conductance(bound, table, baseline=baseline, background=3)
    x = table.inputs.to_numpy()
    if baseline == "rows":
        starts = bound.scores[chosen(table.numbers, 3, 0)]
    else:
        starts = bound.score(np.mean(x, axis=0)[None] if baseline == "mean" else np.sort(x, axis=0)[29][None])
    rise = bound.scores[:, 0] - starts[:, 0].mean()
    for i, name in enumerate(("layer 1", "layer 2")):
        total = found.values[:, [one == name for one in found.layer], 0].sum(axis=1) + found.around[:, i, 0]
        assert np.abs(total - rise).max() <= 1.1e-3 * np.abs(rise).mean()
    assert found.gap.max() <= 1e-3
    assert (np.abs(found.around).max() > 0.01) == (style == "residual")


def test_paths_through_and_by_hand():
    # y = relu(a + b - 1), the AND: from (0, 0) to (1, 1) nothing runs but on the last half of the path
    table = cases.numbers(50, binary=True)
    found = ti.conductance(cases.wrapped(cases.relu_network(cases.AND)), table, baseline="median")
    base = np.sort(table.inputs.to_numpy(), axis=0)[24]
    told = np.maximum(table.inputs.to_numpy()[:, :2].sum(axis=1) - 1, 0) - max(base[:2].sum() - 1, 0)
    np.testing.assert_allclose(found.values[:, 0, 0], told, atol=1e-6)
    # two layers, the second the same unit twice with opposite signs: each carries it, and they cancel
    net = nn.Sequential(
        cases.affine([[1.0, 0, 0]]), nn.ReLU(), cases.affine([[1.0], [1.0]]), nn.ReLU(), cases.affine([[2.0, -2.0]])
    )
    found = ti.conductance(cases.wrapped(net), cases.numbers(50))
    np.testing.assert_allclose(found.values[:, 1, 0], -found.values[:, 2, 0], atol=1e-6)
    assert np.abs(found.values[:, 1, 0]).max() > 1
    np.testing.assert_allclose(found.values[:, 0, 0], 0, atol=1e-6)


def _from_row(bound, row):
    """(units, outputs) means over rows of the conductance from one row, weighted."""
    means = [
        np.average(
            _through(bound, layer, bound.z[[int(row)]], np.ones(1), np.ones(3), (1e-4, 100)).values,
            axis=0,
            weights=bound.table.weights,
        )
        for layer in layers_of(bound)
    ]
    return np.concatenate(means)


def test_means_errors_and_classes():
    frame = cases.mixed_frame(90, 8, "multiclass")
    table = cases.mixed_table(frame, "multiclass", weighted=True)
    bound = bind(ti.wrap(cases.network_pipeline(frame, "multiclass")), table)
    found = ti.conductance(bound, table, baseline="rows", background=4)
    assert found.values.shape == (90, 10, 3)
    told = found.frame()
    one = told[(told["output"] == "b") & (told["layer"] == "layer 2") & (told["unit"] == 3)].iloc[0]
    own = found.values[:, 9, 1]
    assert one["mean"] == pytest.approx(np.average(own, weights=table.weights))
    assert one["mean_abs"] == pytest.approx(np.average(np.abs(own), weights=table.weights))
    # one background row after the other, each with its share
    rows = chosen(table.numbers, 4, 0)
    share = table.weights[rows] / table.weights[rows].sum()
    means = np.array([_from_row(bound, row) for row in rows])[:, 9, 1]
    assert one["mean"] == pytest.approx(share @ means, abs=1e-5)
    spread = np.sqrt((share**2 * (means - share @ means) ** 2).sum() * 4 / 3)
    assert found.mean_stderr[9, 1] == pytest.approx(spread, rel=1e-3)
    assert one["stderr"] > spread


@pytest.mark.parametrize("cells", [3_000, 40_000])
def test_no_batch_holds_more_numbers_than_the_budget(cells, monkeypatch):
    net, table = network(nn.ReLU, seed=1), cases.numbers(80)
    bound = bind(cases.wrapped(net), table)
    whole = ti.conductance(bound, table)
    points = []

    def counting(read, place):
        def counted(*given):
            points.append(len(given[place]))
            return read(*given)

        return counted

    for name, place in (("_outputs", 3), ("_behind", 1), ("slopes", 1)):
        monkeypatch.setattr(conductance, name, counting(getattr(conductance, name), place))
    monkeypatch.setattr(conductance, "CELLS", cells)
    found = ti.conductance(bound, table)
    cost = bound.z.shape[1] + 8 + 7 + 1
    assert cells / 4 < max(points) * cost <= cells
    np.testing.assert_allclose(found.values, whole.values, atol=1e-6)
    assert found.gap.max() <= 1e-3


def test_what_has_no_units_is_refused():
    frame = cases.mixed_frame(60)
    with pytest.raises(NotApplicableError, match="no hidden layer"):
        ti.conductance(ti.wrap(cases.linear_pipeline(frame)), cases.mixed_table(frame))
    with pytest.raises(NotApplicableError, match="baseline"):
        ti.conductance(cases.wrapped(network(nn.ReLU)), cases.numbers(20), baseline="zero")
