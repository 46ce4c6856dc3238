"""Where torch computes: the same numbers, in smaller parts where memory asks for it, and errors in words."""

import copy
import gc
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

import tabinterp as ti
from tabinterp.analyses.base import Analysis
from tabinterp.analyses.context import Context
from tabinterp.analyses.hidden_units import audited_units
from tabinterp.analyses.settings import AuditSettings
from tabinterp.analyses.trust import estimator as trust
from tabinterp.auditing.analyses_loop import _answer
from tabinterp.document.document import FAILED
from tabinterp.errors import ModelError
from tabinterp.models import bind
from tabinterp.models import model as module
from tabinterp.models.affine_front import split
from tabinterp.models.device import ROOM, AdaptiveBatch, Placed, described, device_of, home, placed, slopes
from tabinterp.models.layers import layers_of
from tabinterp.network import reference
from tabinterp.network.reference import fit_network
from tabinterp.provenance.verify import compare
from tests.shared import every_nth

from . import test_several as several
from .cases import frame, numeric_table
from .elsewhere import NAME, Elsewhere
from .test_torch import STYLES, made, wrapped

NO_GPU = "torch finds no CUDA device"
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason=NO_GPU)


@pytest.fixture(scope="module", autouse=True)
def nothing_to_collect():
    """Where memory runs out it is collected, and what earlier tests left would be looked through each time."""
    gc.collect()
    gc.freeze()


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
    there = Placed(network, "cpu")
    expected = network.inner(x)
    torch.testing.assert_close(there(x), expected)
    assert network.asked[:3] == [1000, 500, 250]
    assert network.asked[3:] == [125] * 8
    network.asked.clear()
    torch.testing.assert_close(there(x[:250]), expected[:250])
    assert network.asked == [125, 125]


def test_a_backward_pass_is_halved_with_its_forward_pass():
    """AdaptiveBatch of the forward pass alone would keep what the backward pass needs, and fill the memory all the same."""
    network, x = Small(3, outputs=2), torch.randn(10, 4)
    there = Placed(network, "cpu")
    gradient, scores = slopes(there, x)
    torch.testing.assert_close(scores, network.inner(x).double())
    expected = torch.func.vmap(torch.func.jacrev(network.inner))(x)
    torch.testing.assert_close(gradient, expected.transpose(1, 2))
    assert network.asked == [10, 5, 3, 2, 3, 2]
    assert (there.backwards.most, there.forwards.most) == (3, None)
    with pytest.raises(torch.OutOfMemoryError):
        there(x.requires_grad_(True))


def test_rows_taken_know_what_fitted():
    model = elsewhere(ti.wrap(torch.nn.Linear(4, 1), encoder="passthrough", classes=[False, True]))
    with Elsewhere():
        bound = bind(model, numeric_table())
        bound.gradients(bound.x)
        few = bound.take(np.arange(5))
        assert few.rest is bound.rest
        assert few.asked is bound.asked
        assert few._halves is bound._halves


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
    halves, rows = AdaptiveBatch(), torch.arange(11)

    def ask(some):
        if len(some) > 4:
            raise torch.OutOfMemoryError
        return some, -some

    for one, sign in zip(halves(ask, rows), (1, -1), strict=True):
        torch.testing.assert_close(one, sign * rows)
    assert halves.most == 3


def test_a_network_whose_first_rows_do_not_fit_is_bound():
    """The trial of a network's answers is of fewer rows then, and its scores are asked in halves."""
    table, network = numeric_table(), Small(70)
    expected = network.inner(torch.as_tensor(np.array(table.frame[["x0", "x1", "x2", "x3"]])).float())
    with Elsewhere():
        bound = bind(elsewhere(ti.wrap(network, encoder="passthrough", classes=[False, True])), table)
        np.testing.assert_allclose(bound.scores, expected.detach().double().numpy(), atol=1e-6)
        assert bound.asked.forwards.most == 38
    with Elsewhere(), pytest.raises(torch.OutOfMemoryError):
        bind(elsewhere(ti.wrap(Small(0), encoder="passthrough", classes=[False, True])), table)


def test_a_card_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", {"cuda:1": "NVIDIA H100"}.get)
    assert [described(one) for one in ("cpu", "cuda:1")] == ["cpu", "cuda:1 (NVIDIA H100)"]


def test_a_network_too_wide_for_a_device_is_split_here(monkeypatch):
    def tight(*given, device=None, **settings):
        if device == NAME:
            raise torch.OutOfMemoryError
        return identity(*given, device=device, **settings)

    identity, network = torch.eye, torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    expected = split(network, 4, "cpu")
    monkeypatch.setattr(torch, "eye", tight)
    with Elsewhere():
        found = split(network, 4, NAME)
    torch.testing.assert_close(found.weight, expected.weight)
    assert found.weight.device.type == "cpu"


