"""Description of a network as a graph without code, for networks that are more than a sequence of layers.

Every node is an input, a layer, a tensor in the weights file or an operation in the table of `operations.py`. A node uses only
earlier nodes. Before the weights are loaded, the graph runs on torch's meta device, where values have shapes but take up no
memory. This trial run uses the largest number of rows that a network processes in one pass. The network that is built is a
torch.fx graph that contains only operations from `operations.py`. No name in the file is used as the name of an attribute or as
code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, fx, nn

from tabinterp.errors import ModelError

from .allocation_limits import ROWS, WIDEST, check_products, check_total, check_value
from .architecture import LARGEST_WIDTH, Layer, few, fits, made
from .operations import DTYPES, OPERATIONS, WORDS
from .safetensors_file import check_numbers

MOST_NODES = 2_000
MOST_INPUTS = 256
LARGEST_NUMBER = 1 << 31
DEEPEST = 8
FEWEST = 2  # rows in the second trial
SIZED = ("reshape", "expand", "repeat")  # operations whose number arguments are sizes
Value = Any  # a tensor or a number, or a list of these


class Input(BaseModel):
    """An input of a network, with the shape (n, width), or (n,) if `flat` is true. If `whole` is true, it contains integers."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    width: int
    whole: bool = False
    flat: bool = False


class Node(BaseModel):
    """A node of a graph.

    `op` is "layer", "tensor" or the name of an operation. For a layer or a tensor, `of` is its name. `values` and `settings`
    contain the positional and named arguments. Each argument is a number, true, false, null, a list, or one of these objects:
    {"node": name}, {"slice": [start, stop, step]}, {"tuple": [...]}, {"dtype": name}, or {"rest": true}, which means `...`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    op: str
    of: str | None = None
    values: list[Any] = []
    settings: dict[str, Any] = {}


class Graph(BaseModel):
    """The graph of a network. Layers and tensors have the same names as in the weights file. Several nodes may use the same
    layer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    inputs: list[Input]
    layers: dict[str, Layer]
    nodes: list[Node]
    output: str


class Network(fx.GraphModule):
    """A network built from a graph in a file."""

    def recompile(self) -> Any:
        """Recompile like torch.fx, but without printing errors to stderr."""
        code = super().recompile()
        type(self).__call__ = nn.Module.__call__  # type: ignore[method-assign]  # each instance has its own class
        return code


def fill(graph: Graph, tensors: Mapping[str, Tensor], file: str) -> Network:
    """Build a network from its graph, and load its tensors. Before that, the graph is checked in a trial run with tensors that
    need no memory.

    Raises
    ------
    ModelError
        Parts of the description are inconsistent. The message names the node.
    """
    check(graph, file)
    layers = empty_layers(graph, file)
    fixed = sorted({str(node.of) for node in graph.nodes if node.op == "tensor"})
    fits(_expected(layers, fixed, tensors), dict(tensors), file)
    check_numbers(tensors, file)
    tried(graph, layers, {name: value.to("meta") for name, value in tensors.items()}, file)
    for name, layer in layers.items():
        own = {part: _own(tensors[f"{name}.{part}"]) for part in layer.state_dict()}
        layer.load_state_dict(own, strict=True, assign=True)
    return _assembled(graph, layers, {name: _own(tensors[name]) for name in fixed}, file)


def _own(value: Tensor) -> Tensor:
    return value.detach().clone(memory_format=torch.contiguous_format)


