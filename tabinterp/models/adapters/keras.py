"""Adapter for Keras 3. A stack of layers is converted to a torch Sequential. Other models on the torch backend are used as torch
modules.

The layers of a Keras model are read from the model object, so Keras itself is never imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tabinterp.arrays import FloatArray
from tabinterp.document.message import Message, why
from tabinterp.errors import ModelError
from tabinterp.models.affine_front import linear
from tabinterp.models.model import Model

from .external_runtime import Outside
from .external_runtime import wrap as wrap_outside
from .shared import asked
from .torch import wrap as wrap_torch


class NoStackError(Exception):
    """An error that states why a Keras model is not a stack of layers."""


class Called(nn.Module):
    """A Keras model on the torch backend, always in inference mode."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> Any:
        return self.model(inputs[0] if len(inputs) == 1 else list(inputs), training=False)


def is_model(model: Any) -> bool:
    """Return whether an object is a Keras model, without importing Keras."""
    return any(base.__module__.split(".")[0] == "keras" and base.__name__ == "Model" for base in type(model).__mro__)


def wrap(
    model: Any,
    encoder: Any,
    classes: Sequence[Any] | None,
    task: str | None,
    outputs: str | None,
    name: str | None = None,
) -> Model:
    """Wrap a built Keras model and its encoders, one for each input, as a `Model`."""
    if not getattr(model, "built", False):
        raise ModelError(
            f"the Keras model {model.name!r} is not built, so it has no weights. Fit the model, or call it on an encoded row"
        )
    layers = list(_flat(model))
    usual = "probabilities" if layers and _activation(layers[-1]) in FINAL else "logits"
    task, outputs = asked(task, outputs, classes, usual)
    library = f"Keras on {_backend(model)}"
    opaque: Message | None = None
    stack: nn.Sequential | None = None
    try:
        stack = _stack(model, layers)
    except NoStackError as error:
        unknown = sorted({_kind(layer) for layer in layers} - SMOOTH)
        if not unknown and isinstance(model, nn.Module):
            made = wrap_torch(Called(model), encoder, classes, task, outputs, name or str(model.name))
            return replace(made, library=library)
        opaque = why("opaque.keras", layers=unknown or error.args[0])
    network = Outside(
        str(model.name), library, lambda encoded: _run(model, encoded), stack, opaque, outputs, model.get_weights()
    )
    return wrap_outside(network, encoder, classes, task, outputs, name)


def _run(model: Any, encoded: list[FloatArray]) -> NDArray[Any]:
    inputs = [one.astype(np.float32) for one in encoded]
    return np.asarray(model.predict_on_batch(inputs[0] if len(inputs) == 1 else inputs))


def _backend(model: Any) -> str:
    if isinstance(model, nn.Module):
        return f"torch {torch.__version__.split('+')[0]}"
    return next((b.__module__.split(".")[3] for b in type(model).__mro__ if ".backend." in b.__module__), "its backend")


# ---- layers


def _flat(model: Any) -> Iterator[Any]:
    """Yield the layers of a model in order, including the layers of nested models."""
    for layer in model.layers:
        if _kind(layer) in ("Sequential", "Functional"):
            yield from _flat(layer)
        elif _kind(layer) != "InputLayer":
            yield layer


def _kind(layer: Any) -> str:
    """Return the class name of a Keras layer. For a layer from another package, return the full name with the package, which
    never matches a supported layer.
    """
    kind = type(layer)
    return kind.__name__ if kind.__module__.split(".")[0] == "keras" else f"{kind.__module__}.{kind.__name__}"


def _activation(layer: Any) -> str:
    if _kind(layer) == "Softmax":
        return "softmax"
    return str(getattr(getattr(layer, "activation", None), "__name__", "linear"))


def _stack(model: Any, layers: list[Any]) -> nn.Sequential:
    if _kind(model) not in ("Sequential", "Functional") or len(model.inputs) != 1:
        raise NoStackError(why("opaque.stack"))
    return nn.Sequential(*[part for layer in layers for part in _parts(layer)])


def _parts(layer: Any) -> list[nn.Module]:
    kind = _kind(layer)
    if kind not in LAYERS:
        raise NoStackError(why("opaque.stack.holds", kind=kind))
    return LAYERS[kind](layer)


