"""A bound model as a function of what its encoder makes of columns before it mixes them, so that gradients reach the columns.

Affine steps (principal components, singular values) become the first layer of the network: its gradients are exact. Any other
step is a layer with the derivatives that central differences give it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tabinterp.arrays import FloatArray

from .affine_front import Front, linear
from .device import CPU
from .encoder_head import Joined, Mix, Refilled
from .model import BoundModel
from .scores import module_dtype

STEP = 1e-4  # standard deviations of a column of the head
JUMP = 0.01  # standard deviations of an encoded column: what moves so far within a step jumps, and has no slope there
CELLS = 4_000_000  # encoded cells that are held for one set of differences


def through(bound: BoundModel) -> BoundModel:
    """Return the model as a function of the head of its encoder; itself if no column is mixed, or no head is known.

    Columns that the head mixes too stay mixed.
    """
    tail = bound.encoding.tail
    if tail is None or not bound.has_gradient:
        return bound
    x = tail.head.transform(bound.table.inputs)
    if not np.isfinite(x).all():
        return bound
    if tail.weight is None or tail.constant is None:
        module = nn.Sequential(Mixing(tail.mix, x.std(axis=0), bound.x.std(axis=0)), bound.module)
        whole = torch.eye(x.shape[1], dtype=torch.float64), torch.zeros(x.shape[1], dtype=torch.float64)
        front = Front(*whole, module)
    else:
        weight, constant = torch.as_tensor(tail.weight), torch.as_tensor(tail.constant)
        module = nn.Sequential(linear(weight, constant).to(module_dtype(bound.module)), bound.module)
        own = bound.front.on(CPU)
        front = Front(own.weight @ weight, own.weight @ constant + own.bias, own.rest)
    made = BoundModel(bound.model, bound.table, tail.head, x, module, front, bound.outputs, bound.clipped)
    if "scores" in bound.__dict__:
        made.__dict__["scores"] = bound.scores
    return made


def pulled(bound: BoundModel, head: BoundModel, rows: slice, slopes: FloatArray) -> FloatArray:
    """Return derivatives (m, c, k) by the encoded columns of `head` (which is `through(bound)`), from those (m, d, k) by the
    encoded columns of `bound`, for these rows.
    """
    tail = bound.encoding.tail
    if head is bound or tail is None:
        return slopes
    if tail.weight is not None:
        return np.asarray(np.einsum("mdk,dc->mck", slopes, tail.weight, optimize=True), dtype=np.float64)
    (layer, _) = head.module.children()
    return layer.pulled(head.x[rows], slopes)  # type: ignore[no-any-return,operator]


def by_differences(bound: BoundModel) -> tuple[str, ...]:
    """Return the columns whose gradients are central differences of the encoder."""
    tail = bound.encoding.tail
    if tail is None or tail.weight is not None or not bound.has_gradient:
        return ()
    return tuple(c for c in bound.columns if tail.head.local[c] and not bound.encoding.local[c])


class Mixing(nn.Module):
    """Steps of an encoder as a layer, (m, c) to (m, d), with derivatives by central differences in double precision.

    `inputs` (c,) and `outputs` (d,) are standard deviations of its columns.
    """

    def __init__(self, mix: Mix, inputs: FloatArray, outputs: FloatArray) -> None:
        super().__init__()
        self.mix = mix
        self.steps = STEP * np.where(inputs > 0, inputs, 1.0)
        self.jumps = JUMP * np.where(outputs > 0, outputs, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        return _Differences.apply(x, self)  # type: ignore[no-any-return,no-untyped-call]

    def pulled(self, x: FloatArray, gradient: FloatArray) -> FloatArray:
        """Return the gradients (m, c, k) by the head, for rows (m, c) of the head and gradients (m, d, k) by what is made of
        them.
        """
        return _pulled(self.mix, x, gradient, self.steps, self.jumps)

    def __deepcopy__(self, memo: dict[int, Any]) -> Mixing:
        """Return itself: the user's transformers are called and never changed."""
        return self


class _Differences(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: Mixing) -> Tensor:
        ctx.save_for_backward(x)
        ctx.layer = layer
        return torch.as_tensor(layer.mix(x.detach().double().cpu().numpy())).to(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        rows, slopes = (one.detach().double().cpu().numpy() for one in (x, gradient))
        return torch.as_tensor(ctx.layer.pulled(rows, slopes[:, :, None])[:, :, 0]).to(x), None


def _pulled(mix: Mix, x: FloatArray, gradient: FloatArray, steps: FloatArray, jumps: FloatArray) -> FloatArray:
    """Return `Mixing.pulled`; what stays as it is needs no differences."""
    made = np.empty((*x.shape, gradient.shape[2]))
    if isinstance(mix, Joined):
        for part, own, encoded in mix.places():
            some = gradient[:, encoded]
            made[:, own] = some if part is None else _pulled(part, x[:, own], some, steps[own], jumps[encoded])
        return made
    if isinstance(mix, Refilled):
        numbers, mixed = len(mix.shown.numbers), mix.mixed
        made[:, numbers:] = gradient[:, mix.shown.alone]
        of = _by_differences(mix.of_numbers, x[:, :numbers], gradient[:, mixed], steps[:numbers], jumps[mixed])
        made[:, :numbers] = of
        return made
    return _by_differences(mix, x, gradient, steps, jumps)


def _by_differences(mix: Mix, x: FloatArray, gradient: FloatArray, steps: FloatArray, jumps: FloatArray) -> FloatArray:
    made, width = np.empty((*x.shape, gradient.shape[2])), x.shape[1]
    moved = np.eye(width) * steps
    together = max(1, CELLS // (width * max(gradient.shape[1], width)))
    for i in range(0, len(x), together):
        few = x[i : i + together]
        here = mix(few)[:, None]
        up, down = (
            mix((few[:, None] + sign * moved).reshape(-1, width)).reshape(len(few), width, -1) for sign in (1.0, -1.0)
        )
        slope = _slope(up - here, here - down, jumps) / steps[:, None]
        made[i : i + together] = slope @ gradient[i : i + together]
    return made


def _slope(after: FloatArray, before: FloatArray, jumps: FloatArray) -> FloatArray:
    """Return the mean of the changes on both sides; where an encoded column jumps, that on the side where it does not."""
    jumped = np.abs(after - before) > jumps
    change = (after + before) / 2
    return np.where(jumped, np.where(np.abs(after) < np.abs(before), after, before), change) if jumped.any() else change
