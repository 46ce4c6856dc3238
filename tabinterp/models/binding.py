"""Binding of a model to a table: the model is checked against the table and converted to a `BoundModel`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.errors import ModelError, TabinterpError, argument, on_command_line
from tabinterp.models.io.memory_with_rows import check_network
from tabinterp.table import Table
from tabinterp.table.coerce import as_objects
from tabinterp.table.schema import GOALS, Goal
from tabinterp.table.table import check_table

from .affine_front import (
    Front,
    Untouched,
    averages_logits,
    copied,
    is_sequence,
    last_operation,
    linear,
    on,
    private,
    split,
    without_final,
)
from .black_box import Codes, FunctionModule, Questions
from .device import placed
from .encoding import Encoding, build, encoded_by
from .forward_call import no_scores
from .model import BLOCK, OF_ANY_ROWS, BoundModel, Model, check_model, check_widths
from .multi_input import Answers
from .outputs import averaging, link_of
from .piped_function import of_codes
from .scores import CLIP, Link, Scores, are_probabilities, check_probabilities, module_dtype, probabilities
from .untraced_lookups import Intercepted, own_inputs

LARGEST = 1e30  # limit for scores and hidden values; the largest single-precision number is 3.4e38
PROBABILITIES = ("sigmoid", "softmax", "special_expit", "special_softmax")  # last operations that return probabilities,
LOGS = ("log_softmax", "special_log_softmax", "log_sigmoid", "logsigmoid")  # logs of probabilities,
ANY_VALUE = ("linear", "addmm")  # and any value
CHECKED = 512  # rows on which scores are compared with a model's own predictions


def bind(model: Model | BoundModel, table: Table, beside: BoundModel | None = None) -> BoundModel:
    """Bind a model to a table: encode the rows, put the classes in the table's order, and check the scores against the original
    model's predictions.

    `beside` is a model bound to the same table. Its encoded rows are reused if both models have the same encoder.

    Raises
    ------
    ModelError
        Columns or classes do not match, the encoder leaves missing values, or the scores differ from the original model's
        predictions.
    """
    check_model(model)
    check_table(table)
    if isinstance(model, BoundModel):
        if model.table is table:
            return model
        model = model.model
    model = _with_columns(model, table)
    model = averaging(model, table.schema.goal)
    known = beside if beside is not None and beside.table is table and _reads_alike(model, beside.model) else None
    if known is None:
        model, encoding = _encoded(model, table)
    else:
        encoding = known.encoding
    check_network(model, [torch.empty((0, encoding.width), dtype=module_dtype(model.module))], len(table))
    x = encoding.transform(table.inputs) if known is None else known.x
    check_widths(model, [x.shape[1]])
    check_encoded(x, model.name, table)
    model, module, outputs, clipped = _score_module(model, table, x)
    bound = BoundModel(model, table, encoding, x, module, split(module, x.shape[1], model.where), outputs, clipped)
    _check_predictions(bound)
    _check_size(bound)
    return bound


def _reads_alike(model: Model, other: Model) -> bool:
    """Return whether two models use the same columns and the same encoder, and neither is a prediction function."""
    whole = model.finish is None and model.function is None and other.function is None
    return whole and model.encoder is other.encoder and model.reads == other.reads


def _encoded(model: Model, table: Table) -> tuple[Model, Encoding]:
    """Complete a model for a table (see `Model.finish`). Return the completed model and the encoding of the table's columns."""
    try:
        if model.finish is not None:
            model = model.finish(model, table.inputs)
        if model.function is not None:
            frame = table.inputs if model.reads is None else table.inputs[list(model.reads)]
            codes, questions = Codes(frame), model.questions or Questions()
            module = FunctionModule(codes, model.function, questions, of_codes(codes, model.function, frame, questions))
            reads = tuple(map(str, frame.columns))
            model = replace(model, encoder=codes, reads=reads, module=module, questions=questions)
        return model, build(model.encoder, table.inputs, model.reads)
    except TabinterpError:
        raise
    except (AttributeError, TypeError, ValueError, LookupError) as error:
        if model.file is None:
            raise
        raise ModelError(
            f"the encoder of {model.name} could not be inspected ({type(error).__name__}: {error}). The file may be damaged; "
            "save the model again"
        ) from None


