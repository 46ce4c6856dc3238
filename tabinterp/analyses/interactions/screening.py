"""Screening of pairs of columns for interactions, by second differences between real rows, in two rounds.

The values of columns j and k in row x are replaced by those of another row x', together or one at a time. The second difference

    d = f(x) - f(x with j from x') - f(x with k from x') + f(x with j and k from x')

is zero if j and k do not interact. The strength of a pair is E d² / 4. If columns are independent, this is the variance of all
terms of the functional ANOVA that contain both columns (Hooker 2004; the superset importance of Liu & Owen 2006). The scores with
one changed column are computed once and used for all pairs. Within a round, each row is used in only one pair of rows (x, x'), so
the estimate of the strength is unbiased and its standard error over rows is exact.

With more than a hundred columns, only pairs among the hundred columns that change the score most are screened. The change due to
column j is measured by E (f(x) - f(x with j from x'))² / 2. If columns are independent, this is the total index of j (Jansen
1999), which is an upper bound for the strength of every pair that contains j.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import torch

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.frames import any_backend
from tabinterp.models.model import BoundModel
from tabinterp.models.perturbation import BLOCK, forward, is_read, resolved
from tabinterp.preview import PreviewedFrame
from tabinterp.stats.accumulators import mean_over_rows

PAIR_MOVES = 2_000_000  # maximum number of changed rows in the first round, over all pairs
FEWEST, MOST = 32, 4096  # minimum and maximum number of rows for each pair
KEPT = 4  # pairs in the second round for each pair requested
WIDE = 100  # maximum number of columns among which pairs are screened
MOVED = 512  # number of rows by which these columns are chosen

Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Screen(PreviewedFrame):
    """Strength of every screened pair, in squared units of the score and summed over outputs.

    Arrays are (pairs,).

    Parameters
    ----------
    rounds : number of the last round in which the strength was estimated; 0 if the model ignores one of the two columns.
    rows : number of rows used in that round.
    kept : whether the pair is evaluated in full.
    passed : columns that were not screened, because they change the score too little.
    passed_most : the largest total Sobol index of these columns, in squared units of the score.
    """

    pairs: tuple[tuple[str, str], ...]
    strength: FloatArray
    stderr: FloatArray
    rows: IntArray
    rounds: IntArray
    kept: Any
    passed: tuple[str, ...] = ()
    passed_most: float = 0.0
    estimand: str = "mean squared second difference of the score between two rows, divided by four"

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each pair, the strongest interaction first."""
        made = {
            "first": [a for a, _ in self.pairs],
            "second": [b for _, b in self.pairs],
            "strength": self.strength,
            "stderr": self.stderr,
            "rows": self.rows,
            "round": self.rounds,
            "kept": self.kept,
        }
        order = np.lexsort((-self.strength, ~self.kept))
        return pd.DataFrame(made).iloc[order].reset_index(drop=True)


