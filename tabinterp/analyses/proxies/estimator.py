"""Proxies: input columns that predict a protected column that is not an input, and their effect on the models.

The protected column is predicted by probes (Alain & Bengio 2016), which are logistic regressions or, for a numeric protected
column, linear regressions. The predictors of a probe are the encoded inputs, the outputs of one hidden layer, the score, or a
single input column. A single input column is represented by indicators of its levels or, if it is numeric, of sixteen ranges.
Probes are evaluated by five-fold cross-validation. The measure of accuracy is R2 for a numeric protected column. For other
columns, it is the AUC of each level against all others, averaged over the levels with their shares as weights. The measure is
averaged over the folds. Its standard error over rows is multiplied by 1.5, because the training sets of different folds overlap
(Nadeau & Bengio 2003). A probe shows which information is linearly available, not how the network uses it.

The effect of the best proxies is measured by permutation: values are taken from other rows, for one proxy at a time and for all
proxies together. The loss and the gap are then computed again. The *gap* is the difference in selection rate between two groups:
those with the highest and the lowest rate before permutation. If the selection rate of one of these groups may not be shown
(`groups/partition`), the gap is withheld. In this case, only the change in the gap is reported, as a mean over draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from tabinterp.analyses.clustered_means import influences, spread
from tabinterp.analyses.context import Context
from tabinterp.analyses.data_quality.bins import cells
from tabinterp.analyses.groups.partition import Condition, Cut, cut
from tabinterp.analyses.groups.selection import decided
from tabinterp.analyses.performance.estimator import groups as together
from tabinterp.analyses.settings import THRESHOLD
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel
from tabinterp.models.losses import loss_for
from tabinterp.models.perturbation import forward, is_read
from tabinterp.preview import PreviewedFrame
from tabinterp.stats.discrimination import CHANCE, Power, as_interval, measure, over_folds
from tabinterp.stats.estimates import FEWEST_GROUPS
from tabinterp.stats.group_contrasts import NONE, Estimate
from tabinterp.table import Table
from tabinterp.table.folds import folds
from tabinterp.table.hash_sampling import chosen, row_hash
from tabinterp.table.suppression import SMALL, BoolArray, countable, shown

FOLDS = 5
OVERLAP = float(np.sqrt(1 + FOLDS / (FOLDS - 1)))  # factor of standard errors: the fits share most of their rows
ROWS = 3000
FEWEST = 50  # minimum rows of a numeric protected column, or of each level of another
CELLS = 16
BEST, REPEATS = 3, 4
PENALTY = 1.0


@dataclass(frozen=True)
class Probe:
    """The accuracy of a probe, which predicts a protected column from one set of predictors.

    Attributes
    ----------
    place : the predictors: "inputs", the name of a hidden layer ("layer 1"), "score", or the name of an input column.
    power : cross-validated AUC or R2.
    """

    place: str
    power: Estimate


@dataclass(frozen=True)
class Ablated:
    """Effect of permuting columns on one model: the changes in loss and in the gap between groups, and the remaining gap."""

    columns: tuple[str, ...]
    loss: Estimate
    gap: Estimate
    left: Estimate


@dataclass(frozen=True)
class Gap:
    """Difference in selection rate between the groups with the highest and the lowest rate, under one model.

    For numeric targets and counts, it is a difference in mean predictions.
    """

    most: Condition
    least: Condition
    gap: Estimate
    ablated: tuple[Ablated, ...]


@dataclass(frozen=True)
class Proxy:
    """Probes and gaps between groups, for one protected column that is not an input.

    Attributes
    ----------
    metric : the measure of accuracy of the probes, "auc" or "r2".
    columns : probes that use a single input column, best first.
    """

    column: str
    metric: str
    rows: int
    places: tuple[Probe, ...]
    columns: tuple[Probe, ...]
    network: Gap | None
    linear: Gap | None

    @property
    def best(self) -> tuple[str, ...]:
        """The best proxies: at most three columns that predict the protected column significantly better than chance."""
        chance = CHANCE[self.metric == "auc"]
        return tuple(p.place for p in self.columns if p.power[2] > chance)[:BEST]


@dataclass(frozen=True, eq=False)
class Proxies(PreviewedFrame):
    """Results for all protected columns that are not inputs and have enough rows."""

    proxies: tuple[Proxy, ...]
    seed: int

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each protected column and probe."""
        rows = []
        for proxy in self.proxies:
            for kind, probes in (("place", proxy.places), ("column", proxy.columns)):
                for probe in probes:
                    row: dict[str, Any] = {
                        "protected": proxy.column,
                        "kind": kind,
                        "probe": probe.place,
                        "metric": proxy.metric,
                    }
                    rows.append(row | dict(zip(("value", "stderr", "low", "high"), probe.power, strict=True)))
        return pd.DataFrame(rows)


