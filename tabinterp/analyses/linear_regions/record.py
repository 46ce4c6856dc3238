"""Linear regions in the document: the coefficients of a piecewise linear network in each of its largest regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tabinterp.analyses.mechanism.term_rows import TermRow, shown_terms, term_fields
from tabinterp.analyses.record_values import fill, number
from tabinterp.document.base import Interval, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows
from tabinterp.table.suppression import parts_shown

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

MOST_REGIONS = 5


class RegionTerm(TermRow):
    """Coefficient of one term and its variation over rows, in units of the score."""

    output: str | None
    mean: Interval
    spread: float | None  # standard deviation of the coefficient over rows
    sign_flip: float | None  # share of rows in which the coefficient and its mean have opposite signs
    linear: float | None  # coefficient of the linear counterpart; None if it does not contain the term


class Region(Part):
    """A linear region with at least ten rows. `coefficients` are in the order of `Regions.terms`."""

    rows: int
    share: float
    coefficients: list[float]


class Regions(Part):
    rows: int
    visited: int
    told: int  # number of regions with at least ten rows
    share_told: float  # share of the rows in these regions
    largest: float | None  # share of the rows in the largest region; None if the region has fewer than ten rows
    terms: list[RegionTerm]
    tables: list[Region]  # the largest regions with at least ten rows
    left_out: list[str]  # columns that the encoder mixes with others

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("regions", "network", self.rows, evaluated(document), document.method.seed)


def build(r: Results) -> Regions | None:
    """Return the largest linear regions; None if they were not computed."""
    result = r[ANALYSIS]
    if result is None:
        return None
    terms, shown = shown_terms(result.terms), parts_shown(result.rows_in)
    places = [(j, k) for k in range(len(result.outputs)) for j in terms]
    return Regions(
        rows=len(result.region),
        visited=result.visited,
        told=int(shown.sum()),
        share_told=float(result.share[shown].sum()),
        largest=result.largest if shown[0] else None,
        terms=[
            fill(
                RegionTerm,
                result,
                j,
                k,
                **term_fields(result.terms, j),
                output=result.outputs[k],
                linear=number(result.counterpart[j, k]),
            )
            for j, k in places
        ],
        tables=[
            Region(
                rows=int(result.rows_in[i]),
                share=float(result.share[i]),
                coefficients=[float(result.coefficients[i, j, k]) for j, k in places],
            )
            for i in np.flatnonzero(shown)[:MOST_REGIONS].tolist()
        ],
        left_out=list(result.left_out),
    )
