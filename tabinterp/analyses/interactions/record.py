"""Interactions in the document: the pairs of columns that interact most strongly in the network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.record_values import fill, number, rows_of
from tabinterp.document.base import Interval, Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document


class InteractionRow(Part):
    output: str | None
    first: str
    second: str
    variance: (
        Interval  # variance of (the pair's partial dependence minus the partial dependence of each of its columns)
    )
    share: Interval  # `variance` divided by the variance of the score
    h2: Interval  # `variance` divided by the variance of the pair's partial dependence (Friedman & Popescu 2008)
    shapley: Interval  # variance over rows of the Shapley interaction index


class Interactions(Part):
    """The pairs of columns that interact most strongly in the network."""

    rows_of: Literal["held-out", "all"]
    rows: int
    blocks: int
    background: int
    seed: int
    screened: int  # number of pairs that were screened
    passed: int = 0  # number of columns that were not screened, because they change the score too little
    passed_most: float | None = None  # largest total index of an unscreened column, as a share of the score variance
    linear_adds: bool  # whether the linear model is a sum over original columns, without interactions
    pairs: list[InteractionRow]

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("interactions", "network", self.rows, self.rows_of, self.seed, blocks=self.blocks)


def build(r: Results) -> Interactions | None:
    """Return the strongest pairs of interacting columns; None if they were not computed."""
    result = r[ANALYSIS]
    if result is None:
        return None
    return fill(
        Interactions,
        result,
        rows_of=rows_of(r),
        screened=len(result.screen.pairs),
        passed=len(result.screen.passed),
        passed_most=number(result.screen.passed_most / result.total.value.sum()) if result.screen.passed else None,
        linear_adds=r.linear.is_local(r.linear.columns),
        pairs=[
            fill(InteractionRow, pair, k, output=output, first=pair.columns[0], second=pair.columns[1])
            for k, output in enumerate(result.outputs)
            for pair in result.pairs
        ],
    )
