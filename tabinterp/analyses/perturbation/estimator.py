"""Robustness: the change in both models' loss, and in their AUC for two classes, as column values are perturbed more strongly.

A perturbation of size s replaces values by those of *donors*, which are at most 10,000 training rows, sampled by a hash of their
row numbers. A numeric value is located among the sorted donor values of its column, with ties broken at random. Its position is
then shifted by a random amount, which is uniform between plus and minus s times the number of donors. Positions beyond the ends
are reflected. The value at the new position replaces the original one. A level is replaced, with probability s, by the level of a
random donor. Missing values stay missing. Every new value therefore occurs in the table, and a given size has the same meaning in
all columns. At s = 1, the new values do not depend on the original ones. The random draws for a row depend only on its row number
and the seed. They are the same for both models and for all sizes, so a larger size shifts every value further.

The loss of each row is averaged over the draws, and differences between the models are paired by row. Given the models and the
donors, the average loss of a row depends only on the row itself. Standard errors are therefore computed as for means over rows
or, if the table has a group column, over groups of rows. If the table has no split, the evaluated rows themselves are the donors.
Intervals then treat the distributions of the columns as fixed.

The *excess rise* at a size is the rise in the network's loss from size 0 minus the rise in the linear counterpart's loss.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import embedding_bag

from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, both_names, word
from tabinterp.analyses.interactions.screening import MOVED, most_moving
from tabinterp.analyses.performance.estimator import bound_pair, null_loss
from tabinterp.analyses.plot_specs import OverSizes
from tabinterp.analyses.plots import Series
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.messages import text
from tabinterp.models import BoundModel, Model
from tabinterp.models.losses import Loss, loss_for
from tabinterp.models.perturbation import BLOCK, forward, mixed
from tabinterp.stats.discrimination import Power, auc, average, mean
from tabinterp.stats.equal_rows import equal_rows
from tabinterp.table import Table
from tabinterp.table.class_counts import require_events, too_few_events
from tabinterp.table.hash_sampling import chosen, row_hash, splitmix
from tabinterp.table.suppression import SMALL

from .record import OF_NUMBERS, turns

# A size is the largest shift of a numeric value, as a share of the donors, and the probability that a level is replaced.
SIZES = (
    0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0,
)  # fmt: skip
DRAWS = 10
FEW_SIZES, FEW_DRAWS = (0.01, 0.05, 0.1, 0.2, 0.5), 2  # if whole rows are encoded again, or with a limited budget
# Products with the weights are stored for columns with at most this many distinct values per encoded column.
LOOKED_UP = 4
TOGETHER = 16_384  # perturbed rows that are scored at once
OF_COLUMNS = 0.1  # size at which single columns are perturbed
DONORS = 10_000
HALF = 32  # bits of a hash that are used for one random number

Estimate = tuple[float, float, float, float]  # value, standard error, ends of the 95% interval


@dataclass(frozen=True)
class AtSize:
    """Loss, AUC and excess rise in loss for one size of perturbation. AUCs are NaN unless the target has two classes."""

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
    """The rise in each model's loss when a single column is perturbed, and the difference between the two rises."""

    column: str
    network: Estimate
    linear: Estimate
    difference: Estimate


