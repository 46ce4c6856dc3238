"""Effect curves of a column: partial dependence, individual conditional expectation (ICE) and accumulated local effects (ALE).

Partial dependence (Friedman 2001) at a value v is the mean score when the column is set to v in every row and all other columns
keep their values. If columns are correlated, this evaluates the model at combinations of values that do not occur in real rows. A
band around the curve shows the 10% and 90% quantiles of the curves of individual rows (ICE; Goldstein et al. 2015). Each of these
curves is centred first: its mean over the distribution of the column is subtracted.

Accumulated local effects (Apley & Zhu 2020) move each row only to the two ends of its own bin. The changes in score are averaged
within each bin, and the averages are added up from bin to bin. The bins are the intervals between adjacent grid points, so the
scores computed for partial dependence can be reused.

Standard errors reflect the sampling of rows and are computed from the first-order influence of each row (Hájek 1968). A row
influences a centred curve in two ways: through the mean score and through the distribution of the column. The grid is treated as
fixed. All standard errors are quadratic forms in one matrix of second moments. This matrix is a sum over rows, so the rows can be
processed in batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from tabinterp.analyses import plots
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Shown, both_names
from tabinterp.analyses.permutation_importance import ANALYSIS as PERMUTATION_IMPORTANCE
from tabinterp.analyses.plot_specs import Dots, Effect, Picture, effect_axis
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, argument
from tabinterp.frames import any_backend
from tabinterp.messages import text
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.losses import SCALES
from tabinterp.models.perturbation import forward, is_read
from tabinterp.stats.estimates import FEWEST_GROUPS, Estimates, units_of
from tabinterp.stats.weights import quantiles
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.suppression import SMALL

from .grids import Grid, checked_columns, grid_of, with_points

AUDITED_COLUMNS, AUDITED_CURVES = 8, 24  # in an audit: maximum number of columns, and of curves over all outputs
ROWS_OF_A_POINT = 20  # minimum number of rows per point; the outer points get half as many, which is still at least ten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 20
ICE_ROWS = 2000  # maximum number of rows whose curves form the band
BAND = (0.1, 0.9)
SPARSE = 30  # if fewer rows are nearest to a point, the network has seen too few rows with such values
CHUNK = 4096

Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Curve:
    """Effect of one column on the score at each point of its grid.

    If the column has missing values, the last point represents them.

    Parameters
    ----------
    rows : (points,) number of rows nearest to each point.
    share : (points,) weighted share of all rows that are nearest to each point.
    pdp : (points, outputs) partial dependence: the mean score when every row is given the value of the point.
    effect : (points, outputs) `pdp` minus its mean over the distribution of the column.
    ice_low : (points, outputs) 10% quantile of the centred curves of individual rows.
    ice_high : (points, outputs) 90% quantile of the centred curves of individual rows.
    ale : (points, outputs) accumulated local effect, centred to mean zero over rows. It is NaN for missing values, and for all
        values of a column whose levels have no order.

    Notes
    -----
    If columns are correlated, `ale` is biased in the wide bins at both ends of a numeric column. Its 95% intervals at these ends
    covered the true value in 89% to 93% of simulations if the grid had 20 points, and in 82% to 94% if it had 12.

    `effect` and `ale` are centred by subtracting a mean, which is computed by linear interpolation between points. In a
    long-tailed column, the last points are far apart. In simulations of such a column with 400 rows, 95% intervals for `effect`
    and `ale` covered the true value in 93% to 95% of data sets if the grid had 20 points, and in 89% to 94% if it had 12
    (docs/coverage.md).
    """

    column: str
    kind: str
    values: tuple[Any, ...]
    rows: IntArray
    share: FloatArray
    pdp: Estimates
    effect: Estimates
    ice_low: FloatArray
    ice_high: FloatArray
    ale: Estimates
    off_grid: float  # share of rows at levels that are not on the grid

    @property
    def sparse(self) -> Any:
        return self.rows < SPARSE

    @property
    def small(self) -> Any:
        return self.rows < SMALL

    @property
    def ordered(self) -> bool:
        """True if the points have an order in which effects can be accumulated."""
        return not bool(np.isnan(self.ale.value).all())


@dataclass(frozen=True, eq=False)
class Effects(Shown):
    """Effect curves of several columns, in units of the score: log-odds, probability, or the unit of the target."""

    curves: tuple[Curve, ...]
    outputs: tuple[str | None, ...]
    scale: str
    rows: int
    ice_rows: int
    seed: int
    estimand: str = (
        "pdp: mean score if every row had this value in the column; effect: pdp minus its mean over the distribution of the "
        "column; ale: accumulated local effect, with mean zero over the rows. The coverage of 95% intervals can be below 95% in "
        "two cases: for ale at both ends of a numeric column if columns are correlated, and for effect and ale of a skewed "
        "numeric column if there are few points"
    )

    def __getitem__(self, column: str) -> Curve:
        return next(curve for curve in self.curves if curve.column == column)

    def plot(
        self,
        column: str | None = None,
        *,
        linear: Effects | None = None,
        output: str | None = None,
        ax: Axes | None = None,
        names: tuple[str, str] | None = None,
    ) -> Axes:
        """Draw the effect curve of one column (default: the first) with its 95% interval, above the distribution of rows.

        The pale band shows the middle 80% of the curves of individual rows, and the dotted line shows the accumulated local
        effect. Points with fewer than 30 rows are faint, and points with fewer than 10 are left out. A column with levels is
        drawn as a dot plot with one line for each level; levels without an order are sorted by effect. If `linear` (the effects
        of the linear counterpart) is given, it is drawn on the same axes.

        The plot is drawn on `ax`, or on the axes of a new figure if `ax` is None. The axes are returned, and the figure is not
        displayed.
        """
        known = [curve.column for curve in self.curves]
        column = known[0] if column is None else column
        if column not in known or (linear is not None and column not in [c.column for c in linear.curves]):
            raise NotApplicableError(
                f"column {column!r} cannot be plotted, because this result or the result passed as 'linear' has no curve for "
                f"it. This result has curves for the columns {known}. Compute both results for the same columns"
            )
        if output is not None and output not in self.outputs:
            raise NotApplicableError(f"output must be one of {list(self.outputs)}; got {output!r}")
        made = self._picture(column, output)
        if linear is not None and linear[column].values != self[column].values:
            raise NotApplicableError(
                f"the two curves of column {column!r} cannot be plotted together, because they were computed at "
                "different points. Compute both with the same table and grid"
            )
        if linear is not None:
            made = made.beside(linear._picture(column, output), names or both_names())
        return made.draw(ax)

    def pictures(self) -> list[Picture]:
        return [self._picture(curve.column, output) for output in self.outputs for curve in self.curves]

    def _picture(self, column: str, output: str | None) -> Picture:
        curve, k = self[column], 0 if output is None else self.outputs.index(output)
        kept = ~curve.small
        values = [value for value, keep in zip(curve.values, kept, strict=True) if keep]
        value, low, high = (part[kept, k] for part in (curve.effect.value, curve.effect.low, curve.effect.high))
        rows = curve.rows[kept]
        network = plots.Series("network", both_names()[0], value, low, high)
        if curve.kind == "numeric":
            arrays = plots.Curve(
                at=np.array([np.nan if one is None else float(one) for one in values]),
                network=network,
                linear=None,
                ale=curve.ale.value[kept, k],
                ice_low=curve.ice_low[kept, k],
                ice_high=curve.ice_high[kept, k],
                rows=rows.astype(np.float64),
                sparse=curve.sparse[kept],
            )
            return Effect(column, tuple(values), arrays, self.scale, output)
        order = np.arange(len(values))
        if curve.kind == "categorical":
            order = np.lexsort([-value, [one is None for one in values]])
        missing, axis = text("plot.missing"), effect_axis(self.scale)
        labels = [
            text(
                "report.effects.level",
                {"level": missing if values[i] is None else str(values[i]), "rows": int(rows[i])},
            )
            for i in order
        ]
        series = plots.Series("network", network.name, value[order], low[order], high[order])
        named = axis if output is None else text("plot.output", {"axis": axis, "output": output})
        return Dots(tuple(labels), (series,), named, "points")

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each output, column and point."""
        return pd.concat([_frame(c, k, o) for k, o in enumerate(self.outputs) for c in self.curves], ignore_index=True)


