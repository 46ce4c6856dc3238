"""Calls to networks that take named inputs, or that return the scores as one of several outputs."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from tabinterp.errors import ModelError, argument, did_you_mean

MOST = 8  # maximum number of outputs named in an error
MEAN = "mean"  # the output that is the mean over the members of an ensemble

Averaged = Literal["values", "logits", "logs"]  # what the averaged members return


@dataclass(frozen=True)
class Inputs:
    """A specification of how inputs are passed to a network: by position, by keyword, or as one dict.

    `names` contains the names of the inputs (None if they are passed by position). `absent` contains the keywords that receive
    None.
    """

    number: int
    names: tuple[str, ...] | None = None
    as_dict: bool = False
    absent: tuple[str, ...] = ()


class ForwardCall(nn.Module):
    """A network that takes its inputs by position and returns one tensor of scores.

    `output` selects the output with the scores: a key, a position, or "mean". For "mean", `averaged` is the kind of outputs that
    the ensemble members return. `averaged` is None until the kind is known.
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
        """Return a copy with this value of `averaged`."""
        made = ForwardCall(self.module, self.inputs, self.output, self._name)
        made.averaged = averaged
        return made

    def with_fixed_inputs(self) -> fx.GraphModule:
        """Return the network as a graph with a fixed number of arguments, because a variable number cannot be traced."""
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
        entries = dict(_entries(result))
        if self.output in entries:
            return entries[self.output]
        if (
            isinstance(self.output, int)
            and isinstance(result, (list, tuple))
            and -len(result) <= self.output < len(result)
        ):
            return result[self.output]
        if self.output == MEAN and isinstance(result, (Tensor, fx.Proxy)):
            return self._mean(result)
        if self.output == MEAN and isinstance(result, (list, tuple)) and not hasattr(result, "_fields"):
            return self._mean(self._stacked(result))
        raise ModelError(
            f"{argument('output', self.output)} is not an output of {self._name}. {_instead(self.output, result)}"
        )

    def _stacked(self, members: Sequence[Any]) -> Tensor:
        traced = any(isinstance(one, fx.Proxy) for one in members)
        if not traced and (
            not all(isinstance(one, Tensor) and one.ndim > 0 for one in members)
            or len({one.shape for one in members}) != 1
        ):
            raise ModelError(
                f"{argument('output', MEAN)} averages ensemble members. It needs one tensor for each member, and all must have "
                f"the same shape, (n,) or (n, outputs); {self._name} returned {_described(members)}. To choose one of these "
                f"outputs, pass its position, such as {argument('output', 0)}"
            )
        return torch.stack(list(members), dim=1)

    def _mean(self, members: Any) -> Any:
        """Return the mean prediction of k ensemble members, given their outputs (n, k) or (n, k, outputs).

        Probabilities, values or expected counts are averaged, even if the members return logits or logs.
        """
        if isinstance(members, Tensor) and members.ndim not in (2, 3):
            raise ModelError(
                f"{argument('output', MEAN)} averages ensemble members. It needs a tensor of shape (n, members) or (n, members, "
                f"outputs); {self._name} returned {_described(members)}. If this tensor contains the scores, leave out "
                f"{argument('output')}"
            )
        if members.ndim == 2:
            members = members.unsqueeze(2)
        if self.averaged == "values":
            return members.mean(1)
        if self.averaged == "logs":
            return members.logsumexp(1) - math.log(members.shape[1])
        if self.averaged is None:
            raise ModelError(
                f"to average ensemble members ({argument('output', MEAN)}), tabinterp must know whether {self._name} predicts "
                f"classes or numbers. Pass {argument('classes')} or {argument('task')} to ti.wrap"
            )
        if members.shape[2] > 1:  # the log of the mean probability, which is also a logit
            return functional.log_softmax(members, dim=2).logsumexp(1) - math.log(members.shape[1])
        return functional.logsigmoid(members).logsumexp(1) - functional.logsigmoid(-members).logsumexp(1)


