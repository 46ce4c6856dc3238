"""Overfitting: the difference between each model's loss on held-out rows and on training rows, over all rows and by slice.

The *gap* of a model is its mean loss on held-out rows minus its mean loss on training rows. Held-out rows can also be harder to
predict for reasons other than overfitting, for example because they are from a later period or a different place. In this case,
the gap rises for every model. The test therefore uses the *excess*, which is the network's gap minus the gap of the linear
counterpart. The excess is computed from the difference between the two models' losses on each row.

A slice consists of the rows with one level of a column, the rows with values in one quarter of a numeric column's distribution,
or the rows with a missing value. Other analyses of the held-out rows use the same slices. Combining the row counts of several
analyses therefore reveals no further counts. A slice must have at least fifty rows, and enough events of each class, among both
the training rows and the held-out rows. If rows have weights, their effective number is used (Kish 1965). P-values are adjusted
for the number of slices, with a false discovery rate of 5% (Benjamini & Hochberg 1995). The intervals of all significant slices
together have a false coverage rate of 5% (Benjamini & Yekutieli 2005). The slice listed first is selected by its interval, so the
coverage of this interval can be below 95%.

Both models are treated as fixed. A gap is in units of the loss. Its standard error is computed as for the difference between the
means of two independent samples (Welch 1947). If a group has both training and held-out rows, influence-function values are
summed over all rows of the group (Liang & Zeger 1986). In a slice, the degrees of freedom come from the smaller of the two sets
of rows. `performance` computes the gaps in all other metrics.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from tabinterp.analyses.clustered_means import Mean, influences, spread
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn, by_group
from tabinterp.analyses.performance.estimator import FEWEST, bound_pair, groups, null_loss, null_told
from tabinterp.analyses.slices.estimator import SMALLEST, Group, family, groups_of
from tabinterp.arrays import FloatArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model
from tabinterp.models.losses import loss_for
from tabinterp.stats.discrimination import mean, of_two_samples
from tabinterp.stats.weights import effective
from tabinterp.table import Table
from tabinterp.table.class_counts import EVENTS, Side, enough, events, require_events
from tabinterp.table.suppression import BoolArray, parts_shown


@dataclass(frozen=True, eq=False)
class SliceGap:
    """The gaps in loss of both models in one slice, and the excess of the network's gap.

    Intervals are adjusted for the number of slices, and `q` is the adjusted p-value of the excess.
    """

    group: Group
    rows: int
    training_rows: int
    network: Mean
    linear: Mean
    excess: Mean
    q: float


@dataclass(frozen=True, eq=False)
class Overfitting(Display):
    """Gaps in loss between held-out and training rows for both models, over all rows and by slice.

    A gap is the loss on held-out rows minus the loss on training rows. The excess is the network's gap minus the linear model's.

    Parameters
    ----------
    loss : name of the loss, such as "log_loss".
    null : loss on the held-out rows if every prediction is the base rate or, for numeric targets, the mean.
    rows : number of held-out rows.
    training_rows : number of training rows.
    network : the network's gap over all rows, with its standard error and 95% interval.
    linear : the linear model's gap over all rows, with its standard error and 95% interval.
    excess : the excess over all rows, with its standard error and 95% interval.
    slices : slices with enough rows for an interval, in decreasing order of the lower end of the interval of the excess.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.gap",
        {model: (f"{model}_gap", f"{model}_gap_low", f"{model}_gap_high") for model in ("network", "linear")},
        by_group,
        other="groups",
        filled=("loss",),
    )

    loss: str
    null: float
    rows: int
    training_rows: int
    smallest: int
    network: Mean
    linear: Mean
    excess: Mean
    slices: tuple[SliceGap, ...]

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for the whole table, and one row for each slice."""
        names, rows = ("column", "kind", "level", "low", "high"), []
        parts: tuple[Overfitting | SliceGap, ...] = (self, *self.slices)
        for one in parts:
            row: dict[str, object] = dict.fromkeys(names) | {"kind": "all", "q": np.nan}
            if isinstance(one, SliceGap):
                row |= {name: getattr(one.group, name) for name in names} | {"q": one.q}
            row |= {"rows": one.rows, "training_rows": one.training_rows}
            for name, found in (("network_gap", one.network), ("linear_gap", one.linear), ("excess", one.excess)):
                row |= dict(zip((name, f"{name}_stderr", f"{name}_low", f"{name}_high"), found, strict=True))
            rows.append(row)
        return pd.DataFrame(rows)


def overfitting(
    model: Model | BoundModel,
    table: Table,
    counterpart: Model | BoundModel | None = None,
    *,
    smallest: int = SMALLEST,
    seed: int = 0,
) -> Overfitting:
    """Compare the losses of a network and its linear counterpart on held-out rows with those on training rows.

    Parameters
    ----------
    model : the network.
    table : the rows, with the split that the network was trained with.
    counterpart : the linear model; by default, one is fitted, as in an audit.
    smallest : minimum number of training rows, and of held-out rows, in a slice. For weighted rows, it applies to their effective
        number (Kish 1965).
    seed : seed of the folds in which the counterpart's penalty is chosen.

    Raises
    ------
    NotApplicableError
        If the table has no split into training and held-out rows, or if either of these sets has too few rows or too few events
        of a class.

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
    >>> abs(found.excess[0]) < 1e-12  # the same model has the same gap
    True
    """
    network, linear = bound_pair(model, table, counterpart, seed)
    held = table.held_out
    if held is None:
        raise NotApplicableError(why("overfitting.split"))
    sides: tuple[tuple[BoolArray, Side], ...] = ((held, "held_out"), (~held, "training"))
    for side, name in sides:
        if len(np.unique(groups(table)[side])) * _effective(table, side) < FEWEST * side.sum():
            raise NotApplicableError(why("overfitting.few", least=FEWEST))
        require_events(table.take(side), name)
    loss = loss_for(None, table.schema.task)
    lost = loss.each(np.stack([network.scores, linear.scores]), table.y, network.device)
    differences = (*lost, lost[0] - lost[1])
    ours, theirs, excess = (_over_all(values, table, held) for values in differences)
    found = [
        (one, gaps)
        for one in _slices(table, held, smallest)
        if np.isfinite(gaps := [_gap(values, table, one.rows & held, one.rows & ~held) for values in differences]).all()
        and gaps[0][2] >= FEWEST
    ]
    families = [family([gaps[i] for _, gaps in found]) for i in range(len(differences))]
    slices = [
        SliceGap(one, int((held & one.rows).sum()), int((~held & one.rows).sum()), first, second, difference, q)
        for (one, _), (first, _), (second, _), (difference, q) in zip(found, *families, strict=True)
    ]
    slices.sort(key=lambda one: -one.excess[2])  # by the lower end of the interval
    counts = np.zeros(0) if table.schema.task != "multiclass" else np.bincount(table.y[held].astype(np.int64))
    null = null_told(null_loss(table.schema.task, table.y[held], table.row_weights[held]), counts)
    rows, training = int(held.sum()), int((~held).sum())
    return Overfitting(loss.name, null, rows, training, smallest, ours, theirs, excess, tuple(slices))


def _over_all(values: FloatArray, table: Table, held: BoolArray) -> Mean:
    """Return the gap of `values` (n,) over all rows, with its 95% interval."""
    group, weights = table.groups, table.row_weights
    unseen, seen = (mean(values[side], weights[side], None if group is None else group[side]) for side in (held, ~held))
    return of_two_samples(unseen, seen)


def _gap(values: FloatArray, table: Table, held_out: BoolArray, training: BoolArray) -> tuple[float, float, int]:
    """Return the gap of `values` (n,), its standard error, and the effective number of units in the smaller set of rows.

    The gap is the mean over held-out rows minus the mean over training rows. A unit is a row, or a group if rows come in groups.
    """
    group, weights = groups(table), table.row_weights
    unseen, moved = influences(values, weights, held_out)
    seen, moved_back = influences(values, weights, training)
    errors, counts = zip(
        *(spread(part, group, side, weights) for part, side in ((moved, held_out), (moved_back, training))), strict=True
    )
    error = float(np.hypot(*errors))
    if table.groups is not None and np.isin(group[held_out], group[training]).any():
        error, _ = spread(moved - moved_back, group, held_out | training)
    return unseen - seen, error, min(counts)


def _slices(table: Table, held: BoolArray, smallest: int) -> Iterator[Group]:
    """Yield slices with enough rows and events among both the training rows and the held-out rows.

    If one to nine training rows belong to none of a column's slices, one of the slices is omitted. If no slice were omitted, the
    sizes of the slices would reveal the number of these rows.
    """
    by_column: dict[str, list[Group]] = {}
    for one in groups_of(table, smallest, held):
        if all(_effective(table, one.rows & side) >= smallest for side in (held, ~held)):
            by_column.setdefault(one.column, []).append(one)
    for wanted in by_column.values():
        sizes = [int((one.rows & ~held).sum()) for one in wanted]
        told = parts_shown([*sizes, int((~held).sum()) - sum(sizes)])[:-1]
        for one, is_told in zip(wanted, told, strict=True):
            if is_told and all(_has_events(table, one.rows & side) for side in (held, ~held)):
                yield one


def _effective(table: Table, rows: BoolArray) -> int:
    """Return Kish's effective number of the given rows; 0 if all their weights are zero."""
    weights = table.row_weights[rows]
    return int(effective(weights) + 1e-9) if weights.any() else 0


def _has_events(table: Table, rows: BoolArray) -> bool:
    """Return whether the given rows have enough events for a comparison.

    For classification, at least one class must have enough rows, and so must all other classes together. For a target that is a
    count, enough rows must have a count above zero.
    """
    if table.codes is not None:
        return bool(enough(table, rows).any())
    return table.schema.task == "regression" or bool(events(table, rows)[1] >= EVENTS)


def run(context: Context) -> Overfitting:
    """Compare both models of an audit on their training and held-out rows."""
    return overfitting(context.network, context.network.table, context.linear)
