"""Gradient importance per original column: saliency, gradient x input, SmoothGrad, integrated and expected gradients.

Each original column corresponds to a block of encoded columns. Gradient x input, integrated gradients and expected gradients are
summed over the block. Saliency and SmoothGrad measure the size of the gradient in the block, sqrt(g' S g). Here g is the gradient
with respect to the encoded columns, and S is their covariance matrix over the rows. For a numeric column, this size is
abs(derivative) x standard deviation. For a categorical column, it is the standard deviation of the contrasts between its levels.
Attributions are in units of the score (log-odds, log rates, or units of the target).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product as pairs_of
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from torch import Tensor

from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.device import slopes
from tabinterp.models.gradient_check import gradient_disagreement
from tabinterp.models.through_encoder import by_differences, through, without_slope
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.estimates import Estimates, effective_df, group_sums, mean_with_draws, units_of
from tabinterp.stats.weights import quantile, unit
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen

from .column_blocks import covariances, known, members, sizes, spread_influences
from .path_integral import STEPS, mean_gradient, score
from .reference_rows import BASELINES, baseline_of

SHARES = (16, 128, 1024)  # a segment is halved if its gap exceeds tolerance / share; rows that fail use the next share
FEWER = (1, 2, 4)  # shares tried first if there are many starting rows, because the errors of their paths partly cancel
PASS = 4096  # maximum number of rows in one pass of the network, over paths from several starting rows
GRADIENTS = 2**20  # maximum number of derivatives in one pass, so that they fit in the processor cache
NOISES, NOISE = 32, 0.15  # SmoothGrad: number of samples, and noise as a share of the 0.5% to 99.5% range
FEWER_STARTS = 20  # number of starting rows in an audit if gradients are finite differences, which are slow
BACKGROUND, POSITIONS = 100, 8  # expected gradients: number of background rows, and of gradients on each path
STARTS = {"mean": "the mean of the rows", "median": "the median row", "zero": "zero"}  # baselines as text
EXPECTED_TOLERANCE = 0.1  # a larger gap of expected gradients causes a warning


@dataclass(frozen=True, eq=False)
class GradientImportance(Display):
    """Attribution of each row's score to the original columns.

    Parameters
    ----------
    values : (rows, columns, outputs) attributions in units of the score. If the encoder mixes a column with others (principal
        components, products, kernels), the attributions refer to the encoding of the column before the mixing step. They are NaN
        if this encoding is not known.
    differences : columns with gradients computed as central differences, because the encoder steps that mix them are not affine.
    disagreement : share of rows in which the network's own gradient differs from finite differences of its score, as happens with
        straight-through estimators; None if the two were not compared.
    stderr : (rows, columns, outputs) Monte Carlo error of each value, for methods that sample.
    mean_stderr : (columns, outputs) Monte Carlo error of the mean over rows.
    spread : (rows, columns, outputs) the part of each row's influence on the mean gradient size that arises because the column's
        standard deviation is estimated.
    completeness_gap : (rows,) abs(sum of attributions - (f(x) - f(baseline))) / mean abs(f - f(baseline)), maximum over outputs;
        None for methods that do not require attributions to add up to f(x) - f(baseline).
    evaluations : (rows,) number of gradients computed for each row.
    over : number of rows, mean attribution and mean size, if they were computed on more rows than `values` contains.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.gradient", {"network": ("mean", "ci_low", "ci_high")}, order="mean_abs", filled=("method",)
    )

    method: str
    estimand: str
    columns: tuple[str, ...]
    outputs: tuple[str | None, ...]
    values: FloatArray
    weights: FloatArray | None
    groups: IntArray | None
    completeness_gap: FloatArray | None
    evaluations: IntArray
    stderr: FloatArray | None = None
    mean_stderr: FloatArray | None = None
    tolerance: float | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    over: tuple[int, Estimates, Estimates] | None = None
    spread: FloatArray | None = None
    differences: tuple[str, ...] = ()
    disagreement: float | None = None

    @property
    def rows(self) -> int:
        """The number of rows over which the means are taken."""
        return len(self.values) if self.over is None else self.over[0]

    @property
    def gap(self) -> float | None:
        """The largest completeness gap of any row with positive weight; None if no gap is defined for the method."""
        gaps = self.completeness_gap
        return None if gaps is None else float((gaps if self.weights is None else gaps[self.weights > 0]).max())

    @property
    def complete(self) -> bool:
        """True if attributions add up to the score within the tolerance, or if the method does not require this."""
        return self.gap is None or self.tolerance is None or self.gap <= self.tolerance

    def mean(self) -> Estimates:
        """Return the mean attribution over rows (columns, outputs).

        Its standard error reflects the sampling of rows and, for methods that use background rows, the choice of these rows.
        """
        mean = self._mean(self.values) if self.over is None else self.over[1]
        if self.mean_stderr is None:
            return mean
        return mean_with_draws(
            mean, units_of(len(self.values), self.groups), self.mean_stderr, self.settings["background_rows"]
        )

    def size(self) -> Estimates:
        """Return the mean absolute attribution over rows (columns, outputs), which is biased upward by sampling error."""
        return self._mean(np.abs(self.values)) if self.over is None else self.over[2]

    def _mean(self, values: FloatArray) -> Estimates:
        """Return the mean over rows. For gradient sizes, the degrees of freedom are reduced if a few rows dominate."""
        if self.spread is None:
            return mean_over_rows(values, self.weights, self.groups)
        found = mean_over_rows(values + self.spread, self.weights, self.groups)
        draws = unit(self.weights, len(values))[:, None, None] * (values + self.spread - found.value)
        draws = draws if self.groups is None else group_sums(draws, self.groups)
        return Estimates.of(found.value, found.stderr, np.maximum(effective_df(draws, len(draws)), 1))

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each output and column."""
        mean, size = self.mean(), self.size()
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
                }
            )
            for k, output in enumerate(self.outputs)
        ]
        return pd.concat(frames, ignore_index=True)


def gradient_importance(
    model: Model | BoundModel,
    table: Table,
    *,
    method: str = "integrated_gradients",
    baseline: str = "mean",
    tolerance: float = 1e-3,
    background: int | Table = BACKGROUND,
    seed: int = 0,
) -> GradientImportance:
    """Attribute the score of every row of `table` to its columns.

    For a linear model, every method is exact: gradients are its coefficients, and attributions along paths are
    coefficient x (x - baseline).

    Parameters
    ----------
    method : "saliency" (Simonyan et al. 2014), "gradient_x_input" (Shrikumar et al. 2016), "smoothgrad" (Smilkov et al. 2017),
        "integrated_gradients" (Sundararajan et al. 2017) or "expected_gradients" (Erion et al. 2021).
    baseline : the starting point of the paths, and the reference point of gradient x input.

        - "mean": the weighted mean of the encoded table. For a categorical column, it is a mixture of levels that no real row
          has.
        - "median": the weighted median of the table; for a category, its most frequent level.
        - "zero": zero in every encoded column.
        - "rows": only for integrated gradients, which are then averaged over paths from each background row and have a Monte
          Carlo error.
    tolerance : integrated gradients refine the path of each row until its completeness gap is below this value.
    background : real rows at which paths start: a table (weights are used), or a number of rows to select from `table`.
    """
    if method not in METHODS:
        raise NotApplicableError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    allowed = (*BASELINES, "rows") if method == "integrated_gradients" else BASELINES
    if baseline not in allowed:
        raise NotApplicableError(
            f"for the method {method!r}, baseline must be one of {', '.join(allowed)}; got {baseline!r}"
        )
    if not tolerance > 0:
        raise NotApplicableError(f"tolerance must be above 0; got {tolerance}")
    if isinstance(background, int) and background < 1:
        raise NotApplicableError(f"background must be a table or a number of rows (1 or more); got {background}")
    bound = bind(model, table)
    if not bound.has_gradient:
        raise NotApplicableError(why("gradient", model=bound.model.name, opaque=bound.model.opaque))
    differences, disagreement = by_differences(bound), gradient_disagreement(bound)
    head = through(bound)
    if not any(map(head.encoding.has_slope, head.columns)):
        if without_slope(bound):
            raise NotApplicableError(
                why(
                    "the encoder changes abruptly with every column that it combines, so that the score has no gradient by "
                    "any column"
                )
            )
        raise NotApplicableError(
            why(
                "the encoder mixes all columns with levels or missing values, so that the score has no gradient by any of "
                "them"
            )
        )
    return METHODS[method](_Ask(head, baseline, tolerance, background, seed, differences, disagreement))


@dataclass(frozen=True, eq=False)
class _Ask:
    bound: BoundModel
    baseline: str
    tolerance: float
    background: int | Table
    seed: int
    differences: tuple[str, ...]
    disagreement: float | None

    def result(
        self, method: str, estimand: str, values: FloatArray, evaluations: IntArray, **more: Any
    ) -> GradientImportance:
        bound = self.bound
        return GradientImportance(
            method=method,
            estimand=estimand,
            columns=bound.columns,
            outputs=bound.outputs,
            values=known(bound, values),
            weights=bound.table.weights,
            groups=bound.table.groups,
            evaluations=evaluations,
            differences=self.differences,
            disagreement=self.disagreement,
            **{"completeness_gap": None} | more,
        )


# ---- plain gradients


def _saliency(ask: _Ask) -> GradientImportance:
    bound = ask.bound
    values, spread = _sizes(bound, bound.gradients(bound.x))
    estimand = "magnitude of the gradient at a row, per standard deviation of the column"
    return ask.result("saliency", estimand, values, _ones(bound), spread=spread)


def _smoothgrad(ask: _Ask) -> GradientImportance:
    bound = ask.bound
    low, high = ([quantile(e, q, bound.table.weights) for e in bound.x.T] for q in (0.005, 0.995))
    noise = np.random.default_rng(ask.seed).normal(size=(NOISES, bound.x.shape[1])) * NOISE * np.subtract(high, low)
    noise[:, _held(bound)] = 0.0
    total = np.zeros((*bound.x.shape, len(bound.outputs)))
    for one in noise:  # the same noise for every row, so that a row's value does not depend on its batch
        total += bound.gradients(bound.x + one)
    values, spread = _sizes(bound, total / NOISES)
    settings = {"samples": NOISES, "noise": NOISE, "seed": ask.seed}
    estimand = "magnitude of the average gradient over noisy copies of a row, per standard deviation of the column"
    return ask.result("smoothgrad", estimand, values, NOISES * _ones(bound), settings=settings, spread=spread)


def _sizes(bound: BoundModel, gradient: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return gradient sizes (n, columns, k), and each row's influence on their mean through the estimated covariances."""
    spread = covariances(bound)
    size = sizes(bound, gradient, spread)
    return size, spread_influences(bound, gradient, spread, size)


