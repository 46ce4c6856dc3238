"""How a network is called, with its inputs by name, and which of its outputs are the scores."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from tabinterp.errors import ModelError, argument, did_you_mean

MEAN = "mean"  # the output that is the mean over the members of an ensemble

Averaged = Literal["values", "logits", "logs"]  # what the members return, whose predictions are averaged


@dataclass(frozen=True)
class Inputs:
    """How a network takes its inputs: by position, by keyword, or as one dict.

    `names` are the names of the inputs (None: by position); `absent` are keywords that are given None.
    """

    number: int
    names: tuple[str, ...] | None = None
    as_dict: bool = False
    absent: tuple[str, ...] = ()


class ForwardCall(nn.Module):
    """A network that takes its inputs by position and returns one tensor of scores.

    `output` says which of its outputs these are: a key, a place, or "mean". `averaged` says for "mean" what the members return;
    it is None until that is known.
    """

    def __init__(self, module: nn.Module, inputs: Inputs, output: str | int | None, name: str) -> None:
        super().__init__()
        self.module = module
        self.inputs = inputs
        self.output = output
        self.averaged: Averaged | None = None
        self._name = name

    def forward(self, *inputs: Tensor) -> Tensor:
        result = self._call(inputs)
        return result if self.output is None else self._chosen(result)  # type: ignore[no-any-return]

    def averaging(self, averaged: Averaged) -> ForwardCall:
        """Return the same network, whose members return this."""
        made = ForwardCall(self.module, self.inputs, self.output, self._name)
        made.averaged = averaged
        return made

    def with_fixed_inputs(self) -> fx.GraphModule:
        """Return the same network with as many arguments as it has inputs, which tracing needs."""
        graph = fx.Graph()
        inputs = tuple(graph.placeholder(f"input{i}") for i in range(self.inputs.number))
        graph.output(graph.call_module("call", inputs))
        return fx.GraphModule({"call": self}, graph)

    def _call(self, inputs: Sequence[Tensor]) -> Any:
        if self.inputs.names is None:
            return self.module(*inputs)
        given: dict[str, Any] = dict(zip(self.inputs.names, inputs, strict=True)) | dict.fromkeys(self.inputs.absent)
        return self.module(given) if self.inputs.as_dict else self.module(**given)

    def _chosen(self, result: Any) -> Any:
        output = self.output
        if isinstance(result, Mapping) and output in result:
            return result[output]
        if output == MEAN and isinstance(result, (Tensor, fx.Proxy)):
            return self._mean(result)
        if output == MEAN and isinstance(result, (list, tuple)):
            return self._mean(torch.stack(list(result), dim=1))
        if isinstance(output, int) and isinstance(result, (list, tuple)) and -len(result) <= output < len(result):
            return result[output]
        if isinstance(output, str) and output in getattr(result, "_fields", ()):
            return getattr(result, output)
        raise ModelError(f"{argument('output', output)} is not an output of {self._name}. {_instead(output, result)}")

    def _mean(self, members: Any) -> Any:
        """Return the mean prediction of members (n, k) or (n, k, outputs), on the scale on which they predict."""
        if members.ndim == 2:
            members = members.unsqueeze(2)
        if self.averaged == "values":
            return members.mean(1)
        if self.averaged == "logs":
            return members.logsumexp(1) - math.log(members.shape[1])
        if self.averaged is None:
            raise ModelError(
                f"whether {self._name} predicts classes or numbers is not known yet. Pass {argument('classes')} or "
                f"{argument('task')} to ti.wrap"
            )
        if members.shape[2] > 1:  # the log of the mean probability, which is a logit too
            return functional.log_softmax(members, dim=2).logsumexp(1) - math.log(members.shape[1])
        return functional.logsigmoid(members).logsumexp(1) - functional.logsigmoid(-members).logsumexp(1)


def inputs_by_name(module: nn.Module, encoders: Mapping[Any, Any], name: str) -> Inputs:
    """Return how a network takes inputs that have names: as keywords, or as one dict if its forward has one argument.

    An input without an encoder (None) is given None.

    Raises
    ------
    ModelError
        where the names are not those of the arguments.
    """
    wrong = [one for one in encoders if not isinstance(one, str)]
    if wrong:
        raise ModelError(f"the names of the inputs in {argument('encoder')} must be texts; got {wrong[0]!r}")
    names = tuple(one for one, encoder in encoders.items() if encoder is not None)
    absent = tuple(one for one, encoder in encoders.items() if encoder is None)
    try:
        arguments = list(inspect.signature(module.forward).parameters.values())
    except (TypeError, ValueError):  # it has none that can be read: its own error says what it takes
        return Inputs(len(names), names, False, absent)
    named = [one for one in arguments if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    known = [one.name for one in named]
    needed = [one.name for one in named if one.default is one.empty]
    unknown = [one for one in encoders if one not in known]
    if unknown and len(needed or known) == 1:
        return Inputs(len(names), names, True, absent)
    if unknown and not any(one.kind is one.VAR_KEYWORD for one in arguments):
        raise ModelError(
            f"{argument('encoder')} names the input {unknown[0]!r}, but the arguments of {name}.forward are "
            f"{', '.join(known)}.{did_you_mean(unknown[0], known)} Use the names of the arguments as keys"
        )
    missing = [one for one in needed if one not in encoders]
    if missing:
        raise ModelError(
            f"{name}.forward needs the input {missing[0]!r}, which {argument('encoder')} does not name. Add a fitted "
            "transformer for it, or None if the network is to be given None"
        )
    return Inputs(len(names), names, False, absent)


def no_scores(name: str, result: Any, rows: int) -> str:
    """Return the error for a network that returned no scores for its rows: what it returned, and the argument to write."""
    told = f"{name}: a network must return scores of shape (n,), (n, 1) or (n, k); for n = {rows} it returned {_told(result)}"
    choice = _choice(result, rows)
    if choice is None:
        return told
    which = "are the predictions of members" if choice == MEAN else "are the scores"
    return (
        f"{told}. If these {which}, pass {argument('output', choice)}. ({argument('outputs')} says whether scores are logits or "
        "probabilities)"
    )


def _choice(result: Any, rows: int) -> str | int | None:
    """Return the output that may hold scores, if there is one."""
    if isinstance(result, Tensor):
        return MEAN if result.ndim == 3 and len(result) == rows else None
    widths = {
        key: value[0].numel()
        for key, value in _entries(result)
        if isinstance(value, Tensor) and value.ndim in (1, 2) and len(value) == rows
    }
    return min(widths, key=lambda key: widths[key], default=None)  # the narrowest: hidden layers are wider than scores


def _entries(result: Any) -> list[tuple[str | int, Any]]:
    if isinstance(result, Mapping):
        return list(result.items())
    return list(enumerate(result)) if isinstance(result, (list, tuple)) else []


def _told(result: Any) -> str:
    """Return what a network returned, in words."""
    if isinstance(result, (Tensor, fx.Proxy)):
        return str(tuple(result.shape))
    kind = "dict" if isinstance(result, Mapping) else type(result).__name__
    entries = ", ".join(
        f"{key!r} {tuple(one.shape) if isinstance(one, Tensor) else type(one).__name__}"
        for key, one in _entries(result)
    )
    return f"a {kind} ({entries})" if entries else f"a {kind}"


def _instead(output: Any, result: Any) -> str:
    known = [key for key, _ in _entries(result)]
    near = did_you_mean(output, [one for one in known if isinstance(one, str)]) if isinstance(output, str) else ""
    if known:
        return f"It returned {_told(result)}; choose one of {', '.join(map(repr, known))}.{near}"
    kind = f", or {argument('outputs', output)} if they are {output}" if output in ("logits", "probabilities") else ""
    return f"It returned {_told(result)}: one tensor. Leave {argument('output')} out{kind}"
