"""Adapter for pytabkit's RealMLP and TabM: the network, with the preprocessing of the estimator as its encoder.

The predictions of the network are compared with those of the fitted estimator on rows of the table. If they differ, or if the
estimator has an unsupported structure, the model is treated as a prediction function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.preprocessing import FunctionTransformer
from torch import Tensor, nn

from tabinterp.arrays import FloatArray
from tabinterp.document.message import why
from tabinterp.errors import ModelError
from tabinterp.models.model import Model
from tabinterp.models.scores import module_dtype

from . import torch as from_torch

COMPARED = 256  # number of rows
NEAR = 1e-4


class RealMLP(nn.Module):
    """The layers of a RealMLP after its preprocessing. The layers evaluate several models at once, and the predictions of these
    models are averaged.
    """

    def __init__(self, layers: nn.Module, is_classifier: bool) -> None:
        super().__init__()
        self.layers = layers
        self.is_classifier = is_classifier

    def forward(self, x_cont: Any = None, x_one_hot: Any = None, x_cat: Any = None) -> Tensor:
        named = {"x_cont": x_cont, "x_one_hot": x_one_hot, "x_cat": x_cat}
        given = {name: value.unsqueeze(0) for name, value in named.items() if value is not None}
        return _mean(self.layers(given)["x_cont"].transpose(0, 1), self.is_classifier)


class TabM(nn.Module):
    """A TabM network, which averages several ensemble members. For regression, its outputs are converted back to the scale of the
    target.
    """

    def __init__(self, network: nn.Module, is_classifier: bool, of_logits: bool, scale: float, shift: float) -> None:
        super().__init__()
        self.network = network
        self.is_classifier = is_classifier
        self.of_logits = of_logits
        self.scale = scale
        self.shift = shift

    def forward(self, x_cont: Any = None, x_cat: Any = None) -> Tensor:
        members = self.network(x_cont, x_cat)
        if self.is_classifier:
            return _mean(members, not self.of_logits)
        return members.mean(1) * self.scale + self.shift  # type: ignore[no-any-return]


def _mean(members: Tensor, of_probabilities: bool) -> Tensor:
    """Average the outputs (n, members, k) of ensemble members. Return the log of the mean probabilities if `of_probabilities` is
    true, and otherwise the mean of the outputs.
    """
    if members.shape[1] == 1:
        return members[:, 0]
    if not of_probabilities:
        return members.mean(1)
    return torch.logsumexp(torch.log_softmax(members, dim=-1), dim=1) - math.log(members.shape[1])


class _Inputs:
    """A function that converts and preprocesses rows as the estimator does, and returns one input of the network."""

    def __init__(self, convert: Callable[[pd.DataFrame], Any], prepare: Any, kept: Any, name: str) -> None:
        self.convert = convert
        self.prepare = prepare
        self.kept = kept
        self.name = name

    def __call__(self, rows: pd.DataFrame) -> FloatArray:
        value = self.prepare(self.convert(pd.DataFrame(rows))).tensors[self.name]
        kept = value[:, self.kept] if self.name == "x_cont" and self.kept is not None else value
        return kept.detach().cpu().double().numpy()  # type: ignore[no-any-return]


class _Finish:
    """The step that completes the model for a table (`Model.finish`). The model is treated as a prediction function if the
    network's predictions differ from the estimator's.
    """

    def __init__(self, exact: Model, plain: Model) -> None:
        self.exact = exact
        self.plain = plain

    def __call__(self, model: Model, frame: pd.DataFrame) -> Model:
        given = replace(self.exact, classes=model.classes, name=model.name, device=model.device)
        try:
            made = given if self.exact.finish is None else self.exact.finish(given, frame)
        except ModelError:  # the layers refuse the inputs derived from the estimator
            made = None
        if made is not None and made.function is None and self._agrees(made, frame.iloc[:COMPARED]):
            return made
        return replace(self.plain, classes=model.classes, name=model.name, opaque=why("opaque.outside"))

    def _agrees(self, made: Model, rows: pd.DataFrame) -> bool:
        if self.plain.function is None:
            return False
        own = np.asarray(self.plain.function(rows[list(made.reads or ())]))
        x = torch.as_tensor(made.encoder.transform(rows)).to(module_dtype(made.module))
        with torch.inference_mode():
            read = made.module(x).double()
        found = (torch.softmax(read, dim=1) if made.classes is not None else read).numpy().reshape(own.shape)
        return float(np.abs(found - own).max()) <= NEAR * max(1.0, float(np.abs(own).max()))


def is_ours(estimator: Any) -> bool:
    """Return whether an object is an estimator from pytabkit, without importing pytabkit."""
    ours = any(base.__module__.split(".")[0] == "pytabkit" for base in type(estimator).__mro__)
    return ours and hasattr(estimator, "x_converter_") and hasattr(estimator, "alg_interface_")


def wrap(estimator: Any, plain: Model) -> Model:
    """Wrap a fitted estimator from pytabkit as a `Model`. `plain` is the model to use if the network cannot be extracted."""
    columns = _columns(estimator)
    if columns is None:
        return plain
    classes = tuple(estimator.classes_) if hasattr(estimator, "classes_") else None
    answer = estimator.predict if classes is None else estimator.predict_proba
    plain = replace(plain, function=lambda rows: answer(rows[list(columns)]), reads=columns)
    try:
        network, inputs = _parts(estimator, classes is not None, columns)
    except (AttributeError, KeyError, TypeError, ValueError):  # another version or structure
        return plain
    exact = from_torch.wrap(
        network,
        inputs,
        classes=classes,
        task="regression" if classes is None else None,
        outputs=None if classes is None else "logits",
        name=type(estimator).__name__,
    )
    exact = replace(exact, library="pytabkit")
    return replace(exact, finish=_Finish(exact, plain))


def _columns(estimator: Any) -> tuple[str, ...] | None:
    """Return the columns of the frame on which the estimator was fitted; None if it was fitted on an array."""
    known = getattr(estimator.x_converter_.num_tf, "feature_names_in_", None)
    return None if known is None else tuple(map(str, known))


def _parts(estimator: Any, is_classifier: bool, columns: Sequence[str]) -> tuple[nn.Module, dict[str, Any]]:
    """Return the network, and the encoder of each of its inputs."""
    convert, fitted = estimator.x_converter_.transform, estimator.alg_interface_
    if hasattr(fitted, "sub_split_interfaces"):
        (fitted,) = fitted.sub_split_interfaces
        scale, shift = (1.0, 0.0) if is_classifier else (fitted.y_std_, fitted.y_mean_)
        of_logits = bool(fitted.config.get("average_logits", False))
        network: nn.Module = TabM(fitted.model_, is_classifier, of_logits, scale, shift)
        prepare, kept = fitted.tfm_, fitted.num_col_mask_.cpu()
    else:
        network = RealMLP(fitted.model.model, is_classifier)
        prepare, kept = fitted.model.creator.static_model, None
    empty = pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    found = {}
    for name, info in prepare.forward_tensor_infos(estimator.x_converter_.tensor_infos).items():
        width = int(kept.sum()) if name == "x_cont" and kept is not None else info.get_n_features()
        if width > 0:
            found[name] = FunctionTransformer(_Inputs(convert, prepare, kept, name)).fit(empty)
    return network, found
