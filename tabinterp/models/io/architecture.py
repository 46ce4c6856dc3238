"""Description of a network without code, as a list of layers of known kinds and their tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import nn

from tabinterp.errors import ModelError
from tabinterp.field_errors import problem
from tabinterp.models.affine_front import is_sequence

from .allocation_limits import ROWS, WIDEST, check_total
from .safetensors_file import check_numbers

LAYERS: dict[str, tuple[type[nn.Module], tuple[str, ...]]] = {  # name in the file -> module, its settings
    "Linear": (nn.Linear, ("in_features", "out_features")),
    "ReLU": (nn.ReLU, ()),
    "Tanh": (nn.Tanh, ()),
    "Sigmoid": (nn.Sigmoid, ()),
    "GELU": (nn.GELU, ("approximate",)),
    "SiLU": (nn.SiLU, ()),
    "ELU": (nn.ELU, ("alpha",)),
    "LeakyReLU": (nn.LeakyReLU, ("negative_slope",)),
    "SELU": (nn.SELU, ()),
    "CELU": (nn.CELU, ("alpha",)),
    "Mish": (nn.Mish, ()),
    "Softplus": (nn.Softplus, ("beta", "threshold")),
    "Softsign": (nn.Softsign, ()),
    "Hardtanh": (nn.Hardtanh, ("min_val", "max_val")),
    "Hardswish": (nn.Hardswish, ()),
    "ReLU6": (nn.ReLU6, ()),
    "PReLU": (nn.PReLU, ("num_parameters",)),
    "LogSigmoid": (nn.LogSigmoid, ()),
    "Identity": (nn.Identity, ()),
    "Dropout": (nn.Dropout, ("p",)),
    "BatchNorm1d": (nn.BatchNorm1d, ("num_features", "eps", "affine")),
    "LayerNorm": (nn.LayerNorm, ("normalized_shape", "eps", "elementwise_affine")),
    "Embedding": (nn.Embedding, ("num_embeddings", "embedding_dim")),
    "Flatten": (nn.Flatten, ("start_dim", "end_dim")),
    "Softmax": (nn.Softmax, ("dim",)),
    "LogSoftmax": (nn.LogSoftmax, ("dim",)),
}
WITH_BIAS = ("Linear", "LayerNorm")  # layers for which the bias is optional
MOST_LAYERS = 1_000
LARGEST_WIDTH = 1 << 24
Kind = TypeVar("Kind", bound=BaseModel)


def _is_width(value: Any) -> bool:
    return type(value) is int and 0 < value <= WIDEST


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 < value <= LARGEST_WIDTH


def _are_widths(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= 3 and all(map(_is_width, value))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


SETTINGS: dict[str, tuple[Callable[[Any], bool], str]] = {  # setting -> test of its value, and allowed values in words
    "in_features": (_is_width, f"a whole number from 1 to {WIDEST:,}"),
    "out_features": (_is_width, f"a whole number from 1 to {WIDEST:,}"),
    "num_features": (_is_width, f"a whole number from 1 to {WIDEST:,}"),
    "num_parameters": (_is_width, f"a whole number from 1 to {WIDEST:,}"),
    "num_embeddings": (_is_count, f"a whole number from 1 to {LARGEST_WIDTH:,}"),
    "embedding_dim": (_is_width, f"a whole number from 1 to {WIDEST:,}"),
    "normalized_shape": (_are_widths, f"a list of one to three whole numbers from 1 to {WIDEST:,}"),
    "approximate": (lambda value: value in ("none", "tanh"), "none or tanh"),
    "alpha": (_is_number, "a number"),
    "beta": (_is_number, "a number"),
    "threshold": (_is_number, "a number"),
    "min_val": (_is_number, "a number"),
    "max_val": (_is_number, "a number"),
    "start_dim": (lambda value: type(value) is int and value in (1, 2), "1 or 2"),
    "end_dim": (lambda value: type(value) is int and value in (1, 2, -1), "1, 2 or -1"),
    "negative_slope": (_is_number, "a number"),
    "p": (_is_number, "a number"),
    "eps": (_is_number, "a number"),
    "elementwise_affine": (lambda value: type(value) is bool, "true or false"),
    "affine": (lambda value: type(value) is bool, "true or false"),
    "dim": (lambda value: value is None or (type(value) is int and value in (1, -1)), "1, -1 or null"),
}


class Layer(BaseModel):
    """A layer of a network. `name` is the prefix of the layer's tensors in the file, such as "fc1" for "fc1.weight". If `name` is
    None, the prefix is the position of the layer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    settings: dict[str, bool | int | float | str | list[int] | None] = {}
    bias: bool = True
    name: str | None = None


