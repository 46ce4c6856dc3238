"""Split-conformal prediction: intervals for numbers and counts, and sets of classes, that cover 90% of the outcomes.

The evaluated rows are split into two halves; all rows of a group are in the same half. A nonconformity is computed for every row.
It measures how unusual the outcome is, given the prediction. The threshold of a half with n rows is the ceil(0.9 (n + 1))-th
smallest nonconformity in that half (Papadopoulos et al. 2002; Vovk, Gammerman & Shafer 2005). If rows have weights, an extra row
with the mean weight and the largest nonconformity is added. The threshold is then the smallest nonconformity with at least 90% of
the weight at or below it. A row is covered if its nonconformity is at most the threshold of the other half. The nonconformity
depends on the task:

- for numbers, the absolute residual. All intervals have the same width, so coverage is low where outcomes vary more.
- for counts, the absolute residual of the count plus a uniform random number from -1/2 to 1/2 (jittering: Machado & Santos Silva
  2005), divided by the standard deviation of this residual under the model, (mu + 1/12)^(1/2). The width is the number of counts
  in the interval, averaged over the possible values of the uniform random number.
- for classes, the total probability of all classes that are more likely than the actual class, plus the probability of the actual
  class times a uniform random number from 0 to 1 (adaptive prediction sets: Romano, Sesia & Candes 2020). The size is the number
  of classes in the set, averaged over the possible values of the uniform random number.

The random number of a row is computed from a hash of the row number. If the predicted class probabilities are correct, coverage
is 90% in every slice. If the counts follow a Poisson distribution with the predicted means, coverage is about 90% or higher in
every slice.

Over all rows, coverage is 90% by construction. Models are therefore compared by the width of their intervals (in units of the
target) or the size of their sets (in classes). Within a slice, coverage may be lower than 90%. A slice is defined by one column:
the rows with one of its levels, with values between two adjacent quartiles, or in which it is missing. Each slice has at least a
hundred rows (Kish's effective number). Tests over all slices have a false discovery rate of 5% (Benjamini & Hochberg 1995), and
the intervals have a false coverage rate of 5% (Benjamini & Yekutieli 2005).

A mean width is computed at a smoothed threshold: the mean of all nonconformities, each weighted by the probability that it is the
90% quantile of a sample (Harrell & Davis 1982). For weighted rows, the size of this sample is Kish's effective number of rows.
Unlike the exact threshold, the smoothed threshold depends on all rows and does not equal the nonconformity of a single row.
Widths are rounded to two significant digits of their standard error.

Standard errors are computed over rows, or over groups of rows. They account for two sources of variation: the rows over which a
mean width or coverage is computed, and the rows of the other half, which determine the threshold. The threshold affects the
coverage of a slice more strongly if many rows of the slice have a nonconformity near the threshold. The share of such rows in the
slice is therefore compared with the share among all rows.

Intervals use Student's t distribution. For widths, the degrees of freedom are limited by the kurtosis of the rows'
influence-function values (Box 1953). This is conservative if the models differ on a few rows of large weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from tabinterp.analyses.clustered_means import NONE, Mean, influences, spread
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn, by_group
from tabinterp.analyses.performance.estimator import evaluated_pair, groups
from tabinterp.analyses.slices.estimator import Group, family, groups_of
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model
from tabinterp.models.scores import probabilities
from tabinterp.stats.estimates import effective_df
from tabinterp.stats.weights import TIE, effective
from tabinterp.table import Table
from tabinterp.table.folds import dealt
from tabinterp.table.hash_sampling import row_hash, uniform
from tabinterp.table.suppression import SMALL, BoolArray, parts_shown

LEVEL = 0.9
FEWEST = 50  # minimum number of rows, or groups of rows, in each half
SMALLEST = 100  # minimum number of rows of a slice, ten of which are expected not to be covered
Widths = Callable[[FloatArray], FloatArray]  # from thresholds (n,) to widths of intervals or sizes of sets (n,)


@dataclass(frozen=True, eq=False)
class SliceCoverage:
    """Coverage of the network's intervals or sets in a slice, and their mean width or size.

    `q` is the p-value of a test of 90% coverage. Both `q` and the interval of the coverage are adjusted for the number of tested
    slices.
    """

    group: Group
    rows: int
    coverage: Mean
    q: float
    width: Mean


@dataclass(frozen=True, eq=False)
class Conformal(Display):
    """Widths of conformal intervals or sizes of conformal sets, and coverage by slice.

    Parameters
    ----------
    kind : "interval" for intervals (in units of the target) or "set" for sets (in classes).
    rows : number of evaluated rows, in both halves together.
    network : mean width or size for the network, with its standard error and 95% interval.
    linear : mean width or size for the linear model.
    difference : paired difference of the widths, network minus linear.
    tested : number of slices tested.
    slices : slices with at least ten uncovered rows, in ascending order of the upper limit of their coverage.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.coverage",
        {"network": ("coverage", "coverage_low", "coverage_high")},
        by_group,
        other="groups",
        at=LEVEL,
    )
    level: ClassVar[float] = LEVEL
    kind: str
    rows: int
    seed: int
    network: Mean
    linear: Mean
    difference: Mean
    tested: int
    slices: tuple[SliceCoverage, ...]

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with the network's coverage and width, over all evaluated rows (first row) and in each slice."""
        row: dict[str, object] = {"column": None, "kind": "all", "level": None, "low": None, "high": None, "q": np.nan}
        rows = [row | {"rows": self.rows} | _columns("width", self.network) | _columns("coverage", NONE)]
        for one in self.slices:
            row = {name: getattr(one.group, name) for name in ("column", "kind", "level", "low", "high")}
            row |= {"q": one.q, "rows": one.rows} | _columns("width", one.width)
            rows.append(row | _columns("coverage", one.coverage))
        return pd.DataFrame(rows)

    def _numbers(self) -> pd.DataFrame:
        return self.frame().fillna({"coverage": self.level})