def _frame(curve: Curve, k: int, output: str | None) -> pd.DataFrame:
    made: dict[str, Any] = {
        "output": output,
        "column": curve.column,
        "value": pd.Series(curve.values, dtype=object),
        "rows": curve.rows,
        "share": curve.share,
    }
    for name, one in (("pdp", curve.pdp), ("effect", curve.effect), ("ale", curve.ale)):
        made[name] = one.value[:, k]
        made |= {f"{name}_{end}": getattr(one, end)[:, k] for end in ("stderr", "low", "high")}
    band = {"ice_low": curve.ice_low[:, k], "ice_high": curve.ice_high[:, k]}
    return pd.DataFrame(made | band | {"sparse": curve.sparse, "small": curve.small})


def effects(
    model: Model | BoundModel,
    table: Table,
    *,
    columns: Sequence[str] | None = None,
    grid: int = POINTS,
    seed: int = 0,
    scale: str = "log_odds",
    progress: Progress | None = None,
) -> Effects:
    """Compute effect curves of the given columns (default: all) on all rows of `table`.

    Parameters
    ----------
    grid : maximum number of points. For a column with levels, the most frequent levels are used, up to this number.
    seed : random seed that selects the rows (at most 2,000) from which the band is computed.
    scale : "log_odds" or, for classification only, "probability".

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> table = ti.read_table(pd.DataFrame({"a": np.linspace(-1, 1, 201), "y": range(201)}), target="y", task="regression")
    >>> layer = torch.nn.Linear(1, 1, bias=False)
    >>> _ = layer.weight.data.fill_(3.0)
    >>> curve = effects(ti.wrap(layer, encoder="passthrough", task="regression"), table, grid=2)["a"]
    >>> curve.values, curve.ale.value[:, 0].round(3).tolist()
    ((-0.9, 0.9), [-2.7, 2.7])
    """
    plan = start(bind(model, table), columns=columns, grid=grid, seed=seed, scale=scale)
    return finish(plan, update(plan, np.arange(len(table)), progress))


