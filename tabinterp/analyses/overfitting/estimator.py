"""Overfitting: how much higher the loss of each model is on held-out rows than on its training rows, over all rows and by slice.

The *gap* of a model is its mean loss on held-out rows minus that on training rows. Where held-out rows are harder for a reason of
their own (later rows, another place), the gap of every model rises. So what is tested is the *excess*: the network's gap minus
that of the linear counterpart, from the paired difference of the two losses of each row.

Slices are the levels of a column, the quarters of a number and its missing values, with at least fifty rows, and enough events of
each class, on either side of the split. They are one family: a false discovery rate of 5% (Benjamini & Hochberg 1995), and
intervals whose false coverage rate is 5% (Benjamini & Yekutieli 2005).

Both models are taken as given. A gap has the error of the difference of two samples (Welch 1947), or of two means over the same
groups where a group has rows on both sides. In a slice, and over such groups, its degrees of freedom are those of the smaller
side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from tabinterp.analyses.clustered_means import Mean, influences, spread
from tabinterp.analyses.context import Context
from tabinterp.analyses.performance.estimator import FEWEST, bound_pair, groups, null_loss
from tabinterp.analyses.slices.estimator import SMALLEST, Group, family, groups_of
from tabinterp.arrays import FloatArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel, Model
from tabinterp.models.losses import loss_for
from tabinterp.preview import PreviewedFrame
from tabinterp.stats.discrimination import mean, of_two_samples
from tabinterp.table import Table
from tabinterp.table.class_counts import EVENTS, Side, enough, events, require_events
from tabinterp.table.suppression import BoolArray, parts_shown


@dataclass(frozen=True, eq=False)
class SliceGap:
    """The gaps of both models in one slice, and the excess with its interval and p-value, corrected over all slices."""

    group: Group
    rows: int
    training_rows: int
    network: float
    linear: float
    excess: Mean
    q: float


@dataclass(frozen=True, eq=False)
class Overfitting(PreviewedFrame):
    """Gaps in loss, held-out minus training, of both models; the excess is the network's minus the linear model's.

    Parameters
    ----------
    loss : name of the loss, such as "log_loss".
    null : held-out loss of always predicting the base rate, or the mean.
    rows, training_rows : held-out rows and training rows.
    network, linear, excess : over all rows, each with its standard error and 95% interval.
    slices : the slice whose interval of the excess begins highest first.
    """

    loss: str
    null: float
    rows: int
    training_rows: int
    smallest: int
    network: Mean
    linear: Mean
    excess: Mean
    slices: tuple[SliceGap, ...]

    def frame(self) -> pd.DataFrame:
        """Return one row for all rows and one for each slice."""
        names = ("excess", "excess_stderr", "excess_low", "excess_high")
        of_all = {"column": None, "kind": "all", "level": None, "low": None, "high": None, "q": np.nan}
        of_all |= {"rows": self.rows, "training_rows": self.training_rows}
        of_all |= {"network_gap": self.network[0], "linear_gap": self.linear[0]}
        rows = [of_all | dict(zip(names, self.excess, strict=True))]
        for one in self.slices:
            row = {name: getattr(one.group, name) for name in ("column", "kind", "level", "low", "high")}
            row |= {"q": one.q, "rows": one.rows, "training_rows": one.training_rows}
            row |= {"network_gap": one.network, "linear_gap": one.linear}
            rows.append(row | dict(zip(names, one.excess, strict=True)))
        return pd.DataFrame(rows)


def overfitting(
    model: Model | BoundModel,
    table: Table,
    counterpart: Model | BoundModel | None = None,
    *,
    smallest: int = SMALLEST,
    seed: int = 0,
) -> Overfitting:
    """Compare the losses of a network and of its linear counterpart on held-out rows and on training rows.

    Parameters
    ----------
    model : the network.
    table : the rows, with the split that the network was trained with.
    counterpart : the linear model; None: one is fitted, as an audit does.
    smallest : rows of a slice on either side of the split, at least.
    seed : of the folds in which the counterpart's penalty is chosen.

    Raises
    ------
    NotApplicableError
        where it is not known which rows were held out, or one side has too few rows or events of a class.

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> from sklearn.linear_model import LogisticRegression
    >>> draw = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"x": draw.normal(size=500), "z": draw.normal(size=500)})
    >>> frame["y"] = (frame["x"] + draw.normal(size=500) > 0).astype(int)
    >>> table = ti.read_table(frame, target="y", positive=1, split=0.5)
    >>> model = ti.wrap(LogisticRegression().fit(frame[["x", "z"]], frame["y"]))
    >>> found = overfitting(model, table, model)
    >>> found.excess[0]  # the same model has the same gap
    0.0
    """
    network, linear = bound_pair(model, table, counterpart, seed)
    held = table.held_out
    if held is None:
        raise NotApplicableError(why("overfitting.split"))
    sides = (held, ~held)
    named: tuple[tuple[BoolArray, Side], ...] = ((held, "held_out"), (~held, "training"))
    for side, name in named:
        if len(np.unique(groups(table)[side])) < FEWEST:
            raise NotApplicableError(why("overfitting.few", least=FEWEST))
        require_events(table.take(side), name)
    loss = loss_for(None, table.schema.task)
    lost = loss.each(np.stack([network.scores, linear.scores]), table.y, network.device)
    differences = (*lost, lost[0] - lost[1])
    over_all = [_over_all(values, table) for values in differences]
    found, tested = [], []
    for one in _slices(table, held, smallest):
        own = [_gap(values, table, *(side & one.rows for side in sides)) for values in differences]
        found.append((one, own[0][0], own[1][0]))
        tested.append(own[2])
    slices = [
        SliceGap(one, int((held & one.rows).sum()), int((~held & one.rows).sum()), ours, theirs, excess, q)
        for (one, ours, theirs), (excess, q) in zip(found, family(tested), strict=True)
    ]
    slices.sort(key=lambda one: -np.nan_to_num(one.excess[2], nan=-np.inf))  # by the lower end
    null = null_loss(table.schema.task, table.y[held], table.row_weights[held])
    return Overfitting(loss.name, null, int(held.sum()), int((~held).sum()), smallest, *over_all, tuple(slices))


def _over_all(values: FloatArray, table: Table) -> Mean:
    """Return the gap over all rows with its 95% interval: Welch's, or of groups where one has rows on both sides."""
    held, group = table.held_out, table.groups
    sides = [np.flatnonzero(side) for side in (held, ~held)]  # type: ignore[operator]
    if group is None or not np.isin(group[sides[0]], group[sides[1]]).any():
        return of_two_samples(
            *(mean(values[side], table.row_weights[side], None if group is None else group[side]) for side in sides)
        )
    value, stderr, count = _gap(values, table, held, ~held)  # type: ignore[operator]
    reach = float(stats.t.ppf(0.975, max(count - 1, 1))) * stderr
    return value, stderr, value - reach, value + reach


