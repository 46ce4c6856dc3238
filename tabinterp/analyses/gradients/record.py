"""Gradient importance in the document: the attributions of both models, for each gradient method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from tabinterp.analyses.baselines import record as baselines_record
from tabinterp.analyses.baselines.record import Baselines
from tabinterp.analyses.record_values import at, number, rows_of
from tabinterp.document.base import Interval, Message, Part
from tabinterp.document.rows_of_analyses import ReadingRows
from tabinterp.stats.weights import quantile
from tabinterp.table.suppression import SMALL

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import GradientImportance


CONTRADICTED = 0.1  # largest share of rows for which gradient and finite differences may differ, because of kinks


class GradientRow(Part):
    output: str | None
    column: str
    network: Interval  # mean over rows of the signed attribution
    network_size: Interval  # mean absolute attribution (biased upward by sampling error, so no finding is based on it)
    linear: Interval
    linear_size: Interval


class GradientMethod(Part):
    method: str
    estimand: Message
    rows: int
    steps: int | None  # largest number of steps of any row
    gap_network: float | None  # completeness gap; None if the method has no such gap
    gap_linear: float | None
    tolerance: float | None
    columns: list[GradientRow]
    differences: list[str] = Field(default_factory=list)  # columns whose gradients are central differences


class Gradients(Part):
    rows_of: Literal["held-out", "all"]
    saturation: float | None  # median of p(1-p) of the network, in [0, 0.25]
    methods: list[GradientMethod]
    disagreement: float | None = None  # share of rows in which finite differences contradict the gradient, if above 10%
    baselines: Baselines | None = None

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        seed = document.method.seed
        for one in self.methods:
            reading, drawn = Message(key=f"reading.{one.method}"), effort_of(one)
            yield ReadingRows(
                reading=reading, models="both", rows=one.rows, rows_of=self.rows_of, seed=seed, draws=drawn
            )


def build(r: Results) -> Gradients:
    """Return the attributions of both models, for every gradient method that applies."""
    saturation = None
    evaluated = r.network.table.evaluated
    if r.network.table.schema.task == "binary" and len(evaluated) >= SMALL:
        rows = r.network.take(evaluated)
        p = np.exp(-np.logaddexp(0, -rows.scores[:, 0]))  # probability of the positive class
        saturation = quantile(p * (1 - p), 0.5, rows.table.weights)
    return Gradients(
        rows_of=rows_of(r),
        saturation=saturation,
        methods=[_method(*models) for models in r[ANALYSIS] or []],
        disagreement=next(
            (number(network.disagreement) for network, _ in r[ANALYSIS] or [] if contradicted(network.disagreement)),
            None,
        ),
        baselines=baselines_record.build(r),
    )


def contradicted(disagreement: float | None) -> bool:
    """Return whether finite differences of the score contradict the network's own gradient for more than 10% of rows."""
    return disagreement is not None and disagreement > CONTRADICTED


def _method(network: GradientImportance, linear: GradientImportance) -> GradientMethod:
    mean, size, linear_mean, linear_size = network.mean(), network.size(), linear.mean(), linear.size()
    return GradientMethod(
        method=network.method,
        estimand=Message(key=f"gradient.{network.method}", values=_settings(network)),
        rows=network.rows,
        steps=int(network.evaluations.max()),
        gap_network=number(network.gap),
        gap_linear=number(linear.gap),
        tolerance=network.tolerance,
        differences=list(network.differences),
        columns=[
            GradientRow(
                output=output,
                column=column,
                network=at(mean, j, k),
                network_size=at(size, j, k),
                linear=at(linear_mean, j, k),
                linear_size=at(linear_size, j, k),
            )
            for k, output in enumerate(network.outputs)
            for j, column in enumerate(network.columns)
        ],
    )


def _settings(gradients: GradientImportance) -> dict[str, Any]:
    return {name: value for name, value in gradients.settings.items() if name != "seed"}


def effort_of(method: GradientMethod) -> Message | None:
    """Return a message with the number of samples or steps of a method; None if it has neither."""
    values = method.estimand.values
    if method.method == "smoothgrad" and "samples" in values:
        return Message(key="report.gradients.effort.copies", values={"count": values["samples"]})
    if method.method == "expected_gradients" and "background_rows" in values:
        return Message(key="report.gradients.effort.background", values={"count": values["background_rows"]})
    if method.steps is None:
        return None
    key = "report.gradients.effort.one" if method.steps == 1 else "report.gradients.effort.steps"
    return Message(key=key, values={"steps": method.steps})
