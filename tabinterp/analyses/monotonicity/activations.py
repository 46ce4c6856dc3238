"""Bounds on an activation function and its slope over an interval, in double precision.

The slope of an activation is monotone between known points: the kinks of the activation, and the extremes of its slope. The
smallest and largest slopes on an interval are therefore at the ends of the interval or at these points. At a kink, the slopes on
both sides are used. A check on a grid of inputs confirms that these points are correct for the activation and its parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from tabinterp.arrays import FloatArray
from tabinterp.models.layers import Layer

SILU = 2.3993572805154  # where the slope of x / (1 + exp(-x)) is largest; at the negative value it is smallest
BREAKS = {
    "relu": (0.0,), "leakyrelu": (0.0,), "leaky_relu": (0.0,), "prelu": (0.0,), "elu": (0.0,), "selu": (0.0,), "celu": (0.0,),
    "relu6": (0.0, 6.0), "hardtanh": (-1.0, 1.0), "softplus": (), "tanh": (0.0,), "sigmoid": (0.0,), "softsign": (0.0,),
    "gelu": (-math.sqrt(2), math.sqrt(2)), "silu": (-SILU, SILU),
}  # fmt: skip
TURNS = {"gelu": -0.7517915246935645, "silu": -1.2784645427610738}  # where they stop falling and begin to rise
ASIDE = 1e-12  # distance from a kink at which the slopes on its sides are evaluated
REACH, POINTS = 40.0, 8001  # half the width, and points, of the grid
CLOSE = 0.02  # distance from a break within which the grid is a thousand times finer
ROUNDING = 1e-12
JUMP = 1e-8  # an output must not exceed what slopes allow by more than this: softplus jumps at its threshold
SMOOTH = 10.0  # the largest second derivative of a slope that counts as smooth
SAMPLES = 8  # parts of an interval between which a smooth slope is sampled


Lines = tuple[Tensor, Tensor, Tensor, Tensor]  # slope and constant of a line below, and of a line above


@dataclass(frozen=True, eq=False)
class Activation:
    """Activation function of the hidden units of one layer.

    The parameters of the activation are the same for all units, or differ between units (m,).

    Parameters
    ----------
    breaks : points where the slope begins to rise or fall, or jumps.
    turn : point where the activation stops falling and begins to rise; None if it never falls.
    convex : whether the slope never falls.
    bend : upper bound on the second derivative of the slope; infinite if unknown.
    steps : whether the slope is constant below 0 and constant above 0.
    """

    module: nn.Module
    breaks: tuple[float, ...]
    turn: float | None
    width: int
    convex: bool = False
    bend: float = math.inf
    steps: bool = False

    def value(self, x: Tensor) -> Tensor:
        """Return the outputs for pre-activations (n, m)."""
        with torch.no_grad():
            return torch.as_tensor(self.module(x))

    def slope(self, x: Tensor) -> Tensor:
        """Return the derivatives at pre-activations (n, m)."""
        with torch.enable_grad():
            x = x.detach().clone().requires_grad_(True)
            return torch.autograd.grad(self.module(x).sum(), x)[0]

    def at(self, point: float) -> Tensor:
        return torch.full((1, self.width), point, dtype=torch.float64)

    def slopes(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Return the smallest and the largest slopes (n, m) on intervals."""
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
        """Return the smallest and the largest outputs (n, m) on intervals."""
        one, other = self.value(low), self.value(high)
        least, most = torch.minimum(one, other), torch.maximum(one, other)
        if self.turn is not None:
            inside = (low < self.turn) & (self.turn < high)
            least = torch.where(inside, torch.minimum(least, self.value(self.at(self.turn))), least)
        return least, most

    def slope_lines(self, low: Tensor, high: Tensor, least: Tensor, most: Tensor, narrow: Tensor) -> Lines:
        """Return a line below and a line above the slope on each interval.

        Constant lines are used unless sloped lines are tighter. If the slope has a step at 0, the sloped lines pass through the
        corner at 0 and through one end of the interval. If the slope is smooth, the sloped lines are parallel to the chord
        between its values at the ends of the interval. Their offsets are found by sampling the slope at several points of the
        interval. Between two samples, the slope deviates from the chord between them by at most an eighth of `bend` times the
        squared distance between the samples.

        Parameters
        ----------
        least : smallest slope on each interval.
        most : largest slope on each interval.
        narrow : width of an interval up to which constant lines are always used, because the rounding errors of sloped lines
            would be too large.
        """
        width, middle, zero = high - low, (low + high) / 2, torch.zeros_like(low)
        below, above = (zero, least), (zero, most)
        if self.steps:
            jump = self.slope(self.at(1.0)) - self.slope(self.at(-1.0))
            inside = (low < 0) & (high > 0) & (width > narrow)
            left = jump / -torch.where(inside, low, -1.0)  # through the left end and the corner at 0
            right = jump / torch.where(inside, high, 1.0)
            before, after = self.slope(self.at(-1.0)) + zero, self.slope(self.at(1.0)) + zero
            lines = [((right, before), (left, after)), ((left, after), (right, before))]
            rising = jump > 0
            lower, upper = (
                tuple(torch.where(rising, one, other) for one, other in zip(*pair, strict=True))
                for pair in zip(*lines, strict=True)
            )
        elif self.bend < math.inf:
            inside = width > narrow
            points = torch.stack([low + width * (k / SAMPLES) for k in range(SAMPLES + 1)])
            slopes = self.slope(points.reshape(-1, low.shape[-1])).reshape(points.shape)
            tilt = torch.where(inside, (slopes[-1] - slopes[0]) / width.clamp(min=1e-300), 0.0)
            away, slack = slopes - tilt * points, self.bend * (width / SAMPLES) ** 2 / 8
            lower, upper = (tilt, away.amin(dim=0) - slack), (tilt, away.amax(dim=0) + slack)
        else:
            return *below, *above
        use = inside & (lower[0] * middle + lower[1] > least)
        below = torch.where(use, lower[0], zero), torch.where(use, lower[1], least)
        use = inside & (upper[0] * middle + upper[1] < most)
        above = torch.where(use, upper[0], zero), torch.where(use, upper[1], most)
        return *below, *above


