"""Correlations of every hidden unit with every original input column.

There are four measures. Pearson and Spearman correlations are computed for numeric columns, and the correlation ratio eta for
categorical columns (Kruskal & Wallis 1952). Distance correlation (Székely, Rizzo & Bakirov 2007) is computed for all columns, on
a random sample of at most 2,000 rows. If the distance correlation is far above the absolute value of the rank correlation, the
unit is probably not monotone in the column. The p-values of each measure are adjusted for the number of units and columns
(Benjamini & Hochberg 1995).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tabinterp.analyses.base import Stream
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display
from tabinterp.analyses.plot_specs import Heat
from tabinterp.analyses.settings import AuditSettings
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.messages import text
from tabinterp.models import Block, BoundModel, Model, bind
from tabinterp.stats import association as assoc
from tabinterp.stats.multiple_testing import benjamini_hochberg
from tabinterp.stats.weights import unit
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen

DISTANCE_ROWS = 2000
FAR = 30  # A unit's mean is subtracted if its absolute value exceeds this many standard deviations.
CELLS = 2**22  # maximum of units times levels for which sums are kept for each batch of rows


@dataclass(frozen=True, eq=False)
class NeuronCorrelations(Display):
    """Correlations of hidden units with columns, as arrays (units, columns) in the column order of the table.

    A measure that does not apply to a column is NaN. `ratio` and `distance` are between 0 and 1; the other measures are between
    -1 and 1. `q_*` are adjusted p-values. `rows` is the number of rows used for `pearson`, `ratio`, means and standard
    deviations. `rows_ranks` is the number of rows used for `spearman`, and `rows_distance` the number used for `distance`.
    """

    layer: tuple[str, ...]
    index: tuple[int, ...]
    columns: tuple[str, ...]
    pearson: FloatArray
    spearman: FloatArray
    ratio: FloatArray
    distance: FloatArray
    q_pearson: FloatArray
    q_spearman: FloatArray
    q_ratio: FloatArray
    q_distance: FloatArray
    active: FloatArray
    mean: FloatArray
    sd: FloatArray
    rows: int
    rows_ranks: int
    rows_distance: int
    seed: int

    def picture(self, output: str | None) -> Heat:
        """Return a heat map of the correlations between hidden units and columns.

        It shows Spearman's correlation for numeric columns and the correlation ratio, which has no sign, for categorical columns.
        """
        rows = [
            text("plot.label.unit", {"layer": one, "unit": i}) for one, i in zip(self.layer, self.index, strict=True)
        ]
        values = np.where(np.isnan(self.spearman), self.ratio, self.spearman)
        return Heat(tuple(rows), self.columns, values, text("plot.axis.correlation"))

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each unit and column."""
        u, c = len(self.layer), len(self.columns)
        names = ("pearson", "spearman", "ratio", "distance", "q_pearson", "q_spearman", "q_ratio", "q_distance")
        return pd.DataFrame(
            {
                "layer": np.repeat(np.array(self.layer, dtype=object), c),
                "unit": np.repeat(np.array(self.index, dtype=np.int64), c),
                "column": list(self.columns) * u,
                **{name: getattr(self, name).ravel() for name in names},
            }
        )


def neuron_correlations(model: Model | BoundModel, table: Table, *, seed: int = 0) -> NeuronCorrelations:
    """Compute the correlation of every hidden unit with every input column, on all rows of `table`.

    If rows have weights, correlations are weighted, and p-values use Kish's effective sample size instead of the number of rows.

    Raises
    ------
    NotApplicableError
        If the model has no hidden units because it is linear, or if its hidden units cannot be found.
    """
    return _correlations(bind(model, table), seed)


def _correlations(bound: BoundModel, seed: int, moments: assoc.Association | None = None) -> NeuronCorrelations:
    """Compute correlations on the rows of a bound model.

    If `moments` (sums over all rows) is given, it is used instead of the rows for Pearson correlations, correlation ratios, means
    and standard deviations.
    """
    table = bound.table
    if table.weights is not None and not (table.weights > 0).all():  # rows of weight 0 carry no information
        bound = bound.take(table.weights > 0)
        table = bound.table
    layers = bound.activations()
    if not layers:
        raise NotApplicableError(why("units", model=bound.model.name))
    plan = _plan(bound, layers)
    units = np.concatenate(list(layers.values()), axis=1)
    read = _Read.of(plan, table)
    weights = unit(table.weights, len(table))
    if moments is None:
        moments = assoc.finish(assoc.update(plan.moments, units, read.numbers, read.codes, weights))
    ranks = assoc.spearman(units, read.numbers, weights)
    rows = chosen(table.numbers, DISTANCE_ROWS, seed)
    columns = [*read.numbers[rows].T, *read.codes[rows].T]
    distance = assoc.distance_correlation(units[rows], columns, unit(weights[rows], len(rows)))
    place = plan.place
    return NeuronCorrelations(
        layer=tuple(name for name, value in layers.items() for _ in range(value.shape[1])),
        index=tuple(i for value in layers.values() for i in range(value.shape[1])),
        columns=bound.columns,
        **_of_moments(place, moments),
        spearman=place.numeric(ranks.spearman),
        distance=place.both(distance.distance),
        q_spearman=place.numeric(benjamini_hochberg(ranks.p)),
        q_distance=place.both(benjamini_hochberg(distance.p_chi_square)),
        rows_ranks=len(table),
        rows_distance=len(rows),
        seed=seed,
    )


