"""Adapter for pytorch-tabnet: the network is taken from a fitted TabNetClassifier or TabNetRegressor, with its encoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tabinterp.arrays import FloatArray
from tabinterp.errors import ModelError
from tabinterp.models.affine_front import private
from tabinterp.models.model import BLOCK, Model
from tabinterp.models.multi_input import with_encoder
from tabinterp.models.transformer_calls import as_array

from . import torch as from_torch
from .shared import bases, reads


class Sparsemax(nn.Module):
    """The sparse softmax of each row (Martins and Astudillo 2016), computed with operations that torch can differentiate.

    TabNet's own version overwrites its input, so its gradient may be wrong.
    """

    def forward(self, x: Tensor) -> Tensor:
        ordered = torch.sort(x, dim=-1, descending=True).values
        sums = ordered.cumsum(-1) - 1
        places = torch.arange(1, x.shape[-1] + 1, device=x.device, dtype=x.dtype)
        size = (places * ordered > sums).sum(-1, keepdim=True)
        return (x - sums.gather(-1, size - 1) / size.to(x.dtype)).clamp(min=0)


class Entmax15(nn.Module):
    """The 1.5-entmax of each row (Peters, Niculae and Martins 2019), computed with operations that torch can differentiate."""

    def forward(self, x: Tensor) -> Tensor:
        x = (x - x.max(dim=-1, keepdim=True).values) / 2
        ordered = torch.sort(x, dim=-1, descending=True).values
        places = torch.arange(1, x.shape[-1] + 1, device=x.device, dtype=x.dtype)
        mean = ordered.cumsum(-1) / places
        spread = (ordered**2).cumsum(-1) - places * mean**2
        # Values outside the support may be below 0; the root then needs a finite slope, which is not used.
        limits = mean - ((1 - spread) / places).clamp(min=torch.finfo(x.dtype).tiny).sqrt()
        size = (limits <= ordered).sum(-1, keepdim=True)
        return (x - limits.gather(-1, size - 1)).clamp(min=0) ** 2


SELECTORS: dict[str, Callable[[], nn.Module]] = {"Sparsemax": Sparsemax, "Entmax15": Entmax15}


def is_tabnet(estimator: Any) -> bool:
    """Return whether an object is a TabNet estimator with one target, without importing pytorch-tabnet."""
    return any(base.__module__.split(".")[0] == "pytorch_tabnet" for base in type(estimator).__mro__) and (
        "TabNetClassifier" in bases(estimator) or "TabNetRegressor" in bases(estimator)
    )


def wrap(estimator: Any) -> Model:
    """Wrap a fitted TabNet estimator, which takes encoded rows, as a `Model`."""
    if getattr(estimator, "network", None) is None:
        raise ModelError(f"{type(estimator).__name__} is not fitted. Call its fit method first")
    classes = tuple(estimator.classes_) if "TabNetClassifier" in bases(estimator) else None
    network = private(estimator.network)
    for part in [*network.modules()]:
        if type(part).__name__ == "GBN":  # in evaluation mode, splitting a batch does not change results
            part.virtual_batch_size = BLOCK  # type: ignore[assignment]
        for name, child in [*part.named_children()]:
            if type(child).__name__ in SELECTORS:
                setattr(part, name, SELECTORS[type(child).__name__]())
    model = from_torch.wrap(
        network,
        "passthrough",
        classes=classes,
        task="regression" if classes is None else None,
        outputs=None if classes is None else "logits",
        name=type(estimator).__name__,
        output=0,  # the other output is a penalty
    )
    return replace(model, library="pytorch-tabnet", predict=_predict(estimator, as_array))


def behind(encoder: Any, estimator: Any) -> Model:
    """Wrap a TabNet estimator, together with an encoder that is not in the same pipeline, as a `Model`."""
    named = hasattr(encoder, "feature_names_in_")

    def encoded(rows: Any) -> FloatArray:
        return as_array(encoder.transform(rows if named else rows.to_numpy()))

    model = with_encoder(wrap(estimator), encoder)
    return replace(model, reads=reads(encoder), predict=_predict(estimator, encoded))


def _predict(estimator: Any, encoded: Callable[[Any], FloatArray]) -> Callable[[Any], FloatArray]:
    answer = getattr(estimator, "predict_proba", estimator.predict)

    def predict(rows: Any) -> FloatArray:
        return np.asarray(answer(encoded(rows).astype(np.float32)), dtype=np.float64)

    return predict
