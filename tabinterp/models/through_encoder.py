"""Gradients with respect to single columns for a bound model whose encoder mixes columns.

The bound model is rewritten as a function of the outputs of its encoder's head, which consists of the leading steps that encode
columns separately. The later steps of the encoder are added to the network as its first layer.

If the later steps are affine (principal components, singular value decompositions), their gradients are exact. Otherwise, the
derivatives of the new layer are central differences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tabinterp.arrays import FloatArray

from .affine_front import Front, linear
from .device import CPU
from .encoder_differences import Steps
from .encoder_differences import pulled as pulled_by_differences
from .encoder_head import Mix
from .model import BoundModel
from .scores import module_dtype


def through(bound: BoundModel) -> BoundModel:
    """Return the model as a function of the outputs of its encoder's head, the leading steps that encode columns separately.

    Return the model unchanged if the encoder mixes no columns, if its head is unknown or returns values that are not finite, or
    if the model has no gradient. Some columns may stay mixed if the head cannot separate them.
    """
    tail = bound.encoding.tail
    if tail is None or not bound.has_gradient:
        return bound
    x = tail.head.transform(bound.table.inputs)
    if not np.isfinite(x).all():
        return bound
    if tail.steps is not None:
        module = nn.Sequential(Mixing(tail.mix, tail.steps), bound.module)
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
    """Return the derivatives (m, c, k) of the scores with respect to the encoded columns of `head`, which is `through(bound)`.

    `slopes` contains the derivatives (m, d, k) with respect to the encoded columns of `bound`, for the same rows.
    """
    tail = bound.encoding.tail
    if head is bound or tail is None:
        return slopes
    if tail.weight is not None:
        return np.asarray(np.einsum("mdk,dc->mck", slopes, tail.weight, optimize=True), dtype=np.float64)
    (layer, _) = head.module.children()
    return layer.pulled(head.x[rows], slopes)  # type: ignore[no-any-return,operator]


def by_differences(bound: BoundModel) -> tuple[str, ...]:
    """Return the columns whose gradients are computed by central differences of the encoder."""
    tail = bound.encoding.tail
    if tail is None or tail.steps is None or not bound.has_gradient:
        return ()
    head = tail.head
    return tuple(c for c in bound.columns if head.has_slope(c) and not bound.encoding.local[c])


def without_slope(bound: BoundModel) -> tuple[str, ...]:
    """Return the columns that have no gradient because the encoder is not smooth in them."""
    tail = bound.encoding.tail
    if tail is None or not bound.has_gradient:
        return ()
    return tuple(c for c in tail.head.abrupt if tail.head.local[c])


class Mixing(nn.Module):
    """A layer that applies the mixing steps of an encoder to rows (m, c) and returns encoded rows (m, d).

    Its derivatives are central differences in double precision. They are set to zero for columns in which the steps are not
    smooth, and no analysis reports these zeros.
    """

    def __init__(self, mix: Mix, steps: Steps) -> None:
        super().__init__()
        self.mix, self.steps = mix, steps

    def forward(self, x: Tensor) -> Tensor:
        return _Differences.apply(x, self)  # type: ignore[no-any-return,no-untyped-call]

    def pulled(self, x: FloatArray, gradient: FloatArray) -> FloatArray:
        """Return the gradients (m, c, k) with respect to the inputs `x` (m, c) of the layer.

        `gradient` contains the gradients (m, d, k) with respect to the outputs of the layer.
        """
        return pulled_by_differences(self.mix, self.steps, x, gradient)

    def __deepcopy__(self, memo: dict[int, Any]) -> Mixing:
        """Return the object itself and not a copy, because the user's transformers are called but never changed."""
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
