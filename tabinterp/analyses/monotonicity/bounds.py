"""Lower bounds on the derivative of a score with respect to one column, on many boxes of the domain at once.

The derivative is a product of matrices: the weights, and the slopes of the activations. Each slope lies between its smallest and
largest value on the range of the pre-activation. The range of a pre-activation is computed in two ways: by interval arithmetic
(Gowal et al. 2018), and by linear functions of the columns with a remainder (Fast-Lin, Weng et al. 2018; Zhang et al. 2018). The
narrower range is used.

The product is bounded from below in four ways, and the largest of these bounds is used. Three bounds use interval arithmetic. For
the first, the matrices are multiplied from the first layer onwards. For the second, they are multiplied from the score backwards
(as Zhang, Zhang & Hsieh 2019 do for Jacobians). The third uses the midpoint of the range of each slope. The fourth bound uses
linear functions of the columns. All computations are in double precision. The bounds are widened by 1e-11 times the sum of
the absolute values of the terms, which is far more than any rounding error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel
from tabinterp.models.affine_front import private
from tabinterp.models.device import CPU
from tabinterp.models.layer_chain import chain_of
from tabinterp.models.layers import layers_of
from tabinterp.models.precision import in_precision

from .activations import Activation, activation_of
from .domain import Domain

ROUNDING = 1e-11  # share of the sum of the absolute values of the terms
NARROW = 1e-4  # share of that sum: width of an interval on which a slope is bounded by constants alone
MIXES = (0.0, 0.5, 1.0)  # weights of one of two planes below a product
OVERHEAD = 100_000  # multiplications equivalent to the remaining work for a box
ALIKE = 1e-8  # share of the largest score by which the chain may differ from the network


@dataclass(frozen=True, eq=False)
class Chain:
    """The part of a network after its first affine operations (`models.affine_front`): affine maps and activations in turn.

    Each affine map has a weight (m, h) and a shift (m,).
    """

    weights: tuple[Tensor, ...]
    shifts: tuple[Tensor, ...]
    activations: tuple[Activation, ...]


@dataclass(frozen=True, eq=False)
class Boxes:
    """Parts of the domain, each defined by the values that each column may take.

    Parameters
    ----------
    low : lowest position of each number, from 0 to 1 (boxes, numbers).
    high : highest position of each number, from 0 to 1 (boxes, numbers).
    present : whether a number may have a value (boxes, numbers).
    missing : whether a number may be missing (boxes, numbers).
    levels : for each categorical column, a mask of the allowed levels (boxes, K).
    """

    low: FloatArray
    high: FloatArray
    present: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    levels: tuple[NDArray[np.bool_], ...]

    def __len__(self) -> int:
        return len(self.low)

    def take(self, rows: IntArray | NDArray[np.bool_] | slice) -> Boxes:
        return Boxes(
            self.low[rows],
            self.high[rows],
            self.present[rows],
            self.missing[rows],
            tuple(one[rows] for one in self.levels),
        )

    def joined(self, other: Boxes) -> Boxes:
        pairs = zip(self.levels, other.levels, strict=True)
        names = ("low", "high", "present", "missing")
        arrays = {name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in names}
        return Boxes(**arrays, levels=tuple(np.concatenate(pair) for pair in pairs))


def whole(domain: Domain) -> Boxes:
    """Return the whole domain as a single box."""
    size = (1, len(domain.numbers))
    gone = np.array([[one.missing is not None for one in domain.numbers]], dtype=np.bool_).reshape(size)
    levels = tuple(np.ones((1, len(one.donors)), dtype=np.bool_) for one in domain.levels)
    return Boxes(np.zeros(size), np.ones(size), np.ones(size, dtype=np.bool_), gone, levels)


def in_double(bound: BoundModel) -> BoundModel:
    """Return the model on the CPU, with its first affine operations and all later layers in double precision."""
    front = bound.front.on(CPU)
    made = replace(bound, model=replace(bound.model, device=CPU, resident=False), front=front)
    with torch.inference_mode(False):
        behind = private(front.rest, lambda module: in_precision(module, torch.float64))
        z = torch.as_tensor(bound.x, dtype=torch.float64) @ front.weight.double().T + front.bias.double()
    made.__dict__.update({"behind": behind, "z": z})
    return made


def chain(bound: BoundModel, domain: Domain) -> Chain:
    """Convert a network prepared by `in_double` to a chain of affine maps and activations.

    Raises
    ------
    NotApplicableError
        If the network is not such a chain, or if bounds are not known for one of its activations.
    """
    layers = layers_of(bound)
    steps = chain_of(bound, layers)
    if len(steps) != len(layers) + 1:
        raise NotApplicableError(why("monotonicity.chain"))
    activations = [activation_of(layer) for layer in layers]
    for layer, one in zip(layers, activations, strict=True):
        if one is None:
            raise NotApplicableError(why("monotonicity.activation", name=layer.kind))
    made = Chain(
        tuple(torch.as_tensor(weight).double() for weight, _ in steps),
        tuple(torch.as_tensor(shift).double() for _, shift in steps),
        tuple(one for one in activations if one is not None),
    )
    z = torch.as_tensor(domain.front(*domain.random(256, np.random.default_rng(0))))
    with torch.inference_mode():
        own, expected = scored(made, z), bound.rest(z)[:, 0]
    if not bool((own - expected).abs().max() <= ALIKE * max(1.0, float(expected.abs().max()))):
        raise NotApplicableError(why("monotonicity.chain"))
    return made


def scored(network: Chain, z: Tensor) -> Tensor:
    """Return the scores (m,) for values (m, h) of the first affine output."""
    for weight, shift, activation in zip(network.weights, network.shifts, network.activations, strict=False):
        z = activation.value(z @ weight.T + shift)
    return (z @ network.weights[-1].T + network.shifts[-1])[:, 0]


class Bounds:
    """Lower bounds on the derivative of the score on boxes of the domain, along a direction (h,) of the first affine output."""

    def __init__(self, domain: Domain, network: Chain, direction: FloatArray) -> None:
        first, shift = network.weights[0], network.shifts[0]
        width = domain.width
        spans = np.reshape([one.span for one in domain.numbers], (-1, width))
        gone = np.reshape([np.zeros(width) if n.missing is None else n.missing for n in domain.numbers], (-1, width))
        self._network, self._domain = network, domain
        self._constant = first @ torch.as_tensor(domain.constant) + shift
        self._spans, self._gone = first @ torch.as_tensor(spans).T, first @ torch.as_tensor(gone).T
        self._parts = [first @ torch.as_tensor(one.parts).T for one in domain.levels]
        self._any_missing = any(one.missing is not None for one in domain.numbers)
        self._direction = first @ torch.as_tensor(direction)
        size = self._constant.abs() + (first.abs() @ torch.as_tensor(np.abs(domain.constant)))
        size = size + self._spans.abs().sum(dim=1) + self._gone.abs().sum(dim=1)
        for one in self._parts:
            size = size + one.abs().amax(dim=1)
        self._size = size

    def __call__(self, boxes: Boxes) -> tuple[FloatArray, FloatArray]:
        """Return lower bounds (boxes,) on the derivative, and how much each column makes them looser (boxes, columns)."""
        network, box = self._network, _Box(boxes)
        layers: list[_Layer] = []
        form: Tensor | None = None  # (boxes, m, m1), functions of the first pre-activations; None: the identity
        offset, remainder, size = torch.zeros_like(self._size), torch.zeros_like(self._size), self._size
        for i, activation in enumerate(network.activations):
            low, high, reach = self._range(box, form)
            low, high = low + offset - remainder, high + offset + remainder
            if layers:
                near, far = _product(
                    network.weights[i], *network.activations[i - 1].range(layers[-1].low, layers[-1].high)
                )
                low, high = torch.maximum(low, near + network.shifts[i]), torch.minimum(high, far + network.shifts[i])
            low, high = low - ROUNDING * size, high + ROUNDING * size
            layer = _Layer(activation, low, high, reach, size)
            layers.append(layer)
            if i + 1 == len(network.activations):
                break
            chord, middle, radius = layer.line
            weight, shift = network.weights[i + 1], network.shifts[i + 1]
            form = weight * chord[:, None, :] if form is None else (weight * chord[:, None, :]) @ form
            offset = (chord * offset + middle) @ weight.T + shift
            remainder = (chord.abs() * remainder + radius) @ weight.abs().T
            size = (chord.abs() * size + middle.abs() + radius) @ weight.abs().T + shift.abs()
        if not layers:  # the only map gives the score
            return self._direction.expand(len(boxes)).numpy(), np.zeros(
                (len(boxes), boxes.low.shape[1] + len(box.levels))
            )
        bound, shares, ahead = self._derivative(layers, len(boxes))
        for mix in MIXES:
            bound = torch.maximum(bound, self._linear(box, layers, ahead, mix))
        loose = torch.zeros(len(boxes), len(self._domain.numbers) + len(self._parts), dtype=torch.float64)
        for share, layer in zip(shares, layers, strict=True):
            loose = loose + (
                share[:, :, None] * layer.reach / (layer.high - layer.low).clamp(min=1e-300)[:, :, None]
            ).sum(dim=1)
        return bound.numpy(), loose.numpy()

    @property
    def cost(self) -> int:
        """The approximate number of multiplications needed to bound the derivative on one box."""
        widths = [len(shift) for shift in self._network.shifts]
        columns = self._spans.shape[1] * (1 + self._any_missing) + sum(one.shape[1] for one in self._parts)
        first = widths[0]
        layers = zip(widths[1:-1], widths, [0, *[first] * len(widths)], strict=False)
        return (
            OVERHEAD
            + first * columns
            + sum(one * (before * (8 + deep) + first * columns) for one, before, deep in layers)
        )

    def _range(self, box: _Box, form: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Return the range of linear functions of the first pre-activations, and the effect of each column on the functions.

        Returns
        -------
        The smallest values and the largest values (boxes, m), and how far each column can move the functions (boxes, m, columns).
        """
        low = high = _through(form, self._constant)
        reaches = []
        spans = _through(form, self._spans)
        least = torch.minimum(spans * box.low, spans * box.high)
        most = torch.maximum(spans * box.low, spans * box.high)
        if box.any_missing:
            gone = _through(form, self._gone)
            least = torch.where(box.present, least, torch.inf)
            most = torch.where(box.present, most, -torch.inf)
            least = torch.where(box.missing, torch.minimum(least, gone), least)
            most = torch.where(box.missing, torch.maximum(most, gone), most)
        low, high = low + least.sum(dim=2), high + most.sum(dim=2)
        reaches.append(most - least)
        for parts, allowed in zip(self._parts, box.levels, strict=True):
            added = _through(form, parts)
            one = torch.where(allowed, added, torch.inf).amin(dim=2)
            other = torch.where(allowed, added, -torch.inf).amax(dim=2)
            low, high = low + one, high + other
            reaches.append((other - one)[:, :, None])
        return low, high, torch.cat(reaches, dim=2)

    def _derivative(self, layers: list[_Layer], count: int) -> tuple[Tensor, list[Tensor], list[tuple[Tensor, Tensor]]]:
        """Return lower bounds of the derivative, computed with interval arithmetic.

        Returns
        -------
        Lower bounds of the derivative (boxes,); the largest amount by which the uncertain slope of each unit lowers these bounds
        (boxes, m); and the ranges of the derivatives of the pre-activations.
        """
        weights, direction = self._network.weights, self._direction[None].expand(count, -1)
        slopes = [(layer.least, layer.most) for layer in layers]
        centres = [(low + high) / 2 for low, high in slopes]
        radii = [(high - low) / 2 for low, high in slopes]
        ahead = [(direction, direction)]  # derivatives of pre-activations, starting at the front
        middle, size = direction, direction.abs()
        for i, (low, high) in enumerate(slopes):
            ahead.append(_product(weights[i + 1], *_times(low, high, *ahead[-1])))
            middle = (centres[i] * middle) @ weights[i + 1].T
            size = (torch.maximum(low.abs(), high.abs()) * size) @ weights[i + 1].abs().T
        behind = (weights[-1], weights[-1])  # derivatives of the score with respect to outputs, starting at the score
        centre = weights[-1]
        shares = []
        for i in reversed(range(len(slopes))):
            greatest = torch.maximum(ahead[i][0].abs(), ahead[i][1].abs())
            shares.append(centre.abs() * radii[i] * greatest)
            behind, centre = _times(*slopes[i], *behind), centre * centres[i]
            if i:
                behind, centre = _product(weights[i].T, *behind), centre @ weights[i]
        from_score = torch.minimum(behind[0] * direction, behind[1] * direction).sum(dim=1)
        about_middle = middle[:, 0] - torch.stack([one.sum(dim=1) for one in shares]).sum(dim=0)
        bound = torch.maximum(torch.maximum(ahead[-1][0][:, 0], from_score), about_middle)
        return bound - ROUNDING * size[:, 0], shares[::-1], ahead

    def _linear(self, box: _Box, layers: list[_Layer], ahead: list[tuple[Tensor, Tensor]], mix: float) -> Tensor:
        """Return lower bounds of the derivative (boxes,), computed with linear functions of the columns.

        Each product of a slope and the derivative of a pre-activation is bounded from below by two planes (McCormick 1976). The
        bound is the mean of the two planes, with weights `mix` and 1 - `mix`. Each slope is bounded by two linear functions of
        its pre-activation.
        """
        weights, shifts = self._network.weights, self._network.shifts
        last = len(layers) - 1
        outer = weights[-1].expand(len(layers[0].low), -1)  # coefficients of products, starting at the score
        constant, size = torch.zeros(len(outer), dtype=torch.float64), torch.zeros(len(outer), dtype=torch.float64)
        of_slopes: list[Tensor] = []
        for i in range(last, 0, -1):
            (near, far), layer = ahead[i], layers[i]
            one, other = torch.where(outer >= 0, near, far), torch.where(outer >= 0, far, near)
            taken = outer * (mix * layer.least * one + (1 - mix) * layer.most * other)
            constant, size = constant - taken.sum(dim=1), size + taken.abs().sum(dim=1)
            of_slopes.append(outer * (mix * one + (1 - mix) * other))
            outer = (outer * (mix * layer.least + (1 - mix) * layer.most)) @ weights[i]
        of_slopes.append(outer * self._direction)
        inner = torch.zeros_like(of_slopes[0])  # coefficients of pre-activations
        for i in range(last, -1, -1):
            layer, slope = layers[i], of_slopes[last - i]
            if i < last:
                constant, size = constant + inner @ shifts[i + 1], size + inner.abs() @ shifts[i + 1].abs()
                outputs = inner @ weights[i + 1]
                chord, middle, radius = layer.line
                constant = constant + (outputs * middle - outputs.abs() * radius).sum(dim=1)
                size = size + (outputs.abs() * (middle.abs() + radius)).sum(dim=1)
                inner = outputs * chord
            low, at_low, high, at_high = layer.slope_lines
            added = slope * torch.where(slope >= 0, at_low, at_high)
            constant, size = constant + added.sum(dim=1), size + added.abs().sum(dim=1)
            inner = inner + slope * torch.where(slope >= 0, low, high)
        least = self._range(box, inner[:, None, :])[0][:, 0]
        return constant + least - ROUNDING * (size + inner.abs() @ self._size)


