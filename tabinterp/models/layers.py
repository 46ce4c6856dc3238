"""Division of a network at each hidden layer into two networks: one that ends at the layer, and one from the layer to the scores.

Hidden layers are numbered from 1 in the order in which they run, as in `Activations`. Both networks are parts of the graph that
follows the leading affine layers. The outputs `z` of the leading affine layers are therefore computed only once.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, fx, nn

from .activations import activation_nodes, layer_widths
from .affine_front import Front, on, split, trace, with_fast_tanh
from .device import placed
from .model import BoundModel


@dataclass(frozen=True, eq=False)
class Layer:
    """A hidden layer, with the networks before and after it.

    `before` maps the outputs `z` (m, h) of the leading affine layers to the pre-activations (m, width) of this layer.
    `activation` maps these pre-activations to the outputs (m, width) of the layer.

    `behind` maps the outputs of the layer to scores (m, k). If `beside` is true, later operations also use `z` directly, so the
    input of `behind` consists of the outputs and `z` (m, width + h).

    The attributes that start with `graph_` are graphs of the same networks, for inspection. The networks themselves run on
    `device`. `z` is stored on the device `home`.
    """

    name: str
    width: int
    kind: str  # name of the activation in lower case: "relu", "tanh"
    graph_before: fx.GraphModule
    activation: fx.GraphModule
    graph_behind: fx.GraphModule
    beside: bool
    front: int  # h
    device: str
    home: str

    @cached_property
    def before(self) -> nn.Module:
        """The part of the network that maps `z` (m, h) to pre-activations (m, width)."""
        return placed(with_fast_tanh(self.graph_before), self.device)

    @cached_property
    def outputs(self) -> nn.Module:
        """The part of the network that maps `z` (m, h) to the outputs (m, width) of the layer."""
        return placed(nn.Sequential(self.graph_before, self.activation), self.device)

    @cached_property
    def activated(self) -> nn.Module:
        """The part of the network that maps pre-activations (m, width) to outputs (m, width)."""
        return placed(self.activation, self.device)

    @cached_property
    def behind(self) -> nn.Module:
        """The part of the network that maps outputs (m, width) to scores (m, k). If `beside` is true, its input consists of the
        outputs and `z` (m, width + h).
        """
        return placed(self.graph_behind, self.device)

    @cached_property
    def affine(self) -> Front | None:
        """The affine function that maps `z` to the pre-activations; None if the pre-activations are not affine in `z`."""
        found = split(self.graph_before, self.front, self.device)
        return found.on(self.home) if found.nothing_behind else None

    @cached_property
    def moves(self) -> Front:
        """The leading affine layers of the part of the network after this layer. If one hidden unit changes, only the outputs of
        these affine layers are updated before the remaining layers run.
        """
        return split(self.graph_behind, self.width + self.front * self.beside, self.device).on(self.home)

    @cached_property
    def rest(self) -> nn.Module:
        """The part of the network after the layers in `moves`. It returns scores (m, k)."""
        return placed(with_fast_tanh(self.moves.rest), self.device)


def layers_of(bound: BoundModel) -> tuple[Layer, ...]:
    """Return the hidden layers of a model's network in single precision. The result is empty if the network has no hidden layers
    or cannot be traced.
    """
    graph = trace(bound.behind)
    if graph is None or not bound.has_gradient:
        return ()
    found = activation_nodes(graph)
    recorder = _Values(on(graph, bound.device), [node.name for node in found])
    with torch.inference_mode():
        widths = layer_widths(recorder.outputs, bound.z[:5].to(bound.device))[1] if len(bound.z) else {}
    layers = [(found[i], width) for i, width in widths.items()]
    return tuple(_layer(graph, node, f"layer {i + 1}", width, bound) for i, (node, width) in enumerate(layers))


class _Values(fx.Interpreter):
    """An interpreter of a graph that records the values of given nodes."""

    def __init__(self, graph: nn.Module, names: list[str]) -> None:
        super().__init__(graph)
        self._values: dict[str, Any] = dict.fromkeys(names)

    def outputs(self, x: Tensor) -> list[tuple[str, Any]]:
        """Return the name and the value of each node for an input (n, h)."""
        self.run(x)
        return [*self._values.items()]

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if n.name in self._values:
            self._values[n.name] = value
        return value


def _layer(graph: fx.GraphModule, node: fx.Node, name: str, width: int, bound: BoundModel) -> Layer:
    source = node.all_input_nodes[0]
    behind = _behind(graph, node, width, beside=True)
    beside = any(n.name == "front" for n in behind.graph.nodes)
    return Layer(
        name=name,
        width=width,
        kind=_kind(graph, node),
        graph_before=_before(graph, source),
        activation=_alone(graph, node, source),
        graph_behind=behind if beside else _behind(graph, node, width, beside=False),
        beside=beside,
        front=bound.z.shape[1],
        device=bound.device,
        home=bound.home,
    )


def _kind(graph: fx.GraphModule, node: fx.Node) -> str:
    if node.op == "call_module":
        return type(graph.get_submodule(str(node.target))).__name__.lower()
    return str(getattr(node.target, "__name__", node.target))


def _made(graph: fx.GraphModule, new: fx.Graph) -> fx.GraphModule:
    made = fx.GraphModule(graph, new)
    made.graph.eliminate_dead_code()
    made.recompile()
    return made


def _before(graph: fx.GraphModule, last: fx.Node) -> fx.GraphModule:
    new = fx.Graph()
    values: dict[fx.Node, fx.Node] = {}
    for node in graph.graph.nodes:
        values[node] = new.node_copy(node, lambda old: values[old])
        if node is last:
            new.output(values[node])
            break
    return _made(graph, new)


def _alone(graph: fx.GraphModule, node: fx.Node, source: fx.Node) -> fx.GraphModule:
    new = fx.Graph()
    values = {source: new.placeholder("before")}
    for other in graph.graph.nodes:  # parameters of the activation, such as a slope
        if other in node.all_input_nodes and other is not source:
            values[other] = new.node_copy(other, lambda old: values[old])
    new.output(new.node_copy(node, lambda old: values[old]))
    return _made(graph, new)


def _behind(graph: fx.GraphModule, layer: fx.Node, width: int, beside: bool) -> fx.GraphModule:
    """Return the part of the graph after a layer. Its input consists of the outputs of the layer and, if `beside` is true,
    `z`.
    """
    getitem: Callable[..., Any] = operator.getitem
    new = fx.Graph()
    given = new.placeholder("outputs")
    values: dict[fx.Node, fx.Node] = {layer: given}
    if beside:
        values[layer] = new.call_function(getitem, (given, (slice(None), slice(None, width))))
    for node in graph.graph.nodes:
        if node.op == "placeholder":
            if beside:
                values[node] = new.create_node(
                    "call_function", getitem, (given, (slice(None), slice(width, None))), name="front"
                )
        elif node is not layer and all(arg in values for arg in node.all_input_nodes):
            values[node] = new.node_copy(node, lambda old: values[old])
    return _made(graph, new)
