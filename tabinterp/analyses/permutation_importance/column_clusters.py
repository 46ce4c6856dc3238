"""Groups of columns that carry the same information, found by hierarchical clustering of their associations.

Associations are between 0 and 1. For two numeric columns, the association is the absolute value of Spearman's rank correlation
(1904). For two categorical columns, it is bias-corrected Cramér's V (Bergsma 2013). For a numeric and a categorical column, it is
the bias-corrected correlation ratio of the numeric column's ranks (Kelley 1935). Missing values of a numeric column are ignored.
Missing values of a categorical column are treated as a level.

Columns are clustered by average linkage, with 1 - association as the distance. Two clusters are merged only if the mean
association over all pairs of columns from the two clusters is at least the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_array
from scipy.spatial.distance import squareform

from tabinterp.analyses.display import Display
from tabinterp.analyses.plot_specs import Heat
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.messages import text
from tabinterp.stats.weights import effective
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.table import check_table

ROWS = 5_000  # rows on which associations are computed
THRESHOLD = 0.5
FEWEST = 3  # minimum rows for a rank correlation
ROUNDING = 1e-12  # A column counts as constant on some rows if its variance there is at most this share of the total.


@dataclass(frozen=True, eq=False)
class Families(Display):
    """Groups of columns that carry the same information.

    Attributes
    ----------
    association : association of each pair of columns (columns, columns).
    families : mapping from the name of each group to its columns, in the order of the table. A group has at least two columns.
    """

    columns: tuple[str, ...]
    association: FloatArray
    families: dict[str, tuple[str, ...]]
    threshold: float
    rows: int
    seed: int

    def weakest(self, name: str) -> float:
        """Return the lowest association between any two columns of a group."""
        at = [self.columns.index(c) for c in self.families[name]]
        return float(self.association[np.ix_(at, at)].min())

    def associated(self, columns: tuple[str, ...], least: float) -> tuple[str, ...]:
        """Return all other columns that have an association of at least `least` with one or more of `columns`."""
        at = [self.columns.index(c) for c in columns]
        most = self.association[at].max(axis=0)
        return tuple(c for j, c in enumerate(self.columns) if most[j] >= least and c not in columns)

    def picture(self, output: str | None) -> Heat:
        """Return a heat map of the association of each pair of columns."""
        return Heat(self.columns, self.columns, self.association, text("plot.axis.association"), ("columns", "columns"))

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each column of each group, and the lowest association in the group."""
        rows = [(name, c, self.weakest(name)) for name, members in self.families.items() for c in members]
        return pd.DataFrame(rows, columns=["family", "column", "weakest"])


def families(table: Table, *, threshold: float = THRESHOLD, seed: int = 0) -> Families:
    """Find groups of input columns that carry the same information, using a random sample of at most 5,000 rows.

    To permute the columns of each group together, pass `families(table).families` as `groups=` to `permutation_importance`.

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> x = np.random.default_rng(0).normal(size=(300, 2))
    >>> frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": -x[:, 0] ** 3, "y": x[:, 0]})
    >>> families(ti.read_table(frame, target="y", task="regression")).families
    {'a + c': ('a', 'c')}
    """
    check_table(table)
    if not 0 < threshold <= 1:
        raise NotApplicableError(f"threshold must be above 0 and at most 1; got {threshold}")
    able = np.arange(len(table)) if table.weights is None else np.flatnonzero(table.weights > 0)
    few = table.take(able[np.sort(chosen(table.numbers[able], ROWS, seed))])
    columns = tuple(few.schema.inputs)
    association = np.minimum(associations(few), 1.0)  # For equal columns, rounding errors can give values above 1.
    found = {}
    if len(columns) > 1:
        tree = linkage(squareform(1 - association, checks=False), method="average")
        cluster = fcluster(tree, 1 - threshold + 1e-9, criterion="distance")
        for one in dict.fromkeys(cluster.tolist()):
            members = tuple(c for c, k in zip(columns, cluster, strict=True) if k == one)
            if len(members) > 1:
                found[" + ".join(members)] = members
    return Families(columns, association, found, threshold, len(few), seed)


