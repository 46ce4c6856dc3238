"""Shapley values: the contribution of each column to the difference between a row's score and the mean score of background rows.

The estimand is the interventional Shapley value (Shapley 1953; Lundberg & Lee 2017; Janzing, Minorics & Blöbaum 2020). For each
background row b, the game is S -> f(x on S, b elsewhere). The Shapley values of these games are averaged over the background
rows, weighted by their row weights if the table has any. All encoded columns of a column form one player. The values of a row sum
to f(x)
- mean f(b). The values are in units of the score (log-odds unless probabilities are requested).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn
from tabinterp.analyses.interactions.screening import WIDE
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import MissingError, NotApplicableError, argument
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.losses import SCALES
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.estimates import Estimates, mean_in_two_roles
from tabinterp.stats.weights import deviation
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.suppression import SMALL

from .coalitions import Games, enumeration_cost
from .permutation_sampling import FIRST, MOST, Sampled, explain

AUDITED_ROWS, AUDITED_CELLS, FEWEST_AUDITED = (
    500,
    20_000,
    30,
)  # maximum rows that an audit explains; maximum of rows times columns; minimum rows

METHODS = ("auto", "exact", "permutation")
BACKGROUND = 100
TOLERANCE = 0.005
# The tolerance in an audit. With 0.02, sampling error raised the mean absolute values of some columns of the Satellite data by
# 1.5 standard errors.
AUDITED_TOLERANCE = 0.01
BUDGET = 2e10  # maximum number of coalitions that may be enumerated if exact values are requested
RANK_Z = 1.96
CONSERVATIVE = (
    "with one permutation per pair of rows, most 95% intervals for single values are conservative (coverage above 95%)"
)

Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class ShapleyValues(Display):
    """Shapley values: the contributions of each column to the score of each row, compared with the background rows.

    Attributes
    ----------
    values : Shapley values (rows, columns, outputs).
    stderr : standard error of each value due to sampling (rows, columns, outputs), with the background treated as fixed; 0 if a
        value is exact.
    df : degrees of freedom of each standard error (rows, columns, outputs).
    base : mean score of the background rows (outputs,).
    scores : score of each row (rows, outputs).
    residual : abs(base + sum of values - score) of each row (rows,), in standard deviations of the score. With several outputs,
        it is the largest over the outputs.
    converged : for each row (rows,), whether every standard error is at most `tolerance` standard deviations of the score.
    evaluations : number of coalitions that the network scored for each row (rows,).
    permutations : initial number of permutations for each pair of an explained row and a background row; None if the values were
        computed by the method "exact" or in closed form.
    data : the explained rows.
    places : indices of the background rows among the explained rows (backgrounds,); None if the background was given as a table.
    against : for each background row, the Shapley values computed with this background row only, averaged over the explained
        rows (backgrounds, columns, outputs). None if the background was given as a table.
    """

    drawn: ClassVar[Drawn] = Drawn("plot.axis.shapley", {"network": ("mean", "ci_low", "ci_high")}, order="mean_abs")

    columns: tuple[str, ...]
    outputs: tuple[str | None, ...]
    values: FloatArray
    stderr: FloatArray
    df: FloatArray
    base: FloatArray
    scores: FloatArray
    residual: FloatArray
    converged: np.ndarray[Any, np.dtype[np.bool_]]
    evaluations: IntArray
    data: pd.DataFrame
    weights: FloatArray | None
    groups: IntArray | None
    method: str
    scale: str
    background: str
    background_rows: int
    tolerance: float
    seed: int
    permutations: int | None
    places: IntArray | None
    against: FloatArray | None

    @property
    def estimand(self) -> str:
        """The definition of the values in words, and the population to which means over rows refer."""
        fixed = (
            "for the given background rows"
            if self.places is None
            else "for the population, which is also the background"
        )
        words = (
            "interventional Shapley value of each column: the mean over the background rows, by their weight if they have any; "
            f"means over rows are {fixed}"
        )
        return words if self.permutations != 1 or self.exact else f"{words}; {CONSERVATIVE}"

    @property
    def exact(self) -> bool:
        """Whether all values are exact, without sampling."""
        return not bool(self.stderr.any())

    def interval(self) -> Estimates:
        """Return every value with a 95% interval.

        The interval includes only the sampling error; the background is treated as fixed. The actual coverage is reported in
        docs/coverage.md.
        """
        return Estimates.of(self.values, self.stderr, self.df)

    def mean(self) -> Estimates:
        """Return the signed mean of the values over rows (columns, outputs), with standard errors.

        The standard errors include the variation between rows and the sampling error. If the background was drawn from the
        explained rows, they also include the variation between background rows, because explained rows and background rows then
        come from the same population. A background that was given as a table is treated as fixed.
        """
        mean = mean_over_rows(self.values, self.weights, self.groups)
        if self.places is None or self.against is None:
            return mean
        return mean_in_two_roles(mean, self.values, self.weights, self.against, self.places, self.groups)

    def mean_absolute(self) -> Estimates:
        """Return the mean absolute value over rows (columns, outputs), with standard errors.

        Sampling error biases mean absolute values upward.
        """
        return mean_over_rows(np.abs(self.values), self.weights, self.groups)

    def tied(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return a mask (columns, outputs) of the columns that cannot be distinguished from the column ranked next.

        Columns are ranked by mean absolute value.
        """
        size = np.abs(self.values)
        tied = np.zeros(size.shape[1:], dtype=bool)
        for k in range(size.shape[2]):
            order = np.argsort(-self.mean_absolute().value[:, k], kind="stable")
            gap = mean_over_rows(size[:, order[:-1], k] - size[:, order[1:], k], self.weights, self.groups)
            error = np.hypot(np.nan_to_num(gap.stderr), self._rank_noise(order, k))
            tied[order[:-1], k] = gap.value <= RANK_Z * error
        return tied

    def _rank_noise(self, order: IntArray, k: int) -> FloatArray:
        """Return, for each pair of adjacent ranks, the sampling error of the difference between the values of the columns at
        these ranks.

        With two or more rows, the result is 0, because the variation between rows includes the sampling errors.
        """
        if len(self.values) > 1:
            return np.zeros(len(order) - 1)
        return np.asarray(np.hypot(self.stderr[0, order[:-1], k], self.stderr[0, order[1:], k]))

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame of Shapley values averaged over the rows, with one row for each output and column."""
        mean, size, tied = self.mean(), self.mean_absolute(), self.tied()
        frames = [
            pd.DataFrame(
                {
                    "output": output,
                    "column": list(self.columns),
                    "mean": mean.value[:, k],
                    "stderr": mean.stderr[:, k],
                    "ci_low": mean.low[:, k],
                    "ci_high": mean.high[:, k],
                    "mean_abs": size.value[:, k],
                    "mean_abs_stderr": size.stderr[:, k],
                    "tied_with_next": tied[:, k],
                }
            )
            for k, output in enumerate(self.outputs)
        ]
        return pd.concat(frames, ignore_index=True)

    def to_shap(self) -> Any:
        """Return the values as a `shap.Explanation`, which the plots of the shap package accept.

        With one output, `values` and `error_std` have the shape (rows, columns), and `base_values` has the shape (rows,). With
        several outputs, the shapes are (rows, columns, outputs) and (rows, outputs). `base_values` repeats the mean score of the
        background rows for each row, and `data` (rows, columns) contains the explained rows.

        Raises
        ------
        MissingError
            If shap is not installed.
        """
        try:
            import shap  # noqa: PLC0415  # heavy, and optional
        except ModuleNotFoundError as error:
            raise MissingError(
                f"to_shap() needs the package {error.name}, which is not installed. Install it with: "
                "pip install 'tabinterp[shap]'"
            ) from None

        one = len(self.outputs) == 1

        def pick(array: FloatArray) -> FloatArray:
            return array[..., 0] if one else array

        return shap.Explanation(
            values=pick(self.values),
            base_values=pick(np.tile(self.base, (len(self.values), 1))),
            data=self.data.to_numpy(),
            feature_names=list(self.columns),
            output_names=None if one else list(self.outputs),
            error_std=pick(self.stderr),
        )


def shapley_values(
    model: Model | BoundModel,
    table: Table,
    background: int | Table = BACKGROUND,
    method: str = "auto",
    seed: int = 0,
    scale: str = "log_odds",
    *,
    tolerance: float = TOLERANCE,
    n_permutations: int | None = None,
    progress: Progress | None = None,
) -> ShapleyValues:
    """Compute the Shapley values of all input columns for every row of `table`.

    Parameters
    ----------
    background : the rows with which each row is compared: a table, or the number of rows to sample from `table` by a hash of
        their row numbers. The background rows keep their weights. Rows with weight 0 are not sampled.
    method : "exact" evaluates every coalition. "permutation" evaluates `n_permutations` permutations of the columns (default 2),
        each with its reverse, for each background row. "auto" adds permutations until no standard error exceeds the tolerance.
        For a pair of an explained row and a background row, "permutation" and "auto" evaluate every coalition if this costs no
        more than the permutations. With any method, a linear model is explained in closed form, unless its scores are converted
        to probabilities or its encoder mixes columns.
    scale : "log_odds" (for regression, the unit of the target) or "probability".
    tolerance : the largest accepted standard error of a value, in standard deviations of the scores of the background rows.
    n_permutations : the number of permutations for each pair of an explained row and a background row; with "auto", the initial
        number. Multiples of 4 from 8 on are the most accurate for their cost, because permutations are then drawn in balanced
        sets of 4. If an explained row has only a few pairs for which permutations are used, each of these pairs gets at least
        sixteen permutations, because standard errors would otherwise be unreliable.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> x = np.linspace(-1, 1, 200)
    >>> table = ti.read_table(pd.DataFrame({"a": x, "b": x[::-1] ** 2, "y": 3 * x}), target="y")
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 0.0]]))
    >>> s = shapley_values(ti.wrap(layer, encoder="passthrough", task="regression"), table, background=table)
    >>> s.values[-1, :, 0].round(4).tolist(), s.exact
    ([3.0, 0.0], True)
    """
    _check(background, method, scale, tolerance, n_permutations)
    bound, rows, backs, words = _together(model, table, background, seed)
    drawn = None if isinstance(background, Table) else backs
    squash = _squash(scale, bound)
    games = Games(bound, backs, squash)
    unit, counts = games.ends[backs].cpu().numpy(), games.back_weights
    sd = deviation(unit, counts)
    sd = np.where(sd > 0, sd, 1.0)
    if bound.is_linear and games.local and (scale == "log_odds" or bound.table.schema.task == "regression"):
        method, first, sampled = "closed form", None, _closed_form(bound, rows, backs)
    else:
        told = None if progress is None else lambda done: progress("shapley", done / len(rows))
        enough = tolerance * sd if method == "auto" else None
        first = None if method == "exact" else n_permutations or FIRST
        if method == "exact":
            _check_budget(games, rows)
        sampled = explain(games, rows, seed, first, enough, told)
    base, scores = np.average(unit, axis=0, weights=counts), games.ends[rows].cpu().numpy()
    stderr = np.sqrt(sampled.variance)
    return ShapleyValues(
        columns=bound.columns,
        outputs=bound.outputs,
        values=sampled.values,
        stderr=stderr,
        df=sampled.df,
        base=base,
        scores=scores,
        residual=(np.abs(base + sampled.values.sum(axis=1) - scores) / sd).max(axis=1),
        converged=np.asarray((stderr <= tolerance * sd).all(axis=(1, 2))),
        evaluations=sampled.evaluations,
        data=table.inputs,
        weights=table.weights,
        groups=table.groups,
        method=method,
        scale=scale,
        background=words,
        background_rows=len(backs),
        tolerance=tolerance,
        seed=seed,
        permutations=first,
        places=drawn,
        against=None if drawn is None else sampled.against / table.row_weights.sum(),
    )


def attributed(bound: BoundModel, rows: IntArray, backs: IntArray, seed: int) -> FloatArray:
    """Return approximate Shapley values (rows, columns, outputs), without standard errors, for ranking the columns.

    One permutation is used for each pair of an explained row and a background row. `rows` and `backs` are the indices of these
    rows in `bound`.
    """
    games = Games(bound, backs, lambda scores: scores)
    if bound.is_linear and games.local:
        return _closed_form(bound, rows, backs).values
    return explain(games, rows, seed, 1, None).values


def background_rows(table: Table, size: int, seed: int) -> IntArray:
    """Return the indices of `size` rows of positive weight, sampled by a hash of their row numbers."""
    able = np.flatnonzero(table.row_weights > 0)
    return able[chosen(table.numbers[able], int(size), seed)]


def _check(background: int | Table, method: str, scale: str, tolerance: float, n_permutations: int | None) -> None:
    if method not in METHODS:
        raise NotApplicableError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    if scale not in SCALES:
        raise NotApplicableError(f"scale must be one of {', '.join(SCALES)}; got {scale!r}")
    if not isinstance(background, Table) and (not isinstance(background, (int, np.integer)) or background < 1):
        raise NotApplicableError(f"background must be a table or a number of rows (1 or more); got {background!r}")
    if not tolerance > 0:
        raise NotApplicableError(f"tolerance must be above 0; got {tolerance}")
    if n_permutations is not None and not 1 <= n_permutations <= MOST:
        raise NotApplicableError(f"{argument('n_permutations')} must be between 1 and {MOST}; got {n_permutations}")


def _together(
    model: Model | BoundModel, table: Table, background: int | Table, seed: int
) -> tuple[BoundModel, IntArray, IntArray, str]:
    """Bind the model to a table that contains the explained rows and the background rows.

    Returns
    -------
    The bound model, the indices of the explained rows, the indices of the background rows, and a description of the background.
    """
    if not isinstance(background, Table):
        bound = bind(model, table)
        backs = background_rows(table, background, seed)
        return bound, np.arange(len(table)), backs, f"{len(backs)} of the same rows"
    absent = [c for c in table.schema.inputs if c not in background.frame]
    if absent:
        raise NotApplicableError(
            "the background table must contain every input column of the explained table; it lacks "
            f"{', '.join(map(repr, absent))}. Add these columns"
        )
    backs = len(table) + np.arange(len(background))
    if background is table:
        return bind(model, table), np.arange(len(table)), np.arange(len(table)), f"all {len(table)} rows"
    if not background.row_weights.any():
        raise NotApplicableError(
            "all rows of the background table have a weight of 0. Pass a background table in which at least one row has a "
            "positive weight"
        )
    weighted = table.weights is not None or background.weights is not None
    both = replace(
        table,
        frame=pd.concat([table.inputs, background.frame[list(table.schema.inputs)]], ignore_index=True),
        y=np.resize(table.y, len(table) + len(background)),  # not used here
        numbers=np.concatenate([table.numbers, background.numbers]),
        weights=np.concatenate([table.row_weights, background.row_weights]) if weighted else None,
        split=None,
        held_out=None,
    )
    return bind(model, both), np.arange(len(table)), backs, f"{len(background)} given rows"


def _squash(scale: str, bound: BoundModel) -> Callable[[Tensor], Tensor]:
    if scale == "log_odds" or bound.table.schema.task == "regression":
        return lambda scores: scores
    return torch.sigmoid if len(bound.outputs) == 1 else lambda scores: torch.softmax(scores, dim=1)


def _closed_form(bound: BoundModel, rows: IntArray, backs: IntArray) -> Sampled:
    """Return the exact Shapley values of a linear model.

    The Shapley value of an encoded column is its coefficient times the difference between the row's value and the mean of the
    background rows. The Shapley value of a column is the sum over its encoded columns.
    """
    weight, x, counts = bound.front.weight.cpu().numpy(), bound.x[rows], bound.table.row_weights[rows]
    moves = x - np.average(bound.x[backs], axis=0, weights=bound.table.row_weights[backs])
    from_each = (counts @ x / counts.sum() - bound.x[backs]) * counts.sum()
    values = np.zeros((len(rows), len(bound.columns), len(weight)))
    against = np.zeros((len(backs), *values.shape[1:]))
    for j, column in enumerate(bound.columns):
        block = bound.encoding.blocks[column]
        values[:, j] = np.einsum("nd,kd->nk", moves[:, block], weight[:, block])
        against[:, j] = np.einsum("bd,kd->bk", from_each[:, block], weight[:, block])
    none = np.zeros_like(values)
    return Sampled(values, none, np.full_like(values, np.inf), np.zeros(len(rows), dtype=np.int64), against)


def _check_budget(games: Games, rows: IntArray) -> None:
    few = rows[:: max(1, len(rows) // 64)]
    m = (games.codes[few][:, None] != games.codes[games.backs][None]).sum(axis=2)
    evaluations = float(enumeration_cost(m).sum(axis=1).mean()) * len(rows)
    if evaluations > BUDGET:
        raise NotApplicableError(
            f"exact Shapley values of {len(rows):,} rows with {len(games.backs):,} background rows need about "
            f"{evaluations:.1e} evaluations of the model; at most {BUDGET:.0e} are allowed. Use "
            f"{argument('method', 'auto')}, or fewer rows"
        )


def run(context: Context) -> tuple[ShapleyValues, ShapleyValues]:
    """Compute Shapley values for both models of an audit, on the same rows and with the same background.

    With many columns or a limited budget, fewer rows are explained and the number of permutations is fixed. Without these limits,
    Shapley values would take most of the audit's time.
    """
    columns = len(context.network.columns)
    method = "permutation" if columns > WIDE else "auto"
    options: dict[str, Any] = {"seed": context.seed, "method": method, "tolerance": AUDITED_TOLERANCE}
    most, background = int(np.clip(AUDITED_CELLS // columns, FEWEST_AUDITED, AUDITED_ROWS)), BACKGROUND
    if context.share < math.inf:
        options |= {"method": "permutation"}
        most, background = context.rows_and_background(2 * FIRST * columns, most, background)
    rows = context.drawn(context.evaluated, min(most, context.settings.rows))
    if len(rows) < SMALL:
        raise NotApplicableError(why("shapley.few", least=SMALL))
    network, linear = context.both(rows)
    first = shapley_values(network, network.table, background, **options, progress=context.part(0, 2))
    return first, shapley_values(linear, linear.table, background, **options)
