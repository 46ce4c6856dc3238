"""Conversion of an ONNX graph to torch: to a Sequential if the graph is a chain of layers, otherwise to a graph of torch
operations.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn
from torch.nn import functional

from tabinterp.document.message import why
from tabinterp.models.affine_front import linear

Values = dict[str, NDArray[Any]]  # the constants of a graph, by name

Constants = list[NDArray[Any] | None]  # inputs of a node; None for an input that is computed
Settings = dict[str, Any]  # a node's attributes
Sizes = Any  # an integer, a node of the torch graph that returns one, or a list of these
WIDEST_DIAGONAL = 4096  # maximum number of columns of a diagonal layer, whose weights grow with the square
MOST_FOLDED = 1 << 24  # maximum total entries of layers with folded constants, or made of constants only
FLOATS, WHOLE = (1, 11), (6, 7)  # types of values
NEWER_SOFTMAX = 13  # before this opset, Softmax combines all dimensions from an axis onwards
MOST_DIMENSIONS = 64  # of a computed shape
UNLIMITED = 1 << 31  # end of a slice without an end


class NoModuleError(Exception):
    """An error that states why a graph cannot be converted."""


@dataclass(frozen=True)
class Input:
    """An input of a graph, with the shape (n, width), or (n,) if `width` is None. If `whole` is true, it contains integers."""

    name: str
    width: int | None
    whole: bool = False


def as_module(
    nodes: Sequence[Any],
    values: Values,
    attributes: Callable[[Any], Settings],
    inputs: Sequence[Input],
    output: str,
    dtype: torch.dtype = torch.float32,
    opset: int = NEWER_SOFTMAX,
) -> nn.Sequential | fx.GraphModule:
    """Convert nodes of an ONNX graph to a torch module that computes `output` from the inputs.

    The nodes must be in the order in which they run. The weights of the module have the type `dtype`.

    Raises
    ------
    NoModuleError
        An operator between inputs and output has no equivalent in torch.
    """
    made = _Conversion(values, inputs, output, dtype, opset)
    for node in needed(nodes, values, [one.name for one in inputs], output):
        made.add(node, attributes(node))
    return made.module(output)


def needed(nodes: Sequence[Any], values: Values, inputs: Sequence[str], output: str) -> list[Any]:
    """Return the nodes that are needed to compute `output` from the inputs, in their original order."""
    makers = {name: node for node in nodes for name in node.output if name}
    wanted, found = [output], set[str]()
    while wanted:
        name = wanted.pop()
        if name in found or name in values or name in inputs or name not in makers:
            continue
        found |= {*makers[name].output}
        wanted += [one for one in makers[name].input if one]
    return [node for node in nodes if any(name in found for name in node.output)]


def scores_of(node: Any) -> str:
    """Return the name of the main output of a node. For a classifier, this is the output with the scores, not the output with the
    labels.
    """
    return str(node.output[1 if node.op_type == "LinearClassifier" else 0])


class _Conversion:
    """A torch graph that is built node by node. `widths` contains the widths of values with a known shape (n, width)."""

    def __init__(self, values: Values, inputs: Sequence[Input], output: str, dtype: torch.dtype, opset: int) -> None:
        self.values = values
        self.opset = opset
        self.dtype = dtype
        self.output = output
        self.graph = fx.Graph()
        self.parts: dict[str, Any] = {}
        self.known = {one.name: self.graph.placeholder(f"input{i}") for i, one in enumerate(inputs)}
        self.widths = {one.name: one.width for one in inputs if one.width is not None and not one.whole}
        self.sizes: dict[str, Sizes] = {}
        self.whole = {one.name for one in inputs if one.whole}  # integer values, unchanged from the inputs
        self._folded = 0  # entries of layers made from constants
        self._kind = ""  # kind of the node that is being added
        self._layers: dict[str, tuple[fx.Node, nn.Linear]] = {}  # value -> input of the linear layer that computes it

    def add(self, node: Any, settings: Settings) -> None:
        """Convert a node, and add it to the torch graph."""
        try:
            self._add(node, settings)
        except (
            ArithmeticError,
            LookupError,
            RuntimeError,
            TypeError,
            ValueError,
        ):  # inconsistent sizes or attributes
            raise NoModuleError(why("opaque.chain.form", kind=str(node.op_type))) from None

    def _add(self, node: Any, settings: Settings) -> None:
        kind = self._kind = str(node.op_type)
        if self._is_of_sizes(node):
            self.sizes[node.output[0]] = SIZES[kind](self, node, settings)
        elif kind in ARITHMETIC:
            self._arithmetic(node)
        elif kind == "Softmax" and self.opset < NEWER_SOFTMAX and not self._is_matrix(node, settings.get("axis", 1)):
            raise NoModuleError(why("opaque.chain.form", kind=kind))
        elif kind in ACTIVATIONS:
            self._append(node, [ACTIVATIONS[kind](settings)], node.input[0])
        elif kind in MAKERS and self._has_weights(node):
            if kind == "Scaler" and not self._may_fold(len(settings.get("scale", [1.0])) ** 2):
                raise NoModuleError(why("opaque.chain.form", kind=kind))
            self._append(node, MAKERS[kind](self._constants(node), settings), node.input[0])
        elif kind in OPERATIONS:
            self._keep(node, OPERATIONS[kind](self, node, settings))
        else:
            raise NoModuleError(why("opaque.chain.holds", kind=kind))

    def module(self, output: str) -> nn.Sequential | fx.GraphModule:
        self.graph.output(self.value(output))
        made = fx.GraphModule(self.parts, self.graph, "Network")
        made.graph.eliminate_dead_code()  # layers that are folded into others
        made.delete_all_unused_submodules()
        made.recompile()
        starts = [node for node in made.graph.nodes if node.op == "placeholder"]
        middle = [node for node in made.graph.nodes if node.op not in ("placeholder", "output")]
        steps = zip(middle, [*starts, *middle], strict=False)
        if len(starts) == 1 and all(node.op == "call_module" and node.args == (last,) for node, last in steps):
            return nn.Sequential(*[made.get_submodule(str(node.target)) for node in middle]).to(self.dtype)
        if not [*made.parameters()]:  # parameters determine the precision of a module
            made.precision = nn.Parameter(torch.zeros(()), requires_grad=False)
        return made.to(self.dtype)

    # ---- values

    def value(self, name: str) -> fx.Node:
        """Return a value as a node of the torch graph; a constant is stored as a tensor of the module."""
        if name not in self.known:
            if name not in self.values:
                raise NoModuleError(why("opaque.chain.form", kind=self._kind))
            self.known[name] = self.tensor(_plain(self.values[name]))
        return self.known[name]

    def tensor(self, value: Tensor) -> fx.Node:
        name = f"tensor{len(self.parts)}"
        self.parts[name] = value
        return self.graph.create_node("get_attr", name)

    def call(self, function: Any, *given: Any, **settings: Any) -> fx.Node:
        if isinstance(function, str):
            return self.graph.call_method(function, given, settings)
        return self.graph.call_function(function, given, settings)

    def integers(self, node: Any, place: int, otherwise: Any = None) -> Any:
        """Return the constant integers or sizes in the node's input number `place` (counted from 0), or `otherwise` if there is
        no such input.
        """
        name = node.input[place] if place < len(node.input) else ""
        if name in self.sizes:
            return self.sizes[name]
        if name in self.values and np.issubdtype(self.values[name].dtype, np.integer):
            return self.values[name].tolist()
        if name:
            raise NoModuleError(why("opaque.chain.form", kind=node.op_type))
        return otherwise

    def _constants(self, node: Any) -> Constants:
        return [self.values.get(name) for name in node.input]

    def _has_weights(self, node: Any) -> bool:
        """Return whether all inputs except the first are constants with the shapes of a layer's weights."""
        held = [self.values.get(name) for name in node.input[1:] if name]
        matrix = node.op_type != "MatMul" or (held[0] is not None and held[0].ndim == 2)
        return node.input[0] not in self.values and all(one is not None for one in held) and matrix

    def _is_matrix(self, node: Any, axis: int) -> bool:
        """Return whether a node operates on a value (n, width) along its second dimension."""
        return node.input[0] in self.widths and axis in (1, -1)

    def _is_of_sizes(self, node: Any) -> bool:
        computed = [name for name in node.input if name and name not in self.values]
        sized = node.op_type == "Shape" or all(name in self.sizes for name in computed)
        return node.op_type in SIZES and len(computed) > 0 and sized

    # ---- layers

    def _arithmetic(self, node: Any) -> None:
        """Convert an addition, subtraction, multiplication or division. If possible, an operation with a constant is
        converted to a linear layer or to part of one.
        """
        computed = [name for name in node.input if name not in self.values]
        if node.op_type == "Div" and self.whole & {*node.input}:  # torch would use float division
            raise NoModuleError(why("opaque.chain.form", kind="Div"))
        layer = None
        if len(computed) == 1:
            _, last = self._layers.get(computed[0], (None, None))
            width = self.widths.get(computed[0], 0)
        if len(computed) == 1 and self._may_fold(width * width if last is None else last.weight.numel()):
            layer = _with_constant(node.op_type, self._constants(node), last, self.widths.get(computed[0]))
        if layer is None:
            self._keep(node, self.call(ARITHMETIC[node.op_type], *[self.value(name) for name in node.input[:2]]))
        else:
            self._append(node, [layer], computed[0])

    def _may_fold(self, entries: int) -> bool:
        """Return whether constants may be folded into a layer with `entries` entries without exceeding a total limit. If so, add
        `entries` to the total.
        """
        if self._folded + entries > MOST_FOLDED:
            return False
        self._folded += entries
        return True

    def _append(self, node: Any, layers: list[nn.Module], source: str) -> None:
        """Apply layers to a value. If the preceding linear layer was folded into the new layer, the new layer takes the input of
        the preceding layer.
        """
        output, result = scores_of(node), self.value(source)
        if node.op_type in ARITHMETIC and source in self._layers:
            result, _ = self._layers[source]
        for layer in layers:
            name = f"layer{len(self.parts)}"
            self.parts[name] = layer
            before, result = result, self.graph.call_module(name, (result,))
        self.known[output] = result
        last = layers[-1]
        if source in self.widths:
            self.widths[output] = last.out_features if isinstance(last, nn.Linear) else self.widths[source]
        if isinstance(last, nn.Linear):
            self._layers[output] = before, last

    def _keep(self, node: Any, result: Any) -> None:
        """Record the result of an operation. If the operation changes neither values nor shape, its result is its input."""
        if isinstance(result, list):
            self.known.update(zip(node.output, result, strict=True))
            return
        self.known[node.output[0]] = result
        if node.op_type in KEEPING_WHOLE and node.input[0] in self.whole:
            self.whole.add(node.output[0])
        same = [name for name in node.input if name in self.widths and self.known[name] is result]
        if same:
            self.widths[node.output[0]] = self.widths[same[0]]
            if same[0] in self._layers:
                self._layers[node.output[0]] = self._layers[same[0]]