def associations(table: Table) -> FloatArray:
    """Return the association of each pair of input columns (columns, columns).

    The diagonal is 1. An association that cannot be computed is 0.
    """
    columns, w = table.schema.inputs, table.row_weights
    is_number = np.array([table.schema[c].kind == "numeric" for c in columns])
    numbers, levels = np.flatnonzero(is_number), np.flatnonzero(~is_number)
    codes = {j: _codes(table, columns[j]) for j in levels}
    result = np.eye(len(columns))
    if len(numbers):
        ranks = np.column_stack([_ranks(table, columns[j], w) for j in numbers])
        result[np.ix_(numbers, numbers)] = _spearman(ranks, w)
        for j in levels:
            result[numbers, j] = result[j, numbers] = _ratio(ranks, codes[j], w)
    for j, k in combinations(levels, 2):
        result[j, k] = result[k, j] = _cramer(codes[j], codes[k], w)
    below = np.tril(np.where(np.isfinite(result), result, 0.0), -1)
    return np.asarray(below + below.T + np.eye(len(columns)))


def _ranks(table: Table, column: str, w: FloatArray) -> FloatArray:
    """Return the mid-rank of each value (n,), or NaN if the value is missing.

    The mid-rank of a value is the total weight of all rows with smaller values, plus half the total weight of all rows with this
    value.
    """
    x = table.numeric(column)
    known = ~np.isnan(x)
    result = np.full(len(x), np.nan)
    place = np.unique(x[known], return_inverse=True)[1]
    mass = np.bincount(place, w[known])
    result[known] = (np.cumsum(mass) - mass / 2)[place]
    return result


def _codes(table: Table, column: str) -> IntArray:
    return np.asarray(table.frame[column].factorize(use_na_sentinel=False)[0], dtype=np.int64)


def _spearman(ranks: FloatArray, w: FloatArray) -> FloatArray:
    """Return Spearman correlations (p, p) of ranks (n, p), computed for each pair of columns on the rows where both are known."""
    known = ~np.isnan(ranks)
    a, m = _centred(ranks, known, w), known.astype(np.float64)
    of_values = (a * w[:, None]).T
    mass, total = (m * w[:, None]).T @ m, of_values @ m  # total[i, j]: sum of column i over rows where j is known too
    squares = (a * a * w[:, None]).T @ m
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = of_values @ a - total * total.T / mass
        variance = squares - total**2 / mass
        variance[~(variance > ROUNDING * np.diag(squares)[:, None])] = np.nan
        found = np.abs(covariance) / np.sqrt(variance * variance.T)
    found[m.T @ m < FEWEST] = 0.0
    return np.asarray(found)


def _centred(ranks: FloatArray, known: NDArray[np.bool_], w: FloatArray) -> FloatArray:
    """Centre each column of ranks (n, p) at its mean. The result is 0 for missing values and in constant columns."""
    a, mass = np.where(known, ranks, 0.0), w @ known
    weighs = known & (w > 0)[:, None]
    varies = np.where(weighs, ranks, -np.inf).max(axis=0) > np.where(weighs, ranks, np.inf).min(axis=0)
    return np.where(known & varies, a - w @ a / np.where(mass > 0, mass, 1.0), 0.0)


def _ratio(ranks: FloatArray, codes: IntArray, w: FloatArray) -> FloatArray:
    """Return Kelley's epsilon (p,): the bias-corrected share of the variance of ranks (n, p) that is between levels."""
    known = ~np.isnan(ranks)
    a, m = _centred(ranks, known, w), known * w[:, None]
    level = csr_array((np.ones(len(codes)), codes, np.arange(len(codes) + 1)))
    mass, sums = np.asarray(level.T @ m), np.asarray(level.T @ (a * w[:, None]))
    levels, total = (mass > 0).sum(axis=0), (a * a * w[:, None]).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        n = (w @ known) ** 2 / (w**2 @ known)  # Kish's effective number of rows
        within = total - np.where(mass > 0, sums**2 / mass, 0.0).sum(axis=0)
        share = np.sqrt(np.maximum(0.0, 1 - within / total * (n - 1) / (n - levels)))
    return np.where((levels < 2) | (n <= levels) | ~(total > 0), 0.0, share)


def _cramer(a: IntArray, b: IntArray, w: FloatArray) -> float:
    rows, columns, n = int(a.max()) + 1, int(b.max()) + 1, effective(w)
    cells = np.bincount(a * columns + b, w, minlength=rows * columns).reshape(rows, columns) / w.sum()
    expected = cells.sum(axis=1, keepdims=True) * cells.sum(axis=0, keepdims=True)
    phi = float((cells**2 / expected).sum() - 1)
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    less = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(min(1.0, np.sqrt(phi / less))) if less > 0 else 0.0
