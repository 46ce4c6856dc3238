"""Networks that another library runs: a torch module if they can be expressed as one, otherwise a function of rows.

The module must give the other library's own answers on random rows of many sizes; where it has several inputs, or integers whose
range nobody knows, also on rows of the table.
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

    `widths` and `forms` say how wide each input is, and how it is given; empty for one input of numbers whose width is not
    stated.
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
    """`Model.finish` for a network whose torch module is compared with itself on the table's rows, and used if they agree."""

    network: Outside | None = None

    def __call__(self, model: Model, frame: pd.DataFrame) -> Model:
        assert self.network is not None
        assert self.forms is not None
        beside = side_by_side(self.encoders, frame)
        encoded = [part.encode(frame.iloc[:COMPARED]) for part in beside.parts]
        expected = _asked(self.network, encoded)
        if _gives(model.module, self.forms, encoded, expected):
            return super().__call__(model, frame)
        return _finished(self.network, _plain(self.network, model), beside)


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
    if module is not None and len(encoders) == len(network.forms) and _agrees(network, module):
        numbers = network.forms == (Form(),)
        given = encoders[0] or "passthrough" if numbers else encoder
        model = wrap_torch(module, given, classes, task, outputs, name)
        finish = model.finish if numbers else _Compared(tuple(encoders), network.forms, network)
        return replace(model, name=name or f"{network.name}{_widths(module)}", library=network.library, finish=finish)
    model = Model(
        name=name or network.name,
        library=network.library,
        module=nn.Sequential(),
        task=task,
        classes=None if classes is None else tuple(classes),
        outputs=outputs,
    )
    plain = _plain(network, model)
    return replace(plain, finish=lambda model, frame: _finished(network, model, side_by_side(encoders, frame)))


def _plain(network: Outside, model: Model) -> Model:
    """Return a model of which only the answers are known."""
    opaque = network.opaque if network.module is None else None
    weights = [nn.Parameter(torch.as_tensor(np.array(one)), False) for one in network.weights]
    return replace(
        model, module=nn.Sequential(), opaque=opaque or why("opaque.outside"), original=nn.ParameterList(weights)
    )


def _finished(network: Outside, plain: Model, beside: SideBySide) -> Model:
    return replace(plain, function=_function(network, beside), reads=beside.reads, finish=None)


def _function(network: Outside, beside: SideBySide) -> Callable[[pd.DataFrame], NDArray[Any]]:
    def function(rows: pd.DataFrame) -> NDArray[Any]:
        return _asked(network, [part.encode(rows) for part in beside.parts])

    return function


def _asked(network: Outside, encoded: list[FloatArray]) -> NDArray[Any]:
    """Return the network's own answers for encoded inputs."""
    try:
        return np.concatenate(
            [network.run([one[i : i + BLOCK] for one in encoded]) for i in range(0, len(encoded[0]), BLOCK)]
        )
    except Exception as error:  # another library's run: whatever it raises is told in its words
        shapes = ", ".join(str(one.shape) for one in encoded)
        raise ModelError(
            f"{network.name} raised an error for encoded rows of shape {shapes}. Check that the encoder returns the "
            f"columns that the network was trained on. The error was: {error}"
        ) from error


def _agrees(network: Outside, module: nn.Module) -> bool:
    """Return whether a torch module gives the network's own answers on random rows; integers are the first of an embedding."""
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
        except Exception:  # it does not take rows of this shape; on the table's rows it will say so
            continue
        return len(encoded) > 0 and _gives(own, network.forms, encoded, expected)
    return False


def _gives(module: nn.Module, forms: Sequence[Form], encoded: list[FloatArray], expected: NDArray[Any]) -> bool:
    """Return whether a torch module gives these answers."""
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


def _width(module: nn.Module) -> tuple[int, ...]:
    """Return the width that a sequence of layers reads, where one of them says it."""
    first = next((layer for layer in module.modules() if isinstance(layer, (nn.Linear, nn.BatchNorm1d))), None)
    return () if first is None else (first.in_features if isinstance(first, nn.Linear) else first.num_features,)


def _widths(module: nn.Module) -> str:
    widths = [str(layer.out_features) for layer in module.modules() if isinstance(layer, nn.Linear)][:-1]
    return f" {'-'.join(widths)}" if widths else ""
