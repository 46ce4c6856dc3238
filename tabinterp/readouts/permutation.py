"""Permutation importance: how much the loss rises when a column no longer belongs to its row.

Estimand (Breiman 2001; Fisher, Rudin & Dominici 2019): E L(y, f(x with column j from another row)) - E L(y, f(x)), on the
rows given. The rows are put in hash order once and moved by circular shifts, so that what is read is contiguous; a
column with few distinct values needs no draw at all: each of its values is weighed by its share of the rows, and the
result is exact.

Standard error: the statistic is a U-statistic in which each row is a receiver and a donor. With L_ij the loss of row i
when the column comes from row j, SE^2 = Var_i(mean_j L_ij + mean_j L_ji - L_ii) / n (Hájek projection). What is summed
are the rises D_ij = L_ij - L_ii: over all pairs the same, and over few drawn ones free of the noise of the loss itself.
With few draws a row it is conservative: a 95% interval covers some 96% with ten of them, 98% with one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import NotApplicableError
from ..models import Bound, Model, bind
from ..table import Table
from ..table.draws import FloatArray, IntArray, chosen, row_hash
from .groups import equal_rows, players_of
from .loss import Loss, Own, loss_for
from .moves import BLOCK
from .result import Estimates, frame_of
from .support import ROWS as SUPPORT_ROWS
from .support import Support

EXACT = 2  # a column is exact when it has at most this many distinct values for each repeat
DENSE = 0.75  # share of moves that change something from which to gather the others out costs more than to ask them

Progress = Callable[[str, float], None]
# places (m,) among the receivers, memory (m, h) -> their fronts (m, h)
Fronts = Callable[[slice | IntArray, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class PermutationImportance:
    """Rise of the loss for each player (a column, or a group of columns moved together), in units of the loss.

    `importance`, `stderr`, `ci_low`, `ci_high`, `off_support`, `exact`: (players,). `baseline` is the loss untouched. For
    the AUC and accuracy the loss is one minus it, so that a rise is always bad.
    """

    players: tuple[str, ...]
    importance: FloatArray
    stderr: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    off_support: FloatArray
    exact: tuple[bool, ...]
    baseline: float
    loss: str
    n_repeats: int
    seed: int
    rows: int
    off_support_rows: int
    projection: FloatArray  # (rows, players) what each row, as receiver and donor, adds to the importance
    weights: FloatArray
    estimand: str = "rise of the mean loss when the column comes from another row"

    def frame(self) -> pd.DataFrame:
        """One row a player, in the table's order."""
        return frame_of(
            column=list(self.players),
            importance=self.importance,
            stderr=self.stderr,
            ci_low=self.ci_low,
            ci_high=self.ci_high,
            off_support=self.off_support,
            exact=list(self.exact),
        )


def paired_difference(first: PermutationImportance, second: PermutationImportance) -> Estimates:
    """Importance of every player for one model minus the other, on the same rows and draws, with its standard error."""
    errors = [error_of(a - b, first.weights) for a, b in zip(first.projection.T, second.projection.T, strict=True)]
    return Estimates.of(first.importance - second.importance, np.array(errors), first.rows - 1)


def permutation_importance(
    model: Model | Bound,
    table: Table,
    *,
    n_repeats: int = 10,
    seed: int = 0,
    loss: str | Own | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    scale: str = "log_odds",
    progress: Progress | None = None,
) -> PermutationImportance:
    """Permutation importance of every input column on all rows of `table`.

    Parameters
    ----------
    n_repeats : donors drawn for each row, where the column is not exact.
    loss : "log_loss", "brier", "auc", "accuracy", "squared_error", of counts also "poisson_deviance" and "absolute_error";
        None: log loss, squared error for regression, deviance for counts.
        A function (y (n,), scores (n, k)) -> (n,) is taken too; `scale` "log_odds" or "probability" is what it gets.
    groups : name -> columns that move together as one player; columns in no group stay single players.

    Two models called with the same seed on the same table share their draws.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> x = np.linspace(-1, 1, 200)
    >>> table = ti.read_table(pd.DataFrame({"a": x, "b": x[::-1] ** 2, "y": 3 * x}), target="y")
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 0.0]]))
    >>> model = ti.wrap(layer, encoder="passthrough", task="regression")
    >>> permutation_importance(model, table).frame()[["column", "importance"]].round(1).values.tolist()
    [['a', 6.0], ['b', 0.0]]
    """
    bound = bind(model, table)
    plan = start(bound, n_repeats=n_repeats, seed=seed, loss=loss, groups=groups, scale=scale)
    return finish(plan, update(plan, np.arange(len(table)), progress))