def _dense(layer: Any) -> list[nn.Module]:
    weights = [_tensor(one) for one in layer.get_weights()]
    if len(weights) != 1 + bool(layer.use_bias) or weights[0].ndim != 2:
        raise NoStackError(why("opaque.stack.dense"))
    return [linear(weights[0].T, weights[1] if layer.use_bias else None), *_function(layer)]


def _function(layer: Any) -> list[nn.Module]:
    name = _activation(layer)
    if name not in ACTIVATIONS:
        raise NoStackError(why("opaque.stack.activation", activation=name))
    return ACTIVATIONS[name]()


def _batch_norm(layer: Any) -> list[nn.Module]:
    held = [_tensor(one) for one in layer.get_weights()]
    mean, variance = held[-2:]
    given = iter(held)
    gamma = next(given) if layer.scale else torch.ones_like(mean)
    beta = next(given) if layer.center else torch.zeros_like(mean)
    return [_norm(mean, variance, gamma, beta, float(layer.epsilon))]


def _normalization(layer: Any) -> list[nn.Module]:
    if layer.invert:
        raise NoStackError(why("opaque.stack.normalization"))
    mean, variance = (_tensor(np.asarray(_numbers(one)).reshape(-1)) for one in (layer.mean, layer.variance))
    scale = variance.sqrt().clamp(min=1e-7)
    return [_norm(mean, scale**2, torch.ones_like(mean), torch.zeros_like(mean), 0.0)]


def _norm(mean: Tensor, variance: Tensor, gamma: Tensor, beta: Tensor, epsilon: float) -> nn.Module:
    norm = nn.BatchNorm1d(len(mean), eps=epsilon)
    state = {"running_mean": mean, "running_var": variance, "weight": gamma, "bias": beta}
    norm.load_state_dict(state | {"num_batches_tracked": torch.tensor(0)})
    return norm


def _relu(layer: Any) -> list[nn.Module]:
    if layer.max_value is not None or layer.threshold:
        raise NoStackError(why("opaque.stack.relu"))
    return [nn.LeakyReLU(float(layer.negative_slope)) if layer.negative_slope else nn.ReLU()]


def _numbers(value: Any) -> Any:
    return value.detach().cpu().numpy() if isinstance(value, Tensor) else value


def _tensor(value: Any) -> Tensor:
    return torch.as_tensor(np.array(value, dtype=np.float32))


FINAL = ("sigmoid", "softmax")

ACTIVATIONS: dict[str, Callable[[], list[nn.Module]]] = {
    "linear": lambda: [],
    "relu": lambda: [nn.ReLU()],
    "tanh": lambda: [nn.Tanh()],
    "sigmoid": lambda: [nn.Sigmoid()],
    "softmax": lambda: [nn.Softmax(dim=-1)],
    "elu": lambda: [nn.ELU()],
    "selu": lambda: [nn.SELU()],
    "gelu": lambda: [nn.GELU()],
    "silu": lambda: [nn.SiLU()],
    "mish": lambda: [nn.Mish()],
    "softplus": lambda: [nn.Softplus()],
    "softsign": lambda: [nn.Softsign()],
    "leaky_relu": lambda: [nn.LeakyReLU(0.2)],
}

LAYERS: dict[str, Callable[[Any], list[nn.Module]]] = {
    "Dense": _dense,
    "Activation": _function,
    "ReLU": _relu,
    "LeakyReLU": lambda layer: [nn.LeakyReLU(float(layer.negative_slope))],
    "ELU": lambda layer: [nn.ELU(float(layer.alpha))],
    "Softmax": lambda layer: [nn.Softmax(dim=-1)],
    "BatchNormalization": _batch_norm,
    "Normalization": _normalization,
    **{kind: lambda layer: [] for kind in ("Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "Identity")},
}

# Layers whose gradient with respect to their input is complete: they do not round, and lookups are intercepted.
SMOOTH = {
    *LAYERS, "Add", "Average", "Concatenate", "Dot", "Embedding", "Flatten", "LayerNormalization", "Maximum", "Minimum",
    "Multiply", "PReLU", "Rescaling", "Reshape", "Subtract", "UnitNormalization",
}  # fmt: skip
