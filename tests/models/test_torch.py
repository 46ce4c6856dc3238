"""Any torch module with one float input: scores, front, hidden units, and nothing of the user's changed."""

import copy
import random
import threading
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from sklearn.preprocessing import StandardScaler
from torch import nn

import tabinterp as ti
from tabinterp.analyses.hidden_units import audited_units
from tabinterp.analyses.permutation_importance.estimator import start
from tabinterp.analyses.trust import estimator as trust
from tabinterp.errors import ModelError
from tabinterp.models import bind, probabilities
from tabinterp.models.affine_front import trace
from tests.shared import every_nth

from .cases import numeric_table, sigmoid, softmax

D, H = 4, 5


class Style(nn.Module):
    """A network of four numbers whose forward is written in one of many ways."""

    def __init__(self, k=1):
        super().__init__()
        self.first = nn.Linear(D, H)
        self.second = nn.Linear(H, H)
        self.out = nn.Linear(H, k)


class Functional(Style):
    units, front = [H, H], H

    def forward(self, x):
        return self.out(F.relu(self.second(torch.relu(self.first(x)))))


class Methods(Style):
    units, front = [H, H], H

    def forward(self, x):
        return self.out(self.second(self.first(x).tanh()).sigmoid())


class Reused(Style):
    """One ReLU object, used twice."""

    units, front = [H, H], H

    def __init__(self, k=1):
        super().__init__(k)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.out(self.act(self.second(self.act(self.first(x)))))


class InPlace(Style):
    units, front = [H, H], H

    def __init__(self, k=1):
        super().__init__(k)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.out(F.silu(self.second(self.act(self.first(x))), inplace=True))


class InPlaceFirst(Style):
    """Writes into what the first layer gave."""

    units, front = [H], H

    def forward(self, x):
        return self.out(F.relu(self.first(x), inplace=True))


class InPlaceInput(Style):
    """Writes into the rows it is given."""

    units, front = [H], D

    def forward(self, x):
        x -= 0.5
        x *= 2
        return self.out(F.relu(self.first(x)))


class Gelu(Style):
    units, front = [H, H], H

    def forward(self, x):
        return self.out(F.gelu(self.second(F.silu(self.first(x)))))


class Approximate(Style):
    units, front = [H], H

    def forward(self, x):
        return self.out(F.gelu(self.first(x), approximate="tanh"))


class LeadingBatchNorm(Style):
    units, front = [H], H

    def __init__(self, k=1):
        super().__init__(k)
        self.norm = nn.BatchNorm1d(D)
        self.norm.running_mean.copy_(torch.arange(D) - 1.0)
        self.norm.running_var.copy_(torch.arange(D) + 0.5)
        nn.init.normal_(self.norm.weight)

    def forward(self, x):
        return self.out(F.elu(self.first(self.norm(x))))


class MiddleBatchNorm(Style):
    units, front = [H, H], H

    def __init__(self, k=1):
        super().__init__(k)
        self.norms = nn.ModuleList([nn.BatchNorm1d(H), nn.BatchNorm1d(H, affine=False)])
        for norm in self.norms:
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)

    def forward(self, x):
        return self.out(torch.tanh(self.norms[1](self.second(F.relu(self.norms[0](self.first(x)))))))


class LayerNormFirst(Style):
    units, front = [H], D

    def __init__(self, k=1):
        super().__init__(k)
        self.norm = nn.LayerNorm(D)

    def forward(self, x):
        return self.out(F.relu(self.first(self.norm(x))))


class LayerNormInside(Style):
    units, front = [H], H

    def __init__(self, k=1):
        super().__init__(k)
        self.norm = nn.LayerNorm(H)

    def forward(self, x):
        return self.out(F.leaky_relu(self.norm(self.first(x)), 0.2))


class Dropouts(Style):
    units, front = [H, H], H

    def __init__(self, k=1):
        super().__init__(k)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        x = self.drop(F.relu(self.first(self.drop(x))))
        return self.out(F.dropout(F.relu(self.second(x)), 0.5, training=self.training))


class Residual(Style):
    """The first layer's output, and its activation's, are both used again."""

    units, front = [H, H], H

    def forward(self, x):
        z = self.first(x)
        h = F.relu(z) + z
        return self.out(h + F.relu(self.second(h)))


class ResidualInput(nn.Module):
    """The input itself is used again."""

    units, front = [D], 2 * D

    def __init__(self, k=1):
        super().__init__()
        self.inner, self.out = nn.Linear(D, D), nn.Linear(D, k)

    def forward(self, x):
        return self.out(x + F.relu(self.inner(x)))


