"""Resilience: loss, and AUC or R2, of both models on the hardest rows, the outermost rows and the worst cluster, and under drift.

Rows are never selected by their own outcome, because the largest losses are partly due to chance.

- Hardest rows: the held-out rows are divided into five folds, with all rows of a group in the same fold. For each fold except the
  first, gradient-boosted trees are fitted to a model's losses in all earlier folds. Their predictors are the columns and the
  model's own score. The rows of the fold are ordered by the predicted loss. Each model has its own hardest rows.
- Outermost rows: rows with the largest mean distance to their ten nearest training rows. Numbers are measured in standard
  deviations, and the distance between two levels of a column is 1.
- Worst cluster: the training rows are clustered by k-means. The cluster in which the network has the largest loss is selected on
  one half of the held-out rows, and results are computed on the other half.
- Drift: held-out rows are weighted by the odds that they are held-out rather than training rows (Shimodaira 2000). The odds come
  from cross-fitted logistic regression. The weighting applies the drift from the training rows to the held-out rows a second
  time. Results are computed only if trees distinguish held-out from training rows significantly better than chance.

Because the trees for a fold are fitted only to earlier folds, the error of the mean loss in a fold has expectation zero given the
earlier folds. Errors of different folds are therefore uncorrelated (Luedtke & van der Laan 2016; Wager 2024). If trees were
fitted to all other folds, the errors would be correlated. In a simulation with 600 rows and identically distributed squared
errors, the loss on the hardest tenth then had a standard deviation of 1.25 times the estimated standard error.

Means are weighted means over rows. Differences are network minus linear counterpart. The *excess rise* of a subset is the rise in
the network's loss from all rows to the subset, minus the rise in the counterpart's loss. Standard errors are computed over rows,
or over groups of rows, and treat the order of the rows, the clusters and the odds as fixed. Intervals for subsets allow for
skewness (Hall 1992).

A result is left out if it is based on fewer than fifty effective rows (Kish 1965), on fewer than twenty groups of rows, or on too
few rows of a class. A result is also left out if the next larger subset shown has only one to nine additional rows, in total or
of one class. For drift, no excess rise is reported, because the coverage of its intervals was only 84 to 89%. Other intervals can
also have less than 93% coverage if there are few rows (`docs/coverage.md`). For the outermost tenth of 1,000 rows, the coverage
was 88%. With sampling weights, the coverage for the hardest rows and for the outermost rows was 90 to 92% with 400 rows, and 85
to 91% with 150 rows.
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
LEAST = 50  # minimum effective number of rows for a result
GROUPS = 20  # minimum groups of rows
REFERENCE = 5_000  # training rows for distances, clusters and drift weights
NEIGHBOURS = 10
FOLDS = 5
TREES, LEAVES = 30, 6
LEVELS = 10  # maximum number of levels of a column that are distinguished
CLUSTERS, PER_CLUSTER = 10, 200  # maximum number of clusters, and number of held-out rows for each cluster
TRAITS, APART = 3, 0.5  # maximum columns that describe a cluster, and minimum difference in standard deviations

Kind = Literal["all", "hardest", "network", "linear", "outer", "cluster", "drift"]
Estimate = tuple[float, float, float, float]  # value, standard error, ends of the 95% interval
NUMBERS = ("network", "linear", "difference", "rise", "network_power", "linear_power", "power_difference")
NONE: Estimate = (np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class OnRows:
    """Results of both models on a subset of the rows, or on all rows with different weights.

    Attributes
    ----------
    kind : the subset. With "hardest", each model is evaluated on its own hardest rows. With "network" or "linear", both models
        are evaluated on the hardest rows of the named model.
    share : nominal share of the held-out rows that are in the subset, by weight; NaN for the worst cluster and under drift.
    rows : effective number of rows.
    network_power, linear_power : AUC for two classes, R2 for a numeric target; NaN if the models are evaluated on different rows.
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
    """Rounded mean of a numeric column, or rounded share of a level, in the worst cluster and in all other rows."""

    column: str
    level: str | None
    inside: float
    outside: float


@dataclass(frozen=True)
class Cluster:
    """The number of held-out rows in the worst cluster, and the columns in which these rows differ most from all others."""

    rows: int
    traits: tuple[Trait, ...]


