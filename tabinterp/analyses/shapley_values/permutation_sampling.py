"""Estimation of Shapley values to a given standard error, by enumerating all coalitions or by sampling permutations.

A *pair* is an explained row and a background row. A column has one Shapley value for each pair. The Shapley value for an
explained row is the weighted mean over the row's pairs. Every background row is used, so the main effects of columns have no
sampling error. Every permutation is combined with its reverse, so interactions of two columns have no sampling error either. The
sampling error comes only from interactions of three or more columns. To reduce it, the permutations of a pair are drawn in sets
that are balanced for interactions of three columns (`balanced_permutations`). The sampling error is estimated from the variation
between independent sets for the same pair. The permutations of a set are not independent, nor are a permutation and its reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tabinterp.arrays import FloatArray, HashArray, IntArray
from tabinterp.models.parallel import run_parallel
from tabinterp.table.hash_sampling import row_hash, splitmix
from tabinterp.threads import one_thread

from .balanced_permutations import balanced_set
from .coalitions import Games, Rows, enumeration_cost, every_subset, walk, walk_cost

FIRST = 2  # initial permutations for each pair, before the error is known
FEWEST, LEAST = 4, 16  # If a row has fewer than `FEWEST` sampled pairs, each of them has at least `LEAST` permutations.
MOST = 512  # maximum permutations for each pair
LARGEST = 4  # maximum permutations in a balanced set
AGREED = 1e-6  # share of the row's variance below which a column's variance is treated as a rounding error
SURE = 2 / 3  # factor for Satterthwaite's degrees of freedom, which are too large if estimated from a few draws
AUDITED = 4  # With one permutation per pair, every fourth pair has a second one, from which the error is estimated.
TOGETHER = 32  # background rows for which a row uses the same relabelling of the columns
POOL = 4096  # permutations in the pool from which permutations are drawn and relabelled
BYTES = 64 << 20  # bytes of values that are kept at once
ROWS = 256  # rows explained at once
TASK = 1 << 17  # maximum coalitions in a task; tasks run in parallel

Told = Callable[[int], None]  # callback that receives the number of completed rows


@dataclass(frozen=True, eq=False)
class Sampled:
    """Estimated Shapley values of n rows for k outputs.

    Attributes
    ----------
    values : the estimates (n, columns, k).
    variance : sampling variance of each estimate (n, columns, k).
    df : degrees of freedom of each variance (n, columns, k).
    evaluations : number of coalitions evaluated for each row (n,).
    against : for each background row, the values computed with this background row only, as a weighted sum over the explained
        rows (backs, columns, k).
    """

    values: FloatArray
    variance: FloatArray
    df: FloatArray
    evaluations: IntArray
    against: FloatArray

    @classmethod
    def joined(cls, parts: list[Sampled]) -> Sampled:
        names = ("values", "variance", "df", "evaluations")
        each = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        return cls(**each, against=np.sum([part.against for part in parts], axis=0))


def explain(
    games: Games, rows: IntArray, seed: int, first: int | None, enough: FloatArray | None, told: Told | None = None
) -> Sampled:
    """Estimate the Shapley values of the rows with indices `rows`.

    Parameters
    ----------
    first : initial number of permutations for each pair of an explained row and a background row; None evaluates every coalition.
    enough : largest accepted standard error for each output (k,). Permutations are added until no standard error exceeds
        this value, or until the maximum number of permutations is reached. If None, no permutations are added.
    told : callback that is called with the number of completed rows.
    """
    plan, parts = _Plan(games, seed), []
    size = int(np.clip(BYTES // plan.bytes_a_row, 1, ROWS))
    with one_thread(), torch.inference_mode():
        for i in range(0, len(rows), size):
            parts.append(_until(plan, rows[i : i + size], first, enough))
            if told is not None:
                told(min(i + size, len(rows)))
    return Sampled.joined(parts)


def _until(plan: _Plan, rows: IntArray, first: int | None, enough: FloatArray | None) -> Sampled:
    result = plan.estimate(rows, first, 0)
    if first is None or enough is None:
        return result
    done = np.full(len(rows), first)
    while True:
        ratio = (result.variance / np.maximum(enough, 1e-300) ** 2).max(axis=(1, 2))
        more = np.minimum(np.ceil(done * np.maximum(ratio * 1.1 - 1, 0)), MOST - done)
        more = np.where(ratio > 1, np.exp2(np.ceil(np.log2(np.maximum(more, FIRST)))), 0).astype(np.int64)
        more[done >= MOST] = 0
        if not more.any():
            return result
        for count in np.unique(more[more > 0]):
            at = np.flatnonzero(more == count)
            for shared in np.unique(done[at]):
                these = at[done[at] == shared]
                _add(result, these, plan.estimate(rows[these], int(count), int(shared)))
        done += more


def _add(result: Sampled, at: IntArray, new: Sampled) -> None:
    """Update the estimates for the rows with indices `at`, using new, independent estimates.

    Old and new estimates are weighted by inverse variance. `result` is changed in place. `result.against` is not updated, because
    it contains sums over many rows, in which sampling error hardly matters.
    """
    before, after = result.variance[at], new.variance
    a, b = before.mean(axis=(1, 2), keepdims=True), after.mean(axis=(1, 2), keepdims=True)
    share = a / np.maximum(a + b, 1e-300)  # weight of the new estimate
    variance = share**2 * after + (1 - share) ** 2 * before
    spread = (share**2 * after) ** 2 / new.df + ((1 - share) ** 2 * before) ** 2 / result.df[at]
    result.values[at] += share * (new.values - result.values[at])
    result.df[at] = np.where(spread > 0, variance**2 / np.maximum(spread, 1e-300), np.inf)
    result.variance[at] = variance
    result.evaluations[at] += new.evaluations


class _Plan:
    """Estimation of Shapley values for batches of rows, with random permutations shared by all batches."""

    def __init__(self, games: Games, seed: int) -> None:
        self.games, self.seed = games, seed
        self._columns, self._outputs = len(games.bound.columns), games.ends.shape[1]
        pool = np.tile(np.arange(self._columns, dtype=np.int32), (POOL, 1))
        self._pool = np.random.default_rng(seed).permuted(pool, axis=1)
        self.bytes_a_row = len(games.backs) * self._columns * (16 * self._outputs + 16)

    def estimate(self, rows: IntArray, count: int | None, before: int) -> Sampled:
        """Estimate the Shapley values of `rows` from `count` new permutations for each pair of a row and a background row.

        If `count` is None, all coalitions are evaluated instead. `before` is the number of permutations that
        earlier calls used. These permutations are not used again.
        """
        size = max(1, BYTES // (self._columns * max(LEAST, count or 0) * (8 + len(self.games.backs))))
        return Sampled.joined([self._estimate(rows[i : i + size], count, before) for i in range(0, len(rows), size)])

    def _estimate(self, rows: IntArray, count: int | None, before: int) -> Sampled:
        games, shape = self.games, (len(rows), self._columns, self._outputs)
        differ = (games.codes[rows][:, None] != games.codes[games.backs][None]).reshape(-1, self._columns)
        m = differ.sum(axis=1)
        counts = np.zeros(len(m), dtype=np.int64) if count is None else self._counts(m.reshape(len(rows), -1), count)
        draws = range(before, before + int(counts.max(initial=0)))
        labels = _Labels(games.bound.table.numbers[rows], self.seed, draws, len(games.backs), self._columns)
        weights = games.bound.at_home(games.bound.table.row_weights[rows])
        sums, played = _Sums(shape, weights, games.bound.at_home(games.back_weights)), games.of(rows)
        tasks = [
            (int(size), int(number), few)
            for size in np.unique(m[m > 0])
            for number in np.unique(counts[m == size])
            for few in self._in_turn(np.flatnonzero((m == size) & (counts == number)), int(size), int(number))
        ]

        def play(task: tuple[int, int, IntArray]) -> _Played:
            size, number, at = task
            if number == 0:
                return self._enumerate(played, differ, at, size)
            return self._walk(played, labels, differ, at, number, before)

        for part in run_parallel(games.bound, play, tasks):
            sums.add(part)
        return sums.finish()

    def _in_turn(self, at: IntArray, m: int, count: int) -> Iterator[IntArray]:
        """Yield the indices `at` of pairs of rows with m different columns, in batches of at most TASK coalitions."""
        players, walks = np.array(m), max(1, count)
        coalitions = float(walk_cost(players) * count if count else enumeration_cost(players))
        memory = 16 * walks * (self._columns * self._outputs + 4 * m)
        step = max(1, min(BYTES // memory, int(TASK / max(1.0, coalitions))))
        return (at[i : i + step] for i in range(0, len(at), step))

    def _counts(self, m: IntArray, count: int) -> IntArray:
        """Return the number of permutations for each pair (pairs,); 0 if evaluating all coalitions is cheaper."""
        sampled = enumeration_cost(m) > walk_cost(m) * count
        rank = np.cumsum(sampled, axis=1) - 1
        few = sampled.sum(axis=1, keepdims=True) < FEWEST
        counts = np.where(few, max(count, LEAST), count)
        if count == 1:
            counts = counts + (~few & (rank % AUDITED == 0))
        return np.where(enumeration_cost(m) > walk_cost(m) * counts, counts, 0).reshape(-1)

    def _enumerate(self, played: Rows, differ: NDArray[np.bool_], at: IntArray, m: int) -> _Played:
        order = np.nonzero(differ[at])[1].reshape(-1, m)
        row, back = np.divmod(at, len(self.games.backs))
        values = played.play(list(every_subset(m)), row, back, order)
        return _Played(row, back, order, values, None, int(enumeration_cost(np.array(m))))

    def _walk(
        self, played: Rows, labels: _Labels, differ: NDArray[np.bool_], at: IntArray, count: int, before: int
    ) -> _Played:
        size = _set_size(count)
        row, back = np.divmod(np.repeat(at, count // size), len(self.games.backs))
        first = before + np.tile(np.arange(0, count, size), len(at))  # first draw of each set
        start = self._orders(row, back, first, differ[np.repeat(at, count // size)], labels)
        m = start.shape[1]
        order = start[:, balanced_set(m, size)].reshape(-1, m)
        row, back = np.repeat(row, size), np.repeat(back, size)
        values = played.play([walk(m)], row, back, order)
        return _Played(row, back, order, values, (count // size, size), 2 * (m - 1))

    def _orders(
        self, row: IntArray, back: IntArray, draw: IntArray, differ: NDArray[np.bool_], labels: _Labels
    ) -> IntArray:
        """Return the columns in which the rows of each pair differ, in random order (n, m).

        The order depends only on the row, the background row, the index of the draw and the seed. It is the composition of two
        permutations: one from a shared pool, and one specific to the row and a block of background rows. The composed
        permutations are uniformly distributed and independent between rows.
        """
        hashes, label = labels.of(row, back, draw)
        picked = splitmix(hashes ^ splitmix(back.astype(np.uint64))) % np.uint64(POOL)
        order = np.take_along_axis(label, self._pool[picked.astype(np.int64)], axis=1)
        kept = np.take_along_axis(differ, order, axis=1)
        return order[kept].reshape(len(row), -1)


def _set_size(count: int) -> int:
    """Return the number of permutations in a balanced set. It is chosen so that `count` permutations form at least two sets, if
    possible.

    >>> [_set_size(count) for count in (1, 2, 3, 4, 6, 8, 16)]
    [1, 1, 1, 2, 3, 4, 4]
    """
    return max(size for size in range(1, LARGEST + 1) if count % size == 0 and (size == 1 or 2 * size <= count))


class _Labels:
    """Random permutations of the columns, one for each combination of a row, a draw and a block of background rows."""

    def __init__(self, numbers: IntArray, seed: int, draws: range, backs: int, columns: int) -> None:
        few = np.arange(-(-backs // TOGETHER)).astype(np.uint64)
        draw = np.array(draws, dtype=np.uint64)[:, None] << np.uint64(32)
        self._first = draws.start
        self._hashes = splitmix(row_hash(numbers, seed)[:, None, None] ^ splitmix(draw | few))
        keys = splitmix(self._hashes[..., None] ^ splitmix(np.arange(1, columns + 1).astype(np.uint64)))
        self._labels = np.argsort(keys, axis=-1)

    def of(self, row: IntArray, back: IntArray, draw: IntArray) -> tuple[HashArray, IntArray]:
        at = (row, draw - self._first, back // TOGETHER)
        return self._hashes[at], self._labels[at]


@dataclass(frozen=True, eq=False)
class _Played:
    """Shapley values in n games with the same number m of players.

    Attributes
    ----------
    row, back : explained row and background row of each game (n,).
    order : the players, as column indices (n, m).
    values : Shapley value of each player (n, m, k).
    sets : number of balanced sets for each pair of rows, and number of permutations in a set; None if all coalitions were
        evaluated. The games of a pair are consecutive.
    evaluations : number of coalitions evaluated in each game.
    """

    row: IntArray
    back: IntArray
    order: IntArray
    values: Tensor
    sets: tuple[int, int] | None
    evaluations: int


class _Sums:
    """Weighted sums of values and variances over background rows, and of values over explained rows."""

    def __init__(self, shape: tuple[int, int, int], weights: Tensor, back_weights: Tensor) -> None:
        self._shape, self._weights, self._back_weights = shape, weights, back_weights
        self._values, self._against = self._zeros(shape[0]), self._zeros(len(back_weights))
        # sums over pairs: variance of the pair's mean times w^2, and the square of this divided by (df + 2)
        self._variance, self._fourth = self._zeros(shape[0]), self._zeros(shape[0])
        # numbers of pairs with a known variance and of pairs with one permutation, degrees of freedom, and sums of w^2
        self._measured, self._lone, self._free = weights.new_zeros((3, shape[0] * shape[1]))
        self._measured_mass, self._lone_mass = weights.new_zeros((2, shape[0] * shape[1]))
        self._evaluations = weights.new_zeros(shape[0], dtype=torch.int64)

    def _zeros(self, first: int) -> Tensor:
        return self._weights.new_zeros((first * self._shape[1], self._shape[2]))

    def _held(self, places: IntArray) -> Tensor:
        """Return the indices as a tensor on the device of the values."""
        return torch.as_tensor(places).to(self._weights.device)

    def add(self, part: _Played) -> None:
        rows = self._held(part.row)
        self._evaluations.index_add_(0, rows, torch.full_like(rows, part.evaluations))
        if part.sets is None:
            self._total(rows, part.back, part.order, part.values)
            return
        count = part.sets[0] * part.sets[1]
        self._total(rows, part.back, part.order, part.values / count)
        columns = self._held(part.row[::count]), self._held(part.back[::count])
        self._spread(*columns, part.order, part.values, part.sets)

    def _total(self, rows: Tensor, back: IntArray, order: IntArray, values: Tensor) -> None:
        players, columns = self._held(order), self._shape[1]
        backs = self._held(back)
        shared = values * self._back_weights[backs, None, None]
        self._values.index_add_(0, (rows[:, None] * columns + players).reshape(-1), shared.flatten(0, 1))
        weighed = values * self._weights[rows, None, None]
        self._against.index_add_(0, (backs[:, None] * columns + players).reshape(-1), weighed.flatten(0, 1))

    def _spread(self, rows: Tensor, backs: Tensor, order: IntArray, values: Tensor, sets: tuple[int, int]) -> None:
        """For pairs with several balanced sets, add the variance of each pair's mean over the sets. Count all other pairs."""
        players = np.argsort(order, axis=1)  # The columns of a pair are the same in all its permutations.
        columns = self._held(np.take_along_axis(order, players, axis=1)[:: sets[0] * sets[1]])
        at, squared = rows[:, None] * self._shape[1] + columns, self._back_weights[backs] ** 2
        ones = values.new_ones(at.shape)
        mass = ones * squared[:, None]
        if sets[0] == 1:
            self._lone.index_add_(0, at.reshape(-1), ones.reshape(-1))
            self._lone_mass.index_add_(0, at.reshape(-1), mass.reshape(-1))
            return
        free = sets[0] - 1
        values = torch.gather(values, 1, self._held(players)[:, :, None].expand_as(values))
        means = values.view(len(rows), *sets, *values.shape[1:]).mean(dim=2)
        variance = squared[:, None, None] * means.var(dim=1) / sets[0]
        self._measured.index_add_(0, at.reshape(-1), ones.reshape(-1))
        self._measured_mass.index_add_(0, at.reshape(-1), mass.reshape(-1))
        self._free.index_add_(0, at.reshape(-1), ones.reshape(-1) * free)
        self._variance.index_add_(0, at.reshape(-1), variance.flatten(0, 1))
        self._fourth.index_add_(0, at.reshape(-1), (variance**2 / (free + 2)).flatten(0, 1))

    def finish(self) -> Sampled:
        """Return the means over the background rows, with their variances.

        If only one permutation was used for a pair of a row and a background row, its variance is taken from the row's other
        pairs, for which several were used.
        """
        variance, fourth = self._variance.view(self._shape), self._fourth.view(self._shape)
        counts = (self._measured, self._lone, self._free, self._measured_mass, self._lone_mass)
        measured, lone, free, known, unknown = (x.view(self._shape[:2])[:, :, None] for x in counts)
        total = float(self._back_weights.sum())
        df = torch.where(fourth > 0, variance**2 / fourth.clamp(min=1e-300), torch.inf)
        df = torch.where(fourth > 0, torch.minimum(df, free), df)
        df = df / 3 if self._lone.any() else df * SURE  # Pairs with one permutation may vary more than the others.
        each, borrowed = self._of_pair(variance, known, measured, lone)
        df = torch.where(borrowed, FEWEST, df)
        return Sampled(
            (self._values.view(self._shape) / total).cpu().numpy(),
            ((known + 2 * unknown) * each / total**2).cpu().numpy(),
            df.clamp(min=1).cpu().numpy(),
            self._evaluations.cpu().numpy(),
            self._against.view(-1, *self._shape[1:]).cpu().numpy(),
        )

    @staticmethod
    def _of_pair(variance: Tensor, known: Tensor, measured: Tensor, lone: Tensor) -> tuple[Tensor, Tensor]:
        """Return the variance of a pair's mean over permutations, and whether all columns of the row were used to estimate it.

        Both results have the shape (rows, columns, k). `measured` is the number of pairs with several permutations, and `lone`
        the number of pairs with one permutation. `known` is the sum of the squared background weights of the measured pairs.

        A column often has the same value in two permutations, for example if the column is first in one and last in the other.
        A zero variance in only a few pairs therefore does not show that the value is exact. If a column has only a few measured
        pairs and almost no variance, the average variance over all columns of the row is used instead.
        """
        of_row = (variance.sum(dim=1) / known.sum(dim=1).clamp(min=1e-300))[:, None]
        of_column = variance / known.clamp(min=1e-300)
        borrowed = (measured < FEWEST) & (measured + lone > 0) & (of_column <= AGREED * of_row)
        return torch.where(borrowed, of_row, of_column), borrowed
