"""The leading affine layers of a network, called its front: all operations on its input before the first nonlinear one.

A column of the table affects the scores only through the outputs of these layers, `z = x W' + b`. If one column changes, only its
contribution to `z` is updated, and neither the encoder nor the first layer runs again. If no leading affine layers are found, `W`
is the identity matrix, and the whole network runs for every change. This is slower but equally accurate.
"""

from __future__ import annotations

import copy
import io
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import torch
from torch import Tensor, fx, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from .forward_call import ForwardCall

ACTIVATION_MODULES = (
    nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Tanh, nn.Sigmoid, nn.Softplus,
    nn.Hardtanh, nn.ReLU6, nn.PReLU, nn.Hardswish, nn.Softsign,
)  # fmt: skip
ACTIVATION_FUNCTIONS = (
    functional.relu, functional.leaky_relu, functional.elu, functional.selu, functional.celu, functional.gelu,
    functional.silu, functional.mish, functional.softplus, functional.hardtanh, functional.relu6, functional.hardswish,
    functional.softsign, functional.tanh, functional.sigmoid, torch.relu, torch.tanh, torch.sigmoid, torch.selu,
)  # fmt: skip
ACTIVATION_METHODS = ("relu", "tanh", "sigmoid")
ACTIVATION_NAMES = frozenset(
    {*(one.__name__ for one in ACTIVATION_FUNCTIONS), *ACTIVATION_METHODS, "prelu"}
)  # names of the running functions
FINAL = {  # link -> last operations of a network that invert it
    "logit": (torch.sigmoid, functional.sigmoid, torch.softmax, functional.softmax, "sigmoid", "softmax"),
    "log": (torch.exp, "exp"),
}
FAST_TANH = "tabinterp_fast_tanh"
SHAPES = ("squeeze", "unsqueeze", "reshape", "view", "flatten")  # (n, 1) to (n,) and back
# Names of the running functions for the same, and for the operations of `ForwardCall` from members' logits to their mean's logit.
RESHAPES = frozenset({*SHAPES, "__getitem__", "select", "expand", "clone", "contiguous", "to", "float", "double"})
MEAN_OF_LOGITS = frozenset({"stack", "sub", "__sub__", "logsumexp", "log_softmax", "log_sigmoid"})


@dataclass(frozen=True, eq=False)
class Front:
    """A network split into its leading affine layers and the rest: `module(x) == rest(x @ weight.T + bias)`.

    `weight` (h, d) and `bias` (h,) are in double precision.
    """

    weight: Tensor
    bias: Tensor
    rest: nn.Module

    def on(self, device: str) -> Front:
        """Return the same split with `weight` and `bias` on a device."""
        with torch.inference_mode(False):  # inference tensors could not be used for gradients later
            return Front(self.weight.to(device), self.bias.to(device), self.rest)

    @property
    def nothing_behind(self) -> bool:
        """True if every operation of the network is affine. `rest` then contains no operation."""
        graph = self.rest
        return isinstance(graph, fx.GraphModule) and not any(n.op.startswith("call") for n in graph.graph.nodes)


@dataclass(frozen=True)
class _Affine:
    """The weight and bias of a graph node whose value is an affine function of the network's input."""

    weight: Tensor
    bias: Tensor


NO_GRADIENT = (
    "no_gradient"  # in a node's `meta`: it runs without gradients (`torch.no_grad`), which a graph does not record
)


class _Tracer(fx.Tracer):
    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        node = super().create_node(*args, **kwargs)
        if not torch.is_grad_enabled():
            node.meta[NO_GRADIENT] = True
        return node


def trace(module: nn.Module) -> fx.GraphModule | None:
    """Return the module as a graph; None if it cannot be traced, for example because it branches on values."""
    tracer = _Tracer()
    if is_sequence(module) and all(tracer.is_leaf_module(layer, "") for layer in module):
        return fx.GraphModule(module, _sequence(module), type(module).__name__)  # tracing takes three times as long
    try:
        with torch.enable_grad():
            graph = tracer.trace(module.with_fixed_inputs() if isinstance(module, ForwardCall) else module)
        return fx.GraphModule(tracer.root, graph, type(module).__name__)
    except Exception:  # tracing runs the user's forward method, which can raise any error
        return None


