"""Conversion of a network in memory to a graph that can be saved. The network is traced with torch.fx."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from tabinterp.errors import ModelError
from tabinterp.models.affine_front import trace

from . import graph as graphs
from .architecture import LAYERS, Layer, layer_of
from .graph import Graph, Input, Node
from .operations import NAMES, OPERATIONS

SMALL = range(2, 65)  # widths to try if the width of an input is unknown
MOST_SUMS = 30
TRIED = 4096  # maximum number of forms of inputs to try
IGNORED = {"inplace", "_stacklevel", "norm_type", "scale_grad_by_freq", "sparse"}  # settings without effect on values
NEAR = 1e-5


class UnsavedError(Exception):
    """An error that states why a network cannot be described without code."""


def capture(module: nn.Module, name: str, widths: Sequence[int | None]) -> tuple[Graph, dict[str, Tensor]]:
    """Return the graph of a network in evaluation mode, and its tensors. `widths` contains the widths of its inputs (None:
    unknown).

    The network is rebuilt from the graph that will be saved, and must give the same scores as the original network.

    Raises
    ------
    ModelError
        The network contains operations that a file cannot describe.
    """
    try:
        graph, tensors = _described(module, widths)
        _same(module, graph, tensors, name)
    except UnsavedError as reason:
        raise ModelError(
            f"{name} cannot be saved without its code, because {reason}. In the network's forward method, use only layers and "
            "operations that can be saved, or export the network to ONNX, which ti.load_model reads"
        ) from None
    return graph, tensors


def _described(module: nn.Module, widths: Sequence[int | None]) -> tuple[Graph, dict[str, Tensor]]:
    traced = trace(module)
    if traced is None:
        raise UnsavedError(
            "torch.fx cannot trace the network's forward method, which branches on values or calls functions that torch.fx does "
            "not support"
        )
    traced.graph.eliminate_dead_code()
    starts = [node.name for node in traced.graph.nodes if node.op == "placeholder"]
    if len(starts) != len(widths):
        raise UnsavedError(
            f"the network's forward method takes {len(starts)} inputs, but the number of encoders is {len(widths)}"
        )
    layers: dict[str, Layer] = {}
    tensors: dict[str, Tensor] = {}
    nodes = []
    for node in traced.graph.nodes:
        if node.op not in ("placeholder", "output"):
            nodes.append(_node(node, traced, layers, tensors))
    output = next(node.args[0] for node in traced.graph.nodes if node.op == "output")
    if not isinstance(output, fx.Node):
        raise UnsavedError(
            f"the network's forward method returns an object of type {type(output).__name__} instead of one tensor of scores"
        )
    open_ = [Input(name=start, width=1) for start in starts]
    graph = Graph(inputs=open_, layers=layers, nodes=nodes, output=output.name)
    return graph.model_copy(update={"inputs": _inputs(graph, tensors, widths)}), tensors


def _node(node: fx.Node, traced: fx.GraphModule, layers: dict[str, Layer], tensors: dict[str, Tensor]) -> Node:
    target = str(node.target)
    if node.op == "get_attr":
        tensors[target] = _attribute(traced, target)
        return Node(name=node.name, op="tensor", of=target)
    if node.op == "call_module":
        part = traced.get_submodule(target)
        layer = layer_of(part)
        if isinstance(layer, str):
            raise UnsavedError(f"{layer}; the layers that can be saved are {', '.join(LAYERS)}")
        if len(node.args) != 1 or node.kwargs:
            raise UnsavedError(f"the network does not call its {layer.kind} layer {target!r} with exactly one argument")
        layers[target] = layer
        tensors.update({f"{target}.{name}": value for name, value in part.state_dict().items()})
        return Node(name=node.name, op="layer", of=target, values=[_value(node.args[0])])
    if node.target is getattr and node.args[1:] == ("shape",):
        return Node(name=node.name, op="size", values=[_value(node.args[0])])
    op = NAMES.get(node.target)
    if op is None:
        raise UnsavedError(
            f"the network uses the unsupported operation {getattr(node.target, '__name__', target)} (node {node.name!r}); the "
            f"operations that can be saved are {', '.join(OPERATIONS)}"
        )
    settings = {key: value for key, value in node.kwargs.items() if value is not None and key not in IGNORED}
    return Node(
        name=node.name,
        op=op,
        values=[_value(value) for value in node.args],
        settings={key: _value(value) for key, value in settings.items()},
    )


def _attribute(traced: fx.GraphModule, target: str) -> Tensor:
    value: Any = traced
    for part in target.split("."):
        value = getattr(value, part)
    if not isinstance(value, Tensor):
        raise UnsavedError(
            f"the network's attribute {target!r} is not a tensor, but an object of type {type(value).__name__}"
        )
    return value.detach()


def _value(value: Any) -> Any:
    """Convert a value to the form in which a file stores it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [_value(one) for one in value]
    for kind, of_kind, held in KINDS:
        if isinstance(value, of_kind):
            return {kind: held(value)}
    raise UnsavedError(
        f"the network uses a value of type {type(value).__name__} ({str(value)[:60]}), which cannot be saved"
    )