class WideAndDeep(Style):
    def __init__(self, k=1):
        super().__init__(k)
        self.wide = nn.Linear(D, k)
        self.units, self.front = [H], H + k

    def forward(self, x):
        return self.wide(x) + self.out(F.relu(self.first(x)))


class Concatenated(Style):
    units, front = [H], H + D

    def __init__(self, k=1):
        super().__init__(k)
        self.out = nn.Linear(H + D, k)

    def forward(self, x):
        return self.out(torch.cat([F.relu(self.first(x)), x], dim=1))


class Sums(Style):
    """Affine maps added before the first activation are one affine map."""

    units, front = [H], H

    def __init__(self, k=1):
        super().__init__(k)
        self.other = nn.Linear(D, H, bias=False)

    def forward(self, x):
        return self.out(F.softplus(torch.add(self.first(x), self.other(x))))


class Gated(Style):
    units, front = [H], 2 * H

    def __init__(self, k=1):
        super().__init__(k)
        self.gate = nn.Linear(D, H)

    def forward(self, x):
        return self.out(self.first(x) * torch.sigmoid(self.gate(x)))


class Nested(nn.Module):
    units, front = [H, 3], H

    def __init__(self, k=1):
        super().__init__()
        self.body = nn.Sequential(nn.Sequential(nn.Linear(D, H), nn.Mish()), nn.Sequential(nn.Linear(H, 3), nn.PReLU()))
        self.head = nn.Linear(3, k)

    def forward(self, x):
        return self.head(self.body(x))


class Plain(nn.Sequential):
    units, front = [H, 3], H

    def __init__(self, k=1):
        super().__init__(nn.Linear(D, H), nn.ReLU(), nn.Dropout(0.3), nn.Linear(H, 3), nn.Tanh(), nn.Linear(3, k))


class Identities(nn.Sequential):
    units, front = [H], H

    def __init__(self, k=1):
        super().__init__(
            nn.Identity(), nn.Linear(D, 7), nn.Dropout(0.1), nn.Linear(7, H), nn.Hardtanh(), nn.Linear(H, k)
        )


class OwnForward(nn.Sequential):
    """A sequence with a forward of its own."""

    units, front = [H], H

    def __init__(self, k=1):
        super().__init__(nn.Linear(D, H), nn.ReLU(), nn.Linear(H, k))

    def forward(self, x):
        return 3 * super().forward(x)


class Hooked(nn.Sequential):
    """A hook is part of what a module does."""

    units, front = [H], H

    def __init__(self, k=1):
        super().__init__(nn.Linear(D, H), nn.ReLU(), nn.Linear(H, k))
        self.register_forward_hook(lambda module, args, value: 3 * value)


class Parametrised(Style):
    units, front = [H], D

    def __init__(self, k=1):
        super().__init__(k)
        self.first = nn.utils.parametrizations.weight_norm(self.first)

    def forward(self, x):
        return self.out(F.relu(self.first(x)))


class Branching(Style):
    """Branches on values, so that it cannot be traced."""

    units, front = [H], D

    def __init__(self, k=1):
        super().__init__(k)
        self.act = nn.ReLU()

    def forward(self, x):
        h = self.act(self.first(x))
        return self.out(h if h.sum() > 0 else h + 1)


class Looping(Style):
    """A loop over rows' length and a check of shapes, which cannot be traced."""

    units, front = [H, H], D

    def __init__(self, k=1):
        super().__init__(k)
        self.act = nn.Tanh()

    def forward(self, x):
        assert x.dim() == 2
        if len(x) == 0:
            raise ValueError("no rows")
        h = self.act(self.first(x))
        return self.out(self.act(self.second(h)))


class Constant(Style):
    """Parameters and buffers used directly."""

    units, front = [H], D

    def __init__(self, k=1):
        super().__init__(k)
        self.register_buffer("centre", torch.arange(D) / 3.0)
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        return self.out(torch.relu(self.first((x - self.centre) / self.scale)))


STYLES = [
    Functional, Methods, Reused, InPlace, InPlaceFirst, InPlaceInput, Gelu, Approximate, LeadingBatchNorm,
    MiddleBatchNorm, LayerNormFirst, LayerNormInside, Dropouts, Residual, ResidualInput, WideAndDeep, Concatenated, Sums,
    Gated, Nested, Plain, OwnForward, Hooked, Identities, Parametrised, Branching, Looping, Constant,
]  # fmt: skip
by_style = pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)


