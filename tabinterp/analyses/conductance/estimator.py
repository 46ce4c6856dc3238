"""Conductance: how much of the difference between a row's score and the score of a baseline flows through each hidden unit.

The method is that of Dhamdhere, Sundararajan & Yan (2018). Along the straight path from the baseline to a row, a change dh_j of a
unit's output h_j changes the score by dF/dh_j dh_j. The integral of this term along the path is the conductance of the unit. If
every connection passes through a layer, the conductances of its units add up to f(x) - f(baseline). If some connections bypass
the layer (a residual or wide branch), their contribution is reported separately. This contribution and the conductances then add
up to f(x) - f(baseline).

A straight path is still straight after the first affine operation, so integration can start after this operation. The path is
divided into segments. The change in h_j over a segment is the difference between the outputs at the two ends, so the gradient of
h_j is not needed. A segment is halved if its contributions, summed over the layer, do not match the change in the score. This
check misses a change in a unit's output that is reversed within half a segment (1/128 of the path). Only the result and one batch
of paths (at most 2 million numbers) are kept in memory at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn, by_unit
from tabinterp.analyses.gradients.reference_rows import baseline_of
from tabinterp.analyses.hidden_units.row_limits import affordable, require_rows
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, argument
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.device import slopes
from tabinterp.models.layers import Layer, layers_of
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.estimates import Estimates, mean_with_draws, units_of
from tabinterp.stats.weights import unit
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen

AUDITED_ROWS = 1_000

STEPS = 64  # initial number of segments; one segment is used, and is exact, if the network after the layer is affine
DEPTH = 16  # maximum number of times that a segment is halved
SHARES = (16, 128, 1024)  # a segment is halved if its gap exceeds tolerance / share; rows that fail use the next share
CELLS = 2_000_000  # maximum number of values in a batch: points times (inputs + units + outputs); at least one path
BACKGROUND = 10
BASELINES = ("mean", "median", "rows")


@dataclass(frozen=True, eq=False)
class Conductance(Display):
    """Conductance of each hidden unit, in units of the score.

    Parameters
    ----------
    values : (rows, units, outputs) conductance of each unit.
    around : (rows, layers, outputs) contribution of connections that bypass the layer.
    gap : (rows, layers) abs(sum over the layer + around - (f(x) - f(baseline))) / mean abs(f - f(baseline)); the largest over the
        outputs.
    mean_stderr : (units, outputs) standard error of the mean due to the random choice of background rows; 0 for a single
        baseline.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.conductance", {"network": ("mean", "ci_low", "ci_high")}, by_unit, order="mean_abs", other="units"
    )

    layer: tuple[str, ...]
    index: tuple[int, ...]
    outputs: tuple[str | None, ...]
    values: FloatArray
    around: FloatArray
    gap: FloatArray
    mean_stderr: FloatArray
    weights: FloatArray | None
    groups: IntArray | None
    baseline: str
    background_rows: int
    tolerance: float
    seed: int
    estimand: str = (
        "integral of the derivative of the score with respect to the unit's output, over the change in this output along the "
        "straight path from the baseline to the row"
    )

    def mean(self) -> Estimates:
        """Return the mean conductance (units, outputs); its standard error covers the sampling of rows and of background rows."""
        mean = mean_over_rows(self.values, self.weights, self.groups)
        return mean_with_draws(mean, units_of(len(self.values), self.groups), self.mean_stderr, self.background_rows)

    def size(self) -> Estimates:
        """Return the mean absolute conductance (units, outputs) over rows, which is biased upward by sampling error."""
        return mean_over_rows(np.abs(self.values), self.weights, self.groups)

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each output and unit."""
        mean, size, units = self.mean(), self.size(), len(self.layer)
        return pd.DataFrame(
            {
                "output": pd.Series([one for one in self.outputs for _ in range(units)], dtype=object),
                "layer": np.tile(np.array(self.layer, dtype=object), len(self.outputs)),
                "unit": np.tile(np.array(self.index, dtype=np.int64), len(self.outputs)),
                "mean": mean.value.T.ravel(),
                "stderr": mean.stderr.T.ravel(),
                "ci_low": mean.low.T.ravel(),
                "ci_high": mean.high.T.ravel(),
                "mean_abs": size.value.T.ravel(),
            }
        )


def conductance(
    model: Model | BoundModel,
    table: Table,
    *,
    baseline: str = "mean",
    background: int = BACKGROUND,
    tolerance: float = 1e-3,
    seed: int = 0,
) -> Conductance:
    """Return the conductance of every hidden unit for every row of `table`.

    Parameters
    ----------
    baseline : "mean" for the mean of the encoded rows, "median" for the median row (with the most frequent level of each
        category), or "rows" for the mean over `background` real rows, selected by hash.
    tolerance : the path of a row is refined until the row's `gap` is below this value or the path cannot be refined further.

    Raises
    ------
    NotApplicableError
        If the model has no hidden units, or if its network cannot be divided into layers.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> table = ti.read_table(pd.DataFrame({"a": [-1.0, 1.0, 3.0], "y": [0.0, 1.0, 3.0]}), target="y", task="regression")
    >>> net = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    >>> _ = net[0].weight.data.copy_(torch.tensor([[1.0], [-1.0]])), net[0].bias.data.zero_()
    >>> _ = net[2].weight.data.copy_(torch.tensor([[1.0, 2.0]])), net[2].bias.data.zero_()
    >>> found = conductance(ti.wrap(net, encoder="passthrough", task="regression"), table)  # from a = 1
    >>> found.values[:, :, 0].round(3).tolist()
    [[-1.0, 2.0], [0.0, 0.0], [2.0, 0.0]]
    """
    bound = bind(model, table)
    if baseline not in BASELINES:
        raise NotApplicableError(f"baseline must be 'mean', 'median' or 'rows'; got {baseline!r}")
    if not tolerance > 0 or background < 1:
        raise NotApplicableError(
            "tolerance must be above 0, and background (the number of background rows) must be at least 1; got "
            f"{argument('tolerance', tolerance)} and {argument('background', background)}"
        )
    layers = layers_of(bound)
    if not layers:
        raise NotApplicableError(why("ablation.layer", model=bound.model.name))
    starts, share = _starts(bound, baseline, background, seed)
    answers = bound.answers.cpu().numpy() - share @ _score(bound, starts).cpu().numpy()
    scale = np.maximum(np.average(np.abs(answers), axis=0, weights=bound.table.weights), 1e-12)
    cost = bound.z.shape[1] + sum(layer.width for layer in layers) + len(bound.outputs)
    made = [_through(bound, layer, starts, share, scale, (tolerance, cost)) for layer in layers]
    sums = np.stack([one.values.sum(axis=1) + one.around for one in made], axis=1)
    return Conductance(
        layer=tuple(layer.name for layer in layers for _ in range(layer.width)),
        index=tuple(u for layer in layers for u in range(layer.width)),
        outputs=bound.outputs,
        values=np.concatenate([one.values for one in made], axis=1),
        around=np.stack([one.around for one in made], axis=1),
        gap=(np.abs(sums - answers[:, None]) / scale).max(axis=2),
        mean_stderr=np.concatenate([one.stderr for one in made]),
        weights=bound.table.weights,
        groups=bound.table.groups,
        baseline=baseline,
        background_rows=len(starts) if baseline == "rows" else 0,
        tolerance=tolerance,
        seed=seed,
    )


def _starts(bound: BoundModel, baseline: str, background: int, seed: int) -> tuple[Tensor, FloatArray]:
    """Return the starting points (b, h) of the paths, after the first affine operation, and the weight (b,) of each."""
    if baseline != "rows":
        return bound.front_of(baseline_of(bound, baseline)[None]), np.ones(1)
    weights = bound.table.row_weights
    able = np.flatnonzero(weights > 0)
    rows = able[chosen(bound.table.numbers[able], background, seed)]
    return bound.z[torch.as_tensor(rows)], unit(weights[rows], len(rows)) / len(rows)


def _score(bound: BoundModel, z: Tensor) -> Tensor:
    with torch.inference_mode():
        return torch.as_tensor(bound.rest(z)).double()


# ---- one layer


@dataclass(frozen=True, eq=False)
class _Through:
    values: FloatArray  # (n, units, k)
    around: FloatArray  # (n, k)
    stderr: FloatArray  # (units, k)


def _through(
    bound: BoundModel, layer: Layer, starts: Tensor, share: FloatArray, scale: FloatArray, asked: tuple[float, int]
) -> _Through:
    """Return the conductance of each unit of a layer, as a weighted mean over the starting points of the paths."""
    n, k = len(bound.z), len(bound.outputs)
    values, around, means = np.zeros((n, layer.width, k)), np.zeros((n, k)), []
    for start, part in zip(starts, share, strict=True):
        own = _from(bound, layer, start, bound.at_home(scale), *asked)
        values += part * own[:, : layer.width]
        around += part * own[:, layer.width :].sum(axis=1)
        means.append(np.average(own[:, : layer.width], axis=0, weights=bound.table.weights))
    stderr = np.nan_to_num(mean_over_rows(np.array(means), share).stderr) if len(share) > 1 else np.zeros_like(means[0])
    return _Through(values, around, stderr)


def _from(bound: BoundModel, layer: Layer, start: Tensor, scale: Tensor, tolerance: float, cost: int) -> FloatArray:
    """Return the conductance (n, units + bypassing, k) of units, and of values that bypass the layer, for one starting point.

    Rows with a gap above the tolerance are integrated again with finer segments. `cost` is the number of values stored for each
    point of a path.
    """
    rise = bound.answers - _score(bound, start[None])
    steps = 1 if layer.moves.nothing_behind else STEPS
    most = max(1, CELLS // cost)
    chunk = max(1, most // (steps + 1))
    values = np.zeros((len(bound.z), layer.width + layer.front * layer.beside, len(bound.outputs)))
    missed = np.arange(len(values))
    for share in SHARES:
        for i in range(0, len(missed), chunk):
            rows = missed[i : i + chunk]
            move = bound.z[torch.as_tensor(rows)] - start
            values[rows] = _along(layer, start, move, steps, scale * tolerance / share, most).cpu().numpy()
        gap = (np.abs(values.sum(axis=1) - rise.cpu().numpy()) / scale.cpu().numpy()).max(axis=1)
        missed = np.flatnonzero(~(gap <= tolerance))
        if len(missed) == 0:
            break
    return values


def _along(layer: Layer, start: Tensor, move: Tensor, steps: int, enough: Tensor, most: int) -> Tensor:
    """Return the integrals (n, units + bypassing, k) along the paths, for units and for values that bypass the layer.

    For each segment, the gradient at the midpoint is multiplied by the change in the output. The integral is the sum of these
    products. At most `most` segments are processed at a time. Halved segments are processed first, which limits the number of
    segments in memory.
    """
    n, every = len(move), torch.arange(len(move), device=move.device)
    grid = torch.linspace(0, 1, steps + 1, dtype=torch.float64, device=move.device)
    h = _outputs(layer, start, move, every.repeat_interleave(steps + 1), grid.repeat(n))
    f = _behind(layer, h).reshape(n, steps + 1, -1)
    h = h.reshape(n, steps + 1, -1)
    total = f.new_zeros((f.shape[2], n, h.shape[2]))
    waiting = [
        _Segments(
            0,
            every.repeat_interleave(steps),
            grid[:-1].repeat(n),
            *(one.flatten(0, 1) for one in (h[:, :-1], h[:, 1:], f[:, :-1], f[:, 1:])),
        )
    ]
    while waiting:
        whole = waiting.pop()
        if len(whole.rows) > most:
            waiting.append(whole.take(slice(most, None)))
        some = whole.take(slice(most))
        width = 0.5**some.depth / steps
        middle = _outputs(layer, start, move, some.rows, some.left + width / 2)
        gradient, scores = slopes(layer.behind, middle)
        change, parts, said = some.high - some.low, gradient.permute(2, 0, 1), torch.empty_like(scores)
        # In place and one output after another: the products of one output fit into the processor cache.
        for place, part in enumerate(parts):
            said[:, place] = part.mul_(change).sum(dim=1, dtype=torch.float64)
        missed = ((said - (some.above - some.below)).abs() > enough).any(dim=1)
        missed = missed & (some.depth < DEPTH)
        kept = (~missed).nonzero()[:, 0]
        for sums, part in zip(total, parts, strict=True):
            sums.index_add_(0, some.rows[kept], part[kept].double())
        if bool(missed.any()):
            waiting.append(some.take(missed).halved(width / 2, middle[missed], scores[missed]))
    return total.permute(1, 2, 0)


@dataclass(frozen=True, eq=False)
class _Segments:
    """Segments of paths, all of the same length.

    `rows` (m,) contains the row of each segment, and `left` (m,) the point on the row's path (0 to 1) at which the segment
    starts. `low` and `high` are the outputs of the layer at both ends, and `below` and `above` are the scores at both ends.
    """

    depth: int
    rows: Tensor
    left: Tensor
    low: Tensor
    high: Tensor
    below: Tensor
    above: Tensor

    def take(self, which: slice | Tensor) -> _Segments:
        parts = (self.rows, self.left, self.low, self.high, self.below, self.above)
        return _Segments(self.depth, *(part[which] for part in parts))

    def halved(self, width: float, middle: Tensor, scores: Tensor) -> _Segments:
        return _Segments(
            self.depth + 1,
            self.rows.repeat(2),
            torch.cat([self.left, self.left + width]),
            torch.cat([self.low, middle]),
            torch.cat([middle, self.high]),
            torch.cat([self.below, scores]),
            torch.cat([scores, self.above]),
        )


def _outputs(layer: Layer, start: Tensor, move: Tensor, rows: Tensor, t: Tensor) -> Tensor:
    """Return the layer's outputs and bypassing values (m, units + bypassing) at points `t` (m,) on the paths of `rows` (m,)."""
    z = start + t[:, None].to(move.dtype) * move[rows]
    with torch.no_grad():
        h: Tensor = layer.outputs(z)
        return torch.cat([h, z], dim=1) if layer.beside else h