def _with_constant(kind: str, constants: Constants, last: nn.Linear | None, width: int | None) -> nn.Linear | None:
    """Return a linear layer that adds a constant to each column, or subtracts, multiplies by or divides by a constant.

    If there is a preceding linear layer, it is folded into the new layer. Otherwise, the weights of the new layer are diagonal.

    Return None in any of these cases:

    - neither operand is constant;
    - the constant is the first operand of a subtraction or division;
    - the constant is neither one number nor a row with one number per column;
    - the number of columns is unknown;
    - a diagonal weight matrix would be too wide.
    """
    constant = constants[1] if constants[0] is None else constants[0]
    size = last.out_features if last is not None else width
    ordered = constants[0] is not None and kind in ("Sub", "Div")
    if constant is None or size is None or ordered or (last is None and size > WIDEST_DIAGONAL):
        return None
    if constant.size != math.prod(constant.shape[-1:]) or constant.size not in (1, size):
        return None
    value = _tensor(np.broadcast_to(constant.reshape(-1), (size,)))
    zero, one = torch.zeros_like(value), torch.ones_like(value)
    scale, shift = {
        "Add": (one, value), "Sub": (one, -value), "Mul": (value, zero), "Div": (1 / value, zero)
    }[kind]  # fmt: skip
    if last is None:
        return linear(torch.diag(scale), shift)
    bias = zero if last.bias is None else last.bias.detach() * scale
    return linear(last.weight.detach() * scale[:, None], bias + shift)


