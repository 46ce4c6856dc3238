"""Conductance in the audit document: how much of the score flows through each hidden unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tabinterp.analyses.record_values import at
from tabinterp.document.base import Interval, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

MOST_UNITS = 64  # maximum number of units listed for each output


class ConductanceLayer(Part):
    layer: str
    gap: float  # largest over rows: abs(sum over the layer + bypass - rise of the score) / mean abs(rise)
    around: float  # mean absolute contribution of connections that bypass the layer, over rows and outputs


class ConductanceRow(Part):
    """The conductance of a hidden unit, in units of the score."""

    output: str | None
    layer: str
    index: int
    mean: Interval  # mean of the signed values over rows
    size: Interval  # mean of the absolute values over rows (biased upward by sampling error)


class Conductance(Part):
    rows: int
    tolerance: float  # maximum completeness gap
    layers: list[ConductanceLayer]
    units: int
    rows_told: list[ConductanceRow]  # for each output, the units with the largest conductance first

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("conductance", "network", self.rows, evaluated(document), document.method.seed)


def build(r: Results) -> Conductance | None:
    """Return the units with the largest conductance, or None if conductance was not computed."""
    result = r[ANALYSIS]
    if result is None:
        return None
    rows = [
        ConductanceRow(
            output=output,
            layer=result.layer[u],
            index=result.index[u],
            mean=at(result.mean, u, k),
            size=at(result.size, u, k),
        )
        for k, output in enumerate(result.outputs)
        for u in np.argsort(-result.size.value[:, k], kind="stable")[:MOST_UNITS].tolist()
    ]
    layers = [
        ConductanceLayer(layer=name, gap=float(result.gap[i]), around=float(result.around[i].mean()))
        for i, name in enumerate(dict.fromkeys(result.layer))
    ]
    return Conductance(
        rows=result.rows, tolerance=result.tolerance, layers=layers, units=len(result.layer), rows_told=rows
    )