def checked(kind: type[Kind], value: dict[str, Any], name: str) -> Kind:
    """Validate `value` as a pydantic model of class `kind`, and raise the first validation error as a `ModelError`."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(
            f"{name!r} has an invalid field {'.'.join(map(str, first['loc']))!r}: {problem(first)}"
        ) from None


def describe(module: nn.Module) -> list[Layer] | None:
    """Return the descriptions of the layers in a sequential module. Return None if the module is not sequential, or contains an
    unsupported kind of layer.
    """
    if not is_sequence(module):
        return None
    found = [layer_of(part) for part in module]
    layers = [one for one in found if isinstance(one, Layer)]
    return layers if len(layers) == len(found) else None


def layer_of(module: nn.Module) -> Layer | str:
    """Return the description of a module as a layer, or the reason why it is not a known layer."""
    kind = type(module).__name__
    if kind not in LAYERS or type(module) is not LAYERS[kind][0]:
        return f"the network contains a layer of the unsupported type {kind}"
    if getattr(module, "running_mean", 0) is None:
        return f"the network contains a {kind} layer without running statistics, so its output for a row depends on other rows"
    if getattr(module, "max_norm", None) is not None:
        return f"the network contains an {kind} layer with max_norm, which changes the layer's weights when it is used"
    values = {setting: getattr(module, setting) for setting in LAYERS[kind][1]}
    settings = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return Layer(kind=kind, settings=settings, bias=getattr(module, "bias", None) is not None)


def fill(layers: list[Layer], tensors: dict[str, torch.Tensor], file: str) -> nn.Sequential:
    """Build a network and load its weights. Before memory is allocated for the weights, the names and shapes of the tensors are
    compared with the layers.
    """
    module = build(layers, file)
    own = _renamed(layers, tensors, file)
    fits(module.state_dict(), own, file)
    check_numbers(own, file)
    aligned = {name: value.clone(memory_format=torch.contiguous_format) for name, value in own.items()}
    module.load_state_dict(aligned, strict=True, assign=True)
    return module.eval().requires_grad_(False)


def build(layers: list[Layer], file: str) -> nn.Sequential:
    """Build a network without allocating memory for its tensors."""
    if not 0 < len(layers) <= MOST_LAYERS:
        raise ModelError(f"{file!r} describes {len(layers)} layers; 1 to {MOST_LAYERS:,} are allowed")
    with torch.device("meta"):
        module = nn.Sequential(*[made(layer, file) for layer in layers])
    check_total(ROWS * sum(_widths(layers)), repr(file))
    return module


def _widths(layers: list[Layer]) -> Iterator[int]:
    """Yield the output width of each layer. A layer that does not state its width has the width of its input."""
    width = 1
    for layer in layers:
        said = [layer.settings.get(name) for name in ("out_features", "num_features", "embedding_dim")]
        width = next((one for one in said if isinstance(one, int)), width)
        yield width


def made(layer: Layer, file: str) -> nn.Module:
    """Check the settings of one layer, and build it on the default device."""
    if layer.kind not in LAYERS:
        raise ModelError(f"{file!r} has a layer of unknown kind {layer.kind!r}; allowed kinds are {', '.join(LAYERS)}")
    make, settings = LAYERS[layer.kind]
    if set(layer.settings) != set(settings):
        raise ModelError(
            f"{file!r}: a layer of kind {layer.kind} must have the settings {list(settings)}; got {list(layer.settings)}"
        )
    for setting, value in layer.settings.items():
        allowed, words = SETTINGS[setting]
        if not allowed(value):
            raise ModelError(f"{file!r}: the setting {setting} of {layer.kind} must be {words}; got {value!r}")
    extra: dict[str, Any] = {"bias": layer.bias} if layer.kind in WITH_BIAS else {}
    try:
        return make(**layer.settings, **extra)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{file!r}: a layer of kind {layer.kind} cannot be built with the settings {layer.settings}: {error}"
        ) from None


def _renamed(layers: list[Layer], tensors: dict[str, torch.Tensor], file: str) -> dict[str, torch.Tensor]:
    """Rename the tensors. In each name, such as "fc1.weight", replace the name of the layer by the position of the layer."""
    positions = {layer.name or str(i): str(i) for i, layer in enumerate(layers)}
    if len(positions) != len(layers):
        raise ModelError(f"{file!r} describes two layers with the same name. Give each layer a unique name")
    own = {}
    for name, value in tensors.items():
        layer, _, part = name.rpartition(".")
        own[f"{positions.get(layer, layer)}.{part}"] = value
    return own


def fits(expected: dict[str, torch.Tensor], given: dict[str, torch.Tensor], file: str) -> None:
    """Check that the given tensors have the names, shapes and types that the layers need."""
    missing, extra = sorted(set(expected) - set(given)), sorted(set(given) - set(expected))
    if missing or extra:
        parts = [
            f"missing from the weights: {few(missing)}" if missing else "",
            f"missing from the architecture: {few(extra)}" if extra else "",
        ]
        raise ModelError(
            f"{file!r}: the weights do not match the architecture ({'; '.join(p for p in parts if p)}). Correct the layers or "
            "their names in the architecture"
        )
    for name, value in given.items():
        if value.shape != expected[name].shape:
            raise ModelError(
                f"{file!r}: the weights do not match the architecture. The tensor {name!r} has the shape {list(value.shape)}, "
                f"but its layer needs {list(expected[name].shape)}. Correct the settings of the layer"
            )
        floats = value.is_floating_point() and expected[name].is_floating_point()
        if not floats and value.dtype != expected[name].dtype:
            raise ModelError(
                f"{file!r}: the tensor {name!r} has the type {value.dtype}, but its layer needs {expected[name].dtype}. Convert "
                "the tensor, and save the weights again"
            )


def few(names: list[str]) -> str:
    """Return the first five names as text, followed by the number of names that are not shown."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
