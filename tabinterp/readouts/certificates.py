"""How much higher could an objective be? Bounds over the whole domain, of which some are attained.

- *closed form*: what is affine in the front is a sum over columns, and its maximum the sum of their maxima: exact.
- *integer programme*: networks of rectifiers with at most 16 hidden units, each of which is on or off (Tjeng, Xiao & Tedrake
  2019); solved by HiGHS. The bound is the solver's own, within 0.01% of the maximum unless time ran out.
- *bound propagation*: intervals of every unit, layer after layer, the first exact (Gowal et al. 2018): always above, often far.

A network is followed as a chain of affine maps and activations; where it is none (residual connections, normalisation between
layers) there is no bound. A budget makes the domain smaller, so that the bound holds and need not be attained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..models.front import Front, split
from ..models.layers import Layer
from ..table.draws import FloatArray
from .domain import Domain
from .programme import Programme, solve
from .reader import PROBABILITY, SCORE, Reader

RISING = ("relu", "leakyrelu", "leaky_relu", "elu", "selu", "celu", "softplus", "tanh", "sigmoid", "hardtanh", "relu6", "softsign")  # fmt: skip
DIPPING = {
    "gelu": -0.17,
    "silu": -0.2785,
    "mish": -0.3089,
    "hardswish": -0.376,
}  # falls, then rises: below its least value
SMALL = 16  # hidden units that an integer programme takes
NEAR = 1e-4


@dataclass(frozen=True, eq=False)
class Chain:
    """`steps[l]` = (W, b) from the outputs of layer l (0: the front) to the values ahead of the next activation, or the scores."""

    steps: tuple[tuple[FloatArray, FloatArray], ...]
    layers: tuple[Layer, ...]


def certified(domain: Domain, reader: Reader) -> list[tuple[float, str | None]]:
    """An upper bound of every objective, NaN where there is none, and how it was found."""
    chain = _chain(domain, reader.layers)
    depth = max(len(reader.layers) + 1 if isinstance(key, str) else key for key in reader.keys)
    if PROBABILITY in reader.keys or depth > len(chain.steps):
        return [(float("nan"), None)] * len(reader.objectives)
    weights = _by_step(reader, chain)
    constants = reader.constants.double().numpy()
    low, high = _intervals(domain, chain, depth)
    loose = _propagated(domain, chain, weights, low, high) + constants
    if depth == 1:
        return [(float(value), "closed form") for value in loose]
    hidden = sum(layer.width for layer in chain.layers[: depth - 1])
    if hidden > SMALL or any(layer.kind != "relu" for layer in chain.layers[: depth - 1]):
        return [(float(value), "bound propagation") for value in loose]
    programme = Programme(domain, chain.steps[: depth - 1], low, high)
    proven = [solve(programme, [w[k] for w in weights], chain.steps[:depth]) for k in range(len(constants))]
    return [
        (float(loose[k]), "bound propagation") if np.isnan(value) else (value + constants[k], "integer programme")
        for k, value in enumerate(proven)
    ]


def _chain(domain: Domain, layers: tuple[Layer, ...]) -> Chain:
    """The network as a chain as far as it is one, which real rows and random fronts show."""
    bound = domain.bound
    size = bound.z.shape[1]
    if not bound.has_gradient:
        return Chain((), ())
    random = bound.z.std(dim=0, correction=0) * torch.randn(64, size, generator=torch.Generator().manual_seed(0))
    z = torch.cat([bound.z[:64], random])
    first = layers[0].affine if layers else split(bound.rest, size)
    fronts = [first, *(None if layer.beside else layer.moves for layer in layers)]
    steps: list[tuple[FloatArray, FloatArray]] = []
    a = z.double().numpy()
    for i, front in enumerate(fronts):
        told = layers[i].before if i < len(layers) else bound.rest
        if front is None or not _gives(front, a, told, z):
            break
        steps.append((front.weight.numpy(), front.bias.numpy()))
        if i < len(layers):
            with torch.inference_mode():
                a = layers[i].activation(told(z)).double().numpy()
    return Chain(tuple(steps), layers)


def _gives(front: Front, a: FloatArray, told: torch.nn.Module, z: torch.Tensor) -> bool:
    """Is what follows the outputs `a` (m, h) the front's affine function of them?"""
    with torch.inference_mode():
        expected = told(z).double().numpy()
    own = a @ front.weight.numpy().T + front.bias.numpy()
    return own.shape == expected.shape and bool(np.abs(own - expected).max() <= NEAR * max(1.0, np.abs(expected).max()))


def _by_step(reader: Reader, chain: Chain) -> list[FloatArray]:
    """(K, width) weights of what each step gives."""
    made = [np.zeros((len(reader.objectives), len(shift))) for _, shift in chain.steps]
    start = 0
    for key in reader.keys:
        step = len(chain.layers) if key == SCORE else int(key) - 1
        width = made[step].shape[1]
        made[step] = reader.weights[:, start : start + width].double().numpy()
        start += width
    return made


def _separable(domain: Domain, weights: FloatArray) -> FloatArray:
    """(m,) maxima over the domain of weights (m, h) times the front."""
    total = weights @ domain.constant.double().numpy()
    for player in domain.players:
        total = total + (player.parts.double().numpy() @ weights.T).max(axis=0)
    return np.asarray(total)


def _intervals(domain: Domain, chain: Chain, depth: int) -> tuple[list[FloatArray], list[FloatArray]]:
    """Least and greatest values ahead of every activation below `depth`."""
    lows, highs = [], []
    for i, (weight, shift) in enumerate(chain.steps[: depth - 1]):
        if i == 0:
            low, high = -_separable(domain, -weight) + shift, _separable(domain, weight) + shift
        else:
            a, b = _activated(chain.layers[i - 1], lows[-1], highs[-1])
            up, down = np.maximum(weight, 0), np.minimum(weight, 0)
            low, high = up @ a + down @ b + shift, up @ b + down @ a + shift
        lows.append(low)
        highs.append(high)
    return lows, highs


def _activated(layer: Layer, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    with torch.inference_mode():
        a, b, falling = (
            layer.activation(torch.as_tensor(v).float()[None])[0].double().numpy() for v in (low, high, low * 0 - 1)
        )
        zero = layer.activation(torch.zeros(1, len(low)))[0].double().numpy()
    if layer.kind in DIPPING:
        return np.where(low < 0, np.minimum(np.minimum(a, b), DIPPING[layer.kind]), np.minimum(a, b)), np.maximum(a, b)
    if layer.kind in RISING and (falling <= zero).all():
        return a, b
    return np.full(len(low), -np.inf), np.full(len(low), np.inf)


def _propagated(
    domain: Domain, chain: Chain, weights: list[FloatArray], low: list[FloatArray], high: list[FloatArray]
) -> FloatArray:
    """(K,) bounds: each step's share from the outputs of the layer ahead of it."""
    total = np.zeros(len(weights[0]))
    for i, own in enumerate(weights[: len(low) + 1]):
        weight, shift = chain.steps[i]
        through = own @ weight
        total += own @ shift
        if i == 0:
            total += _separable(domain, through)
        elif own.any():
            a, b = _activated(chain.layers[i - 1], low[i - 1], high[i - 1])
            up, down = np.maximum(through, 0), np.minimum(through, 0)
            with np.errstate(invalid="ignore"):
                total += up @ b + down @ a
    return total
