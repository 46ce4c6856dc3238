"""Combination of several networks into one network. The outputs of their encoders are concatenated, and their predictions are
averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.pipeline import FeatureUnion
from torch import Tensor, nn
from torch.nn import functional

from tabinterp.models.scores import module_dtype

from .shared import affine


@dataclass(frozen=True, eq=False)
class Member:
    """One of the networks to combine: a module that maps encoded rows to logits or values (n, outputs), and its encoder."""

    module: nn.Module
    encoder: Any
    name: str
    outputs: int


class Average(nn.Module):
    """A module that averages the predicted probabilities of several modules with logit outputs. The average is computed on the
    log scale.
    """

    def __init__(self, members: Sequence[nn.Module], binary: bool, weights: Sequence[float] | None = None) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.binary = binary
        self.log_weights: Tensor
        logs = np.zeros(len(members)) if weights is None else np.log(weights)
        self.register_buffer("log_weights", torch.as_tensor(logs).to(module_dtype(members[0])).reshape(-1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        z = torch.stack([member(x) for member in self.members])
        if not self.binary:
            return torch.logsumexp(functional.log_softmax(z, dim=-1) + self.log_weights, dim=0)
        yes, no = (functional.logsigmoid(one) + self.log_weights for one in (z, -z))
        return torch.logsumexp(yes, dim=0) - torch.logsumexp(no, dim=0)


def side_by_side(members: Sequence[Member]) -> tuple[Any, list[nn.Module]] | None:
    """Return one encoder for all members, and one module per member that takes the output of this encoder. Return None if only
    some members have an encoder, or if the number of encoded columns of a member is unknown.
    """
    modules, encoders = [m.module for m in members], [m.encoder for m in members]
    if len(members) == 1 or all(encoder is None for encoder in encoders):
        return encoders[0], modules
    widths = [width(module) for module in modules]
    if any(encoder is None for encoder in encoders) or 0 in widths:
        return None
    ends_at = np.cumsum(widths)
    return FeatureUnion([(f"fold {i}", encoder) for i, encoder in enumerate(encoders)]), [
        nn.Sequential(affine(np.eye(ends_at[-1])[end - one : end], np.zeros(one), module_dtype(module)), module)
        for module, one, end in zip(modules, widths, ends_at, strict=True)
    ]


def width(module: nn.Module) -> int:
    """Return the number of encoded columns that a module takes; 0 if this number is unknown."""
    first = next((layer for layer in module.modules() if isinstance(layer, nn.Linear)), None)
    return 0 if first is None else first.in_features
