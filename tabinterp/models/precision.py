"""Conversion of networks to another floating-point precision, including networks whose forward methods cast values.

`module.to(dtype)` converts only weights: after `x.float()` or `x.to(torch.bfloat16)` in the forward method, weights and values
would have different precisions. Here, such casts are redirected to the target precision: in the graph if the network is
traced, otherwise at run time. Values that `torch.autocast` computes in half precision are not changed.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.overrides import TorchFunctionMode

from .black_box import FunctionModule

CASTS = (
    "float",
    "double",
    "half",
    "bfloat16",
    "type_as",
)  # methods that return floating-point numbers, as `to` and `type` can


def in_precision(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Convert a module to a floating-point precision in place, and return it. The module is wrapped if casts must be redirected
    at run time.
    """
    dtypes = {one.dtype for one in module.parameters() if one.is_floating_point()}
    module = module.to(dtype)
    if isinstance(module, fx.GraphModule):
        return _rewritten(module, dtype)
    is_function = any(isinstance(part, FunctionModule) for part in module.modules())  # its precision is not changed
    return module if is_function or dtypes <= {torch.float32} == {dtype} else Watched(module, dtype)


def _rewritten(graph: fx.GraphModule, dtype: torch.dtype) -> fx.GraphModule:
    casts = [
        node for node in graph.graph.nodes if node.op == "call_method" and _is_cast(node.target, node.args, node.kwargs)
    ]
    for node in casts:
        node.target, node.args, node.kwargs = "to", (node.args[0], dtype), {}
    if casts:
        graph.recompile()
    return graph


def _is_cast(name: Any, args: Any, kwargs: Any) -> bool:
    """Return whether a tensor method casts to a floating-point precision."""
    given = (*args[1:], *kwargs.values())
    to = name in ("to", "type") and any(isinstance(one, torch.dtype) and one.is_floating_point for one in given)
    return to or name in CASTS


class Watched(nn.Module):
    """A module whose casts are redirected to one floating-point precision."""

    def __init__(self, module: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.module = module
        self.dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        with _Casts(self.dtype):
            return self.module(x)  # type: ignore[no-any-return]


class _Casts(TorchFunctionMode):
    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if isinstance(func, type(torch.Tensor.to)) and args and _is_cast(getattr(func, "__name__", ""), args, kwargs):
            return args[0].to(self.dtype)
        return func(*args, **kwargs)
