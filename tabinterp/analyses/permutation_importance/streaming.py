"""Permutation importance on all rows of a scan.

Every evaluated row is a receiver. The donors are the sampled rows, so a permuted column is distributed as in the sample. A
receiver's donors are selected by a hash of its row number. They are therefore unrelated to the receiver even if the rows of the
source are sorted, and they do not depend on the batches.

To estimate standard errors without storing a value for each row, the rows are divided into `BLOCKS` random blocks by a hash of
their numbers. In each block, rises in loss are summed over its rows as receivers, and over its sampled rows as donors. The
influence of a block is the sum of the influences of its rows in both roles, so the squared standard error is estimated from the
variance between blocks. This is the method of random groups (Wolter 2007, Introduction to Variance Estimation, chapter 2).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from tabinterp.analyses.base import Stream
from tabinterp.analyses.context import Context
from tabinterp.analyses.settings import AuditSettings
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models import BoundModel, joined, portable
from tabinterp.models.losses import loss_for
from tabinterp.models.perturbation import is_read
from tabinterp.stats.equal_rows import players_of
from tabinterp.stats.estimates import Estimates
from tabinterp.table import Table
from tabinterp.table.hash_sampling import row_hash

from .estimator import REPEATS, PermutationImportance, error_of, planned, share_of
from .estimator import update as update_rows
from .off_support_share import ROWS as SUPPORT_ROWS
from .off_support_share import Support

BLOCKS = 2000


@dataclass(frozen=True, eq=False)
class Donors:
    """The sampled rows, in hash order, to which both models are bound."""

    network: BoundModel
    linear: BoundModel
    seed: int


@dataclass(frozen=True, eq=False)
class BlockSums:
    """Weighted sums over the rows of each block.

    Parameters
    ----------
    rows : number of receivers.
    loss : sum of their losses without permutation.
    weight : (blocks,) sum of the weights of the receivers.
    received : (columns, blocks) sum, over the receivers, of each receiver's mean rise in loss.
    given : (columns, blocks) sum, over the block's donors, of the rises in loss of the receivers of each donor.
    mass : (columns, blocks) total weight of the receiver-donor pairs that are summed in `given`.
    """

    rows: int
    loss: float
    weight: FloatArray
    received: FloatArray
    given: FloatArray
    mass: FloatArray


Pair = tuple[BlockSums, BlockSums]


def start(network: BoundModel, linear: BoundModel, settings: AuditSettings) -> Donors | None:
    """Return the sampled rows as donors if the user requested all rows of the scan and at least two sampled rows have a positive
    weight. Otherwise, return None; the analysis then uses only the sampled rows.
    """
    if not settings.all_rows or np.count_nonzero(network.table.row_weights) < 2:
        return None
    order = np.argsort(row_hash(network.table.numbers, settings.seed), kind="stable").astype(np.int64)
    return Donors(portable(network, order), portable(linear, order), settings.seed)


def update(donors: Donors, network: BoundModel, linear: BoundModel) -> Pair:
    table = donors.network.table.and_rows(network.table)
    return _of(donors.network, network, table, donors.seed), _of(donors.linear, linear, table, donors.seed)


def _of(donors: BoundModel, bound: BoundModel, table: Table, seed: int) -> BlockSums:
    count = len(donors.table)
    players = players_of(bound.columns, {})
    loss = loss_for(None, table.schema.task, "log_odds")
    plan = planned(joined(donors, bound, table), loss, players, REPEATS, seed, donating=count)
    sums = update_rows(plan, np.arange(count, len(table)))
    block = (row_hash(table.numbers, seed + 1) % BLOCKS).astype(np.int64)
    w = table.row_weights
    shape = (len(players), BLOCKS)
    received, given, mass = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for i, player in enumerate(players):
        if player not in sums.received:
            continue
        (of_receivers,), of_donors = sums.received[player], sums.given[player]
        at = plan.groups[player][0][:count] if plan.is_exact(player) else np.arange(count)
        received[i] = _summed(block[count:], w[count:] * share_of(np.column_stack(of_receivers)))
        given[i], mass[i] = (_summed(block[:count], w[:count] * one[at]) for one in of_donors)
    return BlockSums(
        rows=len(bound.table),
        loss=float(w[count:] @ sums.own[0]),
        weight=_summed(block[count:], w[count:]),
        received=received,
        given=given,
        mass=mass,
    )


def _summed(block: IntArray, values: FloatArray) -> FloatArray:
    return np.asarray(np.bincount(block, values, minlength=BLOCKS), dtype=np.float64)


def merge(a: Pair, b: Pair) -> Pair:
    return _added(a[0], b[0]), _added(a[1], b[1])


def _added(a: BlockSums, b: BlockSums) -> BlockSums:
    return BlockSums(*(getattr(a, one.name) + getattr(b, one.name) for one in fields(BlockSums)))


def finish(context: Context, donors: Donors, sums: Pair) -> tuple[PermutationImportance, PermutationImportance]:
    """Return the importance of every column for both models. The off-support shares are those of the sampled rows."""
    return _finished(donors.network, donors.seed, sums[0]), _finished(donors.linear, donors.seed, sums[1])


def _finished(donors: BoundModel, seed: int, sums: BlockSums) -> PermutationImportance:
    players = players_of(donors.columns, {})
    loss = loss_for(None, donors.table.schema.task, "log_odds")
    plan = planned(donors, loss, players, REPEATS, seed, donating=len(donors.table))
    some = sums.weight > 0
    weight, total = sums.weight[some], sums.weight.sum()
    values = sums.received.sum(axis=1) / total
    with np.errstate(invalid="ignore"):
        share = np.nan_to_num(sums.mass / sums.mass.sum(axis=1, keepdims=True))
        mean = np.nan_to_num(sums.given / sums.mass)
    of_donors = share * (mean - values[:, None])
    projection = (sums.received[:, some] / weight + total / weight * of_donors[:, some]).T
    errors = np.array([error_of(column, weight, None) for column in projection.T])
    interval = Estimates.of(values, errors, int(some.sum()) - 1)
    support = Support(donors.table, seed)
    off = [support.off(columns, None) for columns in players.values()]
    return PermutationImportance(
        players=tuple(players),
        importance=values,
        stderr=errors,
        ci_low=interval.low,
        ci_high=interval.high,
        off_support=np.array([np.nan if rate is None else rate for rate in off]),
        exact=tuple(plan.is_exact(player) or not is_read(donors, columns) for player, columns in players.items()),
        baseline=sums.loss / total,
        loss=loss.name,
        n_repeats=REPEATS,
        seed=seed,
        rows=sums.rows,
        off_support_rows=min(SUPPORT_ROWS, len(donors.table)),
        projection=projection,
        weights=weight,
    )


STREAM = Stream(start, update, merge, finish)