KINDS: list[tuple[str, type, Callable[[Any], Any]]] = [
    ("node", fx.Node, lambda node: node.name),
    ("rest", type(...), lambda _: True),
    ("slice", slice, lambda one: [_value(end) for end in (one.start, one.stop, one.step)]),
    ("tuple", tuple, lambda values: [_value(one) for one in values]),
    ("dtype", torch.dtype, lambda dtype: str(dtype).removeprefix("torch.")),
]


# ---- the forms of its inputs


def _inputs(graph: Graph, tensors: Mapping[str, Tensor], widths: Sequence[int | None]) -> list[Input]:
    """Return the input forms that the network accepts. The possible forms are tried in turn, without allocating memory."""
    takes, refusals = _trial(graph, tensors)

    def first(given: list[int]) -> list[Input] | None:
        return next((way for way in _ways(graph, given) if takes(way)), None)

    unknown = [i for i, width in enumerate(widths) if width is None]
    if not unknown:
        known = first([width or 1 for width in widths])
        if known is None:
            raise UnsavedError(
                f"the network does not accept the encoded columns (number of columns from each encoder: "
                f"{', '.join(map(str, widths))}). The error was: {refusals[-1]}"
            )
        return known
    if len(unknown) == 1:
        tried = ([width or some for width in widths] for some in _likely(tensors))
        found = list(itertools.islice((way for one in tried if (way := first(one))), 2))
        if len(found) == 1:
            return found[0]
        alone = first([width or 1 for width in widths])  # last: a network of several columns may broadcast one
        if not found and alone is not None:
            return alone
    raise UnsavedError(
        "the number of input columns is not known until the network is bound to a table. Wrap the network with an encoder "
        "that was fitted on the table's columns, such as scikit-learn's FunctionTransformer().fit(rows), instead of "
        "'passthrough'"
    )


def _likely(tensors: Mapping[str, Tensor]) -> list[int]:
    """Return likely input widths greater than one: small numbers, the sizes of the dimensions of the network's tensors, and sums
    of two such sizes.
    """
    own = {size for value in tensors.values() for size in value.shape}
    sums = {a + b for a in own for b in own} if len(own) <= MOST_SUMS else set[int]()
    return sorted({*SMALL, *own, *sums} - {0, 1})


def _trial(graph: Graph, tensors: Mapping[str, Tensor]) -> tuple[Callable[[list[Input]], bool], list[str]]:
    refusals = ["no form of input was accepted"]
    try:
        graphs.check(graph, "its graph")
        layers = graphs.empty_layers(graph, "its graph")
    except ModelError as error:
        raise UnsavedError(_inner(error)) from None
    shapes = {name: value.to("meta") for name, value in tensors.items()}

    def takes(inputs: list[Input]) -> bool:
        try:
            graphs.tried(graph.model_copy(update={"inputs": inputs}), layers, shapes, "its graph")
        except ModelError as error:
            refusals.append(_inner(error))
            return False
        return True

    return takes, refusals


def _inner(error: ModelError) -> str:
    return str(error).removeprefix("'its graph': ")


def _ways(graph: Graph, widths: list[int]) -> Iterator[list[Input]]:
    """Yield combinations of input forms to try. Floats come before whole numbers, and the shape (n, 1) comes before (n,)."""
    forms = [[(False, False), (True, False), *([(False, True), (True, True)] if w == 1 else [])] for w in widths]
    for way in itertools.islice(itertools.product(*forms), TRIED):
        yield [
            Input(name=one.name, width=width, whole=whole, flat=flat)
            for one, width, (whole, flat) in zip(graph.inputs, widths, way, strict=True)
        ]


def _same(module: nn.Module, graph: Graph, tensors: dict[str, Tensor], name: str) -> None:
    """Check that a network rebuilt from the graph gives the same scores as the original network."""
    again = graphs.fill(graph, tensors, name)
    draws = torch.Generator().manual_seed(0)
    dtype = next((value.dtype for value in tensors.values() if value.is_floating_point()), torch.float32)
    rows = []
    for one in graph.inputs:
        shape = (64,) if one.flat else (64, one.width)
        drawn = torch.rand(shape, generator=draws, dtype=dtype)  # below 1: all lookups use level 0
        rows.append(drawn.long() if one.whole else drawn)
    try:
        with torch.inference_mode():
            own, read = module(*[one.clone() for one in rows]), again(*[one.clone() for one in rows])
    except Exception as error:  # the user's network can raise any error, whose message is passed on
        raise UnsavedError(
            f"the network raised an error for random rows with values between 0 and 1 ({error})"
        ) from None
    if read.shape != own.shape or not bool((read - own).abs().max() <= NEAR * max(1.0, float(own.abs().max()))):
        raise UnsavedError(
            "the network's scores change when it is rebuilt from its graph (it may use hooks, or random numbers in its "
            "forward method)"
        )
