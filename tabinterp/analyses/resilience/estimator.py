"""Resilience: the loss of both models, and AUC or R2, on hard and outer rows, in the worst cluster, and under more drift.

Rows are never chosen by their own outcome, because the largest losses are large partly by chance.

- Hardest rows: the held-out rows are divided into five parts, with all rows of a group in the same part. Gradient-boosted trees
  are fitted to a model's loss in all earlier parts, with the columns and the model's own score as predictors. They order the rows
  of a part. Each model has its own hardest rows.
- Outermost rows: those with the largest mean distance to their ten nearest training rows. Numbers are in standard deviations, and
  two levels of a column are at a distance of 1.
- Worst cluster: the training rows are clustered by k-means. The cluster in which the network has the largest loss on one half of
  the held-out rows is measured on the other half.
- Drift: held-out rows are weighted by their odds against training rows, from cross-fitted logistic regression. This shifts them
  by as much again as they differ from the training rows (Shimodaira 2000). This analysis is run only if trees
  distinguish held-out from training rows significantly.

A part is ordered by earlier parts only. Given these, its error has mean zero, so that errors of different parts are uncorrelated
(Luedtke & van der Laan 2016; Wager 2024). If every part were ordered by all others, errors of rows that order each other would
add up. For the hardest tenth of 600 rows whose squared errors had the same distribution everywhere, the standard deviation was
then 1.25 times the standard error.

Means are weighted means over rows. Differences are network minus linear counterpart. The *excess rise* is the rise in
the network's loss from all rows to the subset, minus the rise in the counterpart's. Standard errors are over rows, or
groups of rows, and treat the order of the rows, the clusters and the odds as fixed. Intervals for subsets allow for
skewness (Hall 1992).

Numbers based on fewer than fifty effective rows (Kish 1965), or on fewer than twenty groups of rows or events of a class, are
left out. So are numbers that would reveal fewer than ten rows by a difference. Under drift no excess rise is given, because its
intervals covered 84 to 89%. Other intervals of few rows can also cover less than 93% (`docs/coverage.md`): 88% for the outermost
tenth of 1,000 rows; with sampling weights, 90 to 92% for the hardest and outermost rows with 400 rows, and 85 to 91% with 150.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from tabinterp.analyses.context import Context
from tabinterp.analyses.data_quality.bins import as_number, cutting, known_in
from tabinterp.analyses.data_quality.drift import whole_drift
from tabinterp.analyses.display import Display, Drawn
from tabinterp.analyses.performance.estimator import bound_pair
from tabinterp.arrays import FloatArray, HashArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.messages import text
from tabinterp.models import BoundModel, Model
from tabinterp.models.losses import loss_for
from tabinterp.stats.discrimination import Power, auc, mean, r2
from tabinterp.stats.small_trees import few_trees, in_bins, unless_equal
from tabinterp.stats.weights import deviation, effective
from tabinterp.table import Table
from tabinterp.table.class_counts import require_events, too_few_events
from tabinterp.table.folds import dealt
from tabinterp.table.hash_sampling import chosen, row_hash
from tabinterp.table.rounding import Rounding
from tabinterp.table.suppression import SMALL, BoolArray

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LEAST = 50  # minimum rows behind a number
GROUPS = 20  # minimum groups of rows
REFERENCE = 5_000  # training rows for distances, clusters and odds
NEIGHBOURS = 10
FOLDS = 5
TREES, LEAVES = 30, 6
LEVELS = 10  # levels of a column that are distinguished
CLUSTERS, PER_CLUSTER = 10, 200  # maximum number of clusters, and held-out rows for each
TRAITS, APART = 3, 0.5  # maximum columns that describe a cluster, and minimum difference in standard deviations

Kind = Literal["all", "hardest", "network", "linear", "outer", "cluster", "drift"]
Estimate = tuple[float, float, float, float]  # value, standard error, ends of the 95% interval
NUMBERS = ("network", "linear", "difference", "rise", "network_power", "linear_power", "power_difference")
NONE: Estimate = (np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class OnRows:
    """Both models on a subset of the rows, or on rows with other weights.

    Attributes
    ----------
    kind : the subset. "network" and "linear" are the rows that are hardest for one of the models; in "hardest", each model has
        its own.
    share : share of all rows, by weight; NaN for the cluster and the drift.
    rows : effective number of rows.
    network_power, linear_power : AUC for two classes, R2 for a number; NaN if the models have different rows.
    """

    kind: Kind
    share: float
    rows: int
    network: Estimate
    linear: Estimate
    difference: Estimate
    rise: Estimate
    network_power: Estimate
    linear_power: Estimate
    power_difference: Estimate


@dataclass(frozen=True)
class Trait:
    """The mean of a number, or the share of a level, in a cluster and in all other rows, rounded."""

    column: str
    level: str | None
    inside: float
    outside: float


@dataclass(frozen=True)
class Cluster:
    """The worst cluster, chosen on one half of the held-out rows: how many rows it contains, and how they differ from the
    others.
    """

    rows: int
    traits: tuple[Trait, ...]


def _rows_of(row: Mapping[str, Any]) -> str:
    return text(
        f"report.resilience.{row['kind']}",
        {"share": f"{100 * row['share']:g}%", "linear": text("report.strip.rung.linear.long")},
    )


@dataclass(frozen=True)
class Resilience(Display):
    """Performance of both models on hard and outer rows.

    Parameters
    ----------
    loss : name of the loss, such as "log_loss".
    power : "auc" or "r2"; None if neither applies.
    rows : number of held-out rows.
    training_rows : number of training rows used for distances, clusters and odds.
    subsets : results by subset, with all rows first and smaller shares before larger ones.
    cluster : description of the worst cluster; None if it has too few rows.
    drift : AUC of trees that distinguish held-out from training rows.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.loss",
        {model: (model, f"{model}_low", f"{model}_high") for model in ("network", "linear")},
        _rows_of,
        other="groups",
        at=None,
        filled=("loss",),
    )

    loss: str
    power: Literal["auc", "r2"] | None
    rows: int
    training_rows: int
    seed: int
    subsets: tuple[OnRows, ...]
    cluster: Cluster | None
    drift: Estimate

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return one row for each subset."""
        rows = []
        for one in self.subsets:
            row: dict[str, object] = {"kind": one.kind, "share": one.share, "rows": one.rows}
            for name in NUMBERS:
                names = (name, f"{name}_stderr", f"{name}_low", f"{name}_high")
                row |= dict(zip(names, getattr(one, name), strict=True))
            rows.append(row)
        return pd.DataFrame(rows)

    def _numbers(self) -> pd.DataFrame:
        """Return the results on all rows, on the smallest share of each order, in the cluster, and under drift."""
        return self.frame().drop_duplicates("kind")


def resilience(
    model: Model | BoundModel, table: Table, counterpart: Model | BoundModel | None = None, *, seed: int = 0
) -> Resilience:
    """Compare a network and its linear counterpart on hard and outer held-out rows, in the worst cluster and under drift.

    Parameters
    ----------
    model : the network.
    table : the rows, with the split that the network was trained with.
    counterpart : the linear model; if None, one is fitted, as an audit does.

    Raises
    ------
    NotApplicableError
        If the table does not say which rows were held out, or if there are too few rows or events of a class.

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> from sklearn.linear_model import LogisticRegression
    >>> draw = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"x": draw.normal(size=1200), "z": draw.normal(size=1200)})
    >>> frame["y"] = (frame["x"] + draw.normal(size=1200) > 0).astype(int)
    >>> table = ti.read_table(frame, target="y", positive=1, split=0.5)
    >>> model = ti.wrap(LogisticRegression().fit(frame[["x", "z"]], frame["y"]))
    >>> found = resilience(model, table, model)
    >>> found.subsets[0].kind, float(abs(found.frame()["difference"]).max())  # the same model has the same losses
    ('all', 0.0)
    """
    network, linear = bound_pair(model, table, counterpart, seed)
    table = network.table
    if table.held_out is None:
        raise NotApplicableError(why("resilience.split"))
    held, training = table.evaluated, np.flatnonzero(~table.held_out)
    learnt = np.sort(training[chosen(table.numbers[training], REFERENCE, seed)])
    if min(len(held), len(learnt)) < 2 * LEAST:
        raise NotApplicableError(why("resilience.few", least=2 * LEAST))
    rows = network.take(held)
    require_events(rows.table, "held_out")
    asked = _Asked(rows, linear.take(held, rows.table), seed)
    x, drift = _standardised(table, learnt), whole_drift(table, seed)
    everyone = np.ones(len(held))
    if not asked.is_enough(everyone):
        raise NotApplicableError(why("resilience.none", least=LEAST))
    subsets = [asked.on("all", 1.0, everyone), *asked.in_orders(_distances(x[learnt], x[held]))]
    code = _clusters(x[learnt], table.row_weights[learnt], x[held], seed)
    cluster, worst = None, asked.worst_cluster(code)
    if worst is not None and asked.is_enough(measured := asked.second_half & (code == worst)):
        subsets.append(asked.on("cluster", np.nan, measured.astype(np.float64)))
        cluster = Cluster(int((code == worst).sum()), _traits(rows.table, code == worst))
    if drift is not None and drift.auc[2] > 0.5:
        odds = _odds(table, x, learnt, held, seed)
        if asked.is_enough(odds):
            subsets.append(asked.on("drift", np.nan, odds))
    if len(subsets) == 1:
        raise NotApplicableError(why("resilience.none", least=LEAST))
    return Resilience(
        loss=asked.loss.name,
        power=asked.power,
        rows=len(held),
        training_rows=len(learnt),
        seed=seed,
        subsets=tuple(subsets),
        cluster=cluster,
        drift=NONE if drift is None else drift.auc,
    )


class _Asked:
    """Both models on the held-out rows, with their losses and functions that compute results on subsets."""

    def __init__(self, network: BoundModel, linear: BoundModel, seed: int) -> None:
        self.table, self._seed = network.table, seed
        self.loss = loss_for(None, self.table.schema.task)
        self._scores = (network.scores, linear.scores)
        self._lost = self.loss.each(np.stack(self._scores), self.table.y, network.device)
        powers: dict[str, Literal["auc", "r2"]] = {"binary": "auc", "regression": "r2"}
        self.power = powers.get(self.table.schema.task)

    def on(self, kind: Kind, share: float, factor: FloatArray, other: FloatArray | None = None) -> OnRows:
        """Return the results of both models with the row weights multiplied by `factor` (n,).

        `other` (n,) replaces `factor` for the linear model.
        """
        weights = [self.table.row_weights * one for one in (factor, factor if other is None else other)]
        ours, theirs = self._means(weights)
        rise = NONE
        if kind not in ("all", "drift"):
            before, linear_before = self._means([self.table.row_weights] * 2)
            rise = ((ours - before) - (theirs - linear_before)).skewed()
        interval = Power.student if kind == "all" else Power.skewed  # over all rows, as in other analyses
        powers = (NONE,) * 3 if other is not None else self._powers(weights[0], interval)
        size = int(effective(weights[0]) + 1e-9)
        return OnRows(kind, share, size, interval(ours), interval(theirs), interval(ours - theirs), rise, *powers)

    def _means(self, weights: Sequence[FloatArray]) -> tuple[Power, Power]:
        ours, theirs = (mean(lost, w, self.table.groups) for lost, w in zip(self._lost, weights, strict=True))
        return ours, theirs

    def _powers(self, weights: FloatArray, interval: Callable[..., Estimate]) -> tuple[Estimate, Estimate, Estimate]:
        if self.power is None:
            return NONE, NONE, NONE
        of, (least, reach) = (auc, (0.0, 1.0)) if self.power == "auc" else (r2, (-np.inf, np.inf))
        ours, theirs = (of(scores[:, 0], self.table.y, weights, self.table.groups) for scores in self._scores)
        return interval(ours, least, 1.0), interval(theirs, least, 1.0), interval(ours - theirs, -reach, reach)

    def is_enough(self, factor: FloatArray | BoolArray) -> bool:
        """Return whether rows with these weights are enough for a result, in every class."""
        weights, groups = self.table.row_weights * factor, self.table.groups
        used = weights > 0
        if not used.any() or effective(weights) < LEAST:
            return False
        if groups is not None and len(np.unique(groups[used])) < GROUPS:
            return False
        return too_few_events(self.table.take(used), "held_out") is None

    def in_orders(self, distance: FloatArray) -> Iterator[OnRows]:
        """Yield the results on growing shares of the rows in each order.

        The orders are: hardest for each model (its own), hardest for one of the models, and outermost.
        """
        ties = row_hash(self.table.numbers, self._seed)
        hard = [self._told(self._hardest(model, ties)) for model in (0, 1)]
        for share in SHARES:
            if all(share in told for told in hard):
                yield self.on("hardest", share, *(told[share] for told in hard))
        kinds: tuple[Kind, Kind] = ("network", "linear")
        for kind, told in zip(kinds, hard, strict=True):
            if told:
                yield self.on(kind, min(told), told[min(told)])
        outer = self._told(np.lexsort((ties, -distance)))
        for share in sorted(outer):
            yield self.on("outer", share, outer[share])

    def _told(self, order: IntArray) -> dict[float, FloatArray]:
        """Return the rows in each leading share of an ordering (the first 10%, 20%, ...), as 0 or 1 for each row (n,).

        A share is included only if it has enough rows, and if no difference between shares reveals a small count.
        """
        weights = self.table.row_weights[order]
        place = np.full(len(self.table), np.inf)
        place[order] = (np.cumsum(weights) - weights / 2) / weights.sum()
        told, wider = {}, np.ones(len(place), dtype=bool)
        for share in reversed(SHARES):
            rows = place < share
            if self.is_enough(rows) and not self._tells_of_few(wider & ~rows):
                told[share], wider = rows.astype(np.float64), rows
        return told

    def _tells_of_few(self, rows: BoolArray) -> bool:
        codes = self.table.codes
        counts = np.array([rows.sum()]) if codes is None else np.bincount(codes[rows], minlength=2)
        return bool(((counts > 0) & (counts < SMALL)).any())

    def _hardest(self, model: int, ties: HashArray) -> IntArray:
        """Return the rows after the first part in order of their predicted loss, as indices (m,).

        The loss is predicted from earlier parts. Within every part, the row with the largest predicted loss comes
        first.
        """
        from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415

        table, w = self.table, self.table.row_weights
        x = np.column_stack([*(as_number(table, name) for name in table.schema.inputs), self._scores[model]])
        fold, place = dealt(table, self._seed + 1, FOLDS), np.full(len(x), np.inf)
        for k in np.unique(fold)[1:]:
            earlier, rows = fold < k, np.flatnonzero(fold == k)
            weights = unless_equal(w[earlier])
            cut = in_bins(known_in(x, earlier), earlier, weights)
            trees = HistGradientBoostingRegressor(**few_trees(TREES, LEAVES, self._seed))
            predicted = trees.fit(cut[earlier], self._lost[model][earlier], weights).predict(cut[rows])
            order = rows[np.lexsort((ties[rows], -predicted))]
            place[order] = (np.cumsum(w[order]) - w[order] / 2) / w[order].sum()
        return np.lexsort((ties, place))[: int((fold > 0).sum())]

    @property
    def second_half(self) -> BoolArray:
        return np.asarray(dealt(self.table, self._seed + 2, 2) == 1)

    def worst_cluster(self, code: IntArray) -> int | None:
        """Return the cluster with the network's largest loss in the first half of the rows.

        Return None if fewer than two clusters have enough rows in both halves.
        """
        w, second, size = self.table.row_weights, self.second_half, int(code.max()) + 1
        sizes = [np.bincount(code[side & (w > 0)], minlength=size) for side in (second, ~second)]
        large = np.flatnonzero(np.minimum(*sizes) >= LEAST)
        if len(large) < 2:
            return None
        losses = [np.average(self._lost[0][rows], weights=w[rows]) for rows in (~second & (code == c) for c in large)]
        return int(large[np.argmax(losses)])


def _standardised(table: Table, learnt: IntArray) -> FloatArray:
    """Return the input columns as numbers (n, d).

    Numbers are in standard deviations of the training rows, with missing values at the mean and an indicator. Levels are coded so
    that any two of them are at a distance of 1.
    """
    training, parts = np.isin(np.arange(len(table)), learnt), []
    for name in table.schema.inputs:
        if table.schema[name].kind == "numeric":
            values = table.numeric(name)
            missing = np.isnan(values)
            known = learnt[~missing[learnt] & (table.row_weights[learnt] > 0)]
            centre, spread = 0.0, 1.0
            if len(known):
                centre = float(np.average(values[known], weights=table.row_weights[known]))
                spread = float(deviation(values[known], table.row_weights[known]))
            parts += [np.where(missing, 0.0, (values - centre) / (spread or 1.0))[:, None], missing[:, None]]
        else:
            cells = cutting(table, name, training, LEVELS).cells(table)
            parts.append(np.eye(cells.size)[cells.codes] / np.sqrt(2))
    return np.concatenate(parts, axis=1, dtype=np.float64)


def _distances(learnt: FloatArray, held: FloatArray) -> FloatArray:
    """Return the mean distance (n,) of each held-out row to its nearest training rows."""
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415

    found, _ = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(learnt).kneighbors(held)
    return np.asarray(found.mean(axis=1))


def _clusters(learnt: FloatArray, weights: FloatArray, held: FloatArray, seed: int) -> IntArray:
    """Return for each held-out row the index of its cluster (n,), from k-means on the training rows."""
    from sklearn.cluster import KMeans  # noqa: PLC0415

    count = min(CLUSTERS, max(1, len(held) // PER_CLUSTER), len(np.unique(learnt, axis=0)))
    found = KMeans(count, n_init=3, random_state=seed).fit(learnt, sample_weight=weights)
    return np.asarray(found.predict(held), dtype=np.int64)


def _odds(table: Table, x: FloatArray, learnt: IntArray, held: IntArray, seed: int) -> FloatArray:
    """Return the odds that a row with these columns is a held-out row rather than a training row (n,), fitted on the other
    folds.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    rows, side = np.r_[learnt, held], np.repeat([0, 1], [len(learnt), len(held)])
    w, fold, logit = table.row_weights[rows], dealt(table.take(rows), seed + 3, FOLDS), np.zeros(len(rows))
    for k in np.unique(fold):
        outside, inside = fold != k, fold == k
        fit = LogisticRegression(max_iter=1000, class_weight="balanced")
        logit[inside] = fit.fit(x[rows][outside], side[outside], w[outside]).decision_function(x[rows][inside])
    return np.asarray(np.exp(logit[side == 1]))


