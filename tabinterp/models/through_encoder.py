"""A bound model as a function of the head of its encoder, whose outputs do not mix columns, so that columns have gradients.

Affine steps (principal components, singular value decompositions) become the first layer of the network, and their gradients are
exact. Any other step becomes a layer whose derivatives are central differences.
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
    """Return the model as a function of the head of its encoder. The model is returned unchanged if no column is mixed or no head
    is known.

    Columns that the head also mixes stay mixed.
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
    """Return derivatives (m, c, k) with respect to the encoded columns of `head`, which is `through(bound)`, for these rows.
    They are computed from the derivatives (m, d, k) with respect to the encoded columns of `bound`.
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
    """Steps of an encoder as a layer from (m, c) to (m, d), with derivatives by central differences in double precision.

    The derivatives are set to zero for columns in which the steps are not smooth; no analysis shows them.
    """

    def __init__(self, mix: Mix, steps: Steps) -> None:
        super().__init__()
        self.mix, self.steps = mix, steps

    def forward(self, x: Tensor) -> Tensor:
        return _Differences.apply(x, self)  # type: ignore[no-any-return,no-untyped-call]

    def pulled(self, x: FloatArray, gradient: FloatArray) -> FloatArray:
        """Return the gradients (m, c, k) with respect to the inputs of the layer, from rows (m, c) and the gradients (m, d, k)
        with respect to its outputs.
        """
        return pulled_by_differences(self.mix, self.steps, x, gradient)

    def __deepcopy__(self, memo: dict[int, Any]) -> Mixing:
        """Return the object itself: the user's transformers are called but never changed."""
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