def _gemm(constants: Constants, settings: Settings) -> list[nn.Module]:
    if settings.get("transA", 0):
        raise NoModuleError(why("opaque.chain.form", kind="Gemm"))
    matrix = _tensor(constants[1]) if settings.get("transB", 0) else _tensor(constants[1]).T
    bias = constants[2] if len(constants) > 2 else None
    height = matrix.shape[0]
    added = None if bias is None else _tensor(np.broadcast_to(bias.reshape(-1), (height,))) * settings.get("beta", 1.0)
    return [linear(matrix * settings.get("alpha", 1.0), added)]


def _matmul_by(constants: Constants, _: Settings) -> list[nn.Module]:
    return [linear(_tensor(constants[1]).T, None)]


def _norm(constants: Constants, settings: Settings) -> list[nn.Module]:
    if settings.get("training_mode", 0):
        raise NoModuleError(why("opaque.chain.form", kind="BatchNormalization"))
    scale, shift, mean, variance = map(_tensor, constants[1:5])
    norm = nn.BatchNorm1d(len(scale), eps=settings.get("epsilon", 1e-5), dtype=scale.dtype)
    norm.load_state_dict(
        {
            "weight": scale,
            "bias": shift,
            "running_mean": mean,
            "running_var": variance,
            "num_batches_tracked": torch.tensor(0),
        }
    )
    return [norm]