def _columns(name: str, found: Mean) -> dict[str, object]:
    return dict(zip((name, f"{name}_stderr", f"{name}_low", f"{name}_high"), found, strict=True))


def conformal(
    model: Model | BoundModel, table: Table, counterpart: Model | BoundModel | None = None, *, seed: int = 0
) -> Conformal:
    """Compute split-conformal intervals or sets for a network and its linear counterpart on the held-out rows.

    Parameters
    ----------
    model : the network.
    table : the rows, with the split that the network was trained with.
    counterpart : the linear model. By default, one is fitted, as in an audit.

    Raises
    ------
    NotApplicableError
        If it is unknown which rows were held out, or if either half of the held-out rows contains fewer than 50 rows (or groups
        of rows).

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
    everyone = np.ones(len(table), dtype=bool)
    if min(_draws(half == k, weights, group) for k in (0, 1)) < FEWEST:
        raise NotApplicableError(why("conformal.few", least=2 * FEWEST))
    models = [Intervals.of(bound, half, seed) for bound in (network, linear)]
    (wide, moved), (other, back) = (one.width.mean(everyone, weights, half) for one in models)
    draws = _draws(everyone, weights, group)
    pairs = ((wide, moved), (other, back), (wide - other, moved - back))
    widths = [_rounded(value, part, group, draws) for value, part in pairs]
    tested, slices = _slices(table, models[0], half)
    return Conformal(
        kind="set" if table.schema.goal.classes else "interval",
        rows=len(table),
        seed=seed,
        network=widths[0],
        linear=widths[1],
        difference=widths[2],
        tested=tested,
        slices=slices,
    )


def _effective(rows: BoolArray, weights: FloatArray) -> float:
    return effective(weights[rows]) if weights[rows].any() else 0.0


def _draws(rows: BoolArray, weights: FloatArray, group: IntArray) -> int:
    """Return the effective number of independent groups among the selected `rows`."""
    return int(len(np.unique(group[rows])) * _effective(rows, weights) / rows.sum() + 1e-9)


def _rounded(value: float, moved: FloatArray, group: IntArray, draws: int) -> Mean:
    """Return a value with its standard error and interval, rounded to two significant digits of the standard error.

    The standard error and the interval are computed from `moved` (n,), the influence-function values of the rows. The degrees of
    freedom are limited by the kurtosis of these values. The result is `NONE` if there are fewer than ten rows or groups of rows.
    """
    error, count = spread(moved, group, np.ones(len(group), dtype=bool))
    if draws < SMALL:
        return NONE
    left = float(effective_df(np.bincount(group, moved).astype(np.float64), count))
    reach = float(stats.t.ppf(0.975, min(draws - 1, left))) * error
    digits = 1 - int(np.floor(np.log10(error))) if error > 0 else 15
    low, high = round(value - reach, digits), round(value + reach, digits)
    return round(value, digits), round(error, digits), low, high


# ---- nonconformity


def nonconformity(bound: BoundModel, drawn: FloatArray) -> tuple[FloatArray, Widths]:
    """Return the nonconformity of each row (n,), and a function that maps thresholds to interval widths or set sizes.

    `drawn` (n,) contains uniform random numbers from 0 to 1.
    """
    table = bound.table
    y = table.y
    if table.schema.goal.classes:
        return adaptive(probabilities(bound.scores), y.astype(np.int64), drawn)
    if table.schema.task == "count":
        mean = np.exp(bound.scores[:, 0])
        scale = np.sqrt(mean + 1 / 12)
        strange = np.abs(y + drawn - 0.5 - mean) / scale
        return strange, lambda most: mean + most * scale - np.maximum(mean - most * scale, -0.5)
    return np.abs(y - bound.scores[:, 0]), lambda most: 2 * most


def adaptive(p: FloatArray, y: IntArray, drawn: FloatArray) -> tuple[FloatArray, Widths]:
    """Return the nonconformity (n,) of the classes `y` (n,), and a function that maps thresholds to set sizes.

    `p` (n, classes) contains the predicted probabilities, and `drawn` (n,) contains uniform random numbers from 0 to 1.

    >>> strange, size = adaptive(np.array([[0.2, 0.5, 0.3]]), np.array([2]), np.array([0.5]))
    >>> strange.round(9).tolist(), size(np.array([0.65])).round(9).tolist()
    ([0.65], [1.5])
    """
    order = np.argsort(-p, axis=1, kind="stable")
    likely = np.take_along_axis(p, order, axis=1)
    above = np.cumsum(likely, axis=1) - likely
    strange = (above + drawn[:, None] * likely)[order == y[:, None]]
    share = np.maximum(likely, np.finfo(np.float64).tiny)
    return strange, lambda most: np.clip((most[:, None] - above) / share, 0, 1).sum(axis=1)


# ---- thresholds


@dataclass(frozen=True, eq=False)
class Threshold:
    """The threshold that is computed from one half of the rows, with the influence of each row on it.

    Parameters
    ----------
    exact : the exact threshold, which is the nonconformity of one row; used to decide whether rows are covered.
    smooth : the smoothed threshold: the mean of all nonconformities, each weighted by the probability that it is the 90% quantile
        of a sample; used for widths.
    moved : (n,) influence of each row on `smooth`.
    missed : (n,) influence of each row on the share of the weight at or below `exact`.
    near : function that takes nonconformities (n,) and returns, at each of them, the density of the sampling distribution of the
        90% quantile. The density is scaled to have mean 1 over the rows.
    """

    exact: float
    smooth: float
    moved: FloatArray
    missed: FloatArray
    near: Callable[[FloatArray], FloatArray]

    @classmethod
    def of(cls, strange: FloatArray, weights: FloatArray) -> Threshold:
        """Return the threshold for one half of the rows, given `weights` that are 0 in the other half.

        `strange` (n,) contains the nonconformities.

        >>> one = Threshold.of(np.arange(1.0, 20.0), np.ones(19))
        >>> one.exact, round(one.smooth, 2)
        (18.0, 17.6)
        """
        order = np.argsort(strange, kind="stable")
        order = order[weights[order] > 0]
        x, share = strange[order], weights[order] / weights.sum()
        mass = np.cumsum(share)
        mass /= mass[-1]
        exact = float(x[np.searchsorted(mass, LEVEL * (1 + 1 / len(x)) * (1 - TIE))])
        rows = effective(weights)
        law = stats.beta((rows + 1) * LEVEL, (rows + 1) * (1 - LEVEL))
        moved, missed = np.zeros(len(strange)), np.zeros(len(strange))
        steps = np.diff(x) * law.pdf(mass[:-1])
        moved[order] = share * (steps @ mass[:-1] - np.append(np.cumsum(steps[::-1])[::-1], 0.0))
        missed[order] = share * ((x <= exact) - share @ (x <= exact))
        return cls(
            exact,
            float(x @ np.diff(law.cdf(mass), prepend=0.0)),
            moved,
            missed,
            lambda at: np.asarray(law.pdf(np.append(0.0, mass)[np.searchsorted(x, at, side="right")])),
        )


@dataclass(frozen=True, eq=False)
class OfRows:
    """The coverage or the interval width `value` (n,) of each row, which depends on the threshold of the other half.

    `slope` (n,) is the derivative of `value`: for a width, with respect to the threshold; for coverage, with respect to the share
    of rows below the threshold. `moved` (n,) is the influence of each row on the threshold or share of its own half.
    """

    value: FloatArray
    slope: FloatArray
    moved: FloatArray

    def mean(self, rows: BoolArray, weights: FloatArray, half: IntArray) -> tuple[float, FloatArray]:
        """Return the weighted mean of `value` over the rows in the mask `rows`, and every row's influence (n,) on this mean."""
        value, own = influences(self.value, weights, rows)
        pull = np.bincount(1 - half[rows], (weights * self.slope)[rows], 2) / weights[rows].sum()
        return value, own + pull[half] * self.moved


