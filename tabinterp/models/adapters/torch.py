"""PyTorch: any module with one float input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from ...errors import ModelError
from ..front import private
from ..model import Model

OUTPUTS = ("logits", "probabilities")


def wrap(
    module: nn.Module,
    encoder: Any,
    classes: Sequence[Any] | None,
    task: str | None,
    outputs: str | None,
    name: str | None = None,
) -> Model:
    """A module behind an encoder as a `Model`; the module is copied, so that the user's own is never changed."""
    if encoder is None:
        raise ModelError(
            "a torch module reads encoded rows; pass encoder= a fitted transformer, or encoder='passthrough' where it "
            "reads the numeric columns as they are"
        )
    outputs = outputs or "logits"
    if outputs not in OUTPUTS:
        raise ModelError(f"outputs is one of {', '.join(OUTPUTS)}; got {outputs!r}")
    passthrough = isinstance(encoder, str)
    if passthrough and encoder != "passthrough":
        raise ModelError(f"encoder is a fitted transformer or 'passthrough'; got {encoder!r}")
    if not passthrough and not hasattr(encoder, "transform"):
        raise ModelError(f"encoder has no transform method: {type(encoder).__name__}")
    try:
        own = private(module)
    except Exception as error:  # copying runs the user's code: whatever it raises is told in its words
        raise ModelError(
            f"{type(module).__name__} cannot be copied, and the original is never touched: {error}"
        ) from error
    reads = None if passthrough else getattr(encoder, "feature_names_in_", None)
    return Model(
        name=name or _named(own),
        library=f"torch {torch.__version__.split('+')[0]}",
        module=own,
        task=task if task is not None or classes is None else ("binary" if len(classes) == 2 else "multiclass"),
        classes=None if classes is None else tuple(classes),
        outputs=outputs,
        encoder=None if passthrough else encoder,
        reads=None if reads is None else tuple(map(str, reads)),
    )


def _named(module: nn.Module) -> str:
    widths = [str(layer.out_features) for layer in module.modules() if isinstance(layer, nn.Linear)][:-1]
    return " ".join([type(module).__name__, *(["-".join(widths)] if widths else [])])
