"""Subgroup gaps: groups of rows, defined by one or two columns, in which the network's loss is higher than noise can explain.

Each of the first 40 columns, starting with the protected columns, is divided into cells. The cells of a column with levels are
its twelve most frequent levels, and all other levels together. The cells of a numeric column are four ranges, separated by its
quartiles. Missing values form a further cell. The search covers all of these cells, and all combinations of cells of two columns.
It uses one half of the rows, selected by a hash of the row numbers. Rows with the same value of the group column are always in
the same half. At most twelve groups with a high loss are selected and then tested on the other half. The tests of all groups are
corrected together (see `slices`). The false discovery rate is 1%, and the intervals have a false coverage rate of 1%. The results
are therefore not biased by the search or by the number of tests.

A high loss is not in itself evidence of a problem, because a group may simply be hard to predict. If outcomes are noisy, even a
network that knows the true probabilities has a high loss. The tests therefore use two measures of the *loss above noise*: how far
the loss exceeds what noise alone explains.

- `excess`, for classification, is the loss minus the entropy of the network's own probabilities. Its mean is zero if the
  probabilities are correct. It is positive if the network is overconfident, or confident in the wrong outcome.
- `beyond` is the loss minus the loss of boosted trees (`boosted_trees`). The trees are fitted to the input and protected columns
  of the training rows. `beyond` is positive if the columns carry more information than the network uses.

For classification, a group is tested only if, according to the network's probabilities, at least ten of its rows are expected to
fall outside the group's most frequent class. With fewer such rows, means are not reliable. If all outcomes in a group happen to
be equal, the losses hardly vary, and their empirical standard error is too small. The standard error of `excess` is therefore
never below the one implied by the network's own probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import xlogy

from tabinterp.analyses.boosted_trees.estimator import trees_scores
from tabinterp.analyses.clustered_means import NONE, Mean, influences, spread
from tabinterp.analyses.context import Context
from tabinterp.analyses.groups.partition import Condition, Cut, cut
from tabinterp.analyses.performance.estimator import groups as together
from tabinterp.analyses.performance.estimator import null_loss
from tabinterp.analyses.slices.estimator import compared, family
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel
from tabinterp.models.losses import loss_for
from tabinterp.models.scores import probabilities
from tabinterp.preview import PreviewedFrame
from tabinterp.table import Table
from tabinterp.table.folds import folds
from tabinterp.table.suppression import BoolArray, sets_shown

SMALLEST = 25  # minimum rows of a group in either half
EVENTS = 10  # minimum number of rows of a tested group that the network expects outside the group's most frequent class
RATE = 0.01  # false discovery rate
CANDIDATES = 6  # maximum number of groups that are selected by each of the two measures
ALIKE = 0.7  # share of common rows above which two groups are treated as the same
COLUMNS = 40

Conditions = tuple[Condition, ...]
Found = list[tuple[Conditions, BoolArray]]


@dataclass(frozen=True)
class Weak:
    """Results for one group, on the half of the rows that is used for tests.

    The `q` values are p-values adjusted by the Benjamini-Hochberg procedure. `excess` is NaN for numeric targets and counts.
    `beyond` is NaN if the training rows of the network are not known.
    """

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

    @property
    def worst(self) -> float:
        """The larger of `beyond` and `excess`."""
        return float(np.nanmax([self.beyond[0], self.excess[0]]))


@dataclass(frozen=True)
class WeakGroups(PreviewedFrame):
    """Results for the tested groups, in decreasing order of the loss above noise.

    `rows` is the number of rows used for tests, and `searched` the number of groups that the search compared.
    """

    groups: tuple[Weak, ...]
    loss: str
    mean: float  # loss on all rows used for tests
    null: float  # loss on these rows if their base rate (or mean) is always predicted
    rows: int
    searched: int
    seed: int

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each group."""
        rows = []
        for one in self.groups:
            row: dict[str, object] = {"group": " and ".join(f"{c.column}: {c.name}" for c in one.conditions)}
            row |= {"rows": one.rows, "loss": one.loss, "rest": one.rest, "skill": one.skill}
            for name in ("difference", "beyond", "excess"):
                found = getattr(one, name)
                row |= dict(zip((name, f"{name}_stderr", f"{name}_low", f"{name}_high"), found, strict=True))
            rows.append(row | {"q": one.q, "beyond_q": one.beyond_q, "excess_q": one.excess_q})
        return pd.DataFrame(rows)


