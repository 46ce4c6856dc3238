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

    def ahead(self, x_num, x_cat):
        return [self.first(torch.cat([x_num, self.city(x_cat[:, 0])], dim=1))]


class Skipping(nn.Module):
    """A layer that is led around, after a first one."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = nn.Linear(3, 5), nn.Linear(5, 5), nn.Linear(5, 1)

    def forward(self, x):
        h = torch.relu(self.first(x))
        return self.last(h + torch.relu(self.second(h)))

    def ahead(self, x):
        first = self.first(x)
        return [first, self.second(torch.relu(first))]


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
    """A network on its table, the network itself, and what it is given for the table's rows."""
    torch.manual_seed(3)
    net = make().eval()
    if make is not Embedded:
        table = cases.numbers(n)
        return bind(cases.wrapped(net), table), net, [torch.tensor(table.inputs.to_numpy(copy=True)).float()]
    draw = np.random.default_rng(0)
    rows = pd.DataFrame({"a": draw.normal(size=n), "b": draw.normal(size=n), "city": draw.choice(list("xyz"), n)})
    numbers = ColumnTransformer([("n", StandardScaler(), ["a", "b"])]).fit(rows)
    coder = [numbers, OrdinalEncoder(dtype=np.int64).fit(rows[["city"]])]
    table = ti.read_table(rows.assign(y=0.1 * np.arange(n)), target="y", task="regression")
    given = [torch.tensor(numbers.transform(rows)).float(), torch.tensor(coder[1].transform(rows[["city"]]))]
    return bind(ti.wrap(net, encoder=coder, task="regression"), table), net, given


def ahead(net, given) -> list[np.ndarray]:
    """What torch gives to every activation, in the order in which they run: of each layer (n, units)."""
    found = []
    hooks = [
        module.register_forward_pre_hook(lambda _module, given: found.append(given[0]))
        for module in net.modules()
        if isinstance(module, nn.ReLU | nn.GELU)
    ]
    with torch.no_grad():
        net(*given)
        found = net.ahead(*given) if isinstance(net, Embedded | Skipping) else found
    for hook in hooks:
        hook.remove()
    return [one.double().numpy() for one in found]


@pytest.mark.parametrize(
    ("make", "widths", "regions"),
    [
        (batch_norm, (5, 4), None),
        (layer_norm, (5, 4), "normalisation of rows"),
        (gelu, (5, 4), "layer 1 applies gelu, which is not a piecewise linear activation"),
        (Skipping, (5, 5), None),
        (Embedded, (5,), None),
    ],
)
def test_units_are_found_and_read_without_a_name(make, widths, regions):
    bound, net, given = read(make)
    layers = ahead(net, given)
    found = ti.neurons(bound, bound.table)
    assert [found.layer.count(f"layer {i + 1}") for i in range(len(widths))] == list(widths)
    activation = nn.GELU() if make is gelu else nn.ReLU()
    means = [activation(torch.tensor(one)).numpy().mean(axis=0) for one in layers]
    np.testing.assert_allclose(found.mean, np.concatenate(means), atol=1e-5)
    assert np.isfinite(found.ablation_mean.value).all()
    optima = ti.maximise(bound, bound.table, starts=8)
    assert len(optima.value) == 2 * sum(widths)
    numbers = bound.table.inputs.select_dtypes("number")
    inside = np.all([numbers[c].between(*cases.ends(numbers[c])) for c in numbers], axis=0)
    assert len(inside) / 3 < inside.sum() < len(inside)  # the search ends at the tenth row from each end
    for k, one in enumerate(optima.objectives):
        ((sign, term),) = one.terms
        real = sign * layers[term.layer - 1][:, term.index]
        assert optima.real[k] == pytest.approx(real.max(), abs=1e-4)
        assert optima.value[k] >= real[inside].max() - 1e-4 * optima.sd[k]
    assert ti.conductance(bound, bound.table).gap.max() <= 1e-3
    if regions is None:
        assert ti.linear_regions(bound, bound.table).share.sum() == pytest.approx(1)
    else:
        with pytest.raises(NotApplicableError, match=regions):
            ti.linear_regions(bound, bound.table)
    if make is layer_norm:  # no affine function of the columns: neither weights nor a closed form
        with pytest.raises(NotApplicableError, match="not an affine function"):
            found.weights()
        assert set(optima.proof) == {None}
    else:
        assert set(optima.proof[: 2 * widths[0]]) == {"closed form"}
        assert len(found.weights()) == widths[0] * (3 if make is not Embedded else 5)
