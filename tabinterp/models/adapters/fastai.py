"""Adapter for fastai: the network of a tabular learner, with the preprocessing of the learner as its encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import FunctionTransformer

from tabinterp.arrays import FloatArray
from tabinterp.errors import ModelError, argument
from tabinterp.models.model import Model

from . import torch as from_torch
from .shared import bases, without_encoder

LOGITS = ("CrossEntropyLossFlat", "BCEWithLogitsLossFlat", "LabelSmoothingCrossEntropyFlat", "FocalLossFlat")


class _Inputs:
    """A function that computes one input of a learner's network from rows: the integer codes ("cats") or the continuous values
    ("conts").
    """

    def __init__(self, rows: Any, which: str) -> None:
        self.rows = rows  # an empty copy of the learner's training rows, with their columns and fitted procs
        self.which = which

    def __call__(self, frame: pd.DataFrame) -> FloatArray:
        made = self.rows.new(pd.DataFrame(frame).copy())
        made.process()
        return np.asarray(getattr(made, self.which), dtype=np.float64)


def is_learner(model: Any) -> bool:
    """Return whether an object is a fastai learner, without importing fastai."""
    return any(base.__module__.split(".")[0] == "fastai" and base.__name__ == "Learner" for base in type(model).__mro__)


def wrap(
    learner: Any,
    encoder: Any,
    classes: Sequence[Any] | None,
    task: str | None,
    outputs: str | None,
    name: str | None = None,
) -> Model:
    """Wrap a tabular learner as a `Model`. The learner's targets determine the task and the classes, and its loss function
    determines the kind of outputs.
    """
    without_encoder(encoder, "a fastai learner includes its preprocessing")
    if "TabularLearner" not in bases(learner):
        raise ModelError(
            f"expected a fastai TabularLearner; got an object of type {type(learner).__name__}. Other fastai learners are not "
            "supported"
        )
    source = learner.dls.train_ds
    known = tuple(learner.dls.vocab) if getattr(learner.dls, "vocab", None) is not None else None
    if len(source.y_names) > 1:
        raise ModelError(
            f"the learner predicts the targets {', '.join(source.y_names)}, but only one target is supported. Train a separate "
            "learner for each target"
        )
    if known is not None and outputs is None and not set(bases(learner.loss_func)) & set(LOGITS):
        raise ModelError(
            f"tabinterp cannot infer from the loss {type(learner.loss_func).__name__} whether the learner returns logits or "
            f"probabilities. It can infer this only from the losses {', '.join(LOGITS)}. Pass {argument('outputs', 'logits')} or "
            f"{argument('outputs', 'probabilities')}"
        )
    inputs = {"x_cat": _encoder(source, "cats"), "x_cont": _encoder(source, "conts")}
    model = from_torch.wrap(
        learner.model,
        inputs,
        classes=known if classes is None else classes,
        task="regression" if known is None and task is None else task,
        outputs=outputs if known is None else outputs or "logits",
        name=name,
    )
    return replace(model, library="fastai")


def _encoder(source: Any, which: str) -> FunctionTransformer | None:
    """Return the encoder of the network's input `which`; None if the network has no such input."""
    if not (source.cat_names if which == "cats" else source.cont_names):
        return None
    filled = [f"{column}_na" for proc in source.procs for column in getattr(proc, "na_dict", {})]
    columns = [str(one) for one in source.x_names if one not in filled]  # fastai adds those itself
    return FunctionTransformer(_Inputs(source.new_empty(), which)).fit(pd.DataFrame(columns=columns, dtype=object))