def _gap(values: FloatArray, table: Table, held_out: BoolArray, training: BoolArray) -> tuple[float, float, int]:
    """Return the mean of values (n,) over held-out rows minus that over training rows, its standard error, and the number of
    rows, or groups of rows, of the smaller side.
    """
    group, weights = groups(table), table.row_weights
    unseen, moved = influences(values, weights, held_out)
    seen, moved_back = influences(values, weights, training)
    errors, counts = zip(
        *(spread(part, group, side) for part, side in ((moved, held_out), (moved_back, training))), strict=True
    )
    error = float(np.hypot(*errors))
    if table.groups is not None and np.isin(group[held_out], group[training]).any():
        error, _ = spread(moved - moved_back, group, held_out | training)
    return unseen - seen, error, min(counts)


def _slices(table: Table, held: BoolArray, smallest: int) -> Iterator[Group]:
    """Yield slices with enough rows and events on either side, whose sizes tell no count of one to nine other rows."""
    by_column: dict[str, list[Group]] = {}
    for one in groups_of(table, smallest):
        if min((one.rows & held).sum(), (one.rows & ~held).sum()) >= smallest:
            by_column.setdefault(one.column, []).append(one)
    for wanted in by_column.values():
        told = np.ones(len(wanted), dtype=bool)
        for side in (held, ~held):
            sizes = [int((one.rows & side).sum()) for one in wanted]
            told &= parts_shown([*sizes, int(side.sum()) - sum(sizes)])[:-1]
        for one, is_told in zip(wanted, told, strict=True):
            if is_told and all(_has_events(table, one.rows & side) for side in (held, ~held)):
                yield one


def _has_events(table: Table, rows: BoolArray) -> bool:
    """Return whether these rows have enough events of a class and of all others, or enough counts above zero."""
    if table.codes is not None:
        return bool(enough(table, rows).any())
    return table.schema.task == "regression" or bool(events(table, rows)[1] >= EVENTS)


def run(context: Context) -> Overfitting:
    """Compare both models of an audit on training and held-out rows."""
    return overfitting(context.network, context.network.table, context.linear)