def made(style, k=1):
    torch.manual_seed(1)
    return style(k).train()


def raw(module, x):
    """The user's module in evaluation mode, in double precision."""
    with torch.no_grad():
        return copy.deepcopy(module).eval().double()(torch.tensor(np.array(x))).numpy()


def wrapped(module, **settings):
    return ti.wrap(module, encoder="passthrough", **settings)


@pytest.mark.parametrize(("task", "style"), every_nth(3, product(("binary", "multiclass", "regression"), STYLES)))
def test_scores_are_the_module_s_own(style, task):
    module = made(style, 3 if task == "multiclass" else 1)
    given = numeric_table(task)
    bound = bind(wrapped(module, task=task), given)
    expected = raw(module, given.inputs)
    if task == "multiclass":
        expected = expected - expected.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(bound.scores, expected, atol=1e-5)
    z = bound.z.clone()
    with torch.inference_mode():
        told = bound.rest(bound.z)
        np.testing.assert_allclose(told, expected, atol=1e-5)
        assert torch.equal(bound.consuming(bound.z.clone()), told)
    assert torch.equal(bound.z, z)  # nothing was written into it
    np.testing.assert_allclose(bound.score(bound.x[:1]), expected[:1], atol=1e-5)


@pytest.mark.parametrize(
    ("style", "over"), [(Plain, True), (Functional, True), (Residual, False), (WideAndDeep, False), (Gelu, False)]
)
def test_what_is_not_read_again_is_written_over(style, over):
    bound = bind(wrapped(made(style)), numeric_table())
    z = bound.z.clone()
    with torch.inference_mode():
        bound.consuming(z)
    assert torch.equal(z, bound.z.relu() if over else bound.z)


@by_style
def test_the_affine_front_is_found(style):
    module = made(style)
    bound = bind(wrapped(module), numeric_table())
    identity = torch.equal(bound.front.weight, torch.eye(D, dtype=torch.float64))
    assert bound.front.weight.shape == (module.front, D)
    assert identity == (module.front == D)
    assert not bound.is_linear


def test_layers_one_after_another_have_the_graph_that_tracing_finds():
    """One of them is applied twice, and one has a name."""
    act = nn.Tanh()
    module = nn.Sequential(nn.Linear(D, H), act, nn.Linear(H, H), act)
    module.add_module("out", nn.Linear(H, 1))
    found, traced, x = trace(module), torch.fx.symbolic_trace(module), torch.randn(7, D)
    assert [node.op for node in found.graph.nodes] == [node.op for node in traced.graph.nodes]
    torch.testing.assert_close(found(x), traced(x), rtol=0, atol=0)
    assert [type(layer) for layer in found.children()] == [type(layer) for layer in module.children()]


@by_style
def test_hidden_units_are_found(style):
    module = made(style)
    given = numeric_table()
    bound = bind(wrapped(module), given)
    assert [value.shape for value in bound.activations().values()] == [(300, h) for h in module.units]


@by_style
def test_gradients_are_those_of_the_module(style):
    module = made(style, 3)
    given = numeric_table("multiclass")
    bound = bind(wrapped(module), given)
    x = torch.tensor(bound.x[:20], requires_grad=True)
    scores = copy.deepcopy(module).eval().double()(x.clone())
    scores = scores - scores.mean(dim=1, keepdim=True)
    for k in range(3):
        (expected,) = torch.autograd.grad(scores[:, k].sum(), x, retain_graph=True)
        np.testing.assert_allclose(bound.gradients(bound.x[:20])[:, :, k], expected, atol=1e-5)


@pytest.mark.parametrize("style", every_nth(2, STYLES), ids=lambda style: style.__name__)
def test_moving_a_column_is_moving_it_in_the_rows(style):
    module = made(style)
    given = numeric_table()
    bound = bind(wrapped(module), given)
    donors = np.random.default_rng(0).permutation(300)
    for column in given.schema.inputs:
        replaced = given.inputs.assign(**{column: given.inputs[column].to_numpy()[donors]})
        part = bound.part((column,))
        with torch.inference_mode():
            moved = bound.rest(bound.z - part + part[donors]).numpy()
        np.testing.assert_allclose(moved, raw(module, replaced), atol=1e-5)


