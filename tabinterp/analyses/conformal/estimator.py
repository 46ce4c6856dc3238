"""Split-conformal prediction: intervals for numbers and counts, sets of classes, made to cover 90% of the outcomes.

The evaluated rows are dealt into two halves (rows of a group stay together). On each half the nonconformity of every row is
computed, and the threshold of n rows is the ceil(0.9 (n + 1))-th smallest (Papadopoulos et al. 2002; Vovk, Gammerman & Shafer
2005); of weighted rows, the smallest at or below which 90% of the weight lies, counting one row of mean weight more above all.
A row is covered where its nonconformity is at most the threshold of the other half. Nonconformity is

- of numbers, the absolute residual. All intervals have one width, so that coverage is low where outcomes vary more.
- of counts, the absolute residual of the count plus a uniform number from -1/2 to 1/2 (jittering: Machado & Santos Silva 2005),
  divided by its standard deviation under the model, (mu + 1/12)^(1/2). The width is the mean number of counts in the interval.
- of classes, the probability of all classes above the row's own, plus a uniform share of its own (adaptive prediction sets: Romano,
  Sesia & Candes 2020). The size is the mean number of classes in the set.

The uniform number of a row is made from its hash. Under the true probabilities of classes coverage is 90% in every slice, and under
the true rates of counts nearly so or higher.

Over all rows the coverage is 90% by construction. What differs between models is the width (in units of the target) or the size
(in classes); and within a slice the coverage may be lower. Slices are the levels of a column, the quarters of a number and its
missing values, with at least a hundred rows (Kish's effective number); they are one family: a false discovery rate of 5%
(Benjamini & Hochberg 1995), and intervals whose false coverage rate is 5% (Benjamini & Yekutieli 2005).

Standard errors are those of resampled rows, or groups of rows (Efron & Tibshirani 1993), which keep their half. Every resample has
thresholds of its own, so that errors contain those of the thresholds. A width is the mean over the resamples: the median of what a
threshold can be is the residual of one row, and this mean is one of many rows (Harrell & Davis 1982). It is rounded to two digits
of its error. Intervals are Student's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import sparse, stats

from tabinterp.analyses.clustered_means import Mean
from tabinterp.analyses.context import Context
from tabinterp.analyses.performance.estimator import evaluated_pair, groups, resampled
from tabinterp.analyses.slices.estimator import Group, family, groups_of
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel, Model
from tabinterp.models.scores import probabilities
from tabinterp.preview import PreviewedFrame
from tabinterp.stats.weights import TIE, effective
from tabinterp.table import Table
from tabinterp.table.folds import dealt
from tabinterp.table.hash_sampling import row_hash, uniform
from tabinterp.table.suppression import SMALL, BoolArray, parts_shown

LEVEL = 0.9
FEWEST = 50  # rows, or groups of rows, of each half
SMALLEST = 100  # rows of a slice: of so many, ten are to lie outside of their intervals
RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class SliceCoverage:
    """Coverage of the network's intervals or sets in a slice, with its interval and p-value (that it is 90%) over all slices, and
    their mean width or size.
    """

    group: Group
    rows: int
    coverage: Mean
    q: float
    width: Mean


@dataclass(frozen=True, eq=False)
class Conformal(PreviewedFrame):
    """Intervals (`kind` "interval", widths in units of the target) or sets of classes ("set", sizes in classes).

    Parameters
    ----------
    rows : evaluated rows, each half of which gives the threshold for the other.
    network, linear : mean width or size, with its standard error and 95% interval.
    difference : of the widths, network minus linear, paired.
    tested : slices.
    slices : those with ten rows or more that are not covered; the one whose interval of the coverage ends lowest first.
    """

    level: ClassVar[float] = LEVEL
    kind: str
    rows: int
    seed: int
    network: Mean
    linear: Mean
    difference: Mean
    tested: int
    slices: tuple[SliceCoverage, ...]

    def frame(self) -> pd.DataFrame:
        """Return one row for all rows, whose coverage is as intended, and one for each slice, of the network."""
        row: dict[str, object] = {"column": None, "kind": "all", "level": None, "low": None, "high": None, "q": np.nan}
        rows = [row | {"rows": self.rows} | _columns("width", self.network)]
        for one in self.slices:
            row = {name: getattr(one.group, name) for name in ("column", "kind", "level", "low", "high")}
            row |= {"q": one.q, "rows": one.rows} | _columns("width", one.width)
            rows.append(row | _columns("coverage", one.coverage))
        return pd.DataFrame(rows)


def _columns(name: str, found: Mean) -> dict[str, object]:
    return dict(zip((name, f"{name}_stderr", f"{name}_low", f"{name}_high"), found, strict=True))


def conformal(
    model: Model | BoundModel, table: Table, counterpart: Model | BoundModel | None = None, *, seed: int = 0
) -> Conformal:
    """Compute split-conformal intervals or sets of a network and of its linear counterpart on the held-out rows.

    Parameters
    ----------
    model : the network.
    table : the rows, with the split that the network was trained with.
    counterpart : the linear model; None: one is fitted, as an audit does.

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
    weights, group, half = table.row_weights, groups(table), dealt(table, seed + 7, 2)
    if min(_draws(half == k, weights, group) for k in (0, 1)) < FEWEST:
        raise NotApplicableError(why("conformal.few", least=2 * FEWEST))
    slices = [one for one in groups_of(table, SMALLEST) if _effective(one.rows, weights) >= SMALLEST]
    everyone = np.ones(len(table), dtype=bool)
    inside = sparse.csr_matrix(np.stack([everyone, *(one.rows for one in slices)]), dtype=np.float64)
    models = [Intervals.of(bound, half, seed) for bound in (network, linear)]
    hit = models[0](weights)[0]
    means = [_means(inside, models, drawn) for drawn in resampled(weights, group, RESAMPLES, seed)]
    draws = [_draws(rows, weights, group) for rows in (everyone, *(one.rows for one in slices))]
    coverage, width, other = np.moveaxis(np.array(means), 2, 0)  # of the resamples and (all rows, slices): (RESAMPLES, 1 + slices)
    errors = _error(coverage, draws)
    found = _covered(slices, hit, weights, errors[1:], draws[1:])
    kept = [
        SliceCoverage(one, int(one.rows.sum()), *told, _mean(width[:, at], draws[at]))
        for at, (one, told) in enumerate(zip(slices, found, strict=True), 1)
        if told is not None
    ]
    return Conformal(
        kind="set" if table.schema.goal.classes else "interval",
        rows=len(table),
        seed=seed,
        network=_mean(width[:, 0], draws[0]),
        linear=_mean(other[:, 0], draws[0]),
        difference=_mean(width[:, 0] - other[:, 0], draws[0]),
        tested=len(slices),
        slices=tuple(sorted(kept, key=lambda one: np.nan_to_num(one.coverage[3], nan=np.inf))),
    )