def inputs_by_name(module: nn.Module, encoders: Mapping[Any, Any], name: str) -> Inputs:
    """Return a specification of how to pass named inputs to a network: as keywords, or as one dict if its forward method has one
    argument.

    If the encoder of an input is None, the network receives None for this input.

    Raises
    ------
    ModelError
        The names of the inputs do not match the arguments of the forward method.
    """
    wrong = [one for one in encoders if not isinstance(one, str)]
    if wrong:
        raise ModelError(
            f"the keys in {argument('encoder')} must be the names of the network's inputs, which are strings; got {wrong[0]!r}"
        )
    if not any(one is not None for one in encoders.values()):
        raise ModelError(
            f"{argument('encoder', dict(encoders))} contains no encoder. Pass a dict that maps the name of each input to a "
            "fitted transformer"
        )
    names = tuple(one for one, encoder in encoders.items() if encoder is not None)
    absent = tuple(one for one, encoder in encoders.items() if encoder is None)
    try:
        arguments = list(inspect.signature(module.forward).parameters.values())
    except (TypeError, ValueError):  # unknown signature: an error will come from the network itself
        return Inputs(len(names), names, False, absent)
    named = [one for one in arguments if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    known = [one.name for one in named]
    needed = [one.name for one in named if one.default is one.empty]
    unknown = [one for one in encoders if one not in known]
    if unknown and len(needed or known) == 1 and not any(one.kind is one.POSITIONAL_ONLY for one in arguments):
        return Inputs(len(names), names, True, absent)
    if unknown and not any(one.kind is one.VAR_KEYWORD for one in arguments):
        if not known:
            raise ModelError(
                f"{argument('encoder')} names the input {unknown[0]!r}, but {name}.forward takes its inputs by position. Pass "
                "the encoders as a list, in the order of the inputs"
            )
        raise ModelError(
            f"{argument('encoder')} names the input {unknown[0]!r}, but the arguments of {name}.forward are "
            f"{', '.join(known)}.{did_you_mean(unknown[0], known)} Use these names as the keys of the dict"
        )
    missing = [one for one in needed if one not in encoders]
    if missing:
        raise ModelError(
            f"{name}.forward needs the input {missing[0]!r}, which is missing from {argument('encoder')}. Add the key "
            f"{missing[0]!r} with a fitted transformer, or with None if the network should receive None for this input"
        )
    return Inputs(len(names), names, False, absent)


def inputs_by_position(module: nn.Module, encoders: int, name: str) -> Inputs:
    """Check that a network takes one input per encoder by position, and return its `Inputs`.

    Raises
    ------
    ModelError
        The network takes a different number of inputs, or takes them by name.
    """
    try:
        arguments = list(inspect.signature(module.forward).parameters.values())
    except (TypeError, ValueError):  # unknown signature: an error will come from the network itself
        return Inputs(encoders)
    named = [one.name for one in arguments if one.kind is one.KEYWORD_ONLY and one.default is one.empty]
    if named:
        encoded = ", ".join(f"{one!r}: ..." for one in named)
        raise ModelError(
            f"{name}.forward takes its inputs by name ({', '.join(named)}). Pass {argument('encoder')} as a dict of fitted "
            f"transformers: {{{encoded}}}"
        )
    places = [one for one in arguments if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    least = sum(one.default is one.empty for one in places)
    most = math.inf if any(one.kind is one.VAR_POSITIONAL for one in arguments) else len(places)
    if least <= encoders <= most:
        return Inputs(encoders)
    takes = f"{least}" if least == most else f"at least {least}" if most == math.inf else f"{least} to {most}"
    raise ModelError(
        f"{name}.forward takes {takes} input{'' if most == 1 else 's'} ({', '.join(one.name for one in places)}), but "
        f"{argument('encoder')} has {encoders} encoder{'' if encoders == 1 else 's'}. Pass a list of fitted transformers, one "
        "for each input"
    )


def no_scores(name: str, result: Any, rows: int) -> str:
    """Return the error message for a network that did not return scores. The message states what the network returned and, if one
    of its outputs may contain scores, how to select this output.
    """
    told = f"{name} must return scores of shape (n,), (n, 1) or (n, k); for n = {rows} rows it returned {_described(result)}"
    choice = _choice(result, rows)
    if choice is None:
        return told
    which = (
        "these are the predictions of ensemble members" if choice == MEAN else f"output {choice!r} contains the scores"
    )
    return (
        f"{told}. If {which}, pass {argument('output', choice)}. To state whether the scores are logits or probabilities, pass "
        f"{argument('outputs')}"
    )


def _choice(result: Any, rows: int) -> str | int | None:
    """Return the key or position of the output that most likely contains scores, or "mean" for a tensor of ensemble members.
    Return None if none of the outputs can contain scores.
    """
    if isinstance(result, Tensor):
        return MEAN if result.ndim == 3 and len(result) == rows else None
    widths = {
        key: value[0].numel()
        for key, value in _entries(result)
        if isinstance(value, Tensor) and value.ndim in (1, 2) and len(value) == rows
    }
    return min(widths, key=lambda key: widths[key], default=None)  # the narrowest: hidden layers are wider than scores


def _entries(result: Any) -> list[tuple[str | int, Any]]:
    """Return a pair (key, value) for each output. The key is a mapping key, the name of a field, or a position."""
    if isinstance(result, Mapping):
        return list(result.items())
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return list(zip(result._fields, result, strict=True))
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return [(field.name, getattr(result, field.name)) for field in dataclasses.fields(result)]
    return list(enumerate(result)) if isinstance(result, (list, tuple)) else []


def _described(result: Any) -> str:
    """Describe the type and shape of what a network returned, for an error message."""
    if isinstance(result, fx.Proxy):
        return "a value"
    if isinstance(result, Tensor):
        return f"a tensor of shape {tuple(result.shape)}{'' if result.is_floating_point() else f' and type {result.dtype}'}"
    kind = type(result).__name__
    kind = f"a {kind}" if kind in ("dict", "tuple", "list") else f"an object of type {kind}"
    entries = _entries(result)
    told = [
        f"{key!r}: {tuple(one.shape) if isinstance(one, Tensor) else type(one).__name__}" for key, one in entries[:MOST]
    ] + (["..."] if len(entries) > MOST else [])
    return "None" if result is None else kind + (f" ({', '.join(told)})" if told else "")


def _instead(output: Any, result: Any) -> str:
    known = [key for key, _ in _entries(result)]
    near = did_you_mean(output, [one for one in known if isinstance(one, str)]) if isinstance(output, str) else ""
    told = f"The network returned {_described(result)}"
    if known:
        more = ", ..." if len(known) > MOST else ""
        return f"{told}; choose one of {', '.join(map(repr, known[:MOST]))}{more}.{near}"
    if not isinstance(result, (Tensor, fx.Proxy)):
        return f"{told}, which has no outputs to choose from. Change its forward method so that it returns tensors"
    kind = (
        f", or pass {argument('outputs', output)} if its values are {output}"
        if output in ("logits", "probabilities")
        else ""
    )
    return f"{told}, which is a single output. Leave out {argument('output')}{kind}"