def test_hidden_units_are_what_the_layers_put_out():
    module = made(Plain)
    given = numeric_table()
    found = bind(wrapped(module), given).activations()
    own = copy.deepcopy(module).eval()
    x = torch.tensor(given.inputs.to_numpy()).float()
    with torch.no_grad():
        np.testing.assert_allclose(found["layer 1"], nn.Sequential(*list(own)[:2])(x), atol=1e-6)
        np.testing.assert_allclose(found["layer 2"], nn.Sequential(*list(own)[:5])(x), atol=1e-6)


@pytest.mark.parametrize("k", [1, 3])
def test_a_network_without_a_hidden_layer_is_linear(k):
    torch.manual_seed(0)
    given = numeric_table("multiclass" if k == 3 else "binary")
    deep = nn.Sequential(nn.BatchNorm1d(D), nn.Linear(D, 3), nn.Dropout(0.2), nn.Linear(3, k))
    bound = bind(wrapped(deep), given)
    assert bound.is_linear
    assert bound.activations() == {}


# one output or two, flat or not


class Flat(Style):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        y = self.out(F.relu(self.first(x)))
        return {
            "squeeze": y.squeeze,
            "squeeze 1": lambda: y.squeeze(1),
            "flatten": y.flatten,
            "reshape": lambda: y.reshape(-1),
            "view": lambda: y.view(-1),
            "index": lambda: y[:, 0],
        }[self.shape]()


@pytest.mark.parametrize(
    ("shape", "rows"),
    every_nth(2, product(["squeeze", "squeeze 1", "flatten", "reshape", "view", "index"], [1, 2, 4097])),
)
def test_a_flat_output_in_blocks_of_any_length(shape, rows):
    torch.manual_seed(0)
    module = Flat(shape)
    given = numeric_table("regression", rows=4097).take(np.arange(rows))
    bound = bind(wrapped(module, task="regression"), given)
    np.testing.assert_allclose(bound.scores[:, 0], raw(module, given.inputs).ravel(), atol=1e-5)
    assert bound.gradients(bound.x[:1]).shape == (1, D, 1)
    assert len(bound.front.weight) == H


def test_two_logits_are_one_log_odds_of_the_positive_class():
    module = made(Functional, 2)
    given = numeric_table()
    logits = raw(module, given.inputs)
    for classes, sign in (([False, True], 1), ([True, False], -1), (None, 1)):
        bound = bind(wrapped(module, classes=classes), given)
        np.testing.assert_allclose(bound.scores[:, 0], sign * (logits[:, 1] - logits[:, 0]), atol=1e-5)


def test_one_logit_is_turned_where_the_positive_class_comes_first():
    module = made(Functional)
    given = numeric_table()
    logits = raw(module, given.inputs)
    for classes, sign in (([False, True], 1), ([True, False], -1), (["False", "True"], 1), (None, 1)):
        bound = bind(wrapped(module, classes=classes), given)
        np.testing.assert_allclose(bound.scores, sign * logits, atol=1e-5)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("style", [Plain, Functional])
def test_several_outputs_are_put_into_the_table_s_order(order, style):
    module = made(style, 3)
    given = numeric_table("multiclass")
    bound = bind(wrapped(module, classes=order), given)
    expected = softmax(raw(module, given.inputs))[:, np.argsort(order)]
    np.testing.assert_allclose(probabilities(bound.scores), expected, atol=1e-6)


# probabilities


class Ending(Style):
    def __init__(self, ending, k=1):
        super().__init__(k)
        self.ending = ending
        self.sigmoid, self.softmax = nn.Sigmoid(), nn.Softmax(dim=1)

    def forward(self, x):
        y = self.out(F.relu(self.first(x)))
        return {
            "sigmoid": lambda: torch.sigmoid(y),
            "method": lambda: y.sigmoid().squeeze(1),
            "module": lambda: self.sigmoid(y).squeeze(-1),
            "before": lambda: torch.sigmoid(y.squeeze(1)),
            "softmax": lambda: F.softmax(y, dim=-1),
            "softmax method": lambda: y.softmax(1),
            "softmax module": lambda: self.softmax(y),
        }[self.ending]()


ENDINGS = [
    ("sigmoid", 1),
    ("method", 1),
    ("module", 1),
    ("before", 1),
    *((f"softmax{e}", k) for e in ("", " method", " module") for k in (2, 3)),
]


