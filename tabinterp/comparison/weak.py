"""Groups of rows, of one column or of two at once, in which the network errs far more than elsewhere.

The search is shallow: every column cut into its twelve most frequent levels or its quarters, and all pairs of these. It is
done on one half of the rows, drawn by hash (rows that belong together stay together); the groups that stand out there, at
most twelve, are tested on the other half, all of them as one family (`slices`: a false discovery rate of 1%, and intervals
whose false coverage rate is 1%). So neither the search nor the number of tests makes a group look worse than it is. At 5% one
clean table in twenty might be blamed for a group.

A group may simply be hard, so that a large loss alone says nothing. Two numbers do. For classes, `beyond` is the loss less what
the linear counterpart's probabilities would have it be (their entropy), less the same of all other rows: rows near its boundary
are expected to be hard, and a group of wrong or noisy labels is not. Of numbers and counts it is the loss less nine tenths
of that of knowing the group's own mean, positive where the network knows hardly more. And `excess`, of classes, is the loss
less the entropy of the network's own probabilities; where it is positive the network is surer than it should be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import xlogy

from ..errors import NotApplicableError
from ..models import Bound
from ..models.scores import probabilities
from ..readouts.loss import loss_for
from ..sentence import why
from ..table import Table
from ..table.draws import FloatArray, IntArray
from ..table.folds import folds
from ..table.suppression import BoolArray, sets_shown
from .means import NONE, Mean, influences, spread
from .partition import Condition, Cut, cut
from .performance import groups as together
from .performance import null_loss
from .slices import compared, family

SMALLEST = 25  # rows of a group in either half
RATE = 0.01  # of false discoveries
CANDIDATES = 6  # by each of the two numbers
ALIKE = 0.7  # share of common rows above which two groups are one
COLUMNS = 40
SKILL = 0.1
EASY = 0.5  # of the loss of knowing the base rate of all rows

Conditions = tuple[Condition, ...]
Found = list[tuple[Conditions, BoolArray]]


@dataclass(frozen=True)
class Weak:
    """One group on the half of the rows that tests it. `excess` is NaN of numbers and counts; q is Benjamini-Hochberg."""

    conditions: Conditions
    rows: int
    loss: float
    rest: float
    difference: Mean
    q: float
    skill: float
    beyond: Mean
    beyond_q: float
    excess: Mean
    excess_q: float


@dataclass(frozen=True)
class WeakGroups:
    """What was tested, the group furthest beyond expectation first. `rows` tested it, `searched` groups were looked at."""

    groups: tuple[Weak, ...]
    loss: str
    mean: float  # loss of all rows that test
    null: float  # of knowing their base rate
    rows: int
    searched: int
    seed: int

    def frame(self) -> pd.DataFrame:
        """One row a group."""
        rows = []
        for one in self.groups:
            row: dict[str, object] = {"group": " and ".join(f"{c.column}: {c.name}" for c in one.conditions)}
            row |= {"rows": one.rows, "loss": one.loss, "rest": one.rest, "skill": one.skill}
            for name in ("difference", "beyond", "excess"):
                found = getattr(one, name)
                row |= dict(zip((name, f"{name}_stderr", f"{name}_low", f"{name}_high"), found, strict=True))
            rows.append(row | {"q": one.q, "beyond_q": one.beyond_q, "excess_q": one.excess_q})
        return pd.DataFrame(rows)


def weak_groups(network: Bound, linear: Bound, *, seed: int = 0) -> WeakGroups:
    """Search the rows that both models are bound to (those held out, where there are any)."""
    table, task, classes = network.table, network.table.schema.task, network.table.schema.goal.classes
    lost = _rows(table, network.scores, network.device)
    values: tuple[FloatArray, ...] = (lost - _entropy(linear), lost - _entropy(network)) if classes else (lost,)
    scored = folds(table, seed + 5, 2) == 1
    if not all(table.row_weights[half].sum() > 0 for half in (scored, ~scored)):
        raise NotApplicableError(
            why("groups are searched on one half of the rows and tested on the other: too few have weight")
        )
    searched, found = _search(table, lost, values, ~scored)
    found = [(conditions, mask) for conditions, mask in found if (mask & scored).sum() >= SMALLEST]
    told = sets_shown([mask[scored] for _, mask in found])
    found = [one for one, open_ in zip(found, told, strict=True) if open_]
    part, group = table.take(scored), together(table)[scored]
    masks, lost = [mask[scored] for _, mask in found], lost[scored]
    more = (part.row_weights, group, RATE)
    worse = compared(masks, lost, *more)
    beyond: list[tuple[Mean, float]]
    excess: list[tuple[Mean, float]]
    if classes:
        beyond = [(one.against_rest, one.rest_q) for one in compared(masks, values[0][scored], *more)]
        excess = [(one.inside, one.q) for one in compared(masks, values[1][scored], *more)]
    else:
        beyond = family([_shortfall(mask, lost, part, group, network.device) for mask in masks], RATE)
        excess = [(NONE, np.nan)] * len(masks)
    made = []
    for (conditions, _), mask, one, far, sure in zip(found, masks, worse, beyond, excess, strict=True):
        known = float(np.average(_knowing(part, mask, network.device)[mask], weights=part.row_weights[mask]))
        skill = 1 - one.inside[0] / known if known > 0 else np.nan
        rest = one.inside[0] - one.against_rest[0]
        numbers = (one.inside[0], rest, one.against_rest, one.rest_q, skill, *far, *sure)
        made.append(Weak(conditions, int(mask.sum()), *numbers))
    made.sort(key=lambda one: -np.nan_to_num(one.beyond[0], nan=-np.inf))
    mean = float(np.average(lost, weights=part.row_weights))
    null = null_loss(task, part.y, part.row_weights)
    return WeakGroups(tuple(made), loss_for(None, task).name, mean, null, len(part), searched, seed)


def _shortfall(
    mask: BoolArray, lost: FloatArray, table: Table, group: IntArray, device: str
) -> tuple[float, float, int]:
    """Mean and standard error; the base rate is at its own optimum, so that its error counts to second order only."""
    values = lost - (1 - SKILL) * _knowing(table, mask, device)
    mean, moved = influences(values, table.row_weights, mask)
    return (mean, *spread(moved, group, mask))


def _knowing(table: Table, mask: BoolArray, device: str) -> FloatArray:
    """(n,) loss of every row under the base rate, or the mean, of a group."""
    y, w = table.y, table.row_weights * mask
    if table.schema.goal.classes:
        p = np.bincount(y.astype(np.int64), w, len(table.schema.classes)) / max(w.sum(), 1e-300)
        return np.asarray(-np.log(np.maximum(p, 1e-300)))[y.astype(np.int64)]
    mean = float(w @ y / max(w.sum(), 1e-300))
    score = np.log(max(mean, 1e-300)) if table.schema.task == "count" else mean
    return _rows(table, np.full((len(y), 1), score), device)


def _rows(table: Table, scores: FloatArray, device: str) -> FloatArray:
    """(n,) the task's own loss of every row."""
    return np.asarray(loss_for(None, table.schema.task).each(scores[None], table.y, device)[0])


