"""Coalitions of columns for the Shapley values of a row compared with a background row: their selection, weights and scores.

A row x and a background row b define a cooperative game. Its players are the columns in which the two rows differ. The value of
a coalition S is f(x on S, b elsewhere). Columns that are equal in both rows have no effect, so they are not players.

A *design* is a list of coalitions of m players, with the weight of each coalition in the Shapley value of each player. There are
two kinds of designs. The first contains all subsets of the players and yields exact Shapley values (Shapley 1953). The second
contains the coalitions that arise when players join one by one in the order of a permutation and in its reverse (Castro, Gómez &
Tejada 2009; Mitchell, Cooper, Frank & Holmes 2022). The second kind is exact if there are no interactions of three or more
players.

In this module, the *front* is the output of the network's first affine operations (`models.affine_front`), of width h.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models.model import BoundModel
from tabinterp.stats.equal_rows import equal_rows
from tabinterp.stats.weights import unit

MATRIX = 64  # maximum players for which the fronts of a walk are computed as one matrix product
SUBSETS = 512  # maximum coalitions in one design; more coalitions need several designs
BYTES = 4 << 20  # bytes of fronts that are evaluated at once: more would leave the cache, fewer would need more calls
CALL = 2048  # minimum rows that pass through the network at once, even if their fronts exceed `BYTES`
GENERAL_BYTES = 64 << 20  # bytes that are evaluated at once if whole rows are encoded again

Squash = Callable[[Tensor], Tensor]  # function from scores to the scale that is explained


@dataclass(frozen=True, eq=False)
class Design:
    """A list of c coalitions of m players.

    Attributes
    ----------
    masks : 1 for the players that belong to each coalition, otherwise 0 (c, 1 + m). The first column stands for the background
        row and is always 1.
    weights : weight of each coalition in the Shapley value of each player (m, c).
    ends : weights of the empty and of the full coalition in the Shapley value of each player (m, 2).
    """

    masks: Tensor
    weights: Tensor
    ends: Tensor

    def __len__(self) -> int:
        return len(self.masks)

    def on(self, device: str) -> Design:
        return Design(self.masks.to(device), self.weights.to(device), self.ends.to(device))

    def fronts(self, moves: Tensor, out: Tensor) -> None:
        """Write the outputs of the network's first affine operations for all coalitions to `out` (c, n, h).

        `moves` (1 + m, n, h) contains these outputs for the background rows, followed by the change in the outputs due to each
        column.
        """
        torch.mm(self.masks, moves.flatten(1), out=out.flatten(1))

    def values(self, scores: Tensor) -> Tensor:
        """Return the coalitions' contribution to the Shapley values (m, n * k): `scores` (c, n * k), weighted by `weights`."""
        return self.weights @ scores


@dataclass(frozen=True, eq=False)
class Running:
    """The coalitions along a permutation of m players and its reverse (see `_passed`), for large m.

    It uses running sums and differences instead of the matrices of `Design`, which would grow with the square of m.
    """

    m: int
    ends: Tensor

    def __len__(self) -> int:
        return 2 * (self.m - 1)

    def on(self, device: str) -> Running:
        return Running(self.m, self.ends.to(device))

    @property
    def masks(self) -> Tensor:
        return _passed(self.m)

    def fronts(self, moves: Tensor, out: Tensor) -> None:
        joined = _running_sums(moves.flatten(1)).view_as(moves)
        out[: self.m - 1] = joined[1:-1]
        torch.sub(joined[-1] + moves[0], joined[1:-1], out=out[self.m - 1 :])

    def values(self, scores: Tensor) -> Tensor:
        there, back = scores[: self.m - 1], scores[self.m - 1 :]
        zero = scores.new_zeros(1, scores.shape[1])
        return torch.diff(torch.cat([zero, there - back, zero]), dim=0) / 2


