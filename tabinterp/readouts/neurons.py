"""Which original columns does each hidden unit go with? Correlations of every unit with every input column.

Pearson and Spearman for numbers, the correlation ratio for categories (Kruskal & Wallis 1952 call it eta), distance
correlation for both (Székely, Rizzo & Bakirov 2007) on at most 2,000 seeded rows: a unit whose distance correlation is
far above its rank correlation is not monotone in the column. p values are corrected over all units and columns of a
measure (Benjamini & Hochberg 1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import NotApplicableError
from ..messages import text
from ..models import Bound, Model, bind
from ..sentence import why
from ..table import Table
from ..table.draws import FloatArray, IntArray, chosen
from . import association as assoc
from .display import Display
from .pictures import Heat
from .pvalues import benjamini_hochberg
from .weights import unit

DISTANCE_ROWS = 2000


@dataclass(frozen=True, eq=False)
class NeuronCorrelations(Display):
    """Arrays (units, columns) in the table's order of columns; NaN where a measure does not apply.

    `q_*` are adjusted p values. `ratio` lies in [0, 1], `distance` in [0, 1], the others in [-1, 1].
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
    rows_distance: int
    seed: int

    def picture(self, output: str | None) -> Heat:
        """Units by columns: Spearman's correlation with a number, the correlation ratio of a category, which has no sign."""
        rows = [
            text("plot.label.unit", {"layer": one, "unit": i}) for one, i in zip(self.layer, self.index, strict=True)
        ]
        values = np.where(np.isnan(self.spearman), self.ratio, self.spearman)
        return Heat(tuple(rows), self.columns, values, text("plot.axis.correlation"))

    def frame(self) -> pd.DataFrame:
        """One row for each unit and column."""
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


def neuron_correlations(model: Model | Bound, table: Table, *, seed: int = 0) -> NeuronCorrelations:
    """Correlate every hidden unit with every input column, on all rows of `table`, by their weight.

    With weights, p values take Kish's effective sample size for the number of rows.

    Raises
    ------
    NotApplicableError
        when the model has no hidden unit (it is linear), or its hidden units cannot be found.
    """
    bound = bind(model, table)
    if table.weights is not None and not (table.weights > 0).all():  # rows of weight 0 say nothing
        bound = bound.take(table.weights > 0)
        table = bound.table
    layers = bound.activations()
    if not layers:
        raise NotApplicableError(why("units", model=bound.model.name))
    units = np.concatenate(list(layers.values()), axis=1)
    numeric = [c for c in bound.columns if table.schema[c].kind == "numeric"]
    discrete = [c for c in bound.columns if c not in numeric]
    numbers = table.inputs[numeric].to_numpy(dtype=np.float64, na_value=np.nan)
    codes, levels = _codes(table, discrete)
    weights = unit(table.weights, len(table))
    moments = assoc.finish(
        assoc.update(assoc.start(units.shape[1], len(numeric), levels), units, numbers, codes, weights)
    )
    ranks = assoc.spearman(units, numbers, weights)
    rows = chosen(table.numbers, DISTANCE_ROWS, seed)
    columns = [*numbers[rows].T, *codes[rows].T]
    distance = assoc.distance_correlation(units[rows], columns, unit(weights[rows], len(rows)))
    place = _Place(bound.columns, numeric, discrete, units.shape[1])
    return NeuronCorrelations(
        layer=tuple(name for name, value in layers.items() for _ in range(value.shape[1])),
        index=tuple(i for value in layers.values() for i in range(value.shape[1])),
        columns=bound.columns,
        pearson=place.numeric(moments.pearson),
        spearman=place.numeric(ranks.spearman),
        ratio=place.discrete(moments.ratio),
        distance=place.both(distance.distance),
        q_pearson=place.numeric(benjamini_hochberg(moments.pearson_p)),
        q_spearman=place.numeric(benjamini_hochberg(ranks.p)),
        q_ratio=place.discrete(benjamini_hochberg(moments.ratio_p)),
        q_distance=place.both(benjamini_hochberg(distance.p_chi_square)),
        active=moments.active,
        mean=moments.mean,
        sd=moments.sd,
        rows=len(table),
        rows_distance=len(rows),
        seed=seed,
    )


def _codes(table: Table, columns: list[str]) -> tuple[IntArray, list[int]]:
    """(n, q) level numbers, -1 where missing, and how many levels each column has."""
    coded = [table.frame[c].factorize(sort=False) for c in columns]
    if not coded:
        return np.empty((len(table), 0), dtype=np.int64), []
    return np.column_stack([c for c, _ in coded]).astype(np.int64), [len(seen) for _, seen in coded]


@dataclass(frozen=True)
class _Place:
    """Puts results on numeric and discrete columns back into the table's order."""

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