def _linear_model(constants: Constants, settings: Settings) -> list[nn.Module]:
    """Return the layers of a linear regression or a linear classifier, including the conversion of scores to probabilities."""
    shift = torch.tensor(settings.get("intercepts", [0.0]), dtype=torch.float64)
    weight = torch.tensor(settings["coefficients"], dtype=torch.float64)
    after = settings.get("post_transform", "NONE")
    labels: Sequence[Any] = next((settings[one] for one in settings if one.startswith("classlabels_")), [])
    outputs = len(labels) or settings.get("targets", 1)
    kind = "LinearClassifier" if len(labels) else "LinearRegressor"
    allowed = AFTER if len(labels) else ("NONE",)
    if after not in allowed or not outputs or outputs != len(shift) or weight.numel() % outputs:
        raise NoModuleError(why("opaque.chain.form", kind=kind))
    return [linear(weight.reshape(len(shift), -1), shift), *AFTER[after]()]


def _scaler(constants: Constants, settings: Settings) -> list[nn.Module]:
    scale = torch.tensor(settings.get("scale", [1.0]), dtype=torch.float64)
    shift = torch.tensor(settings.get("offset", [0.0]), dtype=torch.float64)
    if len(scale) != len(shift) or len(scale) > WIDEST_DIAGONAL:
        raise NoModuleError(why("opaque.chain.form", kind="Scaler"))
    return [linear(torch.diag(scale), -scale * shift)]


