"""Record classes for regional effects: the heterogeneity of each column, the split that best explains it, and effect curves.

Grid points with fewer than ten rows are left out. The size of a region is a share rounded to a tenth, because an exact size,
combined with other row counts in the document, could reveal a count of fewer than ten rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

from tabinterp.analyses.groups.group_names import condition_message
from tabinterp.analyses.record_values import at, fill, interval, number
from tabinterp.document.base import Interval, Message, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows
from tabinterp.errors import DocumentError

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import RegionalEffect as Found
    from .estimator import Regions


class RegionalPoint(Part):
    """The average centred curves at one grid point of the column. A curve has no value at a grid point that is nearest to fewer
    than ten of the rows over which the curve is averaged.
    """

    value: str | float | None  # value of the column; None for missing values
    inside: Interval
    outside: Interval
    everywhere: Interval


class RegionalCurves(Part):
    """Average curves for one output, over the rows in the region, over all other rows, and over all rows together."""

    output: str | None
    start: str | float | None  # first of the two values between which changes are reported; None if there are none
    end: str | float | None
    inside: Interval  # change in the curve from the first to the second value
    outside: Interval
    points: list[RegionalPoint]


class RegionalEffect(Part):
    column: str
    kind: Literal["numeric", "categorical", "boolean", "ordinal"]
    heterogeneity: Interval  # square root of the variance of the centred curves over rows, in units of the score
    share: Interval  # share of the column's contribution to the variance that is due to interactions
    split: Message | None  # condition that defines the first region; None: no search, or no possible split
    rows_share: float | None  # share of the rows in the first region, rounded to a tenth
    explained: Interval  # share of the squared `heterogeneity` that the split explains; false coverage rate of the intervals: 5%
    q: float | None  # p-value of the hypothesis that the share is at most `least`; Benjamini-Hochberg over all columns
    curves: RegionalCurves | None  # None unless the split is found: the interval of `explained` lies above `least`


class Record(Part):
    rows: int  # number of rows with curves; one half was used to choose splits, and the other to evaluate them
    seed: int
    columns: int  # number of columns of the model
    least: float
    effects: list[RegionalEffect]  # columns for which a split was found come first

    def check_claims(self, document: Document) -> None:
        """Check that curves are present if and only if the interval of the explained share lies above `least`."""
        for index, one in enumerate(self.effects):
            above = one.explained.low is not None and one.explained.low > self.least
            if above != (one.curves is not None):
                raise DocumentError(
                    f"analyses.regional_effects.effects.{index} has {'no curves' if above else 'curves'}. It must have curves "
                    f"if the interval of its field 'explained' lies above {self.least}, and no curves otherwise."
                )

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("regional_effects", "network", self.rows, evaluated(document), self.seed)


def build(results: Results) -> Record | None:
    """Return the record of regional effects; None if they were not computed."""
    result = results[ANALYSIS]
    if result is None:
        return None
    effects = [_effect(one) for one in result.effects]
    return fill(Record, result, columns=len(results.network.columns), effects=effects)


def _effect(one: Found) -> RegionalEffect:
    split = None if one.split is None else condition_message(one.split)
    curves = _curves(one.regions, one.kind) if one.found and one.regions is not None else None
    return fill(RegionalEffect, one, split=split, rows_share=number(one.rows_share), curves=curves)


def _curves(regions: Regions, kind: str) -> RegionalCurves:
    values = [None if one is None else float(one) if kind == "numeric" else str(one) for one in regions.values]
    start, end = (None, None) if regions.ends is None else (values[place] for place in regions.ends)
    sides = {name: getattr(regions, name) for name in ("inside", "outside", "everywhere")}
    return RegionalCurves(
        output=regions.output,
        start=start,
        end=end,
        inside=interval(*regions.inside.change),
        outside=interval(*regions.outside.change),
        points=[
            RegionalPoint(value=value, **{name: at(side.curve, i) for name, side in sides.items()})
            for i, value in enumerate(values)
            if np.isfinite(regions.everywhere.curve.value[i])
        ],
    )
