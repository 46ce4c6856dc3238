"""Regional effects: differences in a column's effect between two regions, which the average effect curve hides.

The curve of a row (Goldstein et al. 2015) shows the row's score when the column is set to each point of a grid. Each curve is
centred: its mean over the distribution of the column is subtracted. The *heterogeneity* of a column is the variance of the
centred curves over rows, averaged over the distribution of the column and summed over outputs (Herbinger, Bischl & Casalicchio
2022). The square root of the heterogeneity is reported, in units of the score. If the column is independent of all others, the
heterogeneity is the variance due to the column's interactions. The sum of the heterogeneity and the variance of the average curve
is then the column's total index (Sobol 2001). `share` is the heterogeneity divided by this sum.

A split divides the rows into two regions by the values of another column. The first region contains the rows with values up to a
threshold, with a given level, or with missing values. The second region contains all other rows. The *explained share* of a split
is 1 minus the ratio of the heterogeneity within both regions to the heterogeneity of all rows. The split with the largest
explained share is chosen, as in REPID and GADGET (Herbinger et al. 2022, 2024). To prevent selection bias, the split is chosen on
one half of the rows (or groups of rows), and its explained share is computed on the other half. Because of sampling errors in the
average curves, even a random split is expected to explain a small share. This expected share is subtracted.

A split is *found* if the interval of its explained share lies above a tenth. P-values are adjusted for the number of columns with
a split, to control the false discovery rate at 5% (Benjamini & Hochberg 1995). The intervals control the false coverage rate at
5% (Benjamini & Yekutieli 2005). Standard errors reflect the sampling of rows (or groups of rows), and treat the grid as fixed. If
a split explains nothing, the first-order influence of each row on the explained share is zero. A second-order term is therefore
added to the standard error. Each column has only one split, because evaluating a second split within a region would require
further rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from tabinterp.analyses.clustered_means import NONE, Mean
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn
from tabinterp.analyses.effects.estimator import AUDITED_COLUMNS, AUDITED_CURVES, POINTS, mover, start
from tabinterp.analyses.effects.grids import Grid
from tabinterp.analyses.performance.estimator import FEWEST, groups
from tabinterp.analyses.permutation_importance import ANALYSIS as PERMUTATION_IMPORTANCE
from tabinterp.analyses.slices.estimator import RATE, Group
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.perturbation import RESOLUTION
from tabinterp.stats.estimates import Estimates, effective_df, group_sums
from tabinterp.stats.multiple_testing import benjamini_hochberg
from tabinterp.stats.weights import quantile
from tabinterp.table import Table
from tabinterp.table.folds import dealt
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.rounding import Rounding
from tabinterp.table.suppression import SMALL, BoolArray

ROWS = 1000  # rows whose curves are computed
LEAST = 0.1  # explained share that a split must exceed
INTERACTING = 0.05  # minimum share of a column's variance due to interactions for which a split is searched for
ROWS_OF_A_POINT = 40
UNITS = 50  # minimum rows, or groups of rows, in each half
REGION, OF_ROWS = 50, 0.1  # minimum rows of a region, and minimum share of all rows
PARTS = 20  # A numeric column is split at the quantiles that divide it into this many parts.
BETWEEN = (0.1, 0.9)  # quantiles of a numeric column between which the change in a curve is reported


@dataclass(frozen=True, eq=False)
class Region:
    """The average curve over the rows of one region, for one output.

    Parameters
    ----------
    curve : value of the curve at each grid point (points,); NaN at a point that is nearest to fewer than ten rows of the region.
    change : change in the curve between the two points in `Regions.ends`.
    """

    curve: Estimates
    change: Mean


@dataclass(frozen=True, eq=False)
class Regions:
    """The average curves of both regions of a split, and of all rows.

    Parameters
    ----------
    output : the output with the largest difference between the regions. The curves are for this output.
    values : values of the column at the grid points; None for a missing value.
    ends : indices of the two grid points between which changes are reported. None if fewer than two points have enough rows in
        both regions.
    """

    output: str | None
    values: tuple[Any, ...]
    ends: tuple[int, int] | None
    inside: Region
    outside: Region
    everywhere: Region


@dataclass(frozen=True, eq=False)
class RegionalEffect:
    """The heterogeneity of one column's effect, and the split that explains it best.

    Parameters
    ----------
    heterogeneity : square root of the variance of the centred curves over rows, in units of the score.
    share : share of the column's contribution to the variance of the score that is due to interactions.
    split : condition that defines the first region. None if the curves hardly differ between rows, or if no split has enough rows
        in both regions.
    rows_share : share of the rows that are in the first region, rounded to a tenth.
    explained : share of the heterogeneity that the split explains, with an interval adjusted for the number of columns.
    q : p-value of the hypothesis that the split explains at most a tenth, adjusted for the number of columns.
    regions : average curves of both regions; None if there is no split.
    """

    column: str
    kind: str
    heterogeneity: Mean
    share: Mean
    split: Group | None
    rows_share: float
    explained: Mean
    q: float
    regions: Regions | None

    @property
    def found(self) -> bool:
        """Whether the split explains significantly more than a tenth of the heterogeneity."""
        return bool(self.explained[2] > LEAST)


@dataclass(frozen=True, eq=False)
class RegionalEffects(Display):
    """Regional effects of all columns. Columns for which a split was found come first, followed by all others. Both sets are
    sorted by decreasing heterogeneity.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.heterogeneity", {"network": ("heterogeneity", "heterogeneity_low", "heterogeneity_high")}
    )

    effects: tuple[RegionalEffect, ...]
    rows: int
    seed: int
    least: float = LEAST

    def __getitem__(self, column: str) -> RegionalEffect:
        return next(one for one in self.effects if one.column == column)

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each column."""
        rows = []
        for one in self.effects:
            row: dict[str, object] = {"column": one.column, "found": one.found}
            for name in ("column", "kind", "level", "low", "high"):
                row[f"split_{name}"] = None if one.split is None else getattr(one.split, name)
            row |= {"rows_share": one.rows_share, "q": one.q}
            for name in ("explained", "heterogeneity", "share"):
                names = (name, f"{name}_stderr", f"{name}_low", f"{name}_high")
                row |= dict(zip(names, getattr(one, name), strict=True))
            rows.append(row)
        return pd.DataFrame(rows)


def regional_effects(
    model: Model | BoundModel,
    table: Table,
    *,
    columns: Sequence[str] | None = None,
    rows: int = ROWS,
    seed: int = 0,
) -> RegionalEffects:
    """Find, for each column, the split of the rows that best explains why the column's effect differs between rows.

    Parameters
    ----------
    model : the network. If it has no interactions, all rows have the same centred curve, and no split is found.
    columns : columns to analyse; None analyses all.
    rows : maximum number of rows for which curves are computed. One half is used to choose splits, and the other to evaluate
        them.
    seed : seed for sampling the rows and dividing them into halves.

    Raises
    ------
    NotApplicableError
        If there are fewer than two columns, 200 rows, or 100 groups of rows.

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> x = pd.DataFrame(np.random.default_rng(0).integers(-9, 10, (1000, 2)), columns=["a", "b"])
    >>> table = ti.read_table(x.assign(y=x["a"]), target="y", task="regression", kinds={"a": "numeric", "b": "numeric"})
    >>> model = ti.wrap(lambda rows: (rows["a"] * np.where(rows["b"] > 1, 1, -1)).to_numpy(), task="regression")
    >>> found = regional_effects(model, table, columns=["a"])["a"]
    >>> found.split.column, found.split.kind, found.split.high, round(found.explained[0], 3)
    ('b', 'at_most', 1.0, 1.0)
    """
    bound = bind(model, table)
    if len(bound.columns) < 2:
        raise NotApplicableError(why("regional_effects.one"))
    held = np.flatnonzero(bound.table.row_weights > 0)
    sample = _Sample(bound, held[np.sort(chosen(bound.table.numbers[held], rows, seed))], seed)
    splits = [*sample.splits()]
    points = int(np.clip(len(sample.rows) // ROWS_OF_A_POINT, 2, POINTS))
    plan = start(bound, columns=columns, grid=points, seed=seed)
    read = [
        _read(sample, grid, mover(plan, grid)(sample.rows), splits)
        for grid in plan.grids
        if (grid.counts() >= SMALL).sum() > 1
    ]
    tests = family([measured for _, measured in read])
    made = [replace(one, explained=mean, q=q) for (one, _), (mean, q) in zip(read, tests, strict=True)]
    made.sort(key=lambda one: (not one.found, -one.heterogeneity[0]))
    return RegionalEffects(tuple(made), len(sample.rows), seed)


# ---- rows and splits


class _Sample:
    """Rows for which curves are computed: one half for choosing splits and one half for evaluating them.

    All rows of a group are in the same half.
    """

    def __init__(self, bound: BoundModel, rows: IntArray, seed: int) -> None:
        self.bound, self.rows, self.table = bound, rows, bound.table.take(rows)
        self.weights, self.group = self.table.row_weights, groups(self.table)
        first = dealt(self.table, seed + 8, 2) == 0
        self.halves = first, ~first
        if len(rows) < 4 * REGION or min(len(np.unique(self.group[half])) for half in self.halves) < UNITS:
            raise NotApplicableError(why("regional_effects.few", rows=4 * REGION, groups=2 * UNITS))

    def splits(self) -> Iterator[Group]:
        """Yield the first region of every split in which both regions have enough rows and groups from each half of the rows."""
        seen: set[bytes] = set()
        for name in self.bound.columns:
            for split in self._of(name):
                regions = [half & side for half in self.halves for side in (split.rows, ~split.rows)]
                key = np.packbits(split.rows ^ split.rows[0]).tobytes()  # the same for both regions of a split
                if key not in seen and all(map(self._enough, regions)):
                    seen.add(key)
                    yield split

    def _enough(self, rows: BoolArray) -> bool:
        least = max(REGION, OF_ROWS * len(self.rows)) / 2
        return bool(rows.sum() >= least) and len(np.unique(self.group[rows])) >= FEWEST

    def _of(self, name: str) -> Iterator[Group]:
        values = self.table.frame[name]
        missing = values.isna().to_numpy()
        if self.table.schema[name].kind == "numeric":
            x = self.table.numeric(name)
            known, weights = x[~missing], self.weights[~missing]
            wanted = (quantile(known, i / PARTS, weights) for i in range(1, PARTS)) if len(known) else ()
            for edge in Rounding(known).edges(wanted):
                yield Group(name, "at_most", x <= edge, high=edge)
                yield Group(name, "above", x > edge, low=edge)  # differs from the first split if values are missing
        else:
            for level in pd.unique(values[~missing]):
                is_level = (values == level).to_numpy(dtype=bool, na_value=False)
                yield Group(name, "level", is_level, level=str(level))
        yield Group(name, "missing", missing)


# ---- one column


def _read(
    sample: _Sample, grid: Grid, scores: FloatArray, splits: Sequence[Group]
) -> tuple[RegionalEffect, tuple[float, float, float]]:
    """Return the results for one column, and the explained share of its split before correction for multiple testing.

    `scores` (n, points, outputs) contains the scores of all rows at all grid points. The explained share is returned with its
    standard error and the effective number of groups.
    """
    everyone = np.arange(len(grid.below))
    weights = sample.bound.table.row_weights
    at = grid.centre(weights @ grid.spread(everyone) / weights.sum())[0]
    curves = scores - np.einsum("ngk,g->nk", scores, at)[:, None]
    flat = (curves * np.sqrt(at)[:, None]).reshape(len(curves), -1)
    choosing, measuring = sample.halves
    first, second = ((flat[half], sample.weights[half], sample.group[half]) for half in sample.halves)
    other = [split for split in splits if split.column != grid.column.name]
    least = RESOLUTION * float(np.abs(sample.bound.scores).max())
    split: Group | None = None
    regions: Regions | None = None
    measured: tuple[float, float, float] = (np.nan, np.nan, 0.0)
    size, share = shares(*second)
    if not size[0] > least:  # The column is not used, or differences between curves are only rounding errors.
        size, share = (0.0, *NONE[1:]), (0.0, *NONE[1:])
    elif other and shares(*first)[1][0] >= INTERACTING:
        masks = np.stack([one.rows for one in other])
        split = other[int(np.argmax(explained_by(*first[:2], masks[:, choosing])))]
        measured = explained(*second, split.rows[measuring])
        regions = _regions(sample, grid, curves, at, split)
    return RegionalEffect(
        column=grid.column.name,
        kind=grid.column.kind,
        heterogeneity=size,
        share=share,
        split=split,
        rows_share=np.nan if split is None else round(float(split.rows.mean()), 1),
        explained=NONE,
        q=np.nan,
        regions=regions,
    ), measured


def shares(curves: FloatArray, weights: FloatArray, group: IntArray) -> tuple[Mean, Mean]:
    """Return the square root of the heterogeneity of curves (n, p), and the share of their variance due to interactions.

    The heterogeneity is the variance over rows, summed over points. The interval of its square root is computed on the
    logarithmic scale, because the distribution of a variance is skewed. The share is the heterogeneity divided by the mean over
    rows of each curve's sum of squares.

    >>> curves = np.array([[1.0], [-1.0], [3.0], [1.0]] * 25)
    >>> [round(one[0], 3) for one in shares(curves, np.ones(100), np.arange(100))]
    [1.421, 0.673]
    """
    around = _Scatter.of(curves, weights, group, np.ones(len(curves), dtype=bool))
    total, unit = (curves**2).sum(axis=1), weights / weights.sum()
    inside, whole = float(unit @ around.distances), float(unit @ total)
    value = inside + around.error
    moved = unit * (around.distances - inside)
    error, reach, _ = _spread(moved / value, group, unit)
    size, part = float(np.sqrt(value)), min(value / whole, 1.0)
    others, beyond, _ = _spread((moved - part * unit * (total - whole)) / whole, group, unit, around.error / whole)
    ends = size * np.exp(np.array([-1, 1]) * reach / 2)
    return (
        (size, float(size * error / 2), float(ends[0]), float(ends[1])),
        (part, float(others), max(0.0, part - float(beyond)), min(1.0, part + float(beyond))),
    )


def explained_by(curves: FloatArray, weights: FloatArray, regions: BoolArray) -> FloatArray:
    """Return, for each split (splits,), the share of the variance of curves (n, p) that lies between its two regions.

    `regions` (splits, n) is a mask of the rows in the first region of each split.
    """
    around = curves - np.average(curves, axis=0, weights=weights)
    own = regions * weights
    inside, size = own @ around, own.sum(axis=1)
    between = (inside**2).sum(axis=1) * (1 / size + 1 / (weights.sum() - size))
    return np.asarray(between / (weights @ (around**2).sum(axis=1)))


def explained(
    curves: FloatArray, weights: FloatArray, group: IntArray, region: BoolArray
) -> tuple[float, float, float]:
    """Return the explained share of a split (as defined in this module) for curves (n, p).

    `region` (n,) is a mask of the rows in the first region. The share is returned with its standard error and the effective
    number of groups. In a random split, the average curves of the regions differ only by sampling error. The share b that is
    expected from sampling error is subtracted. The standard error of b is at most sqrt(2) b, as for a chi-squared variable with
    one degree of freedom, and this upper limit is used.
    """
    everyone, unit = np.ones(len(curves), dtype=bool), weights / weights.sum()
    whole, *parts = (_Scatter.of(curves, weights, group, rows) for rows in (everyone, region, ~region))
    within = parts[0].distances + parts[1].distances
    errors = sum(float(unit @ rows) * one.error for rows, one in zip((region, ~region), parts, strict=True))
    total = float(unit @ whole.distances) + whole.error
    left = (float(unit @ within) + errors) / total
    moved = unit * (within - unit @ within - left * (whole.distances - unit @ whole.distances)) / total
    error, _, count = _spread(moved, group, unit, (errors - whole.error) / total)
    return 1 - left, float(error), count


def family(found: Sequence[tuple[float, float, float]]) -> list[tuple[Mean, float]]:
    """Return intervals and p-values of explained shares, corrected for multiple testing.

    `found` contains each share with its standard error and the effective number of groups. The uncorrected p-value is twice the
    one-sided p-value of the hypothesis that the share is at most `LEAST`. The corrected p-value is at most 5% if and only if the
    interval lies above `LEAST`.
    """
    value, error, count = np.array(found, dtype=np.float64).reshape(-1, 3).T
    df = np.maximum(count - 1, 1)
    q = benjamini_hochberg(np.minimum(1.0, 2 * stats.t.sf((value - LEAST) / error, df)))
    level = RATE * max(1, int(np.sum(q <= RATE))) / max(1, int(np.sum(~np.isnan(q))))
    reach = stats.t.ppf(1 - level / 2, df) * error
    low, high = value - reach, np.minimum(value + reach, 1.0)
    return [
        ((float(a), float(b), float(c), float(d)), float(e))
        for a, b, c, d, e in zip(value, error, low, high, q, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Scatter:
    """Scatter of the curves in a subset of n rows.

    `distances` (n,) contains each curve's squared distance from the mean curve of the subset, and 0 for rows outside the subset.
    `error` is the squared standard error of the mean curve, summed over points.
    """

    distances: FloatArray
    error: float

    @classmethod
    def of(cls, curves: FloatArray, weights: FloatArray, group: IntArray, rows: BoolArray) -> _Scatter:
        unit = weights * rows / weights[rows].sum()
        around = (curves - unit @ curves) * rows[:, None]
        sums = group_sums((unit[:, None] * around)[rows], group[rows])
        return cls((around**2).sum(axis=1), float((sums**2).sum()) * len(sums) / (len(sums) - 1))


def _spread(
    moved: FloatArray, group: IntArray, unit: FloatArray, by_chance: float = 0.0
) -> tuple[FloatArray, FloatArray, float]:
    """Return standard errors, half widths of 95% intervals, and the effective number of groups.

    `moved` (n, ...) contains influence-function values, and `unit` (n,) each row's share of the total weight. The standard errors
    approximate those of the jackknife over groups: leaving out a group with a share h of the weight changes a mean by the group's
    influence divided by 1 - h. A few groups can dominate the estimate, particularly of a variance. The degrees of freedom are
    therefore reduced if the influences of a few groups are large. `by_chance` is the bias due to sampling error, which has
    already been subtracted from the estimate. The standard errors also include the standard error of this bias, which is sqrt(2)
    times `by_chance`.
    """
    sums, share = group_sums(moved, group), group_sums(unit, group)
    count = 1 / float(share @ share)
    sums = sums / (1 - share).reshape(-1, *[1] * (moved.ndim - 1))
    error = np.hypot(np.sqrt((sums**2).sum(axis=0) * (len(sums) - 1) / len(sums)), np.sqrt(2) * by_chance)
    df = np.minimum(count - 1, effective_df(sums, len(sums)))
    return error, np.asarray(stats.t.ppf(0.975, df) * error), count


# ---- average curves


def _regions(sample: _Sample, grid: Grid, curves: FloatArray, at: FloatArray, split: Group) -> Regions:
    """Return the average curves of both regions, computed on the half of the rows that is used to evaluate splits.

    The output, and the points between which changes are reported, are selected on the half that is used to choose splits.
    """
    choosing, measuring = sample.halves
    w = sample.weights
    sides = (split.rows, ~split.rows)
    apart = np.subtract(*(np.average(curves[rows & choosing], axis=0, weights=w[rows & choosing]) for rows in sides))
    k = int((at @ apart**2).argmax())
    near = grid.nearest[sample.rows]
    told = [np.bincount(near[rows & (near >= 0)], minlength=len(grid)) >= SMALL for rows in (*sides, near >= 0)]
    both = np.flatnonzero((told[0] & told[1])[: grid.points])
    ends = None
    if len(both) > 1:
        below, gap = (np.cumsum(at) - at / 2)[both], apart[both, k]
        numeric = grid.column.kind == "numeric"
        places = [np.abs(below - q).argmin() for q in BETWEEN] if numeric else [gap.argmin(), gap.argmax()]
        first, last = sorted(int(both[place]) for place in places)
        ends = (first, last) if first < last else None
    made = [
        _region(curves[rows, :, k], w[rows] / w[rows].sum(), sample.group[rows], shown, ends)
        for rows, shown in zip((*(side & measuring for side in sides), measuring), told, strict=True)
    ]
    return Regions(sample.bound.outputs[k], grid.values, ends, *made)


def _region(
    curves: FloatArray, unit: FloatArray, group: IntArray, shown: BoolArray, ends: tuple[int, int] | None
) -> Region:
    value = unit @ curves
    around = curves - value
    error, reach, _ = _spread(unit[:, None] * around, group, unit)
    found = np.where(shown, np.stack([value, error, value - reach, value + reach]), np.nan)
    change = NONE
    if ends is not None:
        rise = float(value[ends[1]] - value[ends[0]])
        error, reach, _ = _spread(unit * (around[:, ends[1]] - around[:, ends[0]]), group, unit)
        change = (rise, float(error), float(rise - reach), float(rise + reach))
    return Region(Estimates(*found), change)


def run(context: Context) -> RegionalEffects:
    """Compute regional effects of the columns that are most important to the network."""
    importance = context[PERMUTATION_IMPORTANCE]
    if importance is None:
        raise NotApplicableError(why("they are drawn for the columns that matter most, which were not found"))
    local = context.network.is_local(context.network.columns)  # If not, every change encodes whole rows again.
    rows = context.subsample if local else context.gradient_subsample
    if context.name in context.limited and len(rows) < 4 * REGION:
        raise NotApplicableError(why("budget.rows", least=4 * REGION))
    network = context.network.take(rows)
    most = max(1, min(AUDITED_COLUMNS, AUDITED_CURVES // len(network.outputs)))
    columns = [importance[0].players[j] for j in np.argsort(-importance[0].importance, kind="stable")[:most]]
    return regional_effects(network, network.table, columns=columns, seed=context.seed)