def _sequence(module: nn.Sequential) -> fx.Graph:
    """Return the graph of a sequence of layers, without tracing it. Tracing gives the same graph but takes longer."""
    graph = fx.Graph()
    value = graph.placeholder("input")
    for name in module._modules:
        value = graph.call_module(name, (value,))
    graph.output(value)
    return graph


def split(module: nn.Module, width: int, device: str) -> Front:
    """Split a module that maps (n, width) to scores into its leading affine layers and the rest.

    The result is checked numerically, on the given device if it has enough memory and otherwise on the CPU.
    """
    try:
        return _split(on(module, device), width, device)
    except torch.OutOfMemoryError:
        if device == "cpu":
            raise
    return _split(module, width, "cpu")


def _split(module: nn.Module, width: int, device: str) -> Front:
    nothing = _nothing(width, device)
    general = Front(nothing.weight, nothing.bias, module)
    graph = trace(module)
    if graph is None:
        return general
    front = _cut(graph, nothing)
    return _checked(module, front, nothing.bias) or general if front is not None else general


def _checked(module: nn.Module, front: Front, like: Tensor) -> Front | None:
    """Return the split if it gives the same scores as the module on random rows; otherwise None.

    If `rest` modifies its input, it is wrapped to protect `z`. The random rows have the same width and device as `like`.
    """
    dtype = next((p.dtype for p in module.parameters()), torch.float32)
    drawn = torch.randn(64, len(like), dtype=dtype, generator=torch.Generator().manual_seed(0))
    probe = drawn.to(like.device)  # the same on every device
    with torch.inference_mode():
        expected = module(probe)
        z = (probe.double() @ front.weight.T + front.bias).to(dtype)
        given = z.clone()
        try:
            got = front.rest(z)
        except torch.OutOfMemoryError:
            raise
        except Exception:  # the remaining layers may receive shapes that the user's code does not expect
            return None
    scale = expected.abs().max().clamp(min=1.0)
    near = (1e-9 if dtype == torch.float64 else 1e-4) * scale
    if got.shape != expected.shape or not bool((expected - got).abs().max() <= near):
        return None
    return front if torch.equal(z, given) else Front(front.weight, front.bias, Untouched(front.rest))


def _nothing(width: int, device: str) -> _Affine:
    """Return the identity map, as an affine function of the input."""
    return _Affine(
        torch.eye(width, dtype=torch.float64, device=device), torch.zeros(width, dtype=torch.float64, device=device)
    )


def _cut(graph: fx.GraphModule, start: _Affine) -> Front | None:
    inputs = [node for node in graph.graph.nodes if node.op == "placeholder"]
    if len(inputs) != 1:
        return None
    affine = _affine_nodes(graph, {inputs[0]: start})
    border = [node for node in affine if any(user not in affine for user in node.users)]
    if not border:
        return None
    rest = _graph_behind(graph, border, [affine[node].weight.shape[0] for node in border])
    weight = torch.cat([affine[node].weight for node in border])
    bias = torch.cat([affine[node].bias for node in border])
    return Front(weight, bias, rest)


def _affine_nodes(graph: fx.GraphModule, found: dict[fx.Node, _Affine]) -> dict[fx.Node, _Affine]:
    for node in graph.graph.nodes:
        if node.op in ("call_module", "call_function", "call_method") and node not in found:
            step = _affine_step(graph, node, found)
            if step is not None:
                found[node] = step
    return found


