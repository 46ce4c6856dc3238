"""Record classes for the correlations of hidden units with columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

from tabinterp.analyses.record_values import fill, number, rows_of
from tabinterp.document.base import Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import NeuronCorrelations

MOST_UNITS = 256  # maximum number of hidden units in the document


class UnitColumn(Part):
    column: str
    pearson: float | None
    spearman: float | None
    distance: float | None  # distance correlation, in [0, 1]
    ratio: float | None  # correlation ratio of a categorical column, in [0, 1]
    q: float | None  # Benjamini-Hochberg adjusted p-value of the test that applies to the column


class Unit(Part):
    layer: str
    index: int
    active: float  # share of rows for which the unit's output is above zero
    mean: float
    sd: float
    columns: list[UnitColumn]


class Neurons(Part):
    rows: int  # number of rows for means, shares, Pearson correlations and correlation ratios
    rows_ranks: int  # number of rows for Spearman correlations
    rows_distance: int
    seed: int
    rows_of: Literal["held-out", "all"]
    dropped_units: int  # number of units that are not in the document
    units: list[Unit]

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("neurons", "network", self.rows, self.rows_of, self.seed)


def build(r: Results) -> Neurons:
    """Return the correlations of every unit with every column. The list is empty if the network has no hidden units."""
    result = r[ANALYSIS]
    if result is None:
        return Neurons(
            rows=0, rows_ranks=0, rows_distance=0, seed=r.seed, rows_of=rows_of(r), dropped_units=0, units=[]
        )
    kept = min(MOST_UNITS, len(result.layer))
    return fill(
        Neurons,
        result,
        rows_of=rows_of(r),
        dropped_units=len(result.layer) - kept,
        units=[
            Unit(
                layer=result.layer[u],
                index=result.index[u],
                active=float(result.active[u]),
                mean=float(result.mean[u]),
                sd=float(result.sd[u]) if np.isfinite(result.sd[u]) else 0.0,
                columns=[_unit_column(result, u, c) for c in range(len(result.columns))],
            )
            for u in range(kept)
        ],
    )


def _unit_column(result: NeuronCorrelations, u: int, c: int) -> UnitColumn:
    numeric = not np.isfinite(result.ratio[u, c])
    return fill(
        UnitColumn,
        result,
        u,
        c,
        column=result.columns[c],
        q=number(result.q_spearman[u, c] if numeric else result.q_ratio[u, c]),
    )
