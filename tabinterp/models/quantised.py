"""Conversion of dynamically quantised networks (`torch.ao.quantization.quantize_dynamic`) to networks of linear layers.

The new linear layers have the same weights as the quantised layers. A quantised network also rounds the inputs of each layer. The
resolution of this rounding depends on all rows of a batch, so the score of a row depends on the other rows. The converted network
omits this rounding: each row has a single score, which has a gradient.
"""

from __future__ import annotations

from typing import Any

from torch import nn


def is_quantised(module: nn.Module) -> bool:
    """Return whether a layer is a dynamically quantised linear layer."""
    return type(module).__module__.startswith("torch.ao.nn.quantized.dynamic") and hasattr(module, "_packed_params")


def dequantised(module: nn.Module) -> nn.Module:
    """Convert quantised layers to linear layers with the stored weights, in place, and return the module."""
    if is_quantised(module):
        return _linear(module)
    for name, child in [*module.named_children()]:
        if is_quantised(child):
            setattr(module, name, _linear(child))
        else:
            dequantised(child)
    return module


def _linear(layer: Any) -> nn.Linear:
    weight, bias = layer.weight().dequantize(), layer.bias()
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    made.weight.data.copy_(weight)
    if bias is not None:
        made.bias.data.copy_(bias)
    return made
