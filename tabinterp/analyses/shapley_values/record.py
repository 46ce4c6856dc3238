"""Record classes for Shapley values of both models, averaged over rows. Shapley values of single rows are not stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

from tabinterp.analyses.record_values import at, fill, number, rows_of
from tabinterp.document.base import Interval, Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import ShapleyValues


class ShapleyRow(Part):
    output: str | None
    column: str
    network: Interval  # signed mean over rows
    network_size: Interval  # mean absolute value (biased upward by sampling error)
    network_tied: bool  # whether the column's rank by mean absolute value cannot be distinguished from the next
    linear: Interval
    linear_size: Interval
    linear_tied: bool


class ShapleyModel(Part):
    method: Literal["auto", "exact", "permutation", "closed form"]
    exact: bool  # whether all values are exact, without sampling
    converged: float | None  # share of rows in which every sampling error is within the tolerance
    residual: float | None  # largest abs(base + sum of values - score) over rows, in standard deviations of the score


class Shapley(Part):
    """Mean Shapley values of the columns for both models, on the same rows and with the same background."""

    rows_of: Literal["held-out", "all"]
    rows: int
    background_rows: int
    tolerance: float  # largest accepted sampling error of a value, in standard deviations of the score
    seed: int
    network: ShapleyModel
    linear: ShapleyModel
    columns: list[ShapleyRow]  # for each output, in decreasing order of `network_size`

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("shapley", "both", self.rows, self.rows_of, self.seed, background=self.background_rows)


def build(r: Results) -> Shapley | None:
    """Return Shapley values of both models, averaged over rows; None if the analysis does not apply."""
    both = r[ANALYSIS]
    if both is None:
        return None
    network, linear = both
    return fill(
        Shapley,
        network,
        rows_of=rows_of(r),
        rows=len(network.values),
        network=_model(network),
        linear=_model(linear),
        columns=_columns(network, linear),
    )


def _model(values: ShapleyValues) -> ShapleyModel:
    return fill(
        ShapleyModel,
        values,
        converged=number(values.converged.mean()),
        residual=number(values.residual.max()),
    )


def _columns(network: ShapleyValues, linear: ShapleyValues) -> list[ShapleyRow]:
    parts = [(v.mean(), v.mean_absolute(), v.tied()) for v in (network, linear)]
    (mean, size, tied), (linear_mean, linear_size, linear_tied) = parts
    return [
        ShapleyRow(
            output=output,
            column=network.columns[j],
            network=at(mean, j, k),
            network_size=at(size, j, k),
            network_tied=bool(tied[j, k]),
            linear=at(linear_mean, j, k),
            linear_size=at(linear_size, j, k),
            linear_tied=bool(linear_tied[j, k]),
        )
        for k, output in enumerate(network.outputs)
        for j in np.argsort(-size.value[:, k], kind="stable")
    ]
