"""Record classes for path products and Garson's shares: their sizes, their directions, and their agreement with gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tabinterp.analyses.mechanism.term_rows import TermRow, shown_terms, term_fields
from tabinterp.analyses.permutation_importance import ANALYSIS as PERMUTATION_IMPORTANCE
from tabinterp.analyses.record_values import fill
from tabinterp.arrays import FloatArray
from tabinterp.document.base import Message, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import PathWeights

FEWEST = 3  # minimum number of columns for a rank correlation


class PathTerm(TermRow):
    output: str | None
    path: float
    gradient: float  # mean gradient over rows


class PathColumn(Part):
    output: str | None
    column: str
    size: float | None  # standard deviation over rows of the column's contribution along its path products
    garson: float | None  # share


class PathLine(Part):
    """Cosines between the path product, the mean gradient and the direction to the optimum; None if a vector is zero."""

    output: str | None
    path_gradient: float | None
    path_optimum: float | None
    gradient_optimum: float | None
    straight: float | None  # `gradient_optimum` of a linear function with the same mean gradient


class Paths(Part):
    rows: int
    columns: list[PathColumn]
    terms: list[PathTerm]
    lines: list[PathLine]
    path_ranks: float | None  # rank correlation between `size` and permutation importance, over columns
    garson_ranks: float | None
    failures: list[Message]  # known failures of path products and Garson's shares

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("paths", "network", self.rows, evaluated(document), document.method.seed)


def build(r: Results) -> Paths | None:
    """Return the record of path products and Garson's shares; None if they were not computed."""
    result = r[ANALYSIS]
    if result is None:
        return None
    outputs = list(enumerate(result.outputs))
    return Paths(
        rows=result.rows,
        columns=[
            fill(PathColumn, result, j, k, output=output, column=column)
            for k, output in outputs
            for j, column in enumerate(result.columns)
        ],
        terms=[
            fill(PathTerm, result, j, k, **term_fields(result.terms, j), output=output)
            for k, output in outputs
            for j in shown_terms(result.terms)
        ],
        lines=[fill(PathLine, result, k, output=output) for k, output in outputs],
        path_ranks=_rank_correlation(result, result.size, r),
        garson_ranks=_rank_correlation(result, result.garson, r),
        failures=[Message(key=key) for key in result.failures],
    )


def _rank_correlation(result: PathWeights, sizes: FloatArray, r: Results) -> float | None:
    """Return Spearman's correlation, over columns, of `sizes` (summed over outputs) with permutation importance."""
    permuted = r[PERMUTATION_IMPORTANCE]
    if permuted is None:
        return None
    from scipy.stats import rankdata  # noqa: PLC0415

    importance = dict(zip(permuted[0].players, permuted[0].importance, strict=True))
    places = [j for j, column in enumerate(result.columns) if column in importance and np.isfinite(sizes[j]).all()]
    if len(places) < FEWEST:
        return None
    own, theirs = rankdata(sizes[places].sum(axis=1)), rankdata([importance[result.columns[j]] for j in places])
    return None if np.ptp(own) == 0 or np.ptp(theirs) == 0 else float(np.corrcoef(own, theirs)[0, 1])
