"""Adapter for scikit-learn's TransformedTargetRegressor: the inverse transformation is appended as layers of the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tabinterp.models.model import Model
from tabinterp.models.scores import module_dtype

from .shared import Column, Pointwise, affine

WAYS_BACK: list[tuple[Any, Callable[[Tensor], Tensor]]] = [
    (np.expm1, torch.expm1),
    (np.exp, torch.exp),
    (np.exp2, torch.exp2),
    (np.log, torch.log),
    (np.log1p, torch.log1p),
    (np.sqrt, torch.sqrt),
    (np.square, torch.square),
]


def wrap(estimator: Any, read: Callable[[Any], Model]) -> Model | None:
    """Return the network that is exactly equivalent to the regressor, or None if the regressor or the inverse transformation
    cannot be expressed as a network.
    """
    inner = read(estimator.regressor_)
    back = _back(estimator.transformer_, module_dtype(inner.module))
    if inner.function is not None or back is None:
        return None
    layers = list(inner.module) if type(inner.module) is nn.Sequential else [inner.module]
    identical = not back
    return inner if identical else replace(inner, module=nn.Sequential(*layers, Column(), *back).eval())


def _back(transformer: Any, dtype: torch.dtype) -> list[nn.Module] | None:
    """Return layers that invert a transformer of one column; None if the transformer is not supported."""
    kind = type(transformer).__name__
    if kind == "Pipeline":
        parts = [_back(step, dtype) for _, step in reversed(transformer.steps)]
        return None if any(part is None for part in parts) else [layer for part in parts for layer in part or []]
    if kind == "FunctionTransformer":
        return _function(transformer.inverse_func)
    if kind not in AFFINE:
        return None
    scale, shift = AFFINE[kind](transformer)
    return [affine(np.reshape(scale, (1, 1)), np.reshape(shift, 1), dtype)]


def _function(inverse: Any) -> list[nn.Module] | None:
    if inverse is None:
        return []
    found: list[nn.Module] = [Pointwise(ours) for theirs, ours in WAYS_BACK if theirs is inverse]
    return found or None


def _or(value: Any, other: float) -> Any:
    return other if value is None else value


AFFINE: dict[str, Callable[[Any], tuple[Any, Any]]] = {  # transformer -> (scale, shift) of its inverse
    "StandardScaler": lambda t: (_or(t.scale_, 1.0), _or(t.mean_, 0.0)),
    "RobustScaler": lambda t: (_or(getattr(t, "scale_", None), 1.0), _or(getattr(t, "center_", None), 0.0)),
    "MinMaxScaler": lambda t: (1 / t.scale_, -t.min_ / t.scale_),
    "MaxAbsScaler": lambda t: (t.scale_, 0.0),
}