def with_module(bound: BoundModel, module: nn.Module) -> BoundModel:
    """Return a copy of a bound model in which `module` replaces the network. The rows and the encoder stay the same."""
    model = replace(bound.model, module=module, original=None, predict=None, own=None, outputs_stated=True)
    model, scores, outputs, clipped = _score_module(model, bound.table, bound.x)
    front = split(scores, bound.x.shape[1], model.where)
    other = BoundModel(model, bound.table, bound.encoding, bound.x, scores, front, outputs, clipped)
    _check_size(other)
    return other


def reading_own_inputs(bound: BoundModel) -> BoundModel:
    """Return a form of the bound model for analyses that need scores but no gradients.

    If the network's embedding lookups are intercepted (`Intercepted`), the returned model passes the original integer inputs to
    the network instead of one-hot levels. Other models are returned unchanged.
    """
    scores = bound.module
    if not isinstance(scores, Scores) or not isinstance(scores.module, Intercepted):
        return bound
    weight, network = own_inputs(scores.module)
    front = Front(weight, torch.zeros(len(weight), dtype=torch.float64), scores.of(network))
    return replace(bound, front=front.on(bound.device))


def on_rows(bound: BoundModel, table: Table, beside: BoundModel | None = None) -> BoundModel:
    """Bind the same model to other rows with the same columns. Only the encoding and its checks are repeated.

    A prediction function is bound again in full, because its encoding consists of integer codes for the values of one table.
    `beside` is another model, already bound to the new rows. Its encoded rows are reused if both models have the same encoder.
    """
    if bound.model.function is not None:
        return bind(bound.model, replace(table, frame=as_objects(table.frame)))
    if beside is not None and _reads_alike(bound.model, beside.model):
        x = beside.x
    else:
        x = bound.encoding.transform(table.inputs)
        check_encoded(x, bound.model.name, table)
    return _kept(bound, replace(bound, table=table, x=x))


def without_rows(bound: BoundModel) -> BoundModel:
    """Return the bound model without its rows. This smaller object can be sent to another process, which binds it to rows with
    `on_rows`.
    """
    return portable(bound, np.arange(0))


def portable(bound: BoundModel, rows: IntArray) -> BoundModel:
    """Return the model bound only to the given rows, without the user's objects. The returned model can be sent to another
    process.
    """
    model = replace(bound.model, predict=None, finish=None, original=None, own=None)
    few = replace(bound, model=model, table=bound.table.take(rows), x=bound.x[rows])
    few = replace(few, encoding=bound.encoding.without_rows())
    return few if model.function is not None else _kept(bound, few)


def joined(first: BoundModel, second: BoundModel, table: Table | None = None) -> BoundModel:
    """Bind a model to the rows of `first`, followed by those of `second`, without encoding any row again.

    `first` and `second` are the same model, bound to different rows. `table` contains all of these rows, in this order. If it is
    None, it is created. To save time, pass the table if it was already created for another model.
    """
    table = first.table.and_rows(second.table) if table is None else table
    return _kept(second, replace(second, table=table, x=np.concatenate([first.x, second.x])))


def _kept(bound: BoundModel, rows: BoundModel) -> BoundModel:
    for same in (*OF_ANY_ROWS, "centre"):  # `centre` is the only value kept that depends on rows
        rows.__dict__[same] = getattr(bound, same)
    return rows


def _with_columns(model: Model, table: Table) -> Model:
    """Restrict the model to the input columns of the table. Raise an error if the model needs columns that are not input columns
    of the table, or if its task differs from the task of the table.

    As in scikit-learn, the table need not contain a column that the encoder was fitted on but does not use.
    """
    missing = [c for c in model.reads or () if c not in table.schema.inputs]
    if missing:
        present = tuple(c for c in model.reads or () if c in table.schema.inputs)
        objection = _objection(model, table.inputs.iloc[:CHECKED], present)
        if objection is not None:
            roles = {c.name: c.role for c in table.schema.columns}
            missing_columns = ", ".join(
                f"{c!r} ({'has the role ' + roles[c] if c in roles else 'not in the table'})" for c in missing
            )
            raise ModelError(
                f"{model.name} reads columns that are not input columns of this table: {missing_columns}. Load the table "
                "with these columns as inputs"
                + (f". Without these columns, the model raises the error: {objection}" if objection else "")
            )
        model = replace(model, reads=present)
    _check_task(model, table)
    return model


