"""A network described without code: a list of layers, each of a known kind, filled with tensors that fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import nn

from ...errors import ModelError
from ..front import is_sequence
from .reading import LARGEST_JSON, Content, json_object

LAYERS: dict[str, tuple[type[nn.Module], tuple[str, ...]]] = {  # name in the file -> module, its settings
    "Linear": (nn.Linear, ("in_features", "out_features")),
    "ReLU": (nn.ReLU, ()),
    "Tanh": (nn.Tanh, ()),
    "Sigmoid": (nn.Sigmoid, ()),
    "GELU": (nn.GELU, ("approximate",)),
    "SiLU": (nn.SiLU, ()),
    "ELU": (nn.ELU, ("alpha",)),
    "LeakyReLU": (nn.LeakyReLU, ("negative_slope",)),
    "Identity": (nn.Identity, ()),
    "Dropout": (nn.Dropout, ("p",)),
    "BatchNorm1d": (nn.BatchNorm1d, ("num_features", "eps", "affine")),
    "Softmax": (nn.Softmax, ("dim",)),
}
MOST_LAYERS = 1_000
LARGEST_WIDTH = 1 << 24
Kind = TypeVar("Kind", bound=BaseModel)
DTYPES = {"float32": torch.float32, "float64": torch.float64}


def _is_width(value: Any) -> bool:
    return type(value) is int and 0 < value <= LARGEST_WIDTH


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


SETTINGS: dict[str, tuple[Callable[[Any], bool], str]] = {  # what a setting may be, and in words
    "in_features": (_is_width, f"from 1 to {LARGEST_WIDTH:,}"),
    "out_features": (_is_width, f"from 1 to {LARGEST_WIDTH:,}"),
    "num_features": (_is_width, f"from 1 to {LARGEST_WIDTH:,}"),
    "approximate": (lambda value: value in ("none", "tanh"), "none or tanh"),
    "alpha": (_is_number, "a number"),
    "negative_slope": (_is_number, "a number"),
    "p": (_is_number, "a number"),
    "eps": (_is_number, "a number"),
    "affine": (lambda value: type(value) is bool, "true or false"),
    "dim": (lambda value: value is None or (type(value) is int and value in (1, -1)), "1, -1 or null"),
}


class Layer(BaseModel):
    """`name` is what its tensors are called in the file, where that is not its position ("fc1" for "fc1.weight")."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    settings: dict[str, bool | int | float | str | None] = {}
    bias: bool = True
    name: str | None = None


class Architecture(BaseModel):
    """`architecture.json`: what weights alone do not say."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    layers: list[Layer]
    name: str | None = None
    task: str | None = None
    classes: list[str | int | float | bool] | None = None
    outputs: str | None = None


def parse(content: Content) -> Architecture:
    """An architecture from JSON."""
    if len(content.data) > LARGEST_JSON:
        raise ModelError(f"{content.name!r} is larger than {LARGEST_JSON:,} bytes")
    return checked(Architecture, json_object(content.data, repr(content.name)), content.name)


def checked(kind: type[Kind], value: dict[str, Any], name: str) -> Kind:
    """A pydantic model, or its first complaint in words."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(f"{name!r}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def describe(module: nn.Module, name: str) -> list[Layer]:
    """The layers of a plain sequence."""
    if not is_sequence(module):
        raise ModelError(f"{name} is a {type(module).__name__}; only a torch Sequential can be saved without code")
    return [_layer(part, name) for part in module]


def _layer(module: nn.Module, name: str) -> Layer:
    kind = type(module).__name__
    if kind not in LAYERS or type(module) is not LAYERS[kind][0]:
        raise ModelError(f"{name} holds a {kind}; layers that can be saved are {', '.join(LAYERS)}")
    if getattr(module, "running_mean", 0) is None:
        raise ModelError(f"{name} holds a {kind} without running statistics, which makes a row depend on other rows")
    settings = {setting: getattr(module, setting) for setting in LAYERS[kind][1]}
    return Layer(kind=kind, settings=settings, bias=getattr(module, "bias", None) is not None)


