"""Group metrics for several classes: predicted classes, shares that can be shown, and accuracy and loss in each group.

For each column, the rows are counted by group and predicted class in one table. Its margins are known: the counts of a
group add up to the size of the group, and the counts of a class add up to the number of all rows predicted to be in this class. A
count from 1 to 9 is withheld, and so is any other count in its row or column from which it could be calculated
(`suppression.shown`). A count of zero is shown. For groups defined by two columns, either all classes of a group are shown
or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tabinterp.arrays import IntArray
from tabinterp.models import BoundModel
from tabinterp.models.losses import loss_for
from tabinterp.stats.group_contrasts import NONE, Estimate, Share, of_mean, of_means, of_share, of_shares
from tabinterp.table.suppression import BoolArray, shown

from .grouped_moments import Moments, clusters, merge, moments
from .partition import Family, shares_told


@dataclass(frozen=True)
class Fitting:
    """Accuracy and mean log loss of a group under one model, with differences from the reference group and p-values.

    Accuracy is withheld if fewer than ten predictions are correct, or if fewer than ten are wrong. Any other number from which it
    could be calculated is also withheld.
    """

    accuracy: Estimate
    loss: Estimate
    accuracy_difference: Estimate = NONE
    accuracy_p: float = np.nan
    loss_difference: Estimate = NONE
    loss_p: float = np.nan


def predicted(bound: BoundModel) -> IntArray:
    """Return the index (n,) of the class with the largest score in each row."""
    return np.asarray(bound.scores.argmax(axis=1), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Fits:
    """Sums of accuracy and loss in the groups of one column.

    `right` (cells, 2) are the numbers of wrong and of correct predictions. `hits` and `lost` are the moments of accuracy and
    loss.
    """

    right: IntArray
    hits: Moments
    lost: Moments


def fits(bound: BoundModel, columns: Iterable[tuple[IntArray, int]]) -> Iterator[Fits]:
    """Yield the sums of accuracy and loss in the groups of each column.

    Each entry of `columns` contains the group (n,) of each row and the number of groups.
    """
    table = bound.table
    right = predicted(bound) == table.y
    (lost,) = loss_for(None, table.schema.task).each(bound.scores[None], table.y, bound.device)
    hits = right.astype(np.float64)
    group = clusters(table)
    for cells, size in columns:
        sides = np.bincount(2 * cells + right, minlength=2 * size).reshape(size, 2).astype(np.int64)
        yield Fits(sides, *(moments(cells, size, values, table.weights, group) for values in (hits, lost)))


def merge_fits(a: Fits, b: Fits) -> Fits:
    return Fits(a.right + b.right, merge(a.hits, b.hits), merge(a.lost, b.lost))


def told_classes(cut: Sequence[Family], chosen: Sequence[IntArray]) -> list[list[list[bool]]]:
    """Return, for each class and every cell of every family, whether the share of rows predicted to be in the class can be shown.

    For each family, `chosen` (cells, classes) are the numbers of rows by predicted class.
    """
    whole = shares_told(cut, chosen)
    tables = [
        _of_column(family, counts) if len(family.columns) == 1 else np.tile(np.array(told)[:, None], counts.shape[1])
        for family, told, counts in zip(cut, whole, chosen, strict=True)
    ]
    return [[[bool(one) for one in table[:, k]] for table in tables] for k in range(chosen[0].shape[1])]


def _of_column(family: Family, counts: IntArray) -> BoolArray:
    """For the groups of one column, return a mask (cells, classes) of the shares that can be shown."""
    allowed = np.tile(np.array([cell.told for cell in family.cells])[:, None], counts.shape[1])
    return np.asarray(shown(counts, allowed) | (allowed & (counts == 0)))


def fitting(cut: Sequence[Family], found: Sequence[Fits]) -> list[list[Fitting | None]]:
    """Return the accuracy and loss of every group in every family; None for a withheld group."""
    made = []
    right = [one.right[family.places] for family, one in zip(cut, found, strict=True)]
    for family, one, told in zip(cut, found, shares_told(cut, right), strict=True):
        hits = [one.hits.share(int(i)) if open_ else Share() for i, open_ in zip(family.places, told, strict=True)]
        lost = [
            one.lost.share(int(i)) if cell.told else Share()
            for i, cell in zip(family.places, family.cells, strict=True)
        ]
        made.append([_fitting(family, j, hits, lost) for j in range(len(family.cells))])
    return made


def _fitting(family: Family, j: int, accuracy: list[Share], loss: list[Share]) -> Fitting | None:
    if not family.cells[j].told:
        return None
    alone = Fitting(of_share(accuracy[j]), of_mean(loss[j]))
    if family.control is None or j == family.control:
        return alone
    hits, lost = (of(part[j], part[family.control]) for of, part in ((of_shares, accuracy), (of_means, loss)))
    return Fitting(alone.accuracy, alone.loss, *hits, *lost)