@dataclass(frozen=True, eq=False)
class Losses:
    """The loss of every evaluated row (n,), and its loss above noise by each available measure."""

    table: Table
    each: FloatArray
    above: dict[str, FloatArray]  # "beyond" and "excess", if available -> loss above noise (n,)


def weak_groups(network: BoundModel, *, seed: int = 0) -> WeakGroups:
    """Search for groups of rows in which the network's loss is higher than noise can explain.

    The search uses the held-out rows of the network's table, or all rows if the table has no split.

    Raises
    ------
    NotApplicableError
        If neither measure of the loss above noise is available, or if all weights in one half of the rows are zero.
    """
    losses = above_noise(network, seed)
    table, lost = losses.table, losses.each
    bound = network.take(_evaluated(network.table))
    scored = folds(table, seed + 5, 2) == 1
    if not all(table.row_weights[half].sum() > 0 for half in (scored, ~scored)):
        raise NotApplicableError(
            why("groups are searched on one half of the rows and tested on the other: too few have weight")
        )
    searched, found = _search(table, list(losses.above.values()), ~scored)
    part, group, own = table.take(scored), together(table)[scored], bound.take(np.flatnonzero(scored))
    found = [(conditions, mask[scored]) for conditions, mask in found]
    found = [one for one in found if one[1].sum() >= SMALLEST and _events(own, one[1]) >= EVENTS]
    told = sets_shown([mask for _, mask in found])
    found = [one for one, open_ in zip(found, told, strict=True) if open_]
    masks, lost = [mask for _, mask in found], lost[scored]
    tests = [_mean(name, value[scored], own, mask, group) for name, value in losses.above.items() for mask in masks]
    tested = family(tests, RATE)
    both = {name: tested[i * len(masks) :] for i, name in enumerate(losses.above)}
    worse = compared(masks, lost, part.row_weights, group, RATE)
    made = []
    for i, ((conditions, mask), one) in enumerate(zip(found, worse, strict=True)):
        known = float(np.average(_knowing(part, mask, network.device)[mask], weights=part.row_weights[mask]))
        skill = 1 - one.inside[0] / known if known > 0 else np.nan
        rest = one.inside[0] - one.against_rest[0]
        beyond, excess = (both[name][i] if name in both else (NONE, np.nan) for name in ("beyond", "excess"))
        numbers = (one.inside[0], rest, one.against_rest, one.rest_q, skill, *beyond, *excess)
        made.append(Weak(conditions, int(mask.sum()), *numbers))
    made.sort(key=lambda one: -one.worst)
    mean = float(np.average(lost, weights=part.row_weights))
    null = null_loss(table.schema.task, part.y, part.row_weights)
    return WeakGroups(tuple(made), loss_for(None, table.schema.task).name, mean, null, len(part), searched, seed)


def above_noise(network: BoundModel, seed: int = 0) -> Losses:
    """Return the loss of each evaluated row, and each available measure of its loss above noise."""
    rows = _evaluated(network.table)
    bound = network.take(rows)
    lost, above = _rows(bound.table, bound.scores, network.device), {}
    try:
        trees = trees_scores(network, rows, tuple(_columns(network.table)), seed)
    except NotApplicableError:
        if not network.table.schema.goal.classes:
            raise
    else:
        above["beyond"] = lost - _rows(bound.table, trees, network.device)
    if network.table.schema.goal.classes:
        above["excess"] = lost - _entropy(bound)
    return Losses(bound.table, lost, above)


def _evaluated(table: Table) -> IntArray:
    held = np.ones(len(table), dtype=bool) if table.held_out is None else table.held_out
    return np.flatnonzero(held).astype(np.int64)


def _events(bound: BoundModel, mask: BoolArray) -> float:
    """Return the expected number of rows of a group that are not in its most frequent class, if the network's probabilities are
    right.

    `mask` (n,) marks the rows of the group. The result is infinity if the target has no classes.
    """
    if not bound.table.schema.goal.classes:
        return np.inf
    expected = probabilities(bound.scores)[mask].sum(axis=0)
    return float(expected.sum() - expected.max())