# ---- the sum over rows


@dataclass(frozen=True, eq=False)
class Plan:
    """Settings that are fixed before the sums are computed: the grid of every column, and the rows from which the ICE band is
    computed.
    """

    bound: BoundModel
    asked: BoundModel  # the rows, followed by additional rows with the values of the grid points
    grids: tuple[Grid, ...]
    scale: str
    seed: int
    centre: FloatArray  # (k,) subtracted from the scores, so that their squares lose no digits
    ice: IntArray
    weights: FloatArray


@dataclass(frozen=True, eq=False)
class Sums:
    """Weighted sums over rows for each column, and the scores of the rows from which the ICE band is computed.

    Two sums are stored for each column: w u, with shape (q, k), and w² u u', with shape (q, q, k). Here w is the weight of a row
    and u is a vector of length q with five parts:

    - 1;
    - the scores of the row at the G points;
    - the differences in its score over each of the G' bins between adjacent points, or 0 for bins that the row is not used for;
    - indicators of the bins that the row is used for (G' values);
    - the weights that express the row's value in the column as a linear interpolation between the G points.

    If rows come in groups, w u is summed within each group before the outer product is taken.
    """

    first: tuple[FloatArray, ...]
    second: tuple[FloatArray, ...]
    near: tuple[FloatArray, ...]  # (2, G) number and weight of the rows nearest to each point
    rows: int
    ice: tuple[FloatArray, ...]  # (rows of the band, G, k)
    ice_weights: FloatArray