@dataclass(frozen=True)
class Robustness(Display):
    """Performance of both models for increasing sizes of perturbation.

    Parameters
    ----------
    loss : name of the loss, such as "log_loss".
    null : loss if every prediction is the base rate or, for numeric targets and counts, the mean.
    donors : number of rows from which new values are taken.
    donors_of : "training" if the donors are training rows, "all" if they are the evaluated rows.
    sizes : results at each size in increasing order, starting with size 0.
    numbers : results at size 5% when only numeric columns are perturbed; None if no input is numeric.
    columns : results when only one column is perturbed, at size `column_size`, sorted by decreasing rise in the network's loss.
        If there are more than a hundred columns, only the hundred that change the network's score most are perturbed
        individually.
    """

    loss: str
    null: float
    rows: int
    draws: int
    seed: int
    donors: int
    donors_of: Literal["training", "all"]
    sizes: tuple[AtSize, ...]
    numbers: AtSize | None
    column_size: float
    columns: tuple[OfColumn, ...]

    @property
    def lost_at(self) -> float | None:
        """The smallest size at and above which the network is no longer significantly better than the linear model.

        None if the network is not significantly better at size 0, or if it is significantly better at the largest size.
        """
        return self._turns[0]

    @property
    def worse_from(self) -> float | None:
        """The smallest size at and above which the network is significantly worse than the linear model.

        None if the network is already significantly worse at size 0, or is not significantly worse at the largest size.
        """
        return self._turns[1]

    @property
    def _turns(self) -> tuple[float | None, float | None]:
        return turns([(one.size, *one.difference[2:]) for one in self.sizes])

    def picture(self, output: str | None) -> OverSizes:
        frame = self.frame()
        series = tuple(
            Series(
                model,
                name,
                frame[model].to_numpy(),
                frame[f"{model}_low"].to_numpy(),
                frame[f"{model}_high"].to_numpy(),
            )
            for model, name in zip(("network", "linear"), both_names(), strict=True)
        )
        return OverSizes(frame["size"].to_numpy(), series, text("plot.axis.loss", {"loss": word(self.loss)}))

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each size of perturbation."""
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
    """Measure the performance of a network and its linear counterpart as column values are perturbed more strongly.

    The held-out rows are perturbed, or all rows if the table has no split.

    Parameters
    ----------
    model : the network.
    table : the rows.
    counterpart : the linear model; by default, one is fitted, as in an audit.
    sizes : sizes of perturbation in increasing order, above 0 and at most 1.
    draws : number of perturbed copies of the rows at each size.
    column_size : size at which single columns are perturbed.

    Raises
    ------
    NotApplicableError
        If there are fewer than ten rows, or too few rows of a class.

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
    network, linear = bound_pair(model, table, counterpart, seed)
    evaluated = network.table.evaluated
    return _perturbed(network, linear, evaluated, sizes=sizes, draws=draws, column_size=column_size, seed=seed)


