"""Comparison of the score on perturbed rows and on real rows: does the score follow the same rule on both?

If it does not, explanation methods that perturb rows can be misleading. Slack et al. (2020) construct models that score real rows
by one rule and perturbed rows by another. Permutation importance, LIME and Shapley values then describe only the rule for
perturbed rows. Three measures test whether the rules differ:

- Separability: the AUC of gradient-boosted trees that distinguish real rows from perturbed ones, cross-fitted over two halves of
  the rows. In a perturbed row, about half of the columns, chosen at random, take their values from another row. Methods such as
  Shapley values combine rows in the same way.
- The gap in R2: one set of trees is fitted to the model's score on *real* rows, and another to its score on *perturbed* rows.
  Both sets then predict the score on other real rows. Perturbed rows cover a larger region, which includes the region of the real
  rows. If the model follows a single rule, both sets of trees therefore predict well. A large gap indicates that the model
  follows a different rule on perturbed rows. Both values of R2 are computed on the same rows, so the gap is a paired difference.
- Swaps: for each column, the mean absolute change in the score when the column's value is replaced. The new value comes either
  from an arbitrary row, or from the real row that is most similar in all other columns. A value from a similar row usually gives
  a realistic row.

If the model has several outputs, only the output with the largest variance is analysed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import Tensor

from tabinterp.analyses.context import Context
from tabinterp.analyses.data_quality.bins import as_number
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.models.model import BoundModel
from tabinterp.models.perturbation import forward, mixed
from tabinterp.preview import PreviewedFrame
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.discrimination import Power, auc, r2
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.small_trees import few_trees, in_bins, unless_equal
from tabinterp.table import Table
from tabinterp.table.folds import folds
from tabinterp.table.hash_sampling import chosen, row_hash, uniform

ROWS, SWAPS = 2000, 400
FEWEST = 60
TREES, LEAVES = 60, 8
Estimate = tuple[float, float, float, float]


@dataclass(frozen=True)
class OffSupport(PreviewedFrame):
    """Comparison of a model's score on real and on perturbed rows.

    `auc` is the AUC of trees that distinguish perturbed from real rows. `real` is the R2, on real rows, of trees fitted to the
    score of real rows. `perturbed` is the R2, on real rows, of trees fitted to the score of perturbed rows. `gap` is `real` minus
    `perturbed`. `permuted` and `swapped` (columns,) are mean absolute changes in the score, in standard deviations of the score,
    when a column takes its value from an arbitrary row (`permuted`) or from the most similar row (`swapped`).
    """

    auc: Estimate
    real: Estimate
    perturbed: Estimate
    gap: Estimate
    players: tuple[str, ...]
    permuted: Estimates
    swapped: Estimates
    output: str | None
    rows: int
    swap_rows: int
    seed: int
    estimand: str = (
        "gap: R2 on real rows of trees fitted to the score of real rows, minus R2 on the same rows of trees fitted to the score "
        "of perturbed rows"
    )

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each column, with `permuted`, `swapped` and their standard errors.

        `permuted` and `swapped` are mean absolute changes in the score, in standard deviations of the score.
        """
        return pd.DataFrame(
            {
                "column": self.players,
                "permuted": self.permuted.value,
                "permuted_stderr": self.permuted.stderr,
                "swapped": self.swapped.value,
                "swapped_stderr": self.swapped.stderr,
            }
        )


def off_support(bound: BoundModel, *, seed: int = 0) -> OffSupport:
    """Compare a model's score on real rows with its score on perturbed rows.

    At most 2,000 rows of the model's table are used, selected by a hash of their row numbers.

    Raises
    ------
    NotApplicableError
        If there are too few rows or columns, or if the score is constant.
    """
    rows = np.sort(chosen(bound.table.numbers, ROWS, seed))
    part = bound.take(rows)
    if len(rows) < FEWEST or len(part.columns) < 2:
        raise NotApplicableError(why("offsupport.few", least=FEWEST))
    scores = part.answers.cpu().numpy()
    k = int(np.argmax(scores.var(axis=0)))
    if not scores[:, k].std() > 0:
        raise NotApplicableError(why("the score is the same on every row"))
    sources = _sources(part.table, len(part.columns), seed)
    moved = forward(part.rest, mixed(part, sources)).cpu().numpy()[:, k]
    x = np.column_stack([as_number(part.table, c) for c in part.columns])
    strange = np.column_stack([x[sources[:, j], j] for j in range(x.shape[1])])
    half = folds(part.table, seed + 2, 2)
    told, real, other = _learnt(x, strange, scores[:, k], moved, half, part.table, seed)
    permuted, swapped = _changes(part, k, seed)
    return OffSupport(
        auc=told.estimate(),
        real=real.estimate(),
        perturbed=other.estimate(),
        gap=(real - other).estimate(),
        players=part.columns,
        permuted=permuted,
        swapped=swapped,
        output=part.outputs[k],
        rows=len(rows),
        swap_rows=min(SWAPS, len(rows)),
        seed=seed,
    )


