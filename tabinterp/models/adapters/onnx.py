"""ONNX: every reading where the graph is a plain perceptron, otherwise those that need no gradient, through onnxruntime.

An ONNX file holds no code, but it names operators, and its weights may lie in other files. Custom operators, external
data, functions and subgraphs are refused before anything is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError, UnsafeFileError
from ...sentence import why
from ...table.draws import FloatArray
from ..model import Model
from .onnx_graph import NoChainError, Values, sequence
from .outside import Outside, Run
from .outside import wrap as wrap_outside

LARGEST = 1 << 29
STANDARD = ("", "ai.onnx")
TYPES = {1: np.float32, 11: np.float64, 7: np.int64, 6: np.int32}
# What a feed-forward network is made of: nothing random, no loops, no strings.
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


def is_model(model: Any) -> bool:
    """Whether this is an onnx.ModelProto, found without importing onnx."""
    return type(model).__name__ == "ModelProto" and type(model).__module__.startswith("onnx")


def read(data: bytes, source: str | Path) -> Any:
    """An onnx.ModelProto from a file's bytes, checked; nothing is run and no other file is opened.

    Raises
    ------
    ModelError
        when the file is damaged or larger than the limit.
    UnsafeFileError
        when it names operators that are not on the list, functions, subgraphs or external data.
    """
    onnx = _library("onnx")
    if len(data) > LARGEST:
        raise ModelError(f"{str(source)!r} is larger than {LARGEST:,} bytes")
    try:
        proto = onnx.load_model_from_string(data)
    except Exception as error:  # a damaged message raises whatever it hits first
        raise ModelError(f"{str(source)!r} cannot be read as ONNX: {error}") from None
    _check(proto, str(source), onnx)
    return proto


def wrap_file(
    path: Path,
    *,
    encoder: Any = "passthrough",
    classes: Sequence[Any] | None = None,
    task: str | None = None,
    outputs: str | None = None,
    name: str | None = None,
) -> Model:
    """An ONNX file as a `Model`; without an encoder it reads the numeric columns as they are."""
    if path.stat().st_size > LARGEST:
        raise ModelError(f"{str(path)!r} is larger than {LARGEST:,} bytes")
    return wrap(read(path.read_bytes(), path), encoder, classes, task, outputs, name)


def wrap(
    proto: Any,
    encoder: Any,
    classes: Sequence[Any] | None,
    task: str | None,
    outputs: str | None,
    name: str | None = None,
) -> Model:
    """An onnx.ModelProto behind an encoder (one for each input) as a `Model`."""
    onnx = _library("onnx")
    _check(proto, "the ONNX model", onnx)
    values = _constants(proto, onnx)
    inputs = [one for one in proto.graph.input if one.name not in values]
    output = _output(proto)
    last = _last(proto, output)
    try:
        chain = sequence(proto.graph, values, lambda node: _attributes(node, onnx), output)
        opaque = None
    except NoChainError as error:
        chain, opaque = None, why("opaque.onnx", chain=error.args[0])
    network = Outside(
        name=str(proto.graph.name or "ONNX network"),
        library=f"ONNX, onnxruntime {_library('onnxruntime').__version__}",
        run=_runner(proto, inputs, output),
        sequence=chain,
        opaque=opaque,
        outputs="probabilities" if last in ("Sigmoid", "Softmax") else "logits",
        weights=[one for one in values.values() if np.issubdtype(one.dtype, np.floating)],
    )
    return wrap_outside(network, encoder, classes, task, outputs, name)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise ModelError(f"ONNX models need the package {name}: pip install 'tabinterp[onnx]'") from None


def _check(proto: Any, source: str, onnx: Any) -> None:
    _check_operators(proto, source)
    if any(one.data_location == onnx.TensorProto.EXTERNAL for one in _tensors(proto)):
        raise UnsafeFileError(
            f"{source!r} keeps weights in other files, which are never opened; save it as one file: "
            f"onnx.save(model, path, save_as_external_data=False)"
        )
    try:
        onnx.checker.check_model(proto)
    except Exception as error:  # the checker's own error types differ between versions
        raise ModelError(f"{source!r} is not a valid ONNX model: {str(error).splitlines()[0]}") from None
    for one in proto.graph.initializer:
        values = onnx.numpy_helper.to_array(one)
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            raise ModelError(f"{source!r}: {one.name} holds values that are not finite")


def _check_operators(proto: Any, source: str) -> None:
    domains = {one.domain for one in proto.opset_import} | {node.domain for node in proto.graph.node}
    custom = sorted(domains - set(STANDARD) - {"ai.onnx.ml"})
    used = {node.op_type for node in proto.graph.node if node.domain in STANDARD}
    unknown = sorted(used - OPERATORS) + sorted(
        {f"ai.onnx.ml.{node.op_type}" for node in proto.graph.node if node.domain not in STANDARD}
    )
    nested = any(a.HasField("g") or a.graphs for node in proto.graph.node for a in node.attribute)
    found = [
        *(f"operators of the domain {domain!r}" for domain in custom),
        *(f"the operator {name}" for name in unknown),
        *(["functions of its own"] if proto.functions else []),
        *(["subgraphs"] if nested else []),
    ]
    if found:
        raise UnsafeFileError(f"{source!r} holds {', '.join(found)}; only standard ONNX operators on a list are run")


def _tensors(proto: Any) -> list[Any]:
    held = [a.t for node in proto.graph.node for a in node.attribute if a.HasField("t")]
    sparse = [t for one in proto.graph.sparse_initializer for t in (one.values, one.indices)]
    return [*proto.graph.initializer, *held, *sparse]


def _constants(proto: Any, onnx: Any) -> Values:
    values = {one.name: onnx.numpy_helper.to_array(one) for one in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type == "Constant":
            value = next(iter(_attributes(node, onnx).values()))
            values[node.output[0]] = (
                onnx.numpy_helper.to_array(value) if hasattr(value, "data_type") else np.asarray(value)
            )
        elif node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
        elif node.op_type == "Transpose" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]].transpose(_attributes(node, onnx).get("perm"))
    return values


def _attributes(node: Any, onnx: Any) -> dict[str, Any]:
    found = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in found.items()}


def _output(proto: Any) -> str:
    """The one output of floats."""
    floats = [one.name for one in proto.graph.output if one.type.tensor_type.elem_type in (1, 11)]
    if len(floats) != 1:
        names = ", ".join(one.name for one in proto.graph.output)
        raise ModelError(
            f"an ONNX network has one output of floats, its scores or probabilities; this one has: {names}"
        )
    return str(floats[0])


def _last(proto: Any, output: str) -> str:
    makers = {name: node for node in proto.graph.node for name in node.output}
    node = makers.get(output)
    while node is not None and node.op_type in ("Identity", "Cast", "Reshape", "Squeeze", "Flatten"):
        node = makers.get(node.input[0])
    return "" if node is None else str(node.op_type)


def _runner(proto: Any, inputs: list[Any], output: str) -> Run:
    runtime = _library("onnxruntime")
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 4
    session = runtime.InferenceSession(
        _any_rows(proto).SerializeToString(), settings, providers=["CPUExecutionProvider"]
    )
    types = [TYPES.get(one.type.tensor_type.elem_type) for one in inputs]
    if None in types:
        raise ModelError(f"inputs of an ONNX network are floats or integers; {inputs[types.index(None)].name!r} is not")
    flat = [len(one.type.tensor_type.shape.dim) == 1 for one in inputs]

    def run(encoded: list[FloatArray]) -> NDArray[Any]:
        if len(encoded) != len(inputs):
            raise ModelError(f"it has {len(inputs)} inputs, and encoder= names {len(encoded)}")
        feed = {
            one.name: x.reshape(-1).astype(kind) if narrow else x.astype(kind)
            for one, x, kind, narrow in zip(inputs, encoded, types, flat, strict=True)
        }
        return np.asarray(session.run([output], feed)[0])

    return run


def _any_rows(proto: Any) -> Any:
    """A copy that takes any number of rows, also where it was exported for one."""
    free = type(proto)()
    free.CopyFrom(proto)
    del free.graph.value_info[:]
    for one in [*free.graph.input, *free.graph.output]:
        if one.type.tensor_type.HasField("shape") and one.type.tensor_type.shape.dim:
            one.type.tensor_type.shape.dim[0].dim_param = "rows"
    return free