def _perturbed(
    network: BoundModel,
    linear: BoundModel,
    rows: IntArray,
    *,
    sizes: Sequence[float] = SIZES,
    draws: int = DRAWS,
    column_size: float = OF_COLUMNS,
    seed: int,
) -> Robustness:
    """Return the performance of both models when the given rows are perturbed. `rows` are indices in the network's table."""
    table, evaluated = network.table, network.table.evaluation_rows()
    if len(rows) < SMALL:
        raise NotApplicableError(why("perturbation.few", least=SMALL))
    require_events(evaluated, "all" if table.held_out is None else "held_out")
    if len(rows) < len(evaluated) and too_few_events(table.take(rows), "all") is not None:
        raise NotApplicableError(why("perturbation.drawn", rows=len(rows)))
    kept, donors = rows, len(rows)
    donors_of: Literal["training", "all"] = "all"
    if table.held_out is not None and not table.held_out.all():
        training = np.flatnonzero(~table.held_out)
        training = training[chosen(table.numbers[training], DONORS, seed)]
        kept, donors, donors_of = np.concatenate([rows, training]), len(training), "training"
    network = network.take(kept)
    linear = linear.take(kept, network.table)
    places = _Places(network.table, len(rows), seed)
    asked = _Asked(network, linear, loss_for(None, table.schema.task), len(rows))
    none = asked.of([places.unmoved], areas=True)
    at = {0.0: none}
    at |= {size: asked.of((places.moved(size, draw) for draw in range(draws)), areas=True) for size in sizes}
    numbers = at.get(OF_NUMBERS) if places.numeric == [*range(len(network.columns))] else None
    if numbers is None and places.numeric:
        numbers = asked.of((places.moved(OF_NUMBERS, draw, places.numeric) for draw in range(draws)), areas=True)
    half = min(MOVED, len(network.table) // 2)
    some = chosen(network.table.numbers, 2 * half, seed)
    near, _ = most_moving(network, network.columns, some[:half], some[half:])
    columns = tuple(
        sorted(
            (
                _of_column(column, none, asked.of((places.of(j, column_size, draw) for draw in range(draws)), column=j))
                for j, column in enumerate(network.columns)
                if column in near
            ),
            key=lambda one: -one.network[0],
        )
    )
    return Robustness(
        loss=asked.loss.name,
        # The null loss on a subset of the evaluated rows would reveal the number of events in the other rows.
        null=null_loss(table.schema.task, evaluated.y, evaluated.row_weights),
        rows=len(rows),
        draws=draws,
        seed=seed,
        donors=donors,
        donors_of=donors_of,
        sizes=tuple(_at_size(size, found, none) for size, found in at.items()),
        numbers=None if numbers is None else _at_size(OF_NUMBERS, numbers, none),
        column_size=column_size,
        columns=columns,
    )


@dataclass(frozen=True)
class _Found:
    """Mean losses and AUCs of the network and the linear model; `aucs` is None unless they were requested for two classes."""

    losses: tuple[Power, Power]
    aucs: tuple[Power, Power] | None


class _Asked:
    """Losses and AUCs of both models after values of the evaluated rows are replaced by values of other rows."""

    def __init__(self, network: BoundModel, linear: BoundModel, loss: Loss, rows: int) -> None:
        """Prepare to score the first `rows` rows of the table to which the models are bound."""
        self._table, self.loss, self._device = network.table.take(np.arange(rows)), loss, network.device
        self._scores = [_scores_of(network, rows), _scores_of(linear, rows)]

    def of(self, sources: Iterable[IntArray], areas: bool = False, column: int | None = None) -> _Found:
        """Return the losses and AUCs of both models, averaged over draws.

        Parameters
        ----------
        sources : for each draw, an array (columns, n) with the index of the row from which each value is taken; if `column` is
            given, an array (n,) for this column only.
        areas : whether to compute AUCs if the target has two classes.
        """
        table, total, found, draws = self._table, np.zeros((2, len(self._table))), [], 0
        left = iter(sources)
        while few := [*islice(left, max(1, TOGETHER // len(table)))]:
            came = np.concatenate(few, axis=-1)
            scores = np.stack([scores(came, column).reshape(len(few), len(table), -1) for scores in self._scores])
            for of_draw in np.swapaxes(scores, 0, 1):
                total += self.loss.each(of_draw, table.y, self._device)
                draws += 1
                if areas and table.schema.task == "binary":
                    found.append([auc(one[:, 0], table.y, table.row_weights, table.groups) for one in of_draw])
        ours, theirs = (mean(lost / draws, table.row_weights, table.groups) for lost in total)
        both = [average(one) for one in zip(*found, strict=True)]
        return _Found((ours, theirs), (both[0], both[1]) if both else None)


def _scores_of(bound: BoundModel, rows: int) -> Callable[[IntArray, int | None], FloatArray]:
    """Return a function that scores copies of the first `rows` rows, with values from other rows.

    The function takes the indices of source rows and the position of a column, and returns scores (n, k). If the position is
    None, all columns take new values, and the indices have the shape (columns, n). Otherwise, only the column at this position
    takes new values, and the indices have the shape (n,). `n` is a multiple of `rows`, because each copy contains all rows.

    If every column is encoded separately, encoded values are copied from the source rows, and no row is encoded again. If a
    single column changes, only its contribution to the outputs of the leading affine layers is computed again.
    """
    if not bound.is_local(bound.columns):
        return lambda came, column: (
            forward(bound.rest, mixed(bound, _of_all_columns(bound, came, column, rows).T)).cpu().numpy()
        )
    moved, weight = bound.x - bound.centre, bound.front.weight.cpu().numpy()
    constant = bound.front.bias.cpu().numpy() + weight @ bound.centre
    codes, products, numeric, first = {}, [], [], 0
    for j, column in enumerate(bound.columns):
        block = bound.encoding.blocks[column]
        distinct, code = equal_rows(bound.x[:, block])
        if len(distinct) <= LOOKED_UP * len(block):
            codes[j] = code + first
            products.append(moved[np.ix_(distinct, block)] @ weight[:, block].T)
            first += len(distinct)
        else:
            numeric += [(j, encoded) for encoded in block]
    order, of_column = [encoded for _, encoded in numeric], np.array([j for j, _ in numeric], dtype=np.int64)
    x_of = np.ascontiguousarray(moved[:, order].T, dtype=np.float32)
    behind = torch.from_numpy(weight[:, order].T.astype(np.float32)).to(bound.device)
    start = torch.from_numpy(constant.astype(np.float32)).to(bound.device)
    known = np.concatenate([np.zeros((0, len(weight))), *products]).astype(np.float32)
    looked_up = torch.from_numpy(known).to(bound.device)

    def outputs(came: IntArray) -> torch.Tensor:
        x, tokens = np.empty((len(order), came.shape[1]), np.float32), np.empty((came.shape[1], len(codes)), np.int64)
        for into, values, j in zip(x, x_of, of_column, strict=True):
            values.take(came[j], out=into, mode="clip")  # The default mode would copy through a buffer.
        for k, (j, code) in enumerate(codes.items()):
            tokens[:, k] = code[came[j]]
        z = torch.addmm(start, torch.from_numpy(x).to(bound.device).T, behind)
        return z + embedding_bag(torch.from_numpy(tokens).to(bound.device), looked_up, mode="sum") if codes else z

    unmoved = torch.cat([outputs(np.tile(one, (len(bound.columns), 1))) for one in _blocks(rows)])
    buffer = unmoved.new_empty((min(BLOCK, rows), unmoved.shape[1]))

    def changed(came: IntArray, own: IntArray, column: int) -> torch.Tensor:
        base, out = unmoved[own[0] : own[-1] + 1], buffer[: len(own)]
        if column in codes:
            new, old = (torch.from_numpy(codes[column][at]).to(bound.device) for at in (came, own))
            return torch.add(base, looked_up[new] - looked_up[old], out=out)
        block = np.flatnonzero(of_column == column)
        if not len(block):  # The network does not use the column.
            return base
        change = torch.from_numpy(np.stack([x[came] - x[own] for x in x_of[block]], axis=1)).to(bound.device)
        if len(block) == 1:
            return torch.addcmul(base, change, behind[block[0]], out=out)
        return torch.addmm(base, change, behind[block], out=out)

    def scores(came: IntArray, column: int | None) -> FloatArray:
        made = []
        with torch.inference_mode():
            if column is None:
                made = [bound.consuming(outputs(came[:, at])).double() for at in _blocks(came.shape[1])]
            else:
                own = [*_blocks(rows)]
                for few in came.reshape(-1, rows):
                    made += [bound.consuming(changed(few[at], at, column)).double() for at in own]
        return torch.cat(made).cpu().numpy()

    return scores


def _blocks(rows: int) -> Iterable[IntArray]:
    return (np.arange(i, min(i + BLOCK, rows)) for i in range(0, rows, BLOCK))


def _of_all_columns(bound: BoundModel, came: IntArray, column: int | None, rows: int) -> IntArray:
    """Return the source rows of all columns (columns, n) when only `column` changes and takes its values from rows `came` (n,).

    If `column` is None, `came` already contains the source rows of all columns.
    """
    if column is None:
        return came
    every = np.tile(np.arange(came.shape[-1]) % rows, (len(bound.columns), 1))
    every[column] = came
    return every


class _Places:
    """Positions of the evaluated rows' values among the sorted donor values of each column.

    Parameters
    ----------
    table : the evaluated rows, followed by the donors. If it contains only the evaluated rows, these are also the donors.
    rows : number of evaluated rows.
    """

    def __init__(self, table: Table, rows: int, seed: int) -> None:
        self._hashes = row_hash(table.numbers[:rows], seed)
        inputs = table.schema.inputs
        self.unmoved = np.tile(np.arange(rows), (len(inputs), 1))
        self.numeric = [j for j, column in enumerate(inputs) if table.schema[column].kind == "numeric"]
        self._known: list[IntArray] = []  # for each column: evaluated rows whose value is known
        self._donors: list[IntArray] = []  # for each column: donors whose value is known, sorted by it if it is numeric
        self._ranks: dict[
            int, tuple[IntArray, IntArray]
        ] = {}  # for each known value of a numeric column: numbers of donors below it, and of donors not above it
        for j, column in enumerate(inputs):
            known = table.frame[column].notna().to_numpy()
            self._known.append(np.flatnonzero(known[:rows]))
            first = rows if len(table) > rows else 0
            donors = first + np.flatnonzero(known[first:])
            if j in self.numeric:
                values = table.numeric(column)
                donors = donors[np.argsort(values[donors], kind="stable")]
                own = values[self._known[-1]]
                self._ranks[j] = (
                    np.searchsorted(values[donors], own, side="left"),
                    np.searchsorted(values[donors], own, side="right"),
                )
            self._donors.append(donors)

    def moved(self, size: float, draw: int, only: Collection[int] | None = None) -> IntArray:
        """Return the index of the row from which each value is taken (columns, rows), for a perturbation of the given size.

        `only` contains the indices of the columns to perturb; None perturbs all.
        """
        came = self.unmoved.copy()
        for j in range(len(came)) if only is None else only:
            came[j] = self.of(j, size, draw)
        return came

    def of(self, column: int, size: float, draw: int) -> IntArray:
        """Return the index of the row from which each value of one column is taken (rows,)."""
        came: IntArray = self.unmoved[column].copy()
        known, donors = self._known[column], self._donors[column]
        if not len(donors):
            return came
        first, second = (drawn[known] for drawn in self._drawn(draw, column))
        if column in self._ranks:
            below, not_above = self._ranks[column]
            place = np.abs(below + second * (not_above - below) + (2 * first - 1) * size * len(donors))
            place = np.where(place > len(donors), 2 * len(donors) - place, place)
            came[known] = donors[np.minimum(place.astype(np.int64), len(donors) - 1)]
        else:
            moves = first < size
            came[known[moves]] = donors[(second[moves] * len(donors)).astype(np.int64)]
        return came

    def _drawn(self, draw: int, column: int) -> tuple[FloatArray, FloatArray]:
        """Return two pseudorandom numbers in [0, 1) for each evaluated row, from the two halves of a hash of the row number."""
        key = np.array([draw * len(self._known) + column], dtype=np.uint64)
        hashes = splitmix(self._hashes ^ splitmix(key))
        return (hashes >> np.uint64(HALF)) / 2.0**HALF, (hashes & np.uint64(2**HALF - 1)) / 2.0**HALF


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
    """Measure the robustness of both models of an audit on its evaluated rows.

    Fewer sizes and draws are used if the encoder mixes columns, or if the computing budget is too small for all of them.
    """
    rows = context.drawn(context.evaluated, context.settings.rows)
    further = len(context.network.columns) + 1  # each column alone, and all numeric columns together
    effort: dict[str, Any] = {}
    if context.share < len(rows) * DRAWS * (len(SIZES) + further) or not context.network.is_local(
        context.network.columns
    ):
        effort = {"sizes": FEW_SIZES, "draws": FEW_DRAWS}
        passes = FEW_DRAWS * (len(FEW_SIZES) + further) + 1
        if context.share < len(rows) * passes:
            context.is_limited()
            rows = context.drawn(context.evaluated, int(context.share / passes))
            if len(rows) < SMALL:
                raise NotApplicableError(why("budget.rows", least=SMALL))
    return _perturbed(context.network, context.linear, rows, seed=context.seed, **effort)