def fill(layers: list[Layer], tensors: dict[str, torch.Tensor], file: str) -> nn.Sequential:
    """The network: built without memory, compared with the tensors, and only then given them."""
    module = build(layers, file)
    own = _renamed(layers, tensors, file)
    _fits(module.state_dict(), own, file)
    for name, value in own.items():
        if not bool(torch.isfinite(value).all()):
            raise ModelError(f"{file!r}: {name} holds values that are not finite")
    aligned = {name: value.clone(memory_format=torch.contiguous_format) for name, value in own.items()}
    module.load_state_dict(aligned, strict=True, assign=True)
    return module.eval().requires_grad_(False)


def build(layers: list[Layer], file: str) -> nn.Sequential:
    """The modules, without memory for their tensors."""
    if not 0 < len(layers) <= MOST_LAYERS:
        raise ModelError(f"{file!r} describes {len(layers)} layers; 1 to {MOST_LAYERS:,} can be read")
    with torch.device("meta"):
        return nn.Sequential(*[_module(layer, file) for layer in layers])


def _module(layer: Layer, file: str) -> nn.Module:
    if layer.kind not in LAYERS:
        raise ModelError(f"{file!r} names a layer {layer.kind!r}; known are {', '.join(LAYERS)}")
    make, settings = LAYERS[layer.kind]
    if set(layer.settings) != set(settings):
        raise ModelError(f"{file!r}: {layer.kind} has the settings {list(settings)}; got {list(layer.settings)}")
    for setting, value in layer.settings.items():
        allowed, words = SETTINGS[setting]
        if not allowed(value):
            raise ModelError(f"{file!r}: {setting} of {layer.kind} is {words}; got {value!r}")
    extra: dict[str, Any] = {"bias": layer.bias} if layer.kind == "Linear" else {}
    try:
        return make(**layer.settings, **extra)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{file!r}: no {layer.kind} can be made of {layer.settings}: {error}") from None


def _renamed(layers: list[Layer], tensors: dict[str, torch.Tensor], file: str) -> dict[str, torch.Tensor]:
    """Tensors under their layers' positions."""
    positions = {layer.name or str(i): str(i) for i, layer in enumerate(layers)}
    if len(positions) != len(layers):
        raise ModelError(f"{file!r} describes two layers of one name")
    own = {}
    for name, value in tensors.items():
        layer, _, part = name.rpartition(".")
        own[f"{positions.get(layer, layer)}.{part}"] = value
    return own


def _fits(expected: dict[str, torch.Tensor], given: dict[str, torch.Tensor], file: str) -> None:
    missing, extra = sorted(set(expected) - set(given)), sorted(set(given) - set(expected))
    if missing or extra:
        parts = [f"missing {_few(missing)}" if missing else "", f"not described {_few(extra)}" if extra else ""]
        raise ModelError(f"{file!r}: the weights do not fit the architecture: {'; '.join(p for p in parts if p)}")
    floats = set()
    for name, value in given.items():
        if value.shape != expected[name].shape:
            raise ModelError(
                f"{file!r}: the weights do not fit the architecture: {name} has the shape {list(value.shape)}, the layer "
                f"{list(expected[name].shape)}"
            )
        if expected[name].is_floating_point():
            floats.add(str(value.dtype).removeprefix("torch."))
        elif value.dtype != expected[name].dtype:
            raise ModelError(f"{file!r}: {name} is {value.dtype}; the layer takes {expected[name].dtype}")
    if len(floats) > 1 or not floats <= set(DTYPES):
        raise ModelError(
            f"{file!r} holds weights of {', '.join(sorted(floats))}; one of {', '.join(DTYPES)} is read: convert them with "
            f".float() before saving"
        )


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
