"""Groups of people where there are several classes: what they are predicted to be, what may be told of it, how well they fit.

The shares of a group's rows by predicted class add up to one, and those of a class over groups to that of all rows. So all shares
of a column's groups are one table of counts, classes beside groups, whose margins are known: a count below ten is held back, and
what it could be reckoned from in either direction (`partition.shown`). Of two columns at once a group is told with all its
classes or not at all. No class at all (a count of nought) is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..models import Bound
from ..readouts.loss import loss_for
from ..table.draws import FloatArray, IntArray
from .partition import BoolArray, Family, shares_told, shown
from .rates import NONE, Estimate, Share, of_mean, of_means, of_share, of_shares

ShareOf = Callable[[FloatArray, BoolArray], Share]  # mean of values (n,) over the rows of a mask (n,)


@dataclass(frozen=True)
class Fitting:
    """Accuracy and mean log loss of a group under one model; differences are group less control, with p that there is none.

    Accuracy is held back where fewer than ten rows are right, or wrong, with what it could be reckoned from.
    """

    accuracy: Estimate
    loss: Estimate
    accuracy_difference: Estimate = NONE
    accuracy_p: float = np.nan
    loss_difference: Estimate = NONE
    loss_p: float = np.nan


def predicted(bound: Bound) -> IntArray:
    """(n,) the class of the largest score."""
    return np.asarray(bound.scores.argmax(axis=1), dtype=np.int64)


def told_classes(cut: tuple[Family, ...], chosen: IntArray, classes: int) -> list[list[list[bool]]]:
    """Class by class, of every cell of every family: may the share of its rows that is predicted so be told?"""
    whole = shares_told(cut, chosen)
    tables = [
        _of_column(family, chosen, classes) if len(family.columns) == 1 else np.tile(np.array(told)[:, None], classes)
        for family, told in zip(cut, whole, strict=True)
    ]
    return [[[bool(one) for one in table[:, k]] for table in tables] for k in range(classes)]


def _of_column(family: Family, chosen: IntArray, classes: int) -> BoolArray:
    """(cells, classes)."""
    counts = np.array([np.bincount(chosen[cell.rows], minlength=classes) for cell in family.cells]).astype(np.int64)
    allowed = np.tile(np.array([cell.told for cell in family.cells])[:, None], classes)
    return np.asarray(shown(counts, allowed) | (allowed & (counts == 0)))


def fitting(bound: Bound, cut: Sequence[Family], share: ShareOf) -> list[list[Fitting | None]]:
    """Of every cell of every family; None where it is held back."""
    table = bound.table
    right = predicted(bound) == table.y
    at = torch.as_tensor(bound.scores)[None]
    rows = loss_for(None, table.schema.task).rows(at, torch.as_tensor(table.y), torch.ones(at.shape[:2]))
    lost, hits = rows[0].numpy().astype(np.float64), right.astype(np.float64)
    made = []
    for family, told in zip(cut, shares_told(tuple(cut), right.astype(np.int64)), strict=True):
        accuracy = [share(hits, cell.rows) if one else Share() for cell, one in zip(family.cells, told, strict=True)]
        loss = [share(lost, cell.rows) if cell.told else Share() for cell in family.cells]
        made.append([_fitting(family, j, accuracy, loss) for j in range(len(family.cells))])
    return made


def _fitting(family: Family, j: int, accuracy: list[Share], loss: list[Share]) -> Fitting | None:
    if not family.cells[j].told:
        return None
    alone = Fitting(of_share(accuracy[j]), of_mean(loss[j]))
    if family.control is None or j == family.control:
        return alone
    hits, lost = (of(part[j], part[family.control]) for of, part in ((of_shares, accuracy), (of_means, loss)))
    return Fitting(alone.accuracy, alone.loss, *hits, *lost)
