"""Safety checks of an ONNX model before onnxruntime loads it: a single file, allowed operators, and limits on memory and
computation.

`check` is called both to inspect a model and to load it. It runs nothing and opens no other file.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from tabinterp.errors import ModelError, UnsafeFileError, first_line
from tabinterp.models.io.allocation_limits import ROWS, check_products, check_total, check_value

STANDARD = ("", "ai.onnx")
LEARNING = "ai.onnx.ml"  # the domain of the operators for scalers, encoders and linear models
TYPES = {1: np.float32, 11: np.float64, 7: np.int64, 6: np.int32}  # of inputs
FLOATS = (1, 11)
TEXT = 8
SHAPED_AS: dict[
    str, tuple[str, dict[str, int]]
] = {  # operators of ai.onnx.ml -> standard ones that give the same shapes
    "FeatureVectorizer": ("Concat", {"axis": 1}),
    "Imputer": ("Identity", {}),
    "Normalizer": ("Identity", {}),
    "Scaler": ("Identity", {}),
}
COLUMNS = (TEXT, 9)  # further types of inputs that a pipeline may have: text and Booleans
REAL = (1, 10, 11, 16)  # types of tensors of real numbers
NUMBERS = {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13}  # types of tensors: numbers and bool; no text, no complex numbers
CONSTANTS = ("value", "value_float", "value_floats", "value_int", "value_ints")
WHOLE = (6, 7)  # types of tensors whose values onnx computes if they have at most one dimension
PROPAGATED = 1 << 22  # maximum total number of such values
OLDEST_OPSET = 7
MOST_INPUTS = 256
MOST_NODES = 10_000  # onnxruntime needs minutes to load 100,000 nodes, however small each is
# Operators of feed-forward networks: nothing random, no loops, no strings.
OPERATORS = {
    "Abs", "Add", "And", "ArgMax", "ArgMin", "AveragePool", "BatchNormalization", "Cast", "CastLike", "Ceil",
    "Celu", "Clip", "Concat", "Constant", "ConstantOfShape", "Cos", "CumSum", "Div", "Dropout", "Einsum", "Elu",
    "Equal", "Erf", "Exp", "Expand", "Flatten", "Floor", "Gather", "GatherElements", "GatherND", "Gelu", "Gemm",
    "GlobalAveragePool", "Greater", "GreaterOrEqual", "GroupNormalization", "HardSigmoid", "HardSwish", "Identity",
    "InstanceNormalization", "IsInf", "IsNaN", "LayerNormalization", "LeakyRelu", "Less", "LessOrEqual", "Log",
    "LogSoftmax", "LpNormalization", "MatMul", "Max", "MaxPool", "Mean", "Min", "Mish", "Mod", "Mul", "Neg", "Not",
    "OneHot", "Or", "PRelu", "Pad", "Pow", "Range", "Reciprocal", "ReduceL1", "ReduceL2", "ReduceLogSumExp",
    "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Relu", "Reshape",
    "RMSNormalization", "Round", "Selu", "Shape", "Sigmoid", "Sign", "Sin", "Size", "Slice", "Softmax", "Softplus",
    "Softsign", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Swish", "Tan", "Tanh", "Tile", "TopK", "Transpose",
    "Trilu", "Unsqueeze", "Where", "Xor",
}  # fmt: skip
# Operators whose output has at most as many entries as their first input, whatever its shape.
KEEPING = {
    "Cast", "CastLike", "Dropout", "Flatten", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze",
}  # fmt: skip


def library(name: str) -> Any:
    """Import onnx or onnxruntime, or raise an error that says how to install it."""
    try:
        return import_module(name)
    except ImportError:
        raise ModelError(f"ONNX models need the package {name}. Install it: pip install 'tabinterp[onnx]'") from None


def check(proto: Any, source: str) -> None:
    """Check that an onnx.ModelProto is valid and safe to run.

    Raises
    ------
    UnsafeFileError
        The model contains functions, subgraphs, training steps, sparse tensors, references to data in other files, or operators
        that are not on the list of safe operators.
    ModelError
        The model is invalid, has an unsupported opset, has inputs or values that are not numbers, or exceeds the limits on memory
        and computation.
    """
    onnx = library("onnx")
    _check_form(proto, source, onnx, is_pipeline=False)
    output(proto)
    _check_sizes(proto, source, onnx)


def check_pipeline(proto: Any, source: str) -> None:
    """Check an onnx.ModelProto that contains a pipeline. tabinterp computes some of the pipeline's operators without onnxruntime.

    Raises
    ------
    UnsafeFileError, ModelError
        The same conditions as in `check`, except that strings and operators of ai.onnx.ml are allowed, and the sizes of values
        are not checked.
    """
    _check_form(proto, source, library("onnx"), is_pipeline=True)


def check_converted(proto: Any, source: str) -> None:
    """Check the sizes of all values in the converted part of a pipeline, before onnxruntime loads that part.

    Raises
    ------
    UnsafeFileError, ModelError
        As for `check`.
    """
    onnx = library("onnx")
    plain = type(proto)()
    plain.CopyFrom(proto)
    stated = []
    for node in plain.graph.node:  # replace operators whose shapes onnx cannot infer by others with the same shapes
        if node.domain != LEARNING:
            continue
        if node.op_type == "LinearRegressor":
            shape = (ROWS, int(attributes(node).get("targets", 1)))
            stated.append(onnx.helper.make_tensor_value_info(node.output[0], FLOATS[0], shape))
        elif node.op_type in SHAPED_AS:
            node.op_type, settings = SHAPED_AS[node.op_type]
            node.domain = ""
            del node.attribute[:]
            node.attribute.extend(onnx.helper.make_attribute(name, value) for name, value in settings.items())
        elif node.op_type == "ArrayFeatureExtractor":  # a single index may be a scalar
            for one in plain.graph.initializer:
                if one.name == node.input[1] and not one.dims:
                    one.dims.append(1)
    _check_sizes(plain, source, onnx, stated)


def session_of(proto: Any) -> Any:
    """Create an onnxruntime session for a checked model. The session receives the model as bytes, so it cannot look for other
    files in the model's folder.

    Raises
    ------
    ModelError
        onnxruntime cannot load the model.
    """
    runtime = library("onnxruntime")
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 4
    try:
        return runtime.InferenceSession(
            for_any_rows(proto).SerializeToString(), settings, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its own error types differ between versions
        raise ModelError(
            f"onnxruntime {runtime.__version__} cannot load this ONNX model. Install a newer version of onnxruntime, or "
            f"export the model with an older opset. The error was: {first_line(error)}"
        ) from None


def opset(proto: Any) -> int:
    """Return the version number of the standard operators (opset) that a model uses."""
    return max((one.version for one in proto.opset_import if one.domain in STANDARD), default=OLDEST_OPSET)


def is_pipeline(proto: Any) -> bool:
    """Return whether a model is a whole pipeline, such as one written by skl2onnx. A model counts as a pipeline if it has
    operators from the domain ai.onnx.ml, or inputs that are strings or Booleans.
    """
    text = any(one.type.tensor_type.elem_type in COLUMNS for one in proto.graph.input)
    return text or any(node.domain == LEARNING for node in proto.graph.node)


def constants(proto: Any) -> dict[str, Any]:
    """Return the constants of a graph as arrays, by name."""
    onnx = library("onnx")
    values = {one.name: onnx.numpy_helper.to_array(one) for one in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type == "Constant":
            values[node.output[0]] = np.asarray(next(iter(attributes(node).values())))
        elif node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
        elif node.op_type == "Transpose" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]].transpose(attributes(node).get("perm"))
    return values


def attributes(node: Any) -> dict[str, Any]:
    """Return the attributes of a node by name. Strings are returned as str, and tensors as arrays."""
    onnx = library("onnx")
    found = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
    arrays = {name: onnx.numpy_helper.to_array(value) for name, value in found.items() if hasattr(value, "data_type")}
    return found | arrays | {name: value.decode() for name, value in found.items() if isinstance(value, bytes)}


def _check_form(proto: Any, source: str, onnx: Any, is_pipeline: bool) -> None:
    if len(proto.graph.node) > MOST_NODES:
        raise ModelError(
            f"{source!r} has {len(proto.graph.node):,} operators; the limit is {MOST_NODES:,}. Simplify the network, and "
            "export it again"
        )
    _check_operators(proto, source, is_pipeline)
    _check_tensors(proto, source, {*NUMBERS, TEXT} if is_pipeline else NUMBERS)
    _check_opset(proto, source, onnx)
    try:
        onnx.checker.check_model(proto)
    except Exception as error:  # the checker's own error types differ between versions
        raise ModelError(
            f"{source!r} is not a valid ONNX model ({first_line(error)}). Export the model again"
        ) from None
    _check_values(proto, source, onnx)
    names = {one.name for one in proto.graph.initializer}
    types = {*TYPES, *COLUMNS} if is_pipeline else {*TYPES}
    _check_inputs([one for one in proto.graph.input if one.name not in names], source, types)


def output(proto: Any) -> str:
    """Return the name of the model's floating-point output. Raise an error unless there is exactly one."""
    floats = [one.name for one in proto.graph.output if one.type.tensor_type.elem_type in FLOATS]
    if len(floats) != 1:
        names = ", ".join(one.name for one in proto.graph.output)
        raise ModelError(
            "an ONNX network must have exactly one floating-point output, which contains scores or probabilities; this network "
            f"has the outputs {names}. Export the network with one such output"
        )
    return str(floats[0])


