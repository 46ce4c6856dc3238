"""Where torch computes: the same numbers, in smaller parts where memory asks for it, and errors in words."""

import numpy as np
import pytest
import torch

import tabinterp as ti
from tabinterp.errors import ModelError
from tabinterp.models import bind
from tabinterp.models.device import Halves, Placed, device_of

from .cases import numeric_table

NO_GPU = "torch finds no CUDA device here"
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason=NO_GPU)


class Small(torch.nn.Module):
    """A network in a memory that holds few rows."""

    def __init__(self, most, columns=4, outputs=1):
        super().__init__()
        torch.manual_seed(0)
        self.inner = torch.nn.Sequential(torch.nn.Linear(columns, 8), torch.nn.Tanh(), torch.nn.Linear(8, outputs))
        self.most, self.asked = most, []

    def forward(self, x):
        self.asked.append(len(x))
        if len(x) > self.most:
            raise torch.OutOfMemoryError(f"{len(x)} rows")
        return self.inner(x)


def test_rows_that_do_not_fit_are_asked_in_halves_and_the_size_is_remembered():
    network, x = Small(150), torch.randn(1000, 4)
    placed = Placed(network, "cpu")
    expected = network.inner(x)
    torch.testing.assert_close(placed(x), expected)
    assert network.asked[:3] == [1000, 500, 250]
    assert network.asked[3:] == [125] * 8
    network.asked.clear()
    torch.testing.assert_close(placed(x[:250]), expected[:250])
    assert network.asked == [125, 125]


def test_gradients_pass_through_the_halves():
    network, x = Small(3), torch.randn(10, 4, requires_grad=True)
    (slope,) = torch.autograd.grad(Placed(network, "cpu")(x).sum(), x)
    (expected,) = torch.autograd.grad(network.inner(x).sum(), x)
    torch.testing.assert_close(slope, expected)


def test_one_row_that_does_not_fit_is_an_error():
    with pytest.raises(torch.OutOfMemoryError, match="1 rows"):
        Placed(Small(0), "cpu")(torch.randn(4, 4))


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_derivatives_of_a_table_are_taken_in_halves(task):
    """A backward pass that does not fit is not known before it is tried."""
    table = numeric_table(task)
    network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, len(table.schema.classes)))
    bound = bind(ti.wrap(network, encoder="passthrough", classes=list(table.schema.classes)), table)
    expected, most, asked = bound.gradients(bound.x), 70, []

    def small(rows):
        asked.append(len(rows))
        if len(rows) > most:
            raise torch.OutOfMemoryError
        return bound.module(rows)

    tight = bind(bound.model, table)
    tight.__dict__["asked"] = small
    np.testing.assert_allclose(tight.gradients(tight.x), expected, rtol=1e-6, atol=1e-7)
    assert asked[:4] == [300, 150, 75, 38]
    assert max(asked[4:]) <= 38


def test_halves_give_every_part_in_order():
    halves, rows = Halves(), torch.arange(11)

    def ask(some):
        if len(some) > 4:
            raise torch.OutOfMemoryError
        return some, -some

    for one, sign in zip(halves(ask, rows), (1, -1), strict=True):
        torch.testing.assert_close(one, sign * rows)
    assert halves.most == 3


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cuda:", "cpu:0", "meta"])
def test_devices_that_there_are_not(name):
    with pytest.raises(ModelError, match=r"a device is cpu or cuda \(cuda:1 for the second of several\)"):
        device_of(name)


def test_a_device_that_is_not_here_is_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match="torch finds no CUDA device here"):
        ti.wrap(torch.nn.Linear(4, 1), encoder="passthrough", task="regression", device="cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ModelError, match="there is no cuda:3: torch finds 1 CUDA devices here"):
        device_of("cuda:3")


@gpu
def test_readings_on_a_gpu_are_those_of_the_processor():
    table = numeric_table()
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    here, there = (ti.wrap(network, encoder="passthrough", classes=[False, True], device=d) for d in ("cpu", "cuda"))
    for read in (ti.permutation_importance, ti.gradient_importance, ti.effects):
        one, other = (read(model, table).frame().select_dtypes("number") for model in (here, there))
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-6)
    assert ti.audit(there, table, rows=100).run["device"] == "cuda"