def _affine_step(graph: fx.GraphModule, node: fx.Node, found: dict[fx.Node, _Affine]) -> _Affine | None:
    if node.op == "call_function" and node.target in (torch.cat, operator.getitem):
        return _beside(node, found) if node.target is torch.cat else _taken(node, found)
    before = [found.get(arg) for arg in node.args if isinstance(arg, fx.Node)]
    if not before or any(part is None for part in before):
        return None
    parts = [part for part in before if part is not None]
    if node.op == "call_module":
        return _affine_module(graph.get_submodule(str(node.target)), parts[0])
    dropout = node.op == "call_function" and node.target is functional.dropout
    if dropout or (node.op == "call_method" and node.target in SHAPES and parts[0].weight.shape[0] == 1):
        return parts[0]
    added = node.op == "call_function" and node.target in (operator.add, torch.add) and not node.kwargs
    if added and len(parts) == 2 and parts[0].weight.shape == parts[1].weight.shape:
        return _Affine(parts[0].weight + parts[1].weight, parts[0].bias + parts[1].bias)
    return None


def _beside(node: fx.Node, found: dict[fx.Node, _Affine]) -> _Affine | None:
    """Return the affine function of a node that concatenates the outputs of affine functions; None for any other node."""
    values = node.args[0]
    parts = [found.get(one) for one in values if isinstance(one, fx.Node)] if isinstance(values, (list, tuple)) else []
    known = [part for part in parts if part is not None]
    dim = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
    if not known or len(known) != len(parts) or dim not in (1, -1):
        return None
    return _Affine(torch.cat([part.weight for part in known]), torch.cat([part.bias for part in known]))


def _taken(node: fx.Node, found: dict[fx.Node, _Affine]) -> _Affine | None:
    """Return the affine function of a node that slices the outputs of an affine function (x[:, a:b]); None for any other node."""
    source, index = node.args
    part = found.get(source) if isinstance(source, fx.Node) else None
    if part is None or not (
        isinstance(index, tuple) and len(index) == 2 and index[0] == slice(None) and isinstance(index[1], slice)
    ):
        return None
    if any(isinstance(end, fx.Node) for end in (index[1].start, index[1].stop, index[1].step)):
        return None
    return _Affine(part.weight[index[1]], part.bias[index[1]])


def _affine_module(module: nn.Module, part: _Affine) -> _Affine | None:
    if isinstance(module, (nn.Identity, nn.Dropout)):
        return part
    if type(module) is nn.Linear:
        weight = module.weight.detach().double()
        bias = module.bias.detach().double() if module.bias is not None else weight.new_zeros(len(weight))
        return _Affine(weight @ part.weight, weight @ part.bias + bias)
    if type(module) is nn.BatchNorm1d and module.running_var is not None and module.running_mean is not None:
        scale = (module.running_var.detach().double() + module.eps).rsqrt()
        scale = scale * module.weight.detach().double() if module.weight is not None else scale
        shift = module.bias.detach().double() if module.bias is not None else torch.zeros_like(scale)
        shift = shift - scale * module.running_mean.detach().double()
        return _Affine(scale[:, None] * part.weight, scale * part.bias + shift)
    return None


def _graph_behind(graph: fx.GraphModule, border: list[fx.Node], widths: list[int]) -> nn.Module:
    """Return the part of the graph after the leading affine layers, as a module with a single input. The input consists of the
    concatenated values of the nodes in `border`.
    """
    images = {node.name: slice(sum(widths[:i]), sum(widths[: i + 1])) for i, node in enumerate(border)}
    whole = len(border) == 1
    new = fx.Graph()
    z = new.placeholder("z")
    values: dict[fx.Node, fx.Node] = {}
    for node in graph.graph.nodes:
        if node.name in images:
            values[node] = z if whole else new.call_function(operator.getitem, (z, (slice(None), images[node.name])))
        elif node.op != "placeholder" and all(arg in values for arg in node.all_input_nodes):
            values[node] = new.node_copy(node, lambda old: values[old])
    return fx.GraphModule(graph, new)


# ---- activations


def is_activation(graph: nn.Module, node: fx.Node) -> bool:
    """Return whether a node of the graph applies an elementwise activation."""
    if node.op == "call_module":
        return isinstance(graph.get_submodule(str(node.target)), ACTIVATION_MODULES)
    if node.op == "call_function":
        return node.target in ACTIVATION_FUNCTIONS
    return node.op == "call_method" and node.target in ACTIVATION_METHODS