class _Layer:
    """Ranges of the pre-activations of a layer (boxes, m), and quantities derived from them.

    Parameters
    ----------
    reach : largest change in the pre-activations that each column can cause (boxes, m, columns).
    size : sum of the absolute values of the terms of each pre-activation.
    """

    def __init__(self, activation: Activation, low: Tensor, high: Tensor, reach: Tensor, size: Tensor) -> None:
        self.low, self.high, self.reach = low, high, reach
        least, most = activation.slopes(low, high)
        self.line = _line(activation, low, high, least, most)
        self.least, self.most = least - ROUNDING, most + ROUNDING
        self.slope_lines = activation.slope_lines(low, high, self.least, self.most, NARROW * size)


class _Box:
    """Boxes as tensors that broadcast to (boxes, m, columns)."""

    def __init__(self, boxes: Boxes) -> None:
        self.low, self.high, self.present, self.missing = (
            torch.as_tensor(one)[:, None, :] for one in (boxes.low, boxes.high, boxes.present, boxes.missing)
        )
        self.any_missing = bool(boxes.missing.any())
        self.levels = [torch.as_tensor(one)[:, None, :] for one in boxes.levels]


def _through(form: Tensor | None, values: Tensor) -> Tensor:
    """Apply linear functions (boxes, m, m1) to values (m1, ...). Without functions, return the values with shape (1, m, ...)."""
    return values[None] if form is None else form @ values