def screen(bound: BoundModel, columns: Sequence[str], top: int, progress: Progress | None = None) -> Screen:
    """Screen all pairs of `columns` for interactions. The rows of `bound` must be in hash order.

    The first round estimates the strength of every pair. The second round estimates the strength of the strongest pairs
    again on other rows, because the selection biases their first estimates upward.
    """
    n = len(bound.table)
    half = min(MOVED, n // 2)
    among, most = most_moving(bound, columns, np.arange(half), np.arange(half, 2 * half))
    pairs = tuple(combinations(among, 2))
    size = len(pairs)
    read = np.array([is_read(bound, (a,)) and is_read(bound, (b,)) for a, b in pairs], dtype=bool)
    nothing = np.zeros(size, dtype=np.int64)
    passed = tuple(c for c in columns if c not in set(among))
    result = Screen(pairs, np.zeros(size), np.zeros(size), nothing, nothing, np.zeros(size, dtype=bool), passed, most)
    half = min(int(np.clip(PAIR_MOVES // max(1, read.sum()), FEWEST, MOST)), n // 2)
    result = _measured(result, np.flatnonzero(read), bound, np.arange(half), np.arange(half, 2 * half), progress)
    half = min(MOST, n // 2)
    again = _strongest(result, np.flatnonzero(read), KEPT * top)
    result = _measured(result, again, bound, np.arange(n - half, n), np.arange(n - 2 * half, n - half), progress)
    return replace(result, kept=np.isin(np.arange(size), _strongest(result, again, top)))


def most_moving(
    bound: BoundModel, columns: Sequence[str], rows: IntArray, donors: IntArray
) -> tuple[tuple[str, ...], float]:
    """Return the `WIDE` columns that change the score most, in table order, and the largest total Sobol index of the others."""
    if len(columns) <= WIDE:
        return tuple(columns), 0.0
    total = total_indices(bound, columns, rows, donors)
    order = np.argsort(-total, kind="stable")
    return tuple(columns[j] for j in np.sort(order[:WIDE])), float(total[order[WIDE]])


def total_indices(bound: BoundModel, columns: Sequence[str], rows: IntArray, donors: IntArray) -> FloatArray:
    """Return half the mean squared change (columns,) in the scores of `rows` when a column's values are taken from `donors`.

    The squared change is summed over all outputs.
    """
    table, result = bound.table, np.zeros(len(columns))
    weights = np.ones(len(rows)) if table.weights is None else table.weights[rows] * table.weights[donors]
    with torch.inference_mode():
        z = bound.z[rows]
        own = forward(bound.rest, z)
        for j, column in enumerate(columns):
            if is_read(bound, (column,)):
                local = bound.is_local((column,))
                move = bound.part((column,), donors) - bound.part((column,), rows) if local else None
                moved = forward(bound.rest, bound.moved((column,), rows, donors) if move is None else z + move)
                result[j] = weights @ ((moved - own) ** 2).sum(dim=1).cpu().numpy() / 2
    return np.asarray(result / max(weights.sum(), np.finfo(float).tiny))


def _strongest(result: Screen, among: IntArray, count: int) -> IntArray:
    """Return the indices of the `count` strongest pairs among the pairs with the indices `among`."""
    return among[np.argsort(-result.strength[among], kind="stable")[:count]]


def _measured(
    before: Screen, which: IntArray, bound: BoundModel, rows: IntArray, donors: IntArray, progress: Progress | None
) -> Screen:
    """Return the screen with new estimates for the pairs in `which`, computed on `rows` and `donors`."""
    strength, stderr = before.strength.copy(), before.stderr.copy()
    used, rounds = before.rows.copy(), before.rounds.copy()
    strength[which], stderr[which] = strengths(bound, [before.pairs[i] for i in which], rows, donors, progress)
    used[which] = len(rows)
    rounds[which] += 1
    return replace(before, strength=strength, stderr=stderr, rows=used, rounds=rounds)


def strengths(
    bound: BoundModel,
    pairs: Sequence[tuple[str, str]],
    rows: IntArray,
    donors: IntArray,
    progress: Progress | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return the strengths (pairs,) of interactions and their standard errors.

    Each row takes values from one donor. The rows and the donors must be disjoint.
    """
    weights = None if bound.table.weights is None else bound.table.weights[rows] * bound.table.weights[donors]
    z, moves, single = bound.z[rows], {}, {}
    squared = np.zeros((len(rows), len(pairs)))
    with torch.inference_mode():
        own = forward(bound.rest, z)
        for column in dict.fromkeys(c for pair in pairs for c in pair):
            if bound.is_local((column,)):
                moves[column] = bound.part((column,), donors) - bound.part((column,), rows)
                single[column] = forward(bound.rest, z + moves[column])
            else:
                single[column] = forward(bound.rest, bound.moved((column,), rows, donors))
        together = max(1, BLOCK // max(1, len(rows)))
        for i in range(0, len(pairs), together):
            some = pairs[i : i + together]
            fronts = [
                z + moves[a] + moves[b] if bound.is_local((a, b)) else bound.moved((a, b), rows, donors)
                for a, b in some
            ]
            both = forward(bound.rest, torch.cat(fronts)).reshape(len(some), len(rows), -1)
            alone = torch.stack([single[a] + single[b] for a, b in some])
            difference = resolved(bound, (both - alone + own).cpu().numpy())
            squared[:, i : i + together] = (difference**2).sum(axis=2).T / 4
            if progress is not None:
                progress("interactions", (i + len(some)) / len(pairs))
    groups = bound.table.groups
    mean = mean_over_rows(squared, weights, None if groups is None else groups[rows])
    return mean.value, mean.stderr