# ---- the end of a network


class _Makers(TorchFunctionMode):
    """A torch function mode that records which operation computed each value, and the first argument of that operation."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[int, tuple[Tensor, str, Any]] = {}  # keeps the value, so that its id is not reused

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        value = func(*args, **(kwargs or {}))
        if isinstance(value, Tensor):
            first = args[0] if args else None
            first = first[0] if isinstance(first, (list, tuple)) and first else first
            if value is not first:  # equal for a cast to the same precision, for example
                self._made[id(value)] = value, getattr(func, "__name__", ""), first
        return value

    def maker(self, value: Any, passing: frozenset[str]) -> str:
        """Return the name of the operation that computed a value, ignoring operations in `passing`. Return an empty string if no
        operation was recorded.
        """
        while id(value) in self._made:
            _, name, source = self._made[id(value)]
            if name not in passing:
                return name
            value = source
        return ""


def last_operation(module: nn.Module, inputs: Sequence[Tensor], members: bool) -> str:
    """Return the name of the operation that computes a network's outputs, ignoring reshapes. Return an empty string if it is
    unknown.

    If `members` is true, the network averages the predictions of ensemble members. The averaging steps are then also ignored, and
    the result names the operation that computes the members' logits.
    """
    makers = _Makers()
    with torch.inference_mode(), makers:
        value = module(*inputs)
    return makers.maker(value, RESHAPES | MEAN_OF_LOGITS if members else RESHAPES)


def averages_logits(module: nn.Module) -> bool:
    """Return whether a network averages the predictions of ensemble members that are assumed to return logits."""
    return any(isinstance(one, ForwardCall) and one.averaged == "logits" for one in module.modules())


# ---- modules of our own


def private(module: nn.Module, change: Callable[[nn.Module], nn.Module] = lambda m: m) -> nn.Module:
    """Return a copy of a module on the CPU, in evaluation mode and without gradients, after applying `change` to the copy."""
    own = change(copied(module).cpu()).eval()
    for part in own.modules():
        if getattr(part, "inplace", False) is True:  # would overwrite rows that are needed again
            setattr(part, "inplace", False)  # noqa: B010  # a module declares no such attribute
    for parameter in own.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    return own


def copied(module: nn.Module) -> nn.Module:
    """Return a copy of a module. TorchScript modules cannot be copied directly, so they are saved and loaded."""
    memo: dict[int, Any] = {}
    for part in module.modules():
        if isinstance(part, torch.jit.ScriptModule) and id(part) not in memo:
            file = io.BytesIO()
            torch.jit.save(part, file)
            file.seek(0)
            memo[id(part)] = torch.jit.load(file)  # type: ignore[no-untyped-call]
    return copy.deepcopy(module, memo)


def on(module: nn.Module, device: str) -> nn.Module:
    """Return a copy of the module on the device, or the module itself if the device is the CPU."""
    return module if device == "cpu" else private(module).to(device)


def with_fast_tanh(rest: nn.Module) -> nn.Module:
    """Return an equivalent module in which every tanh is a `FastTanh`."""
    if not isinstance(rest, fx.GraphModule):
        return rest
    graph = copy.deepcopy(rest)
    nodes = [node for node in graph.graph.nodes if _is_tanh(graph, node)]
    for node in nodes:
        graph.add_submodule(FAST_TANH, FastTanh())
        with graph.graph.inserting_before(node):
            node.replace_all_uses_with(graph.graph.call_module(FAST_TANH, (node.all_input_nodes[0],)))
        graph.graph.erase_node(node)
    graph.recompile()
    return graph if nodes else rest


class FastTanh(nn.Module):
    """A layer that computes tanh(z) as 2 sigmoid(2 z) - 1. On a CPU, this takes half as long as torch's own tanh.

    The error is at most 2.4e-7 in single precision.
    """

    def forward(self, z: Tensor) -> Tensor:
        made = torch.sigmoid(z + z)
        return made * 2 - 1 if made.requires_grad else made.mul_(2).sub_(1)


def _is_tanh(graph: nn.Module, node: fx.Node) -> bool:
    called = node.op == "call_function" and node.target in (torch.tanh, functional.tanh)
    return called or _of(graph, node, nn.Tanh) or (node.op == "call_method" and node.target == "tanh")


def consuming(rest: nn.Module) -> nn.Module:
    """Return an equivalent module that may overwrite its input `z`.

    A ReLU is applied in place if its input is `z` or the output of a linear layer, and if no other operation uses this input.
    Allocating memory for a separate output would take longer than the ReLU itself.
    """
    if not isinstance(rest, fx.GraphModule):
        return rest
    graph = copy.deepcopy(rest)
    for node in [*graph.graph.nodes]:
        before = node.args[0] if node.args else None
        if not isinstance(before, fx.Node) or len(before.users) > 1 or not _is_relu(graph, node):
            continue
        if before.op == "placeholder" or _of(graph, before, nn.Linear):
            with graph.graph.inserting_before(node):
                node.replace_all_uses_with(graph.graph.call_function(torch.relu_, (before,)))
            graph.graph.erase_node(node)
    graph.recompile()
    return graph


def _is_relu(graph: nn.Module, node: fx.Node) -> bool:
    return _of(graph, node, nn.ReLU) or (node.op == "call_function" and node.target in (torch.relu, functional.relu))


def _of(graph: nn.Module, node: fx.Node, kind: type[nn.Module]) -> bool:
    return node.op == "call_module" and type(graph.get_submodule(str(node.target))) is kind


def is_sequence(module: nn.Module) -> TypeGuard[nn.Sequential]:
    """Return whether a module is a Sequential that has no hooks and does not override the forward method."""
    hooked = module._forward_hooks or module._forward_pre_hooks
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward and not hooked


def linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    """Return a linear layer with these weights, without changing the state of torch's random number generator."""
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    rows = weight.detach().clone(memory_format=torch.contiguous_format)  # laid out as in a file, for identical bits
    made.weight = nn.Parameter(rows, requires_grad=False)
    if bias is not None:
        made.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
    return made