def _objection(model: Model, rows: pd.DataFrame, present: tuple[str, ...]) -> str | None:
    """Return the message of the error that the encoder or function raises for rows with only the columns `present`, or None if
    there is no error. The message is empty if `present` is empty, or if the model has neither an encoder nor a function.
    """
    if not present or (model.encoder is None and model.function is None):
        return ""
    try:
        if model.function is not None:
            model.function(rows[list(present)])
        else:
            encoded_by(model.encoder, rows, present)(rows)
    except Exception as error:  # the user's encoder or function can raise any error, whose message is passed on
        return str(error)
    return None


def _check_task(model: Model, table: Table) -> None:
    if model.task is None:
        return
    logs = (
        model.outputs == "log_rate" and table.schema.task == "regression"
    )  # logs of counts are not values of the target
    if GOALS[model.task].classes != table.schema.goal.classes or logs:
        raise ModelError(
            f"{model.name} is a {model.task} model, but the table's target {table.schema.target!r} needs a "
            f"{table.schema.task} model. "
            + (
                f"Load the table with {argument('task', 'count')}"
                if logs
                else "Choose a model and a target with the same task"
            )
        )


def check_encoded(x: FloatArray, name: str, table: Table) -> None:
    with np.errstate(invalid="ignore", over="ignore"):
        if np.isfinite(x.sum()):  # then all values are finite
            return
    wrong = ~np.isfinite(x)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        kind, advice = (
            ("missing", "Add an imputer to the encoder")
            if np.isnan(x[row, column])
            else (
                "infinite",
                "They come from a step of the encoder, such as a logarithm of 0 or a division by 0. Correct this step; an "
                "imputer does not replace infinite values",
            )
        )
        raise ModelError(
            f"{name} cannot use {kind} values, but the encoded rows contain at least one (the first is in row "
            f"{int(table.numbers[row])}, encoded column {column}). {advice}"
        )


def _score_module(model: Model, table: Table, x: FloatArray) -> tuple[Model, nn.Module, tuple[str | None, ...], int]:
    """Return four values: the model with its kind of outputs determined, the module that computes scores, the names of the
    scores, and the number of rows whose predictions were clipped because their scores would be infinite.
    """
    bare, probe, raw = _raw(model, x)
    model = _with_outputs(model, table.schema.goal, bare, probe, raw)
    matrix = torch.as_tensor(score_head(model, table, 1 if raw.ndim == 1 else raw.shape[1])).to(probe.device)
    clipped, link = 0, link_of(model, table.schema.goal)
    if link is not None:
        if link == "logit":
            check_probabilities(model.name, raw)
        stripped = without_final(bare, probe, raw, link)
        clipped = 0 if stripped is not None else _count_clipped(placed(bare, model.where), x, probe, link)
        bare, link = (bare, link) if stripped is None else (stripped, None)
    outputs: tuple[str | None, ...] = (None,) if len(matrix) == 1 else table.schema.labels
    if link is None and is_sequence(bare) and type(bare[-1]) is nn.Linear:
        return model, private(nn.Sequential(*list(bare)[:-1], _fused(bare[-1], matrix.to(probe)))), outputs, clipped
    return model, private(Scores(copied(bare), matrix, link, raw)), outputs, clipped