def start(
    bound: BoundModel,
    *,
    columns: Sequence[str] | None = None,
    grid: int = POINTS,
    seed: int = 0,
    scale: str = "log_odds",
) -> Plan:
    """Choose the grid of every column and the rows from which the ICE band is computed."""
    table = bound.table
    if len(table) < 2:
        raise NotApplicableError(why("effects.few", rows=len(table)))
    if grid < 2:
        raise NotApplicableError(f"{argument('grid')} must be at least 2 (the number of points); got {grid}")
    if scale not in SCALES or (scale == "probability" and table.schema.task == "regression"):
        allowed = SCALES[:1] if table.schema.task == "regression" else SCALES
        raise NotApplicableError(f"scale must be one of {', '.join(allowed)}; got {scale!r}")
    grids = tuple(grid_of(bound, c, grid) for c in checked_columns(columns, bound.columns))
    with torch.inference_mode():
        centre = _on_scale(bound.at_home(bound.scores), scale).mean(dim=0).cpu().numpy()
    ice = np.sort(chosen(table.numbers, ICE_ROWS, seed))
    return Plan(bound, with_points(bound, grids), grids, scale, seed, centre, ice, table.row_weights)


def update(plan: Plan, rows: IntArray, progress: Progress | None = None) -> Sums:
    """Evaluate every column at each of its points for the given rows, and return the `Sums` over these rows.

    If rows come in groups, all rows of the table must be given in one call.
    """
    groups = plan.bound.table.groups
    if groups is not None and len(rows) < len(groups):
        raise NotApplicableError(
            "all rows of a table with a group column must be given in one batch, because each group of rows counts as one "
            f"independent observation; got {len(rows):,} of {len(groups):,} rows"
        )
    firsts, seconds, near, bands = [], [], [], []
    shown = np.isin(rows, plan.ice)
    for i, grid in enumerate(plan.grids):
        parts = []
        first, second = _zero(grid, len(plan.centre))
        sums = None if groups is None else np.zeros((units_of(len(rows), groups), *first.shape))
        move = mover(plan, grid)
        for at in range(0, len(rows), CHUNK):
            batch = rows[at : at + CHUNK]
            scores = move(batch)
            of_rows = _weighted(scores, grid.bins(batch), grid.spread(batch), plan.weights[batch])
            first = first + of_rows.sum(axis=0)
            if sums is None or groups is None:
                second = second + _squared(of_rows)
            else:
                np.add.at(sums, groups[batch], of_rows)
            parts.append(scores[shown[at : at + CHUNK]])
        firsts.append(first)
        seconds.append(second if sums is None else _squared(sums))
        nearest, weights = grid.nearest[rows], plan.weights[rows]
        on = nearest >= 0
        counts = (np.bincount(nearest[on], w[on], minlength=len(grid)) for w in (np.ones(len(rows)), weights))
        near.append(np.stack([*counts]).astype(np.float64))
        bands.append(np.concatenate(parts) if parts else np.zeros((0, len(grid), len(plan.centre))))
        if progress is not None:
            progress("effects", (i + 1) / len(plan.grids))
    return Sums(tuple(firsts), tuple(seconds), tuple(near), len(rows), tuple(bands), plan.weights[rows[shown]])


def merge(a: Sums, b: Sums) -> Sums:
    """Merge the sums of two sets of rows."""
    return Sums(
        tuple(x + y for x, y in zip(a.first, b.first, strict=True)),
        tuple(x + y for x, y in zip(a.second, b.second, strict=True)),
        tuple(x + y for x, y in zip(a.near, b.near, strict=True)),
        a.rows + b.rows,
        tuple(np.concatenate(pair) for pair in zip(a.ice, b.ice, strict=True)),
        np.concatenate([a.ice_weights, b.ice_weights]),
    )


