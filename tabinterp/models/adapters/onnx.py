"""Adapter for ONNX. A graph that can be converted to torch supports all analyses. Other graphs run in onnxruntime and support the
analyses that need no gradients.

An ONNX file contains no Python code, but it states which operators to run, and its weights may be in other files. `onnx_check.py`
therefore rejects unsafe contents before the model is run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tabinterp.arrays import FloatArray
from tabinterp.document.message import Message, why
from tabinterp.errors import ModelError, argument
from tabinterp.models.model import Model
from tabinterp.models.multi_input import Form

from .external_runtime import Outside, Run
from .external_runtime import wrap as wrap_outside
from .onnx_check import FLOATS, TYPES, attributes, check, constants, is_pipeline, library, opset, output, session_of
from .onnx_graph import Input, NoModuleError, as_module
from .onnx_pipeline import wrap as wrap_pipeline

LARGEST = 1 << 29


def is_model(model: Any) -> bool:
    """Return whether an object is an onnx.ModelProto, without importing onnx."""
    return type(model).__name__ == "ModelProto" and type(model).__module__.startswith("onnx")


def read(data: bytes, source: str | Path) -> Any:
    """Parse the bytes of a file as an onnx.ModelProto. The contents of the model are checked later, by `wrap`.

    Raises
    ------
    ModelError
        The file is damaged or larger than the limit.
    """
    onnx = library("onnx")
    if len(data) > LARGEST:
        raise ModelError(
            f"{str(source)!r} is {len(data):,} bytes long; the limit for ONNX models is {LARGEST:,} bytes. Write a function that "
            "runs the model, and wrap that function"
        )
    try:
        return onnx.load_model_from_string(data)
    except Exception as error:  # a damaged message can raise any error
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
    """Check an onnx.ModelProto, and wrap it with an encoder (one for each input) as a `Model`."""
    if is_pipeline(proto):
        return wrap_pipeline(proto, encoder, classes, task, outputs, name, source)
    check(proto, source)
    values = constants(proto)
    inputs = [one for one in proto.graph.input if one.name not in values]
    encoder = _in_order(encoder, [one.name for one in inputs])
    result = output(proto)
    last = _last(proto, result)
    stated = [_input(one) for one in inputs]
    module: nn.Module | None = None
    opaque: Message | None = None
    try:
        module = as_module(proto.graph.node, values, attributes, stated, result, _precision(inputs), opset(proto))
    except NoModuleError as error:
        opaque = why("opaque.onnx", chain=error.args[0])
    network = Outside(
        name=str(proto.graph.name or "ONNX network"),
        library=f"ONNX, onnxruntime {library('onnxruntime').__version__}",
        run=_runner(proto, inputs, result),
        module=module,
        opaque=opaque,
        outputs="probabilities" if last in ("Sigmoid", "Softmax") else "logits",
        weights=[one for one in values.values() if np.issubdtype(one.dtype, np.floating)],
        widths=tuple(one.width or 1 for one in stated),
        forms=tuple(Form(whole=one.whole, flat=one.width is None) for one in stated),
    )
    return wrap_outside(network, encoder, classes, task, outputs, name)


def _in_order(encoder: Any, inputs: list[str]) -> Any:
    """Return the encoders in the order of the inputs, whether they are given as a list or by name. Raise an error if their number
    or their names do not match the inputs.
    """
    if isinstance(encoder, Mapping):
        if {*encoder} != {*inputs}:
            raise ModelError(
                f"the inputs of the ONNX model are {', '.join(inputs)}, but the keys of {argument('encoder')} are "
                f"{', '.join(map(str, encoder))}. Pass one encoder for each input, with the name of the input as its key"
            )
        return [encoder[name] for name in inputs]
    given = len(encoder) if isinstance(encoder, (list, tuple)) else 1
    if encoder is not None and given not in (0, len(inputs)):
        raise ModelError(
            f"{argument('encoder')} must contain one encoder for each input of the ONNX model ({', '.join(inputs)}); got "
            f"{given}. Pass a list of encoders in this order, or a dict with these names as keys"
        )
    return encoder


def _input(one: Any) -> Input:
    dims = one.type.tensor_type.shape.dim
    width = dims[1].dim_value if len(dims) == 2 else None
    return Input(one.name, width, one.type.tensor_type.elem_type not in FLOATS)


def _precision(inputs: list[Any]) -> torch.dtype:
    double = any(TYPES[one.type.tensor_type.elem_type] is np.float64 for one in inputs)
    return torch.float64 if double else torch.float32


def _last(proto: Any, result: str) -> str:
    makers = {name: node for node in proto.graph.node for name in node.output}
    node = makers.get(result)
    while node is not None and node.op_type in ("Identity", "Cast", "Reshape", "Squeeze", "Flatten"):
        node = makers.get(node.input[0])
    return "" if node is None else str(node.op_type)


def _runner(proto: Any, inputs: list[Any], result: str) -> Run:
    """Return a function that runs a checked model in onnxruntime and returns the output named `result`."""
    session = session_of(proto)
    types = [TYPES[one.type.tensor_type.elem_type] for one in inputs]
    flat = [len(one.type.tensor_type.shape.dim) == 1 for one in inputs]

    def run(encoded: list[FloatArray]) -> NDArray[Any]:
        feed = {
            one.name: x.reshape(-1).astype(kind) if narrow else x.astype(kind)
            for one, x, kind, narrow in zip(inputs, encoded, types, flat, strict=True)
        }
        return np.asarray(session.run([result], feed)[0])

    return run
