"""Robustness: the loss of both models, and of two classes the AUC, when the values in their columns are perturbed more and more.

A perturbation of size s exchanges values for others of the same column. A number gives way to the value of a row whose rank in
the column is up to s times the number of rows away, drawn evenly and reflected at the ends; a level, with probability s, to that
of a row drawn at random. So every value occurs in the table, a size means the same in every column, and at s = 1 nothing is left
of the rows. Missing numbers stay missing. The draws of a row depend on its number and the seed alone, and are the same for both
models and for every size: a larger size moves each value further.

Losses are averaged over the draws, row by row; differences between the models are paired. Standard errors are over rows, or
groups of rows, and take the rows that give values as given.

The *excess rise* at a size is the rise in the network's loss from size 0 minus that of the linear counterpart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import torch

from tabinterp.analyses.context import Context
from tabinterp.analyses.performance.estimator import evaluated_pair, null_loss
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel, Model
from tabinterp.models.losses import Loss, loss_for
from tabinterp.models.perturbation import BLOCK, forward, mixed
from tabinterp.preview import PreviewedFrame
from tabinterp.stats.discrimination import Power, auc, average, mean
from tabinterp.table import Table
from tabinterp.table.class_counts import require_events
from tabinterp.table.hash_sampling import row_hash, uniform
from tabinterp.table.suppression import SMALL

# of the rows of a column, from which a number may come, and the probability that a level is exchanged
SIZES = (
    0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0,
)  # fmt: skip
DRAWS = 10
FEW_SIZES, FEW_DRAWS = (0.01, 0.05, 0.1, 0.2, 0.5), 2  # where each row is encoded again, or on a budget of rows
TOGETHER = 16_384  # perturbed rows that are scored at once
OF_COLUMNS = 0.1  # size at which single columns are perturbed

Estimate = tuple[float, float, float, float]  # value, standard error, ends of the 95% interval


@dataclass(frozen=True)
class AtSize:
    """Both models at one size: loss and AUC (NaN unless there are two classes), and the excess rise in loss."""

    size: float
    network: Estimate
    linear: Estimate
    difference: Estimate
    rise: Estimate
    network_auc: Estimate
    linear_auc: Estimate
    auc_difference: Estimate


@dataclass(frozen=True)
class OfColumn:
    """The rise in loss of both models when one column alone is perturbed, and its difference."""

    column: str
    network: Estimate
    linear: Estimate
    difference: Estimate


@dataclass(frozen=True)
class Robustness(PreviewedFrame):
    """Performance under growing perturbation.

    Parameters
    ----------
    loss : name of the loss, such as "log_loss".
    null : loss of always predicting the base rate, or the mean.
    sizes : size 0 first.
    columns : at size `column_size`, the one with the largest rise in the network's loss first.
    """

    loss: str
    null: float
    rows: int
    draws: int
    seed: int
    sizes: tuple[AtSize, ...]
    column_size: float
    columns: tuple[OfColumn, ...]

    @property
    def lost_at(self) -> float | None:
        """The smallest size at which the network is no longer significantly better; None where it never was, or always is."""
        if not self.sizes[0].difference[3] < 0:
            return None
        return next((one.size for one in self.sizes if not one.difference[3] < 0), None)

    @property
    def worse_from(self) -> float | None:
        """The smallest size above 0 at which the network is significantly worse than the linear model; None if there is none."""
        return next((one.size for one in self.sizes[1:] if one.difference[2] > 0), None)

    def frame(self) -> pd.DataFrame:
        """Return one row for each size."""
        rows = []
        for one in self.sizes:
            row: dict[str, float] = {"size": one.size}
            for name in ("network", "linear", "difference", "rise", "network_auc", "linear_auc", "auc_difference"):
                names = (name, f"{name}_stderr", f"{name}_low", f"{name}_high")
                row |= dict(zip(names, getattr(one, name), strict=True))
            rows.append(row)
        return pd.DataFrame(rows)


def robustness(
    model: Model | BoundModel,
    table: Table,
    counterpart: Model | BoundModel | None = None,
    *,
    sizes: Sequence[float] = SIZES,
    draws: int = DRAWS,
    column_size: float = OF_COLUMNS,
    seed: int = 0,
) -> Robustness:
    """Perturb the values of the held-out rows, or of all rows without a split, for a network and its linear counterpart.

    Parameters
    ----------
    model : the network.
    table : the rows.
    counterpart : the linear model; None: one is fitted, as an audit does.
    sizes : increasing, above 0 and at most 1.
    draws : perturbed copies of the rows at each size.
    column_size : size at which single columns are perturbed.

    Raises
    ------
    NotApplicableError
        for fewer than ten rows, or too few events of a class.

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> from sklearn.linear_model import LogisticRegression
    >>> draw = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"x": draw.normal(size=500), "z": draw.normal(size=500)})
    >>> frame["y"] = (frame["x"] + draw.normal(size=500) > 0).astype(int)
    >>> table = ti.read_table(frame, target="y", positive=1, split=0.5)
    >>> model = ti.wrap(LogisticRegression().fit(frame[["x", "z"]], frame["y"]))
    >>> found = robustness(model, table, model)
    >>> found.frame()[["size", "difference"]].head(2).to_numpy().tolist()  # the same model is as robust
    [[0.0, 0.0], [0.005, 0.0]]
    """
    network, linear, _ = evaluated_pair(model, table, counterpart, seed)
    table = network.table
    if len(table) < SMALL:
        raise NotApplicableError(why("perturbation.few", least=SMALL))
    require_events(table, "all" if table.held_out is None else "held_out")
    asked, places = _Asked(network, linear, loss_for(None, table.schema.task)), _Places(table, seed)
    none = asked.of([np.tile(np.arange(len(table))[:, None], (1, len(network.columns)))], areas=True)
    at = {0.0: none}
    at |= {size: asked.of((places.moved(size, draw) for draw in range(draws)), areas=True) for size in sizes}
    columns = tuple(
        sorted(
            (
                _of_column(column, none, asked.of(places.moved(column_size, draw, j) for draw in range(draws)))
                for j, column in enumerate(network.columns)
            ),
            key=lambda one: -one.network[0],
        )
    )
    return Robustness(
        loss=asked.loss.name,
        null=null_loss(table.schema.task, table.y, table.row_weights),
        rows=len(table),
        draws=draws,
        seed=seed,
        sizes=tuple(_at_size(size, found, none) for size, found in at.items()),
        column_size=column_size,
        columns=columns,
    )


@dataclass(frozen=True)
class _Found:
    """Losses and AUCs of the network and of the linear model; no AUCs unless there are two classes."""

    losses: tuple[Power, Power]
    aucs: tuple[Power, Power] | None


class _Asked:
    """Both models, asked for rows whose columns come from other rows."""

    def __init__(self, network: BoundModel, linear: BoundModel, loss: Loss) -> None:
        self._table, self.loss, self._device = network.table, loss, network.device
        self._scores = [_scores_of(network), _scores_of(linear)]

    def of(self, sources: Iterable[IntArray], areas: bool = False) -> _Found:
        """Return the means over draws; `sources` holds the rows (n, columns) that the values of each draw come from. With `areas`
        also the AUCs, of two classes.
        """
        table, total, found, draws = self._table, np.zeros((2, len(self._table))), [], 0
        left = iter(sources)
        while few := [*islice(left, max(1, TOGETHER // len(table)))]:
            came = np.concatenate(few)
            scores = np.stack([scores(came).reshape(len(few), len(table), -1) for scores in self._scores])
            for of_draw in np.swapaxes(scores, 0, 1):
                total += self.loss.each(of_draw, table.y, self._device)
                draws += 1
                if areas and table.schema.task == "binary":
                    found.append([auc(one[:, 0], table.y, table.row_weights, table.groups) for one in of_draw])
        ours, theirs = (mean(lost / draws, table.row_weights, table.groups) for lost in total)
        both = [average(one) for one in zip(*found, strict=True)]
        return _Found((ours, theirs), (both[0], both[1]) if both else None)


def _scores_of(bound: BoundModel) -> Callable[[IntArray], FloatArray]:
    """Return a function from the rows (n, columns) that values come from to scores (n, k).

    Where every column is encoded on its own, encoded columns are exchanged, in single precision and about their means.
    """
    if not bound.is_local(bound.columns):
        return lambda came: forward(bound.rest, mixed(bound, came)).cpu().numpy()
    blocks = [bound.encoding.blocks[column] for column in bound.columns]
    parts = [np.ascontiguousarray(bound.x[:, block] - bound.centre[block], dtype=np.float32) for block in blocks]
    weight = bound.front.weight.T.float().contiguous().to(bound.device)
    constant = (bound.front.bias + bound.front.weight @ torch.as_tensor(bound.centre).to(bound.front.weight)).float()
    width = bound.x.shape[1]

    def scores(came: IntArray) -> FloatArray:
        made = []
        for i in range(0, len(came), BLOCK):
            few = came[i : i + BLOCK]
            x = np.zeros((len(few), width), dtype=np.float32)
            for block, part, rows in zip(blocks, parts, few.T, strict=True):
                x[:, block] = part[rows]
            z = torch.addmm(constant.to(bound.device), torch.from_numpy(x).to(bound.device), weight)
            with torch.inference_mode():
                made.append(bound.rest(z).double().cpu().numpy())
        return np.concatenate(made)

    return scores


class _Places:
    """The rows of a table, column by column, in the order of the values."""

    def __init__(self, table: Table, seed: int) -> None:
        self._numbers, self._seed = table.numbers, seed
        self._columns: list[IntArray | None] = []
        ties = row_hash(table.numbers, 0)
        for column in table.schema.inputs:
            if table.schema[column].kind == "numeric":
                values = table.numeric(column)
                known = np.flatnonzero(~np.isnan(values))
                self._columns.append(known[np.lexsort((ties[known], values[known]))])
            else:
                self._columns.append(None)

    def moved(self, size: float, draw: int, only: int | None = None) -> IntArray:
        """Return the rows (n, columns) from which values come at a size; `only` one column moves."""
        n, width = len(self._numbers), len(self._columns)
        came = np.tile(np.arange(n)[:, None], (1, width))
        for j in range(width) if only is None else [only]:
            order, drawn, other = self._columns[j], *self._draws(draw, j)
            if order is None:
                moves = drawn < size
                came[moves, j] = other[moves]
            elif len(order) > 1:
                last = len(order) - 1
                place = np.abs(np.arange(len(order)) + np.rint((2 * drawn[order] - 1) * size * last).astype(np.int64))
                came[order, j] = order[np.where(place > last, 2 * last - place, place)]
        return came

    @cache  # noqa: B019 (as long as its rows)
    def _draws(self, draw: int, column: int) -> tuple[FloatArray, IntArray]:
        """Return a number in [0, 1) and another row for each row."""
        hashed = self._seed + 2 * (draw * len(self._columns) + column)
        drawn, other = (uniform(row_hash(self._numbers, hashed + i)) for i in range(2))
        return drawn, (other * len(drawn)).astype(np.int64)


def _at_size(size: float, found: _Found, none: _Found) -> AtSize:
    (network, linear), (before, linear_before) = found.losses, none.losses
    none_at_all = (np.nan,) * 4
    areas = (none_at_all,) * 3
    if found.aucs is not None:
        ours, theirs = found.aucs
        areas = (ours.student(0.0, 1.0), theirs.student(0.0, 1.0), (ours - theirs).student(-1.0, 1.0))
    rise = none_at_all if size == 0 else ((network - before) - (linear - linear_before)).student()
    return AtSize(size, network.student(), linear.student(), (network - linear).student(), rise, *areas)


def _of_column(column: str, none: _Found, found: _Found) -> OfColumn:
    rises = [after - before for after, before in zip(found.losses, none.losses, strict=True)]
    return OfColumn(column, rises[0].student(), rises[1].student(), (rises[0] - rises[1]).student())


def run(context: Context) -> Robustness:
    """Perturb the evaluated rows of an audit: fewer sizes and draws where rows are encoded again, or on a budget of rows."""
    rows = context.drawn(context.evaluated, context.settings.rows)
    width = len(context.network.columns)
    effort: dict[str, Any] = {}
    if context.share < len(rows) * DRAWS * (len(SIZES) + width) or not context.network.is_local(
        context.network.columns
    ):
        effort = {"sizes": FEW_SIZES, "draws": FEW_DRAWS}
        passes = FEW_DRAWS * (len(FEW_SIZES) + width) + 1
        if context.share < len(rows) * passes:
            context.is_limited()
            rows = context.drawn(context.evaluated, int(context.share / passes))
    network, linear = context.both(rows)
    return robustness(network, network.table, linear, seed=context.seed, **effort)