@pytest.mark.parametrize(("ending", "k"), ENDINGS)
def test_a_final_sigmoid_or_softmax_is_taken_off(ending, k):
    torch.manual_seed(0)
    module = Ending(ending, k)
    with torch.no_grad():
        module.out.weight *= 200  # saturated: the logits can only come from before the end
    given = numeric_table("multiclass" if k == 3 else "binary")
    bound = bind(wrapped(module, outputs="probabilities"), given)
    with torch.no_grad():
        own = copy.deepcopy(module).double()
        logits = own.out(F.relu(own.first(torch.tensor(given.inputs.to_numpy())))).numpy()
    expected = {1: logits, 2: logits[:, 1:] - logits[:, :1], 3: logits - logits.mean(axis=1, keepdims=True)}[k]
    np.testing.assert_allclose(bound.scores, expected, rtol=1e-4, atol=1e-3)
    assert bound.clipped == 0
    assert np.abs(bound.scores).max() > 30
    assert [value.shape[1] for value in bound.activations().values()] == [H]


@pytest.mark.parametrize("k", [1, 2, 3])
def test_a_plain_sequence_loses_its_end_too(k):
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(D, H), nn.ReLU(), nn.Linear(H, k))
    module = nn.Sequential(*body, nn.Sigmoid() if k == 1 else nn.Softmax(dim=-1))
    given = numeric_table("multiclass" if k == 3 else "binary")
    with_end = bind(wrapped(module, outputs="probabilities"), given)
    without = bind(wrapped(body), given)
    np.testing.assert_allclose(with_end.scores, without.scores, atol=1e-5)
    assert with_end.clipped == 0


class Mixture(Style):
    """A mean of two probabilities: there is no logit to go back to."""

    def forward(self, x):
        y = self.out(F.relu(self.first(x)))
        return (torch.sigmoid(y) + torch.sigmoid(200 * y - 60)) / 2


def test_probabilities_without_logits_are_clipped_and_counted():
    torch.manual_seed(0)
    module = Mixture()
    with torch.no_grad():
        module.out.weight *= 30
    given = numeric_table()
    bound = bind(wrapped(module, outputs="probabilities"), given)
    p = raw(module, given.inputs)[:, 0].astype(np.float32)
    outside = (p < 1e-7) | (p > 1 - 1e-7)
    assert 0 < outside.sum() < 300
    assert bound.clipped == outside.sum()
    inside = (p > 1e-4) & (p < 1 - 1e-4)
    np.testing.assert_allclose(bound.scores[inside, 0], np.log(p / (1 - p))[inside], atol=5e-3)
    assert np.abs(bound.scores).max() < 17
    np.testing.assert_allclose(bound.rest(bound.z)[:, 0].numpy()[inside], bound.scores[inside, 0], atol=5e-3)


@pytest.mark.parametrize(("style", "k"), [(Functional, 1), (Functional, 3), (Plain, 2)])
def test_logits_that_are_called_probabilities_are_refused(style, k):
    module = made(style, k)
    for p in module.parameters():
        p.data *= 3
    given = numeric_table("multiclass" if k == 3 else "binary")
    with pytest.raises(
        ModelError, match=r"outputs='probabilities'\), but they are not valid .* these outputs range from -"
    ):
        bind(wrapped(module, outputs="probabilities"), given)


def test_independent_probabilities_are_no_classes():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(D, 3), nn.Sigmoid())
    with pytest.raises(
        ModelError, match=r"outputs='probabilities'\), but they are not valid .* these outputs range from 0"
    ):
        bind(wrapped(module, outputs="probabilities"), numeric_table("multiclass"))


# precision


@pytest.mark.parametrize("style", [Functional, LeadingBatchNorm, WideAndDeep, Residual])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_raw_columns_of_a_million_cost_next_to_nothing(style, dtype):
    source = numeric_table(scale=3.0).frame
    source["x1"] += 1e6
    given = ti.read_table(source, target="y")
    module = made(style).to(dtype)
    with torch.no_grad():  # as a network trained on such a column would have it
        module.first.bias -= 1e6 * module.first.weight[:, 1]
        if style is LeadingBatchNorm:
            module.norm.running_mean[1] += 1e6
            module.first.bias += 1e6 * module.first.weight[:, 1]
        if style is WideAndDeep:
            module.wide.bias -= 1e6 * module.wide.weight[:, 1]
    bound = bind(wrapped(module), given)
    x, weight, bias = torch.tensor(bound.x), bound.front.weight, bound.front.bias
    exact = x @ weight.T + bias
    assert (bound.z.double() - exact).abs().max() < 1e-4
    part = bound.part(("x1",))
    donors = torch.randperm(300, generator=torch.Generator().manual_seed(0))
    moved = x.clone()
    moved[:, 1] = x[donors, 1]
    assert (bound.z - part + part[donors] - (moved @ weight.T + bias)).abs().max() < 1e-4


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_modules_of_any_precision(dtype):
    module = made(Functional).to(dtype)
    bound = bind(wrapped(module), numeric_table())
    with torch.no_grad():
        x = torch.tensor(numeric_table().inputs.to_numpy()).to(dtype)
        np.testing.assert_array_equal(bound.scores, copy.deepcopy(module)(x).double().numpy())


