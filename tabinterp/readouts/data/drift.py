"""How training and held-out rows differ: column by column, and as a whole.

Population stability index over the cells of a column (training deciles of a number, frequent levels of anything else), with
half a row added to every cell so that none is empty: sum (p - q) ln(p / q). Beside it a test of whether the cells' shares
differ: chi-squared of the two-by-cells table, on Kish's effective number of rows where rows have weights. The whole: can
gradient-boosted trees (scikit-learn), cross-fitted, tell a held-out row from a training row (Lopez-Paz & Oquab 2017)? AUC one
half says no.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ...table import Table
from ...table.draws import FloatArray, chosen, row_hash
from ..pvalues import benjamini_hochberg
from ..trees import few_trees
from ..weights import effective
from .bins import as_number, cells, known_in
from .power import FEWEST, Estimate
from .scores import auc, over_folds

PSI_CELLS = 10
ROWS = 6000  # of both parts together, for the classifier
FOLDS = 3
TREES, LEAVES = 30, 6


@dataclass(frozen=True)
class ColumnDrift:
    """PSI, and the test that the shares of the cells are one: statistic, degrees of freedom, p, Benjamini-Hochberg q."""

    column: str
    psi: float
    statistic: float
    df: int
    p: float
    q: float


@dataclass(frozen=True)
class WholeDrift:
    """AUC of a classifier that tells held-out rows from training rows; chance is one half."""

    auc: Estimate
    rows: int
    training_rows: int


def column_drift(table: Table) -> tuple[ColumnDrift, ...]:
    """Of every input column and the target; none without a split."""
    if table.held_out is None or min(table.held_out.sum(), (~table.held_out).sum()) < FEWEST:
        return ()
    names = [*table.schema.inputs, table.schema.target]
    found = [_drift(table, name) for name in names]
    q = benjamini_hochberg(np.array([p for *_, p in found]))
    return tuple(
        ColumnDrift(name, psi, statistic, df, p, float(at))
        for name, (psi, statistic, df, p), at in zip(names, found, q, strict=True)
    )


def _drift(table: Table, name: str) -> tuple[float, float, int, float]:
    held = table.held_out
    assert held is not None
    parts, w = cells(table, name, ~held, PSI_CELLS), table.row_weights
    counts = np.stack([parts.sums(w / w[rows].mean(), rows) for rows in (~held, held)])
    counts = counts[:, counts.sum(axis=0) > 0]
    return psi(counts[0], counts[1]), *_chi_squared(counts, [effective(w[rows]) for rows in (~held, held)])


def psi(first: FloatArray, second: FloatArray) -> float:
    """Of counts in the same cells.

    >>> psi(np.array([50.0, 50.0]), np.array([50.0, 50.0]))
    0.0
    """
    p, q = ((c + 0.5) / (c.sum() + 0.5 * len(c)) for c in (first, second))
    return float(((p - q) * np.log(p / q)).sum())


def _chi_squared(counts: FloatArray, rows: list[float]) -> tuple[float, int, float]:
    """Shares of the weight, on as many rows as the weights are worth."""
    cells_left = counts.shape[1] - 1
    if cells_left < 1:
        return np.nan, 0, np.nan
    scaled = counts / counts.sum(axis=1, keepdims=True) * np.array(rows)[:, None]
    found = stats.chi2_contingency(scaled, correction=False)
    return float(found.statistic), int(found.dof), float(found.pvalue)


def whole_drift(table: Table, seed: int) -> WholeDrift | None:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415

    if table.held_out is None or min(table.held_out.sum(), (~table.held_out).sum()) < FEWEST:
        return None
    rows = np.sort(chosen(table.numbers, ROWS, seed))
    held = table.held_out[rows].astype(np.int64)
    if min(held.sum(), len(held) - held.sum()) < FEWEST:
        return None
    x, w = np.column_stack([as_number(table, name)[rows] for name in table.schema.inputs]), table.row_weights[rows]
    w = np.where(held > 0, w / w[held > 0].sum(), w / w[held == 0].sum()) * len(w) / 2
    fold = (row_hash(table.numbers[rows], seed + 1) % np.uint64(FOLDS)).astype(np.int64)
    settings = few_trees(TREES, LEAVES, seed)
    parts = []
    for k in range(FOLDS):
        outside, inside = fold != k, fold == k
        whole = known_in(x, outside)
        model = HistGradientBoostingClassifier(**settings).fit(whole[outside], held[outside], w[outside])
        parts.append(
            auc(model.predict_proba(whole[inside])[:, 1], held[inside].astype(float), table.row_weights[rows][inside])
        )
    return WholeDrift(over_folds(parts).estimate(), len(rows), int((held == 0).sum()))
