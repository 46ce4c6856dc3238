"""Bounds of an activation and of its slope on an interval, in double precision.

Between known points (the kinks, and the inflection points of the slope) the slope of an activation rises or falls throughout, so
that its extremes on an interval are at the ends of the interval or at these points. Both slopes at a kink count. That the points
are right for this very activation, with its parameters, is checked on a grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from tabinterp.models.layers import Layer

SILU = 2.3993572805154  # where the slope of x / (1 + exp(-x)) is greatest, and with the sign changed least
BREAKS = {
    "relu": (0.0,), "leakyrelu": (0.0,), "leaky_relu": (0.0,), "prelu": (0.0,), "elu": (0.0,), "selu": (0.0,), "celu": (0.0,),
    "relu6": (0.0, 6.0), "hardtanh": (-1.0, 1.0), "softplus": (), "tanh": (0.0,), "sigmoid": (0.0,), "softsign": (0.0,),
    "gelu": (-math.sqrt(2), math.sqrt(2)), "silu": (-SILU, SILU),
}  # fmt: skip
TURNS = {"gelu": -0.7517915246935645, "silu": -1.2784645427610738}  # where they stop falling and begin to rise
ASIDE = 1e-6  # of a kink: where the slopes on its sides are read
REACH, POINTS = 40.0, 8001  # of the grid
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Activation:
    """An activation of the units of one layer, the same for all or with parameters of each (m,)."""

    module: nn.Module
    breaks: tuple[float, ...]
    turn: float | None
    width: int
    convex: bool = False

    def value(self, x: Tensor) -> Tensor:
        """Return the outputs (n, m) for pre-activations (n, m)."""
        with torch.no_grad():
            return torch.as_tensor(self.module(x))

    def slope(self, x: Tensor) -> Tensor:
        """Return the derivatives (n, m) at pre-activations (n, m)."""
        with torch.enable_grad():
            x = x.detach().clone().requires_grad_(True)
            return torch.autograd.grad(self.module(x).sum(), x)[0]

    def at(self, point: float) -> Tensor:
        return torch.full((1, self.width), point, dtype=torch.float64)

    def slopes(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Return the least and the greatest slope (n, m) on intervals."""
        one, other = self.slope(low), self.slope(high)
        least, most = torch.minimum(one, other), torch.maximum(one, other)
        for point in self.breaks:
            inside = (low <= point) & (point <= high)
            for side in (point - ASIDE, point + ASIDE):
                slope = self.slope(self.at(side))
                least = torch.where(inside, torch.minimum(least, slope), least)
                most = torch.where(inside, torch.maximum(most, slope), most)
        return least, most

    def range(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Return the least and the greatest output (n, m) on intervals."""
        one, other = self.value(low), self.value(high)
        least, most = torch.minimum(one, other), torch.maximum(one, other)
        if self.turn is not None:
            inside = (low < self.turn) & (self.turn < high)
            least = torch.where(inside, torch.minimum(least, self.value(self.at(self.turn))), least)
        return least, most


def activation_of(layer: Layer) -> Activation | None:
    """Return the activation of a layer; None if its bounds are not known."""
    breaks = BREAKS.get(layer.kind)
    if breaks is None:
        return None
    made = Activation(layer.activated, breaks, TURNS.get(layer.kind), layer.width)
    grid = torch.linspace(-REACH, REACH, POINTS, dtype=torch.float64)
    slope = made.slope(grid[:, None].expand(-1, layer.width)).numpy()
    ends = [-np.inf, *breaks, np.inf]
    for low, high in zip(ends[:-1], ends[1:], strict=True):
        inside = (grid.numpy() > low) & (grid.numpy() < high)
        steps = np.diff(slope[inside], axis=0)
        if ((steps > ROUNDING).any(axis=0) & (steps < -ROUNDING).any(axis=0)).any():
            return None
    falls = (slope < -ROUNDING).any()
    if falls and made.turn is None:  # such as a rectifier with a negative slope on its left
        return None
    return replace(made, convex=bool((np.diff(slope, axis=0) >= 0).all()))
