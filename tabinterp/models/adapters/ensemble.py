"""Adapter for scikit-learn's ensembles of networks and linear models: soft voting, bagging, and one classifier for each class.

Voting and bagging average probabilities or values. One-vs-rest divides the probabilities of its classifiers by their sum, which
is the same as a softmax of the log-probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tabinterp.models.model import Model
from tabinterp.models.scores import module_dtype

from .members import Average, Member, side_by_side, width
from .shared import Column, affine, reads

Read = Callable[[Any], Model]


class MeanValue(nn.Module):
    """A module that averages the predicted values of several regression modules."""

    def __init__(self, members: Sequence[nn.Module], weights: Sequence[float] | None) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.shares: Tensor
        shares = np.ones(len(members)) if weights is None else np.asarray(weights)
        self.register_buffer("shares", torch.as_tensor(shares / shares.sum()).to(module_dtype(members[0])))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([member(x) for member in self.members], dim=1) @ self.shares


class LogProbabilities(nn.Module):
    """A module that returns, for several modules with one logit each, the log-sigmoid of every logit."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.logsigmoid(torch.cat([member(x) for member in self.members], dim=1))


def voting(estimator: Any, read: Read) -> Model | None:
    """Return a network that is exactly equivalent to a voting classifier or regressor, or None if it cannot be converted."""
    if getattr(estimator, "voting", "soft") != "soft":
        return None
    return _averaged(estimator, [_member(one, read) for one in estimator.estimators_], estimator._weights_not_none)


def bagging(estimator: Any, read: Read) -> Model | None:
    """Return a network that is exactly equivalent to a bagging estimator, or None if it cannot be converted."""
    every = np.arange(estimator.n_features_in_)
    found = []
    for one, columns in zip(estimator.estimators_, estimator.estimators_features_, strict=True):
        every_class = len(getattr(one, "classes_", ())) == len(getattr(estimator, "classes_", ()))
        member = _member(one, read) if every_class else None  # a class may be missing from the drawn rows
        if member is not None and not np.array_equal(columns, every):
            member = _of_columns(member, np.eye(len(every))[columns])
        found.append(member)
    return _averaged(estimator, found, None)


def one_vs_rest(estimator: Any, read: Read) -> Model | None:
    """Return a network that is exactly equivalent to a one-vs-rest classifier, or None if it cannot be converted."""
    found = [_one_logit(_member(one, read)) for one in estimator.estimators_]
    members = [member for member in found if member is not None]
    joined = side_by_side(members) if len(members) == len(found) and not estimator.multilabel_ else None
    if joined is None:
        return None
    encoder, modules = joined
    return _model(estimator, members, encoder, modules[0] if len(modules) == 1 else LogProbabilities(modules))


def _averaged(estimator: Any, found: Sequence[Member | None], weights: Sequence[float] | None) -> Model | None:
    members = [member for member in found if member is not None]
    alike = len(members) == len(found) and len({(m.outputs, module_dtype(m.module)) for m in members}) == 1
    k = len(getattr(estimator, "classes_", ()))
    if not alike or members[0].outputs not in ({0: (1,), 2: (1, 2)}.get(k, (k,))):
        return None
    joined = side_by_side(members)
    if joined is None or (weights is not None and not np.all(np.asarray(weights) > 0)):
        return None
    encoder, modules = joined
    if k == 0:
        return _model(estimator, members, encoder, MeanValue(modules, weights))
    return _model(estimator, members, encoder, Average(modules, members[0].outputs == 1, weights))


def _model(estimator: Any, members: Sequence[Member], encoder: Any, module: nn.Module) -> Model:
    classes = tuple(estimator.classes_) if hasattr(estimator, "classes_") else None
    return Model(
        name=f"{type(estimator).__name__} of {len(members)} {members[0].name}",
        library="scikit-learn",
        module=module.eval(),
        task="regression" if classes is None else "binary" if len(classes) == 2 else "multiclass",
        classes=classes,
        encoder=encoder,
        reads=reads(encoder),
    )


def _member(estimator: Any, read: Read) -> Member | None:
    """Return a fitted classifier or regressor as a member that returns logits or values; None if it is not a network."""
    if not hasattr(estimator, "classes_") and not hasattr(estimator, "predict"):
        return None  # a constant prediction
    classes = hasattr(estimator, "classes_")
    if classes and not hasattr(estimator, "predict_proba"):
        return None
    model = read(estimator)
    size = width(model.module)
    if model.function is not None or model.finish is not None or size == 0:
        return None
    if model.outputs != "logits" and classes:
        return None
    with torch.inference_mode():
        outputs = model.module(torch.zeros((2, size), dtype=module_dtype(model.module)))
    flat = outputs.ndim == 1
    module = nn.Sequential(model.module, Column()) if flat else model.module
    return Member(module, model.encoder, model.name, 1 if flat else outputs.shape[1])


def _of_columns(member: Member, chosen: Any) -> Member | None:
    """Return the member as a module that takes all encoded columns and uses only the columns `chosen`. Return None if the member
    has its own encoder.
    """
    if member.encoder is not None:
        return None
    first = affine(chosen, np.zeros(len(chosen)), module_dtype(member.module))
    return Member(nn.Sequential(first, member.module), None, member.name, member.outputs)


def _one_logit(member: Member | None) -> Member | None:
    if member is None or member.outputs > 2:
        return None
    if member.outputs == 1:
        return member
    difference = affine([[-1.0, 1.0]], [0.0], module_dtype(member.module))
    return Member(nn.Sequential(member.module, difference), member.encoder, member.name, 1)
