"""Adapter for plain prediction functions, which support every analysis that needs no gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from torch import nn

from tabinterp.errors import ModelError, argument
from tabinterp.models.model import Model

from .shared import asked


def wrap(
    function: Callable[[pd.DataFrame], Any],
    encoder: Any,
    classes: Sequence[Any] | None,
    task: str | None,
    outputs: str | None,
    name: str | None = None,
) -> Model:
    """Wrap a prediction function as a `Model`. The function takes a frame of the input columns and returns predictions (n,) or
    (n, k).

    For classification, predictions are probabilities unless `outputs` is "logits". For regression, they are target values. For
    counts, they are expected counts unless `outputs` is "log_rate".
    """
    if encoder is not None:
        raise ModelError(
            f"{argument('encoder')} cannot be used with a function, because a function receives the original columns. "
            f"Leave out {argument('encoder')}, and call the encoder inside the function"
        )
    task, outputs = asked(task, outputs, classes, "rate" if task == "count" else "probabilities")
    return Model(
        name=name or str(getattr(function, "__name__", type(function).__name__)),
        library="function",
        module=nn.Sequential(),
        task=task,
        classes=None if classes is None else tuple(classes),
        outputs=outputs,
        function=function,
    )
