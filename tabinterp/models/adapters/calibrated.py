"""Adapter for scikit-learn's CalibratedClassifierCV: sigmoid and temperature calibration of a linear model or a network.

The calibrators use the classifier's decision function if it has one, and otherwise its probabilities. In sigmoid calibration, the
calibrated log-odds are an affine function of these values. With several classes, each class is calibrated against all others, and
the calibrated values s are normalised: p_k = s_k / sum s, which is the softmax of log s. The probabilities from all
cross-validation folds are averaged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from tabinterp.models.model import Model
from tabinterp.models.scores import module_dtype

from .members import Average, Member, side_by_side
from .shared import Column, affine, bases, ends, inside, reads

Read = Callable[[Any], Model]
MARGINS = (  # classifiers whose decision function is affine
    "LogisticRegression", "LogisticRegressionCV", "SGDClassifier", "LinearSVC", "RidgeClassifier", "RidgeClassifierCV",
    "Perceptron", "PassiveAggressiveClassifier", "LinearDiscriminantAnalysis",
)  # fmt: skip


def wrap(estimator: Any, read: Read) -> Model | None:
    """Return a network that is exactly equivalent to the classifier, or None if a part of it cannot be expressed as a network."""
    found = [_member(part, estimator.classes_, read) for part in estimator.calibrated_classifiers_]
    members = [member for member in found if member is not None]
    if len(members) < len(found):
        return None
    first = members[0]
    k = len(estimator.classes_)
    model = Model(
        name=f"calibrated {first.name}",
        library="scikit-learn",
        module=first.module.eval(),
        task="binary" if k == 2 else "multiclass",
        classes=tuple(estimator.classes_),
        encoder=first.encoder,
        reads=reads(first.encoder),
    )
    return model if len(members) == 1 else _average(model, members)


def _average(model: Model, members: list[Member]) -> Model | None:
    """Return a model that averages classifiers fitted on different cross-validation folds. If each classifier has its own
    encoder, the outputs of the encoders are concatenated.
    """
    joined = side_by_side(members)
    if joined is None:
        return None
    encoder, modules = joined
    binary = model.task == "binary" and members[0].outputs == 1
    return replace(model, module=Average(modules, binary).eval(), encoder=encoder)


# ---- one calibrated classifier


def _member(part: Any, classes: Any, read: Read) -> Member | None:
    estimator = inside(part.estimator)
    known = np.arange(len(classes)) if part.method == "temperature" else classes  # fitted on class indices
    every = any(np.array_equal(estimator.classes_, order) for order in (known, classes))  # a fold may miss a class
    if part.method not in ("sigmoid", "temperature") or not every:
        return None
    return (
        _of_margin(part, estimator) if hasattr(estimator, "decision_function") else _of_network(part, read(estimator))
    )


def _of_margin(part: Any, estimator: Any) -> Member | None:
    encoder, final = ends(estimator)
    if not set(bases(final)) & set(MARGINS):
        return None
    margin = affine(final.coef_, final.intercept_)
    if part.method == "sigmoid":
        after = _sigmoids(part.calibrators, margin.weight.dtype)
    else:
        beta = float(part.calibrators[0].beta_)  # for two classes, of the logits (-z, z)
        after = [_scaled(2 * beta if margin.out_features == 1 else beta, margin.out_features, margin.weight.dtype)]
    return Member(nn.Sequential(margin, *after), encoder, type(final).__name__, margin.out_features)


def _of_network(part: Any, network: Model) -> Member | None:
    linears = [layer for layer in network.module.modules() if isinstance(layer, nn.Linear)]
    if network.function is not None or not linears:
        return None
    width, dtype, logits = linears[-1].out_features, module_dtype(network.module), network.outputs == "logits"
    layers, outputs = [*_layers(network.module), *([Column()] if width == 1 else [])], width
    if part.method == "sigmoid":
        if logits:
            layers.append(nn.Sigmoid() if width == 1 else nn.Softmax(dim=1))
        if width == 2:
            layers.append(affine([[0.0, 1.0]], [0.0], dtype))
        layers, outputs = [*layers, *_sigmoids(part.calibrators, dtype)], len(part.calibrators)
    elif logits:
        layers.append(_scaled(float(part.calibrators[0].beta_), width, dtype))
    else:
        return None
    return Member(nn.Sequential(*layers), network.encoder, network.name, outputs)


def _layers(module: nn.Module) -> list[nn.Module]:
    return list(module) if type(module) is nn.Sequential else [module]


def _sigmoids(calibrators: Any, dtype: torch.dtype) -> list[nn.Module]:
    """Return layers for the calibration 1 / (1 + exp(a z + b)) of each value z.

    With one calibrator, the layers return the log-odds of the calibrated probability. With several calibrators (one-vs-rest),
    they return the logs of the probabilities before normalisation.
    """
    slopes, shifts = [-float(c.a_) for c in calibrators], [-float(c.b_) for c in calibrators]
    return [affine(np.diag(slopes), shifts, dtype), *([nn.LogSigmoid()] if len(slopes) > 1 else [])]


def _scaled(factor: float, width: int, dtype: torch.dtype) -> nn.Module:
    return affine(factor * np.eye(width), np.zeros(width), dtype)