def _selu(settings: Settings) -> nn.Module:
    usual = {"alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875}  # torch supports no others
    if any(abs(settings.get(name, value) - value) > 1e-6 for name, value in usual.items()):
        raise NoModuleError(why("opaque.chain.form", kind="Selu"))
    return nn.SELU()


def _layer_norm(constants: Constants, settings: Settings) -> list[nn.Module]:
    scale = constants[1]
    if scale is None or scale.ndim != 1 or settings.get("axis", -1) != -1:
        raise NoModuleError(why("opaque.chain.form", kind="LayerNormalization"))
    norm = nn.LayerNorm(len(scale), eps=settings.get("epsilon", 1e-5), dtype=_tensor(scale).dtype)
    shift = constants[2] if len(constants) > 2 else None
    norm.load_state_dict(
        {"weight": _tensor(scale), "bias": torch.zeros(len(scale)) if shift is None else _tensor(shift)}
    )
    return [norm]


def _tensor(values: NDArray[Any] | None) -> Tensor:
    if values is None or not np.issubdtype(values.dtype, np.floating):
        raise NoModuleError(why("opaque.chain.type", type=str(getattr(values, "dtype", None))))
    return torch.as_tensor(np.array(values, dtype=np.float64 if values.dtype == np.float64 else np.float32))


def _plain(values: NDArray[Any]) -> Tensor:
    return torch.as_tensor(np.array(values)) if np.issubdtype(values.dtype, np.integer) else _tensor(values)


# ---- other operations: each returns a node of the torch graph


def _matmul(made: _Conversion, node: Any, _: Settings) -> fx.Node:
    return made.call(torch.matmul, made.value(node.input[0]), made.value(node.input[1]))


def _same(made: _Conversion, node: Any, _: Settings) -> fx.Node:
    return made.value(node.input[0])


def _cast(made: _Conversion, node: Any, settings: Settings) -> fx.Node:
    x = made.value(node.input[0])
    if node.input[0] in made.widths and settings["to"] in FLOATS:
        return x
    rounds = settings["to"] in WHOLE and node.input[0] not in made.whole
    if rounds or settings["to"] not in (*FLOATS, *WHOLE):
        raise NoModuleError(why("opaque.chain.form", kind="Cast"))
    return made.call("to", x, made.dtype if settings["to"] in FLOATS else torch.int64)


def _gather(made: _Conversion, node: Any, settings: Settings) -> fx.Node:
    """Look up rows of a constant table, or select columns of a value."""
    source, index = node.input[:2]
    axis = settings.get("axis", 0)
    if source in made.values and axis == 0 and made.values[source].ndim == 2:
        return made.call(functional.embedding, made.value(index), made.value(source))
    places = made.integers(node, 1)
    if source in made.values or axis == 0 or not (isinstance(places, int) or _is_flat(places)):
        raise NoModuleError(why("opaque.chain.form", kind="Gather"))
    if isinstance(places, list) and places == list(range(places[0], places[0] + len(places))) and places[0] >= 0:
        places = slice(places[0], places[0] + len(places))
    return made.call(operator.getitem, made.value(source), _at("Gather", axis, places))


def _is_flat(places: Any) -> bool:
    return isinstance(places, list) and len(places) > 0 and all(isinstance(one, int) for one in places)


def _at(kind: str, axis: int, place: Any) -> tuple[Any, ...]:
    if axis < -1:
        raise NoModuleError(why("opaque.chain.form", kind=kind))
    return (..., place) if axis == -1 else (*[slice(None)] * axis, place)


def _slice(made: _Conversion, node: Any, settings: Settings) -> fx.Node:
    starts, ends = made.integers(node, 1, settings.get("starts")), made.integers(node, 2, settings.get("ends"))
    axes = made.integers(node, 3, settings.get("axes")) or list(range(len(starts)))
    steps = made.integers(node, 4) or [1] * len(starts)
    result = made.value(node.input[0])
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if isinstance(step, int) and step < 1:
            raise NoModuleError(why("opaque.chain.form", kind="Slice"))
        last = None if isinstance(end, int) and end >= UNLIMITED else end
        result = made.call(
            operator.getitem, result, _at("Slice", axis, slice(start, last, None if step == 1 else step))
        )
    return result


def _split(made: _Conversion, node: Any, settings: Settings) -> list[fx.Node]:
    widths = made.integers(node, 1, settings.get("split"))
    if widths is None:
        raise NoModuleError(why("opaque.chain.form", kind="Split"))
    parts = made.call(torch.split, made.value(node.input[0]), widths, settings.get("axis", 0))
    return [made.call(operator.getitem, parts, i) for i in range(len(widths))]


def _concat(made: _Conversion, node: Any, settings: Settings) -> fx.Node:
    if len(node.input) == 1:
        return made.value(node.input[0])
    if settings["axis"] == 1 and all(name in made.widths for name in node.input):
        made.widths[node.output[0]] = sum(made.widths[name] for name in node.input)
    return made.call(torch.cat, [made.value(name) for name in node.input], settings["axis"])


def _reshape(made: _Conversion, node: Any, _: Settings) -> fx.Node:
    sizes = made.integers(node, 1)
    x, width = made.value(node.input[0]), made.widths.get(node.input[0])
    is_same = width is not None and sizes in ([-1, width], [0, width], [0, -1])
    if is_same or (width == 1 and node.output[0] == made.output):  # a single column
        return x
    whole = [made.call("size", x, i) if isinstance(one, int) and one == 0 else one for i, one in enumerate(sizes)]
    return made.call("reshape", x, whole)


def _flatten(made: _Conversion, node: Any, settings: Settings) -> fx.Node:
    x, axis = made.value(node.input[0]), settings.get("axis", 1)
    if axis != 1:
        raise NoModuleError(why("opaque.chain.form", kind="Flatten"))
    return x if node.input[0] in made.widths else made.call(torch.flatten, x, axis)


def _squeeze(made: _Conversion, node: Any, settings: Settings) -> fx.Node:
    x = made.value(node.input[0])
    if made.widths.get(node.input[0]) == 1 and node.output[0] == made.output:
        return x
    axes = made.integers(node, 1, settings.get("axes"))
    if axes is None:
        raise NoModuleError(why("opaque.chain.form", kind="Squeeze"))
    for axis in sorted(axes, reverse=True):
        x = made.call("squeeze", x, axis)
    return x


def _unsqueeze(made: _Conversion, node: Any, settings: Settings) -> fx.Node:
    x = made.value(node.input[0])
    axes = sorted(made.integers(node, 1, settings.get("axes")))
    if axes[0] < 0 and len(axes) > 1:  # they count from the end of a shape that is unknown
        raise NoModuleError(why("opaque.chain.form", kind="Unsqueeze"))
    for axis in axes:
        x = made.call("unsqueeze", x, axis)
    return x


def _transpose(made: _Conversion, node: Any, settings: Settings) -> fx.Node:
    if "perm" not in settings:
        raise NoModuleError(why("opaque.chain.form", kind="Transpose"))
    return made.call("permute", made.value(node.input[0]), list(settings["perm"]))


def _clip(made: _Conversion, node: Any, settings: Settings) -> fx.Node:
    ends = [settings.get("min"), settings.get("max")]
    for i, name in enumerate(node.input[1:]):
        if name:
            if name not in made.values:
                raise NoModuleError(why("opaque.chain.form", kind="Clip"))
            ends[i] = float(made.values[name])
    return made.call(torch.clamp, made.value(node.input[0]), *ends)


def _pointwise(function: Any) -> Callable[[_Conversion, Any, Settings], fx.Node]:
    return lambda made, node, settings: made.call(function, *[made.value(name) for name in node.input])


def _reduced(function: Any) -> Callable[[_Conversion, Any, Settings], fx.Node]:
    def reduce(made: _Conversion, node: Any, settings: Settings) -> fx.Node:
        axes = made.integers(node, 1, settings.get("axes"))
        if not axes:
            raise NoModuleError(why("opaque.chain.form", kind=node.op_type))
        return made.call(function, made.value(node.input[0]), dim=axes, keepdim=bool(settings.get("keepdims", 1)))

    return reduce


def _normalized(made: _Conversion, node: Any, settings: Settings) -> fx.Node:
    power = {"L1": 1.0, "L2": 2.0}[settings.get("norm", "MAX")]  # "MAX" divides by the largest, which may be negative
    return made.call(functional.normalize, made.value(node.input[0]), p=power, dim=1)


OPERATIONS: dict[str, Callable[[_Conversion, Any, Settings], Any]] = {
    "Identity": _same,
    "Dropout": _same,
    "Cast": _cast,
    "MatMul": _matmul,
    "Gather": _gather,
    "Slice": _slice,
    "Split": _split,
    "Concat": _concat,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "Clip": _clip,
    "Normalizer": _normalized,
    "ReduceMean": _reduced(torch.mean),
    "ReduceSum": _reduced(torch.sum),
    **{
        kind: _pointwise(function)
        for kind, function in {
            "Abs": torch.abs, "Cos": torch.cos, "Erf": torch.erf, "Exp": torch.exp, "Log": torch.log, "Neg": torch.neg,
            "Pow": torch.pow, "Reciprocal": torch.reciprocal, "Sin": torch.sin, "Sqrt": torch.sqrt,
        }.items()
    },
}  # fmt: skip

KEEPING_WHOLE = (
    "Add",
    "Cast",
    "Concat",
    "Gather",
    "Identity",
    "Reshape",
    "Slice",
    "Split",
    "Squeeze",
    "Sub",
    "Unsqueeze",
)

ARITHMETIC: dict[str, Any] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Div": operator.truediv,
}


