"""Record classes for recourse: shares of declined rows without recourse, the cost of recourse, and the columns that change.

Results are aggregates over at least ten rows. A share that represents one to nine rows is omitted or replaced by an upper limit.
A share that represents all but one to nine rows is omitted or replaced by a lower limit.
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

    without: Interval  # share of rows without recourse
    only_implausible: Interval  # share of all rows for which there are valid changes, but only implausible ones
    cost: Interval  # mean cost over rows with recourse
    quartiles: list[float | None]  # quartiles of the cost, rounded so that at least ten rows share each value
    one_column: Interval  # among rows with recourse, share in which only one column changes
    is_exact: bool  # whether the method is exact: if no valid change was found, none exists


class Changeable(Part):
    """A changeable column, and the share of the rows with recourse in which it changes."""

    column: str
    changeable: Literal["+", "-", "any"]
    low: float | None
    high: float | None
    network: Interval
    linear: Interval


class OfGroup(Part):
    """Share of a group's rows that have no recourse under the network."""

    group: list[Message]
    share: Interval
    difference: Interval  # share in the group minus share in all other declined rows; empty if there are too few rows
    p: float | None  # p-value of the hypothesis of no difference, not corrected for multiple testing


class Record(Part):
    rows_of: Literal["held-out", "all"]
    declined: str  # the adverse class; a row is declined if it is predicted to be of this class
    threshold: float  # probability above which a row is predicted positive
    declined_rows: int
    rows: int  # number of declined rows that were used, drawn by a hash of their numbers
    both_rows: int | None  # number of these rows that the linear model also declines; None if withheld
    values: int  # maximum number of new values of a numeric column
    training_rows: int  # number of training rows from which new values come
    level_cost: int  # cost of a change between unordered levels, in percentiles
    seed: int
    network: OfModel
    linear: OfModel  # results over the rows that both models decline
    network_on_both: Interval  # the network's share of rows without recourse, over the rows that both models decline
    difference: Interval  # `network_on_both` minus the linear model's share
    columns: list[Changeable]
    groups: list[OfGroup]

    def check_claims(self, document: Document) -> None:
        """Check that shares are between 0 and 1, and that differences are consistent with the shares."""
        shares = [self.network_on_both, *(row.share for row in self.groups)]
        shares += [one for row in self.columns for one in (row.network, row.linear)]
        for model in (self.network, self.linear):
            shares += [model.without, model.only_implausible, model.one_column]
            _check_part(model)
        for share in shares:
            if any(end is not None and not -1e-9 <= end <= 1 + 1e-9 for end in (share.value, share.low, share.high)):
                raise DocumentError(
                    f"analyses.recourse contains the share {share}. A share of rows and the ends of its interval must be "
                    "between 0 and 1."
                )
        both = (self.difference.value, self.network_on_both.value, self.linear.without.value)
        if None not in both and not math.isclose(both[0] or 0.0, (both[1] or 0.0) - (both[2] or 0.0), abs_tol=1e-6):
            raise DocumentError(
                f"analyses.recourse.difference is {both[0]}, but the two shares from which it is computed are {both[1]} and "
                f"{both[2]}."
            )
        if any(row.p is not None and not 0 <= row.p <= 1 for row in self.groups):
            raise DocumentError("analyses.recourse.groups: each p-value must be between 0 and 1.")

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("recourse", "both", self.rows, self.rows_of, self.seed)
        yield used_rows("recourse_values", "none", self.training_rows, training(document), self.seed)


def _check_part(model: OfModel) -> None:
    """Check that the share of rows with only implausible changes is not larger than the share without recourse."""
    part, whole = model.only_implausible.value, model.without.value
    if part is not None and whole is not None and part > whole + 1e-9:
        raise DocumentError(
            f"analyses.recourse: the share 'only_implausible' is {part}, but it must not exceed the share 'without', which is "
            f"{whole}."
        )


def build(results: Results) -> Record | None:
    """Return the record of recourse; None if no column was declared changeable."""
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