def finish(plan: Plan, sums: Sums) -> Effects:
    """Return the effect curves with standard errors, computed from the sums over all rows."""
    curves = [
        _curve(plan, sums, grid, first, second, near, ice)
        for grid, first, second, near, ice in zip(plan.grids, sums.first, sums.second, sums.near, sums.ice, strict=True)
    ]
    scale = "target" if plan.bound.table.schema.task == "regression" else plan.scale
    return Effects(tuple(curves), plan.bound.outputs, scale, sums.rows, len(sums.ice_weights), plan.seed)


def mover(plan: Plan, grid: Grid) -> Callable[[IntArray], FloatArray]:
    """Return a function that maps m rows to their centred scores (m, G, k) with `grid`'s column set to each of its G points."""
    bound, columns = plan.asked, (grid.column.name,)
    local = bound.is_local(columns)
    part = bound.part(columns) if local and is_read(bound, columns) else None

    def scores(rows: IntArray) -> FloatArray:
        with torch.inference_mode():
            if part is not None:
                base = bound.z[rows] - part[rows]
                made = [forward(bound.rest, base, part[donor]) for donor in grid.donors]
            elif local:
                made = [forward(bound.rest, bound.z[rows])] * len(grid)
            else:
                made = [forward(bound.rest, bound.moved(columns, rows, np.full(len(rows), d))) for d in grid.donors]
            curves = torch.stack([_on_scale(one, plan.scale) for one in made], dim=1).cpu().numpy()
            return np.asarray(curves - plan.centre)

    return scores


def _on_scale(scores: Tensor, scale: str) -> Tensor:
    if scale == "log_odds":
        return scores
    return torch.sigmoid(scores) if scores.shape[1] == 1 else torch.softmax(scores, dim=1)


def _zero(grid: Grid, k: int) -> tuple[FloatArray, FloatArray]:
    size = 1 + 2 * len(grid) + 2 * max(0, grid.points - 1)
    return np.zeros((size, k)), np.zeros((size, size, k))


def _weighted(scores: FloatArray, bins: FloatArray, spread: FloatArray, w: FloatArray) -> FloatArray:
    """Return the vector w u of each row (m, q, k); see `Sums`."""
    made = []
    steps = scores[:, 1 : bins.shape[1] + 1] - scores[:, : bins.shape[1]]
    for k in range(scores.shape[2]):
        u = np.hstack([np.ones((len(w), 1)), scores[:, :, k], bins * steps[:, :, k], bins, spread])
        made.append(w[:, None] * u)
    return np.stack(made, axis=-1)


def _squared(weighted: FloatArray) -> FloatArray:
    """Return the sum over rows (q, q, k) of the outer products of the vectors w u (m, q, k); see `Sums`."""
    return np.stack([one.T @ one for one in np.moveaxis(weighted, 2, 0)], axis=-1)


# ---- from sums to curves


def _curve(
    plan: Plan, sums: Sums, grid: Grid, first: FloatArray, second: FloatArray, near: FloatArray, ice: FloatArray
) -> Curve:
    n, shape, total = units_of(sums.rows, plan.bound.table.groups), (len(grid), first.shape[1]), first[0]
    values = {name: np.full(shape, np.nan) for name in ("pdp", "effect", "ale")}
    errors = {name: np.full(shape, np.nan) for name in values}
    for k in range(shape[1]):
        made = _estimates(grid, first[:, k] / total[k])
        for name, (value, influence) in made.items():
            variance = ((influence @ second[:, :, k]) * influence).sum(axis=1)
            values[name][: len(value), k] = value
            if n >= FEWEST_GROUPS or plan.bound.table.groups is None:
                errors[name][: len(value), k] = np.sqrt(np.maximum(variance, 0) * n / (n - 1)) / total[k]
    values["pdp"] += plan.centre
    spread = first[-len(grid) :, 0] / total[0]
    centred = ice - np.einsum("ngk,g->nk", ice, grid.centre(spread)[0])[:, None]
    low, high = (quantiles(centred, sums.ice_weights, q) for q in BAND)
    share = near[1] / total[0]
    told = {name: Estimates.of(values[name], errors[name], n - 1) for name in values}
    return Curve(
        column=grid.column.name,
        kind=grid.column.kind,
        values=grid.values,
        rows=near[0].astype(np.int64),
        share=share,
        ice_low=low,
        ice_high=high,
        off_grid=float(1 - share.sum()),
        **told,
    )


