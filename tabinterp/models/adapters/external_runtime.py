"""Networks that another library runs: a torch Sequential if they can be expressed as one, otherwise a function of rows.

The Sequential must give the other library's own answers on random rows of many sizes.
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
from tabinterp.models.scores import module_dtype

from .shared import asked
from .torch import encoders_of
from .torch import wrap as wrap_torch

Run = Callable[[list[FloatArray]], NDArray[Any]]  # encoded inputs (n, c) each -> (n,) or (n, k)


@dataclass(frozen=True, eq=False)
class Outside:
    """A network run by its own library. `sequence` is the equivalent torch module, or `opaque` says why there is none."""

    name: str
    library: str
    run: Run
    sequence: nn.Sequential | None
    opaque: Message | None
    outputs: str
    weights: list[NDArray[Any]]


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
    sequence = network.sequence
    if sequence is not None and len(encoders) == 1 and _agrees(sequence, network.run):
        model = wrap_torch(sequence, encoders[0] or "passthrough", classes, task, outputs, name)
        return replace(model, name=name or f"{network.name}{_widths(sequence)}", library=network.library)
    opaque = network.opaque if sequence is None else None
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
        return replace(model, function=_function(network, beside), reads=beside.reads, finish=None)

    return replace(plain, finish=finish)


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


def _agrees(sequence: nn.Sequential, run: Run) -> bool:
    first = next((layer for layer in sequence if isinstance(layer, (nn.Linear, nn.BatchNorm1d))), None)
    if first is None:
        return False
    width = first.in_features if isinstance(first, nn.Linear) else first.num_features
    x = np.random.default_rng(0).normal(size=(64, width)) * np.geomspace(0.1, 10, 64)[:, None]
    own = private(sequence)
    with torch.inference_mode():
        read = own(torch.as_tensor(x).to(module_dtype(own))).numpy()
    try:
        expected = np.asarray(run([x]))
    except Exception:  # it does not take rows of this shape; on the table's rows it will say so
        return False
    near = 1e-4 * max(1.0, float(np.abs(expected).max()))
    return bool(expected.size == read.size and np.abs(expected.reshape(read.shape) - read).max() <= near)


def _widths(sequence: nn.Sequential) -> str:
    widths = [str(layer.out_features) for layer in sequence if isinstance(layer, nn.Linear)][:-1]
    return f" {'-'.join(widths)}" if widths else ""
