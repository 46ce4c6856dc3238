"""Networks that run in a library other than torch. Each is converted to a torch module if possible, and otherwise to a prediction
function.

A torch module is used only if it reproduces the predictions of the other library on random rows and on rows of the table. The
values in the random rows differ widely in scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from tabinterp.arrays import FloatArray
from tabinterp.document.message import Message, why
from tabinterp.errors import ModelError
from tabinterp.models.affine_front import private
from tabinterp.models.inputs import SideBySide, side_by_side
from tabinterp.models.model import BLOCK, Model
from tabinterp.models.multi_input import Finish, Form
from tabinterp.models.scores import module_dtype

from .shared import asked
from .torch import encoders_of
from .torch import wrap as wrap_torch

COMPARED = 512  # rows of a table, in addition to rows with extremes, missing values and levels
NEAR = 1e-4  # relative to the largest output of a row plus that of the median row

Run = Callable[[list[FloatArray]], NDArray[Any]]  # encoded inputs (n, c) each -> (n,) or (n, k)


@dataclass(frozen=True, eq=False)
class Outside:
    """A network that runs in its own library. `module` is the equivalent torch module. If there is no such module, `opaque`
    states the reason.

    For each input, `widths` contains the number of columns, and `forms` the type and shape. `widths` is empty if the network has
    a single numeric input and does not state its width.
    """

    name: str
    library: str
    run: Run
    module: nn.Module | None
    opaque: Message | None
    outputs: str
    weights: list[NDArray[Any]]
    widths: tuple[int, ...] = ()
    forms: tuple[Form, ...] = (Form(),)


@dataclass(frozen=True)
class _Compared(Finish):
    """The step that completes the model for a table (`Model.finish`). The torch module is used if its predictions agree with
    those of the network on rows of the table.

    If `as_is` is true, the module takes the encoded rows unchanged, so no further conversion is needed.
    """

    network: Outside | None = None
    as_is: bool = False

    def __call__(self, model: Model, frame: pd.DataFrame) -> Model:
        assert self.network is not None
        assert self.forms is not None
        beside = side_by_side(self.encoders, frame)
        encoded = [part.encode(frame.iloc[compared(frame)]) for part in beside.parts]
        complete = np.all(
            [np.isfinite(one).all(axis=1) for one in encoded], axis=0
        )  # incomplete rows are refused by `bind`
        encoded = [one[complete] for one in encoded]
        if complete.any() and not _gives(model.module, self.forms, encoded, _asked(self.network, encoded)):
            return _finished(self.network, _plain(self.network, model), beside)
        made = replace(model, finish=None) if self.as_is else super().__call__(model, frame)
        if made.function is None:
            return made
        return replace(_answering(self.network, made), function=_function(self.network, beside))


def wrap(
    network: Outside,
    encoder: Any,
    classes: Sequence[Any] | None,
    task: str | None,
    outputs: str | None,
    name: str | None,
) -> Model:
    """Wrap a network as a torch module if its conversion to torch gives the same outputs, otherwise as a prediction function."""
    encoders = encoders_of(encoder)
    stated = outputs is not None
    task, outputs = asked(task, outputs, classes, network.outputs)
    module = network.module
    if module is not None and len(encoders) == len(network.forms) and _agrees(network, module):
        numbers = network.forms == (Form(),)
        given = encoders[0] or "passthrough" if numbers else encoder
        model = wrap_torch(module, given, classes, task, outputs, name)
        return replace(
            model,
            name=name or f"{network.name}{_widths(module)}",
            library=network.library,
            finish=_Compared(tuple(encoders), network.forms, network, model.finish is None),
            outputs_stated=stated,
        )
    model = Model(
        name=name or network.name,
        library=network.library,
        module=nn.Sequential(),
        task=task,
        classes=None if classes is None else tuple(classes),
        outputs=outputs,
        outputs_stated=stated,
    )
    plain = _plain(network, model)
    return replace(plain, finish=lambda model, frame: _finished(network, model, side_by_side(encoders, frame)))


def _plain(network: Outside, model: Model) -> Model:
    """Return a model that can only predict: its gradients and hidden units are unavailable."""
    opaque = network.opaque if network.module is None else None
    weights = [nn.Parameter(torch.as_tensor(np.array(one)), False) for one in network.weights]
    return replace(
        _answering(network, model),
        module=nn.Sequential(),
        opaque=opaque or why("opaque.outside"),
        original=nn.ParameterList(weights),
    )


def _answering(network: Outside, model: Model) -> Model:
    """Return the model for use as a prediction function. If the network's last layer returns probabilities, `outputs_stated` is
    also set to true.
    """
    return replace(model, outputs_stated=model.outputs_stated or network.outputs == "probabilities")


def _finished(network: Outside, plain: Model, beside: SideBySide) -> Model:
    return replace(plain, function=_function(network, beside), reads=beside.reads, finish=None)


def _function(network: Outside, beside: SideBySide) -> Callable[[pd.DataFrame], NDArray[Any]]:
    def function(rows: pd.DataFrame) -> NDArray[Any]:
        return _asked(network, [part.encode(rows) for part in beside.parts])

    return function


def _asked(network: Outside, encoded: list[FloatArray]) -> NDArray[Any]:
    """Run the network in its own library, and return its predictions for encoded inputs."""
    widths = tuple(one.shape[1] for one in encoded)
    if network.widths and network.widths != widths:
        raise ModelError(
            f"{network.name} expects inputs with {' and '.join(map(str, network.widths))} encoded columns, but for this table "
            f"the encoders return {' and '.join(map(str, widths))}. Use the encoders and the input columns that "
            "the network was trained with"
        )
    advice = (
        "The rows have the number of columns that the graph requires, so the graph may be faulty. Export the network again"
        if network.widths
        else "Check that the encoder returns the columns that the network was trained on"
    )
    try:
        return np.concatenate(
            [network.run([one[i : i + BLOCK] for one in encoded]) for i in range(0, len(encoded[0]), BLOCK)]
        )
    except Exception as error:  # the other library can raise any error, whose message is passed on
        shapes = ", ".join(str(one.shape) for one in encoded)
        raise ModelError(
            f"{network.name} raised an error for encoded rows of shape {shapes}. {advice}. The error was: {error}"
        ) from error


def _agrees(network: Outside, module: nn.Module) -> bool:
    """Return whether a torch module reproduces the network's predictions on random rows. Integer inputs are 0 or 1 in these rows,
    or always 0 if the network does not accept 1.
    """
    widths = network.widths or _width(module)
    own = private(module)
    for levels in (2, 1):
        draw = np.random.default_rng(0)
        scale = np.geomspace(0.1, 10, 64)[:, None]
        encoded = [
            draw.integers(0, levels, (64, width)).astype(np.float64)
            if form.whole
            else draw.normal(size=(64, width)) * scale
            for width, form in zip(widths, network.forms, strict=False)
        ]
        try:
            expected = np.asarray(network.run(encoded))
        except Exception:  # the network refuses rows of this shape; an error will follow on rows of the table
            continue
        return len(encoded) > 0 and _gives(own, network.forms, encoded, expected)
    return False


def _gives(module: nn.Module, forms: Sequence[Form], encoded: list[FloatArray], expected: NDArray[Any]) -> bool:
    """Return whether a torch module returns the expected predictions for encoded inputs."""
    try:
        with torch.inference_mode():
            inputs = [form.of(one, module_dtype(module)) for form, one in zip(forms, encoded, strict=True)]
            read = module(*inputs).numpy()
    except Exception:  # the module refuses rows of these shapes, which the network accepts
        return False
    return near(read, expected)


def near(read: NDArray[Any], expected: NDArray[Any]) -> bool:
    """Return whether predictions (n, ...) agree with the expected predictions for every row."""
    if expected.size != read.size or not len(read):
        return False
    read, expected = (one.reshape(len(read), -1).astype(np.float64) for one in (read, expected))
    sizes = np.abs(expected).max(axis=1)
    return bool((np.abs(expected - read).max(axis=1) <= NEAR * (sizes + np.median(sizes))).all())


def compared(frame: pd.DataFrame) -> NDArray[np.int64]:
    """Return the positions of the rows on which the predictions of a converted model are compared with those of the original.

    Some rows are evenly spaced. The others are chosen for each column: the rows with the smallest and the largest number, one row
    with a missing value, and one row per level.
    """
    places = [np.linspace(0, len(frame) - 1, num=min(len(frame), COMPARED)).astype(np.int64)]
    for _, column in frame.items():
        values = column.reset_index(drop=True)
        known = values.dropna()
        is_numeric = pd.api.types.is_numeric_dtype(values.dtype)
        if is_numeric and len(known):
            ends = [known.astype(float).argmin(), known.astype(float).argmax()]
            places.append(known.index.to_numpy()[ends])
        if not is_numeric or values.nunique() <= COMPARED:
            places.append(known.drop_duplicates().index.to_numpy())
        places.append(np.flatnonzero(values.isna().to_numpy())[:1])
    return np.unique(np.concatenate(places)).astype(np.int64)


def _width(module: nn.Module) -> tuple[int, ...]:
    """Return the input width of a sequence of layers as a tuple. The tuple is empty if no layer states the width."""
    first = next((layer for layer in module.modules() if isinstance(layer, (nn.Linear, nn.BatchNorm1d))), None)
    return () if first is None else (first.in_features if isinstance(first, nn.Linear) else first.num_features,)


def _widths(module: nn.Module) -> str:
    widths = [str(layer.out_features) for layer in module.modules() if isinstance(layer, nn.Linear)][:-1]
    return f" {'-'.join(widths)}" if widths else ""