@dataclass(frozen=True, eq=False)
class Intervals:
    """Coverage (1 or 0) of each row, and the width of its prediction interval or the size of its prediction set."""

    covered: OfRows
    width: OfRows

    @classmethod
    def of(cls, bound: BoundModel, half: IntArray, seed: int) -> Intervals:
        """Return the intervals or sets of a model.

        `half` (n,) is the half (0 or 1) that contains each row. The threshold for a row is computed from the rows of the other
        half.
        """
        table = bound.table
        weights, group = table.row_weights, groups(table)
        strange, width = nonconformity(bound, uniform(row_hash(table.numbers, seed + 8)))
        limits = [Threshold.of(strange, weights * (half == k)) for k in (0, 1)]
        exact, smooth = (np.array([getattr(one, name) for one in limits])[1 - half] for name in ("exact", "smooth"))
        near = np.where(half == 0, limits[1].near(strange), limits[0].near(strange))
        missed, moved = (sum(getattr(one, name) for one in limits) for name in ("missed", "moved"))
        reach = np.array([spread(one.moved, group, half == k)[0] for k, one in enumerate(limits)])[1 - half]
        step = np.maximum(reach, TIE)
        slope = (width(smooth + step) - width(smooth - step)) / (2 * step)
        return cls(
            OfRows((strange <= exact).astype(np.float64), near, -missed),
            OfRows(width(smooth), slope, np.asarray(moved)),
        )


