"""Conversion of networks with several inputs or integer inputs to networks with one float input.

A trial call determines the form of each input (floats or whole numbers, (n, 1) or (n,)). If whole numbers are looked up in
embeddings, the lookups are replaced by affine maps of one-hot levels, and all analyses are available. The scores of the converted
network are compared with those of the original network. If whole numbers are used in another way, the model is treated as a
prediction function, without gradients or hidden units.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from tabinterp.arrays import FloatArray
from tabinterp.document.message import why
from tabinterp.errors import ModelError
from tabinterp.models.io.memory_with_rows import check_network

from .affine_front import averages_logits, last_operation
from .embeddings import OpaqueError, Rewritten, rewrite
from .forward_call import no_scores
from .inputs import SideBySide, side_by_side
from .model import BLOCK, Model, check_widths
from .scores import module_dtype
from .untraced_lookups import intercept

TRIED = 256  # rows in the trial call
CALLS = 256  # maximum number of forms of inputs to try
FEW = 6  # up to this number of inputs that may be whole numbers, all combinations are tried


@dataclass(frozen=True)
class Form:
    """The type (floats or integers) and the shape in which an encoder's output is passed to the network."""

    whole: bool = False  # long integers
    flat: bool = False  # (n,) instead of (n, 1)

    def of(self, encoded: FloatArray, dtype: torch.dtype) -> Tensor:
        tensor = torch.as_tensor(encoded).to(torch.int64 if self.whole else dtype)
        return tensor.reshape(-1) if self.flat else tensor


class Beside(nn.Module):
    """A wrapper for a network with several float inputs. It takes their concatenation as its single input."""

    def __init__(self, module: nn.Module, widths: Sequence[int], forms: Sequence[Form]) -> None:
        super().__init__()
        self.module = module
        self._widths = list(widths)
        self._flat = [form.flat for form in forms]

    def forward(self, x: Tensor) -> Tensor:
        parts = torch.split(x, self._widths, dim=1)
        given = [part.reshape(-1) if flat else part for part, flat in zip(parts, self._flat, strict=True)]
        return self.module(*given)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Finish:
    """The step that adds the encoders to a network once the input columns of the table are known (`Model.finish`).

    `encoders` contains the encoder of each input (None if numbers are used unchanged). `forms` contains the form in which each
    input is passed to the network (None if a trial call must determine the forms).
    """

    encoders: tuple[Any, ...]
    forms: tuple[Form, ...] | None = None

    def __call__(self, model: Model, frame: pd.DataFrame) -> Model:
        encoder = side_by_side(self.encoders, frame)
        rows = frame.iloc[np.linspace(0, len(frame) - 1, num=min(len(frame), BLOCK)).astype(int)]
        encoded = [part.encode(rows) for part in encoder.parts]
        check_widths(model, [one.shape[1] for one in encoded])
        if len(rows) == 1:  # a network may squeeze away the only row
            encoded = [np.repeat(one, 2, axis=0) for one in encoded]
        encoder = encoder.with_levels([(None,) * one.shape[1] for one in encoded])
        return _finished(model, encoder, encoded, len(frame), self.forms)


