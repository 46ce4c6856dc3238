"""Adapter for ONNX: all analyses if the graph is a plain perceptron, otherwise those without gradients, through
onnxruntime.

An ONNX file holds no code, but it names operators, and its weights may lie in other files. What may not be in it is refused by
`onnx_check.py` before anything is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabinterp.arrays import FloatArray
from tabinterp.document.message import why
from tabinterp.errors import ModelError, argument, first_line
from tabinterp.models.model import Model

from .external_runtime import Outside, Run
from .external_runtime import wrap as wrap_outside
from .onnx_check import TYPES, check, for_any_rows, library, output
from .onnx_graph import NoChainError, Values, sequence

LARGEST = 1 << 29


def is_model(model: Any) -> bool:
    """Return whether this is an onnx.ModelProto, without importing onnx."""
    return type(model).__name__ == "ModelProto" and type(model).__module__.startswith("onnx")


def read(data: bytes, source: str | Path) -> Any:
    """Return the onnx.ModelProto in a file's bytes; `wrap` checks it.

    Raises
    ------
    ModelError
        Where the file is damaged or larger than the limit.
    """
    onnx = library("onnx")
    if len(data) > LARGEST:
        raise ModelError(
            f"{str(source)!r} has {len(data):,} bytes; the limit for ONNX models is {LARGEST:,}. Run the model in a function "
            "of your own, and wrap that function"
        )
    try:
        return onnx.load_model_from_string(data)
    except Exception as error:  # a damaged message raises whatever it hits first
        raise ModelError(f"{str(source)!r} cannot be read as an ONNX model ({error}). Export the model again") from None


def wrap(
    proto: Any,
    encoder: Any,
    classes: Sequence[Any] | None,
    task: str | None,
    outputs: str | None,
    name: str | None = None,
    source: str = "the ONNX model",
) -> Model:
    """Check an onnx.ModelProto and wrap it behind an encoder (one for each input) as a `Model`."""
    onnx = library("onnx")
    check(proto, source)
    values = _constants(proto, onnx)
    inputs = [one for one in proto.graph.input if one.name not in values]
    result = output(proto)
    last = _last(proto, result)
    try:
        chain = sequence(proto.graph, values, lambda node: _attributes(node, onnx), result)
        opaque = None
    except NoChainError as error:
        chain, opaque = None, why("opaque.onnx", chain=error.args[0])
    network = Outside(
        name=str(proto.graph.name or "ONNX network"),
        library=f"ONNX, onnxruntime {library('onnxruntime').__version__}",
        run=_runner(proto, inputs, result),
        sequence=chain,
        opaque=opaque,
        outputs="probabilities" if last in ("Sigmoid", "Softmax") else "logits",
        weights=[one for one in values.values() if np.issubdtype(one.dtype, np.floating)],
    )
    return wrap_outside(network, encoder, classes, task, outputs, name)


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


def _last(proto: Any, result: str) -> str:
    makers = {name: node for node in proto.graph.node for name in node.output}
    node = makers.get(result)
    while node is not None and node.op_type in ("Identity", "Cast", "Reshape", "Squeeze", "Flatten"):
        node = makers.get(node.input[0])
    return "" if node is None else str(node.op_type)


def _runner(proto: Any, inputs: list[Any], result: str) -> Run:
    """Run a checked model, which onnxruntime is given as bytes: it has no folder in which it could look for other files."""
    runtime = library("onnxruntime")
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 4
    try:
        session = runtime.InferenceSession(
            for_any_rows(proto).SerializeToString(), settings, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its own error types differ between versions
        raise ModelError(
            f"onnxruntime {runtime.__version__} cannot load this ONNX model. Install a newer version of onnxruntime, or "
            f"export the model with an older opset. The error was: {first_line(error)}"
        ) from None
    types = [TYPES[one.type.tensor_type.elem_type] for one in inputs]
    flat = [len(one.type.tensor_type.shape.dim) == 1 for one in inputs]

    def run(encoded: list[FloatArray]) -> NDArray[Any]:
        if len(encoded) != len(inputs):
            raise ModelError(
                f"the number of inputs of the ONNX model is {len(inputs)}, but the number of encoders in "
                f"{argument('encoder')} is {len(encoded)}. Pass one encoder for each input"
            )
        feed = {
            one.name: x.reshape(-1).astype(kind) if narrow else x.astype(kind)
            for one, x, kind, narrow in zip(inputs, encoded, types, flat, strict=True)
        }
        return np.asarray(session.run([result], feed)[0])

    return run