# ---- the sum over rows


@dataclass(frozen=True, eq=False)
class Plan:
    """What is fixed before the first row: players, draws, and the groups of rows that share a value.

    `bound` holds the rows in hash order, and a row is known by its place in it.
    """

    bound: Bound
    loss: Loss
    players: dict[str, tuple[str, ...]]
    shifts: IntArray
    groups: dict[str, tuple[IntArray, IntArray]]  # player -> (n,) group of each row, (groups,) a row of each group
    seed: int

    def is_exact(self, player: str) -> bool:
        """Has the player so few distinct values that none needs to be drawn?"""
        return player in self.groups and len(self.groups[player][1]) <= EXACT * len(self.shifts)


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over receivers: each one's own loss, the rise of its loss under moves, and the rises that each donor gave."""

    rows: list[IntArray] = field(default_factory=list)
    own: list[FloatArray] = field(default_factory=list)
    received: dict[str, list[FloatArray]] = field(default_factory=dict)  # player -> (m, 2) sums of w D and w
    given: dict[str, FloatArray] = field(default_factory=dict)  # player -> (donors or groups, 2) sums of w D and w


def start(
    bound: Bound,
    *,
    n_repeats: int,
    seed: int,
    loss: str | Own | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    scale: str = "log_odds",
) -> Plan:
    """Draw shifts and find the columns that need none."""
    n = len(bound.table)
    if n < 2:
        raise NotApplicableError(f"permutation importance needs at least two rows; the table has {n}")
    if np.count_nonzero(bound.table.row_weights) < 2:
        raise NotApplicableError("permutation importance needs at least two rows that have weight")
    if n_repeats < 1:
        raise NotApplicableError(f"n_repeats is at least 1; got {n_repeats}")
    chosen_loss = loss_for(loss, bound.table.schema.task, scale)
    if chosen_loss.ranks and len(np.unique(bound.table.y)) < 2:
        raise NotApplicableError("the AUC needs rows of both classes")
    players = players_of(bound.columns, groups or {})
    bound = bound.take(np.argsort(row_hash(bound.table.numbers, seed), kind="stable").astype(np.int64))
    shifts = 1 + chosen(np.arange(n - 1), n_repeats, seed)
    groups_of = {player: _groups(bound, columns) for player, columns in players.items()}
    return Plan(bound, chosen_loss, players, shifts, {p: g for p, g in groups_of.items() if g is not None}, seed)


def _groups(bound: Bound, columns: tuple[str, ...]) -> tuple[IntArray, IntArray] | None:
    """The rows that are equal in these columns, where each column has encoded columns of its own."""
    block = np.unique(np.concatenate([bound.encoding.blocks[c] for c in columns]))
    if len(block) == 0 or not bound.is_local(columns):
        return None
    first, group = equal_rows(bound.x[:, block])
    return group, first


def update(plan: Plan, rows: IntArray, progress: Progress | None = None) -> Sums:
    """Move every player for these receivers (places in the plan's order); donors come from all rows of the plan."""
    bound, sums, rows = plan.bound, Sums(), np.sort(rows)
    if plan.loss.ranks and len(rows) < len(bound.table):
        raise NotApplicableError("the AUC ranks all rows against each other; give them in one batch")
    y, w = torch.as_tensor(bound.table.y[rows]), torch.as_tensor(bound.table.row_weights[rows])
    with torch.inference_mode():
        own = _Own(plan.loss, _at(bound.answers, rows), y, w)
        sums.rows.append(rows)
        sums.own.append(own.losses)
        for i, (player, columns) in enumerate(plan.players.items()):
            moved = _exact if plan.is_exact(player) else _drawn
            if any(len(bound.encoding.blocks[c]) for c in columns):
                received, given = moved(plan, player, rows, own)
                sums.received[player], sums.given[player] = [received], given
            if progress is not None:
                progress("permutation", (i + 1) / len(plan.players))
    return sums


