"""Values of objectives as functions of the first affine output.

The *first affine output* (`front` in the code) is the output of the network's first affine operations (`models.affine_front`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.errors import NotApplicableError, argument
from tabinterp.models import BoundModel
from tabinterp.models.layer_chain import chain_of
from tabinterp.models.layers import Layer

from .objectives import Objective, Term

SCORE, PROBABILITY = "score", "probability"
LENGTH = "length of "  # followed by the number of a layer
Key = int | str  # a layer, counted from 1, or an output of the network
BLOCK = 16_384


@dataclass(frozen=True, eq=False)
class Reader:
    """Objectives that are weighted sums of the same features.

    The value of objective k at a first affine output z is `weights[k] @ features(z) + constants[k]`.

    Attributes
    ----------
    keys : layers or outputs of the network. Their concatenated values are the features (F).
    inner : modules that compute the inner features (I). The features are affine functions of the inner features, which take less
        time to compute.
    inner_weights : weights of the inner features in each objective.
    inner_constants : constants added to the weighted sums of the inner features.
    linear : whether each objective is a sum of functions of single columns. If so, the inner features are the first affine output
        itself.
    apart : function that maps first affine outputs (m, h) to penalties (m,), which are subtracted from the values.
    """

    bound: BoundModel
    layers: tuple[Layer, ...]
    objectives: tuple[Objective, ...]
    keys: tuple[Key, ...]
    weights: FloatArray  # (K, F)
    constants: FloatArray  # (K,)
    inner: tuple[nn.Module, ...]
    inner_weights: Tensor  # (K, I)
    inner_constants: Tensor  # (K,)
    linear: bool
    apart: Callable[[Tensor], Tensor] | None = None

    def scored(self, z: Tensor, of: IntArray) -> Tensor:
        """Return the value (S, C) of each state's objective at the given first affine outputs (S, C, h)."""
        made = [module(z.flatten(0, 1)) for module in self.inner]
        features = made[0] if len(made) == 1 else torch.cat(made, dim=1)
        which = torch.as_tensor(of)
        own = torch.bmm(features.reshape(*z.shape[:2], -1), self.inner_weights[which][:, :, None])[:, :, 0]
        scores: Tensor = own + self.inner_constants[which][:, None]
        return scores if self.apart is None else scores - self.apart(z.flatten(0, 1)).reshape(scores.shape)

    def every(self, z: Tensor) -> FloatArray:
        """Return the value (m, K) of every objective at each first affine output (m, h)."""
        modules = [_module(self.bound, self.layers, key) for key in self.keys]
        parts = []
        with torch.inference_mode():
            for i in range(0, len(z), BLOCK):
                features = torch.cat([module(z[i : i + BLOCK]).double() for module in modules], dim=1)
                parts.append(features.cpu().numpy() @ self.weights.T + self.constants)
        return np.concatenate(parts)


def _module(bound: BoundModel, layers: tuple[Layer, ...], key: Key) -> nn.Module:
    if isinstance(key, int):
        return layers[key - 1].before
    if key.startswith(LENGTH):
        return _Length(layers[int(key.removeprefix(LENGTH)) - 1])
    return _Probabilities(bound.rest) if key == PROBABILITY else bound.rest


