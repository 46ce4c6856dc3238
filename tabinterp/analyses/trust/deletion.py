"""Deletion and insertion curves: does the score change when the columns that an explanation ranks highest are replaced?

For the deletion curve, the values of a row are replaced by those of background rows, one column at a time. Columns with the
largest attributions are replaced first. After t of p columns have been replaced, the *gap* is the mean of
abs(f(row with the first t columns replaced) - f(row)). The mean is taken over rows and background rows, with their weights, and
over outputs. The curve shows the gap against t/p. Petsiuk, Das & Saenko (2018) introduced both curves, and Agarwal et al. (2022)
introduced absolute gaps.

For the insertion curve, the values of a background row are replaced by those of the explained row, starting with the columns that
have the largest attributions. The insertion curve equals the deletion curve for the reverse order of columns, traversed
backwards. Gaps are in units of the score.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models import BoundModel
from tabinterp.models.perturbation import forward, mixed, parts
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.weights import unit
from tabinterp.table.hash_sampling import row_hash, splitmix

from .rankings import Ask

TOGETHER = 8192  # changed rows scored at once


@dataclass(frozen=True, eq=False)
class Curves:
    """Deletion and insertion curves of one method. The module docstring defines the gap.

    Attributes
    ----------
    deletion : mean gap after the first t columns have been replaced, for t from 0 to the number of columns (columns + 1,).
    insertion : mean gap if only the first t columns have the row's original values (columns + 1,).
    chance : mean gap for random orders of the columns (columns + 1,).
    deleted : area between the deletion curve and the curve for random orders, with its standard error over rows. If the area is
        above zero, the method's order is better than a random order.
    inserted : area between the insertion curve and the curve for random orders, with its standard error over rows. Here too, a
        positive area means that the method's order is better than a random order.
    """

    deletion: FloatArray
    insertion: FloatArray
    chance: FloatArray
    deleted: Estimates
    inserted: Estimates


def by_chance(ask: Ask, orders: int) -> FloatArray:
    """Return each row's gaps (see `gaps`), averaged over random orders of the columns (rows, columns + 1).

    The random orders of a row depend only on its row number and the seed. Every second order is the reverse of the previous one.
    """
    p, numbers = len(ask.bound.columns), ask.bound.table.numbers[ask.rows]
    total = np.zeros((len(ask.rows), p + 1))
    for draw in range(orders):
        keys = [splitmix(row_hash(numbers, ask.seed) ^ np.uint64(draw // 2 * p + j)) for j in range(p)]
        order = np.argsort(np.column_stack(keys), axis=1)
        total += gaps(ask, order[:, ::-1] if draw % 2 else order)
    return total / orders


def curves(ask: Ask, sizes: FloatArray, chance: FloatArray) -> Curves:
    """Return the deletion and insertion curves of one method.

    Parameters
    ----------
    sizes : absolute attribution of each column in each row (rows, columns). If an attribution is NaN, its column is
        replaced last.
    chance : gaps for random orders, as returned by `by_chance` (rows, columns + 1).
    """
    order = np.argsort(-np.nan_to_num(sizes, nan=-np.inf), axis=1, kind="stable")
    deletion, kept = gaps(ask, order), gaps(ask, order[:, ::-1])[:, ::-1]
    weights = ask.bound.table.weights
    own = None if weights is None else weights[ask.rows]
    groups = ask.bound.table.groups
    groups = None if groups is None else groups[ask.rows]
    expected = area(chance)
    return Curves(
        deletion=mean_over_rows(deletion, own).value,
        insertion=mean_over_rows(kept, own).value,
        chance=mean_over_rows(chance, own).value,
        deleted=mean_over_rows(area(deletion) - expected, own, groups),
        inserted=mean_over_rows(expected - area(kept), own, groups),
    )


def area(gaps: FloatArray) -> FloatArray:
    """Return the area under each row's curve of gaps (rows,), by the trapezoidal rule. The horizontal axis runs from 0 to 1."""
    return np.asarray((gaps[:, 1:] + gaps[:, :-1]).mean(axis=1) / 2)


def gaps(ask: Ask, order: IntArray) -> FloatArray:
    """Return each row's mean absolute change in score when the first t columns in `order` are replaced (rows, columns + 1)."""
    step = max(1, TOGETHER // len(ask.backs))
    with torch.inference_mode():
        few = [
            _gaps(ask.bound, ask.rows[i : i + step], ask.backs, order[i : i + step])
            for i in range(0, len(ask.rows), step)
        ]
    return np.concatenate(few)


def _gaps(bound: BoundModel, rows: IntArray, backs: IntArray, order: IntArray) -> FloatArray:
    row, back = np.repeat(rows, len(backs)), np.tile(backs, len(rows))
    own, result = bound.answers[row], np.zeros((len(rows), order.shape[1] + 1))
    share = bound.at_home(unit(None if bound.table.weights is None else bound.table.weights[backs], len(backs)))
    for t, scores in enumerate(_replaced(bound, row, back, np.repeat(order, len(backs), axis=0)), 1):
        gap = (scores - own).abs().mean(dim=1)
        result[:, t] = (gap.reshape(len(rows), len(backs)) * share).mean(dim=1).cpu().numpy()
    return result


def _replaced(bound: BoundModel, row: IntArray, back: IntArray, order: IntArray) -> Iterator[Tensor]:
    """Yield the scores (m, k) after each replacement of a column, until all values come from the background rows.

    `row` and `back` (m,) are indices of explained rows and background rows. `order` (m, columns) contains the columns in the
    order of their replacement.
    """
    columns = len(bound.columns)
    if bound.is_local(bound.columns):
        moves, z = parts(bound), bound.z[row]
        for t in range(columns - 1):
            z = z + moves[back, order[:, t]] - moves[row, order[:, t]]
            yield forward(bound.rest, z)
    else:
        sources = np.repeat(row[:, None], columns, axis=1)
        for t in range(columns - 1):
            sources[np.arange(len(row)), order[:, t]] = back
            yield forward(bound.rest, mixed(bound, sources))
    yield bound.answers[back]