class _Own:
    """The receivers untouched: targets, weights and losses, and how far a move raises them."""

    def __init__(self, loss: Loss, scores: Tensor, y: Tensor, w: Tensor) -> None:
        self.loss, self.scores, self.y, self.w = loss, scores, y, w
        self.losses: FloatArray = loss.rows(scores[None], y, w[None])[0].numpy()

    def rise(self, scores: Tensor, donors: Tensor) -> FloatArray:
        """(m,) losses at these scores (m, k) minus the untouched; each pair weighs as much as both of its rows."""
        w = (self.w * donors)[None]
        before = self.losses
        if self.loss.ranks:  # other weights, other ranks
            before = self.loss.rows(self.scores[None], self.y, w)[0].numpy()
        return np.asarray(self.loss.rows(scores[None], self.y, w)[0].numpy() - before)


def merge(a: Sums, b: Sums) -> Sums:
    """Sums of both parts' rows."""
    return Sums(
        a.rows + b.rows,
        a.own + b.own,
        {player: a.received[player] + b.received[player] for player in a.received},
        {player: a.given[player] + b.given[player] for player in a.given},
    )


def finish(plan: Plan, sums: Sums) -> PermutationImportance:
    """Importance, standard error and interval of every player."""
    rows = np.concatenate(sums.rows)
    order = np.argsort(rows, kind="stable")
    weights, own = plan.bound.table.row_weights, np.concatenate(sums.own)[order]
    baseline = float(np.average(own, weights=weights))
    values, projection = np.zeros(len(plan.players)), np.zeros((len(own), len(plan.players)))
    for i, player in enumerate(plan.players):
        if player in sums.received:
            received = np.concatenate(sums.received[player])[order]
            given = sums.given[player][plan.groups[player][0]] if plan.is_exact(player) else sums.given[player]
            pairs = (weights * received[:, 1]).sum()
            if not pairs > 0:
                raise NotApplicableError(f"no pair of rows drawn for {', '.join(plan.players[player])} has weight")
            values[i] = (weights * received[:, 0]).sum() / pairs
            projection[:, i] = share_of(received) + share_of(given)
    errors = np.array([error_of(column, weights) for column in projection.T])
    support = Support(plan.bound.table, plan.seed)
    off = [support.off(columns) for columns in plan.players.values()]
    interval = Estimates.of(values, errors, len(own) - 1)
    return PermutationImportance(
        players=tuple(plan.players),
        importance=values,
        stderr=errors,
        ci_low=interval.low,
        ci_high=interval.high,
        off_support=np.array([np.nan if rate is None else rate for rate in off]),
        exact=tuple(plan.is_exact(p) or p not in sums.received for p in plan.players),
        baseline=baseline,
        loss=plan.loss.name,
        n_repeats=len(plan.shifts),
        seed=plan.seed,
        rows=len(own),
        off_support_rows=min(SUPPORT_ROWS, len(own)),
        projection=projection,
        weights=weights,
    )


def share_of(sums: FloatArray) -> FloatArray:
    """Mean of the rises (rows,) from sums of w D and w; 0 where there was none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sums[:, 1] > 0, sums[:, 0] / sums[:, 1], 0.0)


def error_of(projection: FloatArray, w: FloatArray) -> float:
    """Standard error of the mean of the projection, weighted."""
    deviation = w * (projection - np.average(projection, weights=w))
    n = len(w)
    return float(np.sqrt((deviation**2).sum() * n / (n - 1)) / w.sum())


def _exact(plan: Plan, player: str, rows: IntArray, own: _Own) -> tuple[FloatArray, FloatArray]:
    """Every receiver at every value of the column, weighed by the value's share of all rows."""
    bound, (group, first) = plan.bound, plan.groups[player]
    levels, at = bound.part(plan.players[player], first), group[rows]
    base = _at(bound.z, rows) - _taken(levels, at)
    share = np.bincount(group, bound.table.row_weights, minlength=len(first)) / bound.table.row_weights.sum()
    at_level = (
        _moved(bound, own, at != g, lambda places, out, g=g: torch.add(_taken(base, places), levels[g], out=out))  # type: ignore[misc]
        for g in range(len(first))
    )
    received, weights = np.zeros((len(rows), 2)), own.w.numpy()
    received[:, 1] = 1.0
    given = np.zeros((len(first), 2))
    given[:, 1] = weights.sum()
    for g, losses in enumerate(_losses(own, at_level, share)):
        rise = losses - own.losses
        received[:, 0] += share[g] * rise
        given[g, 0] = (weights * rise).sum()  # not a BLAS product: its threads would fight with torch's
    return received, given