class Untouched(nn.Module):
    """A wrapper that protects the input rows from a module that writes to its input."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        return self.module(x.clone())  # type: ignore[no-any-return]


def without_final(module: nn.Module, probe: Tensor, raw: Tensor, link: str) -> nn.Module | None:
    """Return the module without its final sigmoid or softmax (for the link "logit") or exponential (for the link "log").

    `raw` is the output of the module for the rows `probe`. Return None if the module does not end in such an operation.
    """
    if is_sequence(module) and len(module) > 1 and _is_final(module[-1], link):
        stripped: nn.Module | None = nn.Sequential(*list(module)[:-1])
    else:
        stripped = _graph_without_final(module, link)
    if stripped is None:
        return None
    with torch.inference_mode():
        scores = stripped(probe)
        if link == "log":
            again = torch.exp(scores)
        else:
            again = torch.sigmoid(scores) if raw.ndim == 1 or raw.shape[1] == 1 else torch.softmax(scores, dim=1)
    return stripped if bool(torch.allclose(again, raw, atol=1e-6)) else None


def _is_final(what: Any, link: str) -> bool:
    return (link == "logit" and isinstance(what, (nn.Sigmoid, nn.Softmax))) or what in FINAL[link]


def _graph_without_final(module: nn.Module, link: str) -> nn.Module | None:
    graph = trace(module)
    if graph is None:
        return None
    node = next(n for n in graph.graph.nodes if n.op == "output").args[0]
    while isinstance(node, fx.Node) and node.op == "call_method" and node.target in SHAPES:
        node = node.args[0]
    if not isinstance(node, fx.Node):
        return None
    what = graph.get_submodule(str(node.target)) if node.op == "call_module" else node.target
    if not _is_final(what, link) or not node.args or len(node.users) != 1:
        return None
    node.replace_all_uses_with(node.args[0])  # type: ignore[arg-type]  # an activation's first argument is a node
    graph.graph.erase_node(node)
    graph.recompile()
    return graph