def _entropy(bound: Bound) -> FloatArray:
    """(n,) what a model's own probabilities say that the loss of a row should be, on average."""
    p = probabilities(bound.scores)
    return np.asarray(-xlogy(p, p).sum(axis=1))


def _names(table: Table) -> list[str]:
    """Input and protected columns, these first."""
    columns = [c for c in table.schema.columns if c.role == "input" or (c.protected and c.role == "dropped")]
    return [c.name for c in sorted(columns, key=lambda c: not c.protected)][:COLUMNS]


# ---- the search


def _search(table: Table, lost: FloatArray, values: tuple[FloatArray, ...], rows: BoolArray) -> tuple[int, Found]:
    """How many groups were looked at, and those that stand out most on these rows, by each of the values.

    Of classes the values' mean over all rows is expected; of numbers the loss of a group with the skill of all rows.
    """
    part, lost, values = table.take(rows), lost[rows], tuple(value[rows] for value in values)
    weights, classes = part.row_weights, table.schema.goal.classes
    mean, null = float(np.average(lost, weights=weights)), null_loss(part.schema.task, part.y, weights)
    standing: list[list[tuple[float, tuple[Cut, ...], int]]] = [[] for _ in values]
    looked = 0
    for some, all_codes in _codes([cut(table, name) for name in _names(table)]):
        codes, size = all_codes[rows], int(np.prod([len(c.conditions) for c in some]))
        counts = np.bincount(codes, minlength=size)
        fit = np.flatnonzero((counts >= SMALLEST) & (counts <= len(codes) - SMALLEST))
        looked += len(fit)
        expected = mean / max(null, 1e-300) * _known(part, codes, size)
        hard = expected >= EASY * mean  # in a group of one outcome there is nothing to know
        for place, value in zip(standing, values, strict=True):
            t = _above(
                codes, value, weights, np.full(size, np.average(value, weights=weights)) if classes else expected
            )
            place += [(float(t[cell]), some, int(cell)) for cell in fit if t[cell] > 0 and hard[cell]]
    found: Found = []
    for place in standing:
        _keep(found, sorted(place, key=lambda one: -one[0]))
    return looked, found


