"""The kinds of outputs of a network: logits, probabilities, values, rates, or the mean of an ensemble's members."""

from __future__ import annotations

from dataclasses import replace

from tabinterp.table.schema import Goal

from .forward_call import MEAN, Averaged, ForwardCall
from .model import Model
from .scores import Link


def link_of(model: Model, goal: Goal) -> Link | None:
    """Return the link function that converts outputs to scores; None if the outputs need no conversion. If a count model returns
    plain numbers, they are assumed to be expected counts.
    """
    if goal.classes:
        return "logit" if model.outputs == "probabilities" else None
    rates = model.task == "regression" or model.outputs in ("rate", "probabilities")
    return "log" if goal.scale == "log-rate" and rates else None


def averaging(model: Model, goal: Goal) -> Model:
    """Return the model, set to average the predictions of its ensemble members (probabilities, values or expected counts). A
    model without ensemble members is returned unchanged.
    """
    if not isinstance(model.module, ForwardCall) or model.module.output != MEAN:
        return model
    if link_of(model, goal) is not None:
        averaged: Averaged = "values"  # probabilities or rates
    elif goal.classes:
        averaged = "logits"
    else:
        averaged = "logs" if goal.scale == "log-rate" else "values"
    return replace(model, module=model.module.averaging(averaged))
