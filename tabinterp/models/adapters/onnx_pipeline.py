"""Adapter for whole pipelines in ONNX, such as skl2onnx writes: encoding steps become an encoder, the rest an exact network.

The answers are computed by tabinterp itself, in double precision; onnxruntime is not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.pipeline import Pipeline
from torch import Tensor, fx, nn

from tabinterp.document.message import why
from tabinterp.errors import ModelError, argument, first_line
from tabinterp.models.affine_front import copied, linear
from tabinterp.models.io.allocation_limits import ROWS, check_total, check_value
from tabinterp.models.model import Model
from tabinterp.models.multi_input import Beside, Form

from .onnx_check import FLOATS, attributes, check_pipeline, constants
from .onnx_front import Front, Given, columns_of, constant, front
from .onnx_graph import Input, NoModuleError, Values, as_module, needed
from .shared import asked, reads

PASSED = ("Identity", "Cast")


class Shares(nn.Module):
    """A layer that divides the numbers (n, k) of each row by their sum."""

    def forward(self, x: Tensor) -> Tensor:
        return x / x.sum(dim=1, keepdim=True)


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

    `encoder` may be a transformer where the pipeline reads one matrix of numbers.
    """
    check_pipeline(proto, source)
    graph = _Graph(proto)
    result, labels = graph.result(source), graph.classes()
    result, is_share, is_complement = graph.without_normalization(result)
    steps, module = graph.parts(result, source)
    known = tuple(classes) if classes is not None else labels
    layers, kind = _with_logits(module, known is not None, is_share, is_complement)
    task, outputs = asked(task, outputs, known) if known is None else asked(task, kind, known)
    widths = [str(layer.out_features) for layer in layers if isinstance(layer, nn.Linear)][:-1]
    model = Model(
        name=name or " ".join([str(proto.graph.name or "ONNX pipeline"), *(["-".join(widths)] if widths else [])]),
        library=f"ONNX, written by {proto.producer_name or 'an unknown library'}",
        module=nn.Sequential(*layers).eval(),
        task=task,
        classes=known,
        outputs=outputs,
        opaque=why("opaque.pipeline"),
    )
    if encoder is None or (isinstance(encoder, str) and encoder == "passthrough"):
        return replace(model, finish=_Columns(steps))
    if len(steps.given) > 1 or steps.given[0].type not in FLOATS:
        raise ModelError(
            f"the ONNX pipeline reads the original columns itself ({', '.join(one.name for one in steps.given)}). Leave out "
            f"{argument('encoder')}"
        )
    return replace(model, encoder=Pipeline([("outside", encoder), ("inside", steps)]), reads=reads(encoder))


class _Columns:
    """`Model.finish` for a pipeline that reads columns of the table."""

    def __init__(self, steps: Front) -> None:
        self.steps = steps

    def __call__(self, model: Model, frame: pd.DataFrame) -> Model:
        columns = columns_of(self.steps.given, frame)
        return replace(model, encoder=self.steps.of_columns(columns, frame), reads=columns, finish=None)


class _Graph:
    """The nodes of a pipeline by the names of what they make."""

    def __init__(self, proto: Any) -> None:
        self.proto = proto
        self.values: Values = constants(proto)
        for node in proto.graph.node:
            made = constant(node, self.values, attributes(node))
            if made is not None and node.output[0] not in self.values:
                self.values[node.output[0]] = made
        self.makers = {name: node for node in proto.graph.node for name in node.output if name}

    def maker(self, name: str) -> Any:
        """Return the node that makes a value, behind those that change nothing; None for an input."""
        node = self.makers.get(name)
        while node is not None and node.op_type in PASSED:
            node = self.makers.get(node.input[0])
        return node

    # ---- outputs

    def result(self, source: str) -> str:
        """Return the name of the scores or probabilities: before ZipMap, and before they are cut into columns."""
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
        """Return the matrix of which a value is one column."""
        node = self.maker(name)
        while node is not None and node.op_type == "Reshape":
            node = self.maker(node.input[0])
        return str(node.input[0]) if node is not None and node.op_type == "Slice" else None

    def classes(self) -> tuple[Any, ...] | None:
        """Return the classes in the order of the probabilities; None for a regression."""
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
                return tuple(label.decode() if isinstance(label, bytes) else label for label in listed[0])
        return None

    def without_normalization(self, result: str) -> tuple[str, bool, bool]:
        """Return the value of which the result is the shares of the sum (the second is true), or of which it is the
        complement and the value itself (the third is true).
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
        """Return the encoding steps, and the network between these and the result, in double precision."""
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
            module = as_module(rest, self.values, attributes, inputs, result, torch.float64)
        except NoModuleError as error:
            raise ModelError(
                f"{source!r} {error.args[0]}. Wrap the scikit-learn pipeline itself, or a function of rows that runs the model "
                "in onnxruntime: ti.wrap(function, classes=[...])"
            ) from None
        if isinstance(module, fx.GraphModule):
            _check_sizes(module, steps.widths, source)
        many = len(border) > 1
        return steps, Beside(module, steps.widths, [Form()] * len(border)) if many else module


class _Sizes(fx.Interpreter):
    """Runs a graph on the meta device, where values have shapes and no memory, and checks the size of each."""

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


def _check_sizes(module: fx.GraphModule, widths: Sequence[int], source: str) -> None:
    """Check the size of every value of a graph for many rows; a sequence of layers is no wider than its weights."""
    sizes = _Sizes(module, source)
    try:
        sizes.run(*[torch.empty((ROWS, width), dtype=torch.float64, device="meta") for width in widths])
    except ModelError:
        raise
    except Exception as error:  # torch's own, of shapes that do not fit
        raise ModelError(
            f"{source!r}: its tensor shapes are inconsistent ({first_line(error)}). Export the model again"
        ) from None
    check_total(sizes.total, repr(source))


def _given(one: Any) -> Given:
    dims = one.type.tensor_type.shape.dim
    return Given(one.name, dims[1].dim_value if len(dims) == 2 else 1, one.type.tensor_type.elem_type)


def _with_logits(
    module: nn.Module, is_classifier: bool, is_share: bool, is_complement: bool
) -> tuple[list[nn.Module], str]:
    """Return the layers to logits where the last of them shows these, otherwise to probabilities, and which of the two."""
    layers = [*module] if isinstance(module, nn.Sequential) else [module]
    last = layers[-1]
    if not is_classifier:
        return layers, "logits"
    if isinstance(last, nn.Softmax):
        return layers[:-1], "logits"
    ends = layers[:-1] if isinstance(last, nn.Sigmoid) else layers
    if isinstance(last, (nn.Sigmoid, nn.Linear)) and ends and isinstance(ends[-1], nn.Linear):
        weight, shift = ends[-1].weight, ends[-1].bias
        if len(weight) == 2 and torch.equal(weight[0], -weight[1]) and torch.equal(shift[0], -shift[1]):
            return [*ends[:-1], linear(weight[1:], shift[1:])], "logits"
    if isinstance(last, nn.Sigmoid) and (is_complement or is_share):  # shares of s are the softmax of log s
        return [*ends, *([nn.LogSigmoid()] if is_share else [])], "logits"
    if is_share:
        return [*layers, Shares()], "probabilities"
    return layers, "logits" if isinstance(last, nn.Linear) else "probabilities"
