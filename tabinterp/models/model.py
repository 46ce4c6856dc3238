"""`Model`, the common form of every supported network and linear model, and `BoundModel`, a model bound to a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import Message, why
from tabinterp.errors import ModelError, NotApplicableError
from tabinterp.messages import text
from tabinterp.preview import Preview, Previewed
from tabinterp.table import Split, Table

from .activations import Activations
from .affine_encoder import NEAR
from .affine_front import Front, consuming, on, private, with_fast_tanh
from .black_box import Function, Questions
from .device import CPU, AdaptiveBatch, differentiated, home, placed
from .encoding import Encoding
from .moves import Move, by_whole_encoder, move_of
from .precision import in_precision
from .scores import module_dtype
from .supplied_inference import OwnFit

BLOCK = 4096  # rows in one forward pass
CHECKED = 128  # pairs of rows on which a move known only from a probe is compared with the whole encoder
SMALL = 4096  # rows whose derivatives are summed while they are in the processor's cache


@dataclass(frozen=True)
class File:
    """The file from which a model was loaded.

    `unsafe` states whether code in the file was run to load the model. If the saved model had itself been loaded by running code
    in an earlier file, `made_from` identifies that file.
    """

    format: str
    sha256: str
    unsafe: bool = False
    made_from: tuple[str, str] | None = None  # format and SHA-256


A_FUNCTION = why("opaque.function")
OF_ANY_ROWS = ("behind", "rest", "asked", "watched", "_halves")  # attributes that do not depend on the rows


@dataclass(frozen=True, eq=False)
class Model(Previewed):
    """The common form of every network and linear model: an encoder and a torch module.

    The module is a copy, so the user's network is never changed. The encoder is the user's own object, which is called but never
    changed.

    If only predictions are available, the model has a `function` of original rows and an empty module.

    Attributes
    ----------
    module : network that maps encoded rows (n, d) to outputs (n,), (n, 1) or (n, k).
    outputs : kind of the outputs: "logits", "probabilities", "rate" (expected counts) or "log_rate" (their logs). For regression,
        the outputs are target values.
    outputs_stated : whether the user, the model's library or its file stated the kind of outputs.
    function : function of original rows, for a model that provides only predictions.
    encoder : object with a `transform` method; None if numeric columns are used unchanged.
    reads : columns that the model uses, in order; None for all input columns.
    predict : function that returns the original model's predictions for comparison: probabilities (n, k), values (n,) or expected
        counts (n,).
    finish : function that completes the model once the input columns of the table are known.
    opaque : reason why a model with a `function` has no gradient.
    original : module with the original weights, if `module` does not contain them.
    penalised : whether a linear model was fitted with a penalty; None if unknown.
    own : estimates, with their covariance, that a library supplies with a linear model.
    expects : width of each input, if a file states it.
    fitted_in_batches : whether the model was fitted to all training rows of a scan.
    device : device on which the model runs.
    resident : whether intermediate values are stored on `device` if they fit in its memory.
    questions : counter of the rows that `function` has evaluated; None until the model is bound to a table.
    dequantised : whether quantised layers were replaced by linear layers.
    """

    name: str
    library: str
    module: nn.Module
    task: str | None = None
    classes: tuple[Any, ...] | None = None
    outputs: str = "logits"
    outputs_stated: bool = True
    function: Function | None = None
    encoder: Any = None
    reads: tuple[str, ...] | None = None
    predict: Callable[[pd.DataFrame], FloatArray] | None = None
    finish: Callable[[Model, pd.DataFrame], Model] | None = None
    opaque: Message = A_FUNCTION
    original: nn.Module | None = None
    penalised: bool | None = None
    converged: bool | None = None
    is_rival: bool = False
    split: Split | None = None
    file: File | None = None
    own: OwnFit | None = None
    expects: tuple[int, ...] | None = None
    fitted_in_batches: bool = False
    device: str = CPU
    resident: bool = True
    questions: Questions | None = None
    dequantised: bool = False

    def preview(self) -> Preview:
        """Return a preview that shows the library, the layers and the number of parameters."""
        layers = [_layer(one) for one in self.weights.modules() if not [*one.children()]]
        facts = {
            "library": self.library,
            "layers": ", ".join(layers) if self.function is None else text("preview.model.function"),
            "parameters": sum(one.numel() for one in self.weights.parameters()),
        }
        return Preview(self.name, [(text(f"preview.model.{fact}"), told) for fact, told in facts.items()])

    @property
    def where(self) -> str:
        """The device on which the model runs. A plain prediction function runs on the CPU."""
        return self.device if self.function is None else CPU

    @property
    def weights(self) -> nn.Module:
        return self.module if self.original is None else self.original


def _layer(module: nn.Module) -> str:
    """Return the type of a layer as text, with the numbers of inputs and outputs if it is a linear layer."""
    kind = type(module).__name__
    return f"{kind} {module.in_features} → {module.out_features}" if isinstance(module, nn.Linear) else kind


def column_like(column: pd.Series, values: FloatArray) -> pd.Series:
    """Convert numbers to the type of a column. For an integer column, the result consists of 64-bit integers, because the
    column's own type may be too narrow for the numbers.
    """
    made, kind = pd.Series(values), column.dtype
    if pd.api.types.is_integer_dtype(kind):
        return made.astype(np.int64 if isinstance(kind, np.dtype) else pd.Int64Dtype())
    return made.astype(kind)


def check_model(model: Any) -> None:
    """Raise an error for an object that is not a `Model`. The message says what to pass instead."""
    if isinstance(model, (Model, BoundModel)):
        return
    kind = type(model).__name__
    if isinstance(model, Table):
        raise ModelError(
            "expected a model; got a Table. Pass the model as the first argument, and the table as the second"
        )
    if isinstance(model, str):
        raise ModelError(
            f"expected a model from ti.wrap or ti.load_model; got the string {model!r}. Call "
            f"ti.load_model({model!r}) first"
        )
    raise ModelError(
        f"expected a model from ti.wrap or ti.load_model; got an object of type {kind}. Pass the object to ti.wrap first"
    )


def check_widths(model: Model, widths: Sequence[int]) -> None:
    """Check that each input has the number of columns that the model's file states."""
    if model.expects is not None and tuple(widths) != model.expects:
        raise ModelError(
            f"{model.name} expects inputs with {' and '.join(map(str, model.expects))} encoded columns, but for this table "
            f"its encoders return {' and '.join(map(str, widths))}. Use the encoders and the input columns that "
            "the network was trained with"
        )


