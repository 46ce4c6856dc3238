"""Split-conformal prediction: intervals for numbers and counts, sets of classes, that are to hold 90% of the outcomes.

The evaluated rows are halved by hash (rows of a group stay together). On one half the nonconformity of each row is computed: for
numbers and counts the absolute residual, for classes one minus the probability of the row's own class (Sadinle, Lei & Wasserman
2019). With n such rows, the threshold is the ceil(0.9 (n + 1))-th smallest (Papadopoulos et al. 2002; Vovk, Gammerman & Shafer
2005); of weighted rows, the smallest nonconformity that has 90% of the weight, of which one row of mean weight more is missing,
at or below it. A row of the other half is covered where its nonconformity is at most the threshold. Then the halves change
places, so that every row is covered or not by a threshold that it had no part in.

Over all rows the coverage is 90% for any model, if rows are exchangeable. What differs between models is the width of their
intervals, or the size of their sets; and within a slice the coverage may be lower. Slices are the levels of a column, the
quarters of a number and its missing values, with at least a hundred rows; they are one family: a false discovery rate of 5%
(Benjamini & Hochberg 1995), and intervals whose false coverage rate is 5% (Benjamini & Yekutieli 2005).

Standard errors are over rows, or groups of rows, and take the thresholds as given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tabinterp.analyses.clustered_means import Mean, influences, mean_of, spread, told_share
from tabinterp.analyses.context import Context
from tabinterp.analyses.performance.estimator import evaluated_pair, groups
from tabinterp.analyses.slices.estimator import Group, family, groups_of
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel, Model
from tabinterp.models.scores import probabilities
from tabinterp.preview import PreviewedFrame
from tabinterp.table import Table
from tabinterp.table.folds import folds
from tabinterp.table.suppression import SMALL, parts_shown

LEVEL = 0.9
FEWEST = 50  # rows, or groups of rows, of each half
SMALLEST = 100  # rows of a slice: of so many, ten are to lie outside of their intervals


@dataclass(frozen=True)
class ModelSets:
    """Coverage of a model's intervals or sets, and their mean width or size, each with its standard error and 95% interval."""

    coverage: Mean
    width: Mean


@dataclass(frozen=True, eq=False)
class SliceCoverage:
    """Coverage of the network's intervals or sets in a slice, with its interval and p-value (that it is 90%) over all slices."""

    group: Group
    rows: int
    coverage: Mean
    q: float
    width: float


@dataclass(frozen=True, eq=False)
class Conformal(PreviewedFrame):
    """Intervals (`kind` "interval", widths in units of the target) or sets of classes ("set", sizes in classes).

    Parameters
    ----------
    rows : evaluated rows, each half of which gives the threshold for the other.
    difference : of the widths, network minus linear, paired.
    tested : slices.
    slices : those with ten rows or more that are not covered; the one whose interval of the coverage ends lowest first.
    """

    kind: str
    level: float
    rows: int
    seed: int
    network: ModelSets
    linear: ModelSets
    difference: Mean
    tested: int
    slices: tuple[SliceCoverage, ...]

    def frame(self) -> pd.DataFrame:
        """Return one row for all rows and one for each slice, of the network."""
        names = ("coverage", "coverage_stderr", "coverage_low", "coverage_high")
        row: dict[str, object] = {"column": None, "kind": "all", "level": None, "low": None, "high": None, "q": np.nan}
        row |= {"rows": self.rows, "width": self.network.width[0]}
        rows = [row | dict(zip(names, self.network.coverage, strict=True))]
        for one in self.slices:
            row = {name: getattr(one.group, name) for name in ("column", "kind", "level", "low", "high")}
            row |= {"q": one.q, "rows": one.rows, "width": one.width}
            rows.append(row | dict(zip(names, one.coverage, strict=True)))
        return pd.DataFrame(rows)


def conformal(
    model: Model | BoundModel,
    table: Table,
    counterpart: Model | BoundModel | None = None,
    *,
    level: float = LEVEL,
    seed: int = 0,
) -> Conformal:
    """Compute split-conformal intervals or sets of a network and of its linear counterpart on the held-out rows.

    Parameters
    ----------
    model : the network.
    table : the rows, with the split that the network was trained with.
    counterpart : the linear model; None: one is fitted, as an audit does.
    level : share of the outcomes that intervals or sets are to hold.

    Raises
    ------
    NotApplicableError
        where it is not known which rows were held out, or half of them are too few.

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> from sklearn.linear_model import LogisticRegression
    >>> draw = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"x": draw.normal(size=500), "z": draw.normal(size=500)})
    >>> frame["y"] = (frame["x"] + draw.normal(size=500) > 0).astype(int)
    >>> table = ti.read_table(frame, target="y", positive=1, split=0.5)
    >>> model = ti.wrap(LogisticRegression().fit(frame[["x", "z"]], frame["y"]))
    >>> conformal(model, table, model).difference[0]  # the same model has the same sets
    0.0
    """
    network, linear, held_out = evaluated_pair(model, table, counterpart, seed)
    table = network.table
    if not held_out:
        raise NotApplicableError(why("conformal.split"))
    half = folds(table, seed + 7, 2)
    if min(len(np.unique(groups(table)[half == k])) for k in (0, 1)) < FEWEST:
        raise NotApplicableError(why("conformal.few", least=2 * FEWEST))
    found = [_covered(bound, half, level) for bound in (network, linear)]
    weights, group = table.row_weights, groups(table)
    models = [ModelSets(told_share(hit, weights, group), mean_of(width, weights, group)) for hit, width in found]
    (hit, width), (_, other) = found
    tested, slices = _slices(table, hit, width, level)
    return Conformal(
        kind="set" if table.schema.goal.classes else "interval",
        level=level,
        rows=len(table),
        seed=seed,
        network=models[0],
        linear=models[1],
        difference=mean_of(width - other, weights, group),
        tested=tested,
        slices=slices,
    )


