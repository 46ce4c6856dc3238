"""Conversion of an ONNX graph to a torch Sequential, if it is a chain of layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tabinterp.document.message import why
from tabinterp.models.affine_front import linear

Values = dict[str, NDArray[Any]]  # the constants of a graph, by name

Constants = list[NDArray[Any] | None]  # of a node's inputs; None for one that is computed
WIDEST_DIAGONAL = 4096  # columns: a layer of their own takes the square of it


class NoChainError(Exception):
    """Why a graph is not a chain of layers."""


def sequence(graph: Any, values: Values, attributes: Callable[[Any], dict[str, Any]], output: str) -> nn.Sequential:
    """Return the graph between its only input and `output` as layers.

    Raises
    ------
    NoChainError
        when anything but one layer after another leads from the input to the output.
    """
    inputs = [one.name for one in graph.input if one.name not in values]
    if len(inputs) != 1:
        raise NoChainError(why("opaque.chain.inputs", inputs=len(inputs)))
    makers = {node.output[0]: node for node in graph.node}
    chain: list[Any] = []
    name = output
    while name != inputs[0]:
        node = makers.get(name)
        before = [] if node is None else [one for one in node.input if one and one not in values]
        if node is None or len(before) != 1:
            raise NoChainError(
                why("opaque.chain.nothing", name=name) if node is None else why("opaque.chain", kind=node.op_type)
            )
        chain.append(node)
        name = before[0]
    layers: list[nn.Module] = []
    for node in reversed(chain):
        layers += _layers(node, values, attributes(node), layers)
    return nn.Sequential(*layers)


def _layers(node: Any, values: Values, settings: dict[str, Any], before: list[nn.Module]) -> list[nn.Module]:
    constants = [values.get(name) for name in node.input]
    if node.op_type in ACTIVATIONS:
        return [ACTIVATIONS[node.op_type](settings)]
    if node.op_type in MAKERS:
        return MAKERS[node.op_type](constants, settings)
    if node.op_type in ("Add", "Sub", "Mul", "Div"):
        return _arithmetic(node.op_type, constants, before)
    if node.op_type in PASSED:
        return []
    raise NoChainError(why("opaque.chain.holds", kind=node.op_type))


def _gemm(constants: Constants, settings: dict[str, Any]) -> list[nn.Module]:
    weight = constants[1]
    if weight is None or settings.get("transA", 0):
        raise NoChainError(why("opaque.chain.gemm"))
    matrix = _tensor(weight) if settings.get("transB", 0) else _tensor(weight).T
    bias = constants[2] if len(constants) > 2 else None
    height = matrix.shape[0]
    added = None if bias is None else _tensor(np.broadcast_to(bias.reshape(-1), (height,))) * settings.get("beta", 1.0)
    return [linear(matrix * settings.get("alpha", 1.0), added)]


def _matmul(constants: Constants, settings: dict[str, Any]) -> list[nn.Module]:
    if constants[1] is None:
        raise NoChainError(why("opaque.chain.matmul"))
    return [linear(_tensor(constants[1]).T, None)]


def _norm(constants: Constants, settings: dict[str, Any]) -> list[nn.Module]:
    if settings.get("training_mode", 0) or any(one is None for one in constants[1:5]):
        raise NoChainError(why("opaque.chain.norm"))
    scale, shift, mean, variance = (_tensor(one) for one in constants[1:5] if one is not None)
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


def _arithmetic(kind: str, constants: Constants, before: list[nn.Module]) -> list[nn.Module]:
    """Return a constant added to, or times, each column: folded into a layer before, or a diagonal layer of its own."""
    constant = constants[1] if constants[0] is None else constants[0]
    if constant is None or (constants[0] is not None and kind in ("Sub", "Div")):
        raise NoChainError(why("opaque.chain.computed", kind=kind))
    last = before[-1] if before else None
    width = last.out_features if isinstance(last, nn.Linear) else constant.size
    wide = not isinstance(last, nn.Linear) and width > WIDEST_DIAGONAL
    if constant.size not in (1, width) or (constant.size == 1 and not isinstance(last, nn.Linear)) or wide:
        raise NoChainError(why("opaque.chain.shape", kind=kind, shape=str(constant.shape)))
    value = _tensor(np.broadcast_to(constant.reshape(-1), (width,)))
    zero, one = torch.zeros_like(value), torch.ones_like(value)
    scale, shift = {
        "Add": (one, value), "Sub": (one, -value), "Mul": (value, zero), "Div": (1 / value, zero)
    }[kind]  # fmt: skip
    if isinstance(last, nn.Linear):
        before.pop()
        bias = zero if last.bias is None else last.bias.detach() * scale
        return [linear(last.weight.detach() * scale[:, None], bias + shift)]
    return [linear(torch.diag(scale), shift)]


def _tensor(values: NDArray[Any]) -> Tensor:
    if not np.issubdtype(values.dtype, np.floating):
        raise NoChainError(why("opaque.chain.type", type=str(values.dtype)))
    return torch.as_tensor(np.array(values, dtype=np.float64 if values.dtype == np.float64 else np.float32))


# Change no value; a change of shape that matters shows in the answers, which are compared.
PASSED = ("Identity", "Dropout", "Cast", "Flatten", "Reshape", "Squeeze")

MAKERS: dict[str, Callable[[Constants, dict[str, Any]], list[nn.Module]]] = {
    "Gemm": _gemm,
    "MatMul": _matmul,
    "BatchNormalization": _norm,
}

ACTIVATIONS: dict[str, Callable[[dict[str, Any]], nn.Module]] = {
    "Relu": lambda settings: nn.ReLU(),
    "Tanh": lambda settings: nn.Tanh(),
    "Sigmoid": lambda settings: nn.Sigmoid(),
    "LeakyRelu": lambda settings: nn.LeakyReLU(settings.get("alpha", 0.01)),
    "Elu": lambda settings: nn.ELU(settings.get("alpha", 1.0)),
    "Selu": lambda settings: nn.SELU(),
    "Gelu": lambda settings: nn.GELU(approximate=settings.get("approximate", "none")),
    "Softplus": lambda settings: nn.Softplus(),
    "Softsign": lambda settings: nn.Softsign(),
    "HardSwish": lambda settings: nn.Hardswish(),
    "Softmax": lambda settings: nn.Softmax(dim=settings.get("axis", -1)),
}
