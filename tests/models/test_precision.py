"""Networks that cast inside, in half precision, under autocast, compiled, in TorchScript, and dynamically quantised."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import tabinterp as ti
from tabinterp.models import bind

COLUMNS = list("abcd")
NEAR = {torch.bfloat16: 2e-2, torch.float16: 2e-3}


@pytest.fixture(scope="module")
def table() -> ti.Table:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(160, 4)), columns=COLUMNS).astype("float32")
    hit = 2 * frame["a"] - frame["b"] + frame["c"] * frame["d"] + draw.normal(size=160) > 0
    return ti.read_table(
        frame.assign(y=np.where(hit, "yes", "no")), target="y", positive="yes", adverse="no", split=0.3
    )


def plain() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))


class Casts(nn.Module):
    """Casts its input to the precision of its weights, and its output to single precision."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.layers, self.dtype = plain().to(dtype), dtype

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x.to(self.dtype)).float()


class Branches(Casts):
    """The same, but it cannot be traced."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x * 1.0 if x.shape[0] > 1 else x)


class Autocast(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = plain()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.layers(x)


class Mixed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers = plain()
        self.first, self.last = layers[0].double(), layers[2]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.relu(self.first(x.double())).float())


NETWORKS = {
    "casts to single": (lambda: Casts(torch.float32), torch.float32),
    "casts to double": (lambda: Casts(torch.float64), torch.float32),
    "casts to bfloat16": (lambda: Casts(torch.bfloat16), torch.bfloat16),
    "casts to half": (lambda: Casts(torch.float16), torch.float16),
    "branches, casts to bfloat16": (lambda: Branches(torch.bfloat16), torch.bfloat16),
    "branches, casts to double": (lambda: Branches(torch.float64), torch.float32),
    "bfloat16": (lambda: plain().bfloat16(), torch.bfloat16),
    "double": (lambda: plain().double(), torch.float32),
    "double, then single": (Mixed, torch.float32),
    "autocast": (Autocast, torch.bfloat16),
    "compiled": (lambda: torch.compile(plain(), backend="eager"), torch.float32),
    "in parallel": (lambda: nn.DataParallel(plain()), torch.float32),
}
ENDS = pytest.mark.parametrize("name", NETWORKS)


def wrapped(network: nn.Module) -> ti.Model:
    return ti.wrap(network, encoder="passthrough", classes=["no", "yes"])


def answers(network: nn.Module, x: np.ndarray) -> np.ndarray:
    own = next(iter(network.parameters())).dtype
    given = torch.as_tensor(x).to(own if isinstance(network, nn.Sequential) else torch.float32)
    with torch.no_grad():
        return network(given).double().numpy().ravel()


@ENDS
def test_scores_and_gradients(name, table):
    make, dtype = NETWORKS[name]
    network = make()
    bound = bind(wrapped(network), table)
    near = NEAR.get(dtype, 1e-6)
    np.testing.assert_allclose(bound.scores[:, 0], answers(network, table.inputs.to_numpy()), atol=near)
    assert bound.has_gradient
    x = torch.tensor(bound.x, requires_grad=True)
    plain().double()(x).sum().backward()
    np.testing.assert_allclose(bound.gradients(bound.x)[:, :, 0], x.grad.numpy(), atol=4 * near, rtol=4 * near)


SOON = {"branches, casts to bfloat16", "autocast", "compiled"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in SOON else pytest.mark.nightly) for name in NETWORKS]
)
def test_an_audit_reads_regions_paths_and_units(name, table):
    make, _ = NETWORKS[name]
    read = ["gradients", "linear_regions", "path_weights", "unit_correlations", "permutation_importance"]
    document = ti.audit(wrapped(make()), table, analyses=read, jobs=1).document
    left_out = [note for note in document.not_assessed if note.key in ("not_assessed.reading", "not_assessed.failed")]
    if name.startswith("branches"):  # what cannot be traced has neither regions nor paths
        assert {note.values["reading"] for note in left_out} == {"linear regions", "path products"}
        assert {note.key for note in left_out} == {"not_assessed.reading"}
    else:
        assert not left_out
        assert document.mechanism.regions is not None
        assert document.mechanism.paths is not None
    assert len(document.method.model_digest) == 64


def test_a_digest_tells_bfloat16_weights_apart(table):
    networks = [plain().bfloat16() for _ in range(2)]
    networks[1][0].weight.data[0, 0] += 1
    digests = {ti.audit(wrapped(one), table, analyses=[], jobs=1).document.method.model_digest for one in networks}
    assert len(digests) == 2


@pytest.mark.parametrize("make", [torch.jit.script, lambda network: torch.jit.trace(network, torch.zeros(3, 4))])
def test_torchscript(make, table):
    network = make(plain())
    inside = nn.Sequential(network, nn.Identity())
    for one in (network, inside):
        bound = bind(wrapped(one), table)
        np.testing.assert_allclose(bound.scores[:, 0], answers(plain(), bound.x), atol=1e-6)
        assert bound.has_gradient
    assert all(parameter.requires_grad for parameter in network.parameters())  # the user's own is as it was


def test_a_dynamically_quantised_network_is_read_with_its_stored_weights(table):
    network = torch.ao.quantization.quantize_dynamic(plain(), {nn.Linear}, dtype=torch.qint8)
    stored = nn.Sequential(*(copy.deepcopy(layer) for layer in plain()))
    for layer, quantised in zip(stored, network, strict=True):
        if isinstance(layer, nn.Linear):
            layer.weight.data.copy_(quantised.weight().dequantize())
    audit = ti.audit(wrapped(network), table, analyses=["gradients"], jobs=1)
    bound = bind(wrapped(network), table)
    x = table.inputs.to_numpy(dtype=np.float32)
    np.testing.assert_allclose(bound.scores[:, 0], answers(stored, x), atol=1e-6)
    assert np.abs(bound.scores[:, 0] - network(torch.as_tensor(x)).detach().numpy().ravel()).max() < 0.05
    assert bound.has_gradient
    assert "model.dequantised" in {note.key for note in audit.document.network.notes}
    assert type(network[0]).__name__ == "Linear"
    assert "quantized" in type(network[0]).__module__  # the user's own is as it was