def _product(weight: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Return the range of the product of a matrix (m, k) and a vector whose elements lie within given ranges (boxes, k)."""
    middle, radius = (low + high) / 2 @ weight.T, (high - low) / 2 @ weight.abs().T
    return middle - radius, middle + radius


def _times(low: Tensor, high: Tensor, least: Tensor, most: Tensor) -> tuple[Tensor, Tensor]:
    """Return the range of the product of two numbers that lie within given ranges."""
    corners = torch.stack([low * least, low * most, high * least, high * most])
    return corners.amin(dim=0), corners.amax(dim=0)


def _line(
    activation: Activation, low: Tensor, high: Tensor, least: Tensor, most: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the slope, constant and remainder (boxes, m) of a line that approximates an activation on intervals.

    The line joins the values of the activation at the ends of the interval, and its slope is `chord`. Between the ends, the
    activation deviates from the line by at most (chord - least) (most - chord) / (most - least) times the width of the interval,
    because its slopes are between `least` and `most`.
    """
    width = (high - low).clamp(min=1e-300)
    at_low, at_high = activation.value(low), activation.value(high)
    chord = torch.minimum(torch.maximum((at_high - at_low) / width, least), most)
    away = (chord - least) * (most - chord) / (most - least).clamp(min=1e-300) * width
    slack = (at_high - at_low - chord * width).abs()  # where the chord was moved between the slopes
    if activation.convex:  # below the line through its ends
        return chord, at_low - chord * low - away / 2, away / 2 + slack
    return chord, at_low - chord * low, away + slack
