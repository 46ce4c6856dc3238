"""The faster tanh: its error against double precision, its gradient, where it replaces torch's own, and that it is pickled."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from torch import nn

import tabinterp as ti
from tabinterp.models import bind
from tabinterp.models.affine_front import FastTanh, trace, with_fast_tanh
from tests import cases


class Method(nn.Module):
    def forward(self, z):
        return z.tanh()


class Function(nn.Module):
    def forward(self, z):
        return torch.tanh(z)


@pytest.mark.parametrize("way", [nn.Tanh, Method, Function])
def test_every_way_to_call_tanh_is_replaced_and_is_as_exact_as_single_precision_allows(way):
    graph = with_fast_tanh(trace(nn.Sequential(way(), nn.Linear(1, 1), way())))
    assert (
        sum(
            isinstance(graph.get_submodule(str(n.target)), FastTanh) for n in graph.graph.nodes if n.op == "call_module"
        )
        == 2
    )
    z = torch.linspace(-20, 20, 400_001)
    kept = z.clone()
    made = with_fast_tanh(trace(nn.Sequential(way())))(z)
    assert torch.equal(z, kept)
    assert (made.double() - torch.tanh(z.double())).abs().max() < 2.4e-7


def test_its_gradient_is_that_of_tanh():
    z = torch.linspace(-4, 4, 1_001, requires_grad=True)
    (slope,) = torch.autograd.grad(FastTanh()(z).sum(), z)
    assert (slope.double() - 1 / torch.cosh(z.detach().double()) ** 2).abs().max() < 1e-6


def test_without_tanh_nothing_is_replaced():
    graph = trace(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
    assert with_fast_tanh(graph) is graph


def test_a_model_uses_it_leaves_the_network_alone_and_travels_to_another_process():
    frame = cases.mixed_frame(60)
    module = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1))
    table = ti.read_table(frame[["age", "income", "y"]].dropna().assign(income=lambda x: x["income"] / 1e4), target="y")
    bound = bind(ti.wrap(module, encoder="passthrough", classes=["no", "yes"]), table)
    assert any(isinstance(one, FastTanh) for one in bound.rest.modules())
    assert [type(one) for one in module] == [nn.Linear, nn.Tanh, nn.Linear, nn.Tanh, nn.Linear]
    assert not any(isinstance(one, FastTanh) for one in bound.behind.modules())
    expected = module.double()(torch.as_tensor(bound.x)).detach().numpy()
    for rest in (bound.rest, pickle.loads(pickle.dumps(bound.rest))):
        np.testing.assert_allclose(rest(bound.z).numpy(), expected, atol=5e-6)
