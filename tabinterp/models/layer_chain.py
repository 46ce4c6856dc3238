"""The part of a network that is a chain of affine maps and activations."""

from __future__ import annotations

import numpy as np
import torch
from torch import fx, nn

from tabinterp.arrays import FloatArray

from . import BoundModel
from .affine_front import RESHAPES, Front, Untouched, is_activation, split
from .layers import Layer

NEAR = 1e-4

Step = tuple[FloatArray, FloatArray]  # weight (m, h), shift (m,)


def chain_of(bound: BoundModel, layers: tuple[Layer, ...]) -> tuple[Step, ...]:
    """Return the affine steps between the hidden layers of a network.

    Step l maps the outputs of layer l to the pre-activations of the next layer. The last step maps to the scores. Layer 0 stands
    for `z`, the outputs of the leading affine layers.

    The list ends before the first step that is not affine or uses anything other than the outputs of the preceding layer. Affine
    steps are identified in the graph, and confirmed on real rows and random values. An operation such as clipping is never
    treated as affine, even if it leaves all of these values unchanged.
    """
    size = bound.z.shape[1]
    if not bound.has_gradient:
        return ()
    drawn = torch.randn(64, size, generator=torch.Generator().manual_seed(0))  # the same on every device
    random = bound.z.std(dim=0, correction=0) * bound.at_home(drawn)
    z = torch.cat([bound.z[:64], random])
    first = layers[0].affine if layers else split(bound.behind, size, bound.device).on(bound.home)
    fronts = [first, *(None if layer.beside else layer.moves for layer in layers)]
    steps: list[Step] = []
    a = z.double().cpu().numpy()
    for i, front in enumerate(fronts):
        told = layers[i].before if i < len(layers) else bound.rest
        if front is None or not _leads_on(front, i == len(layers)) or not _gives(front, a, told, z):
            break
        steps.append((front.weight.cpu().numpy(), front.bias.cpu().numpy()))
        if i < len(layers):
            with torch.inference_mode():
                a = layers[i].outputs(z).double().cpu().numpy()
    return tuple(steps)


def _leads_on(front: Front, is_last: bool) -> bool:
    """Return whether the result of an affine step is used only by the next activation. For the last step, return whether it is
    followed only by linear operations.
    """
    graph = front.rest.module if isinstance(front.rest, Untouched) else front.rest
    if front.nothing_behind or not isinstance(graph, fx.GraphModule):
        return front.nothing_behind
    if is_last:
        behind = [node for node in graph.graph.nodes if node.op not in ("placeholder", "output")]
        return len(front.weight) == 1 and all(_is_straight(graph, node) for node in behind)
    readers = [node for node in graph.graph.nodes if node.op == "placeholder" for node in node.users]
    return len(readers) == 1 and is_activation(graph, readers[0])


def _is_straight(graph: fx.GraphModule, node: fx.Node) -> bool:
    """Return whether a node only reshapes a value, or is a linear layer."""
    if node.op == "call_module":
        return type(graph.get_submodule(str(node.target))) in (nn.Linear, nn.Identity)
    return len(node.all_input_nodes) == 1 and getattr(node.target, "__name__", node.target) in {*RESHAPES, "getitem"}


def _gives(front: Front, a: FloatArray, told: torch.nn.Module, z: torch.Tensor) -> bool:
    """Return whether an affine step maps the outputs `a` (m, h) of a layer to the values that the network `told` computes from
    `z`.
    """
    with torch.inference_mode():
        expected = told(z).double().cpu().numpy()
    own = a @ front.weight.cpu().numpy().T + front.bias.cpu().numpy()
    return own.shape == expected.shape and bool(np.abs(own - expected).max() <= NEAR * max(1.0, np.abs(expected).max()))