def _finished(
    model: Model, encoder: SideBySide, encoded: list[FloatArray], rows: int, stated: Sequence[Form] | None
) -> Model:
    """Return the model with its encoder, after a trial call on some encoded rows. If memory is insufficient, the call is repeated
    with fewer rows.
    """
    try:
        forms = _forms(model, encoded, rows) if stated is None else stated
        inputs = [form.of(one, module_dtype(model.module)) for form, one in zip(forms, encoded, strict=True)]
        plain = replace(model, encoder=encoder, reads=encoder.reads, finish=None, original=model.module, expects=None)
        try:
            return _read(plain, encoder, forms, inputs)
        except OpaqueError as error:
            return replace(plain, function=Answers(plain, encoder, forms, inputs), opaque=error.args[0])
    except torch.OutOfMemoryError:
        if len(encoded[0]) <= 2:
            raise
    return _finished(model, encoder, [one[: max(2, len(one) // 2)] for one in encoded], rows, stated)


def with_encoder(model: Model, encoder: Any) -> Model:
    """Add an encoder to a model that takes encoded rows. The returned model takes original rows."""
    finish = replace(model.finish, encoders=(encoder,)) if isinstance(model.finish, Finish) else model.finish
    return replace(model, encoder=encoder, finish=finish)


def _read(plain: Model, encoder: SideBySide, forms: Sequence[Form], inputs: list[Tensor]) -> Model:
    """Return the model with its network converted to one with a single float input.

    Raises
    ------
    OpaqueError
        The gradient of the network is not available.
    """
    made = _rewritten(plain, inputs)
    if made is None:
        if [*forms] == [Form()]:  # one input of numbers: nothing to change
            return replace(plain, encoder=encoder.parts[0].encoder, original=None)
        widths = [one[0].numel() for one in inputs]
        made = Rewritten(Beside(plain.module, widths, forms), [(None,) * width for width in widths])
    _check_scores(plain.module, made, encoder, inputs)
    return replace(plain, module=made.module, encoder=encoder.with_levels(made.levels))


def _rewritten(plain: Model, inputs: list[Tensor]) -> Rewritten | None:
    """Return the network with its embedding lookups replaced. The lookups are replaced in the graph of the network. If this is
    not possible, for example because the network branches, they are intercepted each time the network runs. Return None if all
    inputs are ordinary numbers, because nothing needs to be replaced.
    """
    intercepted = intercept(plain.module, inputs, plain.name)
    made = rewrite(plain.module, inputs)
    if made is None:
        return intercepted
    return made if made.has_levels or any(not one.is_floating_point() for one in inputs) else None


def _check_scores(module: nn.Module, made: Rewritten, encoder: SideBySide, inputs: list[Tensor]) -> None:
    """Check that the converted network, which has a single float input, gives the same scores as the original network.

    Raises
    ------
    OpaqueError
        The scores differ.
    """
    codes = [one.reshape(len(one), -1).double().numpy() for one in inputs]
    parts = encoder.with_levels(made.levels).parts
    x = np.concatenate([part.of_codes(one) for part, one in zip(parts, codes, strict=True)], axis=1)
    rows = torch.as_tensor(x).to(module_dtype(module))
    with torch.inference_mode():
        own = module(*[one.clone() for one in inputs])
        read = made.module(rows)
    near = 1e-5 * max(1.0, float(own.abs().max()))
    if read.shape != own.shape or not bool((read - own).abs().max() <= near):
        raise OpaqueError(why("opaque.lookups"))


def _forms(model: Model, encoded: list[FloatArray], rows: int) -> list[Form]:
    """Return the input forms that the network accepts. The possible forms are tried in turn."""
    few = [one[:TRIED] for one in encoded]
    raised: list[str] = []
    returned: list[str] = []
    for forms in itertools.islice(ways(few), CALLS):
        inputs = [form.of(one, module_dtype(model.module)) for form, one in zip(forms, few, strict=True)]
        check_network(model, inputs, rows)
        try:
            with torch.inference_mode():
                raw = model.module(*inputs)
        except (ModelError, torch.OutOfMemoryError):
            raise
        except Exception as error:  # the user's network can raise any error; try the next forms
            raised.append(f"{type(error).__name__}: {error}")
            continue
        if isinstance(raw, Tensor) and raw.is_floating_point() and raw.ndim in (1, 2) and len(raw) == len(few[0]):
            return list(forms)
        returned.append(no_scores(model.name, raw, len(few[0])))
    if returned:
        raise ModelError(returned[0])
    shapes = ", ".join(str(tuple(one.shape)) for one in few)
    raise ModelError(
        f"{model.name} raised an error for its {len(few)} inputs, both as floats and as whole numbers (shapes: {shapes}). Check "
        "that there is one encoder for each input, in the right order. The error was: "
        f"{'; '.join(list(dict.fromkeys(raised))[:2])}"
    )


def ways(encoded: list[FloatArray]) -> Iterator[tuple[Form, ...]]:
    """Yield combinations of input forms to try.

    In the first combination, all inputs are floats. In the following combinations, some inputs are passed as whole numbers, if
    their values allow it. Combinations with fewer whole-number inputs come first, unless many inputs could be whole numbers.
    Afterwards, all combinations are repeated with the shape (n,) for inputs with one column.
    """
    could: list[bool] = [bool((one == np.floor(one)).all()) for one in encoded]
    for flat in (False, True):
        if flat and not any(one.shape[1] == 1 for one in encoded):
            return
        single = [flat and one.shape[1] == 1 for one in encoded]
        yield tuple(Form(False, one) for one in single)
        if sum(could) > FEW:  # too many combinations to start with
            yield tuple(Form(whole, one) for whole, one in zip(could, single, strict=True))
        pairs = zip(could, single, strict=True)
        choices = itertools.product(
            *[[Form(kind, one) for kind in ((False, True) if c else (False,))] for c, one in pairs]
        )
        yield from choices if sum(could) > FEW else sorted(choices, key=lambda forms: sum(form.whole for form in forms))


class Answers:
    """A prediction function that calls a network whose gradient is not available. `last` is the name of the network's last
    operation.
    """

    def __init__(self, model: Model, encoder: SideBySide, forms: Sequence[Form], inputs: Sequence[Tensor]) -> None:
        self.last = last_operation(model.module, [one[:2] for one in inputs], averages_logits(model.module))
        self._module = model.module
        self._encoder = encoder
        self._forms = list(forms)

    def __call__(self, rows: pd.DataFrame) -> FloatArray:
        encoded = [part.encode(rows) for part in self._encoder.parts]
        dtype, parts = module_dtype(self._module), []
        for i in range(0, len(rows), BLOCK):
            inputs = [form.of(one[i : i + BLOCK], dtype) for form, one in zip(self._forms, encoded, strict=True)]
            with torch.inference_mode():
                parts.append(self._module(*inputs).double().numpy())
        return np.concatenate(parts)
