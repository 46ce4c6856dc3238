"""Layers, prediction functions and checks that several adapters use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from sklearn.pipeline import Pipeline
from torch import Tensor, nn

from tabinterp.arrays import FloatArray
from tabinterp.errors import ModelError, argument
from tabinterp.models.affine_front import linear
from tabinterp.models.encoding import as_fitted
from tabinterp.models.piped_function import Piped
from tabinterp.models.transformer_calls import as_taken
from tabinterp.table.schema import GOALS, LOGITS, RATES


def affine(weight: Any, bias: Any, dtype: torch.dtype = torch.float64) -> nn.Linear:
    """Return a linear layer with these weights (outputs, inputs) and biases (outputs,)."""
    weight = np.atleast_2d(np.array(weight, dtype=np.float64))
    bias = np.broadcast_to(np.asarray(bias, dtype=np.float64), (len(weight),)).copy()
    return linear(torch.as_tensor(weight).to(dtype), torch.as_tensor(bias).to(dtype))


class Pointwise(nn.Module):
    """A layer that applies a function to each number."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Column(nn.Module):
    """A layer that reshapes (n,) or (n, 1) to (n, 1)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(-1, 1)


def asked(
    task: str | None, outputs: str | None, classes: Sequence[Any] | None, usual: str = "logits"
) -> tuple[str | None, str]:
    """Return the task and the kind of outputs. If one of the two is not given, it is inferred from the other or from the
    classes.
    """
    if task is None and classes is not None:
        task = "binary" if len(classes) == 2 else "multiclass"
    if task is None and outputs in RATES:
        task = "count"
    allowed = (*LOGITS, *RATES) if task is None else GOALS[task].outputs
    outputs = outputs or (usual if usual in allowed else allowed[0])
    if outputs not in allowed:
        raise ModelError(
            f"outputs must be one of {', '.join(allowed)}; got {outputs!r}. To choose one of several outputs of a network, "
            f"pass {argument('output', outputs)} instead"
        )
    return task, outputs


def without_encoder(encoder: Any, reason: str) -> None:
    """Raise an error if an encoder is given for a model that needs none."""
    if encoder is not None:
        raise ModelError(f"{reason}, so it needs no {argument('encoder')}. Leave out {argument('encoder')}")


def predictor(estimator: Any, named: bool, classifier: bool) -> Callable[[Any], FloatArray]:
    """Return a function that takes a frame of rows and returns the estimator's own probabilities (n, k) or values (n,)."""
    encoder, _ = ends(inside(estimator))

    def predict(rows: Any) -> FloatArray:
        answer = estimator.predict_proba if classifier else estimator.predict
        return np.asarray(as_taken(answer, as_fitted(encoder, rows), named), dtype=np.float64)

    return predict


def piped(pipeline: Any, classifier: bool) -> Callable[[Any], FloatArray]:
    """Return a prediction function like that of `predictor`, for a pipeline that was fitted on named columns.

    The function calls the pipeline's encoder and its last step separately.
    """
    encoder, _ = ends(pipeline)
    steps = [step for _, step in pipeline.steps[:-1] if step is not None and step != "passthrough"]
    last = pipeline.steps[-1][1]

    def answer(x: Any) -> Any:
        return last.predict_proba(x) if classifier else last.predict(x)

    def encode(rows: Any) -> Any:
        made = as_fitted(encoder, rows)
        for step in steps:
            made = step.transform(made)
        return made

    return Piped(predictor(pipeline, True, classifier), encoder, encode, answer)


def reads(source: Any) -> tuple[str, ...] | None:
    """Return the names of the columns on which an estimator or encoder was fitted, if it stores them."""
    names = getattr(source, "feature_names_in_", None)
    return None if names is None else tuple(map(str, names))


THRESHOLDS = (
    "FixedThresholdClassifier",
    "TunedThresholdClassifierCV",
)  # with the probabilities of the wrapped estimator


def inside(estimator: Any) -> Any:
    """Return the estimator inside a wrapper: a hyperparameter search, a `FrozenEstimator`, or a classifier with a chosen decision
    threshold. Any other estimator is returned unchanged.
    """
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif type(estimator).__name__ == "FrozenEstimator":
            estimator = estimator.estimator
        elif type(estimator).__name__ in THRESHOLDS and hasattr(estimator, "estimator_"):
            estimator = estimator.estimator_
        else:
            return estimator


def ends(estimator: Any) -> tuple[Any, Any]:
    """Return the encoder (None if there is none) and the final estimator. `estimator` may be a pipeline or a single estimator."""
    if type(estimator).__name__ != "Pipeline":
        return None, estimator
    steps = [step for step in estimator.steps[:-1] if step[1] is not None and step[1] != "passthrough"]
    taken = [
        step for step in steps if not hasattr(step[1], "fit_resample")
    ]  # imbalanced-learn's samplers do not change new rows
    encoder = estimator[:-1] if len(taken) == len(steps) else Pipeline(taken)
    return (encoder if taken else None), inside(estimator.steps[-1][1])


def bases(estimator: Any) -> list[str]:
    """Return the names of an object's class and its base classes."""
    return [base.__name__ for base in type(estimator).__mro__]
