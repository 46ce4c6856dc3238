"""Effect curves in the document: partial dependence, ICE and ALE of both models.

The value and the estimates at a point with fewer than ten rows are withheld, because they could reveal facts about individual
people. If the number of rows at this point could be calculated from the other counts, the number of rows at another point is
also withheld.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tabinterp.analyses.record_values import fill, rows_of
from tabinterp.document.base import Interval, Part
from tabinterp.document.rows_of_analyses import ReadingRows, used_rows
from tabinterp.table.suppression import parts_shown

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import Curve


class EffectCurve(Part):
    """One point of a model's effect curve for a column.

    The effect is the mean score when every row is given the value of the point, minus the average of these means over the
    distribution of the column.
    """

    effect: Interval = Interval()
    ale: Interval = Interval()  # accumulated local effect; empty if the column has no order
    ice_low: float | None = None  # 10% (`ice_high`: 90%) quantile of the centred curves of individual rows
    ice_high: float | None = None


class EffectPoint(Part):
    """Point of an effect curve. If fewer than ten rows are nearest to it, its value and its estimates are withheld.

    If the number of rows at such a point could be calculated from the other counts, `rows` is also null for the point with the
    fewest rows among the others.
    """

    value: str | float | None  # None: missing values, or a value that is not shown
    missing: bool
    rows: int | None  # number of rows nearest to the point; None if it is below ten or would reveal such a number
    sparse: bool  # whether fewer than 30 rows are nearest to the point
    network: EffectCurve = EffectCurve()
    linear: EffectCurve = EffectCurve()

    @property
    def is_printed(self) -> bool:
        """True if at least ten rows are nearest to the point."""
        return self.rows is not None or self.network.effect.value is not None


class Effect(Part):
    output: str | None
    column: str
    kind: Literal["numeric", "categorical", "boolean", "ordinal"]
    off_grid: float | None  # share of rows at levels without a point; None: it would reveal 1 to 9 rows
    points: list[EffectPoint]


class Effects(Part):
    rows_of: Literal["held-out", "all"]
    rows: int
    ice_rows: int
    seed: int
    columns: int  # number of columns of the model; curves are drawn for the most important ones
    curves: list[Effect]

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("effects", "both", self.rows, self.rows_of, self.seed)


def build(r: Results) -> Effects | None:
    """Return the curves of both models, starting with the columns in which the models differ most; None if there are none."""
    both = r[ANALYSIS]
    if both is None:
        return None
    network, linear = both
    pairs = sorted(zip(network.curves, linear.curves, strict=True), key=lambda pair: -_distance(*pair))
    return fill(
        Effects,
        network,
        rows_of=rows_of(r),
        columns=len(r.network.columns),
        curves=[
            _curve(curve, other, output, k, network.rows)
            for curve, other in pairs
            for k, output in enumerate(network.outputs)
        ],
    )


def _distance(network: Curve, linear: Curve) -> float:
    """Return the mean absolute difference between the two models' curves of a column, over rows and outputs.

    Each row is assigned to its nearest point.
    """
    gap = np.nan_to_num(np.abs(network.effect.value - linear.effect.value))  # (points, outputs)
    return float(network.rows @ gap.mean(axis=1) / max(1.0, float(network.rows.sum())))


def _curve(network: Curve, linear: Curve, output: str | None, k: int, rows: int) -> Effect:
    """Build the record of a curve. Counts that would reveal a count below ten are withheld."""
    shown = parts_shown([*network.rows, rows - int(network.rows.sum())])
    return Effect(
        output=output,
        column=network.column,
        kind=network.kind,
        off_grid=max(0.0, network.off_grid) if shown[-1] else None,
        points=[_point(network, linear, i, k, bool(shown[i])) for i in range(len(network.values))],
    )


def _point(network: Curve, linear: Curve, i: int, k: int, rows_shown: bool) -> EffectPoint:
    value, missing = network.values[i], network.values[i] is None
    if network.small[i]:
        return EffectPoint(value=None, missing=missing, rows=None, sparse=True)
    return EffectPoint(
        value=_value(value, network.kind),
        missing=missing,
        rows=int(network.rows[i]) if rows_shown else None,
        sparse=bool(network.sparse[i]),
        network=fill(EffectCurve, network, i, k),
        linear=fill(EffectCurve, linear, i, k),
    )


def _value(value: Any, kind: str) -> str | float | None:
    if value is None:
        return None
    return float(value) if kind == "numeric" else str(value)