def _keep(found: Found, standing: list[tuple[float, tuple[Cut, ...], int]]) -> None:
    """Add the first of these groups, leaving out what is nearly the same rows as one that is there."""
    most = len(found) + CANDIDATES
    for _, some, cell in standing[: 10 * CANDIDATES]:
        conditions, mask = _cell(some, cell)
        if all((mask & other).sum() <= ALIKE * (mask | other).sum() for _, other in found):
            found.append((conditions, mask))
        if len(found) == most:
            return


def _codes(cuts: list[Cut]) -> Iterator[tuple[tuple[Cut, ...], IntArray]]:
    for one in cuts:
        yield (one,), one.codes
    for a, b in combinations(cuts, 2):
        yield (a, b), a.codes * len(b.conditions) + b.codes


def _cell(some: tuple[Cut, ...], cell: int) -> tuple[Conditions, BoolArray]:
    at = np.unravel_index(cell, [len(c.conditions) for c in some])
    mask = np.logical_and.reduce([c.codes == i for c, i in zip(some, at, strict=True)])
    return tuple(c.conditions[int(i)] for c, i in zip(some, at, strict=True)), mask


def _known(table: Table, codes: IntArray, size: int) -> FloatArray:
    """(size,) loss of knowing each cell's own base rate, or mean; NaN of an empty one."""
    y, w = table.y, table.row_weights
    mass = np.bincount(codes, w, size)
    with np.errstate(invalid="ignore", divide="ignore"):
        if table.schema.goal.classes:
            p = [np.bincount(codes, w * (y == k), size) / mass for k in range(len(table.schema.classes))]
            return np.asarray(-sum(xlogy(one, one) for one in p))
        mean = np.bincount(codes, w * y, size) / mass
        if table.schema.task == "count":
            return np.asarray(2 * (np.bincount(codes, w * xlogy(y, y), size) / mass - xlogy(mean, mean)))
        return np.asarray(np.bincount(codes, w * y**2, size) / mass - mean**2)


def _above(codes: IntArray, values: FloatArray, weights: FloatArray, expected: FloatArray) -> FloatArray:
    """(size,) mean of each cell less what was expected, over its standard error; 0 where there is none."""
    size = len(expected)
    mass, sums, squares, second = (
        np.bincount(codes, one, size) for one in (weights, weights * values, weights * values**2, weights**2)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = sums / mass
        t = (inside - expected) / np.sqrt(np.maximum(squares / mass - inside**2, 0.0) * second / mass**2)
    return np.where(np.isfinite(t), t, 0.0)