def _behind(layer: Layer, h: Tensor) -> Tensor:
    with torch.inference_mode():
        return torch.as_tensor(layer.behind(h)).double()


@dataclass(frozen=True, eq=False)
class Conductances:
    """Conductance summarised over rows.

    `mean` and `size` (units, outputs) are the mean conductance and the mean absolute conductance. For each layer, `gap` is the
    largest completeness gap of any row, and `around` (layers, outputs) is the mean absolute contribution of connections that
    bypass the layer.
    """

    layer: tuple[str, ...]
    index: tuple[int, ...]
    outputs: tuple[str | None, ...]
    mean: Estimates
    size: Estimates
    gap: FloatArray
    around: FloatArray
    rows: int
    tolerance: float


def run(context: Context) -> Conductances:
    """Compute the conductance of the audited network's hidden units. The baseline is the mean of the encoded rows."""
    network = context.network.take(context.subsample)
    require_rows(network)
    sample = affordable(network, AUDITED_ROWS, context.seed)
    result = conductance(sample, sample.table, seed=context.seed)
    return Conductances(
        layer=result.layer,
        index=result.index,
        outputs=result.outputs,
        mean=result.mean(),
        size=result.size(),
        gap=result.gap.max(axis=0),
        around=np.average(np.abs(result.around), axis=0, weights=sample.table.weights),
        rows=len(sample.table),
        tolerance=result.tolerance,
    )