@dataclass(frozen=True, eq=False)
class Block:
    """The results of one pass of a network over a block of a table's rows.

    `rows` contains the positions of the rows, and `slopes` (m, d, k) the derivatives of the scores with respect to the encoded
    columns. `units` contains the outputs (m, h) of the hidden units in each layer, in the network's own precision. It is empty
    unless these outputs were requested.
    """

    rows: slice
    slopes: FloatArray
    units: tuple[NDArray[Any], ...]


@dataclass(frozen=True, eq=False)
class BoundModel:
    """A model bound to the rows of a table: the input of every analysis.

    `x` (n, d) contains the encoded rows, and `module` maps them to scores (n, k). `front` splits the module into its leading
    affine layers and the remaining layers. The outputs of the leading affine layers are called `z`.

    Probabilities of 0 or 1 and expected counts of 0 would give infinite scores, so they are clipped. `clipped` is the number of
    rows with such predictions.
    """

    model: Model
    table: Table
    encoding: Encoding
    x: FloatArray
    module: nn.Module
    front: Front
    outputs: tuple[str | None, ...]
    clipped: int = 0

    def take(self, rows: IntArray | NDArray[np.bool_], table: Table | None = None) -> BoundModel:
        """Return the same model bound only to the rows `rows`, without encoding these rows again.

        `table` is the table of these rows. If it is None, it is created. To save time, pass the table if it was already created
        for another model.
        """
        rows = rows.copy()  # a mask may be read-only, about which torch warns
        taken = replace(self, table=self.table.take(rows) if table is None else table, x=self.x[rows])
        for known in ("z", "scores", "answers"):
            if known in self.__dict__:
                taken.__dict__[known] = self.__dict__[known][rows]
        same = ("home", "first", *OF_ANY_ROWS)
        taken.__dict__.update({one: self.__dict__[one] for one in same if one in self.__dict__})
        return taken

    def beside(self, points: Mapping[str, Sequence[float]]) -> BoundModel:
        """Append rows that contain the given values of numeric columns.

        If the table has n rows, value i of a column is in row n + i. All other values in the added rows are copied from the first
        row. The added rows serve only as sources of column values and must not be included in statistics.
        """
        size = max(map(len, points.values()), default=0)
        if size == 0:
            return self
        rows = self.table.frame.iloc[np.zeros(size, dtype=np.int64)].reset_index(drop=True)
        for column, values in points.items():
            places = np.minimum(np.arange(size), len(values) - 1)
            if len(values):
                rows[column] = column_like(rows[column], np.asarray(values, dtype=np.float64)[places])
        x = self.encoding.transform(rows[list(self.table.schema.inputs)])
        made = replace(self, table=self.table.beside(rows), x=np.concatenate([self.x, x]))
        made.__dict__.update({"home": self.home, "centre": self.centre})
        made.__dict__.update({one: self.__dict__[one] for one in ("first", *OF_ANY_ROWS) if one in self.__dict__})
        if "z" in self.__dict__:
            made.__dict__["z"] = torch.cat([self.z, self.front_of(x)])
        return made

    @property
    def columns(self) -> tuple[str, ...]:
        return self.encoding.columns

    @property
    def columns_used(self) -> tuple[str, ...]:
        """The columns that the model uses: all columns with at least one encoded column."""
        return tuple(column for column in self.columns if len(self.encoding.blocks[column]))

    @property
    def has_gradient(self) -> bool:
        """True if the score has a gradient; False for a plain prediction function."""
        return self.model.function is None

    @property
    def device(self) -> str:
        """The device on which the network runs."""
        return self.model.where

    @cached_property
    def home(self) -> str:
        """The device on which `z` and results are stored: the network's device if it has enough memory, otherwise the CPU."""
        a_row = len(self.front.weight) * len(self.outputs) + self.x.shape[1]  # derivatives with respect to `z`
        return home(self.device, len(self.x) * a_row) if self.model.resident else CPU

    def to_cpu(self) -> BoundModel:
        """Return the same model with `z` in CPU memory, without encoding the rows again."""
        made = replace(self, model=replace(self.model, resident=False))
        for known in ("scores", "centre", "z", "answers"):
            if known in self.__dict__:
                one = self.__dict__[known]
                made.__dict__[known] = one.cpu() if isinstance(one, Tensor) else one
        return made

    @cached_property
    def first(self) -> Front:
        """The leading affine layers and the remaining layers (`front`), with the affine weights on the device `home`."""
        return self.front.on(self.home)

    def at_home(self, values: Any) -> Tensor:
        """Return numbers as a tensor on the device `home`."""
        return torch.as_tensor(values).to(self.home)

    @property
    def is_linear(self) -> bool:
        """True if the network has only affine operations, and therefore no hidden layers."""
        return self.front.nothing_behind

    @cached_property
    def scores(self) -> FloatArray:
        """The scores (n, k) of the table's rows, at the module's precision. An error is raised if any score is not finite."""
        return self._finite(self.score(self.x))

    def blocks(self, units: bool = False) -> Iterator[Block]:
        """Yield the derivatives of the scores with respect to the encoded columns, for blocks of the table's rows. If `units` is
        true, also yield the outputs of the hidden units.

        The same forward passes compute the scores, which are stored when the iteration ends.
        """
        scores = np.empty((len(self.x), len(self.outputs)))
        for start in range(0, len(self.x), SMALL):
            rows = slice(start, min(start + SMALL, len(self.x)))
            slopes, scores[rows], *found = self._differentiated(self.x[rows], units)
            yield Block(rows, slopes, tuple(found))
        self.__dict__.setdefault("scores", self._finite(scores))

    def _finite(self, scores: FloatArray) -> FloatArray:
        wrong = ~np.isfinite(scores).all(axis=1)
        if wrong.any():
            row = int(self.table.numbers[int(np.argmax(wrong))])
            raise ModelError(
                f"{self.model.name} returns infinite or NaN scores for {int(wrong.sum())} of {len(scores)} rows (the first is "
                f"row {row}). Check the values in these rows and the weights of the model"
            )
        return scores

    def score(self, x: FloatArray) -> FloatArray:
        """Return the scores (m, k) of encoded rows (m, d)."""
        dtype = module_dtype(self.module)
        with torch.inference_mode():
            parts = [self.asked(torch.as_tensor(x[i : i + BLOCK]).to(dtype)).double() for i in range(0, len(x), BLOCK)]
        return torch.cat(parts).numpy() if parts else np.empty((0, len(self.outputs)))

    @cached_property
    def _halves(self) -> dict[str, AdaptiveBatch]:
        """The batch sizes that fit in memory, one for each kind of computation."""
        return defaultdict(AdaptiveBatch)

    @cached_property
    def asked(self) -> nn.Module:
        """The module, placed on the model's device."""
        return placed(self.module, self.device)

    @cached_property
    def rest(self) -> nn.Module:
        """The layers after the leading affine layers, which map `z` (m, h) to scores (m, k). They are in single precision and on
        the model's device.
        """
        with torch.inference_mode(False):
            return placed(with_fast_tanh(self.behind), self.device)

    @cached_property
    def consuming(self) -> nn.Module:
        """The same layers as `rest`, in a form that may overwrite the input `z`."""
        with torch.inference_mode(False):
            return consuming(self.rest) if self.device == CPU else self.rest

    @cached_property
    def behind(self) -> nn.Module:
        """The same layers as `rest`, on the CPU and in a form that can be inspected."""
        with torch.inference_mode(False):  # inference tensors could not be used for gradients later
            return private(self.front.rest, lambda module: in_precision(module, torch.float32))

    @cached_property
    def z(self) -> Tensor:
        """The outputs (n, h) of the leading affine layers for all rows, in single precision."""
        return self.front_of(self.x)

    @cached_property
    def answers(self) -> Tensor:
        """The scores (n, k) that `rest` computes from `z`. Scores after a column is changed are compared with these scores."""
        with torch.no_grad():  # an inference tensor could not be used for gradients later
            return torch.cat([self.rest(self.z[i : i + BLOCK]).double() for i in range(0, max(1, len(self.z)), BLOCK)])

    def front_of(self, x: FloatArray) -> Tensor:
        """Apply the leading affine layers to encoded rows (m, d), and return their outputs `z` (m, h).

        The outputs are computed from centred inputs in double precision, and then converted to single precision.
        """
        constant = self.first.bias + self.first.weight @ self.at_home(self.centre)
        return self._product(torch.as_tensor(x), slice(None), constant, self.centre)

    def part(self, columns: tuple[str, ...], rows: IntArray | slice = slice(None)) -> Tensor:
        """Return the contribution (m, h) of these columns to `z` for these rows, up to an additive constant. The constant cancels
        when two contributions are subtracted.

        The encoder must encode each of the columns separately.
        """
        block = np.concatenate([self.encoding.blocks[c] for c in columns])
        x = self.x[rows][:, block] - self.centre[block]
        return self._product(torch.as_tensor(x), torch.as_tensor(block), 0.0)

    @cached_property
    def centre(self) -> FloatArray:
        """The point (d,) that is subtracted from encoded rows before the leading affine layers are applied. This avoids a loss of
        precision.
        """
        return np.asarray(self.x.mean(axis=0), dtype=np.float64)

    def _product(self, x: Tensor, block: Any, constant: Tensor | float, centre: Any = 0.0) -> Tensor:
        there, halves = self.device, self._halves["product"]
        weight = self.first.weight[:, block].T.contiguous().to(there)
        constant, origin = torch.as_tensor(constant).to(there), torch.as_tensor(centre).to(there)
        z = torch.empty((len(x), weight.shape[1]), dtype=torch.float32, device=self.home)
        for i in range(0, len(x), BLOCK):
            few = x[i : i + BLOCK]
            (z[i : i + BLOCK],) = halves(lambda rows: ((rows.to(there) - origin) @ weight + constant,), few, self.home)
        return z

    def is_local(self, columns: tuple[str, ...]) -> bool:
        return all(self.encoding.local[c] for c in columns)

    def moved(self, columns: tuple[str, ...], receivers: IntArray, donors: IntArray) -> Tensor:
        """Return `z` (m, h) for the rows `receivers` after their values in these columns are replaced by those in the rows
        `donors`.
        """
        found = self._affine(columns)
        if found is not None:
            block, weight = found
            x = self._head[:, block]
            return self.z[receivers] + (self.at_home(x[donors] - x[receivers]) @ weight.T).float()
        move = self.move(columns, receivers, donors)
        change = self.encoded_move(move, receivers, donors) - self.x[receivers[:, None], move.outputs]
        return self.z[receivers] + self._product(torch.as_tensor(change), torch.as_tensor(move.outputs), 0.0)

    def move(self, columns: tuple[str, ...], receivers: IntArray, donors: IntArray) -> Move:
        """Return the `Move` that replaces the values of these columns in the rows `receivers` with those in the rows `donors`.

        If it is known only from a probe of the encoder which encoded columns change, the move is checked on some rows, by
        encoding these rows in full. If the check fails or there are only a few receivers, the returned move encodes whole rows.
        """
        found = move_of(self.encoding, columns)
        if not found.is_shown:
            return found
        whole = by_whole_encoder(self.encoding, columns)
        if len(receivers) <= CHECKED:
            return whole
        few = np.linspace(0, len(receivers) - 1, num=CHECKED).astype(int)
        encoded = self.x[receivers[few]]
        encoded[:, found.outputs] = self.encoded_move(found, receivers[few], donors[few])
        expected = self.encoded_move(whole, receivers[few], donors[few])
        return found if np.allclose(encoded, expected, rtol=NEAR, atol=NEAR) else whole

    def encoded_move(self, move: Move, receivers: IntArray, donors: IntArray) -> FloatArray:
        """Return the new values (m, outputs) of the encoded columns that change when a move replaces values in the rows
        `receivers` with those in the rows `donors`.
        """
        head = None if move.block is None else self._head
        return move.encoded(self.table.inputs, head, receivers, donors)

    def added(self, encoded: FloatArray, outputs: IntArray) -> Tensor:
        """Return the contribution (m, h) of some encoded columns to `z`. `outputs` are the indices of these columns, and
        `encoded` (m, outputs) are their values. The contribution includes the same additive constant as the result of `part`.
        """
        return self._product(torch.as_tensor(encoded - self.centre[outputs]), torch.as_tensor(outputs), 0.0)

    def part_before_mixing(self, columns: tuple[str, ...]) -> Tensor | None:
        """Return the contribution (n, h) of these columns to `z` for every row, up to an additive constant. The constant cancels
        when two contributions are subtracted.

        Return None unless the encoder mixes these columns, using only affine steps.
        """
        found = self._affine(columns)
        if found is None:
            return None
        block, weight = found
        x = self._head[:, block]
        made = torch.empty_like(self.z)
        for i in range(0, len(x), BLOCK):
            made[i : i + BLOCK] = self.at_home(x[i : i + BLOCK] - x.mean(axis=0)) @ weight.T
        return made

    def _affine(self, columns: tuple[str, ...]) -> tuple[IntArray, Tensor] | None:
        """Return the positions of the head outputs that these columns determine, and the weights (h, block) with which these
        outputs enter `z`. Return None unless the encoder mixes these columns, using only affine steps.
        """
        tail = None if self.encoding.goes_by_parts(columns) else self.encoding.tail
        if tail is None or tail.weight is None or not all(tail.head.local[c] for c in columns):
            return None
        block = np.unique(np.concatenate([tail.head.blocks[c] for c in columns]))
        return block, self.first.weight @ self.at_home(tail.weight[:, block])

    @cached_property
    def _head(self) -> FloatArray:
        """The outputs (n, c) of the encoder's head, which consists of the steps before those that mix columns."""
        if self.encoding.tail is None:
            raise ModelError(
                f"the encoder of {self.model.name} contains a step that mixes columns, and tabinterp cannot separate this step "
                "from the steps before it. Build the encoder as a scikit-learn Pipeline of separate steps, or wrap a prediction "
                "function instead"
            )
        return self.encoding.tail.head.transform(self.table.inputs)

    def encoded_front(self, rows: pd.DataFrame) -> Tensor:
        """Encode rows of the input columns with the whole encoder, and return `z` (m, h) for them."""
        return self.front_of(self.encoding.transform(rows))

    def gradients(self, x: FloatArray) -> FloatArray:
        """Return the derivatives (m, d, k) of each score with respect to each encoded column, at encoded rows (m, d)."""
        if not self.has_gradient:
            raise NotApplicableError(why("gradient", model=self.model.name, opaque=self.model.opaque))
        if self.is_linear and len(x) > 1:  # equal in every row
            return np.repeat(self.gradients(x[:1]), len(x), axis=0)
        return self._differentiated(x)[0]

    def _differentiated(self, x: FloatArray, units: bool = False) -> list[NDArray[Any]]:
        """Return the derivatives (m, d, k) of the scores with respect to encoded rows (m, d), followed by the scores (m, k). If
        `units` is true, also return the outputs (m, h) of each hidden layer.
        """
        dtype, halves = module_dtype(self.module), self._halves["units" if units else "slopes"]

        def ask(rows: Tensor) -> tuple[Tensor, ...]:
            batch = rows.to(self.device).detach().requires_grad_(True)
            scores, found = self.watched.beside(batch) if units else (self.asked(batch), [])
            return *differentiated(scores, batch), *(one.detach() for one in found)

        parts = [halves(ask, torch.as_tensor(x[i : i + BLOCK]).to(dtype)) for i in range(0, max(1, len(x)), BLOCK)]
        slopes, scores, *layers = (of[0] if len(of) == 1 else torch.cat(of) for of in zip(*parts, strict=True))
        return [slopes.double().numpy(), scores.double().numpy(), *(one.numpy() for one in layers)]

    @cached_property
    def watched(self) -> Activations:
        """The module on the model's device, in a form that also returns the outputs of its hidden units."""
        with torch.inference_mode(False):
            return Activations(on(self.module, self.device), self.model.name)

    def activations(self, x: FloatArray | None = None) -> dict[str, FloatArray]:
        """Return the outputs (n, h) of the hidden units in each layer, for encoded rows `x` (None: the rows of the table)."""
        x = self.x if x is None else x
        dtype, halves = module_dtype(self.module), self._halves["activations"]

        def ask(rows: Tensor) -> tuple[Tensor, ...]:
            return tuple(self.watched(rows.to(self.device)))

        blocks = [halves(ask, torch.as_tensor(x[i : i + BLOCK]).to(dtype)) for i in range(0, len(x), BLOCK)]
        return {
            f"layer {i + 1}": torch.cat(parts).double().numpy() for i, parts in enumerate(zip(*blocks, strict=True))
        }