def _effective(rows: BoolArray, weights: FloatArray) -> float:
    return effective(weights[rows]) if weights[rows].any() else 0.0


def _draws(rows: BoolArray, weights: FloatArray, group: IntArray) -> int:
    """Return the effective number of groups of some rows, as `clustered_means.spread` does."""
    return int(len(np.unique(group[rows])) * _effective(rows, weights) / rows.sum() + 1e-9)


# ---- intervals and sets of a model


@dataclass(frozen=True, eq=False)
class Intervals:
    """Nonconformity of each row's outcome (n,), and the width of its interval or the size of its set, given thresholds (n,).

    `order`: the places of the rows of each half, by nonconformity.
    """

    strange: FloatArray
    width: Callable[[FloatArray], FloatArray]
    half: IntArray
    order: tuple[IntArray, IntArray]

    @classmethod
    def of(cls, bound: BoundModel, half: IntArray, seed: int) -> Intervals:
        strange, width = nonconformity(bound, uniform(row_hash(bound.table.numbers, seed + 8)))
        order = np.argsort(strange, kind="stable")
        return cls(strange, width, half, (order[half[order] == 0], order[half[order] == 1]))

    def __call__(self, weights: FloatArray) -> tuple[BoolArray, FloatArray]:
        """Return whether each row is covered, and its width (n,), by the thresholds of rows with these weights (n,)."""
        first, second = (threshold(self.strange[order], weights[order]) for order in self.order)
        most = np.where(self.half == 0, second, first)
        return self.strange <= most, self.width(most)


def nonconformity(bound: BoundModel, drawn: FloatArray) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Return the nonconformity of each row (n,), and the function from thresholds (n,) to widths; `drawn`: uniform numbers (n,)."""
    table = bound.table
    y = table.y
    if table.schema.goal.classes:
        return adaptive(probabilities(bound.scores), y.astype(np.int64), drawn)
    if table.schema.task == "count":
        mean = np.exp(bound.scores[:, 0])
        scale = np.sqrt(mean + 1 / 12)
        return np.abs(y + drawn - 0.5 - mean) / scale, lambda most: (
            mean + most * scale - np.maximum(mean - most * scale, -0.5)
        )
    return np.abs(y - bound.scores[:, 0]), lambda most: 2 * most


def adaptive(
    p: FloatArray, y: IntArray, drawn: FloatArray
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Return the nonconformity of classes y (n,) with probabilities (n, classes), and the mean size of sets over uniform numbers.

    >>> strange, size = adaptive(np.array([[0.2, 0.5, 0.3]]), np.array([2]), np.array([0.5]))
    >>> strange.round(9).tolist(), size(np.array([0.65])).round(9).tolist()
    ([0.65], [1.5])
    """
    order = np.argsort(-p, axis=1, kind="stable")
    likely = np.take_along_axis(p, order, axis=1)
    above = np.cumsum(likely, axis=1) - likely
    own = order == y[:, None]
    share = np.maximum(likely, np.finfo(np.float64).tiny)
    return (above + drawn[:, None] * likely)[own], lambda most: (
        np.clip((most[:, None] - above) / share, 0, 1).sum(axis=1)
    )


