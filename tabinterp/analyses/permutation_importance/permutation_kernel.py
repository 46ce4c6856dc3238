"""Losses of rows after some of their columns have taken values from other rows, for permutation importance.

A *receiver* is a row that takes values, and a *donor* is the row from which they are taken. A *player* is a column, or a group of
columns permuted together. A *front* is the output of the network's first affine operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models import BoundModel
from tabinterp.models.losses import Loss
from tabinterp.models.perturbation import BLOCK
from tabinterp.table.hash_sampling import row_hash

from .control_variates import Derivatives, Pairs, controlled
from .strata import Strata

EXACT = 2  # A column is evaluated at all its values if it has at most this many distinct values per repeat.
TOGETHER = 2**23  # maximum pairs of receiver and donor that are sorted together, to encode each distinct pair once
ROOM = 2**24  # maximum numbers stored for encoded distinct pairs, if there are more pairs than rows
OF_A_FUNCTION = 16_384  # rows per call of a prediction function, because each call has a fixed cost
DENSE = 0.75  # If more than this share of the receivers change, scoring all rows is cheaper than gathering these.

Sum = tuple[FloatArray, FloatArray]  # sums over pairs of w D and of w
# (indices (m,) of receivers, buffer (m, h)) -> fronts of these receivers (m, h)
Fronts = Callable[[slice | IntArray, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that is determined before the first row is scored, such as the columns to permute and the shifts.

    The rows of `bound` are in hash order. A row is identified by its index in this order. If `donating` is given, only the first
    `donating` rows are donors, and only these rows need to be in hash order. The donors of a row then depend only on its row
    number, and not on the other receivers.
    """

    bound: BoundModel
    loss: Loss
    players: dict[str, tuple[str, ...]]
    shifts: IntArray
    groups: dict[str, tuple[IntArray, IntArray]]  # player -> (group of each row (n,), one row of each group (groups,))
    seed: int
    strata: dict[str, Strata] | None = None  # if conditional: player -> strata; no entry: all rows are donors
    donating: int | None = None  # None: all rows are donors
    derivatives: Derivatives | None = None  # None: no control variates

    @property
    def donor_rows(self) -> int:
        """The number of donors."""
        return len(self.bound.table) if self.donating is None else self.donating

    def derivatives_for(self, player: str, rows: IntArray) -> Derivatives | None:
        """Return the derivatives from which the control variate of a column or group of columns is computed.

        The result is None if there is no control variate: with strata, with only some of the rows as receivers, or if the encoder
        mixes the columns with others.
        """
        able = player in self.groups and player not in (self.strata or {}) and len(rows) == len(self.bound.table)
        return self.derivatives if able else None

    def is_exact(self, player: str) -> bool:
        """Return whether a column or group has so few distinct values that every row is evaluated at all of them."""
        if player not in self.groups or player in (self.strata or {}):
            return False
        return len(self.values(player)) <= EXACT * len(self.shifts)

    def values(self, player: str) -> IntArray:
        """Return the indices of the player's groups; each group contains the rows with equal values. Groups without a donor are
        left out.
        """
        group, first = self.groups[player]
        return np.arange(len(first)) if self.donating is None else np.unique(group[: self.donating])

    @cached_property
    def _place(self) -> IntArray:
        """The position in hash order (n,) from which each row's donors are counted."""
        if self.donating is None:
            return np.arange(len(self.bound.table))
        return (row_hash(self.bound.table.numbers, self.seed) % self.donating).astype(np.int64)

    def strata_of(self, player: str) -> Strata:
        """Return the strata for a column or group of columns. If there are none, all rows form one stratum."""
        found = (self.strata or {}).get(player)
        return Strata.of(np.zeros(len(self.bound.table), dtype=np.int64)) if found is None else found

    def donors(self, player: str, rows: IntArray, shift: int) -> IntArray:
        """Return the donor of each receiver (m,): the row `shift` positions later in hash order, counted cyclically.

        If there are strata, positions are counted within the receiver's stratum.
        """
        if player in (self.strata or {}):
            return self.strata_of(player).further(rows, shift)
        return (self._place[rows] + shift) % self.donor_rows


class Untouched:
    """The receivers before permutation: their targets, weights and losses."""

    def __init__(self, loss: Loss, scores: Tensor, y: Tensor, w: Tensor) -> None:
        self.loss, self.scores, self.y, self.w = loss, scores, y, w
        self.losses: FloatArray = loss.rows(scores[None], y, w[None])[0].cpu().numpy()

    def rise(self, scores: Tensor, donors: Tensor) -> FloatArray:
        """Return the loss of each receiver (m,) at the given scores (m, k), minus its original loss.

        `donors` (m,) contains the donors' weights. Each pair of a receiver and a donor is weighted by the product of their
        weights.
        """
        w = (self.w * donors)[None]
        before = self.losses
        if self.loss.ranks:  # The ranks depend on the weights.
            before = self.loss.rows(self.scores[None], self.y, w)[0].cpu().numpy()
        return np.asarray(self.loss.rows(scores[None], self.y, w)[0].cpu().numpy() - before)