def proxies(network: BoundModel, linear: BoundModel, *, threshold: float = THRESHOLD, seed: int = 0) -> Proxies:
    """Predict each protected column that is not an input, and measure the effect of its proxies on both models.

    At most 3,000 of the rows to which both models are bound are used, sampled by a hash of their row numbers. A categorical
    protected column is left out if fewer than two of its levels have at least fifty rows. A numeric protected column
    is left out if its value is known for fewer than fifty rows.
    """
    names = [c.name for c in network.table.schema.columns if c.protected and c.role not in ("input", "target")]
    few = np.sort(chosen(network.table.numbers, ROWS, seed))
    made = [_proxy(network.take(few), linear.take(few), name, threshold, seed) for name in names]
    return Proxies(tuple(one for one in made if one is not None), seed)


def _proxy(network: BoundModel, linear: BoundModel, name: str, threshold: float, seed: int) -> Proxy | None:
    told = _told(network.table, name)
    if told is None:
        return None
    known, outcomes, classes = told
    ask = _Asked(
        known, outcomes, classes, network.table.row_weights, folds(network.table, seed + 3, FOLDS), network.table.groups
    )
    places = tuple(Probe(place, ask.power(values)) for place, values in _places(network))
    columns = [Probe(c, ask.power(_of_column(network.table, c))) for c in network.columns if is_read(network, (c,))]
    columns.sort(key=lambda probe: -np.nan_to_num(probe.power[0], nan=-np.inf))
    found = Proxy(name, "auc" if classes else "r2", int(known.sum()), places, tuple(columns), None, None)
    gaps = [_gap(bound, name, found.best, threshold, seed) for bound in (network, linear)]
    return Proxy(found.column, found.metric, found.rows, places, tuple(columns), gaps[0], gaps[1])


def _told(table: Table, name: str) -> tuple[BoolArray, FloatArray, bool] | None:
    """Return a mask of usable rows (n,), the targets of a probe (n, k), and whether the targets are indicators of levels.

    The targets are indicators of the k levels of the protected column or, if it is numeric, its values (k = 1). The result is
    None if there are too few usable rows.
    """
    values = table.frame[name]
    if table.schema[name].kind == "numeric" and values.nunique() > 2:
        number = values.to_numpy(dtype=np.float64, na_value=np.nan)
        known = ~np.isnan(number)
        return None if known.sum() < FEWEST else (known, number[:, None], False)
    parts = cut(table, name)
    kept = [i for i, c in enumerate(parts.conditions) if c.kind != "missing" and parts.counts[i] >= FEWEST]
    if len(kept) < 2:
        return None
    outcomes = np.column_stack([parts.codes == i for i in kept]).astype(np.float64)
    return np.isin(parts.codes, kept), outcomes, True


def _places(network: BoundModel) -> Iterator[tuple[str, FloatArray]]:
    """Yield the name and the values (n, width) of each set of predictors: the inputs, each hidden layer, and the score."""
    if network.has_gradient:
        yield "inputs", network.x
        yield from network.activations().items()
    else:
        yield "inputs", np.hstack([_of_column(network.table, c) for c in network.columns])
    yield "score", network.scores


def _of_column(table: Table, name: str) -> FloatArray:
    """Return indicators (n, cells) of a column's levels or, if it is numeric, of sixteen ranges.

    The indicators allow a linear probe to find nonlinear relations.
    """
    made = cells(table, name, np.ones(len(table), dtype=bool), CELLS)
    return np.eye(made.size)[made.codes]


@dataclass(frozen=True, eq=False)
class _Asked:
    """A protected column to be predicted: a mask of the usable rows, and the targets, weights, folds and groups of the rows."""

    known: BoolArray
    outcomes: FloatArray
    classes: bool
    weights: FloatArray
    folds: IntArray
    groups: IntArray | None

    def power(self, values: FloatArray) -> Estimate:
        """Return the cross-fitted AUC or R2 of a linear probe that uses `values` (n, width)."""
        rows = np.flatnonzero(self.known & (self.weights > 0))
        x, y, w = values[rows], self.outcomes[rows], self.weights[rows]
        fold = self.folds[rows]
        spread_ = x.std(axis=0)
        x = ((x - x.mean(axis=0)) / np.where(spread_ > 0, spread_, 1.0))[:, spread_ > 0]
        if not x.shape[1]:
            return as_interval(CHANCE[self.classes], 0.0)
        parts: list[Power] = []
        for k in range(FOLDS):
            inside, outside = fold == k, fold != k
            if inside.any() and (y[outside].std(axis=0) > 0).any():
                guess = self._guess(x[outside], y[outside], w[outside], x[inside])
                together = None if self.groups is None else self.groups[rows][inside]
                parts.append(measure(guess, y[inside], self.classes, w[inside], together))
        if not parts:
            return as_interval(np.nan, np.nan)
        found = over_folds(parts)
        return as_interval(found.value, OVERLAP * found.stderr, found.df)

    def _guess(self, x: FloatArray, y: FloatArray, w: FloatArray, new: FloatArray) -> FloatArray:
        if not self.classes:
            return np.asarray(Ridge(alpha=PENALTY).fit(x, y[:, 0], sample_weight=w).predict(new))[:, None]
        model = LogisticRegression(C=1 / PENALTY, tol=1e-3, max_iter=200).fit(x, y.argmax(axis=1), sample_weight=w)
        p = np.zeros((len(new), y.shape[1]))
        p[:, model.classes_] = model.predict_proba(new)
        return p