def _running_sums(x: Tensor) -> Tensor:
    """Return the running sums of `x` (m, h) over the first axis, several times faster than `torch.cumsum` for large h.

    Sums within blocks of rows are matrix products, and the sums of whole blocks are added in double precision.
    """
    blocks = -(-len(x) // MATRIX)
    padded = x.new_zeros((blocks * MATRIX, x.shape[1]))
    padded[: len(x)] = x
    sums = torch.matmul(
        torch.ones(MATRIX, MATRIX, dtype=x.dtype, device=x.device).tril(), padded.view(blocks, MATRIX, -1)
    )
    sums[1:] += sums[:-1, -1:].double().cumsum(dim=0).to(x.dtype)
    return sums.view(blocks * MATRIX, -1)[: len(x)]


def enumeration_cost(m: IntArray) -> FloatArray:
    """Return the number of coalitions of m players, except the empty and the full one; infinity if m is about 1,000 or more."""
    with np.errstate(over="ignore"):
        return np.asarray(np.maximum(np.exp2(m.astype(np.float64)) - 2, 0))


def walk_cost(m: IntArray) -> FloatArray:
    """Return the number of coalitions to evaluate along a permutation of m players and its reverse."""
    return np.asarray(np.maximum(2.0 * (m - 1), 0.0))


@lru_cache(maxsize=64)
def walk(m: int) -> Design | Running:
    """Return the design in which m players join the coalition one by one, in the given order and again in reverse order."""
    ends = torch.zeros(m, 2, dtype=torch.float64)
    ends[0] += torch.tensor([-0.5, 0.5])
    ends[-1] += torch.tensor([-0.5, 0.5])
    running = Running(m, ends)
    return running if m > MATRIX else Design(_passed(m), running.values(torch.eye(len(running)).double()), ends)


def _passed(m: int) -> Tensor:
    """Return masks (2 (m - 1), 1 + m) of the coalitions along a permutation and its reverse.

    For each t from 1 to m - 1, there is a coalition of the first t players and a coalition of the last m - t players.
    """
    inside = torch.arange(m)[None] < torch.arange(1, m)[:, None]
    both = torch.cat([inside, ~inside])
    return torch.cat([torch.ones(len(both), 1), both], dim=1)


def every_subset(m: int) -> Iterator[Design | Running]:
    """Yield designs of at most SUBSETS coalitions each, which together contain all but the empty and the full coalition."""
    if m == 1:
        yield walk(1)
    for start in range(1, 2**m - 1, SUBSETS):
        yield _subsets(m, start, min(start + SUBSETS, 2**m - 1))


@lru_cache(maxsize=256)
def _subsets(m: int, start: int, stop: int) -> Design:
    inside = (np.arange(start, stop)[:, None] >> np.arange(m)) & 1
    size = inside.sum(axis=1)
    joins = np.array(
        [0.0, *(1 / (m * math.comb(m - 1, s - 1)) for s in range(1, m + 1))]
    )  # weight of a coalition, by its size, for a player in it
    stays = np.array([*(-1 / (m * math.comb(m - 1, s)) for s in range(m)), 0.0])  # for a player outside it
    weights = np.where(inside.T == 1, joins[size], stays[size])
    first = start == 1  # The empty and the full coalition are counted only in the first design.
    ends = torch.as_tensor(np.tile([-1 / m, 1 / m], (m, 1)) * first)
    masks = np.column_stack([np.ones(len(inside)), inside])
    return Design(torch.as_tensor(masks, dtype=torch.float32), torch.as_tensor(weights), ends)


def differing(bound: BoundModel) -> NDArray[np.int32]:
    """Return integer codes (n, columns). Two rows have the same code in a column if both values are encoded identically."""
    frame, codes = bound.table.inputs, np.zeros((len(bound.x), len(bound.columns)), dtype=np.int32)
    for j, column in enumerate(bound.columns):
        block = bound.encoding.blocks[column]
        if bound.encoding.local[column]:
            codes[:, j] = equal_rows(bound.x[:, block])[1]
        else:
            codes[:, j] = pd.factorize(frame[column])[0]
    return codes


class Games:
    """Cooperative games of one bound model, one for each pair of an explained row and a background row.

    Parameters
    ----------
    bound : the model, bound to the explained rows and the background rows.
    backs : indices of the background rows in `bound`.
    squash : function that converts scores to the scale of the Shapley values.

    Attributes
    ----------
    back_weights : weights of the background rows (backs,), with mean 1.
    """

    def __init__(self, bound: BoundModel, backs: IntArray, squash: Squash) -> None:
        self.bound, self.backs, self._squash = bound, backs, squash
        self.back_weights = unit(None if bound.table.weights is None else bound.table.weights[backs], len(backs))
        self.codes = differing(bound)
        self.ends = squash(bound.at_home(bound.scores))
        self.local = bound.is_local(bound.columns)
        self._width = bound.z.shape[1]
        exact = bound.front.rest  # In single precision, a probability near 1 has no exact log-odds.
        self.rest: Callable[[Tensor], Tensor] = bound.consuming if bound.has_gradient else lambda z: exact(z.double())
        self._back_parts = self._parts(backs) if self.local else torch.empty(0)
        self._back_fronts = bound.z[bound.at_home(backs)]

    def of(self, rows: IntArray) -> Rows:
        """Return the games of the explained rows with indices `rows`."""
        return Rows(self, rows, self._parts(rows) if self.local else torch.empty(0))

    def _parts(self, rows: IntArray) -> Tensor:
        """Return each column's contribution to the output of the first affine operations, for each row (rows * columns, h)."""
        bound = self.bound
        parts = bound.z.new_empty((len(rows), len(bound.columns), self._width))
        for j, column in enumerate(bound.columns):
            parts[:, j] = bound.part((column,), rows)
        return parts.flatten(0, 1)


class Buffers(threading.local):
    """Memory that each thread uses again for its next batch. The first access to newly allocated memory would take longer than
    the computation in the network.
    """

    def __init__(self, device: str) -> None:
        self._device, self._known = device, dict[str, Tensor]()

    def get(self, name: str, *shape: int) -> Tensor:
        """Return an uninitialised tensor in single precision. It shares memory with earlier tensors of this name and thread."""
        size, known = math.prod(shape), self._known.get(name)
        if known is None or len(known) < size:
            known = self._known[name] = torch.empty(size, device=self._device)
        return known[:size].view(shape)


class Rows:
    """The cooperative games of a few explained rows.

    In all methods, `row` contains indices of explained rows, and `back` contains indices of background rows.
    """

    def __init__(self, games: Games, rows: IntArray, parts: Tensor) -> None:
        self._games, self._rows, self._parts = games, rows, parts
        self._buffers = Buffers(games.bound.home)

    def play(self, designs: Sequence[Design | Running], row: IntArray, back: IntArray, order: IntArray) -> Tensor:
        """Return the Shapley value of each player in each game (n, m, k).

        `order` (n, m) contains the players of each game, as column indices, in the order in which the designs use them.
        """
        games, (n, m) = self._games, order.shape
        nobody, everybody = games.ends[games.backs[back]], games.ends[self._rows[row]]
        values = games.ends.new_zeros((m, n, games.ends.shape[1]))
        for design in (one.on(games.bound.home) for one in designs):
            values += design.ends[:, :1, None] * nobody + design.ends[:, 1:, None] * everybody
            step = self._step(max(1, len(design)), m)
            for i in range(0, n if len(design) else 0, step):
                part = slice(i, i + step)
                front = self._local if games.local else self._general
                scores = games._squash(games.rest(front(design, row[part], back[part], order[part])).double())
                flat = scores.reshape(len(design), -1)
                values[:, part] += design.values(flat).reshape(m, -1, values.shape[2])
        return values.transpose(0, 1)

    def _step(self, coalitions: int, m: int) -> int:
        """Return the number of games to evaluate in one batch."""
        games = self._games
        if not games.local:
            width: int = 8 * games.bound.x.shape[1] + 16 * len(games.bound.columns) + 4 * games._width
            return max(1, GENERAL_BYTES // (coalitions * width))
        return max(1, CALL // coalitions, BYTES // (4 * int(games._width) * (coalitions + m + 1)))

    def _local(self, design: Design | Running, row: IntArray, back: IntArray, order: IntArray) -> Tensor:
        """Return the outputs of the first affine operations (c * n, h) for models that encode each column separately.

        There is one output for each coalition in each game. It is the output for the background row plus the change due to each
        column in the coalition.
        """
        games, (n, m) = self._games, order.shape
        columns = len(games.bound.columns)
        buffer, h = self._buffers.get, games._width
        moves = buffer("moves", 1 + m, n, h)
        torch.index_select(games._back_fronts, 0, games.bound.at_home(back), out=moves[0])
        joined, left = (games.bound.at_home(place * columns + order.T).reshape(-1) for place in (row, back))
        torch.index_select(self._parts, 0, joined, out=moves[1:].flatten(0, 1))
        moves[1:].flatten(0, 1).sub_(torch.index_select(games._back_parts, 0, left, out=buffer("left", m * n, h)))
        fronts = buffer("fronts", len(design), n, h)
        design.fronts(moves, fronts)
        return fronts.flatten(0, 1)

    def _general(self, design: Design | Running, row: IntArray, back: IntArray, order: IntArray) -> Tensor:
        """Encode a row for each coalition in each game, and return the outputs of the first affine operations (c * n, h)."""
        games, n, masks = self._games, len(order), design.masks
        inside = np.zeros((len(masks), n, len(games.bound.columns)), dtype=bool)
        inside[:, np.arange(n)[:, None], order] = masks[:, None, 1:].cpu().numpy() == 1
        inputs, here, there = games.bound.table.inputs, self._rows[row], games.backs[back]
        taken = {
            column: inputs[column].take(np.where(inside[:, :, j], here, there).reshape(-1)).reset_index(drop=True)
            for j, column in enumerate(games.bound.columns)
        }
        return games.bound.encoded_front(pd.DataFrame(taken))