def exact(plan: Plan, player: str, rows: IntArray, own: Untouched) -> tuple[Sum, Sum]:
    """Return sums of the rises in loss for each receiver and for each value of the player, without random draws.

    The player is the column, or group of columns, that is permuted. Every receiver is evaluated at every value, weighted by the
    value's share of the donors.
    """
    bound, (group, first) = plan.bound, plan.groups[player]
    levels, at = bound.part(plan.players[player], first), group[rows]
    base = taken_at(bound.z, rows) - _taken(levels, at)
    of_donors = bound.table.row_weights[: plan.donor_rows]
    share = np.bincount(group[: plan.donor_rows], of_donors, minlength=len(first)) / of_donors.sum()
    present = plan.values(player)
    at_level = (
        _moved(bound, own, at != g, lambda places, out, g=g: torch.add(_taken(base, places), levels[g], out=out))  # type: ignore[misc]
        for g in present
    )
    received, given, weights = np.zeros(len(rows)), np.zeros(len(first)), own.w.cpu().numpy()
    for g, losses in zip(present, _losses(own, at_level, share[present]), strict=True):
        rise = losses - own.losses
        received += share[g] * rise
        given[g] = (weights * rise).sum()
    return (received, np.ones(len(rows))), (given, np.full(len(first), weights.sum()))


def _losses(own: Untouched, scores: Iterator[Tensor], share: FloatArray) -> Iterator[FloatArray]:
    """Yield the losses of the rows for each array of scores.

    A loss that depends on ranks, such as one minus the AUC, is computed from the pooled scores of all arrays.
    """
    if not own.loss.ranks:
        for one in scores:
            yield own.loss.rows(one[None], own.y, own.w[None])[0].cpu().numpy()
    else:
        together, shares = torch.stack(list(scores)), torch.as_tensor(share).to(own.w.device)
        yield from own.loss.rows(together, own.y, shares[:, None] * own.w).cpu().numpy()


def drawn(plan: Plan, player: str, rows: IntArray, own: Untouched) -> tuple[Sum, Sum]:
    """Return the weighted sums of the rises in loss over the shifts (`Sum`): first for each receiver, then for each donor. At
    each shift, every receiver has one donor.
    """
    n, weights, at_rows = plan.donor_rows, plan.bound.table.row_weights, own.w.cpu().numpy()
    move = _mover(plan, player, rows, own)
    (received, received_mass), (given, given_mass) = ([np.zeros(size) for _ in range(2)] for size in (len(rows), n))
    shifts = [plan.donors(player, rows, int(shift)) for shift in plan.shifts] if len(rows) else []
    rises = [own.rise(move(donors), plan.bound.at_home(weights[donors])) for donors in shifts]
    derivatives = plan.derivatives_for(player, rows)
    if derivatives is not None:
        pairs = controlled(plan.bound, derivatives, plan.players[player], *plan.groups[player], shifts, rises)
    else:
        pairs = [Pairs(donors, rise, rise) for donors, rise in zip(shifts, rises, strict=True)]
    for one in pairs:
        received += weights[one.donors] * one.received
        received_mass += weights[one.donors]
        given += np.bincount(one.donors, at_rows * one.given, minlength=n)
        given_mass += np.bincount(one.donors, at_rows, minlength=n)
    return (received, received_mass), (given, given_mass)


def _mover(plan: Plan, player: str, rows: IntArray, own: Untouched) -> Callable[[IntArray], Tensor]:
    """Return a function that takes one donor for each of the receivers `rows` and returns the scores after permutation."""
    bound, columns = plan.bound, plan.players[player]
    if player in plan.groups:
        group, first = plan.groups[player]
        block = np.concatenate([bound.encoding.blocks[c] for c in columns])
        if len(block) == 1:
            return _outer(bound, own, int(block[0]), rows, group)
        part: Tensor | None = _taken(bound.part(columns, first), group)
    else:
        group, part = _equal(bound, columns), bound.part_before_mixing(columns)
    if part is None:
        return _mixed(plan, player, rows, own, group)
    base = taken_at(bound.z, rows) - taken_at(part, rows)

    def added(donors: IntArray) -> Tensor:
        return _moved(
            bound,
            own,
            group[rows] != group[donors],
            lambda at, out: torch.add(_taken(base, at), _taken(part, donors[at]), out=out),
        )

    return added


def _equal(bound: BoundModel, columns: tuple[str, ...]) -> IntArray:
    """Return the group number of each row (n,); two rows are in the same group if they are equal in `columns`."""
    frame = bound.table.frame[list(columns)]
    return frame.groupby(list(columns), dropna=False, sort=False).ngroup().to_numpy().astype(np.int64)