def _estimates(grid: Grid, mean: FloatArray) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return a mapping from the name of each estimate to its values (p,) and its matrix of influences (p, u).

    The product of the matrix with the vector u of a row (see `Sums`) is the influence of this row on each value.
    """
    size, steps = len(grid), max(0, grid.points - 1)
    score, spread = slice(1, 1 + size), slice(1 + size + 2 * steps, None)
    pdp, own = np.zeros((size, len(mean))), np.zeros(len(mean))
    pdp[:, score] = np.eye(size)
    level = mean[score]
    share, by_rows = grid.centre(mean[spread])
    overall = float(share @ level)
    own[score] = share
    if by_rows:
        own[spread] = (level - overall) / mean[spread].sum()
    effect = pdp - own
    pdp[:, 0], effect[:, 0] = -level, overall - level
    made = {"pdp": (level, pdp), "effect": (level - overall, effect)}
    return made | {"ale": _accumulated(grid, mean)} if grid.ordered and steps else made


def _accumulated(grid: Grid, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the accumulated local effects (points,), centred over rows without missing values, and the matrix of influences."""
    size, steps, points = len(grid), grid.points - 1, grid.points
    difference, member = slice(1 + size, 1 + size + steps), slice(1 + size + steps, 1 + size + 2 * steps)
    spread = slice(1 + size + 2 * steps, 1 + size + 2 * steps + points)
    weight = np.where(mean[member] > 0, mean[member], np.inf)  # the curve is flat in a bin whose rows all have weight 0
    slope = mean[difference] / weight
    curve = np.append(0.0, np.cumsum(slope))
    share, by_rows = grid.centre(mean[spread])
    centre = float(share @ curve)
    passed = np.tri(points, steps, -1)  # (point, step): whether the step is below the point
    passed = passed - share @ passed
    influence = np.zeros((points, len(mean)))
    influence[:, difference] = passed / weight
    influence[:, member] = -passed * slope / weight
    if by_rows:
        influence[:, spread] = -(curve - centre) / mean[spread].sum()
    return curve - centre, influence


def run(context: Context) -> tuple[Effects, Effects]:
    """Compute the effect curves of both models for the columns with the largest permutation importance in either model."""
    importance = context[PERMUTATION_IMPORTANCE]
    if importance is None:
        raise NotApplicableError(why("they are drawn for the columns that matter most, which were not found"))
    columns = largest(context.network, importance[0].importance, importance[1].importance)
    local = context.network.is_local(context.network.columns)  # if not local, each change encodes all columns again
    rows = context.subsample if local else context.gradient_subsample
    grid = points_for(len(rows))
    network, linear = context.both(rows)
    first = effects(network, network.table, columns=columns, grid=grid, seed=context.seed)
    context.within(0.5)
    return first, effects(linear, linear.table, columns=columns, grid=grid, seed=context.seed)


def largest(bound: BoundModel, network: FloatArray, linear: FloatArray) -> list[str]:
    """Return the columns with the largest importance in either model, for which an audit draws curves."""
    most = max(1, min(AUDITED_COLUMNS, AUDITED_CURVES // len(bound.outputs)))
    return [bound.columns[j] for j in np.argsort(-np.fmax(network, linear), kind="stable")[:most]]


def points_for(rows: int) -> int:
    """Return the maximum number of points of a curve in an audit of `rows` rows."""
    return int(np.clip(rows // ROWS_OF_A_POINT, 2, POINTS))