def for_any_rows(proto: Any, rows: int | str = "rows") -> Any:
    """Return a copy of a model that accepts any number of rows, or exactly `rows` rows, even if the model was exported for one
    row.

    The copy contains only checked parts. It omits metadata, the shapes that the file states for intermediate values, and
    fields that this version of onnx does not recognise.
    """
    free = type(proto)()
    free.CopyFrom(proto)
    free.DiscardUnknownFields()
    del free.graph.value_info[:]
    del free.metadata_props[:]
    for one in [*free.graph.input, *free.graph.output]:
        if one.type.tensor_type.HasField("shape") and one.type.tensor_type.shape.dim:
            first = one.type.tensor_type.shape.dim[0]
            if isinstance(rows, str):
                first.dim_param = rows
            else:
                first.dim_value = rows
    return free


def _check_operators(proto: Any, source: str, is_pipeline: bool) -> None:
    domains = {one.domain for one in proto.opset_import} | {node.domain for node in proto.graph.node}
    custom = sorted(map(str, domains - set(STANDARD) - {LEARNING}))  # bytes, if they are not text
    used = {node.op_type for node in proto.graph.node if node.domain in STANDARD}
    unknown = [] if is_pipeline else sorted(map(str, used - OPERATORS))
    kinds = [message.DESCRIPTOR.name for message in _messages(proto)]
    found = [
        *(f"operators of the domain {domain!r}" for domain in custom),
        *(f"the operator {name}" for name in unknown),
        # with more than two, onnxruntime creates intermediate products that are larger than operands and result
        *(
            ["an Einsum operator with more than two operands"]
            if any(_is_wide_einsum(node) for node in proto.graph.node)
            else []
        ),
        *(["model-local functions"] if "FunctionProto" in kinds else []),
        *(["subgraphs"] if kinds.count("GraphProto") > 1 else []),
        *(["training steps"] if "TrainingInfoProto" in kinds else []),
    ]
    if found:
        raise UnsafeFileError(
            f"{source!r} contains {', '.join(found)}; only standard ONNX operators on the list of safe operators are allowed. "
            "Export the model without these parts"
        )


