"""Effect curves on all rows of a scan.

The grids, the columns and the rows of the ICE band are chosen from the sampled rows. The curves and their standard errors are
computed from sums over all rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tabinterp.analyses.base import Stream
from tabinterp.analyses.context import Context
from tabinterp.analyses.permutation_importance.estimator import REPEATS, sizes
from tabinterp.analyses.settings import AuditSettings
from tabinterp.arrays import FloatArray
from tabinterp.models import BoundModel, joined, portable
from tabinterp.table.hash_sampling import chosen

from . import estimator
from .estimator import Effects, Plan, Sums, largest, points_for
from .grids import Grid

RANKED_ROWS = 2_000  # maximum number of sampled rows on which the columns are ranked

Pair = tuple[Sums, Sums]


@dataclass(frozen=True, eq=False)
class Points:
    """The grids of one model, and the rows that supply the values of the grid points.

    `Grid.donors` contains indices into the rows of `donors`, not into the rows of a table.
    """

    donors: BoundModel
    grids: tuple[Grid, ...]
    centre: FloatArray


def start(network: BoundModel, linear: BoundModel, settings: AuditSettings) -> tuple[Points, Points] | None:
    """Choose the columns and their grids, or return None if the analysis should use only the sampled rows.

    This is the case if the user did not request all rows of the scan, or if fewer than two sampled rows have positive weight.
    """
    if not settings.all_rows or np.count_nonzero(network.table.row_weights) < 2:
        return None
    seed = settings.seed
    rows = np.sort(chosen(network.table.numbers, RANKED_ROWS, seed))
    few = network.take(rows)
    ranks = (sizes(one, REPEATS, seed) for one in (few, linear.take(rows, few.table)))
    columns = largest(network, *ranks)
    return _points(_plan(network, columns, seed)), _points(_plan(linear, columns, seed))


def _plan(bound: BoundModel, columns: list[str], seed: int) -> Plan:
    return estimator.start(bound, columns=columns, grid=points_for(len(bound.table)), seed=seed)


def _points(plan: Plan) -> Points:
    ends = np.cumsum([0, *(len(grid) for grid in plan.grids)])
    grids = tuple(
        replace(
            grid,
            donors=np.arange(first, first + len(grid)),
            below=np.empty(0, dtype=np.int64),
            part=np.empty(0),
        )
        for grid, first in zip(plan.grids, ends[:-1], strict=True)
    )
    return Points(portable(plan.asked, np.concatenate([grid.donors for grid in plan.grids])), grids, plan.centre)


def update(plan: tuple[Points, Points], network: BoundModel, linear: BoundModel) -> Pair:
    return _of(plan[0], network), _of(plan[1], linear)


def _of(points: Points, bound: BoundModel) -> Sums:
    """Return the `Sums` over the rows of a bound model, at the grid points in `points`."""
    asked, count = joined(points.donors, bound), len(points.donors.table)
    grids = tuple(grid.on(asked.table) for grid in points.grids)
    none = np.empty(0, dtype=np.int64)
    plan = Plan(asked, asked, grids, "log_odds", 0, points.centre, none, asked.table.row_weights)
    return estimator.update(plan, np.arange(count, len(asked.table)))


def merge(a: Pair, b: Pair) -> Pair:
    return estimator.merge(a[0], b[0]), estimator.merge(a[1], b[1])


def finish(context: Context, plan: tuple[Points, Points], sums: Pair) -> tuple[Effects, Effects]:
    """Return the curves of both models. The ICE bands are those of the sampled rows."""
    columns = [grid.column.name for grid in plan[0].grids]
    network, linear = context.both(context.evaluated)
    return _finished(network, columns, sums[0], context.seed), _finished(linear, columns, sums[1], context.seed)


def _finished(bound: BoundModel, columns: list[str], sums: Sums, seed: int) -> Effects:
    plan = _plan(bound, columns, seed)
    band = estimator.update(plan, plan.ice)
    counted = tuple(
        replace(grid, nearby=near[0].astype(np.int64), rows=sums.rows)
        for grid, near in zip(plan.grids, sums.near, strict=True)
    )
    return estimator.finish(replace(plan, grids=counted), replace(sums, ice=band.ice, ice_weights=band.ice_weights))


STREAM = Stream(start, update, merge, finish)