def _expected(layers: dict[str, nn.Module], fixed: list[str], tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    expected = {name: tensors.get(name, torch.empty(0)).to("meta") for name in fixed}
    return expected | {f"{name}.{part}": t for name, layer in layers.items() for part, t in layer.state_dict().items()}


def empty_layers(graph: Graph, file: str) -> dict[str, nn.Module]:
    """Build the layers without allocating memory for their tensors."""
    with torch.device("meta"):
        return {name: made(layer, file).eval() for name, layer in graph.layers.items()}


# ---- checks of the description, before anything is built


def check(graph: Graph, file: str) -> None:
    """Check the names and operations in a graph, and the number of arguments of each operation."""
    if not 0 < len(graph.nodes) <= MOST_NODES or not 0 < len(graph.inputs) <= MOST_INPUTS:
        raise ModelError(
            f"{file!r} describes {len(graph.nodes)} nodes and {len(graph.inputs)} inputs; 1 to {MOST_NODES:,} nodes and 1 to "
            f"{MOST_INPUTS} inputs are allowed"
        )
    if len(graph.layers) > MOST_NODES:
        raise ModelError(f"{file!r} describes {len(graph.layers)} layers; the limit is {MOST_NODES:,}")
    known: set[str] = set()
    described: list[Input | Node] = [*graph.inputs, *graph.nodes]
    for one in described:
        if isinstance(one, Node):
            _check_node(one, graph, known, file)
        elif not 0 < one.width <= WIDEST or (one.flat and one.width != 1):
            raise ModelError(
                f"{file!r}: the input {one.name!r} has width {one.width}; the width must be between 1 and {WIDEST:,} (exactly "
                "1 for a flat input)"
            )
        if one.name in known:
            raise ModelError(
                f"{file!r} describes two nodes or inputs named {one.name!r}. Give each node and each input a unique name"
            )
        known.add(one.name)
    if graph.output not in known:
        raise ModelError(
            f"{file!r}: the output {graph.output!r} is not the name of a node or an input. Correct the name"
        )
    unused = sorted(set(graph.layers) - {str(node.of) for node in graph.nodes if node.op == "layer"})
    if unused:
        raise ModelError(f"{file!r} describes layers that no node uses: {few(unused)}. Remove these layers")


def _check_node(node: Node, graph: Graph, known: set[str], file: str) -> None:
    this_node = f"{file!r}: the node {node.name!r}"
    for name in references([*node.values, *node.settings.values()], this_node):
        if name not in known:
            raise ModelError(
                f"{this_node} uses {name!r}, but there is no input or earlier node with that name. Correct the name"
            )
    if node.op in ("tensor", "layer"):
        takes = 0 if node.op == "tensor" else 1
        if node.of is None or len(node.values) != takes or node.settings:
            raise ModelError(
                f"{this_node} has fields that do not match its operation {node.op!r}: its field 'of' must name a {node.op}, its "
                f"list 'values' must have the length {takes}, and its 'settings' must be empty"
            )
        if node.op == "layer" and node.of not in graph.layers:
            raise ModelError(
                f"{this_node} refers to the layer {node.of!r}, which is not in the list of layers. Add this layer, or correct "
                "its name"
            )
        return
    if node.op not in OPERATIONS:
        raise ModelError(
            f"{this_node} has the unknown operation {node.op!r}; the allowed operations are layer, tensor, "
            f"{', '.join(OPERATIONS)}"
        )
    row = OPERATIONS[node.op]
    if not set(node.settings) <= set(row.settings):
        raise ModelError(
            f"{this_node}: the operation {node.op} allows the settings {list(row.settings)}; got {list(node.settings)}"
        )
    if not 1 <= len(node.values) <= row.most or len(node.values) + len(node.settings) < row.least or node.of:
        raise ModelError(
            f"{this_node}: for the operation {node.op}, the number of values must be from 1 to {row.most}, the total number of "
            f"values and settings must be at least {row.least}, and the field 'of' must be null; got {len(node.values)} values, "
            f"{len(node.settings)} settings and the field 'of' {node.of!r}"
        )


def references(value: Value, this_node: str) -> Iterator[str]:
    """Yield the names of the nodes to which a value in the file refers, and check all other parts of the value."""
    found: list[str] = []

    def seen(name: str) -> str:
        found.append(name)
        return name

    decoded(value, seen, this_node)
    return iter(found)


def decoded(value: Value, of: Callable[[str], Any], this_node: str, depth: int = 0) -> Any:
    """Convert a value in the file to a Python value. The function `of` returns the value of the node with a given name."""
    if depth > DEEPEST:
        raise ModelError(
            f"{this_node} contains values nested too deeply; at most {DEEPEST} levels of nesting are allowed"
        )
    if value is None or type(value) is bool or (type(value) is str and value in WORDS):
        return value
    if type(value) in (int, float):
        if not math.isfinite(value) or abs(value) > (LARGEST_NUMBER if type(value) is int else math.inf):
            raise ModelError(
                f"{this_node} contains the number {str(value)[:40]}; numbers must be finite, and whole numbers must be at most "
                f"{LARGEST_NUMBER:,} in absolute value"
            )
        return value
    if isinstance(value, list):
        return [decoded(one, of, this_node, depth + 1) for one in value]
    if isinstance(value, dict) and len(value) == 1:
        ((kind, held),) = value.items()
        if kind in KINDS:
            return KINDS[kind](held, of, this_node, depth + 1)
    raise ModelError(
        f"{this_node} has the invalid value {str(value)[:60]!r}; a value must be null, a Boolean, a number, a list, one of the "
        f"words {', '.join(WORDS)}, or an object with one of the keys {', '.join(KINDS)}"
    )


def _name(held: Any, of: Callable[[str], Any], this_node: str, _depth: int) -> Any:
    if type(held) is not str:
        raise ModelError(f"{this_node} refers to {str(held)[:60]!r}, but the name of a node must be a string")
    return of(held)


def _slice(held: Any, of: Callable[[str], Any], this_node: str, depth: int) -> slice:
    if not isinstance(held, list) or len(held) != 3:
        raise ModelError(f"{this_node}: a slice needs a start, a stop and a step; got {str(held)[:60]!r}")
    return slice(*decoded(held, of, this_node, depth))


def _tuple(held: Any, of: Callable[[str], Any], this_node: str, depth: int) -> tuple[Any, ...]:
    if not isinstance(held, list):
        raise ModelError(f"{this_node}: a tuple must be written as a list of values; got {str(held)[:60]!r}")
    return tuple(decoded(held, of, this_node, depth))


def _dtype(held: Any, _of: Callable[[str], Any], this_node: str, _depth: int) -> torch.dtype:
    if type(held) is not str or held not in DTYPES:
        raise ModelError(f"{this_node}: the dtype must be one of {', '.join(DTYPES)}; got {str(held)[:60]!r}")
    return DTYPES[held]


KINDS: dict[str, Callable[[Any, Callable[[str], Any], str, int], Any]] = {
    "node": _name,
    "slice": _slice,
    "tuple": _tuple,
    "dtype": _dtype,
    "rest": lambda *_: ...,
}


# ---- one run without memory


def tried(graph: Graph, layers: Mapping[str, nn.Module], tensors: Mapping[str, Tensor], file: str) -> None:
    """Run a checked graph of layers and tensors without allocating memory, and check the size of every value.

    The sizes are checked only for the maximum number of rows. To ensure that no value is larger when there are fewer rows,
    numbers that depend on the number of rows may only be added, multiplied and used as sizes. A second run with few rows shows
    which numbers depend on the number of rows.
    """
    few = _start(graph, tensors, FEWEST)
    values = _start(graph, tensors, ROWS)
    moving = set(values)  # values that depend on rows
    totals = {True: 0, False: 0}  # entries of values that depend on rows, and of other values
    products = {True: 0, False: 0}  # multiplications, in the same way
    with torch.no_grad():
        for node in graph.nodes:
            this_node = f"{file!r}: the node {node.name!r} ({node.op})"
            values[node.name] = _computed(node, layers, tensors, values, this_node)
            if moving.intersection(references([*node.values, *node.settings.values()], this_node)):
                moving.add(node.name)
            if node.op != "tensor":  # a tensor is already in the file
                totals[node.name in moving] += _check_size(values[node.name], node.name in moving, this_node)
            if node.op == "attention":  # products of each query with each key
                query, key = (decoded(one, values.__getitem__, this_node) for one in node.values[:2])
                check_value(query.shape[:-1].numel() * key.shape[-2], True, this_node)
            products[node.name in moving] += _products(node, graph, values, this_node)
            few[node.name] = _computed(node, layers, tensors, few, this_node)
            _check_numbers_of_rows(node, values, few, this_node)
    check_value(totals[False], False, f"{file!r}: all constants together")
    check_total(totals[True], repr(file))
    for moves, count in products.items():
        check_products(count, moves, repr(file))
    _check_scores(values[graph.output], file)


def _start(graph: Graph, tensors: Mapping[str, Tensor], rows: int) -> dict[str, Value]:
    dtype = next((value.dtype for value in tensors.values() if value.is_floating_point()), torch.float32)
    return {
        one.name: torch.empty(
            (rows,) if one.flat else (rows, one.width), dtype=torch.int64 if one.whole else dtype, device="meta"
        )
        for one in graph.inputs
    }


def _check_numbers_of_rows(node: Node, values: dict[str, Value], few: dict[str, Value], this_node: str) -> None:
    used = [*node.values, *node.settings.values()]
    if node.op == "getitem":  # a size may be selected from several, by a fixed index
        used = used[1:]
    numbers = [_numbers(decoded(used, one.__getitem__, this_node)) for one in (values, few)]
    if numbers[0] == numbers[1] or node.op in SIZED:
        return
    grows = node.op in ("add", "mul") and all(one >= 0 for one in numbers[0] + numbers[1])
    _want(grows, "computes with the number of rows, which may only be added, multiplied, or used as a size", this_node)


def _numbers(value: Value) -> list[Any]:
    """Return the numbers in a value, including the length of each list."""
    if isinstance(value, (list, tuple)):
        return [len(value), *(number for part in value for number in _numbers(part))]
    if isinstance(value, slice):
        return _numbers([value.start, value.stop, value.step])
    return [value] if isinstance(value, (int, float)) else []


def _computed(
    node: Node, layers: Mapping[str, nn.Module], tensors: Mapping[str, Tensor], values: dict[str, Value], this_node: str
) -> Value:
    if node.op == "tensor":
        return tensors[str(node.of)]
    given = [decoded(value, values.__getitem__, this_node) for value in node.values]
    named = {name: decoded(value, values.__getitem__, this_node) for name, value in node.settings.items()}
    operation = OPERATIONS.get(node.op)
    first = given[0]
    if operation is None or operation.is_method:
        _want(isinstance(first, Tensor), "needs a tensor as its first value", this_node)
    elif operation.numbers:
        _want(all(isinstance(one, (Tensor, int, float)) for one in given), "needs tensors or numbers", this_node)
        alone = not any(isinstance(one, Tensor) for one in given)
        _want(not (alone and node.op == "pow"), "needs a tensor", this_node)
    elif node.op == "getitem":
        _want(
            isinstance(first, (Tensor, tuple, list)),
            "can only take values from a tensor, or from a list of tensors",
            this_node,
        )
    if node.op == "embedding" or isinstance(
        layers.get(str(node.of)), nn.Embedding
    ):  # without memory, torch 2.6 accepts any type
        whole = isinstance(first, Tensor) and not first.is_floating_point()
        _want(whole, "needs whole numbers to look up its rows", this_node)
    try:
        if operation is None:
            return layers[str(node.of)](first)
        call = getattr(first, operation.target) if operation.is_method else operation.target
        return call(*given[1:], **named) if operation.is_method else call(*given, **named)
    except Exception as error:  # inconsistent shapes and types can raise any error
        raise ModelError(
            f"{this_node} cannot be computed: {str(error).splitlines()[0][:200] if str(error) else error!r}"
        ) from None


def _products(node: Node, graph: Graph, values: dict[str, Value], this_node: str) -> int:
    """Return the number of multiplications for matrix products in a node; 0 for an operation without matrix products."""
    layer = node.op == "layer" and graph.layers[str(node.of)].kind == "Linear"
    if not layer and node.op not in ("matmul", "linear", "attention"):
        return 0
    made, first = values[node.name], decoded(node.values[0], values.__getitem__, this_node)
    if node.op != "attention":
        return int(made.numel() * first.shape[-1])
    key = decoded(node.values[1], values.__getitem__, this_node)
    return int((first.numel() + made.numel()) * key.shape[-2])


def _want(holds: bool, words: str, this_node: str) -> None:
    if not holds:
        raise ModelError(f"{this_node} {words}")


def _check_size(value: Value, moves: bool, this_node: str) -> int:
    """Check the type and size of the result of an operation, and return its number of entries."""
    parts = value if isinstance(value, (tuple, list)) else [value]
    _want(len(parts) <= WIDEST, f"returns more than {WIDEST:,} values", this_node)
    size = 0
    for part in parts:
        _want(
            isinstance(part, (Tensor, int, float)),
            f"returns a value of type {type(part).__name__}, which is neither a tensor nor a number",
            this_node,
        )
        size += part.numel() if isinstance(part, Tensor) else 1
        _want(
            isinstance(part, Tensor) or abs(part) <= LARGEST_NUMBER,
            f"returns a number larger than {LARGEST_NUMBER:,}",
            this_node,
        )
    check_value(size, moves, this_node)
    return size


def _check_scores(value: Value, file: str) -> None:
    if (
        not isinstance(value, Tensor)
        or value.ndim not in (1, 2)
        or value.shape[0] != ROWS
        or value.numel() > LARGEST_WIDTH
    ):
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ModelError(
            f"{file!r}: the output must be scores of shape (n,), (n, 1) or (n, k); for n = {ROWS:,} rows the output is {got}"
        )


# ---- the network


def _assembled(graph: Graph, layers: dict[str, nn.Module], tensors: dict[str, Tensor], file: str) -> Network:
    """Return the graph as a torch.fx graph in which all names are assigned by tabinterp."""
    root, new = nn.Module(), fx.Graph()
    for i, layer in enumerate(layers.values()):
        root.add_module(f"layer{i}", layer)
    for i, value in enumerate(tensors.values()):
        if value.is_floating_point():
            root.register_parameter(f"tensor{i}", nn.Parameter(value, requires_grad=False))
        else:
            root.register_buffer(f"tensor{i}", value)
    placed = (
        {name: f"layer{i}" for i, name in enumerate(layers)},
        {name: f"tensor{i}" for i, name in enumerate(tensors)},
    )
    nodes: dict[str, Any] = {one.name: new.placeholder(f"x{i}") for i, one in enumerate(graph.inputs)}
    for node in graph.nodes:
        if node.op == "tensor":
            nodes[node.name] = new.get_attr(placed[1][str(node.of)])
            continue
        values = tuple(decoded(value, nodes.__getitem__, file) for value in node.values)
        named = {name: decoded(value, nodes.__getitem__, file) for name, value in node.settings.items()}
        if node.op == "layer":
            nodes[node.name] = new.call_module(placed[0][str(node.of)], values)
        elif OPERATIONS[node.op].is_method:
            nodes[node.name] = new.call_method(OPERATIONS[node.op].target, values, named)
        else:
            nodes[node.name] = new.call_function(OPERATIONS[node.op].target, values, named)
    new.output(nodes[graph.output])
    return Network(root, new, "Network").eval().requires_grad_(False)