# ---- sizes: integers that follow from the shapes of values


def _shape(made: _Conversion, node: Any, settings: Settings) -> Sizes:
    if settings.get("start", 0) or "end" in settings:
        raise NoModuleError(why("opaque.chain.form", kind="Shape"))
    return made.call("size", made.value(node.input[0]))


def _entry(made: _Conversion, node: Any, _: Settings) -> Sizes:
    sizes, places = made.integers(node, 0), made.integers(node, 1)
    taken = [
        made.call(operator.getitem, sizes, place) if isinstance(sizes, fx.Node) else sizes[place]
        for place in np.ravel(places).tolist()
    ]
    return taken if isinstance(places, list) else taken[0]


def _listed(made: _Conversion, node: Any, _: Settings) -> Sizes:
    one = made.integers(node, 0)
    return one if isinstance(one, list) else [one]


def _joined(made: _Conversion, node: Any, _: Settings) -> Sizes:
    joined = [size for i in range(len(node.input)) for size in made.integers(node, i)]
    if len(joined) > MOST_DIMENSIONS:
        raise NoModuleError(why("opaque.chain.form", kind="Concat"))
    return joined


def _unchanged(made: _Conversion, node: Any, _: Settings) -> Sizes:
    return made.integers(node, 0)


SIZES: dict[str, Callable[[_Conversion, Any, Settings], Sizes]] = {
    "Shape": _shape,
    "Gather": _entry,
    "Unsqueeze": _listed,
    "Reshape": _listed,
    "Concat": _joined,
    "Cast": _unchanged,
    "Identity": _unchanged,
}