# never changed


def state(module):
    return (
        {k: v.clone() for k, v in module.state_dict().items()},
        [m.training for m in module.modules()],
        [(p.requires_grad, None if p.grad is None else p.grad.clone(), p.device, p.dtype) for p in module.parameters()],
        [
            [list(getattr(m, hooks)) for hooks in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")]
            for m in module.modules()
        ],
        [getattr(m, "inplace", None) for m in module.modules()],
        sorted(vars(module)),
    )


def world():
    return (
        torch.get_rng_state().numpy().tobytes(),
        np.random.get_state()[1].tobytes(),  # noqa: NPY002
        random.getstate(),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.get_num_threads(),
    )


def same(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def untidy(style):
    """A module in training, with one weight frozen, gradients and hooks."""
    module = made(style, 1)
    F.binary_cross_entropy_with_logits(module(torch.randn(8, D)), torch.ones(8, 1)).backward()
    next(module.parameters()).requires_grad_(False)
    next(module.children()).eval()
    module.register_forward_hook(lambda *_: None)
    next(module.children()).register_forward_pre_hook(lambda *_: None)
    return module


@pytest.mark.parametrize("style", every_nth(3, STYLES), ids=lambda style: style.__name__)
def test_the_user_s_module_is_not_changed(style):
    module = untidy(style)
    before, around = state(module), world()
    given = numeric_table()
    rows, values = given.frame.copy(), list(given.y)
    bound = bind(wrapped(module), given)
    _ = bound.scores, bound.rest(bound.z), bound.gradients(bound.x[:9]), bound.activations()
    _ = ti.permutation_importance(bound, given, n_repeats=2), ti.gradient_importance(bound, given)
    assert same(before, state(module))
    assert same(around, world())
    pd.testing.assert_frame_equal(given.frame, rows)
    assert list(given.y) == values
    with torch.no_grad():
        next(module.parameters()).add_(1)
    assert not same(before, state(module))


TOUCHING = ["hidden_units", "trust"]  # hooks and weights; rows and gradients are above
INSIDE = ["maximisation", "linear_regions", "conductance", "path_weights", "ablation", "decomposition", "interactions"]


@pytest.mark.parametrize(
    ("style", "analyses"),
    [
        pytest.param(Reused, None, marks=pytest.mark.nightly),
        (Reused, INSIDE),
        (InPlaceInput, TOUCHING),
        *(pytest.param(style, TOUCHING, marks=pytest.mark.nightly) for style in (LeadingBatchNorm, Branching)),
    ],
)
def test_an_audit_changes_nothing(style, analyses, undrawn, monkeypatch):
    monkeypatch.setattr(audited_units, "MOST", 2)  # more units and refits do the same again
    monkeypatch.setattr(trust, "REFITS", 1)
    module = untidy(style)
    given = numeric_table(rows=300)
    rows = given.frame.copy()
    model = wrapped(module)
    before, around = state(module), world()
    audit = ti.audit(model, given, rows=100, analyses=analyses)
    assert audit.to_html() if analyses is None else audit.to_markdown()
    assert same(before, state(module))
    assert same(around, world())
    pd.testing.assert_frame_equal(given.frame, rows)


def test_training_on_after_wrapping_does_not_reach_the_wrapped():
    module = made(Functional)
    given = numeric_table()
    model = wrapped(module)
    before = bind(model, given).scores
    with torch.no_grad():
        module.out.bias += 1
    np.testing.assert_array_equal(bind(model, given).scores, before)


# refusals


class Returns(Style):
    def __init__(self, what):
        super().__init__()
        self.what = what

    def forward(self, x):
        return self.what(self.out(self.first(x)))


class TwoInputs(Style):
    def forward(self, x, z):
        return self.out(self.first(x + z))


class Wrong(Style):
    def forward(self, x):
        raise KeyError("a table of embeddings")


class Stochastic(Style):
    def forward(self, x):
        return self.out(F.dropout(self.first(x), 0.5))


class BatchStatistics(Style):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(H, track_running_stats=False)

    def forward(self, x):
        return self.out(self.norm(self.first(x)))


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (
            Returns(lambda y: (y, y)),
            r"must return scores of shape \(n,\), \(n, 1\) or \(n, k\); for n = 300 rows it returned a tuple",
        ),
        (Returns(lambda y: {"logits": y}), "it returned a dict .*pass output='logits'"),
        (Returns(lambda y: y[None]), r"it returned a tensor of shape \(1, 300, 1\)"),
        (Returns(lambda y: y.sum()), r"it returned a tensor of shape \(\)"),
        (Returns(lambda y: y[1:]), r"it returned a tensor of shape \(299, 1\)"),
        (Returns(lambda y: y / 0), "returns infinite or NaN scores"),
        (Returns(lambda y: y.repeat(1, 4)), r"returns 4 values per row, but the target 'y' has 2 classes"),
        (TwoInputs(), r"TwoInputs.forward takes 2 inputs \(x, z\), but encoder= has 1 encoder"),
        (Wrong(), "a table of embeddings"),
        (nn.Linear(D + 1, 1), r"raised an error for encoded rows of shape \(300, 4\) and type torch.float32"),
        (Stochastic(), "dropout is off and batch statistics are fixed in evaluation mode"),
        (BatchStatistics(), "dropout is off and batch statistics are fixed in evaluation mode"),
    ],
)
def test_modules_that_give_no_scores_are_refused(module, words):
    with pytest.raises(ModelError, match=words):
        bind(wrapped(module), numeric_table())


