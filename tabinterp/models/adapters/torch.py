"""Adapter for PyTorch: any module that takes encoded rows, as a single input or as several inputs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from tabinterp.errors import ModelError, argument
from tabinterp.models.affine_front import private, trace
from tabinterp.models.embeddings import is_rounding
from tabinterp.models.forward_call import ForwardCall, inputs_by_name, inputs_by_position
from tabinterp.models.model import Model
from tabinterp.models.multi_input import Finish
from tabinterp.models.quantised import dequantised, is_quantised

from .shared import asked


def wrap(
    module: nn.Module,
    encoder: Any,
    classes: Sequence[Any] | None,
    task: str | None,
    outputs: str | None,
    name: str | None = None,
    output: str | int | None = None,
) -> Model:
    """Wrap a copy of a module, together with its encoder, as a `Model`."""
    stated = outputs is not None
    task, outputs = asked(task, outputs, classes)
    module = _unwrapped(module)
    kind = type(module).__name__
    if isinstance(encoder, Mapping):
        inputs = inputs_by_name(module, encoder, kind)
        encoders = encoders_of([one for one in encoder.values() if one is not None])
    else:
        encoders = encoders_of(encoder)
        inputs = inputs_by_position(module, len(encoders), kind)
    try:
        own = private(module, dequantised)
    except Exception as error:  # copying runs the user's code, which can raise any error; its message is passed on
        raise ModelError(
            f"tabinterp works on a copy of the network, but {kind} cannot be copied ({error}). Make sure that copy.deepcopy "
            f"works on {kind}, or wrap a prediction function instead of the network"
        ) from error
    called = name or _named(own)
    if inputs.names is not None or output is not None:
        own = ForwardCall(own, inputs, output, kind).eval()
    model = Model(
        dequantised=any(map(is_quantised, module.modules())),
        name=called,
        library=f"torch {torch.__version__.split('+')[0]}",
        module=own,
        task=task,
        classes=None if classes is None else tuple(classes),
        outputs=outputs,
        outputs_stated=stated,
    )
    if len(encoders) > 1 or isinstance(encoder, (list, tuple, Mapping)) or _reads_whole_numbers(own):
        return replace(model, finish=Finish(tuple(encoders)))
    reads = getattr(encoders[0], "feature_names_in_", None)
    return replace(model, encoder=encoders[0], reads=None if reads is None else tuple(map(str, reads)))


def encoders_of(encoder: Any) -> list[Any]:
    """Return a list of encoders, one for each input (None for "passthrough")."""
    if encoder is None:
        raise ModelError(
            "a network needs an encoder that converts table rows to network inputs. Pass a fitted transformer as "
            f"{argument('encoder')}, or {argument('encoder', 'passthrough')} if the network reads the numeric columns unchanged"
        )
    encoders = [_encoder(one) for one in (encoder if isinstance(encoder, (list, tuple)) else [encoder])]
    if not encoders:
        raise ModelError(
            f"{argument('encoder', [])} is empty. Pass one fitted transformer for each input of the network"
        )
    return encoders


def _unwrapped(module: nn.Module) -> nn.Module:
    """Return the network inside `DataParallel`, `DistributedDataParallel` or `torch.compile`, which computes the same outputs."""
    inside: Any = module
    while isinstance(inside, (nn.DataParallel, nn.parallel.DistributedDataParallel)) or hasattr(inside, "_orig_mod"):
        inside = inside._orig_mod if hasattr(inside, "_orig_mod") else inside.module
    return inside  # type: ignore[no-any-return]


def _encoder(encoder: Any) -> Any:
    """Return the encoder after checking that it is a transformer. Return None for "passthrough"."""
    if isinstance(encoder, str):
        if encoder != "passthrough":
            raise ModelError(f"encoder must be a fitted transformer or 'passthrough'; got {encoder!r}")
        return None
    if not hasattr(encoder, "transform"):
        name = type(encoder).__name__
        instead = "Pass a fitted transformer, such as a scikit-learn pipeline"
        if inspect.isroutine(encoder):
            name = getattr(encoder, "__name__", name)
            function = name if name.isidentifier() else "function"  # the name of a lambda is no identifier
            name, instead = (
                f"the function {name}",
                f"Pass sklearn.preprocessing.FunctionTransformer({function}) instead",
            )
        raise ModelError(f"encoder must have a transform method, but {name} has none. {instead}")
    return encoder


def _reads_whole_numbers(module: nn.Module) -> bool:
    """Return whether a part of the module may look up levels or round values. The gradient with respect to its input would then
    be incomplete.
    """
    if any(isinstance(part, (nn.Embedding, nn.EmbeddingBag)) for part in module.modules()):
        return True
    graph = trace(module)
    return graph is None or any(is_rounding(node) for node in graph.graph.nodes)


def _named(module: nn.Module) -> str:
    widths = [str(layer.out_features) for layer in module.modules() if isinstance(layer, nn.Linear)][:-1]
    return " ".join([type(module).__name__, *(["-".join(widths)] if widths else [])])
