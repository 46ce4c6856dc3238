"""`wrap`: convert any supported model to a `Model`. To add a library, add a line to the table below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from tabinterp.errors import ModelError, argument
from tabinterp.table.schema import GOALS, TASKS

from .adapters import black_box as from_function
from .adapters import fastai as from_fastai
from .adapters import keras as from_keras
from .adapters import onnx as from_onnx
from .adapters import pytorch_tabular as from_pytorch_tabular
from .adapters import sklearn as from_sklearn
from .adapters import statsmodels as from_statsmodels
from .adapters import torch as from_torch
from .device import CPU, device_of
from .model import Model


def wrap(
    model: Any,
    *,
    encoder: Any = None,
    classes: Sequence[Any] | None = None,
    task: str | None = None,
    outputs: str | None = None,
    output: str | int | None = None,
    name: str | None = None,
    device: str = CPU,
) -> Model:
    """Convert a model of any supported library to a `Model`, which tabinterp can audit.

    Parameters
    ----------
    model : a fitted scikit-learn estimator or pipeline, a skorch net, a statsmodels result, a torch module, a fastai learner, a
        TabularModel from pytorch-tabular, a Keras model, an ONNX model, or a function. An ONNX model can be a network, or a whole
        pipeline, which needs no encoder. A function takes a frame of the input columns and returns predictions. It supports all
        analyses that need no gradients.
    encoder : for a network, a skorch net or a statsmodels result: a fitted transformer from the original columns to the model's
        input. For a network that uses the numeric columns unchanged: "passthrough". For a network with several inputs: a list of
        encoders, or a dict that maps the name of each input to its encoder. Named inputs are passed as keywords, or as one dict
        if the forward method has only one argument. If the encoder of an input is None, the network receives None for this input.
        A trial call determines whether the network expects whole numbers for an input, for example indices of an embedding.
    classes : the classes in the order of the network's outputs. Pass them if the model stores no classes, or stores them under
        names that differ from those in the table. For a single logit, pass two classes, the positive class last. The default
        (None) is the order of the table.
    task : "regression" or "count", for a torch network that predicts numbers or counts. In other cases, the task is taken from
        the model or the table.
    outputs : for a classifier, "logits" or "probabilities". For a model of counts, "log_rate" (log of the expected count) or
        "rate" (expected count). The default (None) depends on the model. A torch classifier that ends in a sigmoid or softmax is
        assumed to return probabilities, and reports say so. Any other torch classifier is assumed to return logits. For a skorch
        net, the training criterion determines the kind of outputs. For a Keras or ONNX model, the last layer determines it. A
        function is assumed to return probabilities. For counts, the default is "rate" for a function and "log_rate" for a
        network.
    output : for a torch network that returns several outputs, the output that contains the scores: the key in a dict or the
        position in a tuple. If the network returns the outputs (n, members, outputs) of ensemble members, "mean" averages their
        probabilities, values or counts. For a scikit-learn estimator with several targets, the position of the target.
    name : name of the model in reports.
    device : the device on which torch computes, "cpu" or "cuda".

    The original model is never changed. When the wrapped model is first used with a table, its predictions are compared with
    those of the original model.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    >>> wrap(network, encoder="passthrough", task="regression").name
    'Sequential 8'
    """
    if isinstance(model, Model):
        wrapped = model if classes is None else _renamed_classes(model, tuple(classes))
        return wrapped if device == CPU else replace(wrapped, device=device_of(device))
    if task is not None and task not in TASKS:
        raise ModelError(f"the task must be one of {', '.join(TASKS)}; got {task!r}")
    if output is not None:
        return replace(_with_output(model, encoder, classes, task, outputs, name, output), device=device_of(device))
    for is_ours, make in ADAPTERS:
        if is_ours(model):
            return replace(make(model, encoder, classes, task, outputs, name), device=device_of(device))
    raise ModelError(
        f"{type(model).__module__}.{type(model).__name__} is not a supported model. Pass a fitted "
        "scikit-learn estimator or pipeline, a skorch net, a statsmodels result, a torch module, a fastai learner, a "
        "TabularModel from pytorch-tabular, a Keras or ONNX model, any object with predict_proba and classes_, or a function of "
        "rows, such as model.predict_proba with "
        f"{argument('classes')}"
    )


def _renamed_classes(model: Model, classes: tuple[Any, ...]) -> Model:
    """Return a model that is already wrapped, such as a loaded one, with different names for its classes."""
    is_unnamed = model.classes is None and (model.task is None or GOALS[model.task].classes)
    if is_unnamed:  # `bind` compares the names with the classes of the table
        return replace(model, classes=classes)
    return from_sklearn.named_classes(model, classes)


def _with_output(
    model: Any,
    encoder: Any,
    classes: Sequence[Any] | None,
    task: str | None,
    outputs: str | None,
    name: str | None,
    output: str | int,
) -> Model:
    """Wrap a torch module, or an estimator with several targets, and choose one of its outputs."""
    if isinstance(output, bool) or not isinstance(output, (str, int)):
        raise ModelError(
            f"{argument('output')} must be the name (a string) or the position (a whole number) of an output, or 'mean'; got "
            f"{output!r}"
        )
    if hasattr(model, "get_params") and hasattr(model, "fit"):
        return from_sklearn.wrap(model, encoder, classes, task, outputs, name, output)
    if not isinstance(model, nn.Module) or from_keras.is_model(model):
        raise ModelError(
            f"{argument('output', output)} can be used only with a torch module, or with MultiOutputClassifier or "
            f"MultiOutputRegressor; got {type(model).__name__}. Leave out {argument('output')}. To state whether the model "
            f"returns logits or probabilities, pass {argument('outputs')}"
        )
    return from_torch.wrap(model, encoder, classes, task, outputs, name, output)


def _is_estimator(model: Any) -> bool:
    return (hasattr(model, "get_params") and hasattr(model, "fit")) or from_sklearn.is_classifying(model)


ADAPTERS: list[tuple[Callable[[Any], bool], Callable[..., Model]]] = [
    (from_keras.is_model, from_keras.wrap),
    (from_onnx.is_model, from_onnx.wrap),
    (lambda model: isinstance(model, nn.Module), from_torch.wrap),
    (from_statsmodels.is_statsmodels, from_statsmodels.wrap),
    (from_fastai.is_learner, from_fastai.wrap),
    (from_pytorch_tabular.is_model, from_pytorch_tabular.wrap),
    (_is_estimator, from_sklearn.wrap),
    (callable, from_function.wrap),
]
