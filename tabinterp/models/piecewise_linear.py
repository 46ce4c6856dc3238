"""Piecewise linear networks. They become affine if each activation is replaced by multiplication by a fixed slope.

Every ReLU or leaky ReLU is linear on each side of 0. If all operations between the activations are affine, the network is one
affine function for each pattern of activation signs. To check whether these operations are affine, the slopes are set to random
numbers, and the resulting function is evaluated at the values `z` of real rows and at random values far outside their range.
The check uses only values, so it detects products, gates and row-wise normalisations however they are implemented.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, fx, nn

from .affine_front import is_activation, trace
from .device import placed
from .model import BoundModel
from .precision import in_precision

RECTIFIERS = ("relu", "leakyrelu", "leaky_relu", "prelu")
NEAR = 1e-6


class _Held(nn.Module):
    slope: Tensor

    def __init__(self, slope: Tensor) -> None:
        super().__init__()
        self.register_buffer("slope", slope)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.slope


def held(bound: BoundModel, slope: Callable[[int], Tensor]) -> nn.Module | None:
    """Return the layers after the leading affine layers in double precision, with activation i replaced by multiplication by
    `slope(i)`. Return None if the resulting function is not affine.
    """
    graph = trace(bound.behind)
    if graph is None or not bound.has_gradient:
        return None
    made = placed(_with_slopes(graph, slope), bound.device)
    return made if _is_affine(made, bound.z) else None


def is_affine_between(bound: BoundModel, layers: int) -> bool:
    """Return whether the network has `layers` activations, with only affine operations between them."""

    def random(place: int) -> Tensor:
        return 0.3 + torch.rand(1, generator=torch.Generator().manual_seed(place), dtype=torch.float64)

    graph = trace(bound.behind)
    active = 0 if graph is None else sum(is_activation(graph, node) for node in graph.graph.nodes)
    return active == layers and held(bound, random) is not None


def _with_slopes(graph: fx.GraphModule, slope: Callable[[int], Tensor]) -> fx.GraphModule:
    own = cast("fx.GraphModule", in_precision(copy.deepcopy(graph), torch.float64))
    active = [node for node in own.graph.nodes if is_activation(own, node)]
    for i, node in enumerate(active):
        own.add_submodule(f"held_{i}", _Held(slope(i)))
        with own.graph.inserting_after(node):
            new = own.graph.call_module(f"held_{i}", (node.all_input_nodes[0],))
        node.replace_all_uses_with(new)
        own.graph.erase_node(node)
    own.recompile()
    return own


def _is_affine(module: nn.Module, z: Tensor) -> bool:
    """Return whether f(a + b - c) = f(a) + f(b) - f(c), for values `z` of real rows and for random values far outside their
    range.
    """
    generator = torch.Generator().manual_seed(0)
    real = z[torch.randint(len(z), (48,), generator=generator)].double()
    drawn = torch.randn(real.shape, generator=generator, dtype=torch.float64).to(z.device)
    far = real + 10 * drawn * (1 + real.abs())
    a, b, c = torch.cat([real, far]).reshape(3, -1, z.shape[1])
    with torch.inference_mode():
        fa, fb, fc, together = (torch.as_tensor(module(one)) for one in (a, b, c, a + b - c))
    scale = torch.stack([fa, fb, fc]).abs().max().clamp(min=1.0)
    return bool((fa + fb - fc - together).abs().max() <= NEAR * scale)
