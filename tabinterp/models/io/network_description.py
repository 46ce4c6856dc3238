"""Description of a network in a file: a sequence of layers, or a graph."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from tabinterp.errors import ModelError

from . import graph as graphs
from .architecture import Layer, checked
from .architecture import fill as fill_layers
from .graph import Graph
from .reading import LARGEST_JSON, Content, json_object


class Architecture(BaseModel):
    """The contents of `architecture.json`: the layers of a network and other information that a weights file does not contain."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    layers: list[Layer] | None = None
    graph: Graph | None = None
    name: str | None = None
    task: str | None = None
    classes: list[str | int | float | bool] | None = None
    outputs: str | None = None


def parse(content: Content) -> Architecture:
    """Read an architecture from JSON."""
    if len(content.data) > LARGEST_JSON:
        raise ModelError(
            f"{content.name!r} has {len(content.data):,} bytes; the limit for a description of a network is {LARGEST_JSON:,} "
            "bytes. Use a network with fewer layers"
        )
    return checked(Architecture, json_object(content.data, repr(content.name)), content.name)


def fill(layers: list[Layer] | None, graph: Graph | None, tensors: Mapping[str, Tensor], file: str) -> nn.Module:
    """Build a network from its layers or its graph, and load its weights. Exactly one of `layers` and `graph` must be given."""
    if (layers is None) == (graph is None):
        given = "neither" if graph is None else "both"
        raise ModelError(
            f"{file!r} must describe the network either in the field 'layers' or in the field 'graph', but it has {given} of "
            "these fields"
        )
    if graph is not None:
        return graphs.fill(graph, tensors, file)
    return fill_layers(layers or [], dict(tensors), file)


def lines(layers: list[Layer] | None, graph: Graph | None) -> list[str]:
    """Return one readable line for each layer or node."""
    if graph is None:
        return [_layer(layer) for layer in layers or []]
    inputs = [
        f"{one.name} = {'whole numbers' if one.whole else 'numbers'} {'(n,)' if one.flat else f'(n, {one.width})'}"
        for one in graph.inputs
    ]
    return [*inputs, *(_node(node, graph) for node in graph.nodes), f"output = {graph.output}"]


def _layer(layer: Layer) -> str:
    settings = ", ".join(f"{name}={value}" for name, value in layer.settings.items())
    return f"{layer.kind}({settings})"


def _node(node: graphs.Node, graph: Graph) -> str:
    used = ", ".join(dict.fromkeys(graphs.references([*node.values, *node.settings.values()], node.name)))
    if node.op == "tensor":
        return f"{node.name} = tensor {node.of}"
    what = _layer(graph.layers[str(node.of)]) if node.op == "layer" and node.of in graph.layers else node.op
    return f"{node.name} = {what} of {used}"