def _mean(
    name: str, values: FloatArray, bound: BoundModel, mask: BoolArray, group: IntArray
) -> tuple[float, float, int]:
    """Return the mean loss above noise in a group, with its standard error and the number of sampling units."""
    weights = bound.table.row_weights
    mean, moved = influences(values, weights, mask)
    error, count = spread(moved, group, mask, weights)
    if name == "excess":
        p = probabilities(bound.scores)
        surprise = -np.log(np.maximum(p, 1e-300))
        variance = (p * surprise**2).sum(axis=1) - _entropy(bound) ** 2
        share = weights * mask / (weights @ mask)
        error = max(error, float(np.sqrt(share**2 @ np.maximum(variance, 0.0))))
    return mean, error, count


def _knowing(table: Table, mask: BoolArray, device: str) -> FloatArray:
    """Return the loss of every row (n,) when the base rate, or the mean, of the rows in `mask` (n,) is predicted for all rows."""
    y, w = table.y, table.row_weights * mask
    if table.schema.goal.classes:
        p = np.bincount(y.astype(np.int64), w, len(table.schema.classes)) / max(w.sum(), 1e-300)
        return np.asarray(-np.log(np.maximum(p, 1e-300)))[y.astype(np.int64)]
    mean = float(w @ y / max(w.sum(), 1e-300))
    score = np.log(max(mean, 1e-300)) if table.schema.task == "count" else mean
    return _rows(table, np.full((len(y), 1), score), device)


def _rows(table: Table, scores: FloatArray, device: str) -> FloatArray:
    """Return the loss of every row (n,) for scores (n, k)."""
    return np.asarray(loss_for(None, table.schema.task).each(scores[None], table.y, device)[0])


def _entropy(bound: BoundModel) -> FloatArray:
    """Return the expected loss of each row (n,) if the model's own probabilities are correct."""
    p = probabilities(bound.scores)
    return np.asarray(-xlogy(p, p).sum(axis=1))


def _columns(table: Table) -> list[str]:
    """Return the names of the protected and input columns, with protected columns first."""
    columns = [c for c in table.schema.columns if c.role == "input" or (c.protected and c.role == "dropped")]
    return [c.name for c in sorted(columns, key=lambda c: not c.protected)]


# ---- the search


def _search(table: Table, values: list[FloatArray], rows: BoolArray) -> tuple[int, Found]:
    """Return the number of groups compared, and the groups in which a measure is most significantly above its overall mean.

    Each array (n,) in `values` contains one measure of every row's loss above noise. `rows` marks the rows used for the search.
    """
    part, values = table.take(rows), [value[rows] for value in values]
    weights = part.row_weights
    standing: list[list[tuple[float, tuple[Cut, ...], int]]] = [[] for _ in values]
    looked = 0
    for some, all_codes in _codes([cut(table, name) for name in _columns(table)[:COLUMNS]]):
        codes, size = all_codes[rows], int(np.prod([len(c.conditions) for c in some]))
        counts = np.bincount(codes, minlength=size)
        fit = np.flatnonzero((counts >= SMALLEST) & (counts <= len(codes) - SMALLEST))
        looked += len(fit)
        for place, value in zip(standing, values, strict=True):
            t = _above(codes, value, weights, float(np.average(value, weights=weights)), size)
            place += [(float(t[cell]), some, int(cell)) for cell in fit if t[cell] > 0]
    found: Found = []
    for place in standing:
        _keep(found, sorted(place, key=lambda one: -one[0]))
    return looked, found


def _keep(found: Found, standing: list[tuple[float, tuple[Cut, ...], int]]) -> None:
    """Add at most `CANDIDATES` groups from `standing` to `found`; skip groups with nearly the same rows as one in `found`."""
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


def _above(codes: IntArray, values: FloatArray, weights: FloatArray, expected: float, size: int) -> FloatArray:
    """Return the t statistic of each cell (size,): its mean minus `expected`, divided by the standard error of the mean.

    The result is 0 for a cell without a standard error.
    """
    mass, sums, squares, second = (
        np.bincount(codes, one, size) for one in (weights, weights * values, weights * values**2, weights**2)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = sums / mass
        t = (inside - expected) / np.sqrt(np.maximum(squares / mass - inside**2, 0.0) * second / mass**2)
    return np.where(np.isfinite(t), t, 0.0)


def run(context: Context) -> WeakGroups:
    """Search for groups of rows in which the audited network's loss is higher than noise can explain."""
    return weak_groups(context.network, seed=context.seed)
