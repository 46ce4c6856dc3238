"""Adapter for skorch: the network is the net's module, and the training criterion determines the kind of outputs."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from torch import nn

from tabinterp.arrays import FloatArray
from tabinterp.errors import ModelError, argument
from tabinterp.models.inputs import side_by_side
from tabinterp.models.model import Model
from tabinterp.models.multi_input import CALLS, ways, with_encoder
from tabinterp.models.scores import module_dtype
from tabinterp.models.transformer_calls import as_array
from tabinterp.table.schema import GOALS

from . import torch as from_torch
from .shared import bases, reads
from .torch import encoders_of

CRITERIA = {  # criterion -> kind of the network's outputs
    "CrossEntropyLoss": "logits",
    "BCEWithLogitsLoss": "logits",
    "BCELoss": "probabilities",
    "NLLLoss": "probabilities",  # skorch itself takes the logarithm
}
COUNT = "PoissonNLLLoss"
REGRESSION = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss")


def is_net(estimator: Any) -> bool:
    return any(
        base.__module__.split(".")[0] == "skorch" and base.__name__ == "NeuralNet" for base in type(estimator).__mro__
    )


def takes_several(net: Any) -> bool:
    """Return whether the net's module needs several inputs. In a pipeline, the preceding step passes these inputs as a dict."""
    arguments = inspect.signature(getattr(net, "module_", nn.Identity()).forward).parameters.values()
    return sum(one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD for one in arguments) > 1


def wrap(net: Any, outputs: str | None = None, encoder: Any = "passthrough") -> Model:
    """Wrap an initialised net as a `Model`. The net takes encoded rows, or the outputs of several encoders."""
    if not getattr(net, "initialized_", False):
        raise ModelError(f"{type(net).__name__} is not fitted. Call its fit method first")
    criterion = getattr(net.criterion_, "_orig_mod", net.criterion_)
    task = _task(net, criterion)
    classes = getattr(net, "classes_", None)
    model = from_torch.wrap(
        getattr(net.module_, "_orig_mod", net.module_),
        encoder,
        classes=None if task is not None or classes is None else tuple(classes),
        task=task,
        outputs=None if task == "regression" else outputs or _outputs(net, criterion),
    )
    return replace(model, library=_library(), predict=_predict(net, model, as_array))


def behind(encoder: Any, net: Any, outputs: str | None) -> Model:
    """Wrap a net, together with an encoder that is not in the same pipeline, as a `Model`."""
    if isinstance(encoder, (list, tuple, Mapping)):
        return _behind_several(encoder, net, outputs)
    model = wrap(net, outputs)
    named = hasattr(encoder, "feature_names_in_")

    def encoded(rows: Any) -> FloatArray:
        return as_array(encoder.transform(rows if named else rows.to_numpy()))

    return replace(with_encoder(model, encoder), reads=reads(encoder), predict=_predict(net, model, encoded))


def _behind_several(encoders: Any, net: Any, outputs: str | None) -> Model:
    """Wrap a net with several inputs, together with the encoders of these inputs, as a `Model`."""
    model = wrap(net, outputs, encoders)
    if isinstance(encoders, Mapping):
        given = {name: one for name, one in encoders.items() if one is not None}
    else:  # skorch passes the arguments of `forward` as a dict
        given = dict(zip(inspect.signature(net.module_.forward).parameters, encoders, strict=False))

    def predict(rows: Any) -> FloatArray:
        encoded = [part.encode(rows) for part in side_by_side(encoders_of(list(given.values())), rows).parts]
        last_error: Exception | None = None
        for forms in itertools.islice(ways(encoded), CALLS):
            inputs = [form.of(one, module_dtype(model.module)) for form, one in zip(forms, encoded, strict=True)]
            try:
                return _answers(net, model, dict(zip(given, inputs, strict=True)))
            except Exception as error:  # the user's net can raise any error; try the next form of inputs
                last_error = error
        raise ModelError(
            f"{type(net).__name__} raised an error for the encoded rows. Check that the encoders return the columns that the "
            f"network was trained on. The error was: {last_error}"
        )

    return replace(model, predict=in_its_mode(net, predict))


def _task(net: Any, criterion: Any) -> str | None:
    """Return "count" or "regression"; None for a classifier, because its task depends on the number of classes."""
    if COUNT in bases(criterion):
        return "count"
    return "regression" if "NeuralNetRegressor" in bases(net) or type(criterion).__name__ in REGRESSION else None


def _outputs(net: Any, criterion: Any) -> str:
    if COUNT in bases(criterion):
        return "log_rate" if criterion.log_input else "rate"
    kind = next((base for base in bases(criterion) if base in CRITERIA), None)
    if kind is None or (kind == "NLLLoss" and "NeuralNetClassifier" not in bases(net)):
        raise ModelError(
            f"tabinterp cannot infer from the loss {type(criterion).__name__} whether this {type(net).__name__} returns logits "
            f"or probabilities. It can infer this only from the losses {', '.join([*CRITERIA, *REGRESSION, COUNT])}. Pass "
            f"{argument('outputs', 'logits')} or {argument('outputs', 'probabilities')}"
        )
    return CRITERIA[kind]


def _predict(net: Any, model: Model, encoded: Callable[[Any], FloatArray]) -> Callable[[Any], FloatArray]:
    """Return a function that encodes rows, converts them to the network's precision, and returns the net's own predictions."""
    precision = str(module_dtype(model.module)).removeprefix("torch.")

    return in_its_mode(net, lambda rows: _answers(net, model, encoded(rows).astype(precision)))


def _answers(net: Any, model: Model, x: Any) -> FloatArray:
    numbers = model.task is not None and not GOALS[model.task].classes
    answers = np.asarray(net.predict(x) if numbers else net.predict_proba(x), dtype=np.float64)
    return np.exp(answers) if model.outputs == "log_rate" else answers


def in_its_mode(net: Any, predict: Callable[[Any], FloatArray]) -> Callable[[Any], FloatArray]:
    """Return a function that predicts and then restores the training or evaluation mode of every part of the net."""

    def predict_and_restore(rows: Any) -> FloatArray:
        before = [(part, part.training) for part in net.module_.modules()]
        try:
            return predict(rows)
        finally:
            for part, training in before:
                part.training = training

    return predict_and_restore


def _library() -> str:
    from skorch import __version__  # noqa: PLC0415  # installed if there is a net

    return f"skorch {__version__}"