def test_scores_that_are_not_finite_far_down_are_refused():
    given = numeric_table("regression", rows=4200)
    given.frame.loc[4150, "x0"] = -50.0
    model = wrapped(nn.Sequential(nn.Linear(D, 1, bias=False), LogOf()), task="regression")
    with torch.no_grad():
        model.module[0].weight.copy_(torch.eye(D)[:1])
    with pytest.raises(ModelError, match=r"1 of 4200 rows \(the first is row 4150\)"):
        _ = bind(model, given).scores


class LogOf(nn.Module):
    def forward(self, x):
        return torch.log(x + 20)


def test_a_bound_model_meets_another_table_anew():
    given, other = numeric_table(), numeric_table(seed=4)
    bound = bind(wrapped(made(Functional)), given)
    assert bind(bound, given) is bound
    np.testing.assert_allclose(bind(bound, other).scores, raw(made(Functional), other.inputs), atol=1e-5)


def test_a_module_that_cannot_be_copied_is_refused():
    locked = made(Functional)
    locked.lock = threading.Lock()

    class Odd(Functional):
        def __deepcopy__(self, memo):
            raise ValueError("only one of me")

    for module, words in ((locked, "lock"), (Odd(), "only one of me")):
        with pytest.raises(ModelError, match=f"works on a copy of the network, but .* cannot be copied .*{words}"):
            wrapped(module)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "Pass a fitted transformer as encoder=, or encoder='passthrough'"),
        ({"encoder": "pass"}, "'passthrough'; got 'pass'"),
        ({"encoder": 3}, "must have a transform method, but int has none"),
        (
            {"encoder": numeric_table},
            r"the function numeric_table has none. Pass sklearn.preprocessing.FunctionTransformer\(numeric_table\) instead",
        ),
        ({"encoder": lambda rows: rows}, r"the function <lambda> has none. Pass .*FunctionTransformer\(function\)"),
        (
            {"encoder": "passthrough", "outputs": "odds"},
            "outputs must be one of logits, probabilities, log_rate, rate; got 'odds'",
        ),
        (
            {"encoder": "passthrough", "task": "ranking"},
            "the task must be one of binary, multiclass, regression, count; got 'ranking'",
        ),
    ],
)
def test_settings_are_refused_in_words(settings, words):
    with pytest.raises(ModelError, match=words):
        ti.wrap(nn.Linear(D, 1), **settings)


def test_the_classes_of_a_wrapped_network_can_be_named_later():
    wrapped_once = wrapped(made(Functional))
    assert ti.wrap(wrapped_once, classes=["no", "yes"]).classes == ("no", "yes")
    assert ti.wrap(wrapped(made(Functional), classes=[0, 1]), classes=["no", "yes"]).classes == ("no", "yes")
    assert ti.wrap(wrapped_once) is wrapped_once
    with pytest.raises(ModelError, match="has 0 classes"):
        ti.wrap(wrapped(made(Functional), task="regression"), classes=["no", "yes"])


