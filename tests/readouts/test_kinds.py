"""Every kind of network is read without a layer being named, and what does not apply says why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OrdinalEncoder, StandardScaler
from torch import nn

import tabinterp as ti
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases


class Embedded(nn.Module):
    """Numbers beside the embedding of a category."""

    def __init__(self):
        super().__init__()
        self.city, self.first, self.last = nn.Embedding(3, 2), nn.Linear(4, 5), nn.Linear(5, 1)

    def forward(self, x_num, x_cat):
        return self.last(torch.relu(self.first(torch.cat([x_num, self.city(x_cat[:, 0])], dim=1))))


class Skipping(nn.Module):
    """A layer that is led around, after a first one."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = nn.Linear(3, 5), nn.Linear(5, 5), nn.Linear(5, 1)

    def forward(self, x):
        h = torch.relu(self.first(x))
        return self.last(h + torch.relu(self.second(h)))


def batch_norm() -> nn.Module:
    net = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 1))
    with torch.no_grad():
        net[1].running_mean.uniform_(-0.3, 0.3)
        net[1].running_var.uniform_(0.5, 2)
    return net


def layer_norm() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 5), nn.LayerNorm(5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 1))


def gelu() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 5), nn.GELU(), nn.Linear(5, 4), nn.GELU(), nn.Linear(4, 1))


def read(make, n=120):
    torch.manual_seed(3)
    net = make().eval()
    if make is not Embedded:
        return bind(cases.wrapped(net), cases.numbers(n)), net
    draw = np.random.default_rng(0)
    rows = pd.DataFrame({"a": draw.normal(size=n), "b": draw.normal(size=n), "city": draw.choice(list("xyz"), n)})
    numbers = ColumnTransformer([("n", StandardScaler(), ["a", "b"])]).fit(rows)
    coder = [numbers, OrdinalEncoder(dtype=np.int64).fit(rows[["city"]])]
    table = ti.read_table(rows.assign(y=0.1 * np.arange(n)), target="y", task="regression")
    return bind(ti.wrap(net, encoder=coder, task="regression"), table), net


@pytest.mark.parametrize(
    ("make", "widths", "regions"),
    [
        (batch_norm, (5, 4), None),
        (layer_norm, (5, 4), "normalisation of rows"),
        (gelu, (5, 4), "layer 1 applies gelu, which is no rectifier"),
        (Skipping, (5, 5), None),
        (Embedded, (5,), None),
    ],
)
def test_units_are_found_and_read_without_a_name(make, widths, regions):
    bound, net = read(make)
    outputs = []  # of every activation, in the order in which they run
    kinds = (nn.ReLU, nn.GELU)
    for module in net.modules():
        if isinstance(module, kinds):
            module.register_forward_hook(lambda _module, _given, out: outputs.append(out.detach().double().numpy()))
    found = ti.neurons(bound, bound.table)
    assert [found.layer.count(f"layer {i + 1}") for i in range(len(widths))] == list(widths)
    if make in (batch_norm, layer_norm, gelu):
        net(torch.tensor(bound.table.inputs.to_numpy(copy=True)).float())
        np.testing.assert_allclose(found.mean, np.concatenate([one.mean(axis=0) for one in outputs]), atol=1e-5)
    assert np.isfinite(found.ablation_mean.value).all()
    optima = ti.maximise(bound, bound.table, starts=8)
    assert len(optima.value) == 2 * sum(widths)
    assert (
        optima.value > optima.mean
    ).all()  # the search ends at the tenth row from each end: a real row may lie beyond
    assert ti.conductance(bound, bound.table).gap.max() <= 1e-3
    if regions is None:
        assert ti.linear_regions(bound, bound.table).share.sum() == pytest.approx(1)
    else:
        with pytest.raises(NotApplicableError, match=regions):
            ti.linear_regions(bound, bound.table)
    if make is layer_norm:  # no affine function of the columns: neither weights nor a closed form
        with pytest.raises(NotApplicableError, match="no affine function"):
            found.weights()
        assert set(optima.proof) == {None}
    else:
        assert set(optima.proof[: 2 * widths[0]]) == {"closed form"}
        assert len(found.weights()) == widths[0] * (3 if make is not Embedded else 5)
