"""Predictive power of single columns on training and held-out rows, and the gain from adding a column to all others.

The power of a single column is the AUC or R2 of a simple prediction: the mean target in the row's cell. A cell is a level of the
column or a bin of values. The means of cells with few rows are shrunk toward the overall mean. For a numeric column and a numeric
target, a regression line is used instead if it predicts better. On training rows, power is cross-fitted: no row is predicted by a
cell mean that includes the row. Without cross-fitting, the power of a column with many rare levels would be too high. The gain
from a column is measured by fitting gradient-boosted trees (scikit-learn) with and without the column.

AUC is computed for classes with enough events among the training rows and among the held-out rows, with standard errors as in
DeLong et al. (1988). For each column, the difference in power between training and held-out rows is tested. The p-values are
adjusted for the number of columns tested (Benjamini & Hochberg 1995).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import Message
from tabinterp.stats.discrimination import Power, as_interval, measure, over_folds
from tabinterp.stats.estimates import FEWEST_GROUPS, group_sums
from tabinterp.stats.multiple_testing import benjamini_hochberg
from tabinterp.stats.small_trees import few_trees, in_bins, unless_equal
from tabinterp.stats.weights import effective
from tabinterp.table import Table
from tabinterp.table.class_counts import EVENTS, Side, enough, events, too_few_events
from tabinterp.table.folds import dealt, folds
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.split import BoolArray
from tabinterp.table.suppression import SMALL

from .bins import Cells, as_number, cells, known_in

FOLDS = 5
PRIOR = 10.0  # number of rows that the overall mean counts for when the mean of a cell is shrunk
CELLS, CELL_ROWS = 64, 30
BOOSTED_ROWS, BOOSTED = 4000, 2  # maximum number of rows to fit and to evaluate on; number of columns left out in turn
TREES, LEAVES = 40, 8
FEWEST = 30  # minimum number of rows on each side of the split
Estimate = tuple[float, float, float, float]
NONE: Estimate = (np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class ColumnPower:
    """The AUC or R2 of a single column on training rows (cross-fitted) and on held-out rows.

    `fall` is the value on training rows minus the value on held-out rows. `fall_q` is the two-sided p-value of the fall, adjusted
    for the number of columns tested (Benjamini-Hochberg). `correlation` is the correlation of a numeric column with the target
    (two classes are coded 0 and 1), with its p-value and adjusted p-value `q`.
    """

    column: str
    training: Estimate
    held_out: Estimate
    fall: Estimate
    fall_q: float
    correlation: float
    p: float
    q: float


@dataclass(frozen=True)
class Beyond:
    """AUC or R2 of trees fitted with all input columns and of trees fitted without one column, and the paired difference."""

    column: str
    every: Estimate
    without: Estimate
    gain: Estimate


def outcomes_of(table: Table) -> FloatArray:
    """Return the outcomes (n, k): one indicator for two classes, one for each of several classes, or the numeric target."""
    codes, k = table.codes, len(table.schema.classes)
    if codes is None:
        return table.y[:, None].astype(np.float64)
    return np.eye(k)[codes] if k > 2 else (codes == k - 1).astype(np.float64)[:, None]


def column_power(table: Table, seed: int) -> tuple[ColumnPower, ...]:
    """Return the predictive power of every input column. The result is empty if there are too few rows or training events."""
    y, w, classes = outcomes_of(table), table.row_weights, table.schema.goal.classes
    training = np.ones(len(table), dtype=bool) if table.held_out is None else ~table.held_out
    fold = folds(table, seed, FOLDS)
    if min(training.sum(), len(table) if table.held_out is None else table.held_out.sum()) < FEWEST:
        return ()
    told, outside = _classes_told(table, training)
    if not told.any():
        return ()
    most = int(np.clip(training.sum() // CELL_ROWS, 2, CELLS))
    found = []
    for name in table.schema.inputs:
        parts = cells(table, name, training, most)
        line = table.numeric(name) if table.schema[name].kind == "numeric" and not classes else None
        first, second = _alone(parts, line, y, w, told if classes else None, training, fold, table.groups)
        varies = tuple(_varies(table, name, side) for side in (training, ~training))
        correlation = _correlation(table, name, y, w) if all(varies) else (np.nan, np.nan)
        found.append((name, *_estimates(first, second if outside else None, varies), *correlation))
    q, fall_q = (benjamini_hochberg(np.array([one[place] for one in found])) for place in (-1, 4))
    return tuple(
        ColumnPower(name, first, second, fall, float(fell), r, p, float(at))
        for (name, first, second, fall, _, r, p), at, fell in zip(found, q, fall_q, strict=True)
    )


def power_withheld(table: Table) -> Message | None:
    """Return the reason why predictive power on held-out rows is withheld, or None if it is not withheld.

    If the table has no split, the power on all rows is considered instead.
    """
    if table.held_out is None:
        sides: list[tuple[BoolArray, Side]] = [(np.ones(len(table), dtype=bool), "all")]
    else:
        sides = [(table.held_out, "held_out"), (~table.held_out, "training")]
    for rows, side in sides:
        if (reason := too_few_events(table.take(rows), side)) is not None:
            return reason
    return None


def _classes_told(table: Table, training: BoolArray) -> tuple[BoolArray, bool]:
    """Return a mask (k,) of the classes with enough training and held-out events, and whether there is any such class.

    If there is no such class, the mask marks the classes with enough events among the training rows.
    """
    if not table.schema.goal.classes:
        sides = (
            [True]
            if table.schema.task == "regression"
            else [bool(events(table, rows)[1] >= EVENTS) for rows in (training, ~training)]
        )
        return np.array(sides[:1]), all(sides)
    inside, outside = (enough(table, rows) for rows in (training, ~training))
    both = inside & outside
    told = both if both.any() else inside
    return (told if len(told) > 2 else told[1:]), bool(both.any())


def _varies(table: Table, name: str, rows: BoolArray) -> bool:
    """Return whether the power of a column may be shown without revealing the outcomes of a few rows.

    The number of rows with a value other than the most frequent one must be zero or at least ten.
    """
    counts = table.frame.loc[rows, name].value_counts(dropna=False)
    return not 0 < int(counts.sum()) - int(counts.max() if len(counts) else 0) < SMALL


def _estimates(
    inside: Power, outside: Power | None, varies: tuple[bool, ...]
) -> tuple[Estimate, Estimate, Estimate, float]:
    """Return the power on training rows, the power on held-out rows, and the fall between them with its two-sided p-value."""
    first, second = inside.estimate() if varies[0] else NONE, NONE
    if outside is None or not varies[1]:
        return first, second, NONE, np.nan
    df = min(inside.df, outside.df)
    error = float(np.hypot(inside.stderr, outside.stderr))
    fall = as_interval(inside.value - outside.value, error, df)
    p = float(2 * stats.t.sf(abs(fall[0]) / error, df)) if error > 0 else np.nan
    return (first, outside.estimate(), fall, p) if varies[0] else (first, outside.estimate(), NONE, np.nan)


def _alone(
    parts: Cells,
    line: FloatArray | None,
    y: FloatArray,
    w: FloatArray,
    told: BoolArray | None,
    training: BoolArray,
    fold: IntArray,
    groups: IntArray | None,
) -> tuple[Power, Power | None]:
    """Return the power of one column on training rows and on held-out rows.

    `told` (k,) marks the classes to measure; it is None if the target is a number or a count. Without held-out rows, the second
    result is None.
    """

    def measured(guess: FloatArray, rows: BoolArray) -> Power:
        kept = slice(None) if told is None else told
        own = None if groups is None else groups[rows]
        return measure(guess[rows][:, kept], y[rows][:, kept], told is not None, w[rows], own)

    def inside(guess: FloatArray) -> Power:
        folds = [training & (fold == k) for k in range(FOLDS)]
        return over_folds([measured(guess, rows) for rows in folds if rows.any()])

    guess = _means(parts, y, w, training, fold)
    found = inside(guess)
    straight = None if line is None else _line(line, y[:, 0], w, training)
    if straight is not None and (other := inside(straight)).value > found.value:
        guess, found = straight, other
    return found, None if training.all() else measured(guess, ~training)


def _means(parts: Cells, y: FloatArray, w: FloatArray, training: BoolArray, fold: IntArray) -> FloatArray:
    """Return, for each row, the smoothed mean outcome (n, k) of the training rows in the same cell.

    For a training row, the mean leaves out the row's own fold. All means are shrunk toward the same overall mean, because an
    overall mean that left out the row's own fold would be negatively correlated with the row's outcome.
    """
    at, size = parts.codes * FOLDS + fold, parts.size * FOLDS
    mass = np.bincount(at[training], w[training], size).reshape(-1, FOLDS)
    result, prior = np.empty_like(y), PRIOR * float(w[training].mean())
    for k in range(y.shape[1]):
        sums = np.bincount(at[training], (w * y[:, k])[training], size).reshape(-1, FOLDS)
        grand = sums.sum() / mass.sum()
        rest_sums, rest_mass = (v.sum(axis=1)[:, None] - v for v in (sums, mass))
        inside = (rest_sums + prior * grand) / (rest_mass + prior)
        outside = (sums.sum(axis=1) + prior * grand) / (mass.sum(axis=1) + prior)
        result[:, k] = np.where(training, inside[parts.codes, fold], outside[parts.codes])
    return result


def _line(x: FloatArray, y: FloatArray, w: FloatArray, training: BoolArray) -> FloatArray | None:
    """Return predictions (n, 1) by linear regression on the column, or None if the column is constant or has too few values."""
    known = training & ~np.isnan(x)
    if known.sum() < FEWEST:
        return None
    mean_x, mean_y = (np.average(v[known], weights=w[known]) for v in (x, y))
    spread = np.average((x[known] - mean_x) ** 2, weights=w[known])
    if not spread > 0:
        return None
    slope = np.average((x[known] - mean_x) * (y[known] - mean_y), weights=w[known]) / spread
    return np.where(np.isnan(x), mean_y, mean_y + slope * (x - mean_x))[:, None]


def _correlation(table: Table, name: str, y: FloatArray, w: FloatArray) -> tuple[float, float]:
    """Return Pearson's correlation with the target, and its p-value based on the effective number of rows.

    Both are NaN if the column is not numeric or the target has more than two classes. If rows come in groups, the p-value refers
    to the slope of a regression of the target on the column, with its standard error clustered by group.
    """
    if table.schema[name].kind != "numeric" or y.shape[1] > 1:
        return np.nan, np.nan
    x = table.numeric(name)
    known = ~np.isnan(x) & (w > 0)
    n = effective(w[known]) if known.sum() > 2 else 0.0
    a, b = (v[known] - np.average(v[known], weights=w[known]) for v in (x, y[:, 0])) if n > 2 else (x[:0], x[:0])
    size = float(np.sqrt((w[known] * a * a).sum() * (w[known] * b * b).sum())) if n > 2 else 0.0
    if not size > 0:
        return np.nan, np.nan
    r = float(np.clip((w[known] * a * b).sum() / size, -1, 1))
    if table.groups is not None:
        slope, square = float((w[known] * a * b).sum()), float((w[known] * a * a).sum())
        sums = group_sums(w[known] * a * (b - slope / square * a), table.groups[known])
        error = float(np.sqrt((sums**2).sum() * len(sums) / max(1, len(sums) - 1)))
        few = len(sums) < FEWEST_GROUPS or not error > 0
        return r, np.nan if few else float(2 * stats.t.sf(abs(slope / error), len(sums) - 1))
    t = r * np.sqrt((n - 2) / max(1e-300, 1 - r * r))
    return r, float(2 * stats.t.sf(abs(t), n - 2))


# ---- what a column adds to the others


def beyond_others(table: Table, columns: Sequence[str], seed: int) -> tuple[Beyond, ...]:
    """Return the gain in predictive power when each of `columns` is added to all other input columns.

    Trees are fitted to the training rows and evaluated on the held-out rows. Without a split, they are fitted to one half of the
    rows and evaluated on the other half.
    """
    names = list(table.schema.inputs)
    fit, scored = _halves(table, seed)
    if len(names) < 2 or min(len(fit), len(scored)) < FEWEST or not columns:
        return ()
    if any(too_few_events(table.take(rows), "all") for rows in (fit, scored)):
        return ()
    x = np.column_stack([as_number(table, name) for name in names])
    every = _boosted(table, x, fit, scored, seed)
    found = []
    for column in columns:
        rest = _boosted(table, x[:, [name != column for name in names]], fit, scored, seed)
        found.append(Beyond(column, every.estimate(), rest.estimate(), (every - rest).estimate()))
    return tuple(found)


def _halves(table: Table, seed: int) -> tuple[IntArray, IntArray]:
    scored_part = dealt(table, seed, 2) == 1 if table.held_out is None else table.held_out
    parts = [np.flatnonzero(rows) for rows in (~scored_part, scored_part)]
    fit, scored = (rows[chosen(table.numbers[rows], BOOSTED_ROWS, seed)] for rows in parts)
    return fit, scored


def _boosted(table: Table, x: FloatArray, fit: IntArray, scored: IntArray, seed: int) -> Power:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor  # noqa: PLC0415

    classes, y, w = table.schema.goal.classes, outcomes_of(table), table.row_weights
    weights = unless_equal(w[fit])
    x = in_bins(known_in(x, fit), fit, weights)
    settings, groups = few_trees(TREES, LEAVES, seed), None if table.groups is None else table.groups[scored]
    if not classes:
        made = HistGradientBoostingRegressor(**settings).fit(x[fit], table.y[fit], weights)
        return measure(made.predict(x[scored])[:, None], y[scored], False, w[scored], groups)
    codes = table.y.astype(np.int64)
    if len(np.unique(codes[fit])) < 2:
        return Power(np.nan, np.full(len(scored), np.nan), groups)
    model = HistGradientBoostingClassifier(**settings).fit(x[fit], codes[fit], weights)
    p = np.zeros((len(scored), len(table.schema.classes)))
    p[:, model.classes_] = model.predict_proba(x[scored])
    return measure(p if y.shape[1] > 1 else p[:, -1:], y[scored], True, w[scored], groups)
