"""Networks that another library runs: a torch module if they can be expressed as one, otherwise a function of rows.

The module must give the other library's own answers: with one input of numbers on random rows of many sizes, otherwise on the
rows of the table.
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

COMPARED = 256  # rows of a table

Run = Callable[[list[FloatArray]], NDArray[Any]]  # encoded inputs (n, c) each -> (n,) or (n, k)


@dataclass(frozen=True, eq=False)
class Outside:
    """A network run by its own library. `module` is the equivalent torch module, or `opaque` says why there is none.

    `forms` says how its inputs are given, and `width` how many numbers it reads, where it has one input of these; empty and None
    where that is not stated.
    """

    name: str
    library: str
    run: Run
    module: nn.Module | None
    opaque: Message | None
    outputs: str
    weights: list[NDArray[Any]]
    forms: tuple[Form, ...] = ()
    width: int | None = None


def wrap(
    network: Outside,
    encoder: Any,
    classes: Sequence[Any] | None,
    task: str | None,
    outputs: str | None,
    name: str | None,
) -> Model:
    """Wrap a network as a torch module if that gives the same outputs, otherwise as a function of rows."""
    encoders = encoders_of(encoder)
    task, outputs = asked(task, outputs, classes, network.outputs)
    module = network.module
    exact = None if module is None else _as_torch(network, module, encoder, encoders, classes, task, outputs, name)
    if exact is not None and not network.forms:
        return exact
    opaque = network.opaque if module is None else None
    plain = Model(
        name=name or network.name,
        library=network.library,
        module=nn.Sequential(),
        task=task,
        classes=None if classes is None else tuple(classes),
        outputs=outputs,
        opaque=opaque or why("opaque.outside"),
        original=nn.ParameterList(nn.Parameter(torch.as_tensor(np.array(one)), False) for one in network.weights),
    )

    def finish(model: Model, frame: pd.DataFrame) -> Model:
        beside = side_by_side(encoders, frame)
        function = _function(network, beside)
        if (
            exact is not None
            and exact.finish is not None
            and _agrees_on(exact.module, network.forms, beside, frame, function)
        ):
            return exact.finish(replace(exact, file=model.file, device=model.device), frame)
        return replace(model, function=function, reads=beside.reads, finish=None)

    return replace(plain, finish=finish)


def _as_torch(
    network: Outside,
    module: nn.Module,
    encoder: Any,
    encoders: list[Any],
    classes: Sequence[Any] | None,
    task: str | None,
    outputs: str,
    name: str | None,
) -> Model | None:
    """Return the torch module as a `Model`; None where it does not give the network's own answers on random rows."""
    if not network.forms and not (len(encoders) == 1 and _agrees(module, network.run, network.width)):
        return None
    given = encoder if network.forms else encoders[0] or "passthrough"
    model = wrap_torch(module, given, classes, task, outputs, name)
    finish = Finish(tuple(encoders), network.forms) if network.forms else model.finish
    return replace(model, name=name or f"{network.name}{_widths(module)}", library=network.library, finish=finish)


def _function(network: Outside, beside: SideBySide) -> Callable[[pd.DataFrame], NDArray[Any]]:
    def function(rows: pd.DataFrame) -> NDArray[Any]:
        encoded = [part.encode(rows) for part in beside.parts]
        try:
            return np.concatenate(
                [network.run([one[i : i + BLOCK] for one in encoded]) for i in range(0, len(rows), BLOCK)]
            )
        except Exception as error:  # another library's run: whatever it raises is told in its words
            shapes = ", ".join(str(one.shape) for one in encoded)
            raise ModelError(
                f"{network.name} raised an error for encoded rows of shape {shapes}. Check that the encoder returns the "
                f"columns that the network was trained on. The error was: {error}"
            ) from error

    return function


def _agrees(module: nn.Module, run: Run, width: int | None) -> bool:
    width = _width(module) if width is None else width
    if width is None:
        return False
    x = np.random.default_rng(0).normal(size=(64, width)) * np.geomspace(0.1, 10, 64)[:, None]
    own = private(module)
    try:
        expected = np.asarray(run([x]))
        with torch.inference_mode():
            read = own(torch.as_tensor(x).to(module_dtype(own))).numpy()
    except Exception:  # it does not take rows of this shape; on the table's rows it will say so
        return False
    return _near(read, expected)


def _agrees_on(
    module: nn.Module,
    forms: Sequence[Form],
    beside: SideBySide,
    frame: pd.DataFrame,
    function: Callable[[pd.DataFrame], NDArray[Any]],
) -> bool:
    """Return whether a torch module gives the network's own answers on rows of the table."""
    rows = frame.iloc[:COMPARED]
    encoded = [part.encode(rows) for part in beside.parts]
    expected = function(rows)
    try:
        with torch.inference_mode():
            inputs = [form.of(one, module_dtype(module)) for form, one in zip(forms, encoded, strict=True)]
            read = module(*inputs).numpy()
    except Exception:  # it does not take rows of these shapes, which the network itself takes
        return False
    return _near(read, expected)


def _near(read: NDArray[Any], expected: NDArray[Any]) -> bool:
    near = 1e-4 * max(1.0, float(np.abs(expected).max()))
    return bool(expected.size == read.size and np.abs(expected.reshape(read.shape) - read).max() <= near)


def _width(module: nn.Module) -> int | None:
    first = next((layer for layer in module.modules() if isinstance(layer, (nn.Linear, nn.BatchNorm1d))), None)
    return None if first is None else first.in_features if isinstance(first, nn.Linear) else first.num_features


def _widths(module: nn.Module) -> str:
    widths = [str(layer.out_features) for layer in module.modules() if isinstance(layer, nn.Linear)][:-1]
    return f" {'-'.join(widths)}" if widths else ""
