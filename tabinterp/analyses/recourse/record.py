"""Recourse in the document: shares of declined rows without recourse, the cost of recourse, and the columns that it changes.

Results are aggregates over at least ten rows. A share based on one to nine rows has no value, and at most an upper limit. A share
based on all but one to nine rows has at most a lower limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.groups.group_names import group_name
from tabinterp.analyses.record_values import fill, interval, number, rows_of
from tabinterp.document.base import Interval, Message, Part
from tabinterp.document.rows_of_analyses import ReadingRows, training, used_rows
from tabinterp.errors import DocumentError
from tabinterp.table.suppression import part_of

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import Recourse, Shares


class OfModel(Part):
    """Rows without recourse under one model, and the cost of recourse in percentiles of the training rows."""

    without: Interval  # share of rows
    only_implausible: Interval  # share of all rows; recourse only through rows unlike the training rows
    cost: Interval  # mean over rows with recourse
    quartiles: list[float | None]  # quartiles of the cost, rounded so that ten rows share them
    one_column: Interval  # share of rows with recourse that change only one column
    is_exact: bool  # if no valid change was found, there is none


class Changeable(Part):
    """A column declared changeable, and the share of rows with recourse that change it."""

    column: str
    changeable: Literal["+", "-", "any"]
    low: float | None
    high: float | None
    network: Interval
    linear: Interval


class OfGroup(Part):
    """Rows of a group that have no recourse under the network."""

    group: list[Message]
    share: Interval
    difference: Interval  # difference from all other declined rows; empty if either side is too small
    p: float | None  # p-value of no difference, not corrected


class Record(Part):
    rows_of: Literal["held-out", "all"]
    declined: str  # the adverse class; rows predicted to be of it are declined
    threshold: float  # threshold of the probability of the positive class
    declined_rows: int
    rows: int  # number of these that were used, drawn by hash
    both_rows: int | None  # rows that the linear model declines as well; None: withheld
    values: int  # maximum number of values of a number
    training_rows: int  # training rows that new values come from
    level_cost: int  # percentiles that a change of level costs
    seed: int
    network: OfModel
    linear: OfModel  # over the rows that both decline
    network_on_both: Interval  # share of rows without recourse
    difference: Interval  # difference of the shares on these rows
    columns: list[Changeable]
    groups: list[OfGroup]

    def check_claims(self, document: Document) -> None:
        """Check that shares are between 0 and 1, and that differences follow from the shares."""
        shares = [self.network_on_both, *(row.share for row in self.groups)]
        shares += [one for row in self.columns for one in (row.network, row.linear)]
        for model in (self.network, self.linear):
            shares += [model.without, model.only_implausible, model.one_column]
            _check_part(model)
        for share in shares:
            if any(end is not None and not -1e-9 <= end <= 1 + 1e-9 for end in (share.value, share.low, share.high)):
                raise DocumentError(f"analyses.recourse: a share of rows is not between 0 and 1: {share}.")
        both = (self.difference.value, self.network_on_both.value, self.linear.without.value)
        if None not in both and not math.isclose(both[0] or 0.0, (both[1] or 0.0) - (both[2] or 0.0), abs_tol=1e-6):
            raise DocumentError(
                f"analyses.recourse: the difference is {both[0]}, but the shares are {both[1]} and {both[2]}."
            )
        if any(row.p is not None and not 0 <= row.p <= 1 for row in self.groups):
            raise DocumentError("analyses.recourse.groups: each p-value must be between 0 and 1.")

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("recourse", "both", self.rows, self.rows_of, self.seed)
        yield used_rows("recourse_values", "none", self.training_rows, training(document), self.seed)


def _check_part(model: OfModel) -> None:
    """Check that rows with recourse only through implausible rows are included in the share without recourse."""
    part, whole = model.only_implausible.value, model.without.value
    if part is not None and whole is not None and part > whole + 1e-9:
        raise DocumentError(
            f"analyses.recourse: the share of rows with recourse only through implausible rows is {part}. It must not exceed the "
            f"share of all rows without recourse, which is {whole}."
        )


def build(results: Results) -> Record | None:
    """Return how many declined rows have no recourse; None if no column was declared changeable."""
    result = results[ANALYSIS]
    if result is None:
        return None
    return fill(
        Record,
        result,
        rows_of=rows_of(results),
        declined=result.adverse,
        both_rows=part_of(result.both_rows, result.rows) if result.both_told else None,
        network=_model(result.network),
        linear=_model(result.linear),
        columns=_columns(result),
        groups=[
            OfGroup(
                group=group_name(one.conditions),
                share=interval(*one.share),
                difference=interval(*one.difference),
                p=number(one.p),
            )
            for one in result.groups
        ],
    )


def _model(shares: Shares) -> OfModel:
    return fill(OfModel, shares, quartiles=[number(one) for one in shares.quartiles])


def _columns(result: Recourse) -> list[Changeable]:
    made = []
    for k, one in enumerate(result.declared):
        assert one.changeable is not None
        made.append(
            Changeable(
                column=one.column,
                changeable=one.changeable,
                low=one.low,
                high=one.high,
                network=interval(*result.network.columns[k]),
                linear=interval(*result.linear.columns[k]),
            )
        )
    return made
