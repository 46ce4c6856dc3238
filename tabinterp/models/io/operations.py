"""The operations other than layers that a network loaded from a file may use."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as f


@dataclass(frozen=True)
class Operation:
    """An operation that a network in a file may use.

    `target` is a function or the name of a tensor method. The operation takes from `least` to `most` positional arguments, and
    the named arguments in `settings`.

    `alike` contains other functions and tensor methods that return the same result for the same values. If `numbers` is true, the
    operation accepts numbers, but not lists, in place of tensors.
    """

    target: Any
    least: int
    most: int
    settings: tuple[str, ...] = ()
    alike: tuple[Any, ...] = ()
    numbers: bool = False

    @property
    def is_method(self) -> bool:
        return isinstance(self.target, str)


def _two(target: Any, *alike: Any) -> Operation:
    return Operation(target, 2, 2, alike=alike, numbers=True)


def _one(target: Any, *alike: Any) -> Operation:
    return Operation(target, 1, 1, alike=alike)


DIMS = ("dim", "keepdim")
OPERATIONS: dict[str, Operation] = {  # name in the file -> operation
    # arithmetic
    "add": _two(operator.add, torch.add, operator.iadd, "add"),
    "sub": _two(operator.sub, torch.sub, operator.isub, "sub"),
    "mul": _two(operator.mul, torch.mul, operator.imul, "mul"),
    "div": _two(operator.truediv, torch.div, operator.itruediv, "div"),
    "pow": _two(operator.pow, torch.pow, "pow"),
    "neg": _one(operator.neg, torch.neg, "neg"),
    "matmul": _two(operator.matmul, torch.matmul, torch.mm, torch.bmm, "matmul", "mm", "bmm"),
    "linear": Operation(f.linear, 2, 3, ("bias",)),
    "maximum": _two(torch.maximum, "maximum"),
    "minimum": _two(torch.minimum, "minimum"),
    "clamp": Operation(torch.clamp, 1, 3, ("min", "max"), ("clamp", torch.clip, "clip")),
    "abs": _one(torch.abs, "abs", abs),
    "exp": _one(torch.exp, "exp"),
    "log": _one(torch.log, "log"),
    "log1p": _one(torch.log1p, "log1p"),
    "erf": _one(torch.erf, torch.special.erf, "erf"),
    "sqrt": _one(torch.sqrt, "sqrt"),
    "square": _one(torch.square, "square"),
    "sin": _one(torch.sin, "sin"),
    "cos": _one(torch.cos, "cos"),
    # activations
    "relu": _one(f.relu, torch.relu, "relu"),
    "tanh": _one(torch.tanh, f.tanh, "tanh"),
    "sigmoid": _one(torch.sigmoid, f.sigmoid, "sigmoid"),
    "softmax": Operation(torch.softmax, 1, 2, ("dim",), (f.softmax, "softmax")),
    "log_softmax": Operation(torch.log_softmax, 1, 2, ("dim",), (f.log_softmax, "log_softmax")),
    "logsigmoid": _one(f.logsigmoid),
    "gelu": Operation(f.gelu, 1, 1, ("approximate",)),
    "silu": _one(f.silu),
    "elu": Operation(f.elu, 1, 2, ("alpha",)),
    "celu": Operation(f.celu, 1, 2, ("alpha",)),
    "selu": _one(f.selu, torch.selu),
    "leaky_relu": Operation(f.leaky_relu, 1, 2, ("negative_slope",)),
    "mish": _one(f.mish),
    "softplus": Operation(f.softplus, 1, 3, ("beta", "threshold")),
    "softsign": _one(f.softsign),
    "hardtanh": Operation(f.hardtanh, 1, 3, ("min_val", "max_val")),
    "hardswish": _one(f.hardswish),
    "relu6": _one(f.relu6),
    # layers as functions
    "layer_norm": Operation(f.layer_norm, 2, 5, ("weight", "bias", "eps")),
    "dropout": Operation(f.dropout, 1, 3, ("p", "training")),
    "embedding": Operation(f.embedding, 2, 2),
    "one_hot": Operation(f.one_hot, 2, 2, ("num_classes",)),
    "attention": Operation(f.scaled_dot_product_attention, 3, 3),
    # combinations and selections of values
    "cat": Operation(torch.cat, 1, 2, ("dim",), (torch.concat, torch.concatenate)),
    "stack": Operation(torch.stack, 1, 2, ("dim",)),
    "getitem": Operation(operator.getitem, 2, 2),
    "split": Operation("split", 2, 3, ("dim",), (torch.split,)),
    "chunk": Operation("chunk", 2, 3, ("dim",), (torch.chunk,)),
    "unbind": Operation("unbind", 1, 2, ("dim",), (torch.unbind,)),
    "select": Operation("select", 3, 3, alike=(torch.select,)),
    "narrow": Operation("narrow", 4, 4, alike=(torch.narrow,)),
    "sum": Operation("sum", 1, 3, DIMS, (torch.sum,)),
    "mean": Operation("mean", 1, 3, DIMS, (torch.mean,)),
    "amax": Operation("amax", 2, 3, DIMS, (torch.amax,)),
    "amin": Operation("amin", 2, 3, DIMS, (torch.amin,)),
    # shapes
    "reshape": Operation("reshape", 2, 9, alike=(torch.reshape, "view")),
    "flatten": Operation("flatten", 1, 3, ("start_dim", "end_dim"), (torch.flatten,)),
    "squeeze": Operation("squeeze", 1, 2, ("dim",), (torch.squeeze,)),
    "unsqueeze": Operation("unsqueeze", 2, 2, ("dim",), (torch.unsqueeze,)),
    "transpose": Operation("transpose", 3, 3, alike=(torch.transpose,)),
    "permute": Operation("permute", 2, 9, alike=(torch.permute,)),
    "expand": Operation("expand", 2, 9),
    "repeat": Operation("repeat", 2, 9),
    "size": Operation("size", 1, 2),
    "contiguous": _one("contiguous"),
    "clone": _one("clone", torch.clone),
    "detach": _one("detach", torch.detach),
    # kinds of numbers, and comparisons
    "long": _one("long"),
    "int": _one("int"),
    "float": _one("float"),
    "double": _one("double"),
    "to": Operation("to", 1, 2, ("dtype",)),
    "round": _one(torch.round, "round"),
    "floor": _one(torch.floor, "floor"),
    "eq": _two(operator.eq, torch.eq, "eq"),
    "ne": _two(operator.ne, torch.ne, "ne"),
    "gt": _two(operator.gt, torch.gt, "gt"),
    "ge": _two(operator.ge, torch.ge, "ge"),
    "lt": _two(operator.lt, torch.lt, "lt"),
    "le": _two(operator.le, torch.le, "le"),
    "where": Operation(torch.where, 3, 3),
}
NAMES: dict[Any, str] = {target: name for name, op in OPERATIONS.items() for target in (op.target, *op.alike)}
DTYPES = {
    str(t).removeprefix("torch."): t for t in (torch.float32, torch.float64, torch.int64, torch.int32, torch.bool)
}
WORDS = ("none", "tanh")  # the only texts that operations accept