MAKERS: dict[str, Callable[[Constants, Settings], list[nn.Module]]] = {
    "Gemm": _gemm,
    "MatMul": _matmul_by,
    "BatchNormalization": _norm,
    "LayerNormalization": _layer_norm,
    "LinearClassifier": _linear_model,
    "LinearRegressor": _linear_model,
    "Scaler": _scaler,
}

AFTER: dict[str, Callable[[], list[nn.Module]]] = {  # post_transform of a linear model
    "NONE": list,
    "LOGISTIC": lambda: [nn.Sigmoid()],
    "SOFTMAX": lambda: [nn.Softmax(dim=-1)],
}

ACTIVATIONS: dict[str, Callable[[Settings], nn.Module]] = {
    "Relu": lambda settings: nn.ReLU(),
    "Tanh": lambda settings: nn.Tanh(),
    "Sigmoid": lambda settings: nn.Sigmoid(),
    "LeakyRelu": lambda settings: nn.LeakyReLU(settings.get("alpha", 0.01)),
    "Elu": lambda settings: nn.ELU(settings.get("alpha", 1.0)),
    "Selu": _selu,
    "Gelu": lambda settings: nn.GELU(approximate=settings.get("approximate", "none")),
    "Softplus": lambda settings: nn.Softplus(),
    "Softsign": lambda settings: nn.Softsign(),
    "HardSwish": lambda settings: nn.Hardswish(),
    "Softmax": lambda settings: nn.Softmax(dim=settings.get("axis", -1)),
}
