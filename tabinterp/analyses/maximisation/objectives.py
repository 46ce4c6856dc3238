"""Objectives to maximise: a hidden unit, a direction in a layer, the norm of a layer, an output, or a weighted sum of these.

The objectives follow Erhan et al. (2009) and Olah et al. (2017). Units and directions are evaluated before the activation
function, because pre-activations show how far an inactive unit is from being active.

>>> unit(layer=1, index=7) - 2 * output()
layer 1 unit 7 - 2 × output
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tabinterp.errors import NotApplicableError


@dataclass(frozen=True)
class Term:
    """One term of an objective.

    Attributes
    ----------
    layer : number of the layer, starting from 1; None for an output.
    vector : weights of the layer's units; empty for the single unit at `index`.
    """

    name: str
    layer: int | None = None
    index: int = 0
    vector: tuple[float, ...] = ()
    outcome: Any = None
    probability: bool = False
    whole: bool = False  # the norm of the layer's outputs


@dataclass(frozen=True)
class Objective:
    """A weighted sum of terms. Objectives can be added to each other and multiplied by numbers."""

    terms: tuple[tuple[float, Term], ...]

    def __add__(self, other: Objective) -> Objective:
        if not isinstance(other, Objective):
            return NotImplemented
        return Objective(self.terms + other.terms)

    def __sub__(self, other: Objective) -> Objective:
        return self + -1.0 * other

    def __mul__(self, factor: float) -> Objective:
        if isinstance(factor, Objective) or not np.isfinite(factor):
            raise NotApplicableError(f"an objective can only be multiplied by a finite number; got {factor!r}")
        return Objective(tuple((float(factor) * weight, term) for weight, term in self.terms))

    __rmul__ = __mul__

    def __neg__(self) -> Objective:
        return -1.0 * self

    def __repr__(self) -> str:
        told = [f"{'-' if w < 0 else '+'} {'' if abs(w) == 1 else f'{abs(w):g} × '}{t.name}" for w, t in self.terms]
        first = told[0][2:] if self.terms[0][0] >= 0 else "-" + told[0][2:]
        return " ".join([first, *told[1:]])


def unit(layer: int, index: int) -> Objective:
    """Return the pre-activation of a hidden unit as an objective.

    Parameters
    ----------
    layer : number of the layer, from 1.
    index : number of the unit in its layer, from 0.

    >>> unit(layer=1, index=7)
    layer 1 unit 7
    """
    return Objective(((1.0, Term(f"layer {layer} unit {index}", layer=layer, index=index)),))


def direction(layer: int, vector: Sequence[float]) -> Objective:
    """Return a weighted sum of a layer's pre-activations as an objective.

    Parameters
    ----------
    layer : number of the layer, from 1.
    vector : one weight for each unit of the layer.

    >>> direction(2, [0.5, -1.0])
    direction in layer 2
    """
    values = tuple(float(v) for v in vector)
    if not values or not np.isfinite(values).all():
        raise NotApplicableError(
            f"a direction must have one finite number for each hidden unit of its layer; got {vector!r}"
        )
    return Objective(((1.0, Term(f"direction in layer {layer}", layer=layer, vector=values)),))


def layer(number: int) -> Objective:
    """Return the Euclidean norm of a layer's outputs as an objective. Layers are numbered from 1.

    >>> layer(2)
    length of layer 2
    """
    return Objective(((1.0, Term(f"length of layer {number}", layer=number, whole=True)),))


def output(outcome: Any = None, probability: bool = False) -> Objective:
    """Return a score or a probability of the network as an objective.

    Parameters
    ----------
    outcome : a class; None if the network has only one output.
    probability : whether to use the probability instead of the score.

    >>> output(), output("yes", probability=True)
    (output, probability of yes)
    """
    of = "" if outcome is None else f" {'of ' if probability else ''}{outcome}"
    name = f"{'probability' if probability else 'output'}{of}"
    return Objective(((1.0, Term(name, outcome=outcome, probability=probability)),))


def interpolation(one: Objective, other: Objective, share: float) -> Objective:
    """Return a linear interpolation between two objectives (Olah et al. 2017 interpolate between two units).

    It is (1 - share) times the first objective plus `share` times the second.

    >>> interpolation(unit(1, 0), unit(1, 3), 0.25)
    0.75 × layer 1 unit 0 + 0.25 × layer 1 unit 3
    """
    if not 0 <= share <= 1:
        raise NotApplicableError(f"share must be between 0 and 1; got {share!r}")
    return (1 - share) * one + share * other