def _rows_of(row: Mapping[str, Any]) -> str:
    return text(
        f"report.resilience.{row['kind']}",
        {"share": f"{100 * row['share']:g}%", "linear": text("report.strip.rung.linear.long")},
    )


@dataclass(frozen=True)
class Resilience(Display):
    """Performance of both models on the hardest rows, the outermost rows and the worst cluster, and under drift.

    Parameters
    ----------
    loss : name of the loss, such as "log_loss".
    power : the second metric, "auc" or "r2"; None if neither applies.
    rows : number of held-out rows.
    training_rows : number of training rows used to compute distances, clusters and drift weights.
    subsets : results on each subset. Results on all rows come first. Among the hardest rows, and among the outermost rows,
        smaller subsets come before larger ones.
    cluster : description of the worst cluster; None if it has too few rows, or if fewer than two clusters have enough rows.
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
        """Return a data frame with one row for each subset."""
        rows = []
        for one in self.subsets:
            row: dict[str, object] = {"kind": one.kind, "share": one.share, "rows": one.rows}
            for name in NUMBERS:
                names = (name, f"{name}_stderr", f"{name}_low", f"{name}_high")
                row |= dict(zip(names, getattr(one, name), strict=True))
            rows.append(row)
        return pd.DataFrame(rows)

    def _numbers(self) -> pd.DataFrame:
        """Return, for each kind of subset, its first row in `frame()`, which describes the smallest subset of this kind."""
        return self.frame().drop_duplicates("kind")


def resilience(
    model: Model | BoundModel, table: Table, counterpart: Model | BoundModel | None = None, *, seed: int = 0
) -> Resilience:
    """Compare a network with its linear counterpart on the hardest rows, outermost rows and worst cluster, and under drift.

    Parameters
    ----------
    model : the network.
    table : the rows, with the split that the network was trained with.
    counterpart : the linear model; by default, one is fitted, as in an audit.

    Raises
    ------
    NotApplicableError
        If the table has no split into training and held-out rows, or if there are too few rows, in total or in a class.

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
    x, drift = _standardised(table, learnt, table.schema.inputs), whole_drift(table, seed, network.columns_used)
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
        odds = _odds(table, _standardised(table, learnt, network.columns_used), learnt, held, seed)
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
    """Losses of both models on the held-out rows, with methods that select subsets of these rows and compute results on them."""

    def __init__(self, network: BoundModel, linear: BoundModel, seed: int) -> None:
        self.table, self._seed = network.table, seed
        self.loss = loss_for(None, self.table.schema.task)
        self._scores = (network.scores, linear.scores)
        self._lost = self.loss.each(np.stack(self._scores), self.table.y, network.device)
        powers: dict[str, Literal["auc", "r2"]] = {"binary": "auc", "regression": "r2"}
        self.power = powers.get(self.table.schema.task)

    def on(self, kind: Kind, share: float, factor: FloatArray, other: FloatArray | None = None) -> OnRows:
        """Return the results of both models when the row weights are multiplied by `factor` (n,).

        If `other` (n,) is given, it replaces `factor` for the linear model.
        """
        weights = [self.table.row_weights * one for one in (factor, factor if other is None else other)]
        ours, theirs = self._means(weights)
        rise = NONE
        if kind not in ("all", "drift"):
            before, linear_before = self._means([self.table.row_weights] * 2)
            rise = ((ours - before) - (theirs - linear_before)).skewed()
        interval = Power.student if kind == "all" else Power.skewed  # as in other analyses that use all rows
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
        """Return whether there are enough rows in total and of every class when row weights are multiplied by `factor` (n,)."""
        weights, groups = self.table.row_weights * factor, self.table.groups
        used = weights > 0
        if not used.any() or effective(weights) < LEAST:
            return False
        if groups is not None and len(np.unique(groups[used])) < GROUPS:
            return False
        return too_few_events(self.table.take(used), "held_out") is None

    def in_orders(self, distance: FloatArray) -> Iterator[OnRows]:
        """Yield results for the hardest rows and for the outermost rows, in order of increasing share.

        Each model is first evaluated on its own hardest rows. For the smallest share, both models are then evaluated on the
        hardest rows of the network, and on those of the linear model. `distance` (n,) is the mean distance of each row to its
        nearest training rows.
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
        """Mark the first 10%, 20%, ... of the rows with indices `order`.

        The result maps each share to an indicator (n,), which is 1 for marked rows and 0 for all others. A share is left out if
        it has too few rows, or if the next larger subset shown has only one to nine additional rows, in total or of one
        class.
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
        """Return the indices of all rows outside the first fold (m,), in decreasing order of their predicted loss.

        Losses in a fold are predicted by trees that were fitted to earlier folds. Rows of different folds are merged by their
        relative rank within the fold.
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
        """Return the index of the cluster in which the network's loss on the first half of the rows is largest.

        `code` (n,) is the cluster index of each row. The result is None if fewer than two clusters have enough rows in both
        halves.
        """
        w, second, size = self.table.row_weights, self.second_half, int(code.max()) + 1
        sizes = [np.bincount(code[side & (w > 0)], minlength=size) for side in (second, ~second)]
        large = np.flatnonzero(np.minimum(*sizes) >= LEAST)
        if len(large) < 2:
            return None
        losses = [np.average(self._lost[0][rows], weights=w[rows]) for rows in (~second & (code == c) for c in large)]
        return int(large[np.argmax(losses)])


def _standardised(table: Table, learnt: IntArray, columns: Sequence[str]) -> FloatArray:
    """Return the columns as numbers (n, d) for the computation of distances.

    Numeric columns are standardised with the mean and standard deviation of the training rows. A missing value is replaced by the
    mean, and an indicator of missing values is added. The distance between any two levels of a column is 1.
    """
    training, parts = np.isin(np.arange(len(table)), learnt), []
    for name in columns:
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
    """Return the mean distance (n,) of each held-out row to its ten nearest training rows."""
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415

    found, _ = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(learnt).kneighbors(held)
    return np.asarray(found.mean(axis=1))


def _clusters(learnt: FloatArray, weights: FloatArray, held: FloatArray, seed: int) -> IntArray:
    """Cluster the training rows by k-means, and return the cluster index of each held-out row (n,)."""
    from sklearn.cluster import KMeans  # noqa: PLC0415

    count = min(CLUSTERS, max(1, len(held) // PER_CLUSTER), len(np.unique(learnt, axis=0)))
    found = KMeans(count, n_init=3, random_state=seed).fit(learnt, sample_weight=weights)
    return np.asarray(found.predict(held), dtype=np.int64)


def _odds(table: Table, x: FloatArray, learnt: IntArray, held: IntArray, seed: int) -> FloatArray:
    """Return, for each held-out row, the odds (n,) that a row with these column values is a held-out row rather than a training
    row.

    The odds of a row come from a logistic regression that was fitted without the row's own fold.
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
    """Describe the columns in which the rows `inside` (n,) differ most from all other rows, in standard deviations."""
    found = [one for name in table.schema.inputs if (one := _trait(table, name, inside)) is not None]
    found.sort(key=lambda one: -one[0])
    return tuple(trait for apart, trait in found[:TRAITS] if apart >= APART)


def _trait(table: Table, name: str, inside: BoolArray) -> tuple[float, Trait] | None:
    """Return the difference in a column between the rows `inside` (n,) and all others, with a description.

    The difference is in standard deviations. For a categorical column, the level with the largest difference is described. The
    result is None if it could reveal a count of fewer than ten rows. A numeric column must have at least ten known values among
    the rows `inside` and ten among all others. For a level, the numbers of rows with and without it, in each of these two sets,
    must be zero or at least ten.
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
    np.add.at(counts, (codes, inside.astype(np.int64)), 1)  # Missing values have the code -1, which is the last row.
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
    """Compute the resilience of both models of an audit, on samples of the training rows and of the held-out rows."""
    table = context.network.table
    if table.held_out is None:
        raise NotApplicableError(why("resilience.split"))
    training = context.drawn(np.flatnonzero(~table.held_out), REFERENCE)
    network, linear = context.both(np.sort(np.r_[training, context.drawn(context.evaluated, context.settings.rows)]))
    return resilience(network, network.table, linear, seed=context.seed)