def _mixed(plan: Plan, player: str, rows: IntArray, own: Untouched, value: IntArray) -> Callable[[IntArray], Tensor]:
    """Return a function like the one that `_mover` returns, for columns that the encoder mixes with other columns.

    The encoded row depends on the permuted columns and on the columns with which they are mixed. Each distinct combination of
    these values is encoded once for all shifts. If there are too many combinations, rows are encoded again for each shift.
    """
    bound, n = plan.bound, len(plan.bound.table)
    donors = plan.donors(player, rows, int(plan.shifts[0]))
    move = bound.move(plan.players[player], rows, donors)
    beside = _equal(bound, move.beside) if move.beside else np.zeros(n, dtype=np.int64)
    of_receivers = beside[rows]
    base = taken_at(bound.z, rows) - bound.added(bound.x[rows[:, None], move.outputs], move.outputs)

    def pairs(donors: IntArray) -> IntArray:
        return value[donors] * (1 + int(beside.max())) + of_receivers

    def encoded(receivers: IntArray, donors: IntArray) -> Tensor:
        return bound.added(bound.encoded_move(move, receivers, donors), move.outputs)

    known, parts = np.empty(0, dtype=np.int64), None
    if len(rows) * len(plan.shifts) <= TOGETHER:
        every = np.concatenate([plan.donors(player, rows, int(shift)) for shift in plan.shifts])
        changed = np.flatnonzero(np.tile(value[rows], len(plan.shifts)) != value[every])
        known, first = np.unique(
            np.concatenate([pairs(one) for one in np.split(every, len(plan.shifts))])[changed], return_index=True
        )
        if 0 < len(known) <= max(n, ROOM // bound.z.shape[1]):
            at = changed[first]
            parts = encoded(rows[at % len(rows)], every[at])

    def moved(donors: IntArray) -> Tensor:
        changed, pair = value[rows] != value[donors], pairs(donors)
        if not changed.any():
            return own.scores
        if parts is None:
            at = np.flatnonzero(changed)
            _, first, inverse = np.unique(pair[at], return_index=True, return_inverse=True)
            some, places = encoded(rows[at[first]], donors[at[first]]), np.zeros(len(rows), dtype=np.int64)
            places[at] = inverse
        else:  # The position of an unchanged receiver is arbitrary, because `_moved` keeps its scores.
            some, places = parts, np.minimum(np.searchsorted(known, pair), len(parts) - 1)
        return _moved(
            bound, own, changed, lambda at, out: torch.add(_taken(base, at), _taken(some, places[at]), out=out)
        )

    return moved


def _outer(
    bound: BoundModel, own: Untouched, column: int, rows: IntArray, group: IntArray
) -> Callable[[IntArray], Tensor]:
    """Return a function like the one that `_mover` returns, for a column that is encoded as a single column."""
    # The column is copied because it is read at every shift. In a table of thousands of columns, each read would miss the cache.
    x = np.ascontiguousarray(bound.x[:, column])
    way, base = bound.first.weight[:, column].float(), taken_at(bound.z, rows)

    def added(donors: IntArray) -> Tensor:
        change = bound.at_home(x[donors] - x[rows]).float()[:, None]
        return _moved(
            bound,
            own,
            group[rows] != group[donors],
            lambda at, out: torch.addcmul(_taken(base, at), _taken(change, at), way, out=out),
        )

    return added


def taken_at(values: Tensor, rows: IntArray) -> Tensor:
    return values if len(rows) == len(values) else _taken(values, rows)


def _taken(values: Tensor, rows: slice | IntArray) -> Tensor:
    """Return the given rows of `values`, without a copy if they are consecutive, as most donors of a shift are."""
    if isinstance(rows, slice):
        return values[rows]
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
        return values[rows[0] : rows[-1] + 1]
    return values.index_select(0, torch.as_tensor(rows).to(values.device))


def _moved(bound: BoundModel, own: Untouched, changed: NDArray[np.bool_], fronts: Fronts) -> Tensor:
    """Return the scores (m, k) of all receivers. Scores are computed again only for receivers marked in `changed` (m,).

    They are computed in blocks that fit in the processor cache.
    """
    rows, scores = np.flatnonzero(changed), own.scores.clone()
    everyone = len(rows) > DENSE * len(changed)
    size = BLOCK if bound.has_gradient else OF_A_FUNCTION
    buffer = bound.z.new_empty((min(size, len(changed)), bound.z.shape[1]))
    total = len(changed) if everyone else len(rows)
    for i in range(0, total, size):
        block = slice(i, min(i + size, total))
        at = block if everyone else rows[block]
        scores[at] = bound.consuming(fronts(at, buffer[: block.stop - i])).double()
    return torch.where(bound.at_home(changed)[:, None], scores, own.scores) if everyone else scores