def _traits(table: Table, inside: BoolArray) -> tuple[Trait, ...]:
    """Return the columns in which the rows `inside` (n,) differ most from the others, in standard deviations."""
    found = [one for name in table.schema.inputs if (one := _trait(table, name, inside)) is not None]
    found.sort(key=lambda one: -one[0])
    return tuple(trait for apart, trait in found[:TRAITS] if apart >= APART)


def _trait(table: Table, name: str, inside: BoolArray) -> tuple[float, Trait] | None:
    """Return how much a column differs between the rows `inside` (n,) and the others, in standard deviations, with a description.

    For a column with levels, the level that differs most is described. A number must be known in at least ten rows on both sides.
    For a level, the rows with it and the rows without it must each number at least ten, or none, on both sides.
    """
    w = table.row_weights
    if table.schema[name].kind == "numeric":
        x = table.numeric(name)
        known = ~np.isnan(x)
        sides = [side & known for side in (inside, ~inside)]
        if min(np.count_nonzero(w[side]) for side in sides) < SMALL:
            return None
        spread = float(np.std(x[known]))
        means = [float(np.average(x[side], weights=w[side])) for side in sides]
        told = [Rounding(x[known]).mean(value) for value in means]
        if not spread > 0 or not np.isfinite(told).all():
            return None
        return abs(means[0] - means[1]) / spread, Trait(name, None, *told)
    codes, levels = pd.factorize(table.frame[name].astype(object))
    found, counts = [], np.zeros((len(levels) + 1, 2), dtype=np.int64)
    np.add.at(counts, (codes, inside.astype(np.int64)), 1)  # missing values are last
    cells = np.stack([counts[:-1], counts.sum(axis=0) - counts[:-1]])
    for level in np.flatnonzero(((cells == 0) | (cells >= SMALL)).all(axis=(0, 2))):
        hit = codes == level
        whole = float(np.average(hit, weights=w))
        if not 0 < whole < 1 or min(w[inside].sum(), w[~inside].sum()) <= 0:
            continue
        shares = [round(float(np.average(hit[side], weights=w[side])), 2) for side in (inside, ~inside)]
        apart = abs(shares[0] - shares[1]) / float(np.sqrt(whole * (1 - whole)))
        found.append((round(apart, 9), Trait(name, str(levels[int(level)]), *shares)))
    return max(found, key=lambda one: (one[0], one[1].inside), default=None)


def run(context: Context) -> Resilience:
    """Compare both models of an audit on hard and outer rows, using a sample from each side of the split."""
    table = context.network.table
    if table.held_out is None:
        raise NotApplicableError(why("resilience.split"))
    training = context.drawn(np.flatnonzero(~table.held_out), REFERENCE)
    network, linear = context.both(np.sort(np.r_[training, context.drawn(context.evaluated, context.settings.rows)]))
    return resilience(network, network.table, linear, seed=context.seed)