class _Length(nn.Module):
    """Euclidean norm of a layer's outputs, with a small constant that makes it differentiable at zero."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.outputs = layer.outputs

    def forward(self, z: Tensor) -> Tensor:
        squares: Tensor = self.outputs(z).square().sum(dim=1, keepdim=True)
        return (squares + 1e-12).sqrt()


class _Probabilities(nn.Module):
    def __init__(self, rest: nn.Module) -> None:
        super().__init__()
        self.rest = rest

    def forward(self, z: Tensor) -> Tensor:
        scores = self.rest(z)
        return torch.sigmoid(scores) if scores.shape[1] == 1 else torch.softmax(scores, dim=1)


def readers_of(
    bound: BoundModel, layers: tuple[Layer, ...], objectives: Sequence[Objective]
) -> list[tuple[IntArray, Reader]]:
    """Group objectives that use the same features, and return each group with the positions of its objectives."""
    needs = [tuple(sorted({_key(t) for _, t in one.terms}, key=str)) for one in objectives]
    made = []
    for keys in dict.fromkeys(needs):
        which = np.flatnonzero([one == keys for one in needs])
        few = tuple(one for one, need in zip(objectives, needs, strict=True) if need == keys)
        lines = [_weights(bound, layers, one, keys) for one in few]
        weights, constants = np.array([w for w, _ in lines]), np.array([c for _, c in lines])
        made.append((which.astype(np.int64), _reader(bound, layers, few, keys, weights, constants)))
    return made


def _reader(
    bound: BoundModel, layers: tuple[Layer, ...], few: tuple[Objective, ...], keys: tuple[Key, ...], weights: FloatArray,
    constants: FloatArray,
) -> Reader:  # fmt: skip
    chain = chain_of(bound, layers)
    inner: list[nn.Module] = []
    moved, shift, start = [], constants.copy(), 0
    for key in keys:
        depth = len(layers) if key == SCORE else int(key) - 1 if isinstance(key, int) else len(chain)
        width = _width(bound, layers, key)
        own, start = weights[:, start : start + width], start + width
        if depth < len(chain):
            inner.append(nn.Identity() if depth == 0 else layers[depth - 1].outputs)
            moved.append(own @ chain[depth][0])
            shift += own @ chain[depth][1]
        else:
            inner.append(_module(bound, layers, key))
            moved.append(own)
    return Reader(
        bound=bound,
        layers=layers,
        objectives=few,
        keys=keys,
        weights=weights,
        constants=constants,
        inner=tuple(inner),
        inner_weights=bound.at_home(np.concatenate(moved, axis=1)).float(),
        inner_constants=bound.at_home(shift).float(),
        linear=len(inner) == 1 and isinstance(inner[0], nn.Identity),
    )


def _width(bound: BoundModel, layers: tuple[Layer, ...], key: Key) -> int:
    """Return the number of features for a key: one for each unit of a layer or output of the network, and one for a norm."""
    if isinstance(key, int):
        return _layer(bound, layers, key).width
    return 1 if key.startswith(LENGTH) else len(bound.outputs)


def _key(term: Term) -> Key:
    if term.whole:
        return f"{LENGTH}{term.layer}"
    if term.layer is not None:
        return term.layer
    return PROBABILITY if term.probability else SCORE


def _weights(
    bound: BoundModel, layers: tuple[Layer, ...], objective: Objective, keys: tuple[Key, ...]
) -> tuple[FloatArray, float]:
    """Return an objective's weights for the features (F,) and its constant."""
    made, constant = [], 0.0
    for key in keys:
        line = np.zeros(_width(bound, layers, key))
        for weight, term in objective.terms:
            if _key(term) == key:
                own, more = _feature(bound, layers, term, len(line))
                line, constant = line + weight * own, constant + weight * more
        made.append(line)
    return np.concatenate(made), constant


def _feature(bound: BoundModel, layers: tuple[Layer, ...], term: Term, width: int) -> tuple[FloatArray, float]:
    """Return the weights of the features and the constant in one term of an objective."""
    if term.whole:
        _layer(bound, layers, term.layer)
        return np.ones(1), 0.0
    return _output(bound, term) if term.layer is None else (_units(term, width), 0.0)


def _layer(bound: BoundModel, layers: tuple[Layer, ...], number: int | None) -> Layer:
    if not layers:
        raise NotApplicableError(
            f"no hidden layers were found in {bound.model.name}, so only its outputs can be maximised. Pass "
            "an output as the objective, such as ti.output()"
        )
    if not (isinstance(number, (int, np.integer)) and 1 <= number <= len(layers)):
        raise NotApplicableError(
            f"unknown layer {number!r} in the objective; the hidden layers of {bound.model.name} are numbered "
            f"from 1 to {len(layers)}"
        )
    return layers[number - 1]


def _units(term: Term, width: int) -> FloatArray:
    if term.vector:
        if len(term.vector) != width:
            raise NotApplicableError(
                f"a direction in layer {term.layer} must have {width} numbers, one for each hidden unit; got "
                f"{len(term.vector)}"
            )
        return np.array(term.vector)
    if not (isinstance(term.index, (int, np.integer)) and 0 <= term.index < width):
        raise NotApplicableError(
            f"unknown hidden unit {term.index!r} in the objective; the units of layer {term.layer} are "
            f"numbered from 0 to {width - 1}"
        )
    return np.asarray(np.eye(width)[term.index])


def _output(bound: BoundModel, term: Term) -> tuple[FloatArray, float]:
    """Return the weights of the outputs and the constant of an output term.

    With two classes, the network's score and probability are those of the second class. For the first class, the score has the
    opposite sign, and the probability is one minus the probability of the second class.
    """
    schema = bound.table.schema
    if term.probability and not schema.goal.classes:
        raise NotApplicableError(
            f"an output can be a probability only if the target is categorical; the target {schema.target!r} is "
            f"not. Leave out {argument('probability', True)}"
        )
    if len(bound.outputs) == 1:
        allowed = [None, *schema.classes] if schema.goal.classes else [None]
        place = _place(term.outcome, allowed)
        if place == 1:
            return np.array([-1.0]), float(term.probability)
        return np.array([1.0]), 0.0
    return np.eye(len(bound.outputs))[_place(term.outcome, list(schema.classes))], 0.0


def _place(outcome: object, allowed: list[object]) -> int:
    found = [i for i, one in enumerate(allowed) if one == outcome or (outcome is not None and str(one) == str(outcome))]
    if not found:
        raise NotApplicableError(f"unknown output {outcome!r} in the objective; choose one of {allowed}")
    return found[0]