def test_fronts_lie_on_a_device_that_has_the_room(monkeypatch):
    assert home("cpu", 10**15) == "cpu"
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (4 * ROOM * 1000, 10**12))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 4 * ROOM * 300)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 4 * ROOM * 200)
    assert home("cuda:1", 1100) == "cuda:1"  # what torch holds and nobody uses is free
    assert home("cuda:1", 1101) == "cpu"


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cuda:", "cpu:0", "meta"])
def test_devices_that_there_are_not(name):
    with pytest.raises(ModelError, match=r"the device must be cpu or cuda \(or cuda:1 for the second GPU\)"):
        device_of(name)


def test_a_device_that_is_not_here_is_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match="torch finds no CUDA device"):
        ti.wrap(torch.nn.Linear(4, 1), encoder="passthrough", task="regression", device="cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ModelError, match=r"there is no device cuda:3; torch finds only cuda:0\."):
        device_of("cuda:3")


# ---- on a device that is not there


def elsewhere(model):
    return replace(model, device=NAME)


@pytest.mark.parametrize("style", every_nth(4, STYLES), ids=lambda style: style.__name__)
def test_a_network_and_its_layers_on_a_device(style):
    """Fronts lie there, and all that is asked of them; what is left behind meets what went, and that is an error."""
    table, model = numeric_table(rows=80), wrapped(made(style))
    here = bind(model, table)
    with Elsewhere():
        there = bind(elsewhere(model), table)
        assert next(there.asked.parameters()).device.type == NAME
        np.testing.assert_allclose(there.scores, here.scores, atol=1e-6)
        for found, own in ((there.z, here.z), (there.answers, here.answers)):
            assert found.device.type == NAME
            torch.testing.assert_close(found.cpu(), own, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(there.gradients(there.x), here.gradients(here.x), atol=1e-6)
        one, other = here.activations(), there.activations()
        assert list(one) == list(other)
        for layer in one:
            np.testing.assert_allclose(other[layer], one[layer], atol=1e-6, err_msg=layer)
        blocks = [next(bound.blocks(units=True)) for bound in (here, there)]
        for own, found in zip(*((block.slopes, *block.units) for block in blocks), strict=True):
            np.testing.assert_allclose(found, own, atol=1e-6)
        for own, found in zip(layers_of(here), layers_of(there), strict=True):
            torch.testing.assert_close(found.before(there.z).cpu(), own.before(here.z))
            h = own.outputs(here.z)
            torch.testing.assert_close(found.outputs(there.z).cpu(), h)
            torch.testing.assert_close(found.outputs(here.z), h)  # where the rows came from
            h = torch.cat([h, here.z], dim=1) if own.beside else h
            torch.testing.assert_close(found.behind(h), own.behind(h))
            z = (h.double() @ own.moves.weight.T + own.moves.bias).float()
            torch.testing.assert_close(found.rest(z), own.rest(z))


def moved(layer):
    if isinstance(layer, torch.nn.Linear):
        layer.weight.data.mul_(1.1)


HERE = {  # who works something out here: draws that are the same everywhere, and the last layer's weights
    "models/affine_front.py:_checked", "models/weight_randomisation.py:_drawn", "models/piecewise_linear.py:_is_affine",
    "models/piecewise_linear.py:random", "models/layer_chain.py:chain_of", "models/binding.py:_fused",
}  # fmt: skip


def layered(units):
    """A table, a network, and another one."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(3, units), torch.nn.ReLU(), torch.nn.Linear(units, units), torch.nn.ReLU()
    )
    model = ti.wrap(network.append(torch.nn.Linear(units, 1)), encoder="passthrough", classes=[False, True])
    other = ti.wrap(copy.deepcopy(network).apply(moved), encoder="passthrough", classes=[False, True])
    return numeric_table(rows=100, columns=3), model, other


# With what READINGS below and trust do not have; the whole audit is read at night.
AUDITED = ["permutation_importance", "coefficients", "unit_correlations", "hidden_units", "linear_regions"]


@pytest.mark.nightly
@pytest.mark.parametrize("analyses", [AUDITED, None], ids=["a part", "all"])
def test_an_audit_on_a_device(analyses, monkeypatch):
    """The same numbers, and torch works them out there; here it copies networks, and draws what is to be equal everywhere."""
    monkeypatch.setattr(audited_units, "MOST", 2)  # more units, refits and starts do the same again
    monkeypatch.setattr(trust, "REFITS", 1)
    table, model, other = layered(128)
    asked = {"rows": 20, "analyses": analyses} | ({} if analyses else {"others": [other], "null": other})
    own = ti.audit(model, table, **asked)
    with Elsewhere() as device:
        found = ti.audit(elsewhere(model), table, **asked)
    assert compare(own, found).status == "ok"
    assert found.document.method.device == found.run["device"] == NAME
    assert {caller for caller, numbers in device.asked.items() if numbers} <= HERE, device.asked
    assert device.away > 1000 * device.here


@pytest.mark.nightly
def test_trust_on_a_device():
    table, model, other = layered(16)
    few = {"rows": 5, "background": 4, "draws": 2, "orders": 1, "backgrounds": 2}
    own = trust.trust(model, table, others=[other], null=other, **few).frame()
    with Elsewhere() as device:
        model, other = elsewhere(model), elsewhere(other)
        found = trust.trust(model, table, others=[other], null=other, **few).frame()
    pd.testing.assert_frame_equal(found, own, rtol=1e-5, atol=1e-6)
    assert {caller for caller, numbers in device.asked.items() if numbers} <= HERE, device.asked
    assert device.away > 100 * device.here


def test_a_reading_that_runs_out_of_memory_is_taken_again_with_fronts_here():
    table = numeric_table(columns=3)
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    model = ti.wrap(network, encoder="passthrough", classes=[False, True])

    class Reading(Analysis):
        def run(self, context):
            return {"importance": read, "never": never}[self.name](context)

    def read(asked):
        if asked.linear.z.device.type == NAME:
            raise torch.OutOfMemoryError("no room")
        return ti.permutation_importance(asked.network, table).importance

    def never(asked):
        raise torch.OutOfMemoryError("still no room")

    def asked():
        bounds = [bind(elsewhere(model), table) for _ in range(2)]
        others = [elsewhere(model)]
        settings, performance = AuditSettings(rows=50), SimpleNamespace(withheld=None)
        return Context(*bounds, others, others[0], settings, performance, {}, lambda share: None)

    with Elsewhere():
        first = asked()
        assert first.network.z.device.type == NAME
        then, outcome = _answer(Reading("importance", "importance", 1.0), first)
        for bound in (then.network, then.linear, then.network.take(np.arange(9))):
            assert bound.z.device.type == bound.answers.device.type == "cpu"
            assert bound.device == NAME
        for other in (*then.others, then.null):
            assert bind(other, table).z.device.type == "cpu"
        failed = _answer(Reading("never", "never", 1.0), then)[1].note
        assert (failed.key, failed.values["error"]) == (FAILED, "OutOfMemoryError")
    np.testing.assert_allclose(outcome.result, ti.permutation_importance(model, table).importance, rtol=1e-5)


READINGS = (
    ti.permutation_importance, ti.gradient_importance, ti.effects, ti.shapley_values, ti.conductance, ti.ablate,
    ti.interactions, ti.path_weights,
)  # fmt: skip


@cache
def scene():
    """A table, a network, and its results on the processor."""
    table = numeric_table("multiclass", rows=60)
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    model = ti.wrap(network, encoder="passthrough", classes=list(table.schema.classes))
    own = [read(model, table).frame().select_dtypes("number") for read in READINGS]
    return table, model, own, ti.maximise(model, table, objective=ti.unit(layer=1, index=0)).value


@pytest.mark.parametrize("roomy", [True, pytest.param(False, marks=pytest.mark.nightly)])
def test_readings_of_a_device_with_and_without_room(roomy, monkeypatch):
    """Where fronts do not fit beside the network they stay, and their passes go over in blocks."""
    table, model, own, optimum = scene()
    if not roomy:
        monkeypatch.setattr(module, "home", lambda *_: "cpu")
    with Elsewhere() as device:
        there = bind(elsewhere(model), table)
        assert there.z.device.type == (NAME if roomy else "cpu")
        assert next(there.rest.parameters()).device.type == NAME
        found = [read(there, table).frame().select_dtypes("number") for read in READINGS]
        best = ti.maximise(there, table, objective=ti.unit(layer=1, index=0)).value
    for read, one, other in zip(READINGS, found, own, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6, err_msg=read.__name__)
    np.testing.assert_allclose(best, optimum, rtol=1e-5)
    assert device.away > (100 if roomy else 0.5) * device.here, device.asked.most_common(5)


def test_several_inputs_on_a_device():
    source = frame(200).dropna().drop(columns=["many", "number"])
    table, model = ti.read_table(source, target="binary"), ti.wrap(several.Listed(), encoder=several.encoders(source))
    own = ti.gradient_importance(model, table).values
    with Elsewhere():
        np.testing.assert_allclose(ti.gradient_importance(elsewhere(model), table).values, own, atol=1e-6)


def test_a_function_stays_where_it_is():
    table = numeric_table()
    model = ti.wrap(lambda rows: 1 / (1 + np.exp(-rows["x0"].to_numpy())), classes=[False, True])
    with Elsewhere():
        bound = bind(elsewhere(model), table)
        assert bound.device == "cpu"
        found = ti.permutation_importance(bound, table).frame()
    assert found.equals(ti.permutation_importance(model, table).frame())


@pytest.mark.parametrize("task", every_nth(2, ["binary", "multiclass", "regression", "count"]))
def test_a_network_is_trained_on_a_device(task, monkeypatch):
    """From the same weights; dropout is drawn there, where the stand-in draws as the processor does (a card would not)."""
    adam = torch.optim.AdamW  # knows the devices that have a fused step, and not this one
    monkeypatch.setattr(
        torch.optim, "AdamW", lambda *given, fused, **settings: adam(*given, **settings, fused=not fused)
    )
    monkeypatch.setattr(reference, "EPOCHS", 4)
    draw = np.random.default_rng(0)
    x = draw.normal(size=(150, 3))
    y = {"binary": x[:, 0] > 0, "multiclass": np.digitize(x[:, 0], [-1, 1]), "regression": x[:, 0]}.get(
        task, draw.poisson(np.exp(x[:, 0]))
    )
    settings = {"task": task, "n_classes": 3, "hidden": (8, 4)}
    own = fit_network(x, y, **settings)
    before = torch.get_rng_state()
    with Elsewhere() as device:
        found = fit_network(x, y, **settings, device=NAME)
    assert torch.equal(torch.get_rng_state(), before)
    assert found.epochs == own.epochs
    for one, other in zip(found.module.parameters(), own.module.parameters(), strict=True):
        assert type(one.data) is torch.Tensor
        torch.testing.assert_close(one, other)
    assert device.away > 100 * device.here


def test_what_is_left_behind_is_an_error():
    network = torch.nn.Linear(3, 1)
    with Elsewhere():
        network.to(NAME)
        with pytest.raises(RuntimeError, match="tensors on two devices"):
            network(torch.zeros(2, 3))


# ---- on one that is


@gpu
def test_readings_on_a_gpu_are_those_of_the_processor():
    table = numeric_table()
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    here, there = (ti.wrap(network, encoder="passthrough", classes=[False, True], device=d) for d in ("cpu", "cuda"))
    for read in (ti.permutation_importance, ti.gradient_importance, ti.effects, ti.shapley_values, ti.conductance):
        one, other = (read(model, table).frame().select_dtypes("number") for model in (here, there))
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-6)
    audit = ti.audit(there, table, rows=100)
    assert audit.run["device"] == "cuda"
    assert audit.document.method.device == f"cuda ({torch.cuda.get_device_name()})"


@gpu
def test_training_on_a_gpu():
    trained = [ti.train(numeric_table(rows=2000), device=name) for name in ("cpu", "cuda", "cuda")]
    losses = [one.validation_loss[0] for one in trained]
    assert losses[1] == losses[2]
    assert losses[1] == pytest.approx(losses[0], rel=0.1)


@gpu
def test_a_call_that_does_not_fit_a_gpu_is_taken_in_parts():
    free, _ = torch.cuda.mem_get_info()
    wide = 1 << 14
    network = torch.nn.Sequential(torch.nn.Linear(1, wide), torch.nn.Tanh(), torch.nn.Linear(wide, 1))
    rows = free // (4 * wide)  # whose hidden units alone fill the memory, twice over
    there = placed(network, "cuda")
    with torch.inference_mode():
        assert len(there(torch.zeros(rows, 1))) == rows
    assert there.forwards.most < rows


class _Doubled(torch.autograd.Function):
    """An operation whose gradient cannot be computed for several outputs at once."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient if gradient.abs().sum().item() >= 0 else None  # a batch has no single value


@pytest.mark.parametrize("batched", [True, False])
def test_all_outputs_are_differentiated_in_one_backward_pass_where_torch_can(batched):
    torch.manual_seed(0)
    layers = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 5))
    calls = []

    class Network(torch.nn.Module):
        def forward(self, x):
            scores = layers(x if batched else _Doubled.apply(x))
            scores.register_hook(lambda gradient: calls.append(gradient.shape))
            return scores

    x = torch.randn(7, 4)
    found, scores = slopes(Network(), x)
    exact = torch.func.vmap(torch.func.jacrev(lambda row: layers(row if batched else 2 * row)))(x)
    torch.testing.assert_close(found, exact.transpose(1, 2))
    torch.testing.assert_close(scores, layers(x if batched else 2 * x).double())
    assert len(calls) == (1 if batched else 6)
