"""Decomposition of the score in the audit document: shares of its variance due to linear terms, curvature and interactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

from tabinterp.analyses.record_values import at, fill, number
from tabinterp.arrays import FloatArray
from tabinterp.document.base import Interval, Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows

if TYPE_CHECKING:
    from tabinterp.document.document import Document

    from .estimator import Decomposition

LARGEST = 10  # number of columns and pairs that are listed; the others are summed


class ShareRow(Part):
    output: str | None  # None: all outputs together
    component: Literal["linear", "curvature", "interactions"]
    of: str  # "" for the total, a column, "a × b" for a pair, or "other" for pairs that are not named
    share: Interval  # share of the variance of the network's score
    weighted: Interval  # the same, with rows weighted by `Shares.weighting`


class RestRow(Part):
    """The sum of the shares of columns or pairs that are not listed, without an interval."""

    component: Literal["linear", "curvature", "interactions"]
    count: int
    share: float | None
    weighted: float | None


class Shares(Part):
    passed: int = 0  # number of columns for which no curve and no pairs are fitted, as in the analysis `ladder`
    weighting: Literal["p(1-p)", "rate"] | None
    whole: list[ShareRow]
    parts: list[ShareRow]  # columns and pairs for all outputs together, largest share first
    rest: list[RestRow]
    rows: int
    fitted_rows: int
    folds: int
    resamples: int
    seed: int
    rows_of: Literal["held-out", "all"]

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("shares", "network", self.rows, self.rows_of, self.seed, resamples=self.resamples)


def build(result: Decomposition) -> Shares:
    """Return the shares of each output and, for all outputs together, the largest shares of columns and pairs.

    The shares of all other columns and pairs are summed. If the curves of correlated columns cancel each other, their shares can
    be far outside the range from -1 to 1. Such shares are not meaningful individually, so they are only included in the sum.
    """
    v, whole = len(result.weightings) - 1, range(3)
    value, known = result.shares.value[:, 0], range(3, len(result.components))
    alone = sorted((c for c in known if _is_share(value[:, c])), key=lambda c: -abs(float(value[0, c])))

    def row(o: int, c: int) -> ShareRow:
        component, of = result.components[c]
        return ShareRow(
            output=result.outputs[o] if o else None,
            component=component,
            of=of,
            share=at(result.shares, 0, o, c),
            weighted=at(result.shares, v, o, c) if v else Interval(),
        )

    rest_places = [*alone[LARGEST:], *(c for c in known if c not in alone)]
    counts = Counter(result.components[c][0] for c in rest_places)

    def rest(component: str, weighting: int) -> float | None:
        total = sum(result.shares.value[weighting, 0, c] for c in rest_places if result.components[c][0] == component)
        return number(total) if _is_share(np.array(total)) else None

    return fill(
        Shares,
        result,
        passed=len(result.passed),
        weighting=result.weightings[v] if v else None,
        whole=[row(o, c) for o in range(len(result.outputs)) for c in whole],
        parts=[row(0, c) for c in alone[:LARGEST]],
        rest=[
            RestRow(component=name, count=count, share=rest(name, 0), weighted=rest(name, v) if v else None)
            for name, count in counts.items()
        ],
        rows_of="held-out" if result.held_out else "all",
    )


def _is_share(values: FloatArray) -> bool:
    """Return whether all values are between -1 and 1. Other estimates cannot be interpreted as shares."""
    return bool(np.all(np.abs(values) <= 1))
