"""Recording of the outputs of hidden units. Hidden layers are identified by the activation functions that run, not by layer
names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.overrides import TorchFunctionMode

from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError

from .affine_front import ACTIVATION_NAMES, RESHAPES, is_activation, trace
from .scores import Scores

WRITING = frozenset(
    {"setitem", "iadd", "isub", "imul", "itruediv", "ifloordiv", "ipow", "imod", "iand", "ior", "ixor", "imatmul"}
)

Outputs = list[tuple[str, Any]]  # the name of each activation that ran, and its output


class Activations:
    """The outputs of every hidden unit of a network.

    A hidden layer is an activation with outputs (n, h): one output row per input row, in the same order. The activation may be a
    module, a function or a method. If the network cannot be traced, activations are recorded in the order in which they run. In
    that case, the activation that computes the output of the network is not counted as a hidden layer.
    """

    def __init__(self, module: nn.Module, name: str) -> None:
        self._module = module
        self._name = name
        self._graph = _giving_activations(module)
        self._layers: tuple[list[str], dict[int, int]] | None = None

    def __call__(self, x: Tensor) -> list[Tensor]:
        """Return the outputs (n, h) of each hidden layer for a batch of encoded rows (n, d)."""
        with torch.inference_mode():
            return self.beside(x)[1]

    def beside(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the scores of a batch together with the outputs of the hidden units in each layer.

        Raises
        ------
        NotApplicableError
            If the activations that run for these rows differ from those that ran for earlier rows.
        """
        scores, found = self._run(x)
        names = [name for name, _ in found]
        if self._layers is None and len(x):
            with torch.no_grad():
                self._layers = layer_widths(lambda rows: self._run(rows)[1], x.detach())
        known, layers = self._layers or (names, dict[int, int]())
        if names != known or any(found[i][1].shape != (len(x), width) for i, width in layers.items()):
            raise NotApplicableError(why("units.differ", model=self._name))
        return scores, [found[i][1] for i in layers]

    def _run(self, x: Tensor) -> tuple[Tensor, Outputs]:
        if self._graph is None:
            return _watched(self._module, x)
        scores, found = self._graph(x)
        return scores, [("", value) for value in found]


def layer_widths(run: Callable[[Tensor], Outputs], x: Tensor) -> tuple[list[str], dict[int, int]]:
    """Return the names of the activations that run for `x` (n, d), and a dict of the hidden layers among them. The dict maps the
    position of a hidden layer in the list of names to its width h.

    An activation is a hidden layer if its output (n, h) has one row for each row of `x`, in the same order.
    """
    rows = x[:5] if len(x) >= 3 else x[:1].expand(3, -1)
    found, again = run(rows), run(rows.flip(0)[1:])
    names = [name for name, _ in found]
    if names != [name for name, _ in again]:
        return names, {}
    return names, {
        i: one.shape[1]
        for i, ((_, one), (_, other)) in enumerate(zip(found, again, strict=True))
        if isinstance(one, Tensor)
        and one.ndim == 2
        and len(one) == len(rows)
        and other.shape == (len(rows) - 1, one.shape[1])
        and torch.allclose(one.flip(0)[1:], other, rtol=1e-3, atol=1e-4, equal_nan=True)
    }


def _giving_activations(module: nn.Module) -> fx.GraphModule | None:
    """Return the module as a graph that also returns the outputs of its activations; None if the module cannot be traced."""
    graph = trace(module)
    if graph is None:
        return None
    found = activation_nodes(graph)
    if any(_writes(node) for node in graph.graph.nodes):  # copy outputs before an operation overwrites them
        for i, node in enumerate(found):
            with graph.graph.inserting_after(node):
                found[i] = graph.graph.call_method("clone", (node,))
    end = next(node for node in graph.graph.nodes if node.op == "output")
    end.args = ((end.args[0], tuple(found)),)
    graph.recompile()
    return graph


def _writes(node: fx.Node) -> bool:
    """Return whether a node may write to one of its arguments."""
    if node.op != "call_function":
        return node.op == "call_method" and str(node.target).endswith("_")
    name = getattr(node.target, "__name__", "")
    return name in WRITING or name.endswith("_") or "out" in node.kwargs or node.kwargs.get("inplace") is True


def activation_nodes(graph: fx.GraphModule) -> list[fx.Node]:
    """Return the activation nodes that depend on the input of the graph. Activations that are applied only to weights are left
    out.
    """
    depend: set[fx.Node] = set()
    for node in graph.graph.nodes:
        if node.op == "placeholder" or any(one in depend for one in node.all_input_nodes):
            depend.add(node)
    return [node for node in graph.graph.nodes if node in depend and is_activation(graph, node)]


class _Watch(TorchFunctionMode):
    """A torch function mode that records the outputs of activations, which may be modules, functions or methods."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Outputs = []
        self._returned: list[Tensor] = []
        self._reshaped: dict[int, tuple[Tensor, Any]] = {}  # keeps the value, so that its id is not reused

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        value = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in ACTIVATION_NAMES:
            self.found.append((name, value.detach().clone()))  # a later operation may overwrite it
            self._returned.append(value)
        elif name in RESHAPES and args and isinstance(value, Tensor):
            self._reshaped[id(value)] = value, args[0]
        return value

    def without(self, output: Tensor) -> Outputs:
        """Return the recorded outputs, except those of an activation that computes the output of the network."""
        while id(output) in self._reshaped and self._reshaped[id(output)][1] is not output:
            output = self._reshaped[id(output)][1]
        pairs = zip(self.found, self._returned, strict=True)
        return [found for found, value in pairs if value is not output]


def _watched(module: nn.Module, x: Tensor) -> tuple[Tensor, Outputs]:
    watch = _Watch()
    with watch:
        raw = module.module(x) if isinstance(module, Scores) else module(x)
    return module.of_outputs(raw) if isinstance(module, Scores) else raw, watch.without(raw)