def _covered(bound: BoundModel, half: IntArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return whether each row (n,) is covered, and the width of its interval or the size of its set."""
    table = bound.table
    y, weights = table.y, table.row_weights
    hit, width = np.zeros(len(y)), np.zeros(len(y))
    if table.schema.goal.classes:
        p = probabilities(bound.scores)
        strange = 1 - p[np.arange(len(y)), y.astype(np.int64)]
    else:
        expected = np.exp(bound.scores[:, 0]) if table.schema.task == "count" else bound.scores[:, 0]
        strange = np.abs(y - expected)
    for k in (0, 1):
        rows = half == k
        most = threshold(strange[~rows], weights[~rows], level)
        hit[rows] = strange[rows] <= most
        if table.schema.goal.classes:
            width[rows] = (1 - p[rows] <= most).sum(axis=1)
        elif table.schema.task == "count":
            width[rows] = expected[rows] + most - np.maximum(expected[rows] - most, 0.0)
        else:
            width[rows] = 2 * most
    return hit, width


def threshold(strange: FloatArray, weights: FloatArray, level: float) -> float:
    """Return the nonconformity that so much of the weight is at or below, where one row of mean weight more lies above all.

    >>> threshold(np.arange(1.0, 20.0), np.ones(19), 0.9)
    18.0
    """
    order = np.argsort(strange, kind="stable")
    if (weights == weights[0]).all():
        place = math.ceil(round(level * (len(strange) + 1), 9))
        return float(strange[order[place - 1]]) if place <= len(strange) else math.inf
    mass = np.cumsum(weights[order])
    enough = np.flatnonzero(mass >= level * (mass[-1] + weights.mean()))
    return float(strange[order[enough[0]]]) if len(enough) else math.inf


def _slices(table: Table, hit: FloatArray, width: FloatArray, level: float) -> tuple[int, tuple[SliceCoverage, ...]]:
    """Return how many slices were tested, and those in which ten rows or more are not covered: of fewer, whose coverage is high,
    the coverage would tell of single rows.
    """
    weights, group = table.row_weights, groups(table)
    found, tested = [*groups_of(table, SMALLEST)], []
    assumed = _assumed_covered(found, hit)
    for one, more in zip(found, assumed, strict=True):
        value, moved = influences(hit, weights, one.rows)
        stderr, count = spread(moved, group, one.rows)
        known = value + (more or 0) / int(one.rows.sum())
        binomial = [math.sqrt(max(p * (1 - p), 0.0)) for p in (value, known)]
        stderr = stderr * binomial[1] / binomial[0] if binomial[0] > 0 else math.sqrt(level * (1 - level) / count)
        tested.append((known - level, stderr, count))
    slices = []
    for one, (off, q), more in zip(found, family(tested), assumed, strict=True):
        if more is not None:
            wide = float(np.average(width[one.rows], weights=weights[one.rows]))
            slices.append(SliceCoverage(one, int(one.rows.sum()), _above(level, off), q, wide))
    return len(found), tuple(sorted(slices, key=lambda one: np.nan_to_num(one.coverage[3], nan=np.inf)))


def _assumed_covered(slices: Sequence[Group], hit: FloatArray) -> list[int | None]:
    """Return how many uncovered rows of each slice count as covered, so that no coverage tells of one to nine rows; None where it
    is not told.

    Slices of a column that have ten uncovered rows or more are told. Where that would leave one to nine in the rest of the rows,
    ten are assumed there, and as many fewer in the slice that has the most.
    """
    assumed: list[int | None] = [None] * len(slices)
    for column in {one.column for one in slices}:
        places = [i for i, one in enumerate(slices) if one.column == column]
        outside = {i: int((hit[slices[i].rows] == 0).sum()) for i in places}
        inside = {i: int((hit[slices[i].rows] > 0).sum()) for i in places}
        told = [i for i in places if outside[i] >= SMALL]
        covered = [inside[i] for i in told]
        told = [
            i for i, open_ in zip(told, parts_shown([*covered, int(hit.sum()) - sum(covered)]), strict=False) if open_
        ]
        rest = int((hit == 0).sum()) - sum(outside[i] for i in told)
        most = max(told, key=lambda i: outside[i], default=None)
        for i in told:
            more = SMALL - rest if i == most and 0 < rest < SMALL else 0
            assumed[i] = more if outside[i] - more >= SMALL else None
    return assumed


def _above(level: float, off: Mean) -> Mean:
    """Return a coverage from its distance to the level; no end is beyond 0 or 1."""
    value, stderr, low, high = off
    return level + value, stderr, max(level + low, 0.0), min(level + high, 1.0)


def run(context: Context) -> Conformal:
    """Compute intervals or sets of both models of an audit on the evaluated rows."""
    return conformal(context.network, context.network.table, context.linear, seed=context.seed)