def _with_outputs(model: Model, goal: Goal, bare: nn.Module, probe: Tensor, raw: Tensor) -> Model:
    """Return the model with its kind of outputs determined (see `Model.outputs`). If the kind was not stated, it is inferred from
    the last operation of the network and from the values of the outputs.

    Raises
    ------
    ModelError
        The kind cannot be inferred, for example because the last operation and the values imply different kinds.
    """
    if model.outputs_stated or not goal.classes:
        return model
    members, values = averages_logits(model.weights), are_probabilities(raw)
    last = model.function.last if isinstance(model.function, Answers) else last_operation(bare, [probe[:2]], members)
    several = raw.ndim == 2 and raw.shape[1] > 1
    what = f"between 0 and 1{' with a sum of 1 in each row' if several else ''}"
    if last in PROBABILITIES and members:
        reason = (
            f"averages members that end in {last}, but it is not stated whether its outputs are probabilities or logits"
        )
    elif last in PROBABILITIES and values:
        return replace(model, outputs="probabilities")
    elif last in PROBABILITIES:
        reason = f"ends in {last}, but its outputs are not all {what}"
    elif last in LOGS and not several:
        reason = f"ends in {last}, so it returns logarithms of probabilities instead of log-odds"
    elif values and (several or last not in ANY_VALUE):
        reason = f"does not end in a sigmoid or softmax, but its outputs are all {what}"
    else:
        return model
    raise ModelError(
        f"{model.name} {reason}. To state what the outputs are, pass {argument('outputs', 'probabilities')} or "
        f"{argument('outputs', 'logits')}"
    )


def _raw(model: Model, x: FloatArray) -> tuple[nn.Module, Tensor, Tensor]:
    """Return the module, the first encoded rows, and the outputs of the module for these rows. Raise an error if the outputs
    cannot be scores or if they depend on other rows in the batch.
    """
    few = x[:BLOCK] if len(x) > 1 else np.repeat(x, 2, axis=0)  # a network may squeeze away the only row
    with torch.inference_mode(False):
        module = on(model.module, model.where)
    rows = torch.as_tensor(few).to(module_dtype(module)).to(model.where)
    try:
        with torch.inference_mode():
            rows, probe, raw, again = _probed(module, rows)
    except (torch.OutOfMemoryError, ModelError):
        raise
    except Exception as error:  # the user's network can raise any error, whose message is passed on
        raise ModelError(
            f"{model.name} raised an error for encoded rows of shape {tuple(rows.shape)} and type {rows.dtype}. Check that the "
            f"encoder returns the columns that the network was trained on. The error was: {error}"
        ) from error
    if not isinstance(raw, Tensor) or not raw.is_floating_point() or raw.ndim not in (1, 2) or len(raw) != len(rows):
        raise ModelError(no_scores(model.name, raw, len(rows)))
    if not bool(torch.isfinite(raw).all()):
        raise ModelError(
            f"{model.name} returns infinite or NaN scores for some rows of this table. Check the weights of the network and the "
            "scale of its inputs"
        )
    half = (len(rows) + 1) // 2
    gap = float((again.reshape(half, -1) - raw[:half].reshape(half, -1)).abs().max())
    if gap > 1e-3 * max(1.0, float(raw.abs().max())):
        raise ModelError(
            f"the scores that {model.name} returns for the same rows differ by up to {gap:.2g} between calls or between batches. "
            "Make sure that dropout is off and batch statistics are fixed in evaluation mode"
        )
    return module if torch.equal(probe, rows) else Untouched(module), rows, raw