def _is_wide_einsum(node: Any) -> bool:
    return node.op_type == "Einsum" and len(node.input) > 2


def _messages(message: Any) -> Iterator[Any]:
    """Yield a protobuf message and every message that it contains, in any field and at any depth."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in [value] if hasattr(value, "ListFields") else value:
                yield from _messages(part)


def _check_tensors(proto: Any, source: str, types: Collection[int] = NUMBERS) -> None:
    """Check every tensor of the file, including those in attributes, subgraphs, functions and training steps."""
    for message in _messages(proto):
        kind = message.DESCRIPTOR.name
        if kind == "TensorProto" and (message.data_location == type(message).EXTERNAL or message.external_data):
            raise UnsafeFileError(
                f"{source!r} stores weights in other files, which tabinterp never opens. Save the model as one file: "
                "onnx.save(model, path, save_as_external_data=False)"
            )
    for message in _messages(proto):
        kind = message.DESCRIPTOR.name
        if kind == "SparseTensorProto":
            raise UnsafeFileError(
                f"{source!r} contains sparse tensors, which can be much larger in memory than in the file. Save "
                "them as dense tensors"
            )
        if kind == "TensorProto" and message.data_type not in types:
            raise ModelError(
                f"{source!r}: the tensor {message.name!r} has the unsupported ONNX data type {message.data_type}; real "
                "numbers, integers and Booleans are supported. Convert the tensor, and export the model again"
            )


def _check_opset(proto: Any, source: str, onnx: Any) -> None:
    newest = onnx.defs.onnx_opset_version()
    for one in proto.opset_import:
        if one.domain in STANDARD and not OLDEST_OPSET <= one.version <= newest:
            raise ModelError(
                f"{source!r} uses ONNX opset {one.version}; opsets {OLDEST_OPSET} to {newest} are supported. Export the "
                "model again with opset_version=20"
            )


def _check_values(proto: Any, source: str, onnx: Any) -> None:
    """Check that each Constant operator has exactly one value, that each tensor has the number of bytes that its shape requires,
    and that all weights are finite.
    """
    held = []
    for node in proto.graph.node:
        names = [a.name for a in node.attribute]
        if node.op_type == "Constant" and (len(names) != 1 or names[0] not in CONSTANTS):
            raise ModelError(
                f"{source!r}: the Constant operator {next(iter(node.output), '')!r} must have exactly one attribute "
                f"({' or '.join(CONSTANTS)}); it has {', '.join(names) or 'none'}. Export the model again"
            )
        _check_attributes(node, source, onnx)
        held += [one for a in node.attribute for one in ([a.t] if a.HasField("t") else a.tensors)]
    for one in held:
        _numbers(one, source, onnx)
    for one in proto.graph.initializer:
        values = _numbers(one, source, onnx)
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            raise ModelError(
                f"{source!r}: the weights {one.name!r} contain infinite or NaN values. Train the network again, or export an "
                "earlier checkpoint"
            )


def _check_attributes(node: Any, source: str, onnx: Any) -> None:
    """Check that every attribute contains a value. An attribute that refers to a parameter of a function has no value outside
    that function.
    """
    for one in node.attribute:
        try:
            value = onnx.helper.get_attribute_value(one)
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, bytes):
                    text.decode()
        except ValueError as error:
            raise ModelError(
                f"{source!r}: the attribute {one.name!r} of the operator {node.op_type} cannot be read "
                f"({first_line(error)}). Export the model again"
            ) from None


def _numbers(tensor: Any, source: str, onnx: Any) -> Any:
    try:
        return onnx.numpy_helper.to_array(tensor)
    except Exception as error:  # bytes that do not fit the shape can raise any error
        raise ModelError(
            f"{source!r}: the tensor {tensor.name!r} cannot be read ({first_line(error)}). Export the model again"
        ) from None


def _check_inputs(inputs: list[Any], source: str, types: Collection[int]) -> None:
    if not 0 < len(inputs) <= MOST_INPUTS:
        raise ModelError(
            f"{source!r} has {len(inputs)} inputs, but an ONNX network must have 1 to {MOST_INPUTS} inputs. Export "
            "the network with an allowed number of inputs"
        )
    for one in inputs:
        kind = one.type.tensor_type
        if kind.elem_type not in types:
            raise ModelError(
                f"{source!r}: the input {one.name!r} has an unsupported type; inputs must be floats or integers. Encode other "
                "values before they are passed to the network, and export the network again"
            )
        dims = list(kind.shape.dim)
        if len(dims) not in (1, 2) or not all(dim.dim_value > 0 for dim in dims[1:]):
            raise ModelError(
                f"{source!r}: the input {one.name!r} has the shape {_shape(dims)}; the shape must be (rows, columns) or (rows,), "
                "with a fixed number of columns. Export the model with a sample of the encoded rows as its example input"
            )


def _shape(dims: list[Any]) -> str:
    return f"({', '.join(str(dim.dim_value or dim.dim_param or '?') for dim in dims)})"


def _check_sizes(proto: Any, source: str, onnx: Any, stated: Sequence[Any] = ()) -> None:
    """Check the size that every value would have if the model were run on `ROWS` rows. Raise an error if a size is known only
    when the model runs.

    `stated` contains shapes, also for `ROWS` rows, that onnx cannot infer.
    """
    fixed = for_any_rows(proto, ROWS)
    fixed.graph.value_info.extend(stated)
    for one in fixed.graph.output:
        one.type.tensor_type.ClearField("shape")
    _check_propagated(_inferred(fixed, source, onnx, data_prop=False).graph, source)
    known = _inferred(fixed, source, onnx, data_prop=True)
    _check_divisions(known.graph, source, onnx)
    shapes = {one.name: _dims(one) for one in [*known.graph.input, *known.graph.value_info, *known.graph.output]}
    shapes |= {one.name: _dims(one) for one in stated}
    shapes |= {one.name: list(one.dims) for one in fixed.graph.initializer}
    counts = {name: None if dims is None else math.prod(dims) for name, dims in shapes.items()}
    sizes = {one.name: math.prod(one.dims) for one in fixed.graph.initializer}
    moving = {one.name for one in fixed.graph.input} - set(sizes)
    sizes |= {name: counts[name] or 0 for name in moving}
    totals = {True: 0, False: 0}  # entries of values that depend on rows, and of other values
    products = {True: 0, False: 0}  # multiplications, in the same way
    for node in fixed.graph.node:
        moves = any(name in moving for name in node.input)
        for name in filter(None, node.output):
            this_value = f"{source!r}: the value {name!r} ({node.op_type})"
            size = counts.get(name)
            if size is None and node.op_type in KEEPING:
                size = sizes.get(node.input[0])
            if size is None:
                raise ModelError(
                    f"{this_value} has a size that is known only when the model runs. Export the model with fixed shapes; only "
                    "the number of rows may vary"
                )
            check_value(size, moves, this_value)
            sizes[name] = size
            moving |= {name} if moves else set()
            totals[moves] += size
        given = [shapes.get(name) or [sizes.get(name, 0)] for name in node.input]
        products[moves] += _products(node, given, max((sizes[one] for one in node.output if one), default=0), onnx)
    check_value(totals[False], False, f"{source!r}: all constants together")
    check_total(totals[True], repr(source))
    for moves, count in products.items():
        check_products(count, moves, repr(source))


def _inferred(proto: Any, source: str, onnx: Any, data_prop: bool) -> Any:
    """Infer the shapes of the values in the model, and return the model with these shapes. If `data_prop` is true, also infer the
    shapes that depend on integers computed in the model.
    """
    try:
        return onnx.shape_inference.infer_shapes(proto, data_prop=data_prop)
    except Exception as error:  # its own error types differ between versions
        raise ModelError(
            f"{source!r}: its tensor shapes are inconsistent ({first_line(error)}). Export the model again"
        ) from None


def _check_propagated(graph: Any, source: str) -> None:
    """Check the number of integers that onnx would compute to infer shapes. The number is limited because onnx stores each
    integer as an object.
    """
    stated = [one for one in [*graph.value_info, *graph.output] if one.type.tensor_type.elem_type in WHOLE]
    total = sum(math.prod(_dims(one) or [0]) for one in stated if len(one.type.tensor_type.shape.dim) < 2)
    if total > PROPAGATED:
        raise ModelError(
            f"{source!r}: inferring the shapes of its tensors would require computing {total:,} integers; the limit is "
            f"{PROPAGATED:,}. Use shorter ranges and lists of indices in the network"
        )


def _check_divisions(graph: Any, source: str, onnx: Any) -> None:
    """Raise an error for integer division by anything other than a positive constant. Dividing the smallest integer by -1 would
    crash the process.
    """
    types = {one.name: one.type.tensor_type.elem_type for one in [*graph.input, *graph.value_info, *graph.output]}
    held = {one.name: one for one in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            value = onnx.helper.get_attribute_value(node.attribute[0])
            held[node.output[0]] = value if node.attribute[0].name == "value" else np.asarray(value)
        if node.op_type != "Div":
            continue
        divisor = held.get(node.input[1])
        values = onnx.numpy_helper.to_array(divisor) if hasattr(divisor, "dims") else divisor
        is_float = types.get(node.output[0]) in REAL
        if not is_float and (values is None or not bool((values > 0).all())):
            raise UnsafeFileError(
                f"{source!r} computes {node.output[0]!r} by dividing integers by values that may be zero or negative, which "
                "can crash the process. Divide floats, or divide by a positive constant"
            )


def _dims(one: Any) -> list[int] | None:
    """Return the shape of a value; None if a part of it is unknown."""
    kind = one.type.tensor_type
    if not kind.HasField("shape") or not all(dim.HasField("dim_value") for dim in kind.shape.dim):
        return None
    return [int(dim.dim_value) for dim in kind.shape.dim]


def _products(node: Any, given: list[list[int]], size: int, onnx: Any) -> int:
    """Return the maximum number of multiplications (or comparisons in pooling windows) of a node with `size` output entries.

    Operators that neither multiply nor pool need only a few steps per input or output entry. These entries are counted elsewhere.
    `given` contains the shape of each input. If only the number of entries is known, the shape has this number as its single
    dimension.
    """
    settings = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
    if node.op_type in ("MaxPool", "AveragePool"):
        return size * int(math.prod(max(1, side) for side in settings.get("kernel_shape", [])))
    if node.op_type in ("MatMul", "Gemm"):
        return size * given[0][0 if settings.get("transA") and len(given[0]) > 1 else -1]
    if node.op_type in ("Max", "Mean", "Min", "Sum"):  # of any number of inputs, which may be repeated
        return size * len(node.input)
    if node.op_type == "Einsum":
        return _einsum_products(settings["equation"].decode(), given)
    return 0


def _einsum_products(equation: str, given: list[list[int]]) -> int:
    """Return the maximum number of multiplications of an Einsum operator. This is the product of the sizes of all indices,
    including the dimensions that an ellipsis covers.
    """
    sizes: dict[str, int] = {}
    rest = 1
    for term, dims in zip(equation.replace(" ", "").split("->")[0].split(","), given, strict=False):
        before, dots, after = term.partition("...")
        if len(dims) < len(before) + len(after):  # its shape is unknown
            rest *= math.prod(dims)
            continue
        middle = dims[len(before) : len(dims) - len(after)]
        rest = max(rest, math.prod(middle)) if dots else rest
        for letter, length in [
            *zip(before, dims, strict=False),
            *zip(after, dims[len(dims) - len(after) :], strict=False),
        ]:
            sizes[letter] = max(sizes.get(letter, 1), length)
    return rest * math.prod(sizes.values())
