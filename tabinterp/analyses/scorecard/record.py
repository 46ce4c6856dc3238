"""Record classes for the scorecard: the points of every bin, and metrics on the held-out rows.

The record does not contain the numbers of rows in bins. Combined with other counts in the document, these numbers could reveal
counts of fewer than ten rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from tabinterp.analyses.record_values import fill
from tabinterp.document.base import Interval, Message, Part, Status, status_of
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, training, used_rows
from tabinterp.errors import DocumentError

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .binning import Bin, Cut
    from .estimator import Term


class CardBin(Part):
    """A bin of a scorecard column: a range (low < value <= high) or a list of levels."""

    low: float | None
    high: float | None
    levels: list[str]
    missing: bool  # whether the bin includes missing values
    other: bool  # whether the bin includes levels that no bin lists


class CutColumn(Part):
    column: str
    bins: list[CardBin]


class ColumnPoints(CutColumn):
    points: list[int]  # points of each bin
    reference_bin: int  # index of the bin with the most training rows, which has 0 points


class PairPoints(Part):
    first: CutColumn
    second: CutColumn
    points: list[list[int]]  # points for each bin of the first column (outer list) and of the second (inner lists)


class CardMetric(Part):
    """A metric of the scorecard and of both models, and the scorecard's differences from the network and the linear model."""

    name: Literal["log_loss", "auc", "ks"]
    card: Interval
    network: Interval
    linear: Interval
    against_network: Interval
    against_linear: Interval
    rounding: Interval  # metric of the rounded scorecard minus that of the unrounded scorecard


class Record(Part):
    points: float  # score of a row whose odds of the favourable to the adverse class are `odds`
    odds: float
    pdo: float  # number of points by which a score increases if the odds double
    adverse: str
    favourable: str
    rung: Literal["linear", "curvature", "pairs"]
    base: int
    columns: list[ColumnPoints]
    pairs: list[PairPoints]
    metrics: list[CardMetric]
    status: Status  # scorecard's loss compared with the network's: better, worse, equivalent or not resolved
    margin: float
    rows: int
    training_rows: int
    resamples: int
    seed: int

    def check_claims(self, document: Document) -> None:
        """Check that the status follows from the interval of the difference in loss, and that reference bins have 0 points."""
        place = "analyses.scorecard"
        expected = status_of(self.metrics[0].against_network, self.margin)
        if self.metrics[0].name != "log_loss" or self.status != expected:
            raise DocumentError(
                f"{place}.status is {self.status!r}, but the interval of the difference in log loss and the margin imply "
                f"{expected!r}."
            )
        for index, one in enumerate(self.columns):
            if len(one.bins) != len(one.points) or one.points[one.reference_bin] != 0:
                raise DocumentError(
                    f"{place}.columns.{index}.points must have one entry for each bin, and the entry of the reference bin "
                    "must be 0."
                )
        for index, pair in enumerate(self.pairs):
            if [len(row) for row in pair.points] != [len(pair.second.bins)] * len(pair.first.bins):
                raise DocumentError(f"{place}.pairs.{index}.points must have one entry for each pair of bins.")

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("scorecard_fitted", "refits", self.training_rows, training(document), self.seed)
        yield used_rows("scorecard", "both", self.rows, evaluated(document), self.seed, resamples=self.resamples)


def build(results: Results) -> Record | None:
    """Return the record of the scorecard; None if the audit has no scorecard."""
    card = results[ANALYSIS]
    if card is None:
        return None
    return fill(
        Record,
        card,
        points=card.scaling.points,
        odds=card.scaling.odds,
        pdo=card.scaling.pdo,
        columns=[_column(term) for term in card.terms if len(term.cuts) == 1],
        pairs=[_pair(term) for term in card.terms if len(term.cuts) == 2],
    )


def _column(term: Term) -> ColumnPoints:
    return ColumnPoints(**_cut(term.cuts[0]), points=term.points.tolist(), reference_bin=term.reference)


def _pair(term: Term) -> PairPoints:
    first, second = (CutColumn(**_cut(cut)) for cut in term.cuts)
    return PairPoints(first=first, second=second, points=term.points.reshape(len(first.bins), -1).tolist())


def _cut(cut: Cut) -> dict[str, Any]:
    bins = [fill(CardBin, one, levels=[str(level) for level in one.levels]) for one in cut.bins]
    return {"column": cut.column, "bins": bins}


def bin_message(one: Bin | CardBin) -> Message:
    """Describe a bin in words; missing values are mentioned only if the bin has no levels and no range."""
    if one.levels:
        key = "levels.other" if one.other else "levels"
        return Message(key=f"scorecard.bin.{key}", values={"levels": [str(level) for level in one.levels]})
    if one.other:
        return Message(key="scorecard.bin.missing.other" if one.missing else "scorecard.bin.other")
    if one.low is None and one.high is None:
        return Message(key="scorecard.bin.missing" if one.missing else "scorecard.bin.known")
    key = "between" if None not in (one.low, one.high) else "low" if one.low is None else "high"
    both = (("low", one.low), ("high", one.high))
    ends = {end: f"{number:,.15g}".replace("-", "−") for end, number in both if number is not None}
    return Message(key=f"scorecard.bin.{key}", values=ends)
