"""Weight randomisation: a network with random weights, which serves as a baseline for explanations."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from tabinterp.document.message import why
from tabinterp.errors import ModelError, NotApplicableError

from .affine_front import private
from .binding import with_module
from .model import BoundModel


def randomised(bound: BoundModel, seed: int, draw: int) -> BoundModel:
    """Return the bound model with random weights, on the same rows and with the same encoder (Adebayo et al. 2018).

    The entries of each weight tensor are drawn from a normal distribution with mean 0. Its standard deviation is the root mean
    square of the original tensor. Running statistics, as in batch normalisation, are not weights and stay unchanged. The original
    model is not changed.

    Raises
    ------
    NotApplicableError
        The model has no weights, or its scores with random weights are not finite numbers.
    """
    if not bound.has_gradient:
        raise NotApplicableError(why("weights", model=bound.model.name, opaque=bound.model.opaque))
    module = private(bound.model.module, lambda own: _drawn(own, np.random.default_rng((seed, draw))))
    try:
        return with_module(bound, module)
    except ModelError as error:
        raise NotApplicableError(
            why("with weights drawn again the network gives no scores that can be read")
        ) from error


def _drawn(module: nn.Module, draws: np.random.Generator) -> nn.Module:
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.is_floating_point():
                scale = float(parameter.double().square().mean().sqrt()) if parameter.numel() else 0.0
                values = draws.normal(size=tuple(parameter.shape)) * scale
                parameter.copy_(torch.as_tensor(values).to(parameter.dtype))
    return module