def _losses(own: _Own, scores: Iterator[Tensor], share: FloatArray) -> Iterator[FloatArray]:
    """Row losses of one set of scores after another; ranked losses need all of them, weighed, at once."""
    if not own.loss.ranks:
        for one in scores:
            yield own.loss.rows(one[None], own.y, own.w[None])[0].numpy()
    else:
        together = torch.stack(list(scores))
        yield from own.loss.rows(together, own.y, torch.as_tensor(share)[:, None] * own.w).numpy()


def _drawn(plan: Plan, player: str, rows: IntArray, own: _Own) -> tuple[FloatArray, FloatArray]:
    """Every receiver with the column of `n_repeats` other rows: those a shift further in hash order."""
    n, weights, at_rows = len(plan.bound.table), plan.bound.table.row_weights, own.w.numpy()
    move = _mover(plan, player, rows, own)
    received, given = np.zeros((len(rows), 2)), np.zeros((n, 2))
    for shift in plan.shifts if len(rows) else ():
        donors = (rows + shift) % n
        rise = own.rise(move(donors), torch.as_tensor(weights[donors]))
        received[:, 0] += weights[donors] * rise
        received[:, 1] += weights[donors]
        given[donors, 0] += at_rows * rise
        given[donors, 1] += at_rows
    return received, given


def _mover(plan: Plan, player: str, rows: IntArray, own: _Own) -> Callable[[IntArray], Tensor]:
    """Scores of the receivers with the player's columns from these donors."""
    bound, columns = plan.bound, plan.players[player]
    if player not in plan.groups:
        value = bound.table.frame[list(columns)].groupby(list(columns), dropna=False, sort=False).ngroup().to_numpy()

        def encoded(donors: IntArray) -> Tensor:
            return _moved(
                bound, own, value[rows] != value[donors], lambda at, _: bound.moved(columns, rows[at], donors[at])
            )

        return encoded
    group, first = plan.groups[player]
    part = _taken(bound.part(columns, first), group)
    base = _at(bound.z, rows) - _at(part, rows)

    def added(donors: IntArray) -> Tensor:
        return _moved(
            bound,
            own,
            group[rows] != group[donors],
            lambda at, out: torch.add(_taken(base, at), _taken(part, donors[at]), out=out),
        )

    return added


def _at(values: Tensor, rows: IntArray) -> Tensor:
    return values if len(rows) == len(values) else _taken(values, rows)


def _taken(values: Tensor, rows: slice | IntArray) -> Tensor:
    """Rows of `values`; nothing is copied where they follow one another, as most donors of a shift do."""
    if isinstance(rows, slice):
        return values[rows]
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
        return values[rows[0] : rows[-1] + 1]
    return values.index_select(0, torch.as_tensor(rows))


def _moved(bound: Bound, own: _Own, changed: NDArray[np.bool_], fronts: Fronts) -> Tensor:
    """(m, k) scores after a move, in blocks that fit the cache; a receiver to which the donor brings the value that it
    has keeps its own scores, and is not asked again."""
    rows, scores = np.flatnonzero(changed), own.scores.clone()
    everyone = len(rows) > DENSE * len(changed)
    buffer = torch.empty((BLOCK, bound.z.shape[1]), dtype=bound.z.dtype)
    total = len(changed) if everyone else len(rows)
    for i in range(0, total, BLOCK):
        block = slice(i, min(i + BLOCK, total))
        at = block if everyone else rows[block]
        scores[at] = bound.rest(fronts(at, buffer[: block.stop - i])).double()
    return torch.where(torch.as_tensor(changed)[:, None], scores, own.scores) if everyone else scores
