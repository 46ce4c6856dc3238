"""`Model`: what every supported network or linear model becomes, and `Bound`: a model that has met its table."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import ModelError, NotApplicableError
from ..table import Split, Table
from ..table.draws import FloatArray, IntArray
from .encoding import Encoding, build
from .front import Activations, Front, Untouched, is_sequence, linear, private, split, without_final
from .function import Codes, Function, FunctionModule
from .ownfit import OwnFit
from .scores import CLIP, Scores, module_dtype, probabilities

BLOCK = 4096  # rows in one forward pass
LARGEST = 1e30  # scores and hidden numbers; single precision ends at 3.4e38
CHECKED = 512  # rows on which a model's own predictions are compared


@dataclass(frozen=True)
class File:
    """The file a model came from. `unsafe`: its code was run to load it; `made_from`: so was that of this file before."""

    format: str
    sha256: str
    unsafe: bool = False
    made_from: tuple[str, str] | None = None  # format and SHA-256


@dataclass(frozen=True, eq=False)
class Model:
    """A model as tabinterp sees it: an encoder and a torch module, nothing of the user's own left to change.

    `module` maps encoded rows (n, d) to (n,), (n, 1) or (n, k): logits or probabilities by `outputs`, target values for
    regression. `encoder` has a `transform` (None: numeric columns as they are); `reads` names the columns it takes, in
    order (None: all input columns). A model of which nothing but its answers is known has a `function` of original rows
    instead, an empty module, and in `opaque` the words for why it has no gradient. `finish` makes the whole model of one
    that can only be read beside rows (a table's input columns); `original` holds its weights. `predict` is the original's
    own answer, (n, k) probabilities or (n,) values, to check against. `penalised`: was a linear model shrunk (None:
    unknown)? `own` is the inference that it brings.
    """

    name: str
    library: str
    module: nn.Module
    task: str | None = None
    classes: tuple[Any, ...] | None = None
    outputs: str = "logits"
    function: Function | None = None
    encoder: Any = None
    reads: tuple[str, ...] | None = None
    predict: Callable[[pd.DataFrame], FloatArray] | None = None
    finish: Callable[[pd.DataFrame], Model] | None = None
    opaque: str = "is a function of rows"
    original: nn.Module | None = None
    penalised: bool | None = None
    converged: bool | None = None
    is_rival: bool = False
    split: Split | None = None
    file: File | None = None
    own: OwnFit | None = None

    @property
    def weights(self) -> nn.Module:
        return self.module if self.original is None else self.original


@dataclass(frozen=True, eq=False)
class Bound:
    """A model on the rows of one table: everything a reading needs.

    `x` (n, d) are the encoded rows; `module` maps them to scores (n, k), `front` is its affine front. `clipped` counts
    rows whose probabilities had to be moved off 0 or 1.
    """

    model: Model
    table: Table
    encoding: Encoding
    x: FloatArray
    module: nn.Module
    front: Front
    outputs: tuple[str | None, ...]
    clipped: int = 0

    def take(self, rows: IntArray | NDArray[np.bool_]) -> Bound:
        """The same model on these rows only; nothing is encoded again."""
        return replace(self, table=self.table.take(rows), x=self.x[rows])

    @property
    def columns(self) -> tuple[str, ...]:
        return self.encoding.columns

    @property
    def has_gradient(self) -> bool:
        """False for a function of rows, of which only the answers are known."""
        return self.model.function is None

    @property
    def is_linear(self) -> bool:
        """No operation that is not affine: a network with no hidden layer."""
        return self.front.nothing_behind

    @cached_property
    def scores(self) -> FloatArray:
        """(n, k) scores of the table's rows, at the module's own precision; all of them finite."""
        scores = self.score(self.x)
        wrong = ~np.isfinite(scores).all(axis=1)
        if wrong.any():
            row = int(self.table.numbers[int(np.argmax(wrong))])
            raise ModelError(
                f"{self.model.name} gives scores that are not finite in {int(wrong.sum())} rows, such as row {row}"
            )
        return scores

    def score(self, x: FloatArray) -> FloatArray:
        """(m, k) scores of encoded rows (m, d)."""
        dtype = module_dtype(self.module)
        with torch.inference_mode():
            parts = [self.module(torch.as_tensor(x[i : i + BLOCK]).to(dtype)).double() for i in range(0, len(x), BLOCK)]
        return torch.cat(parts).numpy() if parts else np.empty((0, len(self.outputs)))

    @cached_property
    def rest(self) -> nn.Module:
        """What lies behind the front, in single precision: (m, h) -> (m, k)."""
        return private(self.front.rest, lambda module: module.float())

    @cached_property
    def z(self) -> Tensor:
        """(n, h) front of every row; summed in double precision from centred parts, then cast to single."""
        return self._front(self.x)

    def part(self, columns: tuple[str, ...], rows: IntArray | slice = slice(None)) -> Tensor:
        """(n, h) what these local columns contribute to `z` of these rows, up to a constant that cancels in a move."""
        block = np.concatenate([self.encoding.blocks[c] for c in columns])
        return self._product(torch.as_tensor(self.x[rows][:, block] - self._centre[block]), torch.as_tensor(block), 0.0)

    @cached_property
    def _centre(self) -> FloatArray:
        return np.asarray(self.x.mean(axis=0), dtype=np.float64)

    def _product(self, x: Tensor, block: Any, constant: Tensor | float) -> Tensor:
        weight = self.front.weight[:, block].T.contiguous()
        z = torch.empty((len(x), weight.shape[1]), dtype=torch.float32)
        for i in range(0, len(x), BLOCK):
            z[i : i + BLOCK] = x[i : i + BLOCK] @ weight + constant
        return z

    def is_local(self, columns: tuple[str, ...]) -> bool:
        return all(self.encoding.local[c] for c in columns)

    def moved(self, columns: tuple[str, ...], receivers: IntArray, donors: IntArray) -> Tensor:
        """(m, h) front of the receivers' rows with these columns taken from the donors' rows, by the whole encoder."""
        frame = self.table.inputs
        rows = frame.iloc[receivers].reset_index(drop=True)
        for column in columns:
            rows[column] = frame[column].to_numpy()[donors]
        return self.encoded_front(rows)

    def encoded_front(self, rows: pd.DataFrame) -> Tensor:
        """(m, h) front of rows of the input columns, by the whole encoder."""
        return self._front(self.encoding.transform(rows))

    def _front(self, x: FloatArray) -> Tensor:
        at_centre = self.front.bias + self.front.weight @ torch.as_tensor(self._centre)
        return self._product(torch.as_tensor(x - self._centre), slice(None), at_centre)

    def gradients(self, x: FloatArray) -> FloatArray:
        """(m, d, k) derivatives of each score by each encoded column at encoded rows (m, d)."""
        if not self.has_gradient:
            raise NotApplicableError(f"{self.model.name} {self.model.opaque}: it has no gradient")
        dtype = module_dtype(self.module)
        result = np.empty((len(x), x.shape[1], len(self.outputs)))
        for start in range(0, len(x), BLOCK):
            batch = torch.as_tensor(x[start : start + BLOCK]).to(dtype).requires_grad_(True)
            scores = self.module(batch)
            for output in range(len(self.outputs)):
                (gradient,) = torch.autograd.grad(
                    scores[:, output].sum(), batch, retain_graph=output + 1 < len(self.outputs)
                )
                result[start : start + BLOCK, :, output] = gradient.double().numpy()
        return result

    def activations(self) -> dict[str, FloatArray]:
        """Layer -> (n, h): what each hidden unit puts out on the table's rows."""
        recorder = Activations(self.module)
        dtype = module_dtype(self.module)
        parts: dict[str, list[FloatArray]] = {}
        for i in range(0, len(self.x), BLOCK):
            for layer, value in recorder(torch.as_tensor(self.x[i : i + BLOCK]).to(dtype)).items():
                parts.setdefault(layer, []).append(value.double().numpy())
        return {layer: np.concatenate(values) for layer, values in parts.items()}


def bind(model: Model | Bound, table: Table) -> Bound:
    """Meet the table: encode its rows, fix the order of classes, compare with the model's own predictions.

    Raises
    ------
    ModelError
        when columns or classes do not match, the encoder leaves missing values, or the scores differ from the
        original's predictions.
    """
    if isinstance(model, Bound):
        if model.table is table:
            return model
        model = model.model
    _check_columns(model, table)
    if model.finish is not None:
        model = model.finish(table.inputs)
    if model.function is not None:
        frame = table.inputs if model.reads is None else table.inputs[list(model.reads)]
        codes = Codes(frame)
        model = replace(
            model, encoder=codes, reads=tuple(map(str, frame.columns)), module=FunctionModule(codes, model.function)
        )
    encoding = build(model.encoder, table.inputs, model.reads)
    x = encoding.transform(table.inputs)
    _check_encoded(x, model, table)
    module, outputs, clipped = _score_module(model, table, x)
    bound = Bound(model, table, encoding, x, module, split(module, x.shape[1]), outputs, clipped)
    _check_predictions(bound)
    _check_size(bound)
    return bound


def _check_columns(model: Model, table: Table) -> None:
    missing = [c for c in model.reads or () if c not in table.schema.inputs]
    if missing:
        roles = {c.name: c.role for c in table.schema.columns}
        told = ", ".join(f"{c!r} ({'has the role ' + roles[c] if c in roles else 'not in the table'})" for c in missing)
        raise ModelError(f"{model.name} reads columns that this table does not offer as inputs: {told}")
    if model.task is not None and (model.task == "regression") != (table.schema.task == "regression"):
        raise ModelError(
            f"{model.name} is a {model.task} model; the table's target {table.schema.target!r} is {table.schema.task}"
        )


def _check_encoded(x: FloatArray, model: Model, table: Table) -> None:
    wrong = ~np.isfinite(x)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise ModelError(
            f"{model.name}: the encoded rows hold a missing or infinite value (row {int(table.numbers[row])}, encoded column "
            f"{column}); put an imputer into the encoder"
        )


def _score_module(model: Model, table: Table, x: FloatArray) -> tuple[nn.Module, tuple[str | None, ...], int]:
    bare, probe, raw = _raw(model, x)
    matrix = torch.as_tensor(score_head(model, table, 1 if raw.ndim == 1 else raw.shape[1])).to(probe.dtype)
    clipped = 0
    probabilities = model.outputs == "probabilities" and table.schema.task != "regression"
    if probabilities:
        _check_probabilities(model, raw)
        stripped = without_final(bare, probe, raw)
        bare, probabilities = (stripped, False) if stripped is not None else (bare, True)
        clipped = 0 if stripped is not None else _count_clipped(bare, x, probe.dtype)
    outputs: tuple[str | None, ...] = (None,) if len(matrix) == 1 else table.schema.labels
    if not probabilities and is_sequence(bare) and type(bare[-1]) is nn.Linear:
        return private(nn.Sequential(*list(bare)[:-1], _fused(bare[-1], matrix))), outputs, clipped
    return private(Scores(copy.deepcopy(bare), matrix, probabilities, raw.ndim == 1)), outputs, clipped


def _raw(model: Model, x: FloatArray) -> tuple[nn.Module, Tensor, Tensor]:
    """The module, the first encoded rows, and what it makes of them: one set of scores a row, whatever its company."""
    few = x[:BLOCK] if len(x) > 1 else np.repeat(x, 2, axis=0)  # a single row may be squeezed to no dimension
    rows = torch.as_tensor(few).to(module_dtype(model.module))
    probe, half = rows.clone(), (len(rows) + 1) // 2
    try:
        with torch.inference_mode():
            raw, again = model.module(probe), model.module(rows[:half].clone())
    except Exception as error:  # the user's network: whatever it raises is told in its words
        raise ModelError(
            f"{model.name} does not take encoded rows of shape {tuple(rows.shape)} as {rows.dtype}: {error}"
        ) from error
    if not isinstance(raw, Tensor) or raw.ndim not in (1, 2) or raw.shape[0] != len(rows):
        got = tuple(raw.shape) if isinstance(raw, Tensor) else type(raw).__name__
        raise ModelError(
            f"{model.name}: a network returns (n,), (n, 1) or (n, k) scores; for n = {len(rows)} it gave {got}"
        )
    if not bool(torch.isfinite(raw).all()):
        raise ModelError(f"{model.name} gives scores that are not finite on this table")
    gap = float((again.reshape(half, -1) - raw[:half].reshape(half, -1)).abs().max())
    if gap > 1e-3 * max(1.0, float(raw.abs().max())):
        raise ModelError(
            f"{model.name} gives the same rows scores that differ by {gap:.2g} when other rows stand beside them or when "
            f"asked again: dropout or batch statistics that stay on in evaluation mode"
        )
    return model.module if torch.equal(probe, rows) else Untouched(model.module), rows, raw


def _fused(last: nn.Linear, matrix: Tensor) -> nn.Linear:
    """The last layer and the map to scores in one."""
    return linear(matrix @ last.weight, None if last.bias is None else matrix @ last.bias)


def score_head(model: Model, table: Table, width: int) -> FloatArray:
    """(k, width): raw outputs to scores in the table's order of classes."""
    schema = table.schema
    if schema.task == "regression":
        if width != 1:
            raise ModelError(f"{model.name} gives {width} outputs; regression on {schema.target!r} needs one")
        return np.ones((1, 1))
    order = _class_order(model, table)
    k = len(schema.classes)
    if width == 1 and k == 2:
        return np.array([[1.0 if order[1] == 1 else -1.0]])
    if width != k:
        raise ModelError(
            f"{model.name} gives {width} outputs; the target {schema.target!r} has the {k} classes {schema.labels}"
        )
    if k == 2:
        head = np.zeros((1, 2))
        head[0, order[1]], head[0, order[0]] = 1.0, -1.0
        return head
    return (np.eye(k) - 1.0 / k)[:, np.argsort(order)]


def _class_order(model: Model, table: Table) -> list[int]:
    """Position among the model's classes of each of the table's classes."""
    if model.classes is None:
        return list(range(len(table.schema.classes)))
    ours, theirs = list(table.schema.classes), [c.item() if hasattr(c, "item") else c for c in model.classes]
    for key in (str, _number):
        known, wanted = [key(c) for c in theirs], [key(c) for c in ours]
        if set(known) == set(wanted) and len(known) == len(wanted):
            return [known.index(c) for c in wanted]
    raise ModelError(
        f"{model.name} knows the classes {[str(c) for c in theirs]}; the target {table.schema.target!r} holds "
        f"{list(table.schema.labels)}"
    )


def _number(value: Any) -> Any:
    """1, 1.0 and True are one class."""
    return float(value) if isinstance(value, (bool, int, float)) else value


def _check_probabilities(model: Model, raw: Tensor) -> None:
    low, high = float(raw.min()), float(raw.max())
    sums = raw.sum(dim=1) if raw.ndim == 2 and raw.shape[1] > 1 else torch.ones(1)
    if low < 0 or high > 1 or float((sums - 1).abs().max()) > 1e-3:
        raise ModelError(
            f"{model.name} was wrapped with outputs='probabilities', but gives values from {low:.3g} to {high:.3g}; leave "
            f"outputs='logits' if these are logits"
        )


def _count_clipped(module: nn.Module, x: FloatArray, dtype: torch.dtype) -> int:
    clipped = 0
    with torch.inference_mode():
        for i in range(0, len(x), BLOCK):
            p = module(torch.as_tensor(x[i : i + BLOCK]).to(dtype)).reshape(len(x[i : i + BLOCK]), -1)
            clipped += int(((p < CLIP) | (p > 1 - CLIP)).any(dim=1).sum())
    return clipped


def _check_size(bound: Bound) -> None:
    """Readings run in single precision behind the front."""
    with np.errstate(over="ignore", invalid="ignore"):
        largest = max(float(np.abs(bound.scores).max()), float(bound.z.abs().max()) if bound.has_gradient else 0.0)
    if not largest < LARGEST:
        told = f"{bound.model.name} works with numbers up to {largest:.3g} on this table, beyond single precision"
        raise ModelError(f"{told}; scale its inputs, or give the target in a larger unit")


def _check_predictions(bound: Bound) -> None:
    """Refuse a model whose scores, as read here, are not its own predictions."""
    if bound.model.predict is None:
        return
    rows = bound.table.inputs.iloc[:CHECKED]
    own = np.asarray(bound.model.predict(rows if bound.model.reads is None else rows[list(bound.model.reads)]))
    read = bound.score(bound.x[:CHECKED])
    if bound.table.schema.task == "regression":
        own, scale = own.reshape(len(rows), -1), float(np.abs(own).max()) or 1.0
        read = read / scale
        own = own / scale
    else:
        own = own[:, _class_order(bound.model, bound.table)]
        read = probabilities(read)
    gap = float(np.abs(own - read).max())
    if not gap < 1e-4:
        raise ModelError(
            f"{bound.model.name}: its own predictions and the scores read from its weights differ by up to {gap:.2g} on the "
            f"first {len(rows)} rows; this model is not what it seems (one-vs-rest classes, an unusual output function?)"
        )
