"""Adapter for whole pipelines in ONNX, such as those written by skl2onnx. The encoding steps are converted to an encoder, and
the other steps to an equivalent network.

The predictions that tabinterp computes in double precision are compared with those of onnxruntime on rows of the table. If they
differ, the model is treated as a prediction function that runs in onnxruntime.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from torch import Tensor, fx, nn

from tabinterp.arrays import FloatArray
from tabinterp.document.message import why
from tabinterp.errors import ModelError, argument, first_line
from tabinterp.models.affine_front import copied, linear
from tabinterp.models.inputs import side_by_side
from tabinterp.models.io.allocation_limits import ROWS, check_total, check_value
from tabinterp.models.model import BLOCK, Model
from tabinterp.models.multi_input import Beside, Form
from tabinterp.models.scores import probabilities

from .external_runtime import compared, near
from .onnx_check import (
    FLOATS,
    TYPES,
    attributes,
    check_converted,
    check_pipeline,
    constants,
    library,
    opset,
    session_of,
)
from .onnx_front import Front, Given, columns_of, constant, front
from .onnx_graph import Input, NoModuleError, Values, as_module, needed
from .shared import asked

PASSED = ("Identity", "Cast")
KINDS = {**TYPES, 8: object, 9: np.bool_}  # NumPy types of inputs
# The outputs of onnxruntime compared with the network's: equal, probabilities of its logits, or its log-odds and their negatives
Ends = Literal["same", "probabilities", "both signs"]


def wrap(
    proto: Any,
    encoder: Any,
    classes: Sequence[Any] | None,
    task: str | None,
    outputs: str | None,
    name: str | None,
    source: str,
) -> Model:
    """Check an onnx.ModelProto of a whole pipeline, and wrap it as a `Model` of the original columns.

    `encoder` can be a transformer only if the input of the pipeline is one matrix of numbers.
    """
    library("onnxruntime")
    check_pipeline(proto, source)
    graph = _Graph(proto, source)
    result, labels = graph.result(source), graph.classes(source)
    known = tuple(classes) if classes is not None else labels
    stated = outputs is not None
    inner, is_share, is_complement = graph.without_normalization(result)
    steps, module = graph.parts(inner, source)
    ends: Ends = "same"
    logits = _with_logits(module, is_share, is_complement) if known is not None else None
    if logits is not None and outputs not in (None, "logits" if logits[1] == "both signs" else "probabilities"):
        logits = None
    if logits is None:
        if inner != result:
            steps, module = graph.parts(result, source)
        layers = [*module] if isinstance(module, nn.Sequential) else [module]
        says = isinstance(layers[-1], (nn.Softmax, nn.Sigmoid)) or (known is not None and (is_share or is_complement))
        kind = "probabilities" if says else "logits"
        asked_for = task, outputs
        task, outputs = asked(task, outputs, known, kind)
        if known is None and asked_for == (None, None) and kind == "logits":
            outputs = "rate"  # a pipeline predicts counts themselves, not their logs
        is_stated = stated or (kind == "probabilities" and known is not None)
    else:
        layers, ends = logits
        kind = "logits" if ends == "both signs" else "probabilities"
        task, outputs = asked(task, "logits", known)
        is_stated = True
    run = graph.run(result, source)
    widths = [str(layer.out_features) for layer in layers if isinstance(layer, nn.Linear)][:-1]
    model = Model(
        name=name or " ".join([str(proto.graph.name or "ONNX pipeline"), *(["-".join(widths)] if widths else [])]),
        library=f"ONNX, written by {proto.producer_name or 'an unknown library'}",
        module=nn.Sequential(*layers).eval(),
        task=task,
        classes=known,
        outputs=outputs,
        outputs_stated=is_stated,
        opaque=why("opaque.pipeline"),
    )
    answers = replace(
        model,
        module=nn.Sequential(),
        original=model.module,
        opaque=why("opaque.outside"),
        outputs=outputs if ends == "same" else kind,
        outputs_stated=is_stated or kind == "probabilities",
    )
    if encoder is None or (isinstance(encoder, str) and encoder == "passthrough"):
        return replace(model, finish=_Compared(steps, run, ends, answers))
    if len(steps.given) > 1 or steps.given[0].type not in FLOATS:
        raise ModelError(
            f"the ONNX pipeline reads the original columns itself ({', '.join(one.name for one in steps.given)}). Leave out "
            f"{argument('encoder')}"
        )
    return replace(model, finish=_Compared(steps, run, ends, answers, encoder))


@dataclass(frozen=True, eq=False)
class _Compared:
    """The step that completes a pipeline for a table (`Model.finish`). The pipeline uses columns of the table, or the output of
    the user's encoder (`outside`).

    The network must reproduce onnxruntime's predictions on rows of the table. Otherwise, the model is replaced with
    `answers`, which predicts with onnxruntime.
    """

    steps: Front
    run: Callable[[dict[str, NDArray[Any]]], NDArray[Any]]
    ends: Ends
    answers: Model
    outside: Any = None

    def __call__(self, model: Model, frame: pd.DataFrame) -> Model:
        columns, encoder, read = self._read(frame)
        inputs = read(frame.iloc[compared(frame)])
        x = self.steps_of(encoder).encoded(inputs)
        complete = np.isfinite(x).all(axis=1)  # incomplete rows are refused by `bind`
        if complete.any() and not self._agrees(model.module, x[complete], self.run(inputs)[complete]):
            return replace(self.answers, function=lambda rows: self.run(read(rows)), reads=columns, finish=None)
        return replace(model, encoder=encoder, reads=columns, finish=None)

    @staticmethod
    def steps_of(encoder: Any) -> Front:
        return encoder if isinstance(encoder, Front) else encoder[-1]

    def _read(
        self, frame: pd.DataFrame
    ) -> tuple[tuple[str, ...], Any, Callable[[pd.DataFrame], dict[str, NDArray[Any]]]]:
        """Return the columns used, their encoder, and a function from rows to the inputs of the pipeline."""
        if self.outside is None:
            columns = columns_of(self.steps.given, frame)
            steps = self.steps.of_columns(columns, frame)
            return columns, steps, lambda rows: steps.read(rows[list(columns)])
        (part,) = side_by_side([self.outside], frame).parts
        width, wide = self.steps.n_features_in_, part.encode(frame.iloc[:2]).shape[1]
        if wide != width:
            raise ModelError(
                f"the ONNX pipeline reads {width} encoded columns, but {argument('encoder')} returns {wide}. Pass the encoder "
                "that the pipeline was trained with"
            )
        encoder = Pipeline([("outside", self.outside), ("inside", self.steps)])
        return part.reads, encoder, lambda rows: self.steps.read(part.encode(rows))

    def _agrees(self, module: nn.Module, x: FloatArray, expected: NDArray[Any]) -> bool:
        try:
            with torch.inference_mode():
                read = module(torch.as_tensor(x)).numpy()
        except Exception:  # the module refuses rows of this shape, which onnxruntime accepts
            return False
        if self.ends == "probabilities":
            read = probabilities(read)
            read = read[:, 1:] if read.shape[1] == 2 and expected.size == len(read) else read
        elif self.ends == "both signs":
            read = np.column_stack([-read, read])
        return near(read, expected)


class _Graph:
    """The nodes of a pipeline, by the names of their outputs."""

    def __init__(self, proto: Any, source: str) -> None:
        self.proto = proto
        self.values: Values = constants(proto)
        folded = 0
        for node in proto.graph.node:
            made = None if node.output[0] in self.values else constant(node, self.values, attributes(node))
            if made is not None:
                self.values[node.output[0]] = made
                folded += made.size
                check_total(ROWS * folded, f"{source!r}: the constants")
        self.makers = {name: node for node in proto.graph.node for name in node.output if name}

    def maker(self, name: str) -> Any:
        """Return the node that computes a value, ignoring nodes that leave it unchanged. Return None for an input."""
        node = self.makers.get(name)
        while node is not None and node.op_type in PASSED:
            node = self.makers.get(node.input[0])
        return node

    # ---- outputs

    def result(self, source: str) -> str:
        """Return the name of the matrix of scores or probabilities, before it is converted by ZipMap or split into columns."""
        outputs = self.proto.graph.output
        maps = [self.maker(one.name) for one in outputs if one.type.WhichOneof("value") == "sequence_type"]
        found = [str(node.input[0]) for node in maps if node is not None and node.op_type == "ZipMap"]
        floats = [one.name for one in outputs if one.type.tensor_type.elem_type in FLOATS]
        whole = [*dict.fromkeys(self._whole(name) for name in floats)]
        found += floats if len(floats) == 1 else [str(one) for one in whole if len(whole) == 1 and one is not None]
        if len(found) != 1:
            raise ModelError(
                f"{source!r} must have one output of scores or probabilities; it has the outputs "
                f"{', '.join(one.name for one in outputs)}. Export the pipeline with one such output"
            )
        return str(found[0])

    def _whole(self, name: str) -> str | None:
        """Return the name of the matrix that contains a value as one of its columns, or None."""
        node = self.maker(name)
        while node is not None and node.op_type == "Reshape":
            node = self.maker(node.input[0])
        return str(node.input[0]) if node is not None and node.op_type == "Slice" else None

    def classes(self, source: str) -> tuple[Any, ...] | None:
        """Return the classes in the order of the probabilities; None for regression.

        Raises
        ------
        ModelError
            Operators in the graph list the classes in different orders.
        """
        found = dict.fromkeys(self._labels())
        if len(found) > 1:
            raise ModelError(
                f"{source!r} lists the classes in more than one order: {'; '.join(map(str, found))}. Export the pipeline again"
            )
        return next(iter(found), None)

    def _labels(self) -> Iterator[tuple[Any, ...]]:
        """Yield the classes of each output that lists classes."""
        for one in self.proto.graph.output:
            node = self.maker(one.name)
            while node is not None and node.op_type == "Reshape":
                node = self.maker(node.input[0])
            if node is None:
                continue
            settings = attributes(node)
            listed = [settings[key] for key in settings if key.startswith("classlabels_")]
            if node.op_type == "ArrayFeatureExtractor" and node.input[0] in self.values:
                listed = [self.values[node.input[0]].ravel().tolist()]
            if listed:
                yield tuple(label.decode() if isinstance(label, bytes) else label for label in listed[0])

    def without_normalization(self, result: str) -> tuple[str, bool, bool]:
        """Return the name of the value that was normalised to give a result, and two flags.

        The first flag is true if the result is the value divided by its sum over the classes. The second flag is true if the
        result has two columns: one minus the value, and the value itself.
        """
        node = self.maker(result)
        if node is None:
            return result, False, False
        if node.op_type == "Normalizer" and attributes(node).get("norm") == "L1":
            return str(node.input[0]), True, False
        if node.op_type == "Div":
            total = self.maker(node.input[1])
            if total is not None and total.op_type == "ReduceSum":
                summed = self.maker(total.input[0])
                inside = summed.input[0] if summed is not None and summed.op_type == "Abs" else total.input[0]
                if inside == node.input[0]:
                    return str(inside), True, False
        if node.op_type == "Concat" and len(node.input) == 2:
            other = self.maker(node.input[0])
            if other is not None and other.op_type == "Sub" and other.input[1] == node.input[1]:
                one = self.values.get(other.input[0])
                if one is not None and np.all(one == 1):
                    return str(node.input[1]), False, True
        return result, False, False

    # ---- encoder and network

    def parts(self, result: str, source: str) -> tuple[Front, nn.Module]:
        """Split the graph into the encoding steps, and a network in double precision that computes the result
        from their outputs.
        """
        stated = [one for one in self.proto.graph.input if one.name not in self.values]
        nodes = needed(self.proto.graph.node, self.values, [one.name for one in stated], result)
        read = {name for node in nodes for name in node.input}
        given = [_given(one) for one in stated if one.name in read]
        steps, texts = front(nodes, self.values, attributes, given)
        known = {step.output for step in steps.steps}
        rest = [node for node in nodes if not known & {*node.output}]
        border = [*dict.fromkeys(name for node in rest for name in node.input if name in steps.places)]
        steps = Front(given, steps.steps, border, steps.places)
        inputs = [Input(name, width) for name, width in zip(border, steps.widths, strict=True)]
        if not border:
            raise ModelError(
                f"{source!r} contains no linear model and no network. Export the whole pipeline, with its model"
            )
        try:
            for node in rest:
                if texts & {*node.input}:
                    raise NoModuleError(why("opaque.chain.holds", kind=node.op_type))
            module = as_module(rest, self.values, attributes, inputs, result, torch.float64, opset(self.proto))
        except MemoryError:
            raise ModelError(
                f"{source!r} needs more memory than this computer has. Use narrower layers, or a computer with more memory"
            ) from None
        except NoModuleError as error:
            raise ModelError(
                f"{source!r} {error.args[0]}. Wrap the scikit-learn pipeline itself, or a prediction function that runs the "
                "model in onnxruntime: ti.wrap(function, classes=[...])"
            ) from None
        _check_sizes(module, steps.widths, source)
        many = len(border) > 1
        return steps, Beside(module, steps.widths, [Form()] * len(border)) if many else module

    # ---- onnxruntime

    def run(self, result: str, source: str) -> Callable[[dict[str, NDArray[Any]]], NDArray[Any]]:
        """Return a function that computes the result in onnxruntime from a dict of named inputs. Only the part of the graph that
        computes the result is loaded.
        """
        part = type(self.proto)()
        part.CopyFrom(self.proto)
        graph = part.graph
        held = {one.name for one in graph.initializer}
        kept = needed(graph.node, dict.fromkeys(held, np.empty(0)), [one.name for one in graph.input], result)
        read = {name for node in kept for name in node.input}
        outputs = [one for one in graph.output if one.name == result]
        del graph.value_info[:]
        for field, own in (
            (graph.node, kept),
            (graph.input, [one for one in graph.input if one.name in read]),
            (graph.initializer, [one for one in graph.initializer if one.name in read]),
            (graph.output, outputs or [library("onnx").ValueInfoProto(name=result)]),
        ):
            copies = [type(one).FromString(one.SerializeToString()) for one in own]
            del field[:]
            field.extend(copies)
        check_converted(part, source)
        session = session_of(part)
        inputs = [one for one in graph.input if one.name not in held]

        def run(values: dict[str, NDArray[Any]]) -> NDArray[Any]:
            answers = []
            for i in range(0, len(next(iter(values.values()))), BLOCK):
                rows = {name: value[i : i + BLOCK] for name, value in values.items()}
                try:
                    answers.append(np.asarray(session.run([result], {one.name: _fed(one, rows) for one in inputs})[0]))
                except Exception as error:  # its own error types differ between versions
                    raise ModelError(
                        f"onnxruntime raised an error when it ran {source!r} on rows of this table. Check that the table has the "
                        f"levels and the column types that the pipeline was trained on. The error was: {first_line(error)}"
                    ) from None
            return np.concatenate(answers)

        return run


def _fed(one: Any, rows: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """Return the values of one input, in the type and shape that the graph declares."""
    kind = one.type.tensor_type
    value: NDArray[Any] = rows[one.name].astype(KINDS[kind.elem_type])
    return value.reshape(-1) if len(kind.shape.dim) == 1 else value


class _Sizes(fx.Interpreter):
    """An interpreter that runs a graph on torch's meta device, where values have shapes but no memory, and checks the size of
    each value.
    """

    def __init__(self, module: fx.GraphModule, source: str) -> None:
        super().__init__(copied(module).to("meta"))
        self.source = source
        self.total = 0

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, Tensor):
            check_value(value.numel(), True, f"{self.source!r}: the value of {n.name!r}")
            self.total += value.numel()
        return value


def _check_sizes(module: nn.Sequential | fx.GraphModule, widths: Sequence[int], source: str) -> None:
    """Check the size of every value that a network computes in one pass of `ROWS` rows, without allocating memory."""
    sizes = _Sizes(module if isinstance(module, fx.GraphModule) else fx.symbolic_trace(module), source)
    try:
        sizes.run(*[torch.empty((ROWS, width), dtype=torch.float64, device="meta") for width in widths])
    except ModelError:
        raise
    except Exception as error:  # raised by torch for inconsistent shapes
        raise ModelError(
            f"{source!r}: its tensor shapes are inconsistent ({first_line(error)}). Export the model again"
        ) from None
    check_total(sizes.total, repr(source))


def _given(one: Any) -> Given:
    dims = one.type.tensor_type.shape.dim
    return Given(one.name, dims[1].dim_value if len(dims) == 2 else 1, one.type.tensor_type.elem_type)


def _with_logits(module: nn.Module, is_share: bool, is_complement: bool) -> tuple[list[nn.Module], Ends] | None:
    """Return the layers of a classifier up to its logits, and the kind of outputs that the classifier computes from the logits.
    Return None if the logits cannot be determined from the last layers.
    """
    layers = [*module] if isinstance(module, nn.Sequential) else [module]
    last = layers[-1]
    if isinstance(last, nn.Softmax) and not is_complement:
        return layers[:-1], "probabilities"
    ends = layers[:-1] if isinstance(last, nn.Sigmoid) else layers
    if isinstance(last, (nn.Sigmoid, nn.Linear)) and ends and isinstance(ends[-1], nn.Linear):
        weight, shift = ends[-1].weight, ends[-1].bias
        if len(weight) == 2 and torch.equal(weight[0], -weight[1]) and torch.equal(shift[0], -shift[1]):
            one = [*ends[:-1], linear(weight[1:], shift[1:])]
            return one, "probabilities" if isinstance(last, nn.Sigmoid) else "both signs"
    if isinstance(last, nn.Sigmoid) and (is_complement or is_share):  # s / sum s is the softmax of log s
        return [*ends, *([nn.LogSigmoid()] if is_share else [])], "probabilities"
    return None
