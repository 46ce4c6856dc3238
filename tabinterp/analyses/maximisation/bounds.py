"""Proved upper bounds on an objective over the whole domain, by three methods.

- *Closed form*: an objective that is affine in the encoded columns is a sum of one term per column. Its maximum is the sum of the
  maxima of these terms. This bound is exact.
- *Integer programme*: for ReLU networks with at most 16 hidden units. A binary variable for each unit states whether it is active
  (Tjeng, Xiao & Tedrake 2019). The HiGHS solver reports the bound. The bound is within 0.01% of the maximum, unless the time
  limit was reached.
- *Bound propagation*: intervals that contain the values of the units are computed layer by layer (Gowal et al. 2018). The
  intervals of the first layer are exact. This bound is always valid but often loose.

The network must be a chain of affine maps and activations. For other networks (residual connections, normalisation between
layers), no bound is computed. If a search is limited to rows near the mean (`budget`), the bound remains valid but may be loose.

The *first affine output* (`front` in the code) is the output of the network's first affine operations (`models.affine_front`).
"""

from __future__ import annotations

import numpy as np
import torch

from tabinterp.arrays import FloatArray
from tabinterp.models.layer_chain import Step, chain_of
from tabinterp.models.layers import Layer

from .mixed_integer import Programme, solve
from .objective_values import SCORE, Reader
from .search_space import Domain

RISING = (
    "relu", "leakyrelu", "leaky_relu", "elu", "selu", "celu", "softplus", "tanh", "sigmoid", "hardtanh", "relu6", "softsign",
)  # fmt: skip
DIPPING = {
    "gelu": -0.17,
    "silu": -0.2785,
    "mish": -0.3089,
    "hardswish": -0.376,
}  # these activations fall, then rise; values just below their minima
SMALL = 16  # maximum number of hidden units for an integer programme


def certified(domain: Domain, reader: Reader) -> list[tuple[float, str | None]]:
    """Return an upper bound on each objective (NaN if there is none), and the method that proved the bound."""
    steps, layers = chain_of(domain.bound, reader.layers), reader.layers
    depth = max(len(layers) + 1 if isinstance(key, str) else key for key in reader.keys)
    bent = [
        key for key in reader.keys if isinstance(key, str) and key != SCORE
    ]  # not an affine function of bounded values
    if bent or depth > len(steps):
        return [(float("nan"), None)] * len(reader.objectives)
    weights = _by_step(reader, steps)
    constants = reader.constants
    low, high = intervals(domain, steps[: depth - 1], layers)
    loose = _propagated(domain, steps, layers, weights, low, high) + constants
    if depth == 1:
        return [(float(value), "closed form") for value in loose]
    hidden = sum(layer.width for layer in layers[: depth - 1])
    if hidden > SMALL or any(layer.kind != "relu" for layer in layers[: depth - 1]):
        return [(float(value), "bound propagation") for value in loose]
    programme = Programme(domain, steps[: depth - 1], low, high)
    proven = [solve(programme, [w[k] for w in weights], steps[:depth]) for k in range(len(constants))]
    return [
        (float(loose[k]), "bound propagation") if np.isnan(value) else (value + constants[k], "integer programme")
        for k, value in enumerate(proven)
    ]


def _by_step(reader: Reader, steps: tuple[Step, ...]) -> list[FloatArray]:
    """Return the weights of each step's outputs in the K objectives: one array (K, width) per step."""
    made = [np.zeros((len(reader.objectives), len(shift))) for _, shift in steps]
    start = 0
    for key in reader.keys:
        step = len(reader.layers) if key == SCORE else int(key) - 1
        width = made[step].shape[1]
        made[step] = reader.weights[:, start : start + width]
        start += width
    return made


def _separable(domain: Domain, weights: FloatArray) -> FloatArray:
    """Return the maximum (m,) over the domain of each weighted sum of the first affine output's entries.

    `weights` has the shape (m, h).
    """
    total = weights @ domain.constant.double().cpu().numpy()
    for player in domain.players:
        total = total + (player.parts.double().cpu().numpy() @ weights.T).max(axis=0)
    return np.asarray(total)


def intervals(
    domain: Domain, steps: tuple[Step, ...], layers: tuple[Layer, ...]
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Return lower and upper bounds on the pre-activations of each layer in `steps`."""
    lows: list[FloatArray] = []
    highs: list[FloatArray] = []
    for i, (weight, shift) in enumerate(steps):
        if i == 0:
            low, high = -_separable(domain, -weight) + shift, _separable(domain, weight) + shift
        else:
            a, b = _activated(layers[i - 1], lows[-1], highs[-1])
            up, down = np.maximum(weight, 0), np.minimum(weight, 0)
            low, high = up @ a + down @ b + shift, up @ b + down @ a + shift
        lows.append(low)
        highs.append(high)
    return lows, highs


def _activated(layer: Layer, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    with torch.inference_mode():
        a, b, falling = (
            layer.activated(torch.as_tensor(v).float()[None])[0].double().cpu().numpy()
            for v in (low, high, low * 0 - 1)
        )
        zero = layer.activated(torch.zeros(1, len(low)))[0].double().cpu().numpy()
    if layer.kind in DIPPING:
        return np.where(low < 0, np.minimum(np.minimum(a, b), DIPPING[layer.kind]), np.minimum(a, b)), np.maximum(a, b)
    if layer.kind in RISING and (falling <= zero).all():
        return a, b
    return np.full(len(low), -np.inf), np.full(len(low), np.inf)


def _propagated(
    domain: Domain,
    steps: tuple[Step, ...],
    layers: tuple[Layer, ...],
    weights: list[FloatArray],
    low: list[FloatArray],
    high: list[FloatArray],
) -> FloatArray:
    """Return upper bounds (K,) on the objectives by bound propagation, from the pre-activation bounds of every layer."""
    total = np.zeros(len(weights[0]))
    for i, own in enumerate(weights[: len(low) + 1]):
        weight, shift = steps[i]
        through = own @ weight
        total += own @ shift
        if i == 0:
            total += _separable(domain, through)
        elif own.any():
            a, b = _activated(layers[i - 1], low[i - 1], high[i - 1])
            up, down = np.maximum(through, 0), np.minimum(through, 0)
            with np.errstate(invalid="ignore"):
                total += up @ b + down @ a
    return total