def _sources(table: Table, columns: int, seed: int) -> IntArray:
    """Return the index of the row from which each value of the perturbed rows is taken (n, columns).

    In each row, a random subset of the columns takes its values from another row.
    """
    n = len(table)
    sources = np.tile(np.arange(n)[:, None], (1, columns))
    order = np.argsort(row_hash(table.numbers, seed), kind="stable")
    for j in range(columns):
        strange = uniform(row_hash(table.numbers, seed + 11 * j + 3)) < 0.5
        shift = 1 + int(row_hash(np.array([j]), seed)[0] % np.uint64(n - 1))
        other = np.empty(n, dtype=np.int64)
        other[order] = np.roll(order, shift)
        sources[strange, j] = other[strange]
    return sources


def _learnt(
    x: FloatArray, strange: FloatArray, score: FloatArray, moved: FloatArray, half: IntArray, table: Table, seed: int
) -> tuple[Power, Power, Power]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor  # noqa: PLC0415

    settings, w, groups = few_trees(TREES, LEAVES, seed), table.row_weights, table.groups
    strangeness, real, other = np.empty((2, len(x))), np.empty(len(x)), np.empty(len(x))
    both, kind = np.concatenate([x, strange]), np.repeat([0, 1], len(x))
    for k in range(2):
        fit, scored = half != k, half == k
        twice = np.concatenate([fit, fit])
        kept = ~(np.isnan(x[fit]).all(axis=0) | np.isnan(strange[fit]).all(axis=0))
        weights = unless_equal(np.tile(w, 2)[twice])
        cut = in_bins(both[:, kept], twice, weights)
        classifier = HistGradientBoostingClassifier(**settings).fit(cut[twice], kind[twice], weights)
        strangeness[:, scored] = classifier.predict_proba(cut[~twice])[:, 1].reshape(2, -1)
        weights = unless_equal(w[fit])
        for first, target, out in ((0, score, real), (len(x), moved, other)):  # rows of `both`: real, perturbed
            learnt = np.flatnonzero(fit) + first
            cut = in_bins(both[:, kept], learnt, weights)
            regressor = HistGradientBoostingRegressor(**settings).fit(cut[learnt], target[fit], weights)
            out[scored] = regressor.predict(cut[: len(x)][scored])
    told = auc(strangeness.reshape(-1), kind.astype(float), np.tile(w, 2))
    paired = told.influence.reshape(2, -1).mean(axis=0)  # A real row and its perturbed copy are not independent.
    return Power(told.value, paired, groups), r2(real, score, w, groups), r2(other, score, w, groups)


def _changes(part: BoundModel, k: int, seed: int) -> tuple[Estimates, Estimates]:
    """Return two mean absolute changes in the score for each column, in standard deviations of the score.

    For the first result, the new value comes from an arbitrary row. For the second, it comes from the most similar row.
    """
    few = part.take(np.sort(chosen(part.table.numbers, SWAPS, seed + 1)))
    base, n = few.answers.cpu().numpy()[:, k], len(few.table)
    spread = float(part.answers.cpu().numpy()[:, k].std())
    total = sum((_squared(few.table, c) for c in few.columns), np.zeros((n, n)))
    np.fill_diagonal(total, np.inf)
    rows, changes = np.arange(n), np.empty((2, n, len(few.columns)))
    for j, column in enumerate(few.columns):
        # The distances in one column are computed again here, because keeping those of all columns would take gigabytes.
        nearest = np.argmin(total - _squared(few.table, column), axis=1)
        for way, donors in enumerate((np.roll(rows, 1 + j % (n - 1)), nearest)):
            z = _moved(few, column, rows, donors)
            changes[way, :, j] = np.abs(forward(few.rest, z).cpu().numpy()[:, k] - base) / spread
    w, groups = few.table.weights, few.table.groups
    return mean_over_rows(changes[0], w, groups), mean_over_rows(changes[1], w, groups)


def _moved(part: BoundModel, column: str, receivers: IntArray, donors: IntArray) -> Tensor:
    if len(part.encoding.blocks[column]) == 0:
        return part.z
    if not part.is_local((column,)):
        return part.moved((column,), receivers, donors)
    return part.z - part.part((column,), receivers) + part.part((column,), donors)


def _squared(table: Table, name: str) -> FloatArray:
    """Return the squared distance between the values of one column, for all pairs of rows (n, n).

    Numbers are measured in standard deviations. For other columns, the distance is 0 if two values are equal and 1 otherwise.
    """
    x = as_number(table, name)
    missing = np.isnan(x)
    if table.schema[name].kind != "numeric":
        codes = np.where(missing, -1, x)
        return np.asarray(codes[:, None] != codes[None], dtype=np.float64)
    spread = float(x[~missing].std()) if (~missing).any() else 0.0
    scaled = np.where(missing, 0.0, x / (spread or 1.0))
    return np.asarray((scaled[:, None] - scaled[None]) ** 2 + (missing[:, None] != missing[None]), dtype=np.float64)


def run(context: Context) -> OffSupport:
    """Compare real and perturbed rows for the audited network.

    Both training and held-out rows are used, because the analysis does not measure how well the network predicts.
    """
    rows = context.drawn(np.arange(len(context.network.table)), context.settings.rows)
    return off_support(context.network.take(rows), seed=context.seed)