def _probed(module: nn.Module, rows: Tensor) -> tuple[Tensor, Tensor, Any, Any]:
    """Run the module on a copy of the rows, and again on the first half of the rows.

    Return the rows, the copy (which the module may have modified), and the outputs of both runs. If memory is short, fewer rows
    are used.
    """
    try:
        probe = rows.clone()
        return rows, probe, module(probe), module(rows[: (len(rows) + 1) // 2].clone())
    except torch.OutOfMemoryError:
        if len(rows) <= 2:
            raise
    return _probed(module, rows[: max(2, len(rows) // 2)])


def _fused(last: nn.Linear, matrix: Tensor) -> nn.Linear:
    """Return one linear layer that combines the last layer and the map from its outputs to scores."""
    matrix = matrix.cpu()  # part of the model, which must be the same on every device
    return linear(matrix @ last.weight.cpu(), None if last.bias is None else matrix @ last.bias.cpu())


def score_head(model: Model, table: Table, width: int) -> FloatArray:
    """Return the matrix (k, width) that maps raw outputs to scores, with the classes in the table's order."""
    schema = table.schema
    if not schema.goal.classes:
        if width != 1:
            raise ModelError(
                f"{model.name} returns {width} values per row, but a {schema.task} model of the target {schema.target!r} must "
                "return one value. Wrap a model with one output"
            )
        return np.ones((1, 1))
    order = _class_order(model, table)
    k = len(schema.classes)
    if width == 1 and k == 2:
        return np.array([[1.0 if order[1] == 1 else -1.0]])
    if width != k:
        raise ModelError(
            f"{model.name} returns {width} value{'' if width == 1 else 's'} per row, but the target {schema.target!r} has {k} "
            f"classes: {', '.join(map(repr, schema.labels))}. Wrap a model that returns one value per class"
        )
    if k == 2:
        head = np.zeros((1, 2))
        head[0, order[1]], head[0, order[0]] = 1.0, -1.0
        return head
    return (np.eye(k) - 1.0 / k)[:, np.argsort(order)]


def _class_order(model: Model, table: Table) -> list[int]:
    """Return, for each class of the table, its position among the classes of the model."""
    if model.classes is None:
        return list(range(len(table.schema.classes)))
    ours, theirs = list(table.schema.classes), [c.item() if hasattr(c, "item") else c for c in model.classes]
    for key in (str, _number):
        known, wanted = [key(c) for c in theirs], [key(c) for c in ours]
        if set(known) == set(wanted) and len(known) == len(wanted):
            return [known.index(c) for c in wanted]
    solution = (
        f"Pass the classes of the target as {argument('classes')} to ti.wrap, in the order of the model's outputs"
    )
    if on_command_line():
        solution = (
            "Write the classes of the target in the column of the target as the model names them. Or name them in Python, in "
            'the order of the model\'s outputs: ti.save_model(ti.wrap(model, classes=[...]), "bundle"). Then audit the bundle'
        )
    raise ModelError(
        f"{model.name} has the classes {[str(c) for c in theirs]}, but the target {table.schema.target!r} has the classes "
        f"{list(table.schema.labels)}. {solution}"
    )


def _number(value: Any) -> Any:
    """Convert a number or Boolean to a float, which makes the classes 1, 1.0 and True equal. Return any other value unchanged."""
    return float(value) if isinstance(value, (bool, int, float)) else value


def _count_clipped(module: nn.Module, x: FloatArray, like: Tensor, link: Link) -> int:
    clipped = 0
    with torch.inference_mode():
        for i in range(0, len(x), BLOCK):
            p = module(torch.as_tensor(x[i : i + BLOCK]).to(like)).reshape(len(x[i : i + BLOCK]), -1)
            clipped += int(((p < CLIP) | ((p > 1 - CLIP) & (link == "logit"))).any(dim=1).sum())
    return clipped


def _check_size(bound: BoundModel) -> None:
    """Check that scores and intermediate values `z` are within the range of single precision, because analyses compute in single
    precision.
    """
    largest = max(float(bound.answers.abs().max()), float(bound.z.abs().max()) if bound.has_gradient else 0.0)
    if not largest < LARGEST:
        with np.errstate(over="ignore", invalid="ignore"):
            largest = max(largest, float(np.abs(bound.scores).max()))  # or an error that names a row
        raise ModelError(
            f"on this table, the scores or intermediate values of {bound.model.name} are as large as {largest:.3g}, which is too "
            "large for single precision. Scale the inputs of the model, or express the target in a larger unit"
        )


def _check_predictions(bound: BoundModel) -> None:
    """Raise an error if the scores that tabinterp computes differ from the original model's predictions."""
    if bound.model.predict is None:
        return
    rows = bound.table.inputs.iloc[:CHECKED]
    own = np.asarray(bound.model.predict(rows if bound.model.reads is None else rows[list(bound.model.reads)]))
    read = bound.score(bound.x[:CHECKED])
    if not bound.table.schema.goal.classes:
        if bound.table.schema.goal.scale == "log-rate":
            own, read = np.maximum(own, CLIP), np.exp(read)
        own, scale = own.reshape(len(rows), -1), float(np.abs(own).max()) or 1.0
        read = read / scale
        own = own / scale
    else:
        own = own[:, _class_order(bound.model, bound.table)]
        read = probabilities(read)
    gap = float(np.abs(own - read).max())
    if not gap < 1e-4:
        raise ModelError(
            f"on the first {len(rows)} rows, the predictions of {bound.model.name} differ by up to {gap:.2g} from those that "
            "tabinterp computes from the model's weights. The model may combine one-vs-rest classifiers or use an unusual "
            "output function. Wrap a prediction function instead"
        )