def _gradient_x_input(ask: _Ask) -> GradientImportance:
    bound = ask.bound
    product = bound.gradients(bound.x) * (bound.x - baseline_of(bound, ask.baseline))[:, :, None]
    values = np.einsum("ndk,dj->njk", product, members(bound), optimize=True)
    estimand = f"gradient at a row, multiplied by the difference between the row and {STARTS[ask.baseline]}"
    return ask.result("gradient_x_input", estimand, values, _ones(bound), settings={"baseline": ask.baseline})


def _together(bound: BoundModel) -> int:
    """Return how many rows to process in one pass of the network when the derivatives of all outputs are computed."""
    return int(np.clip(GRADIENTS // (bound.z.shape[1] * len(bound.outputs)), STEPS, PASS))


def _ones(bound: BoundModel) -> IntArray:
    return np.ones(len(bound.x), dtype=np.int64)


# ---- gradients along paths. A straight path stays straight after the first affine operation, so only later layers are evaluated.


def _integrated(ask: _Ask) -> GradientImportance:
    bound, drawn = ask.bound, ask.baseline == "rows"
    x, share, words = (
        _starts(ask) if drawn else (baseline_of(bound, ask.baseline)[None], np.ones(1), STARTS[ask.baseline])
    )
    rise = score(bound.rest, bound.z).cpu().numpy() - _before(bound, x, share)
    scale = bound.at_home(_size(rise, bound.table.weights))
    blocks, sums = members(bound), _OverStarts(bound, share)
    evaluations = np.zeros(len(bound.x), dtype=np.int64)
    gap, stuck = np.full(len(bound.x), np.inf), np.zeros(len(bound.x), dtype=bool)
    # rows with a gap above the tolerance are integrated again with finer segments, unless rounding error limits them
    chunk = max(1, _together(bound) // STEPS)  # number of rows whose paths are computed together
    for part in FEWER + SHARES if drawn else SHARES:
        missed = np.flatnonzero(~(gap <= ask.tolerance) & ~stuck)
        sums.forget(missed)
        evaluations[missed] = 0
        for b, row in enumerate(x):
            for i in range(0, len(missed), chunk):
                rows = missed[i : i + chunk]
                enough = scale * ask.tolerance / part
                beginning = _beginning(bound, row, rows)
                start = _fronts(bound, beginning)
                integral, count, lost = mean_gradient(bound.rest, start, bound.z[rows] - start, enough)
                sums.add(b, rows, _along(bound, integral, bound.x[rows] - beginning, blocks))
                evaluations[rows] += count.cpu().numpy()
                stuck[rows] |= lost.cpu().numpy()
        found = _gap(sums.mean, bound, blocks, rise)
        if found is None or np.isnan(found).any() or (found <= ask.tolerance).all():
            break
        gap = found
    more = {"background_rows": len(x), "seed": ask.seed} if drawn else {}
    return ask.result(
        "integrated_gradients",
        f"mean over {words} of the path integral of the gradient, from each of them to the explained row"
        if drawn
        else f"path integral of the gradient from {words} to the explained row",
        sums.mean,
        evaluations,
        completeness_gap=found,
        tolerance=ask.tolerance,
        settings={"baseline": ask.baseline} | more,
        **sums.errors() if drawn else {},
    )


def _beginning(bound: BoundModel, start: FloatArray, rows: IntArray | slice) -> FloatArray:
    """Return the starting points of the paths to `rows`.

    The paths start at `start`, (d,) or (b, d), and the result has the shape (1, d) or (b, 1, d). For columns in which the
    encoder is not smooth, each starting point contains the encoded values of the row at which the path ends; the shape is then
    (m, d) or (b, m, d) for m rows.
    """
    held = _held(bound)
    if not len(held):
        return start[None] if start.ndim == 1 else start[:, None]
    x = bound.x[rows]
    beginning = np.repeat(start[..., None, :], len(x), axis=-2)
    beginning[..., held] = x[:, held]
    return beginning


def _held(bound: BoundModel) -> IntArray:
    """Return the indices of the encoded columns of all columns in which the encoder is not smooth."""
    return np.array([e for c in bound.encoding.abrupt for e in bound.encoding.blocks[c]], dtype=np.int64)


def _before(bound: BoundModel, x: FloatArray, share: FloatArray) -> FloatArray:
    """Return the mean score, weighted by `share` (b,), at the starting points `x` (b, d) of the paths.

    The shape is (k,), or (n, k) if the starting points depend on the row at which the path ends.
    """
    if not len(_held(bound)):
        return np.asarray(share @ score(bound.rest, _fronts(bound, x)).cpu().numpy())
    everyone = slice(None)
    scores = (score(bound.rest, _fronts(bound, _beginning(bound, row, everyone))).cpu().numpy() for row in x)
    return np.asarray(sum(part * one for part, one in zip(share, scores, strict=True)))


def _fronts(bound: BoundModel, x: FloatArray) -> Tensor:
    """Return the outputs (..., h) of the first affine operation for encoded rows (..., d) that are not rows of the table."""
    return (bound.at_home(x) @ bound.first.weight.T + bound.first.bias).float()


def _along(bound: BoundModel, gradient: Tensor, moves: FloatArray, members: FloatArray) -> FloatArray:
    """Return the contribution (m, columns, k) of each column to the change in score along each path.

    Contributions are products of the mean gradients (m, h, k) and the changes (m, d) in the encoded columns.
    """
    result = np.empty((len(moves), members.shape[1], gradient.shape[2]))
    weight = bound.first.weight.to(gradient.dtype)
    for k in range(gradient.shape[2]):
        result[:, :, k] = ((gradient[:, :, k] @ weight).double().cpu().numpy() * moves) @ members
    return result


class _OverStarts:
    """Attributions of every row, averaged over the starting points of its paths, and their variation between starting points."""

    def __init__(self, bound: BoundModel, share: FloatArray) -> None:
        shape = (len(bound.columns), len(bound.outputs))
        self.mean = np.zeros((len(bound.x), *shape))
        self._share = share
        self._first, self._second = np.zeros_like(self.mean), np.zeros_like(self.mean)  # sums of share^2 v, share^2 v^2
        self._means = np.zeros((len(share), *shape))  # means over rows
        self._weights = bound.table.row_weights / bound.table.row_weights.sum()
        self._passes = 0

    def forget(self, rows: IntArray) -> None:
        """Reset the sums of `rows` before these rows are integrated with finer segments.

        The mean over rows for each starting point is not reset.
        """
        self._passes += 1
        for sums in (self.mean, self._first, self._second):
            sums[rows] = 0.0

    def add(self, start: int, rows: IntArray, values: FloatArray) -> None:
        part = self._share[start]
        self.mean[rows] += part * values
        self._first[rows] += part**2 * values
        self._second[rows] += part**2 * values**2
        if self._passes <= 1:
            self._means[start] += np.einsum("n,njk->jk", self._weights[rows], values)

    def errors(self) -> dict[str, FloatArray]:
        b, mean = len(self._share), self.mean
        spread = np.maximum(self._second - 2 * mean * self._first + (self._share**2).sum() * mean**2, 0)
        return {
            "stderr": np.sqrt(spread * b / max(1, b - 1)),
            "mean_stderr": np.nan_to_num(mean_over_rows(self._means, self._share).stderr),
        }


def _expected(ask: _Ask) -> GradientImportance:
    bound = ask.bound
    x, share, starts = _starts(ask)
    blocks, sums, together = members(bound), _OverStarts(bound, share), _together(bound)
    offsets = bound.at_home(np.random.default_rng(ask.seed).uniform(size=len(x))).float()
    at_once = max(1, together // len(bound.x))
    for first, i in pairs_of(range(0, len(x), at_once), range(0, len(bound.x), together)):
        some, rows = slice(first, first + at_once), np.arange(len(bound.x))[i : i + together]
        beginning = _beginning(bound, x[some], rows)
        z, moves = _fronts(bound, beginning), (bound.x[rows] - beginning).reshape(-1, x.shape[1])
        way, total = bound.z[rows] - z, z.new_zeros(())
        for position in range(POSITIONS):
            step = (position + offsets[some, None, None]) / POSITIONS
            total = total + slopes(bound.rest, (z + step * way).flatten(0, 1))[0]
        values = _along(bound, total / POSITIONS, moves, blocks)
        for b, one in enumerate(values.reshape(-1, len(rows), *values.shape[1:]), first):
            sums.add(b, rows, one)
    rise = bound.scores - _before(bound, x, share)
    return ask.result(
        "expected_gradients",
        f"mean over {starts} of the path integral of the gradient, from each of them to the explained row",
        sums.mean,
        POSITIONS * len(x) * _ones(bound),
        completeness_gap=_gap(sums.mean, bound, blocks, rise),
        tolerance=EXPECTED_TOLERANCE,
        settings={"background_rows": len(x), "seed": ask.seed},
        **sums.errors(),
    )


def _starts(ask: _Ask) -> tuple[FloatArray, FloatArray, str]:
    """Return encoded background rows (b, d), their shares of the weight (b,), and a description of where they come from."""
    if isinstance(ask.background, Table):
        inputs = ask.background.inputs
        absent = [c for c in ask.bound.columns if c not in inputs]
        if absent:
            raise NotApplicableError(
                f"the background table must contain every column that the model uses; it lacks {', '.join(map(repr, absent))}. "
                "Add these columns"
            )
        x, words = (
            ask.bound.encoding.transform(inputs[list(ask.bound.columns)]),
            f"{len(inputs)} rows of the background table",
        )
        return x, unit(ask.background.weights, len(x)) / len(x), words
    weighed = ask.bound.table.weights
    able = np.arange(len(ask.bound.x)) if weighed is None else np.flatnonzero(weighed > 0)
    rows = able[chosen(ask.bound.table.numbers[able], ask.background, ask.seed)]
    share = unit(None if weighed is None else weighed[rows], len(rows)) / len(rows)
    return ask.bound.x[rows], share, f"{len(rows)} of the explained rows"


def _gap(values: FloatArray, bound: BoundModel, members: FloatArray, rise: FloatArray) -> FloatArray | None:
    """Return the relative completeness gap (n,); None if an encoded column belongs to several columns."""
    shared = members.sum(axis=1)
    if (shared > 1).any():
        return None
    return completeness(values, rise, bound.table.weights)


def completeness(values: FloatArray, rise: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Return the relative gap (n,) between the sum of a row's attributions and the change in its score.

    The attributions have the shape (n, columns, k), and the changes in score have the shape (n, k). The gap is relative to the
    mean absolute change. The largest gap over outputs is returned.
    """
    return np.asarray((np.abs(values.sum(axis=1) - rise) / _size(rise, weights)).max(axis=1))


def _size(rise: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Return the mean absolute change in the score (k,), or 1e-12 if this mean is smaller."""
    return np.asarray(np.maximum(np.average(np.abs(rise), axis=0, weights=weights), 1e-12))


METHODS: dict[str, Callable[[_Ask], GradientImportance]] = {
    "saliency": _saliency,
    "gradient_x_input": _gradient_x_input,
    "smoothgrad": _smoothgrad,
    "integrated_gradients": _integrated,
    "expected_gradients": _expected,
}


def run(context: Context) -> list[tuple[GradientImportance, GradientImportance]]:
    """Compute attributions of both models of an audit by every method."""
    network, linear = context.both(context.gradient_subsample)
    background = FEWER_STARTS if by_differences(network) or by_differences(linear) else BACKGROUND
    results = []
    for i, method in enumerate(METHODS, 1):
        asked: dict[str, Any] = {"method": method, "background": background, "seed": context.seed}
        first = gradient_importance(network, network.table, **asked)
        results.append((first, gradient_importance(linear, linear.table, **asked)))
        context.within(i / len(METHODS))
    return results
