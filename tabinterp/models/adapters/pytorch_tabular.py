"""Adapter for pytorch-tabular: the network of a fitted TabularModel, with the preprocessing of its data module as its encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import FunctionTransformer

from tabinterp.arrays import FloatArray
from tabinterp.errors import ModelError
from tabinterp.models.model import Model

from . import torch as from_torch
from .shared import without_encoder


class _Inputs:
    """A function that computes the "continuous" or the "categorical" input of the network from rows, with the preprocessing of a
    data module.
    """

    def __init__(self, data: Any, which: str) -> None:
        self.data = data
        self.which = which

    def __call__(self, rows: pd.DataFrame) -> FloatArray:
        batches = self.data.prepare_inference_dataloader(pd.DataFrame(rows))
        return np.concatenate([np.asarray(batch[self.which], dtype=np.float64) for batch in batches])


def is_model(model: Any) -> bool:
    """Return whether an object is a TabularModel, without importing pytorch-tabular."""
    return any(
        base.__module__.split(".")[0] == "pytorch_tabular" and base.__name__ == "TabularModel"
        for base in type(model).__mro__
    )


def wrap(
    trained: Any,
    encoder: Any,
    classes: Sequence[Any] | None,
    task: str | None,
    outputs: str | None,
    name: str | None = None,
) -> Model:
    """Wrap a fitted TabularModel as a `Model`. The configuration and the labels of the TabularModel determine the task and the
    classes.
    """
    without_encoder(encoder, "a TabularModel includes its preprocessing")
    data, config = getattr(trained, "datamodule", None), trained.config
    if data is None or getattr(trained, "model", None) is None:
        raise ModelError("the TabularModel is not fitted. Call its fit method first")
    if len(config.target) > 1:
        raise ModelError(
            f"the TabularModel predicts the targets {', '.join(config.target)}, but only one target is supported. Train a "
            "separate TabularModel for each target"
        )
    if config.task not in ("classification", "regression") or data.do_target_transform or config.date_columns:
        raise ModelError(
            "a TabularModel is supported only if its task is classification or regression, its target is not transformed, and it "
            "has no date columns. For other models, wrap a prediction function"
        )
    is_classifier = config.task == "classification"
    known = _classes(data) if is_classifier else None
    columns = {"continuous": [*config.continuous_cols], "categorical": [*config.categorical_cols]}
    empty = pd.DataFrame(columns=[*columns["continuous"], *columns["categorical"]], dtype=object)
    model = from_torch.wrap(
        trained.model,
        {which: FunctionTransformer(_Inputs(data, which)).fit(empty) for which, read in columns.items() if read},
        classes=known if classes is None else classes,
        task=task if is_classifier else task or "regression",
        outputs=outputs or ("logits" if is_classifier else None),
        name=name,
        output="logits",
    )

    def predict(rows: pd.DataFrame) -> FloatArray:
        told = trained.predict(rows, progress_bar="none")
        chosen = told.iloc[:, : len(known)] if known is not None else told.iloc[:, 0]
        return np.asarray(chosen, dtype=np.float64)

    return replace(model, library="pytorch-tabular", predict=predict)


def _classes(data: Any) -> tuple[Any, ...]:
    (labels,) = data.label_encoder if isinstance(data.label_encoder, list) else [data.label_encoder]
    return tuple(labels.classes_)