def threshold(strange: FloatArray, weights: FloatArray) -> float:
    """Return the threshold of rows in the order of their nonconformity.

    >>> threshold(np.arange(1.0, 20.0), np.ones(19)), threshold(np.arange(1.0, 20.0), np.r_[np.ones(18), 0.0])
    (18.0, 18.0)
    """
    mass = np.cumsum(weights)
    enough = LEVEL * (1 + 1 / len(weights)) * mass[-1]
    return float(strange[np.searchsorted(mass, enough * (1 - TIE))])


def _means(inside: sparse.csr_matrix, models: Sequence[Intervals], weights: FloatArray) -> FloatArray:
    """Return the coverage and width of the network and the width of the linear model, in each set of rows: (sets, 3)."""
    (hit, width), (_, other) = (one(weights) for one in models)
    sums = inside @ (weights[:, None] * np.stack([np.ones(len(hit)), hit, width, other], axis=1))
    with np.errstate(invalid="ignore"):
        return np.asarray(sums[:, 1:] / sums[:, :1])


# ---- errors


def _error(drawn: FloatArray, draws: Sequence[int] | int) -> FloatArray:
    """Return the standard errors of numbers from their resamples (RESAMPLES, ...), of rows or groups drawn so many times."""
    count = np.maximum(draws, 2)
    return np.asarray(drawn.std(axis=0, ddof=1) * np.sqrt(count / (count - 1)))


def _mean(drawn: FloatArray, draws: int) -> Mean:
    """Return the mean of the resamples, rounded to two digits of its error; of fewer than ten rows or groups there is none."""
    if draws < SMALL or not np.isfinite(drawn).all():
        return np.nan, np.nan, np.nan, np.nan
    value, error = float(drawn.mean()), float(_error(drawn, draws))
    reach = float(stats.t.ppf(0.975, draws - 1)) * error
    digits = 1 - int(np.floor(np.log10(error))) if error > 0 else 15
    low, high = round(value - reach, digits), round(value + reach, digits)
    return round(value, digits), round(error, digits), low, high


# ---- slices


def _covered(
    slices: Sequence[Group], hit: BoolArray, weights: FloatArray, errors: FloatArray, draws: Sequence[int]
) -> list[tuple[Mean, float] | None]:
    """Return the coverage in each slice, with its interval and p-value in one family; None where it is not told.

    Of fewer than ten rows that are not covered, the coverage would tell of single rows. No error is smaller than that of a coverage
    of 90%, by rows drawn one by one: where (nearly) all rows are covered, resamples do not differ.
    """
    assumed = _assumed_covered(slices, hit, equal=bool((weights == weights[0]).all()))
    tested = []
    for one, more, error, count in zip(slices, assumed, errors, draws, strict=True):
        own = weights[one.rows]
        value = float(np.average(hit[one.rows], weights=own))
        known = value + (more or 0) / len(own)
        if more:
            error *= np.sqrt(known * (1 - known) / (value * (1 - value)))
        least = LEVEL * (1 - LEVEL) * (1 - own.sum() / weights.sum()) / effective(own)
        tested.append((known - LEVEL, max(error, np.sqrt(least)), count))
    return [None if more is None else (_above(off), q) for more, (off, q) in zip(assumed, family(tested), strict=True)]


def _assumed_covered(slices: Sequence[Group], hit: BoolArray, equal: bool) -> list[int | None]:
    """Return how many uncovered rows of each slice count as covered, so that no coverage tells of one to nine rows; None where it
    is not told.

    Slices of a column that have ten uncovered rows or more are told. Where that would leave one to nine in the rest of the rows,
    ten are assumed there, and as many fewer in the slice that has the most; of rows whose weights are not `equal`, this slice is
    not told.
    """
    assumed: list[int | None] = [None] * len(slices)
    for column in {one.column for one in slices}:
        places = [i for i, one in enumerate(slices) if one.column == column]
        outside = {i: int((~hit[slices[i].rows]).sum()) for i in places}
        inside = {i: int(hit[slices[i].rows].sum()) for i in places}
        told = [i for i in places if outside[i] >= SMALL]
        covered = [inside[i] for i in told]
        told = [
            i for i, open_ in zip(told, parts_shown([*covered, int(hit.sum()) - sum(covered)]), strict=False) if open_
        ]
        rest = int((~hit).sum()) - sum(outside[i] for i in told)
        most = max(told, key=lambda i: outside[i], default=None)
        for i in told:
            more = SMALL - rest if i == most and 0 < rest < SMALL else 0
            assumed[i] = more if outside[i] - more >= SMALL and (equal or not more) else None
    return assumed


def _above(off: Mean) -> Mean:
    """Return a coverage from its distance to the level; no end is beyond 0 or 1."""
    value, stderr, low, high = off
    return LEVEL + value, stderr, max(LEVEL + low, 0.0), min(LEVEL + high, 1.0)


def run(context: Context) -> Conformal:
    """Compute intervals or sets of both models of an audit on the evaluated rows."""
    return conformal(context.network, context.network.table, context.linear, seed=context.seed)