def test_classes_tasks_and_encoders_that_do_not_fit_are_refused():
    given = numeric_table()
    with pytest.raises(ModelError, match=r"has the classes \['no', 'yes'\].*has the classes \['False', 'True'\]"):
        bind(wrapped(made(Functional), classes=["no", "yes"]), given)
    with pytest.raises(ModelError, match="is a regression model, but the table's target 'y' needs a binary model"):
        bind(wrapped(made(Functional), task="regression"), given)
    with pytest.raises(ModelError, match="is a binary model, but the table's target 'y' needs a regression model"):
        bind(wrapped(made(Functional), classes=[0, 1]), numeric_table("regression"))
    with pytest.raises(ModelError, match=r"StandardScaler raised an error for the rows of this table.*not fitted"):
        bind(ti.wrap(made(Functional), encoder=StandardScaler()), given)
    text = ti.read_table(given.frame.assign(x1="a"), target="y")
    with pytest.raises(ModelError, match="these columns are not numeric: 'x1'"):
        bind(wrapped(made(Functional)), text)


# how often a network is asked


@torch.fx.wrap
def counted(h):
    Counter.rows += len(h)
    return h


class Counter(Style):
    rows = 0

    def forward(self, x):
        return self.out(counted(F.relu(self.first(x))))


@pytest.mark.parametrize("repeats", [2, 5])
def test_permutation_asks_what_lies_behind_the_front_once_a_move(repeats):
    rows = 500
    source = numeric_table(rows=rows).frame.assign(x3=np.arange(rows) % 3)
    given = ti.read_table(source, target="y")
    model = wrapped(made(Counter))
    Counter.rows = 0
    bound = bind(model, given)
    assert rows <= Counter.rows <= 3 * rows  # what is checked on the first rows, and all of them in single precision
    Counter.rows = 0
    result = ti.permutation_importance(bound, given, n_repeats=repeats)
    assert result.exact == (False, False, False, True)
    assert Counter.rows == rows * (
        3 * repeats + 2
    )  # moves of three columns; the levels of one that a row does not have


def test_permutation_does_not_ask_again_where_the_donor_has_the_same_value():
    rows, repeats = 500, 5
    mostly = np.where(np.arange(rows) % 10 < 8, 0.0, np.arange(rows))  # 101 distinct values, four rows in five at 0
    given = ti.read_table(numeric_table(rows=rows).frame.assign(x3=mostly), target="y")
    bound = bind(wrapped(made(Counter)), given)
    plan = start(bound, n_repeats=repeats, seed=0)
    value = plan.bound.table.inputs["x3"].to_numpy()
    moves = sum(int((value != np.roll(value, -shift)).sum()) for shift in plan.shifts)
    assert moves < 0.5 * repeats * rows
    Counter.rows = 0
    result = ti.permutation_importance(bound, given, n_repeats=repeats)
    assert not any(result.exact)
    assert Counter.rows == 3 * repeats * rows + moves


def test_untouched_probabilities_come_back():
    module = made(Functional)
    given = numeric_table()
    bound = bind(wrapped(module), given)
    np.testing.assert_allclose(probabilities(bound.scores)[:, 1], sigmoid(raw(module, given.inputs)[:, 0]), atol=1e-6)


def test_slices_and_concatenations_of_the_input_belong_to_the_front():
    class Parts(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(D, H), nn.Linear(H, 1)

        def forward(self, x):
            return self.last(torch.relu(self.first(torch.cat([x[:, 2:], x[:, :2]], dim=1))))

    table = numeric_table()
    module = Parts()
    bound = bind(ti.wrap(module, encoder="passthrough"), table)
    x = torch.as_tensor(table.inputs.to_numpy()).float()
    np.testing.assert_allclose(bound.scores, module(x).detach().numpy(), atol=1e-6)
    expected = module.first.weight.detach().double()[:, [2, 3, 0, 1]]
    torch.testing.assert_close(bound.front.weight, expected)


def test_a_linear_model_of_several_parts_is_linear():
    class Parts(nn.Module):
        def forward(self, x):
            return torch.cat([x[:, :2], x[:, 2:]], -1)[:, 1:2]

    assert bind(ti.wrap(Parts(), encoder="passthrough", task="regression"), numeric_table("regression")).is_linear