# ---- slices


def _slices(table: Table, intervals: Intervals, half: IntArray) -> tuple[int, tuple[SliceCoverage, ...]]:
    """Return the number of tested slices, and the slices with at least ten uncovered rows.

    Slices with fewer uncovered rows are not returned. Their coverage is high, and showing it would reveal individual rows. If
    nearly all rows of a slice are covered, a standard error based on the observed variation would be too small. The standard
    error is therefore at least that of a coverage of 90% among independent rows.
    """
    weights, group = table.row_weights, groups(table)
    everyone, tested, widths = np.ones(len(table), dtype=bool), [], []
    found = [one for one in groups_of(table, SMALLEST) if _effective(one.rows, weights) >= SMALLEST]
    assumed = _assumed_covered(found, intervals.covered.value > 0, equal=bool((weights == weights[0]).all()))
    for one, more in zip(found, assumed, strict=True):
        value, moved = intervals.covered.mean(one.rows, weights, half)
        error, own = spread(moved, group, everyone)[0], weights[one.rows]
        known = value + (more or 0) / len(own)
        if more:
            error *= math.sqrt(known * (1 - known) / (value * (1 - value)))
        least = math.sqrt(LEVEL * (1 - LEVEL) * (1 - own.sum() / weights.sum()) / effective(own))
        draws = _draws(one.rows, weights, group)
        tested.append((known - LEVEL, max(error, least), draws))
        wide, moved = intervals.width.mean(one.rows, weights, half)
        widths.append(_rounded(wide, moved, group, draws))
    slices = [
        SliceCoverage(one, int(one.rows.sum()), _above(off), q, width)
        for one, more, (off, q), width in zip(found, assumed, family(tested), widths, strict=True)
        if more is not None
    ]
    return len(found), tuple(sorted(slices, key=lambda one: np.nan_to_num(one.coverage[3], nan=np.inf)))


def _assumed_covered(slices: Sequence[Group], hit: BoolArray, equal: bool) -> list[int | None]:
    """Return, for each slice, the number of uncovered rows to count as covered, so that no count from one to nine is revealed.

    An entry is None if the slice is not shown. A slice is shown if it has at least ten uncovered rows and its number of covered
    rows may be shown. For each column, readers could calculate the number of uncovered rows that are in none of the shown slices.
    If this number is one to nine, it is raised to ten: in the shown slice with the most uncovered rows, some of these rows are
    counted as covered. If the rows have unequal weights (`equal` is false), this slice is withheld instead.
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
    """Return a coverage, given its difference from `LEVEL`. Its interval is limited to the range 0 to 1."""
    value, stderr, low, high = off
    return LEVEL + value, stderr, max(LEVEL + low, 0.0), min(LEVEL + high, 1.0)


def run(context: Context) -> Conformal:
    """Compute conformal intervals or sets for both models of an audit on the evaluated rows."""
    return conformal(context.network, context.network.table, context.linear, seed=context.seed)