def _of_moments(place: _Place, found: assoc.Association) -> dict[str, Any]:
    """Return the fields of `NeuronCorrelations` that can be computed from sums over rows."""
    return {
        "pearson": place.numeric(found.pearson),
        "ratio": place.discrete(found.ratio),
        "q_pearson": place.numeric(benjamini_hochberg(found.pearson_p)),
        "q_ratio": place.discrete(benjamini_hochberg(found.ratio_p)),
        "active": found.active,
        "mean": found.mean,
        "sd": found.sd,
        "rows": found.rows,
    }


# ---- sums over rows


@dataclass(frozen=True, eq=False)
class Plan:
    """Data needed before sums over all rows can be accumulated: integer codes of the levels, and the initial sums, all zero."""

    place: _Place
    levels: tuple[dict[Any, int], ...]
    moments: assoc.Moments


def start(network: BoundModel, linear: BoundModel, settings: AuditSettings) -> Plan | None:
    """Prepare sums over rows. Return None if there are no hidden units, or too many combinations of levels and units."""
    layers = network.activations()
    plan = _plan(network, layers) if layers else None
    return None if plan is None or plan.moments.level.size > CELLS else plan


def _plan(bound: BoundModel, layers: dict[str, FloatArray]) -> Plan:
    schema, weights = bound.table.schema, bound.table.row_weights
    numeric = [c for c in bound.columns if schema[c].kind == "numeric"]
    discrete = [c for c in bound.columns if c not in numeric]
    levels = tuple({level: code for code, level in enumerate(schema[c].levels)} for c in discrete)
    numbers = _numbers(bound.table, numeric)
    known = ~np.isnan(numbers) * weights[:, None]
    centre = np.concatenate([_centre(values, weights) for values in layers.values()])
    middle = (known * np.nan_to_num(numbers)).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), 1.0)
    moments = assoc.start(centre, middle, [len(one) for one in levels])
    return Plan(_Place(bound.columns, numeric, discrete, len(centre)), levels, moments)


def _centre(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the mean of each unit (h,) if it is large compared with the unit's standard deviation, and otherwise 0.

    The result is subtracted from the unit's values before summation to avoid a loss of precision.
    """
    mean = weights @ values / weights.sum()
    spread = weights @ (values - mean) ** 2 / weights.sum()
    return np.where(mean**2 > FAR**2 * spread, mean, 0.0)


def update(plan: Plan, network: BoundModel, linear: BoundModel) -> Callable[[Block], assoc.Moments]:
    """Return a function that computes moments of units and columns over one block of rows."""
    read, weights = _Read.of(plan, network.table), network.table.weights

    def of_block(block: Block) -> assoc.Moments:
        units, rows, w = block.units, block.rows, None if weights is None else weights[block.rows]
        numbers, codes = read.numbers[rows], read.codes[rows]
        if w is not None and not (some := w > 0).all():
            units, w = tuple(one[some] for one in units), w[some]
            numbers, codes = numbers[some], codes[some]
        return assoc.update(plan.moments, units, numbers, codes, w)

    return of_block


def finish(context: Context, plan: Plan, moments: assoc.Moments) -> NeuronCorrelations:
    """Return all correlations. Rank and distance correlations are computed on a sample of rows, the others from moments over all
    rows.
    """
    return _correlations(context.network.take(context.subsample), context.seed, assoc.finish(moments))


STREAM = Stream(start, update, assoc.merge, finish, of="units")


@dataclass(frozen=True, eq=False)
class _Read:
    """Values of numeric columns (n, p), with NaN for missing values, and codes of levels (n, q), with -1 for missing values."""

    numbers: FloatArray
    codes: IntArray

    @classmethod
    def of(cls, plan: Plan, table: Table) -> _Read:
        codes = np.empty((len(table), len(plan.levels)), dtype=np.int64)
        for j, (name, levels) in enumerate(zip(plan.place.categories, plan.levels, strict=True)):
            places, seen = table.frame[name].factorize()
            codes[:, j] = np.array([*map(levels.__getitem__, seen), -1])[places]  # index -1: missing
        return cls(_numbers(table, plan.place.numbers), codes)


def _numbers(table: Table, columns: list[str]) -> FloatArray:
    return table.frame[columns].to_numpy(dtype=np.float64, na_value=np.nan)


@dataclass(frozen=True)
class _Place:
    """Names of numeric and categorical columns, with methods that arrange results in the column order of the table."""

    columns: tuple[str, ...]
    numbers: list[str]
    categories: list[str]
    units: int

    def _put(self, values: FloatArray, names: list[str]) -> FloatArray:
        result = np.full((self.units, len(self.columns)), np.nan)
        result[:, [self.columns.index(name) for name in names]] = values
        return result

    def numeric(self, values: FloatArray) -> FloatArray:
        return self._put(values, self.numbers)

    def discrete(self, values: FloatArray) -> FloatArray:
        return self._put(values, self.categories)

    def both(self, values: FloatArray) -> FloatArray:
        return self._put(values, [*self.numbers, *self.categories])


def run(context: Context) -> NeuronCorrelations:
    """Compute the correlations of the audited network's hidden units with its columns."""
    network = context.network.take(context.subsample)
    return neuron_correlations(network, network.table, seed=context.seed)
