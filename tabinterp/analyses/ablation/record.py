"""Ablation in the audit document: the rise in loss when groups of correlated hidden units are ablated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tabinterp.analyses.record_values import at, number
from tabinterp.document.base import Interval, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

TOGETHER = 0.8  # minimum average absolute correlation between the units of a group


class UnitGroup(Part):
    """A group of correlated hidden units in one layer, with the rise in loss for each ablation method."""

    layer: str
    units: list[int]
    resample: Interval  # rise in loss if all units in the group get their outputs from the same other row
    mean: Interval
    zero: Interval
    alone: float | None  # sum of the rises when each unit is ablated on its own, by resampling


class UnitGroups(Part):
    rows: int
    repeats: int
    together: float  # minimum average absolute correlation between the units of a group
    groups: list[UnitGroup]  # largest rise first

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        seed = document.method.seed
        yield used_rows("unit_groups", "network", self.rows, evaluated(document), seed, repeats=self.repeats)


def build(r: Results) -> UnitGroups | None:
    """Return the rise in loss for each group of correlated units, or None if no units were ablated."""
    result = r[ANALYSIS]
    if result is None:
        return None
    resample = result.methods.index("resample")
    groups = [i for i, units in enumerate(result.groups) if len(units) > 1]
    groups.sort(key=lambda i: -result.cost.value[i, resample])
    return UnitGroups(
        rows=result.rows,
        repeats=result.n_repeats,
        together=TOGETHER,
        groups=[
            UnitGroup(
                layer=result.groups[i][0][0],
                units=[u for _, u in result.groups[i]],
                **{method: at(result.cost, i, m) for m, method in enumerate(result.methods)},
                alone=number(result.alone[i, resample]),
            )
            for i in groups
        ],
    )