def activation_of(layer: Layer) -> Activation | None:
    """Return the activation of a layer; None if bounds are not known for it."""
    breaks = BREAKS.get(layer.kind)
    if breaks is None:
        return None
    made = Activation(layer.activated, breaks, TURNS.get(layer.kind), layer.width)
    grid = np.linspace(-REACH, REACH, POINTS)
    slope = _slopes(made, grid)
    if (slope < -ROUNDING).any() and made.turn is None:  # for example, a rectifier with a negative slope on its left
        return None
    fine = [np.linspace(point - CLOSE, point + CLOSE, POINTS // 2) for point in breaks]
    for points in (grid, *fine):
        slopes, part = _slopes(made, points), np.searchsorted(breaks, points)
        for side in range(len(breaks) + 1):
            steps = np.diff(slopes[part == side], axis=0)
            if ((steps > ROUNDING).any(axis=0) & (steps < -ROUNDING).any(axis=0)).any():
                return None
    if _jumps(made, torch.as_tensor(grid)):
        return None
    bend = max(float(np.abs(np.diff(_slopes(made, x), n=2, axis=0)).max()) / (x[1] - x[0]) ** 2 for x in (grid, *fine))
    sides = [np.ptp(slope[side], axis=0).max() for side in (grid < 0, grid > 0)]
    return replace(
        made,
        convex=bool((np.diff(slope, axis=0) >= 0).all()),
        bend=1.05 * bend if bend < SMOOTH else math.inf,
        steps=breaks == (0.0,) and max(sides) == 0,
    )


def _jumps(activation: Activation, points: Tensor) -> bool:
    """Return whether any unit's output jumps, that is, changes between adjacent points by an amount outside the limits set by its
    slopes.
    """
    x = points[:, None].expand(-1, activation.width)
    least, most = activation.slopes(x[:-1], x[1:])
    step, width = activation.value(x).diff(dim=0), x.diff(dim=0)
    return bool(((step < least * width - JUMP) | (step > most * width + JUMP)).any())


def _slopes(activation: Activation, points: FloatArray) -> FloatArray:
    """Return the slope of every unit at the given points (points, m)."""
    x = torch.as_tensor(points)[:, None].expand(-1, activation.width)
    return np.asarray(activation.slope(x).numpy(), dtype=np.float64)