# ---- effect of the proxies


def _gap(bound: BoundModel, name: str, best: tuple[str, ...], threshold: float, seed: int) -> Gap | None:
    parts = cut(bound.table, name)
    rows, known = decided(bound, threshold), shown(parts.counts[:, None])
    told = np.flatnonzero(known[:, 0])
    found = rows.moments(parts.codes, len(parts.conditions))
    shares = [found.share(int(i)) for i in told]
    rates = [one.value for one in shares]
    if len(told) < 2 or not np.isfinite(rates).all() or min(one.units for one in shares) < FEWEST_GROUPS:
        return None  # With fewer than ten rows or groups of rows, the report does not say which share is lower.
    most, least = (int(told[at]) for at in (np.argmax(rates), np.argmin(rates)))
    pair = (parts.codes == most, parts.codes == least)
    gap = _difference(bound.table, rows.selected, pair)
    moved = [_ablated(bound, some, pair, threshold, seed) for some in _sets(best)]
    if rows.outcome is not None and not _countable(parts, rows.selected > 0, known)[[most, least]].all():
        gap, moved = NONE, [replace(one, left=NONE) for one in moved]
    return Gap(parts.conditions[most], parts.conditions[least], gap, tuple(moved))


def _countable(parts: Cut, selected: BoolArray, known: BoolArray) -> BoolArray:
    """Return, for each group (groups,), whether its selection rate may be shown."""
    sides = [np.bincount(parts.codes[side], minlength=len(known)) for side in (selected, ~selected)]
    return countable(np.stack(sides, axis=-1)[:, None], known)[:, 0]


def _sets(best: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [*((one,) for one in best), *([best] if len(best) > 1 else [])]


def _ablated(
    bound: BoundModel,
    columns: tuple[str, ...],
    pair: tuple[BoolArray, BoolArray],
    threshold: float,
    seed: int,
) -> Ablated:
    table = bound.table
    before, lost = decided(bound, threshold).selected, _losses(bound, bound.answers.cpu().numpy())
    after, loss = np.zeros(len(table)), np.zeros(len(table))
    order = np.argsort(row_hash(table.numbers, seed + 4), kind="stable").astype(np.int64)
    for repeat in range(REPEATS):
        donors = np.empty(len(table), dtype=np.int64)
        shift = 1 + int(row_hash(np.array([repeat]), seed)[0] % np.uint64(len(table) - 1))
        donors[order] = np.roll(order, shift)
        scores = _with(bound, columns, donors)
        after += decided(bound, threshold, np.asarray(scores, dtype=np.float64)).selected / REPEATS
        loss += _losses(bound, scores) / REPEATS
    mean, moved = influences(loss - lost, table.row_weights, np.ones(len(table), dtype=bool))
    error, units = spread(moved, together(table), np.ones(len(table), dtype=bool))
    return Ablated(
        columns,
        as_interval(mean, error, _freedom(table, units)),
        _difference(table, after - before, pair),
        _difference(table, after, pair),
    )


def _with(bound: BoundModel, columns: tuple[str, ...], donors: IntArray) -> FloatArray:
    """Return the scores of all rows (n, k) when `columns` take their values from the rows `donors` (n,)."""
    with torch.inference_mode():
        if bound.is_local(columns):
            part = bound.part(columns)
            return np.asarray(forward(bound.rest, bound.z - part, part[torch.as_tensor(donors)]).cpu().numpy())
        return np.asarray(forward(bound.rest, bound.moved(columns, np.arange(len(donors)), donors)).cpu().numpy())


def _losses(bound: BoundModel, scores: FloatArray) -> FloatArray:
    """Return the loss of every row (n,), given scores (n, k)."""
    found = loss_for(None, bound.table.schema.task).each(scores[None], bound.table.y, bound.device)
    return np.asarray(found[0])


def _difference(table: Table, values: FloatArray, pair: tuple[BoolArray, BoolArray]) -> Estimate:
    """Return the mean of `values` in the first group of `pair` minus the mean in the second, with an interval."""
    (a, one), (b, other) = (influences(values, table.row_weights, mask) for mask in pair)
    both = pair[0] | pair[1]
    error, units = spread(np.where(both, np.nan_to_num(one) - np.nan_to_num(other), 0.0), together(table), both)
    if min(mask.sum() for mask in pair) < SMALL:
        return as_interval(np.nan, np.nan)
    return as_interval(a - b, error, _freedom(table, units))


def _freedom(table: Table, units: int) -> float:
    return np.inf if table.groups is None else max(1, units - 1)


def run(context: Context) -> Proxies | None:
    """Find proxies of protected columns for both models of an audit; None if the target has several classes."""
    if context.network.table.schema.task == "multiclass":
        return None
    return proxies(*context.both(context.subsample), threshold=context.threshold, seed=context.seed)
